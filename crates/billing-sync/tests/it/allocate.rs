//! Charges of a contract as a whole: own cost by default and by declaration, or divided over its customers.

use crate::shown::{balanced, bucket, changes, exceptions};
use crate::world::{PER_GB, SERVER, World, contract, d, period};
use billing_sync::plan::Bucket;
use billing_sync::rules::{Action, Allocation, Method, Over, Round, Rule, Terms};
use billing_sync::usage::ContractAmount;

const POOL: &str = "Cove Data Protection | Capacity";

fn world(units: &str) -> World {
    let mut world = World::new()
        .client(11, "100")
        .client(12, "200")
        .client(13, "300")
        .uses("100", SERVER, "1")
        .uses_unit("100", PER_GB, "GB", "10")
        .uses("200", SERVER, "1")
        .uses_unit("200", PER_GB, "GB", "30")
        .uses("300", SERVER, "1")
        .uses("999", SERVER, "1");
    world.usage.contract_amounts.push(ContractAmount {
        contract: contract(),
        service: POOL.into(),
        unit: "TB".to_owned(),
        quantity: d(units),
        amount: Some(d("100")),
    });
    world
}

fn declared(mut world: World, method: Method) -> World {
    world.rules.allocations.push(Allocation {
        service: POOL.into(),
        contract: None,
        until: None,
        method,
    });
    world
}

fn divide(over: Over, round: Option<Round>) -> Method {
    Method::Divide {
        over,
        name: None,
        round,
    }
}

fn pool(world: &World) -> Vec<String> {
    let mut changes = changes(&balanced(world));
    changes.retain(|change| change.contains("Capacity"));
    changes
}

fn pool_exceptions(world: &World) -> Vec<String> {
    let mut exceptions = exceptions(&balanced(world));
    exceptions.retain(|exception| exception.contains("Capacity"));
    exceptions
}

#[test]
fn an_undeclared_charge_is_own_cost_and_an_exception() {
    let world = world("10");
    assert_eq!(pool(&world), Vec::<String>::new());
    assert_eq!(pool_exceptions(&world), ["contract_level - Capacity 10"]);
    assert_eq!(bucket(&world.plan(), POOL, Bucket::ContractLevel), "10");
}

#[test]
fn a_declared_own_cost_is_counted_and_no_exception() {
    let world = declared(world("10"), Method::OwnCost);
    assert_eq!(pool(&world), Vec::<String>::new());
    assert_eq!(pool_exceptions(&world), Vec::<String>::new());
    assert_eq!(bucket(&world.plan(), POOL, Bucket::ContractLevel), "10");
}

#[test]
fn equal_parts_sum_to_the_whole_over_the_customers_with_a_client() {
    let world = declared(world("10"), divide(Over::Customers, None));
    assert_eq!(
        pool(&world),
        [
            "create 11 Capacity -->4",
            "create 12 Capacity -->3",
            "create 13 Capacity -->3"
        ]
    );
    assert_eq!(pool_exceptions(&world), Vec::<String>::new());
    let plan = world.plan();
    assert_eq!(bucket(&plan, POOL, Bucket::Billed), "10");
    let row = plan
        .ledger()
        .rows()
        .iter()
        .find(|row| row.service.as_str() == POOL);
    let amount = row.unwrap().amount.clone().unwrap();
    assert_eq!(
        (amount.vendor, amount.billed),
        (Some(d("100")), Some(d("100")))
    );
    let source = &plan
        .changes()
        .iter()
        .find(|it| it.name == POOL)
        .unwrap()
        .sources[0];
    assert_eq!(source.amount, Some(d("40")));
    assert_eq!(
        source.part_of.as_deref(),
        Some("an equal part of 10 units charged to contract 238877, over 3 customers")
    );
}

#[test]
fn a_credit_note_is_taken_off_before_the_charge_is_divided() {
    let mut world = declared(world("100"), divide(Over::Customers, None));
    world.clients.truncate(2);
    let charges = &mut world.usage.contract_amounts;
    charges[0].amount = Some(d("50"));
    let mut credit = charges[0].clone();
    credit.quantity = d("-20");
    credit.amount = Some(d("-10"));
    charges.push(credit);
    assert_eq!(
        pool(&world),
        ["create 11 Capacity -->40", "create 12 Capacity -->40"]
    );
    assert_eq!(pool_exceptions(&world), Vec::<String>::new());
    let plan = world.plan();
    let of_pool = plan.changes().iter().filter(|it| it.name == POOL);
    let amounts: Vec<_> = of_pool.map(|it| it.sources[0].amount).collect();
    assert_eq!(amounts, [Some(d("20")), Some(d("20"))]);

    world.usage.contract_amounts[1].amount = None;
    let plan = world.plan();
    let of_pool = plan.changes().iter().find(|it| it.name == POOL);
    assert_eq!(
        of_pool.unwrap().sources[0].amount,
        None,
        "a part of it is not known"
    );

    world.usage.contract_amounts[1].quantity = d("-100");
    assert_eq!(pool(&world), Vec::<String>::new());
}

