//! Mapping end to end: who needs a person, what is offered, and what is written where, checked by the sandbox's own state.

use crate::harness::{Bench, approval, exceptions_of, october, secrets};
use billing_sync::ids::{ClientId, CustomerId, Key};
use billing_sync::{Decision, Period, Question, SubscriptionChoice};
use cove_api::management::ManagementClient;
use cove_halo::map::{MapPlace, MapPlan, MappedCustomer, Wish, sheet};
use cove_halo::{ExitCode, MapWritten, Secrets, Service, Settings};
use sandbox::{Fault, FaultKind, Oddity, OddityKind, Service as Origin, When};
use std::collections::BTreeSet;

fn month() -> Option<Period> {
    october().period
}

fn odd(bench: &Bench, kind: OddityKind) -> Vec<Oddity> {
    let all = bench.sandbox.oddities();
    all.iter().filter(|it| it.kind == kind).cloned().collect()
}

/// The customer without a client whose name a client has, with that client.
fn namesake(bench: &Bench) -> Wish {
    let clients = bench.sandbox.clients();
    odd(bench, OddityKind::NoClient)
        .iter()
        .find_map(|it| {
            let client = clients
                .iter()
                .find(|client| client.name == it.customer_name)?;
            Some(wish(&it.customer_id, client.id))
        })
        .unwrap()
}

fn wish(customer: &str, client: i64) -> Wish {
    Wish {
        line: None,
        customer: CustomerId::new(customer),
        client: ClientId::new(client),
    }
}

fn held(bench: &Bench, client: ClientId) -> Option<String> {
    let clients = bench.sandbox.clients();
    let client = clients.into_iter().find(|it| it.id == client.get());
    client.unwrap().cove_id.filter(|text| !text.is_empty())
}

/// Cove's management API, as a user who may change customers.
fn cove(bench: &Bench) -> ManagementClient {
    ManagementClient::builder(
        sandbox::MANAGEMENT_PARTNER,
        sandbox::MANAGEMENT_USER,
        sandbox::MANAGEMENT_PASSWORD.into(),
    )
    .base_url(&bench.sandbox.management_url())
    .build()
    .unwrap()
}

/// The plan with another value at a place of its file.
fn edited(plan: &MapPlan, pointer: &str, value: &str) -> MapPlan {
    let mut document = serde_json::to_value(plan).unwrap();
    *document.pointer_mut(pointer).unwrap() = value.into();
    MapPlan::from_json(document.to_string().as_bytes()).unwrap()
}

/// The service with another state file.
fn elsewhere(bench: &Bench, name: &str) -> Service {
    let mut settings = bench.settings();
    settings.state.path = bench.state().with_file_name(name);
    Bench::builder(settings).build().unwrap()
}

#[tokio::test]
async fn the_list_begins_with_who_needs_a_person_and_agrees_with_the_seeded_truth() {
    let bench = Bench::new().await;
    let mapping = bench.service().mapping(month()).await.unwrap();
    let of = |word: &str| -> BTreeSet<String> {
        let customers = mapping.customers.iter().filter(|it| it.word() == word);
        customers
            .map(|it| it.standing.customer.to_string())
            .collect()
    };
    let ids = |kinds: &[OddityKind]| -> BTreeSet<String> {
        let all = kinds.iter().flat_map(|kind| odd(&bench, *kind));
        all.map(|it| it.customer_id).collect()
    };
    assert_eq!(
        of("unmatched"),
        ids(&[OddityKind::NoClient, OddityKind::BlankId])
    );
    assert_eq!(of("ambiguous"), ids(&[OddityKind::TwoClients]));
    assert_eq!(of("inactive"), ids(&[OddityKind::InactiveClient]));
    let order: Vec<&str> = mapping.customers.iter().map(MappedCustomer::word).collect();
    let first_matched = order.iter().position(|word| *word == "matched").unwrap();
    assert_eq!(first_matched, mapping.open());
    assert!(order[first_matched..].iter().all(|word| *word == "matched"));
    let doubled: Vec<i64> = mapping
        .records
        .iter()
        .map(|it| it.client.id.get())
        .collect();
    assert_eq!(
        doubled,
        odd(&bench, OddityKind::DuplicateSubscription)[0].client_ids
    );
    assert_eq!(bench.committed(), 0);
    assert!(!bench.state().exists(), "looking makes no file");
}

