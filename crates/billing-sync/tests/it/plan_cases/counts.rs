//! How usage becomes a count: sums, rules, fractions, names and units.

use super::rule;
use crate::shown::{balanced, bucket, changes, exceptions, tripped};
use crate::world::{PER_GB, SERVER, World, contract, d, line, period};
use billing_sync::ids::{ClientId, ContractId, CustomerId, ServiceName};
use billing_sync::plan::{Bucket, ExceptionKind};
use billing_sync::rules::{Action, Round, Terms};
use billing_sync::target::UnreadableRecord;
use billing_sync::usage::{ContractAmount, Disagreement, UnreadableUsage};

fn round_up() -> Action {
    Action::Bill(Terms {
        round: Some(Round::Up),
        ..Terms::default()
    })
}

#[test]
fn devices_customers_and_contracts_of_one_key_are_summed_never_overwritten() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "1")
        .uses("100", SERVER, "2")
        .uses("200", SERVER, "4");
    world.clients[0].vendor_ids.push("200".to_owned());
    let mut elsewhere = line("100", SERVER, "Each", "8");
    elsewhere.contract = ContractId::new("9");
    world.usage.lines.push(elsewhere);
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->15"]);
    let change = &plan.changes()[0];
    let sources: Vec<_> = change
        .sources
        .iter()
        .map(|source| {
            (
                source.customer_id.as_str(),
                source.contract_id.as_str(),
                source.device_count,
            )
        })
        .collect();
    assert_eq!(
        sources,
        [("100", "238877", 2), ("100", "9", 1), ("200", "238877", 1)]
    );
    assert_eq!(change.sources[0].devices.len(), 2);
}

#[test]
fn a_fraction_needs_a_rule_and_only_its_own_key_waits() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "1")
        .uses_unit("100", PER_GB, "GB", "312.407");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->1"]);
    assert_eq!(
        exceptions(&plan),
        ["fraction_without_rule 100 Per GB 312.407"]
    );
    world.rules.rules.push(rule(None, Some(PER_GB), round_up()));
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 12 Per GB -->313", "create 12 Server -->1"]
    );
    assert_eq!(bucket(&plan, PER_GB, Bucket::Rounding), "-0.593");
    assert_eq!(bucket(&plan, PER_GB, Bucket::Billed), "313");
}

#[test]
fn the_first_matching_rule_decides_alone_until_its_end() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "3");
    let mut ignore = rule(
        Some("100"),
        None,
        Action::Ignore {
            reason: "internal".to_owned(),
        },
    );
    ignore.until = Some(period("202610"));
    world.rules.rules = vec![
        ignore,
        rule(
            None,
            Some(SERVER),
            Action::Bill(Terms {
                free: d("1"),
                ..Terms::default()
            }),
        ),
    ];
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty() && exceptions(&plan).is_empty());
    assert_eq!(bucket(&plan, SERVER, Bucket::Ignored), "3");
    world.usage.period = period("202611");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->2"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Free), "1");
}

#[test]
fn services_are_combined_by_a_rule_and_collide_without_one() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", "Cove Data Protection | VM", "4");
    world.rules.name = "Cove".to_owned();
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(
        exceptions(&plan)
            .iter()
            .filter(|text| text.starts_with("name_collision"))
            .count(),
        2
    );

    let terms = Terms {
        name: Some("Cove servers".to_owned()),
        minimum: 10,
        ..Terms::default()
    };
    for service in [SERVER, "Cove Data Protection | VM"] {
        world
            .rules
            .rules
            .push(rule(None, Some(service), Action::Bill(terms.clone())));
    }
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Cove servers -->10"]);
    assert_eq!(
        bucket(&plan, "Cove Data Protection | VM", Bucket::Rounding),
        "-3"
    );
    world.rules.rules[0].action = Action::Bill(Terms {
        minimum: 0,
        ..terms
    });
    assert!(
        exceptions(&balanced(&world))[0].starts_with("name_collision"),
        "rules that disagree"
    );
}

#[test]
fn names_that_differ_only_in_case_collide() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", "Cove Data Protection | server", "4");
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(plan.exceptions().len(), 2);
    assert!(
        plan.exceptions()
            .iter()
            .all(|e| e.kind == ExceptionKind::NameCollision)
    );
}

#[test]
fn one_count_never_mixes_two_units_of_measure() {
    let world = World::new()
        .client(12, "100")
        .uses_unit("100", PER_GB, "GB", "3")
        .uses_unit("100", PER_GB, "TB", "4");
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(
        exceptions(&plan),
        [
            "unexpected_unit 100 Per GB 3",
            "unexpected_unit 100 Per GB 4"
        ]
    );
}

