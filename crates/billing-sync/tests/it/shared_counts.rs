//! A count of several customers does not fall by the part of one that is not known to be gone.

use crate::shown::{balanced, bucket, changes, exceptions};
use crate::world::{PER_GB, SERVER, World, contract, d};
use billing_sync::ids::{ContractId, CustomerId, LicenceId};
use billing_sync::plan::Bucket;
use billing_sync::rules::{Action, MatchBy, Rule, Terms};
use billing_sync::target::Standing;
use billing_sync::usage::UnreadableUsage;

/// Client 12 was billed 15 for two customers; the second is not among its usage by default.
fn shared() -> World {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "")
        .uses("100", SERVER, "10")
        .has(501, 12, SERVER, 15)
        .owned_for("100");
    let customers = &mut world.memory.owned[0].customers;
    customers.insert(CustomerId::new("200"));
    world
}

fn listed(mut world: World) -> World {
    let listed = &mut world.usage.completeness.customers_listed;
    listed.insert(CustomerId::new("200"));
    world
}

fn detail(world: &World) -> String {
    let plan = balanced(world);
    assert_eq!(changes(&plan), Vec::<String>::new());
    let it = plan.exceptions().iter();
    let mut of_count = it.filter(|it| it.kind.word() == "totals_disagree");
    of_count.next().unwrap().detail.clone()
}

fn with_rule(mut world: World, customer: &str, action: Action) -> World {
    world.rules.rules.push(Rule {
        customer: Some(CustomerId::new(customer)),
        service: None,
        until: None,
        action,
    });
    world
}

fn ignored(world: World) -> World {
    let reason = "internal".to_owned();
    with_rule(world, "200", Action::Ignore { reason })
}

#[test]
fn a_customer_that_lost_its_client_holds_the_count_it_shares() {
    let world = shared().uses("200", SERVER, "5");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), Vec::<String>::new());
    assert_eq!(
        exceptions(&plan),
        [
            "unmatched_customer 200 Server 5",
            "totals_disagree 100 Server 10"
        ]
    );
    assert_eq!(
        detail(&world),
        "customer 200 was billed in it before and has no client that can be billed in 202610: without it the count would fall from 15 to 10; give it its client, or ignore it by a rule"
    );
    assert_eq!(bucket(&plan, SERVER, Bucket::Blocked), "10");

    assert_eq!(
        changes(&balanced(&ignored(world.clone()))),
        ["update 12 Server 15->10"]
    );
    let mut mapped = world;
    mapped.clients[0].vendor_ids.push("200".to_owned());
    assert_eq!(changes(&balanced(&mapped)), ["keep 12 Server 15->15"]);
}

#[test]
fn a_customer_that_is_another_clients_now_takes_its_part_along() {
    let mut world = shared().uses("200", SERVER, "5");
    world.clients[1].vendor_ids.push("200".to_owned());
    let moved = ["update 12 Server 15->10", "create 13 Server -->5"];
    assert_eq!(changes(&balanced(&world)), moved);

    world.clients[1].active = false;
    assert!(detail(&world).starts_with("customer 200 was billed in it before"));
    world.clients[1].active = true;
    let world = world.client(14, "200");
    assert!(detail(&world).starts_with("customer 200 was billed in it before"));
}

#[test]
fn a_customer_that_is_listed_and_sends_nothing_holds_the_count_it_shares() {
    let world = listed(shared());
    assert_eq!(
        detail(&world),
        "the vendor still lists customer 200 but sent no usage for it: without it the count would fall from 15 to 10; if it is right, set the count by hand once"
    );
    let mut by_hand = world.clone();
    by_hand.subscriptions[0].count = 10;
    assert_eq!(changes(&balanced(&by_hand)), ["keep 12 Server 10->10"]);
    assert_eq!(
        changes(&balanced(&ignored(world.clone()))),
        ["update 12 Server 15->10"]
    );
    let elsewhere = world.clone().uses("200", PER_GB, "1");
    let elsewhere = with_rule(elsewhere, "200", Action::Bill(Terms::default()));
    let mut elsewhere = elsewhere;
    elsewhere.clients[0].vendor_ids.push("200".to_owned());
    assert_eq!(
        changes(&balanced(&elsewhere)),
        ["create 12 Per GB -->1", "update 12 Server 15->10"],
        "it ended this service and goes on with another"
    );
    assert_eq!(
        changes(&balanced(&shared())),
        ["update 12 Server 15->10"],
        "it left"
    );
}

#[test]
fn without_a_list_of_customers_nobody_is_known_to_have_left_a_shared_count() {
    let mut world = shared();
    let unlisted = &mut world.usage.completeness.contracts_unlisted;
    unlisted.insert(contract());
    assert_eq!(
        detail(&world),
        "customer 200 has no usage any more, and the vendor gave no list of customers for contract 238877, so absence proves nothing: without it the count would fall from 15 to 10; if it is right, set the count by hand once"
    );
    world.usage.completeness.contracts_unlisted = [ContractId::new("8")].into();
    assert_eq!(changes(&balanced(&world)), ["update 12 Server 15->10"]);
}

#[test]
fn a_count_that_does_not_fall_goes_on_without_the_customer() {
    let mut world = listed(shared());
    world.usage.lines[0].quantity = d("16");
    assert_eq!(changes(&balanced(&world)), ["update 12 Server 15->16"]);
}

#[test]
fn a_customer_of_which_nothing_can_be_read_and_that_lost_its_client_holds_it_too() {
    let mut world = shared();
    world.usage.unreadable.push(UnreadableUsage {
        contract: Some(contract()),
        customer: Some(CustomerId::new("200")),
        detail: "quantity: many".to_owned(),
    });
    assert!(detail(&world).starts_with("customer 200 was billed in it before"));
}

#[test]
fn a_customer_that_lost_its_reference_holds_the_count_it_shares() {
    let mut world = shared().uses("200", SERVER, "5");
    world.rules.match_by = MatchBy::CustomerReference;
    world.usage.lines[0].customer_reference = Some("HALO:12".to_owned());
    assert!(detail(&world).starts_with("customer 200 was billed in it before"));
    world.usage.lines[1].customer_reference = Some("HALO:12".to_owned());
    assert_eq!(changes(&balanced(&world)), ["keep 12 Server 15->15"]);
}

#[test]
fn what_was_shared_is_remembered_when_the_record_was_replaced() {
    let mut world = shared().uses("200", SERVER, "5");
    world.subscriptions[0].standing = Standing::Inactive;
    world = world.has(777, 12, SERVER, 15);
    assert!(detail(&world).starts_with("customer 200 was billed in it before"));
    world.clients[0].vendor_ids.push("200".to_owned());
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["keep 12 Server 15->15"]);
    assert_eq!(plan.changes()[0].licence_id, Some(LicenceId::new(777)));
}