#[tokio::test]
async fn a_name_suggests_only_free_clients_and_changes_nothing() {
    let bench = Bench::new().await;
    let mapping = bench.service().mapping(month()).await.unwrap();
    let wanted = namesake(&bench);
    let found = mapping.suggestions();
    let best = &found.offered[0];
    assert_eq!(
        (&best.customer, best.client, best.score),
        (&wanted.customer, wanted.client, 100)
    );
    for it in &found.offered {
        assert_eq!(held(&bench, it.client), None, "{it:?}");
    }
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_mapping_is_written_once_beside_the_other_custom_fields_and_then_billed() {
    let bench = Bench::new().await;
    let service = bench.service();
    let wanted = namesake(&bench);
    let before = bench.sandbox.clients();
    let mapping = service.mapping(month()).await.unwrap();
    let plan = mapping
        .plan(std::slice::from_ref(&wanted), &[], service.map_place())
        .unwrap();
    let outcome = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(outcome.exit_code(), ExitCode::Done);
    assert_eq!(outcome.count(MapWritten::Written), 1);
    assert_eq!(
        held(&bench, wanted.client).as_deref(),
        Some(wanted.customer.as_str())
    );
    for (before, after) in before.iter().zip(bench.sandbox.clients()) {
        if before.id == wanted.client.get() {
            assert_eq!(before.custom_fields, after.custom_fields);
            assert_eq!(before.name, after.name);
        } else {
            assert_eq!(*before, after);
        }
    }

    bench.sandbox.clear_requests();
    let again = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(again.count(MapWritten::Nothing), 1);
    assert_eq!(bench.committed(), 0, "nothing to do");
    let planned = bench.service().plan(&october()).await.unwrap();
    assert!(
        planned
            .changes()
            .iter()
            .any(|change| change.client_id == wanted.client)
    );
    let customer = wanted.customer.to_string();
    assert!(exceptions_of(&planned).iter().all(|it| it.1 != customer));
}

#[tokio::test]
async fn a_client_that_was_filled_meanwhile_stops_everything_before_a_write() {
    let bench = Bench::new().await;
    let service = bench.service();
    let wanted = namesake(&bench);
    let mapping = service.mapping(month()).await.unwrap();
    let plan = mapping
        .plan(std::slice::from_ref(&wanted), &[], MapPlace::Field)
        .unwrap();
    bench
        .sandbox
        .edit(|world| world.set_custom_field(wanted.client.get(), "someone-else"));
    bench.sandbox.clear_requests();
    let error = bench
        .service()
        .apply_mapping(&plan, "ann")
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift, "{error}");
    assert!(error.hint().is_some());
    assert_eq!(bench.committed(), 0);
    assert_eq!(held(&bench, wanted.client).as_deref(), Some("someone-else"));
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading_and_never_sent_again() {
    for (kind, outcome) in [
        (FaultKind::ResetAfterCommit, MapWritten::Written),
        (FaultKind::StatusAfterCommit(502), MapWritten::Written),
        (FaultKind::ResetBeforeCommit, MapWritten::Failed),
    ] {
        let bench = Bench::new().await;
        let service = bench.service();
        let wanted = namesake(&bench);
        let mapping = service.mapping(month()).await.unwrap();
        let plan = mapping
            .plan(std::slice::from_ref(&wanted), &[], MapPlace::Field)
            .unwrap();
        bench.sandbox.clear_requests();
        // Reads of this client come as a list, twice by id, and then as the write.
        let path_contains = "api/Client".to_owned();
        let lists = {
            service.mapping(month()).await.unwrap();
            let requests = bench.sandbox.requests();
            requests
                .iter()
                .filter(|it| it.path.contains(&path_contains))
                .count() as u64
        };
        let service_kind = Origin::Halo;
        bench.sandbox.set_faults(vec![Fault::new(
            When::NthOf {
                service: service_kind,
                path_contains,
                nth: lists + 3,
            },
            kind.clone(),
        )]);
        let done = service.apply_mapping(&plan, "ann").await.unwrap();
        assert_eq!(done.results[0].outcome, outcome, "{kind:?}: {done:?}");
        assert!(done.results[0].note.contains("read back"), "{done:?}");
        let posts = bench
            .sandbox
            .requests()
            .into_iter()
            .filter(|it| it.method == "POST" && it.path.contains("Client"));
        assert_eq!(posts.count(), 1, "{kind:?}");
        let there = held(&bench, wanted.client).is_some();
        assert_eq!(there, outcome == MapWritten::Written, "{kind:?}");
    }
}

#[tokio::test]
async fn a_decision_is_kept_in_the_state_and_moves_to_another_host_with_the_sheet() {
    let bench = Bench::new().await;
    let service = bench.service();
    // Two clients hold the id: only a decision can tell which is meant.
    let twice = odd(&bench, OddityKind::TwoClients).remove(0);
    let wanted = wish(&twice.customer_id, twice.client_ids[0]);
    let mapping = service.mapping(month()).await.unwrap();
    let refused = mapping
        .plan(std::slice::from_ref(&wanted), &[], MapPlace::Field)
        .unwrap_err();
    assert!(refused[0].message.contains("--to state"), "{refused:?}");
    let plan = mapping
        .plan(std::slice::from_ref(&wanted), &[], MapPlace::State)
        .unwrap();
    let outcome = service.apply_mapping(&plan, "ann (map)").await.unwrap();
    assert_eq!(outcome.count(MapWritten::Written), 1);
    assert_eq!(bench.committed(), 0, "HaloPSA stays as it is");
    let planned = service.plan(&october()).await.unwrap();
    assert!(
        exceptions_of(&planned)
            .iter()
            .all(|it| it.0 != "ambiguous_customer")
    );

    let decided = service.mapping(month()).await.unwrap();
    assert_eq!(decided.decisions[0].by, "ann (map)");
    let mut text = sheet::COLUMNS.join(",") + "\n";
    for row in sheet::rows(&decided) {
        text += &row
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
            .join(",");
        text.push('\n');
    }
    let review = sheet::read(&text).unwrap();
    assert_eq!(review.wishes.len(), 1);
    let other = elsewhere(&bench, "other.db");
    let mapping = other.mapping(month()).await.unwrap();
    let plan = mapping.plan(&review.wishes, &[], MapPlace::State).unwrap();
    other.apply_mapping(&plan, "bob").await.unwrap();
    let moved = other.decisions().await.unwrap();
    assert_eq!(moved[0].decision, decided.decisions[0].decision);

    let question = Question::Customer(wanted.customer);
    assert_eq!(
        service
            .forget(std::slice::from_ref(&question), "ann")
            .await
            .unwrap(),
        1
    );
    assert_eq!(service.forget(&[question], "ann").await.unwrap(), 0);
    assert_eq!(service.decisions().await.unwrap(), []);
    assert!(service.check_journal().await.unwrap() >= 2);
}

#[tokio::test]
async fn a_chosen_record_ends_the_ambiguity_and_takes_the_count() {
    let bench = Bench::new().await;
    let service = bench.service();
    let mapping = service.mapping(month()).await.unwrap();
    let doubled = mapping.records[0].clone();
    let choice = SubscriptionChoice {
        key: Key {
            client: doubled.client.id,
            name: doubled.name.clone(),
        },
        licence: doubled.records[1].id,
    };
    let plan = mapping
        .plan(&[], &[(None, choice.clone())], MapPlace::Field)
        .unwrap();
    let outcome = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(outcome.count(MapWritten::Written), 1);
    assert_eq!(bench.committed(), 0);
    let planned = service.plan(&october()).await.unwrap();
    assert!(
        exceptions_of(&planned)
            .iter()
            .all(|it| it.0 != "ambiguous_subscription")
    );
    let change = planned
        .changes()
        .iter()
        .find(|it| it.key() == choice.key)
        .unwrap();
    assert_eq!(change.licence_id, Some(choice.licence));
    service.apply(planned, approval()).await.unwrap();
    let mapping = service.mapping(month()).await.unwrap();
    assert_eq!(mapping.records[0].chosen, Some(choice.licence));
}

#[tokio::test]
async fn a_record_is_chosen_without_a_user_of_coves_api_where_references_decide() {
    let bench = Bench::new().await;
    let service = bench.service_with("", "", "[match]\nkey = \"reference\"");
    let mapping = service.mapping(month()).await.unwrap();
    let doubled = mapping.records[0].clone();
    let choice = SubscriptionChoice {
        key: Key {
            client: doubled.client.id,
            name: doubled.name.clone(),
        },
        licence: doubled.records[0].id,
    };
    let plan = mapping
        .plan(&[], &[(None, choice.clone())], service.map_place())
        .unwrap();
    assert_eq!(plan.place, MapPlace::Reference);
    let outcome = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(outcome.exit_code(), ExitCode::Done);
    assert_eq!(outcome.count(MapWritten::Written), 1);
    let kept = service.decisions().await.unwrap();
    assert_eq!(kept[0].decision, Decision::Subscription(choice));
}

#[tokio::test]
async fn a_customer_reference_is_written_at_cove_and_never_replaced() {
    let bench = Bench::new().await;
    let wanted = namesake(&bench);
    let text = bench.toml("", "", "[match]\nkey = \"reference\"");
    let settings = Settings::from_toml(&text, "f").unwrap();
    let without = Bench::builder(settings.clone()).build().unwrap();
    let cove = cove(&bench);
    let service = Service::builder(settings, secrets())
        .references(cove)
        .build()
        .unwrap();
    assert_eq!(service.map_place(), MapPlace::Reference);
    let mapping = service.mapping(month()).await.unwrap();
    let plan = mapping
        .plan(std::slice::from_ref(&wanted), &[], MapPlace::Reference)
        .unwrap();
    let unknown_user = without.apply_mapping(&plan, "ann").await.unwrap_err();
    assert_eq!(unknown_user.exit_code(), ExitCode::Usage);
    let reference = || {
        let partners = bench.sandbox.partners();
        let id = wanted.customer.to_string();
        let partner = partners.into_iter().find(|it| it.id.to_string() == id);
        partner.unwrap().external_code
    };
    let outcome = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(outcome.count(MapWritten::Written), 1, "{outcome:?}");
    assert_eq!(reference(), format!("HALO:{}", wanted.client));
    let again = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(again.count(MapWritten::Nothing), 1);

    let id = wanted.customer.as_str().parse().unwrap();
    bench
        .sandbox
        .edit(|world| world.set_external_code(id, "PSA | HALO:1"));
    let kept = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(kept.count(MapWritten::Failed), 1, "{kept:?}");
    assert_eq!(reference(), "PSA | HALO:1");
}

#[tokio::test]
async fn requests_that_write_a_reference_are_counted_with_those_that_read() {
    let bench = Bench::new().await;
    let wanted = namesake(&bench);
    let cove = format!(
        "partner = \"{}\"\nusername = \"{}\"\n[cove.management]\nbase_url = \"{}\"",
        sandbox::MANAGEMENT_PARTNER,
        sandbox::MANAGEMENT_USER,
        bench.sandbox.management_url()
    );
    let text = bench.toml(&cove, "", "[match]\nkey = \"reference\"");
    let with_password = Secrets {
        cove_password: Some(sandbox::MANAGEMENT_PASSWORD.into()),
        ..secrets()
    };
    let settings = Settings::from_toml(&text, "f").unwrap();
    let service = Service::builder(settings, with_password).build().unwrap();
    bench.sandbox.clear_requests();
    let mapping = service.mapping(month()).await.unwrap();
    let plan = mapping.plan(&[wanted], &[], MapPlace::Reference).unwrap();
    let outcome = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(outcome.count(MapWritten::Written), 1, "{outcome:?}");
    let requests = bench.sandbox.requests();
    let of = |service| requests.iter().filter(|it| it.service == service).count();
    assert!(of(Origin::Management) > 1);
    let sent = of(Origin::Management) + of(Origin::Billing);
    assert_eq!(service.requests().cove, sent as u64);
}

#[tokio::test]
async fn a_mapping_plan_of_another_tenant_is_refused_before_anything_is_read() {
    let (trial, live) = (Bench::new().await, Bench::new().await);
    let service_of = |bench: &Bench| {
        let text = bench.toml("", "", "");
        // Without a name, a tenant is known by its address.
        let tenant = format!("tenant = \"{}\"\n", sandbox::TENANT);
        let settings = Settings::from_toml(&text.replace(&tenant, ""), "f").unwrap();
        Bench::builder(settings).build().unwrap()
    };
    let wanted = namesake(&trial);
    for place in [MapPlace::Field, MapPlace::State] {
        let mapping = service_of(&trial).mapping(month()).await.unwrap();
        let plan = mapping
            .plan(std::slice::from_ref(&wanted), &[], place)
            .unwrap();
        let error = service_of(&live)
            .apply_mapping(&plan, "ann")
            .await
            .unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Usage, "{error}");
        assert_eq!(
            error.to_string(),
            format!(
                "the mapping plan was made for account {0} and {1}, not for account {0} and {2}",
                sandbox::ACCOUNT_ID,
                trial.sandbox.halo_url(),
                live.sandbox.halo_url()
            )
        );
        assert!(error.hint().unwrap().starts_with("nothing was written"));
        assert_eq!(live.sandbox.requests().len(), 0);
        assert_eq!(held(&live, wanted.client), None);
        assert!(!live.state().exists());
    }
}

