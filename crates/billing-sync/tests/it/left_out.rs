//! What `products` leaves out: it is not gone, and a vendor's new name for a product is not a cancellation of everything.

use crate::shown::{balanced, changes, exceptions, tripped};
use crate::world::{PER_GB, SERVER, World};
use billing_sync::plan::{Approval, GuardName};
use billing_sync::rules::{Action, Rule};

const RENAMED: &str = "Cove | Server";

/// Two clients were billed for servers; `products` has the vendor's name of last month.
fn before() -> World {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .has(501, 12, SERVER, 8)
        .owned_for("100")
        .has(502, 13, SERVER, 2)
        .owned_for("200");
    world.rules.products = vec!["Cove Data Protection".to_owned()];
    world
}

fn ignoring(mut world: World, service: &str) -> World {
    world.rules.rules.push(Rule {
        customer: None,
        service: Some(service.into()),
        until: None,
        action: Action::Ignore {
            reason: "not ours to bill".to_owned(),
        },
    });
    world
}

#[test]
fn a_month_of_which_products_leaves_out_everything_trips_the_guard_and_zeroes_nothing() {
    let world = before().uses("100", RENAMED, "8").uses("200", RENAMED, "2");
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["keep 12 Server 8->8", "keep 13 Server 2->2"]
    );
    assert_eq!(
        plan.changes()[0].reason,
        "no usage, but held: `products` leaves out all usage"
    );
    assert_eq!(tripped(&plan), ["empty_source"]);
    let mut guards = plan.guards().iter();
    let guard = guards.find(|it| it.guard == GuardName::EmptySource);
    let guard = guard.unwrap();
    assert_eq!(guard.limit, "at least 1 usage line");
    assert_eq!(guard.value, "0 of 2 usage lines in scope");
    assert!(plan.approve(Approval::by("job")).is_err());

    let one = balanced(&world.uses("100", SERVER, "1"));
    assert_eq!(tripped(&one), Vec::<&str>::new());
    let unnamed = before().uses("100", "", "1");
    assert_eq!(
        tripped(&balanced(&unnamed)),
        Vec::<&str>::new(),
        "what names no service may be of any"
    );
}

#[test]
fn a_service_that_goes_by_a_new_name_holds_its_counts_and_says_what_to_do() {
    let world = before()
        .uses("100", RENAMED, "8")
        .uses("100", PER_GB, "3")
        .has(503, 12, PER_GB, 3)
        .owned_for("100");
    let held = ["keep 12 Per GB 3->3", "keep 12 Server 8->8"];
    let plan = balanced(&world);
    assert_eq!(changes(&plan)[..2], held);
    assert_eq!(exceptions(&plan), ["totals_disagree 100 - -"]);
    assert_eq!(
        plan.exceptions()[0].detail,
        "`Cove Data Protection | Server` of client 12 is held at its count: nobody has usage of it in 202610, and `products` leaves out `Cove | Server` of customer 100: if that is the same under a new name, add it to `products`; if not, ignore it by a rule, and the count goes to 0"
    );
    assert_eq!(
        changes(&plan)[2],
        "zero 13 Server 2->0",
        "who uses nothing at all has left"
    );

    let ignored = balanced(&ignoring(world.clone(), RENAMED));
    assert_eq!(changes(&ignored)[1], "zero 12 Server 8->0");
    assert_eq!(exceptions(&ignored), Vec::<String>::new());
    let mut added = world;
    added.rules.products.push("Cove |".to_owned());
    let plan = balanced(&added);
    assert_eq!(
        changes(&plan)[..3],
        [
            "keep 12 Per GB 3->3",
            "zero 12 Server 8->0",
            "create 12 Cove | Server -->8"
        ]
    );
}

#[test]
fn a_service_that_others_use_was_not_renamed() {
    let world = before()
        .uses("100", "EDR | Complete", "8")
        .uses("200", SERVER, "2");
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["zero 12 Server 8->0", "keep 13 Server 2->2"]
    );
    assert_eq!(exceptions(&plan), Vec::<String>::new());

    // Also where nobody can be billed for it.
    let stranger = before()
        .uses("100", "EDR | Complete", "8")
        .uses("999", SERVER, "2");
    assert_eq!(changes(&balanced(&stranger))[0], "zero 12 Server 8->0");
}

#[test]
fn a_product_that_was_billed_before_is_no_new_name() {
    let mut world = before()
        .uses("100", "EDR | Complete", "8")
        .uses("200", PER_GB, "2")
        .has(503, 13, "EDR | Complete", 1)
        .owned_for("200")
        .has(504, 13, PER_GB, 2)
        .owned_for("200");
    assert_eq!(changes(&balanced(&world))[0], "zero 12 Server 8->0");
    world
        .memory
        .owned
        .retain(|it| it.key.name != "EDR | Complete");
    assert_eq!(changes(&balanced(&world))[0], "keep 12 Server 8->8");
}

#[test]
fn a_count_that_goes_on_under_a_name_of_our_own_is_not_held() {
    let mut world = before()
        .uses("100", "EDR | Complete", "8")
        .uses("100", SERVER, "8");
    world.rules.name = "Backup: {service}".to_owned();
    let plan = balanced(&world);
    let names: Vec<_> = plan.changes().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names[..2],
        ["Backup: Cove Data Protection | Server", SERVER]
    );
    assert_eq!(
        (plan.changes()[0].after, plan.changes()[1].after),
        (8, 0),
        "billed once, under the new name"
    );
    assert_eq!(exceptions(&plan), Vec::<String>::new());
}

#[test]
fn a_service_that_is_new_does_not_take_the_place_of_one_that_goes_by_a_new_name() {
    let world = before().uses("100", RENAMED, "8").uses("100", PER_GB, "3");
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan)[..2],
        ["create 12 Per GB -->3", "keep 12 Server 8->8"]
    );
    assert_eq!(exceptions(&plan), ["totals_disagree 100 - -"]);

    // A name that no service of `products` has was given by a rule, which was taken back.
    let mut taken_back = world;
    taken_back.subscriptions[0].name = "Backup".to_owned();
    taken_back.memory.owned[0].key.name = "Backup".to_owned();
    let plan = balanced(&taken_back);
    assert_eq!(
        changes(&plan)[..2],
        ["zero 12 Backup 8->0", "create 12 Per GB -->3"]
    );
    assert_eq!(exceptions(&plan), Vec::<String>::new());
}

#[test]
fn what_a_rule_leaves_out_is_no_new_name() {
    let world = before()
        .uses("100", "EDR | Complete", "8")
        .uses("200", PER_GB, "2");
    assert_eq!(changes(&balanced(&world))[0], "keep 12 Server 8->8");
    let ignored = ignoring(world, "EDR | Complete");
    assert_eq!(changes(&balanced(&ignored))[0], "zero 12 Server 8->0");
}
