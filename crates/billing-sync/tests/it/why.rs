//! Why a count is what it is, from the devices to the number.

use crate::world::{PER_GB, SERVER, World, d, key};
use billing_sync::ids::{ClientId, CustomerId, ServiceName};
use billing_sync::plan::{ChangeKind, ExceptionKind};
use billing_sync::rules::{Action, Round, Rule, Terms};
use billing_sync::run::{ChangeRecord, Outcome};
use billing_sync::why::{Explained, StepKind, Subject, Why, why};
use billing_sync::{MappingDecision, Memory};
use rust_decimal::Decimal;

fn billed(service: &str, terms: Terms) -> Rule {
    Rule {
        customer: None,
        service: Some(ServiceName::new(service)),
        until: None,
        action: Action::Bill(terms),
    }
}

fn client(id: i64) -> Subject {
    Subject::Client(ClientId::new(id))
}

fn customer(id: &str) -> Subject {
    Subject::Customer(CustomerId::new(id))
}

fn asked(world: &World, subject: &Subject, service: Option<&str>) -> Why {
    why(&world.plan(), &world.memory, subject, service)
}

fn steps(explained: &Explained) -> Vec<(StepKind, Option<Decimal>, Decimal)> {
    explained
        .steps
        .iter()
        .map(|step| (step.step, step.by, step.value))
        .collect()
}

fn names(why: &Why) -> Vec<&str> {
    why.subscriptions
        .iter()
        .map(|it| &*it.change.name)
        .collect()
}

/// Two customers of client 1 with storage that is converted, partly free, rounded and at least a minimum.
fn world() -> World {
    let mut world = World::new()
        .client(1, "v1")
        .client(2, "v3")
        .uses("v1", SERVER, "4")
        .uses_unit("v1", PER_GB, "GB", "1500.5")
        .uses_unit("v2", PER_GB, "GB", "700.25")
        .uses("v3", SERVER, "9")
        .has(10, 1, SERVER, 4);
    world.clients[0].vendor_ids.push("v2".to_owned());
    world.rules.rules = vec![billed(
        PER_GB,
        Terms {
            multiplier: d("0.001"),
            free: d("0.2"),
            round: Some(Round::Up),
            minimum: 5,
            ..Terms::default()
        },
    )];
    world
}

#[test]
fn every_step_from_the_vendors_units_to_the_count_is_told() {
    let found = asked(&world(), &client(1), Some(PER_GB));
    let [storage] = found.subscriptions.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        steps(storage),
        [
            (StepKind::Invoiced, None, d("2200.75")),
            (StepKind::Multiplied, Some(d("0.001")), d("2.20075")),
            (StepKind::Free, Some(d("0.2")), d("2.00075")),
            (StepKind::Rounded, None, d("3")),
            (StepKind::Minimum, Some(d("5")), d("5")),
            (StepKind::Count, None, d("5")),
        ]
    );
    assert_eq!(storage.steps[3].round, Some(Round::Up));
    assert!(storage.proved);
    let sources: Vec<_> = storage
        .change
        .sources
        .iter()
        .map(|it| (it.customer_id.as_str(), it.quantity, it.devices.len()))
        .collect();
    assert_eq!(sources, [("v1", d("1500.5"), 1), ("v2", d("700.25"), 1)]);
    assert_eq!(storage.change.sources[0].devices[0].id, "v1-1500.5");
}

#[test]
fn a_count_that_stays_is_explained_like_any_other() {
    let found = asked(&world(), &client(1), Some("Server"));
    let [server] = found.subscriptions.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(server.change.kind, ChangeKind::Keep);
    assert_eq!(
        steps(server),
        [
            (StepKind::Invoiced, None, d("4")),
            (StepKind::Count, None, d("4")),
        ]
    );
    assert_eq!(found.client_id, Some(ClientId::new(1)));
    assert_eq!(found.client_name, "Client 1");
}

#[test]
fn a_customer_is_found_by_its_exact_id_and_never_by_a_name() {
    let world = world();
    let found = asked(&world, &customer("v2"), None);
    assert_eq!(names(&found), [PER_GB], "the whole count, not v2's part");
    assert_eq!(found.client_id, Some(ClientId::new(1)));
    assert_eq!(
        names(&asked(&world, &customer("v1"), None)),
        [PER_GB, SERVER]
    );
    for nobody in ["Customer v1", "Client 1", "V1", ""] {
        assert!(
            asked(&world, &customer(nobody), None).is_empty(),
            "{nobody}"
        );
    }
    assert!(asked(&world, &client(3), None).is_empty());
}

