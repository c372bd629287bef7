//! Matching by the reference that the MSP keeps at the vendor: it is the customer's, on whichever line it stands.

use crate::shown::{balanced, changes, exceptions};
use crate::world::{SERVER, World, line};
use billing_sync::ids::{ClientId, ContractId};
use billing_sync::plan::{CustomerClient, customers};
use billing_sync::rules::MatchBy;
use billing_sync::usage::UsageLine;

fn referring(contract: &str, reference: Option<&str>, quantity: &str) -> UsageLine {
    UsageLine {
        contract: ContractId::new(contract),
        customer_reference: reference.map(str::to_owned),
        ..line("100", SERVER, "Each", quantity)
    }
}

fn world(lines: Vec<UsageLine>) -> World {
    let mut world = World::new()
        .client(12, "")
        .client(13, "")
        .has(501, 12, SERVER, 15)
        .owned_for("100");
    world.rules.match_by = MatchBy::CustomerReference;
    world.usage.lines = lines;
    let seen = &mut world.usage.completeness.contracts_seen;
    seen.insert(ContractId::new("9"));
    world
}

#[test]
fn usage_without_a_reference_follows_the_rest_of_its_customer() {
    for missing in [None, Some(" ")] {
        let world = world(vec![
            referring("238877", Some("HALO:12"), "10"),
            referring("9", missing, "5"),
        ]);
        let plan = balanced(&world);
        assert_eq!(changes(&plan), ["keep 12 Server 15->15"]);
        assert_eq!(exceptions(&plan), Vec::<String>::new());
        let standings = customers(&world.usage, &world.target(), &world.rules, &world.memory);
        assert_eq!(standings.len(), 1);
        let client = ClientId::new(12);
        assert_eq!(standings[0].client, CustomerClient::Matched { client });
    }
}

#[test]
fn what_no_line_or_what_two_lines_say_is_not_agreed() {
    let none = world(vec![
        referring("238877", None, "10"),
        referring("9", None, "5"),
    ]);
    let unmatched = [
        "unmatched_customer 100 Server 10",
        "unmatched_customer 100 Server 5",
    ];
    assert_eq!(exceptions(&balanced(&none)), unmatched);
    let two = world(vec![
        referring("238877", Some("HALO:12"), "10"),
        referring("9", Some("HALO:13"), "5"),
        referring("10", None, "1"),
    ]);
    let plan = balanced(&two);
    assert_eq!(changes(&plan), ["keep 12 Server 15->15"]);
    assert_eq!(exceptions(&plan).len(), 3);
}

#[test]
fn usage_without_a_customer_follows_nobody() {
    let mut lines = vec![
        referring("238877", Some("HALO:12"), "15"),
        referring("9", None, "5"),
    ];
    for line in &mut lines {
        line.customer = None;
    }
    let mut world = world(lines);
    world.subscriptions.clear();
    let plan = balanced(&world);
    assert_eq!(changes(&plan), Vec::<String>::new());
    assert_eq!(plan.exceptions().len(), 2);
}