#[tokio::test]
async fn a_name_that_is_another_than_was_agreed_to_stops_everything_before_a_write() {
    let bench = Bench::new().await;
    let service = bench.service();
    let wanted = namesake(&bench);
    let mapping = service.mapping(month()).await.unwrap();
    let doubled = mapping.records[0].clone();
    let choice = SubscriptionChoice {
        key: Key {
            client: doubled.client.id,
            name: doubled.name.clone(),
        },
        licence: doubled.records[1].id,
    };
    let plan = mapping
        .plan(
            std::slice::from_ref(&wanted),
            &[(None, choice)],
            MapPlace::Field,
        )
        .unwrap();
    for (pointer, field) in [
        ("/changes/0/client_name", "name of the client"),
        ("/changes/0/customer_name", "name of the customer"),
        ("/choices/0/client_name", "name of the client"),
        ("/choices/0/record_name", "name of the record"),
    ] {
        let error = service
            .apply_mapping(&edited(&plan, pointer, "Seen Ltd"), "ann")
            .await
            .unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Drift, "{pointer}: {error}");
        let [drift] = error.drift() else {
            panic!("{pointer}: {:?}", error.drift());
        };
        assert_eq!(
            (drift.field.as_str(), drift.planned.as_str()),
            (field, "Seen Ltd")
        );
        assert_ne!(drift.found, "Seen Ltd");
        assert_eq!(bench.committed(), 0);
        assert_eq!(service.decisions().await.unwrap(), []);
    }
    service.apply_mapping(&plan, "ann").await.unwrap();
    // What is there already needs nothing, whatever it is called by now.
    let again = edited(&plan, "/changes/0/client_name", "Seen Ltd");
    let again = service.apply_mapping(&again, "ann").await.unwrap();
    assert_eq!(again.count(MapWritten::Nothing), 2);
}