#[test]
fn fractions_of_one_charge_are_rounded_once() {
    let mut world = declared(world("1.5"), divide(Over::Customers, None));
    let more = world.usage.contract_amounts[0].clone();
    world.usage.contract_amounts.push(more);
    assert_eq!(pool_exceptions(&world), Vec::<String>::new());
    assert_eq!(pool(&world).len(), 3, "three units over three customers");
}

#[test]
fn parts_by_usage_follow_the_units_of_the_named_service() {
    let method = Method::Divide {
        over: Over::UsageOf(PER_GB.into()),
        name: Some("Cove pool Capacity".to_owned()),
        round: None,
    };
    let world = declared(world("10"), method);
    // 10 and 30 GB; the third customer has none.
    assert_eq!(
        pool(&world),
        [
            "create 11 Cove pool Capacity -->3",
            "create 12 Cove pool Capacity -->7"
        ]
    );
}

#[test]
fn a_fraction_of_the_whole_needs_a_rounding_and_the_difference_is_booked() {
    let exact = declared(world("10.4"), divide(Over::Customers, None));
    assert_eq!(pool(&exact), Vec::<String>::new());
    assert_eq!(
        pool_exceptions(&exact),
        ["fraction_without_rule - Capacity 10.4"]
    );
    assert_eq!(bucket(&exact.plan(), POOL, Bucket::Blocked), "10.4");
    let up = declared(world("10.4"), divide(Over::Customers, Some(Round::Up)));
    assert_eq!(
        pool(&up),
        [
            "create 11 Capacity -->4",
            "create 12 Capacity -->4",
            "create 13 Capacity -->3"
        ]
    );
    assert_eq!(bucket(&up.plan(), POOL, Bucket::Rounding), "-0.6");
}

#[test]
fn a_charge_nobody_can_take_is_an_exception_and_holds_what_was_billed_before() {
    let mut world = declared(world("10"), divide(Over::UsageOf("Nothing".into()), None))
        .has(501, 11, POOL, 4)
        .owned_for("100");
    assert_eq!(pool(&world), ["keep 11 Capacity 4->4"]);
    assert_eq!(pool_exceptions(&world), ["contract_level - Capacity 10"]);
    assert_eq!(bucket(&world.plan(), POOL, Bucket::Blocked), "10");
    world.usage.contract_amounts.clear();
    assert_eq!(
        pool(&world),
        ["zero 11 Capacity 4->0"],
        "a charge that is gone is proved absent"
    );
}

#[test]
fn a_charge_without_units_is_not_divided() {
    let world = declared(world("0"), divide(Over::Customers, None));
    assert_eq!(pool_exceptions(&world), ["contract_level - Capacity 0"]);
}

#[test]
fn a_declaration_is_for_its_contract_and_until_its_month() {
    let with = |contract: Option<&str>, until: Option<&str>| {
        let mut world = declared(world("10"), Method::OwnCost);
        world.rules.allocations[0].contract = contract.map(Into::into);
        world.rules.allocations[0].until = until.map(period);
        pool_exceptions(&world).is_empty()
    };
    assert!(with(Some("238877"), Some("202610")));
    assert!(!with(Some("other"), None));
    assert!(!with(None, Some("202609")));
}

#[test]
fn a_part_of_a_client_that_is_stopped_is_blocked_like_its_usage() {
    let world = declared(world("9"), divide(Over::Customers, None))
        .has(501, 12, POOL, 1)
        .has(502, 12, POOL, 1);
    assert_eq!(
        pool(&world),
        ["create 11 Capacity -->3", "create 13 Capacity -->3"]
    );
    assert_eq!(
        pool_exceptions(&world),
        ["ambiguous_subscription 200 Capacity 3"]
    );
    assert_eq!(bucket(&world.plan(), POOL, Bucket::Blocked), "3");
}

/// Client 11 has what it used, and a part of the charge, from last month.
fn with_a_part(mut world: World, name: &str) -> World {
    for (id, name, count) in [(501, name, 4), (601, SERVER, 1), (602, PER_GB, 10)] {
        world = world.has(id, 11, name, count).owned_for("100");
    }
    world
}

fn part_of(world: &World, name: &str) -> String {
    let mut changes = changes(&balanced(world));
    changes.retain(|change| {
        change.starts_with(&format!("keep 11 {name}"))
            || change.starts_with(&format!("zero 11 {name}"))
    });
    changes.pop().unwrap()
}