#[test]
fn a_service_that_is_not_there_finds_nothing() {
    assert!(asked(&world(), &client(1), Some("Serve")).is_empty());
    assert!(asked(&world(), &client(2), Some(PER_GB)).is_empty());
}

#[test]
fn combined_services_are_found_by_either_name() {
    let mut world = World::new()
        .client(1, "v1")
        .uses("v1", "C | A", "2")
        .uses("v1", "C | B", "3");
    let combined = Terms {
        name: Some("Both".to_owned()),
        ..Terms::default()
    };
    world.rules.rules = vec![billed("C | A", combined.clone()), billed("C | B", combined)];
    for service in ["Both", "C | A", "B"] {
        assert_eq!(names(&asked(&world, &client(1), Some(service))), ["Both"]);
    }
}

#[test]
fn what_was_not_billed_of_the_same_customers_is_told() {
    let mut world = world().uses_unit("v1", "Cove Data Protection | Mail", "User", "2.5");
    let found = asked(&world, &client(1), None);
    let kinds: Vec<_> = found.exceptions.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ExceptionKind::FractionWithoutRule]);
    assert_eq!(asked(&world, &client(1), Some("Mail")).exceptions.len(), 1);
    assert_eq!(asked(&world, &client(1), Some(SERVER)).exceptions, []);
    assert_eq!(asked(&world, &client(2), None).exceptions, []);

    // A customer nobody matched yet: by its own id, and by the client a person decided on or it was billed to before.
    world = world.uses("v9", SERVER, "1");
    assert_eq!(
        asked(&world, &customer("v9"), None).exceptions[0].kind,
        ExceptionKind::UnmatchedCustomer
    );
    let plan = world.plan();
    let memory = Memory {
        decisions: vec![MappingDecision {
            customer: CustomerId::new("v9"),
            client: ClientId::new(2),
        }],
        ..Memory::default()
    };
    assert_eq!(why(&plan, &memory, &client(2), None).exceptions.len(), 1);
}

#[test]
fn a_count_without_usage_has_its_reason_and_no_steps() {
    let world = World::new()
        .client(1, "v1")
        .client(2, "v2")
        .uses("v2", SERVER, "1")
        .has(10, 1, SERVER, 4)
        .owned_for("v1");
    for subject in [client(1), customer("v1")] {
        let found = asked(&world, &subject, None);
        let [gone] = found.subscriptions.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((gone.change.kind, gone.steps.len()), (ChangeKind::Zero, 0));
        assert_eq!(
            gone.change.reason,
            "no usage in 202610, last billed in 202609"
        );
        assert_eq!(found.client_id, Some(ClientId::new(1)));
    }
}

#[test]
fn a_run_adds_what_became_of_each_change() {
    let plan = world().plan();
    let (position, change) = plan
        .changes()
        .iter()
        .enumerate()
        .find(|(_, it)| it.key() == key(1, PER_GB))
        .unwrap();
    let record = ChangeRecord {
        position,
        change: change.clone(),
        outcome: Outcome::Verified,
        written_id: None,
        note: String::new(),
    };
    let found = why(&plan, &Memory::default(), &client(1), None).with_outcomes(&[record]);
    let outcomes: Vec<_> = found.subscriptions.iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Verified), None]);
}

#[test]
fn a_count_that_its_steps_do_not_lead_to_is_not_called_proved() {
    let plan = world().plan();
    let document = plan.to_json(true);
    let mut change = document["changes"][1].clone();
    change["after"] = 7.into();
    let change = serde_json::from_value(change).unwrap();
    let forged = billing_sync::testing::plan_of(plan.period(), vec![change]);
    let found = why(&forged, &Memory::default(), &client(1), None);
    assert!(!found.subscriptions[0].proved);
}

#[test]
fn the_document_has_the_devices_and_the_steps() {
    let document = serde_json::to_value(asked(&world(), &client(1), Some(SERVER))).unwrap();
    assert_eq!(document["client_id"], 1);
    assert_eq!(document["period"], "202610");
    let row = &document["subscriptions"][0];
    assert_eq!(row["name"], SERVER);
    assert_eq!(row["after"], 4);
    assert_eq!(row["steps"][0]["step"], "invoiced");
    assert_eq!(row["steps"][0]["value"], "4");
    assert_eq!(row["sources"][0]["devices"][0]["name"], "srv01");
    assert_eq!(document["exceptions"], serde_json::json!([]));
}
