//! What is not billed, lowered or set to zero, because a part of it is not known or is somebody's decision.

use crate::shown::{balanced, bucket, changes, exceptions, tripped};
use crate::world::{PER_GB, SERVER, World, contract, d, line};
use billing_sync::MappingDecision;
use billing_sync::ids::{ClientId, ContractId, CustomerId};
use billing_sync::plan::{Bucket, CustomerClient, ExceptionKind, customers};
use billing_sync::rules::{Action, MatchBy, Round, Rule, Terms};
use billing_sync::usage::{ContractAmount, Disagreement, UnreadableUsage};

fn ignore(customer: Option<&str>, service: Option<&str>) -> Rule {
    rule(
        customer,
        service,
        Action::Ignore {
            reason: "internal".to_owned(),
        },
    )
}

fn round_up(service: &str) -> Rule {
    let terms = Terms {
        round: Some(Round::Up),
        ..Terms::default()
    };
    rule(None, Some(service), Action::Bill(terms))
}

fn rule(customer: Option<&str>, service: Option<&str>, action: Action) -> Rule {
    Rule {
        customer: customer.map(CustomerId::new),
        service: service.map(Into::into),
        until: None,
        action,
    }
}

fn reasons(world: &World) -> Vec<String> {
    let plan = balanced(world);
    let all = plan.changes().iter();
    all.map(|change| format!("{} {}: {}", change.kind.word(), change.name, change.reason))
        .collect()
}

/// Billed under two contracts before; one of them is not read this time.
fn with_a_part_missing(quantity: &str) -> World {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, quantity)
        .uses("200", SERVER, "1")
        .has(501, 12, SERVER, 8)
        .owned_for("100");
    let owned = &mut world.memory.owned[0];
    owned.contracts.insert(ContractId::new("8"));
    world
}

#[test]
fn a_count_does_not_fall_by_the_part_of_a_contract_that_is_not_read() {
    let world = with_a_part_missing("5");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 13 Server -->1"]);
    assert_eq!(exceptions(&plan), ["totals_disagree 100 Server 5"]);
    assert_eq!(
        plan.exceptions()[0].detail,
        "contract 8 had usage before and has no usage document in 202610: without it the count would fall from 8 to 5"
    );
    assert_eq!(bucket(&plan, SERVER, Bucket::Blocked), "5");

    let mut read = world;
    let seen = &mut read.usage.completeness.contracts_seen;
    seen.insert(ContractId::new("8"));
    let plan = balanced(&read);
    assert_eq!(
        changes(&plan),
        ["update 12 Server 8->5", "create 13 Server -->1"]
    );
}

#[test]
fn a_count_that_does_not_fall_goes_on_without_the_contract() {
    for (quantity, change) in [("8", "keep 12 Server 8->8"), ("9", "update 12 Server 8->9")] {
        let plan = balanced(&with_a_part_missing(quantity));
        assert_eq!(changes(&plan), [change, "create 13 Server -->1"]);
        assert_eq!(exceptions(&plan), Vec::<String>::new());
    }
}

fn stated(customer: &str, service: &str, units: &str) -> Disagreement {
    Disagreement {
        customer: CustomerId::new(customer),
        contract: contract(),
        service: service.into(),
        stated: d(units),
        summed: d("0"),
    }
}

#[test]
fn a_stated_total_without_any_line_is_an_exception_and_holds_what_was_billed() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("200", SERVER, "1")
        .has(501, 12, SERVER, 8)
        .owned_for("100");
    world.usage.disagreements.push(stated("100", SERVER, "5"));
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["keep 12 Server 8->8", "create 13 Server -->1"]
    );
    assert_eq!(exceptions(&plan), ["totals_disagree 100 Server 5"]);

    world.usage.disagreements[0] = stated("100", "Other | EDR", "5");
    world.rules.products = vec!["Cove".to_owned()];
    assert_eq!(exceptions(&balanced(&world)), Vec::<String>::new());
}

/// Client 12 is two customers; of the second only a record that cannot be read came.
fn half_unreadable() -> World {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "300")
        .uses("100", SERVER, "5")
        .uses("300", SERVER, "1")
        .has(501, 12, SERVER, 8);
    world.usage.unreadable.push(UnreadableUsage {
        contract: Some(contract()),
        customer: Some(CustomerId::new("200")),
        detail: "quantity: many".to_owned(),
    });
    world
}

#[test]
fn a_customer_of_which_nothing_can_be_read_stops_its_client() {
    let only_13 = ["create 13 Server -->1"];
    let mut claimed = half_unreadable();
    claimed.clients[0].vendor_ids.push("200".to_owned());
    assert_eq!(changes(&balanced(&claimed)), only_13);

    let mut decided = half_unreadable();
    decided.memory.decisions.push(MappingDecision {
        customer: CustomerId::new("200"),
        client: ClientId::new(12),
    });
    assert_eq!(changes(&balanced(&decided)), only_13);

    let mut remembered = half_unreadable().owned_for("100");
    remembered.rules.match_by = MatchBy::CustomerReference;
    for (line, reference) in remembered
        .usage
        .lines
        .iter_mut()
        .zip(["HALO:12", "HALO:13"])
    {
        line.customer_reference = Some(reference.to_owned());
    }
    let owned = &mut remembered.memory.owned[0];
    owned.customers.insert(CustomerId::new("200"));
    assert_eq!(changes(&balanced(&remembered)), only_13);

    let nobodys = half_unreadable();
    assert_eq!(
        changes(&balanced(&nobodys)),
        ["update 12 Server 8->5", "create 13 Server -->1"]
    );
    claimed.rules.rules.push(ignore(Some("200"), None));
    assert_eq!(
        changes(&balanced(&claimed)),
        ["update 12 Server 8->5", "create 13 Server -->1"],
        "what is ignored altogether is missed nowhere"
    );
}

