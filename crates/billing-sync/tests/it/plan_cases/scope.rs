//! A plan for one client leaves the others alone.

use super::gone;
use crate::shown::{balanced, bucket, changes, exceptions};
use crate::world::{PER_GB, SERVER};
use billing_sync::ids::ClientId;
use billing_sync::plan::Bucket;

#[test]
fn a_plan_for_one_client_leaves_the_others_alone() {
    let mut world = gone().uses("300", SERVER, "9");
    world.only = Some(ClientId::new(13));
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 13 Server -->1"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Ignored), "9");
}

#[test]
fn a_plan_for_one_client_lists_the_exceptions_of_that_client_alone() {
    let mut world = gone()
        .uses("300", PER_GB, "0.5")
        .uses("400", SERVER, "2")
        .uses("200", PER_GB, "1.5");
    assert_eq!(
        exceptions(&balanced(&world)),
        [
            "unmatched_customer 400 Server 2",
            "fraction_without_rule 200 Per GB 1.5",
            "fraction_without_rule 300 Per GB 0.5"
        ]
    );
    world.only = Some(ClientId::new(13));
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["fraction_without_rule 200 Per GB 1.5"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Unmatched), "0");
    assert_eq!(bucket(&plan, SERVER, Bucket::Ignored), "2");
}
