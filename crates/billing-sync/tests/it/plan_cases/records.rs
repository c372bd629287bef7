//! Which record holds a count: found by name or by id, taken over or left alone.

use crate::shown::{balanced, bucket, changes, exceptions, tripped};
use crate::world::{PER_GB, SERVER, World, key};
use billing_sync::SubscriptionChoice;
use billing_sync::ids::LicenceId;
use billing_sync::plan::{Bucket, ChangeKind};
use billing_sync::rules::Adopt;
use billing_sync::target::Standing;

#[test]
fn nothing_to_do_is_a_plan_of_keeps() {
    let world = World::new()
        .client(12, "1048576")
        .uses("1048576", SERVER, "5")
        .has(501, 12, SERVER, 5);
    let plan = balanced(&world.owned_for("1048576"));
    assert_eq!(changes(&plan), ["keep 12 Server 5->5"]);
    assert_eq!(plan.writes().count(), 0);
    assert_eq!(plan.requests().write_estimate, 0);
    assert!(exceptions(&plan).is_empty());
    assert!(tripped(&plan).is_empty());
}

#[test]
fn a_missing_subscription_is_created_and_a_different_count_updated() {
    let world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "5")
        .uses("200", SERVER, "7")
        .has(501, 12, SERVER, 4);
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["update 12 Server 4->5", "create 13 Server -->7"]
    );
    assert!(plan.changes()[0].adopted, "it was not ours until now");
    assert_eq!(plan.changes()[0].licence_id, Some(LicenceId::new(501)));
    assert_eq!(plan.requests().write_estimate, 3);
    assert_eq!(bucket(&plan, SERVER, Bucket::Billed), "12");
}

#[test]
fn two_active_subscriptions_of_that_name_stop_that_key_only() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", PER_GB, "9")
        .has(501, 12, SERVER, 1)
        .has(502, 12, SERVER, 2);
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Per GB -->9"]);
    assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
    assert!(plan.exceptions()[0].detail.contains("501, 502"));
}

#[test]
fn ownership_by_id_settles_which_of_two_it_is() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(502, 12, SERVER, 2)
        .has(501, 12, SERVER, 1)
        .owned_for("100");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["update 12 Server 1->3"]);
    assert_eq!(plan.changes()[0].licence_id, Some(LicenceId::new(501)));
}

#[test]
fn other_kinds_inactive_and_deleted_records_are_never_touched() {
    for standing in [Standing::Inactive, Standing::Deleted, Standing::OtherKind] {
        let world = World::new()
            .client(12, "100")
            .uses("100", SERVER, "3")
            .has(501, 12, SERVER, 1)
            .standing(standing);
        let plan = balanced(&world);
        assert_eq!(changes(&plan), ["create 12 Server -->3"], "{standing:?}");
        let reason = &plan.changes()[0].reason;
        assert!(
            reason.contains("501") && reason.contains(standing.word()),
            "{reason}"
        );
    }
}

#[test]
fn a_renamed_record_is_known_by_its_id() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 1)
        .owned_for("100");
    world.subscriptions[0].name = "Servers (backup)".to_owned();
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["update 12 Server 1->3"]);
    assert_eq!(
        plan.changes()[0].found_name.as_deref(),
        Some("Servers (backup)")
    );
}

#[test]
fn a_vanished_record_is_reported_and_matched_again() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.subscriptions[0].id = LicenceId::new(777);
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["keep 12 Server 3->3"]);
    assert!(plan.changes()[0].adopted);
    world.subscriptions.clear();
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->3"]);
    assert!(
        plan.changes()[0].reason.contains("501"),
        "{}",
        plan.changes()[0].reason
    );
}

#[test]
fn a_count_set_by_hand_is_named_before_it_is_overwritten() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.subscriptions[0].count = 9;
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["update 12 Server 9->3"]);
    assert!(
        plan.changes()[0].reason.contains("by hand"),
        "{}",
        plan.changes()[0].reason
    );
}

#[test]
fn adopt_never_makes_an_existing_name_an_exception() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3);
    world.rules.adopt = Adopt::Never;
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
}

#[test]
fn adopt_never_is_kept_to_when_the_own_record_is_gone() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.rules.adopt = Adopt::Never;
    assert_eq!(changes(&balanced(&world)), ["keep 12 Server 3->3"]);
    world.subscriptions[0].id = LicenceId::new(777);
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
    assert_eq!(
        plan.exceptions()[0].detail,
        "subscription 777 of that name exists and adopt = \"never\": choose it or remove it"
    );
}

#[test]
fn none_is_made_beside_one_that_looks_like_it() {
    for name in [
        "Cove Data Protection | server",
        "Cove  Data Protection |\u{a0}Server ",
        "Cove Data Protection | \u{ff33}erver",
    ] {
        let world = World::new()
            .client(12, "100")
            .uses("100", SERVER, "3")
            .has(501, 12, name, 5);
        let plan = balanced(&world);
        assert!(changes(&plan).is_empty(), "{name}");
        assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
        assert_eq!(
            plan.exceptions()[0].detail,
            format!(
                "there is no subscription of exactly that name, but one that looks like it (501 `{name}`): take it over by its id, or rename it"
            )
        );
        let mut chosen = world;
        chosen.memory.choices.push(SubscriptionChoice {
            key: key(12, SERVER),
            licence: LicenceId::new(501),
        });
        assert_eq!(changes(&balanced(&chosen)), ["update 12 Server 5->3"]);
    }
}

#[test]
fn what_is_not_a_free_record_of_that_client_looks_like_nothing() {
    let lower = "cove data protection | server";
    let base = || {
        World::new()
            .client(12, "100")
            .client(13, "200")
            .uses("100", SERVER, "3")
    };
    let mut chosen = base().uses("100", PER_GB, "2").has(501, 12, lower, 2);
    chosen.memory.choices.push(SubscriptionChoice {
        key: key(12, PER_GB),
        licence: LicenceId::new(501),
    });
    let mut kept = base().uses("100", PER_GB, "2").has(501, 12, PER_GB, 2);
    kept = kept.owned_for("100");
    kept.subscriptions[0].name = lower.to_owned();
    for world in [
        base().has(501, 13, lower, 5),
        base().has(501, 12, lower, 5).standing(Standing::Inactive),
        base().has(501, 12, lower, 5).standing(Standing::OtherKind),
        base().has(501, 12, "cove data protection | servers", 5),
        chosen,
        kept,
    ] {
        let changes = changes(&balanced(&world));
        assert!(
            changes.contains(&"create 12 Server -->3".to_owned()),
            "{changes:?}"
        );
    }
    let exact = base().has(501, 12, lower, 5).has(502, 12, SERVER, 3);
    assert_eq!(changes(&balanced(&exact)), ["keep 12 Server 3->3"]);
}

#[test]
fn the_key_of_a_change_is_its_client_and_name() {
    let plan = World::new()
        .client(12, "100")
        .uses("100", SERVER, "1")
        .plan();
    assert_eq!(plan.changes()[0].key(), key(12, SERVER));
    assert_eq!(plan.changes()[0].kind, ChangeKind::Create);
}
