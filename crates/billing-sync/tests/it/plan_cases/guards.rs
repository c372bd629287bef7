//! What stops a plan as a whole, and what an approval takes.

use super::gone;
use crate::shown::{balanced, tripped};
use crate::world::{SERVER, World, d, period};
use billing_sync::plan::{Approval, GuardName, Refusal};
use billing_sync::usage::Finality;

#[test]
fn an_empty_source_trips_guards_and_zeroes_nothing() {
    let world = World::new()
        .client(12, "100")
        .has(501, 12, SERVER, 4)
        .owned_for("100");
    let plan = balanced(&world);
    assert_eq!(plan.summary().zero, 0);
    assert_eq!(tripped(&plan), ["empty_source"]);
    assert!(matches!(
        plan.approve(Approval::by("test")),
        Err(Refusal::Guards { .. })
    ));
}

#[test]
fn guards_trip_beyond_their_limit_and_not_at_it() {
    let mut world = World::new();
    for id in 1..=4 {
        world = world
            .client(id, &id.to_string())
            .uses(&id.to_string(), SERVER, if id <= 2 { "2" } else { "1" })
            .has(500 + id, id, SERVER, 1);
    }
    assert!(
        tripped(&world.plan()).is_empty(),
        "2 of 4 is not more than 50 %"
    );
    world.usage.lines[2].quantity = d("2");
    assert_eq!(
        tripped(&world.plan()),
        Vec::<&str>::new(),
        "too few changes to be measured as a share"
    );
    world.rules.limits.min_changed = 2;
    assert_eq!(tripped(&world.plan()), ["max_changed_percent"]);
    world.rules.limits.max_changed_percent = 75;
    assert!(tripped(&world.plan()).is_empty());
    world.usage.lines[0].quantity = d("3");
    assert!(tripped(&world.plan()).is_empty(), "1 to 3 is 200 %");
    world.usage.lines[0].quantity = d("4");
    assert_eq!(tripped(&world.plan()), ["max_client_change_percent"]);
    world.usage.lines[0].quantity = d("1");
    world = world.client(9, "9").uses("9", SERVER, "1");
    world.rules.limits.max_created = 0;
    assert_eq!(tripped(&world.plan()), ["max_created"]);
    let mut world = gone();
    world.rules.limits.max_zeroed = 0;
    assert!(tripped(&world.plan()).contains(&"max_zeroed"));
}

#[test]
fn a_month_before_the_newest_applied_one_is_closed() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.memory.owned[0].period = period("202611");
    let plan = world.plan();
    assert_eq!(tripped(&plan), ["closed_period"]);
    assert!(matches!(
        plan.approve(Approval::by("job")),
        Err(Refusal::Guards { .. })
    ));
    world.memory.owned[0].period = period("202610");
    assert!(
        tripped(&world.plan()).is_empty(),
        "the same month may be synced again"
    );
}

#[test]
fn an_override_needs_a_reason_and_is_kept_with_the_approval() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    world.rules.limits.max_created = 0;
    let plan = world.plan();
    let refused = plan
        .clone()
        .approve(Approval::by("job").overriding(GuardName::MaxCreated, " "));
    assert!(matches!(
        refused,
        Err(Refusal::NoReason {
            guard: GuardName::MaxCreated
        })
    ));
    let approved = plan
        .approve(Approval::by("job").overriding(GuardName::MaxCreated, "first month"))
        .unwrap();
    assert_eq!(approved.overrides()["max_created"], "first month");
    assert_eq!(approved.approved_by(), "job");
}

#[test]
fn a_provisional_period_is_not_approved() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    world.usage.finality = Finality::Provisional("invoice 348890 is OPEN".to_owned());
    let refusal = world.plan().approve(Approval::by("job")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "period 202610 is not final: invoice 348890 is OPEN"
    );
}

#[test]
fn a_sum_too_large_to_be_exact_cannot_be_approved() {
    let most = "79228162514264337593543950335";
    let world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, most)
        .uses("200", SERVER, most);
    assert!(matches!(
        world.plan().approve(Approval::by("job")),
        Err(Refusal::Unbalanced { .. })
    ));
}