#[tokio::test]
async fn a_mapping_plan_is_held_against_the_month_it_was_made_for() {
    let bench = Bench::new().await;
    let service = bench.service();
    let mapping = service.mapping(month()).await.unwrap();
    let plan = mapping
        .plan(&[namesake(&bench)], &[], MapPlace::Field)
        .unwrap();
    assert_eq!(plan.period(), month());
    let march = edited(&plan, "/period", "202603");
    let error = service.apply_mapping(&march, "ann").await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift, "{error}");
    assert!(
        error
            .to_string()
            .ends_with("with usage in 202603; `map list` shows the ids"),
        "{error}"
    );
    let outcome = service.apply_mapping(&plan, "ann").await.unwrap();
    assert_eq!(outcome.count(MapWritten::Written), 1);
}

#[tokio::test]
async fn a_reference_that_a_person_wrote_since_the_invoice_is_never_written_over_or_beside() {
    let bench = Bench::new().await;
    let wanted = namesake(&bench);
    let id: u64 = wanted.customer.as_str().parse().unwrap();
    let text = bench.toml("", "", "[match]\nkey = \"reference\"");
    let settings = Settings::from_toml(&text, "f").unwrap();
    let service = Service::builder(settings, secrets())
        .references(cove(&bench))
        .build()
        .unwrap();
    let there = || {
        let partners = bench.sandbox.partners();
        let partner = partners.into_iter().find(|it| it.id == id);
        partner.unwrap().external_code
    };
    let mapping = service.mapping(month()).await.unwrap();
    let plan = mapping
        .plan(std::slice::from_ref(&wanted), &[], MapPlace::Reference)
        .unwrap();
    // The month's invoice shows none of these.
    assert_eq!(plan.changes[0].before, "");
    let own = wanted.client.to_string();
    for (code, written, words) in [
        ("77", MapWritten::Failed, "the reference is `77` by now"),
        ("HALO:77", MapWritten::Failed, "it is not overwritten"),
        ("PSA-7", MapWritten::Failed, "not `` as on the invoice"),
        (own.as_str(), MapWritten::Nothing, ""),
        ("  ", MapWritten::Written, "HALO:"),
    ] {
        bench
            .sandbox
            .edit(|world| world.set_external_code(id, code));
        let done = service.apply_mapping(&plan, "ann").await.unwrap();
        let result = &done.results[0];
        assert_eq!(result.outcome, written, "{code}: {result:?}");
        assert!(result.note.contains(words), "{code}: {result:?}");
        match written {
            MapWritten::Written => assert_eq!(there(), format!("HALO:{own}")),
            _ => assert_eq!(there(), code),
        }
        if written == MapWritten::Failed {
            let way_out = format!("map set {} {own} --to state", wanted.customer);
            assert!(result.note.contains(&way_out), "{result:?}");
        }
    }
}
