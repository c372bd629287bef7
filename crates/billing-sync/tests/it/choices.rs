//! A person chooses the record of a count: where several have its name, or where it is named otherwise.

use crate::shown::{balanced, changes, exceptions};
use crate::world::{PER_GB, SERVER, World, key};
use billing_sync::SubscriptionChoice;
use billing_sync::ids::LicenceId;
use billing_sync::plan::{ChangeKind, ExceptionKind};
use billing_sync::rules::Adopt;
use billing_sync::target::Standing;

fn chosen(mut world: World, client: i64, name: &str, licence: i64) -> World {
    world.memory.choices.push(SubscriptionChoice {
        key: key(client, name),
        licence: LicenceId::new(licence),
    });
    world
}

#[test]
fn a_persons_choice_settles_which_of_two_subscriptions_it_is() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 1)
        .has(502, 12, SERVER, 2);
    let plan = balanced(&chosen(world, 12, SERVER, 502));
    let [change] = plan.changes() else {
        panic!("{:?}", plan.changes());
    };
    assert_eq!(change.licence_id, Some(LicenceId::new(502)));
    assert_eq!((change.before, change.after), (Some(2), 3));
    assert!(change.adopted);
    assert_eq!(change.reason, "usage changed; chosen by a person");
}

#[test]
fn a_record_of_another_name_is_taken_over_when_a_person_chose_it() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "3").has(
        501,
        12,
        "Backup, per server",
        3,
    );
    world.rules.adopt = Adopt::Never;
    let plan = balanced(&chosen(world, 12, SERVER, 501));
    let [change] = plan.changes() else {
        panic!("{:?}", plan.changes());
    };
    assert_eq!(change.kind, ChangeKind::Keep);
    assert_eq!(change.found_name.as_deref(), Some("Backup, per server"));
    assert!(change.adopted);
    assert_eq!(change.reason, "count is right; chosen by a person");
}

#[test]
fn a_choice_that_cannot_be_written_stops_that_key_and_says_why() {
    let world = || {
        World::new()
            .client(12, "100")
            .client(13, "200")
            .uses("100", SERVER, "3")
            .uses("100", PER_GB, "9")
            .has(501, 12, SERVER, 1)
            .has(502, 12, "Old", 2)
            .standing(Standing::Inactive)
            .has(503, 12, "Office", 2)
            .standing(Standing::OtherKind)
            .has(504, 13, SERVER, 2)
    };
    for (licence, why) in [
        (502, "is inactive"),
        (503, "is not a subscription"),
        (504, "belongs to client 13"),
        (505, "is not there"),
    ] {
        let plan = balanced(&chosen(world(), 12, SERVER, licence));
        assert_eq!(changes(&plan), ["create 12 Per GB -->9"]);
        let [exception] = plan.exceptions() else {
            panic!("{:?}", plan.exceptions());
        };
        assert_eq!(exception.kind, ExceptionKind::AmbiguousSubscription);
        assert_eq!(
            exception.detail,
            format!(
                "subscription {licence}, chosen for it by a person, {why}: choose another or take the choice back"
            )
        );
    }
    let twice = chosen(chosen(world(), 12, SERVER, 501), 12, PER_GB, 501);
    let plan = balanced(&twice);
    assert_eq!(plan.writes().count(), 0);
    assert_eq!(
        exceptions(&plan),
        [
            "ambiguous_subscription 100 Per GB 9",
            "ambiguous_subscription 100 Server 3"
        ]
    );
}

#[test]
fn a_record_chosen_for_a_new_name_goes_on_under_it_and_is_not_zeroed_under_the_old() {
    let world = World::new()
        .client(12, "100")
        .uses("100", PER_GB, "3")
        .has(501, 12, SERVER, 4)
        .owned_for("100");
    assert_eq!(
        changes(&balanced(&world)),
        ["create 12 Per GB -->3", "zero 12 Server 4->0"]
    );
    let moved = chosen(world, 12, PER_GB, 501);
    let plan = balanced(&moved);
    assert_eq!(changes(&plan), ["update 12 Per GB 4->3"]);
    // With usage under the old name as well, that usage is not billed to a record of another name.
    let both = balanced(&moved.uses("100", SERVER, "1"));
    assert_eq!(changes(&both), ["update 12 Per GB 4->3"]);
    assert_eq!(exceptions(&both), ["ambiguous_subscription 100 Server 1"]);
}

#[test]
fn a_record_chosen_for_one_name_is_not_taken_over_by_another() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", PER_GB, "9")
        .has(501, 12, SERVER, 1);
    let plan = balanced(&chosen(world, 12, PER_GB, 501));
    assert_eq!(changes(&plan), ["update 12 Per GB 1->9"]);
    assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
}

#[test]
fn a_choice_against_the_kept_record_says_what_becomes_of_that_one() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(502, 12, SERVER, 9)
        .has(501, 12, SERVER, 4)
        .owned_for("100");
    let plan = balanced(&chosen(world, 12, SERVER, 502));
    let [change] = plan.changes() else {
        panic!("{:?}", plan.changes());
    };
    assert_eq!(
        change.reason,
        "usage changed; chosen by a person instead of 501, which stays as it is"
    );
    assert_eq!(change.licence_id, Some(LicenceId::new(502)));
}