#[test]
fn a_sum_that_cannot_be_written_down_stops_its_client() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "300")
        .uses("100", SERVER, "79228162514264337593543950335")
        .uses("100", SERVER, "0.5")
        .uses("200", SERVER, "5")
        .uses("300", SERVER, "1");
    world.clients[0].vendor_ids.push("200".to_owned());
    assert_eq!(changes(&world.plan()), ["create 13 Server -->1"]);
}

#[test]
fn a_count_whose_usage_is_ignored_is_held_and_not_called_unused() {
    let billed = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "8")
        .uses("200", PER_GB, "1")
        .has(501, 12, SERVER, 8)
        .owned_for("100");
    let held = "keep Server: no usage, but held: its usage is ignored";
    let mut by_service = billed.clone();
    by_service.rules.rules.push(ignore(None, Some(SERVER)));
    let mut by_product = billed.clone();
    by_product.rules.products = vec![PER_GB.to_owned()];
    for world in [by_service, by_product] {
        let reasons = reasons(&world);
        assert!(
            reasons
                .iter()
                .any(|it| it.replace("Cove Data Protection | ", "") == held),
            "{reasons:?}"
        );
    }
    let mut named = billed;
    named.subscriptions[0].name = "Backup".to_owned();
    named.memory.owned[0].key.name = "Backup".to_owned();
    let terms = Terms {
        name: Some("Backup".to_owned()),
        ..Terms::default()
    };
    named.rules.rules = vec![
        ignore(Some("100"), Some(SERVER)),
        rule(None, Some(SERVER), Action::Bill(terms)),
    ];
    let reasons = reasons(&named);
    assert_eq!(
        reasons[0],
        "keep Backup: no usage, but held: its usage is ignored"
    );
}

#[test]
fn only_the_first_rule_that_matches_says_whether_a_customer_is_ignored() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("200", PER_GB, "1")
        .has(501, 12, SERVER, 8)
        .owned_for("100");
    world.rules.rules = vec![ignore(Some("100"), None), round_up(SERVER)];
    assert_eq!(changes(&balanced(&world))[0], "keep 12 Server 8->8");
    world.rules.rules = vec![round_up(SERVER), ignore(Some("100"), None)];
    assert_eq!(changes(&balanced(&world))[0], "zero 12 Server 8->0");
}

#[test]
fn a_customer_with_two_references_is_billed_to_nobody() {
    let referring = |service: &str, reference: &str| {
        let mut line = line("100", service, "Each", "5");
        line.customer_reference = Some(reference.to_owned());
        line
    };
    let mut world = World::new().client(12, "").client(13, "");
    world.rules.match_by = MatchBy::CustomerReference;
    world.usage.lines = vec![referring(SERVER, "HALO:12"), referring(PER_GB, "HALO:13")];
    let plan = balanced(&world);
    assert_eq!(changes(&plan), Vec::<String>::new());
    assert_eq!(
        exceptions(&plan),
        [
            "unmatched_customer 100 Per GB 5",
            "unmatched_customer 100 Server 5"
        ]
    );
    let standings = customers(&world.usage, &world.target(), &world.rules, &world.memory);
    let detail = "its usage carries different customer references".to_owned();
    assert_eq!(standings.len(), 1);
    assert_eq!(standings[0].client, CustomerClient::Unmatched { detail });

    world.usage.lines = vec![referring(SERVER, "HALO:12"), referring(PER_GB, "halo: 12")];
    assert_eq!(balanced(&world).summary().create, 2, "both name one client");
}

#[test]
fn a_charge_without_a_service_is_not_passed_over() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "5");
    world.rules.products = vec!["Cove".to_owned()];
    world.usage.contract_amounts.push(ContractAmount {
        contract: contract(),
        service: "".into(),
        unit: String::new(),
        quantity: d("3"),
        amount: Some(d("9")),
    });
    let plan = balanced(&world);
    let [exception] = plan.exceptions() else {
        panic!("{:?}", plan.exceptions());
    };
    assert_eq!(exception.kind, ExceptionKind::ContractLevel);
    assert_eq!(
        (&exception.service, exception.quantity),
        (&None, Some(d("3")))
    );
    assert_eq!(bucket(&plan, "", Bucket::ContractLevel), "3");
}

#[test]
fn a_record_of_nobody_known_makes_the_usage_incomplete() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "5")
        .has(501, 12, SERVER, 8)
        .owned_for("100");
    let nobodys = |contract: Option<ContractId>| UnreadableUsage {
        contract,
        customer: None,
        detail: "device 7: 3x".to_owned(),
    };
    world.usage.unreadable = vec![nobodys(Some(contract())), nobodys(None)];
    let plan = balanced(&world);
    assert_eq!(tripped(&plan), ["completeness"]);
    let gaps = [
        "a usage record could not be read, and it is not known whose it is: device 7: 3x",
        "a usage record of contract 238877 could not be read, and it is not known whose it is: device 7: 3x",
    ];
    assert_eq!(plan.gaps(), gaps);
    assert_eq!(world.usage.problems(), gaps);
    world.usage.unreadable.reverse();
    assert_eq!(balanced(&world), plan);

    let said = "somebody's usage could not be read: device 7: 3x";
    world.usage.completeness.gaps = vec![said.to_owned()];
    assert_eq!(balanced(&world).gaps(), [said], "not told twice");
}