#[test]
fn a_part_of_a_charge_that_is_divided_no_more_stays_until_it_is_declared() {
    let named = Method::Divide {
        over: Over::Customers,
        name: Some("Backup pool".to_owned()),
        round: None,
    };
    for (method, name) in [
        (divide(Over::Customers, None), POOL),
        (named, "Backup pool"),
    ] {
        let mut ended = with_a_part(declared(world("10"), method), name);
        ended.rules.allocations[0].until = Some(period("202609"));
        let shown = name.replace("Cove Data Protection | ", "");
        let held = format!("keep 11 {shown} 4->4");
        let mut left_out = ended.clone();
        left_out.rules.allocations[0].until = None;
        left_out.rules.products = vec![SERVER.to_owned()];
        let mut taken_back = ended.clone();
        taken_back.rules.allocations.clear();
        for world in [&ended, &left_out, &taken_back] {
            assert_eq!(part_of(world, &shown), held);
            let plan = balanced(world);
            let held = plan
                .exceptions()
                .iter()
                .find(|it| it.detail.contains("is held at its count"));
            assert_eq!(
                held.unwrap().detail,
                format!(
                    "`{name}` of client 11 is held at its count: contract 238877 is charged for `{POOL}`, and nobody gets a part of it: declare by `[[allocate]]` how it is divided, or that it is own cost"
                )
            );
        }
        let mut own_cost = ended;
        own_cost.rules.allocations = declared(World::new(), Method::OwnCost).rules.allocations;
        assert_eq!(part_of(&own_cost, &shown), format!("zero 11 {shown} 4->0"));
    }
}

#[test]
fn a_charge_that_is_not_declared_holds_nothing_it_has_no_part_in() {
    let vm = "Cove Data Protection | VM";
    // Others use it.
    let used = with_a_part(world("10"), vm).uses("200", vm, "1");
    assert_eq!(part_of(&used, "VM"), "zero 11 VM 4->0");
    // Its customer has no usage, and would get no part.
    let mut left = world("10").has(501, 11, POOL, 4).owned_for("555");
    assert_eq!(part_of(&left, "Capacity"), "zero 11 Capacity 4->0");
    left.memory.owned[0].customers = ["100".into()].into();
    assert_eq!(part_of(&left, "Capacity"), "keep 11 Capacity 4->4");
    // It was under another contract.
    left.memory.owned[0].contracts = ["9".into()].into();
    let seen = &mut left.usage.completeness.contracts_seen;
    seen.insert("9".into());
    assert_eq!(part_of(&left, "Capacity"), "zero 11 Capacity 4->0");
    // Nobody uses it any more: it may have been a part, until that is declared.
    let last = with_a_part(world("10"), vm);
    assert_eq!(part_of(&last, "VM"), "keep 11 VM 4->4");
    let own_cost = declared(last.clone(), Method::OwnCost);
    assert_eq!(part_of(&own_cost, "VM"), "zero 11 VM 4->0");
    // Where a count of its customer is new, names were changed here: it goes on under that one.
    let mut renamed = last;
    renamed.memory.owned.truncate(1);
    assert_eq!(part_of(&renamed, "VM"), "zero 11 VM 4->0");
}

#[test]
fn a_count_of_usage_and_a_part_of_a_charge_does_not_fall_when_the_charge_is_divided_no_more() {
    let method = Method::Divide {
        over: Over::Customers,
        name: Some("Backup".to_owned()),
        round: None,
    };
    let mut world = with_a_part(declared(world("9"), method), "Backup");
    world.rules.rules.push(Rule {
        customer: None,
        service: Some(SERVER.into()),
        until: None,
        action: Action::Bill(Terms {
            name: Some("Backup".to_owned()),
            ..Terms::default()
        }),
    });
    let of_backup = |world: &World| {
        let mut changes = changes(&balanced(world));
        changes.retain(|change| change.contains(" 11 Backup "));
        changes
    };
    assert_eq!(of_backup(&world), ["keep 11 Backup 4->4"]);
    world.rules.allocations[0].until = Some(period("202609"));
    assert_eq!(of_backup(&world), Vec::<String>::new());
    let plan = balanced(&world);
    let mut told = plan.exceptions().iter();
    assert!(told.any(|it| it.detail
        == "contract 238877 is charged for `Cove Data Protection | Capacity`, and nobody gets a part of it: without it the count would fall from 4 to 1; declare by `[[allocate]]` how it is divided, or that it is own cost"));
    world.rules.allocations = declared(World::new(), Method::OwnCost).rules.allocations;
    assert_eq!(of_backup(&world), ["update 11 Backup 4->1"]);
}
