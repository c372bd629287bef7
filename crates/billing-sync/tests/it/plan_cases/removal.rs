//! What has no usage any more goes to zero, where absence is proven.

use super::{gone, rule};
use crate::shown::{balanced, changes, exceptions, tripped};
use crate::world::{PER_GB, SERVER, World, contract, line};
use billing_sync::ids::{ClientId, ContractId, CustomerId};
use billing_sync::rules::Action;
use billing_sync::usage::{Finality, UnreadableUsage};

#[test]
fn no_usage_any_more_goes_to_zero_when_absence_is_proven() {
    let world = gone();
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 13 Server -->1", "zero 14 Server 5->0"]
    );
}

#[test]
fn absence_is_not_believed_without_proof() {
    let mut cases: Vec<(&str, World)> = Vec::new();
    let mut case = |name, change: &dyn Fn(&mut World)| {
        let mut world = gone();
        change(&mut world);
        cases.push((name, world));
    };
    case("provisional", &|world| {
        world.usage.finality = Finality::Provisional("open".to_owned());
    });
    case("empty", &|world| world.usage.lines.clear());
    case("contract missing", &|world| {
        world.usage.completeness.contracts_seen.clear();
    });
    case("no customer list", &|world| {
        world.usage.completeness.contracts_listed.clear();
    });
    case("its own contract without a document", &|world| {
        let other = ContractId::new("other");
        world.usage.completeness.contracts_expected.clear();
        world.usage.completeness.contracts_seen = [other].into();
    });
    case("still listed", &|world| {
        world
            .usage
            .completeness
            .customers_listed
            .insert(CustomerId::new("300"));
    });
    case("unreadable record without customer", &|world| {
        world.usage.unreadable.push(UnreadableUsage {
            contract: Some(contract()),
            customer: None,
            detail: "x".to_owned(),
        });
    });
    case("unreadable record of that customer", &|world| {
        world.usage.unreadable.push(UnreadableUsage {
            contract: None,
            customer: Some(CustomerId::new("300")),
            detail: "x".to_owned(),
        });
    });
    case("the id was taken from the client", &|world| {
        world.clients[1].vendor_ids.clear();
        world.usage.lines.push(line("300", SERVER, "Each", "5"));
    });
    case("now claimed by two", &|world| {
        world.clients[0].vendor_ids.push("300".to_owned());
        world.usage.lines.push(line("300", SERVER, "Each", "5"));
    });
    case("fraction now", &|world| {
        world.usage.lines.push(line("300", SERVER, "Each", "5.5"));
    });
    case("ignored by a rule", &|world| {
        world.rules.rules.push(rule(
            Some("300"),
            None,
            Action::Ignore {
                reason: "x".to_owned(),
            },
        ));
    });
    case("another client only", &|world| {
        world.only = Some(ClientId::new(13));
    });
    for (name, world) in cases {
        let plan = balanced(&world);
        assert_eq!(plan.summary().zero, 0, "{name}: {:?}", changes(&plan));
    }
}

#[test]
fn a_contract_without_a_customer_list_holds_its_removals_and_stops_nothing_else() {
    let mut world = gone();
    world.usage.completeness.contracts_listed.clear();
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 13 Server -->1", "keep 14 Server 5->5"]
    );
    assert_eq!(exceptions(&plan), ["totals_disagree 300 - -"]);
    assert!(tripped(&plan).is_empty());
}

#[test]
fn a_service_that_ended_goes_to_zero_while_its_customer_goes_on() {
    let mut world = gone().uses("300", PER_GB, "2");
    world
        .usage
        .completeness
        .customers_listed
        .insert(CustomerId::new("300"));
    let plan = balanced(&world);
    assert!(changes(&plan).contains(&"zero 14 Server 5->0".to_owned()));
}

#[test]
fn a_customer_moved_to_another_client_leaves_zero_behind() {
    let mut world = gone().uses("300", SERVER, "5");
    world.clients[1].vendor_ids.clear();
    world.clients[0].vendor_ids.push("300".to_owned());
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 13 Server -->6", "zero 14 Server 5->0"]
    );
}
