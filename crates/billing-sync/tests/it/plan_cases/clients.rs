//! Which client a customer is: by id alone, and what stops a customer.

use super::gone;
use crate::shown::{balanced, bucket, changes, exceptions};
use crate::world::{SERVER, World};
use billing_sync::MappingDecision;
use billing_sync::ids::{ClientId, CustomerId};
use billing_sync::plan::Bucket;
use billing_sync::rules::MatchBy;

#[test]
fn customers_of_one_name_stay_apart() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "1")
        .uses("200", SERVER, "2");
    for line in &mut world.usage.lines {
        line.customer_name = "Contoso".to_owned();
    }
    assert_eq!(
        changes(&balanced(&world)),
        ["create 12 Server -->1", "create 13 Server -->2"]
    );
}

#[test]
fn a_name_never_matches() {
    let mut world = World::new().client(12, "").uses("100", SERVER, "3");
    world.clients[0].name = "Customer 100".to_owned();
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(exceptions(&plan), ["unmatched_customer 100 Server 3"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Unmatched), "3");
}

#[test]
fn a_blank_customer_id_is_unmatched_even_if_a_client_field_is_blank() {
    let mut world = World::new().client(12, "").uses("", SERVER, "3");
    world.clients[0].vendor_ids.push("  ".to_owned());
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["unmatched_customer - Server 3"]);
}

#[test]
fn ids_are_compared_as_trimmed_text() {
    let world = World::new()
        .client(12, " 0100 ")
        .uses("0100", SERVER, "1")
        .uses("100", SERVER, "2");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->1"]);
    assert_eq!(exceptions(&plan), ["unmatched_customer 100 Server 2"]);
}

#[test]
fn two_clients_that_claim_an_id_stop_that_customer_only() {
    let world = World::new()
        .client(12, "100")
        .client(13, "100")
        .client(14, "200")
        .uses("100", SERVER, "3")
        .uses("200", SERVER, "1");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 14 Server -->1"]);
    assert_eq!(exceptions(&plan), ["ambiguous_customer 100 Server 3"]);
    assert!(
        plan.exceptions()[0].detail.contains("12") && plan.exceptions()[0].detail.contains("13")
    );
    assert_eq!(bucket(&plan, SERVER, Bucket::Blocked), "3");
}

#[test]
fn a_client_claimed_ambiguously_gets_no_partial_sum() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "100")
        .uses("100", SERVER, "3")
        .uses("200", SERVER, "1")
        .has(501, 12, SERVER, 4)
        .owned_for("100");
    world.clients[0].vendor_ids.push("200".to_owned());
    let plan = balanced(&world);
    assert_eq!(plan.writes().count(), 0, "{:?}", changes(&plan));
    assert_eq!(exceptions(&plan).len(), 2);
}

#[test]
fn a_persons_decision_settles_an_ambiguity() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "100")
        .uses("100", SERVER, "3");
    world.memory.decisions.push(MappingDecision {
        customer: CustomerId::new("100"),
        client: ClientId::new(13),
    });
    assert_eq!(changes(&balanced(&world)), ["create 13 Server -->3"]);
}

#[test]
fn an_inactive_client_is_an_exception_not_absent() {
    let world = World::new()
        .inactive_client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    let plan = balanced(&world);
    assert_eq!(plan.writes().count(), 0, "its subscription is held");
    assert_eq!(exceptions(&plan), ["inactive_client 100 Server 3"]);
}

#[test]
fn references_match_by_halo_id() {
    let mut world = World::new()
        .client(12, "")
        .client(13, "")
        .uses("100", SERVER, "3");
    world.rules.match_by = MatchBy::CustomerReference;
    world.usage.lines[0].customer_reference = Some(" HALO:13 ".to_owned());
    assert_eq!(changes(&balanced(&world)), ["create 13 Server -->3"]);
    world.usage.lines[0].customer_reference = Some("Client 13".to_owned());
    assert_eq!(
        exceptions(&balanced(&world)),
        ["unmatched_customer 100 Server 3"]
    );
}

#[test]
fn a_customer_the_client_had_before_is_still_its_exception_when_nobody_claims_it() {
    let mut world = gone().uses("300", SERVER, "5");
    world.clients[1].vendor_ids.clear();
    world.only = Some(ClientId::new(14));
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["unmatched_customer 300 Server 5"]);
    assert_eq!(changes(&plan), ["keep 14 Server 5->5"], "held, not zeroed");
}