#[test]
fn a_name_by_a_rule_does_not_let_one_service_come_in_two_units() {
    let named = |service: &str, multiplier: &str| {
        let terms = Terms {
            name: Some("Backup storage".to_owned()),
            round: Some(Round::Up),
            multiplier: d(multiplier),
            ..Terms::default()
        };
        rule(None, Some(service), Action::Bill(terms))
    };
    let mut world = World::new()
        .client(12, "100")
        .uses_unit("100", PER_GB, "GB", "900")
        .uses_unit("100", PER_GB, "TB", "4");
    world.rules.rules = vec![named(PER_GB, "1")];
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(
        exceptions(&plan),
        [
            "unexpected_unit 100 Per GB 900",
            "unexpected_unit 100 Per GB 4"
        ]
    );
    assert_eq!(
        plan.exceptions()[0].detail,
        "its units differ: gb, tb; ask the vendor for one, or ignore the service by a rule and bill it by hand"
    );

    // Two services are brought to one measure by their rules; a unit that is not stated contradicts none.
    let archive = "Cove Data Protection | Archive";
    world.usage.lines[1].service = Some(archive.into());
    world.rules.rules.push(named(archive, "1000"));
    let world = world.uses_unit("100", archive, "", "0.5");
    assert_eq!(
        changes(&balanced(&world)),
        ["create 12 Backup storage -->5400"]
    );
}

#[test]
fn a_blank_service_is_unmapped_and_other_products_are_ignored() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", "", "3")
        .uses("100", "EDR | Complete", "4")
        .uses("100", SERVER, "1");
    world.rules.products = vec!["Cove Data Protection".to_owned()];
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->1"]);
    assert_eq!(exceptions(&plan), ["unmapped_service 100 - 3"]);
    assert_eq!(bucket(&plan, "EDR | Complete", Bucket::Ignored), "4");
}

#[test]
fn contract_level_amounts_are_shown_not_spread() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    let amount = ContractAmount {
        contract: contract(),
        service: ServiceName::new("Cove Data Protection | Additional Capacity"),
        unit: "GB".to_owned(),
        quantity: d("120"),
        amount: None,
    };
    world.usage.contract_amounts.push(amount.clone());
    world.usage.contract_amounts.push(ContractAmount {
        quantity: d("0"),
        ..amount
    });
    let plan = balanced(&world);
    assert_eq!(
        exceptions(&plan),
        ["contract_level - Additional Capacity 120"]
    );
    assert_eq!(
        bucket(
            &plan,
            "Cove Data Protection | Additional Capacity",
            Bucket::ContractLevel
        ),
        "120"
    );
}

#[test]
fn explicit_zero_usage_is_a_value() {
    let world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "0")
        .uses("200", SERVER, "0")
        .has(501, 12, SERVER, 4);
    assert_eq!(
        changes(&balanced(&world)),
        ["zero 12 Server 4->0"],
        "and nothing is created at zero"
    );
}

#[test]
fn numbers_that_cannot_be_billed_are_exceptions() {
    for quantity in ["-1", "2147483648", "79228162514264337593543950335"] {
        let plan = balanced(&World::new().client(12, "100").uses("100", SERVER, quantity));
        assert!(changes(&plan).is_empty());
        assert_eq!(
            exceptions(&plan),
            [format!("unreadable_record 100 Server {quantity}")]
        );
    }
}

#[test]
fn what_cannot_be_read_blocks_its_own_client_only() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "1")
        .uses("200", SERVER, "2");
    world.usage.unreadable.push(UnreadableUsage {
        contract: Some(contract()),
        customer: Some(CustomerId::new("100")),
        detail: "device 7".to_owned(),
    });
    assert_eq!(changes(&balanced(&world)), ["create 13 Server -->2"]);
    world.usage.unreadable.clear();
    world.unreadable.push(UnreadableRecord {
        client: Some(ClientId::new(13)),
        detail: "licence 9".to_owned(),
    });
    assert_eq!(changes(&balanced(&world)), ["create 12 Server -->1"]);
    world.unreadable[0].client = None;
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty(), "it may be either of them");
    assert_eq!(tripped(&plan), ["unreadable_target"]);
}

#[test]
fn totals_that_disagree_block_the_customer_with_both_numbers() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    world.usage.disagreements.push(Disagreement {
        customer: CustomerId::new("100"),
        contract: contract(),
        service: ServiceName::new(SERVER),
        stated: d("2"),
        summed: d("1"),
    });
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["totals_disagree 100 Server 1"]);
    assert!(
        plan.exceptions()[0].detail.contains("states 2")
            && plan.exceptions()[0].detail.contains("sum to 1")
    );
}
