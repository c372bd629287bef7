//! Limits that are off unless somebody sets them: of single clients, and of money.

use crate::shown::{balanced, tripped};
use crate::world::{SERVER, World, d};
use billing_sync::ids::ClientId;
use billing_sync::plan::{Approval, Guard, GuardName, Plan, Refusal};
use billing_sync::rules::ClientLimit;

fn world() -> World {
    let mut world = World::new()
        .client(11, "100")
        .client(12, "200")
        .uses("100", SERVER, "15")
        .uses("200", SERVER, "3")
        .has(501, 11, SERVER, 10)
        .has(502, 12, SERVER, 2);
    world.usage.lines[0].amount = Some(d("30"));
    world.usage.lines[1].amount = Some(d("6"));
    world
}

fn limited(client: i64, percent: Option<u32>, count: Option<u32>) -> World {
    let mut world = world();
    world.rules.limits.clients.push(ClientLimit {
        client: ClientId::new(client),
        max_change_percent: percent,
        max_count: count,
    });
    world
}

fn guard(plan: &Plan, name: GuardName) -> Option<&Guard> {
    plan.guards().iter().find(|guard| guard.guard == name)
}

#[test]
fn a_clients_own_limit_trips_beyond_it_and_not_at_it() {
    for (percent, count, value) in [
        (Some(50), None, None),
        (
            Some(49),
            None,
            Some("client 11 changes by 50 percent of at most 49"),
        ),
        (None, Some(15), None),
        (
            None,
            Some(14),
            Some("client 11: `Cove Data Protection | Server` gets 15 of at most 14"),
        ),
    ] {
        let plan = balanced(&limited(11, percent, count));
        let guard = guard(&plan, GuardName::ClientLimit).unwrap();
        assert_eq!(guard.tripped, value.is_some());
        assert_eq!(guard.value, value.unwrap_or("within"));
        assert_eq!(guard.limit, "1 client");
    }
    assert_eq!(guard(&balanced(&world()), GuardName::ClientLimit), None);
}

#[test]
fn a_clients_own_percentage_replaces_the_general_one() {
    let mut world = limited(11, Some(60), None);
    world.rules.limits.max_client_change_percent = 40;
    assert_eq!(
        tripped(&world.plan()),
        ["max_client_change_percent"],
        "client 12 goes from 2 to 3"
    );
    world.rules.limits.max_client_change_percent = 50;
    assert_eq!(tripped(&world.plan()), Vec::<&str>::new());
}

#[test]
fn a_count_that_falls_is_never_too_high() {
    let mut world = limited(11, None, Some(5));
    world.usage.lines[0].quantity = d("8");
    assert_eq!(tripped(&world.plan()), Vec::<&str>::new());
}

#[test]
fn a_clients_limit_is_overridden_by_its_name_with_a_reason() {
    let plan = limited(11, None, Some(14)).plan();
    let refused = plan.clone().approve(Approval::by("test"));
    assert!(
        matches!(refused, Err(Refusal::Guards { .. })),
        "{refused:?}"
    );
    let blank = Approval::by("test").overriding(GuardName::ClientLimit, " ");
    assert_eq!(
        plan.clone().approve(blank),
        Err(Refusal::NoReason {
            guard: GuardName::ClientLimit
        })
    );
    let reason = Approval::by("test").overriding(GuardName::ClientLimit, "new servers");
    let approved = plan.approve(reason).unwrap();
    assert_eq!(approved.overrides()["client_limit"], "new servers");
}

#[test]
fn what_all_changes_are_worth_is_measured_in_the_vendors_money() {
    let mut world = world();
    assert_eq!(guard(&world.plan(), GuardName::MaxMoneyDelta), None);
    // 5 and 1 more servers at 2.00.
    for (limit, trips) in [("12", false), ("11.99", true)] {
        world.rules.limits.max_money_delta = Some(d(limit));
        let plan = world.plan();
        let guard = guard(&plan, GuardName::MaxMoneyDelta).unwrap();
        assert_eq!((guard.value.as_str(), guard.tripped), ("12", trips));
    }
}

#[test]
fn what_goes_to_zero_is_worth_what_its_service_costs_elsewhere() {
    let mut world = World::new()
        .client(11, "100")
        .client(12, "200")
        .uses("100", SERVER, "10")
        .has(501, 11, SERVER, 10)
        .has(502, 12, SERVER, 2)
        .owned_for("200");
    world.usage.lines[0].amount = Some(d("20"));
    world.rules.limits.max_money_delta = Some(d("4"));
    let plan = world.plan();
    let measured = guard(&plan, GuardName::MaxMoneyDelta).unwrap();
    assert_eq!((measured.value.as_str(), measured.tripped), ("4", false));
}

#[test]
fn a_change_without_a_price_trips_the_money_limit() {
    let mut world = world();
    world.usage.lines[1].amount = None;
    world.rules.limits.max_money_delta = Some(d("1000000"));
    let plan = world.plan();
    let measured = guard(&plan, GuardName::MaxMoneyDelta).unwrap();
    assert!(measured.tripped);
    assert_eq!(measured.value, "10, and 1 change has no known price");
}
