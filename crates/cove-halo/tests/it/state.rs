//! The state file: who may use it, what it tells later, and what `doctor` says about everything.

use crate::harness::{Bench, approval, month, october};
use billing_sync::SubscriptionChoice;
use billing_sync::ids::{Key, LicenceId};
use billing_sync::plan::{ChangeKind, Plan};
use billing_sync::run::{Outcome, RunStatus};
use billing_sync::state::{JournalEntry, MemoryStore, NewRun, StateStore};
use billing_sync::testing::{create, plan_of};
use cove_halo::map::MapPlace;
use cove_halo::{CheckState, ExitCode};
use sandbox::{Fault, FaultKind, Service as Origin, When};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[tokio::test]
async fn a_second_run_at_the_same_time_is_refused() {
    let bench = Bench::new().await;
    let held = billing_sync::state::sqlite::SqliteStore::open(bench.state()).unwrap();
    let lock = billing_sync::state::StateStore::lock(&held).await.unwrap();
    let service = bench.service();
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Locked);
    assert!(error.hint().is_some());
    assert_eq!(
        bench.service().resume().await.unwrap_err().exit_code(),
        ExitCode::Locked
    );
    assert!(bench.sandbox.requests().is_empty(), "the lock comes first");
    drop(lock);
    service.sync(&october(), approval()).await.unwrap();
}

#[tokio::test]
async fn a_state_file_of_another_tenant_is_refused() {
    let bench = Bench::new().await;
    bench.service().sync(&october(), approval()).await.unwrap();
    let elsewhere = Bench::new().await;
    elsewhere.sandbox.clear_requests();
    let mut settings = elsewhere.settings();
    settings.halo.tenant = None;
    settings.state.path = bench.state();
    let service = Bench::builder(settings).build().unwrap();
    let planned = service.plan(&october()).await.unwrap_err();
    let synced = service.sync(&october(), approval()).await.unwrap_err();
    let verified = service.verify(None).await.unwrap_err();
    let requests = elsewhere.sandbox.requests().len();
    assert_eq!(requests, 0, "its ids mean other records there");
    let checks = service.doctor().await;
    let check = checks.iter().find(|check| check.name == "state").unwrap();
    assert_eq!(check.state, CheckState::Problem);
    assert!(check.detail.contains("belongs to account"), "{check:?}");
    for error in [planned, synced, verified] {
        assert_eq!(error.exit_code(), ExitCode::Usage, "{error}");
        assert!(error.to_string().contains("belongs to account"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("file")));
    }
    bench.service().sync(&october(), approval()).await.unwrap();
}

#[tokio::test]
async fn history_tells_what_was_done_and_the_journal_is_whole() {
    let bench = Bench::new().await;
    assert_eq!(bench.service().history(10).await.unwrap(), []);
    assert_eq!(bench.service().check_journal().await.unwrap(), 0);
    assert!(bench.service().resume().await.unwrap().is_none());
    assert!(!bench.state().exists(), "looking makes no file");
    let run = bench
        .service()
        .sync(&october(), approval())
        .await
        .unwrap()
        .run
        .unwrap();

    let service = bench.service();
    let [summary] = service.history(10).await.unwrap().try_into().unwrap();
    assert_eq!(summary.run_id, run.report.run_id);
    assert_eq!(summary.approved_by, "test");
    assert_eq!(summary.applied, run.report.applied() as u64);
    let stored = service.history_of(&summary.run_id).await.unwrap().unwrap();
    assert_eq!(stored.changes, run.report.changes);
    assert!(
        service
            .history_of(&"no-such-run".into())
            .await
            .unwrap()
            .is_none()
    );
    assert!(service.check_journal().await.unwrap() > 0);
}

#[tokio::test]
async fn verifying_without_any_run_says_that_there_is_none() {
    let bench = Bench::new().await;
    let error = bench.service().verify(None).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    bench.service().sync(&october(), approval()).await.unwrap();
    let error = bench
        .service()
        .verify(Some(&"no-such-run".into()))
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.message().contains("no-such-run"));
}

#[tokio::test]
async fn a_file_that_is_no_state_file_is_refused_and_left_alone() {
    let bench = Bench::new().await;
    std::fs::write(bench.state(), "my notes").unwrap();
    let error = bench
        .service()
        .sync(&october(), approval())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Failure);
    assert_eq!(std::fs::read_to_string(bench.state()).unwrap(), "my notes");
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn doctor_finds_what_is_odd_and_writes_nothing() {
    let bench = Bench::new().await;
    let checks = bench.service().doctor().await;
    let state = |name: &str| {
        checks
            .iter()
            .find(|check| check.name == name)
            .unwrap_or_else(|| panic!("no check {name} in {checks:?}"))
    };
    assert_eq!(state("settings").state, CheckState::Ok);
    assert_eq!(state("N-able login").state, CheckState::Ok);
    assert_eq!(state("HaloPSA login").state, CheckState::Ok);
    assert_eq!(state("custom field").state, CheckState::Ok);
    assert_eq!(state("clock").state, CheckState::Ok);
    assert_eq!(state("TLS").state, CheckState::Ok);
    assert_eq!(state("rights").state, CheckState::Ok);
    assert_eq!(
        state("clients").state,
        CheckState::Warning,
        "two clients claim one id"
    );
    assert_eq!(
        state("subscriptions").state,
        CheckState::Warning,
        "two of one name"
    );
    assert_eq!(state("request budget").state, CheckState::Ok);
    assert_eq!(state("state").state, CheckState::Ok);
    assert_eq!(bench.committed(), 0);
    assert!(!bench.state().exists());
}

#[tokio::test]
async fn doctor_names_clients_that_look_synced_but_hold_no_id() {
    let bench = Bench::new().await;
    let synced = bench.service().plan(&october()).await.unwrap();
    let kept = |change: &&billing_sync::plan::Change| change.before.is_some_and(|count| count > 0);
    let client = synced.changes().iter().find(kept).unwrap().client_id.get();
    bench
        .sandbox
        .edit(|world| world.set_custom_field(client, ""));
    let checks = bench.service().doctor().await;
    let check = checks.iter().find(|check| check.name == "clients").unwrap();
    assert_eq!(check.state, CheckState::Warning);
    let blank = check.detail.split("blank, though").nth(1).unwrap();
    assert!(blank.contains(&client.to_string()), "{check:?}");
}

#[tokio::test]
async fn doctor_hints_at_what_goes_on_with_an_unfinished_run() {
    let at = || "2026-11-05T06:00:00.000Z".to_owned();
    for (outcome, hint, resumes) in [
        (Outcome::Rejected, "`resume` goes on", true),
        (Outcome::Mismatch, "`sync` plans them anew", false),
    ] {
        let bench = Bench::new().await;
        let store = Arc::new(MemoryStore::new());
        let plan = plan_of("202610".parse().unwrap(), vec![create(1, "A", 5)]);
        let run_id = "run-1".into();
        let run = NewRun {
            run_id: &run_id,
            plan: &plan,
            approved_by: "test",
            overrides: &BTreeMap::new(),
            at: at(),
        };
        store.begin_run(&run).await.unwrap();
        let mut record = store.run(&run_id).await.unwrap().unwrap().changes.remove(0);
        record.outcome = outcome;
        let entry = JournalEntry { record, at: at() };
        store.record(&run_id, &[entry]).await.unwrap();
        let ended_at = at();
        let ended = store.finish_run(&run_id, RunStatus::Partial, &ended_at);
        ended.await.unwrap();
        let service = Bench::builder(bench.settings())
            .store(store)
            .build()
            .unwrap();
        let checks = service.doctor().await;
        let check = checks.iter().find(|check| check.name == "state").unwrap();
        assert_eq!(check.state, CheckState::Warning);
        let found = check.hint.as_deref().unwrap();
        assert!(found.contains(hint), "{found}");
        if !resumes {
            let resumed = service.resume().await.unwrap().unwrap();
            assert_eq!(resumed.report.run_id, run_id);
            assert_eq!(resumed.report.failed(), 1);
            assert_eq!(resumed.exit_code(), ExitCode::Failure);
        }
    }
}

#[tokio::test]
async fn doctor_needs_no_page_that_tells_where_to_log_in() {
    let bench = Bench::new().await;
    let unserved = (1..9).map(|nth| {
        let when = When::NthOf {
            service: Origin::Halo,
            path_contains: "authinfo".to_owned(),
            nth,
        };
        Fault::new(when, FaultKind::Status(404))
    });
    bench.sandbox.set_faults(unserved.collect());
    let checks = bench.service().doctor().await;
    let problems: Vec<_> = checks
        .iter()
        .filter(|check| check.state == CheckState::Problem)
        .collect();
    assert_eq!(problems, Vec::<&cove_halo::Check>::new());
    let clock = checks.iter().find(|check| check.name == "clock").unwrap();
    assert_eq!(clock.state, CheckState::Ok, "{clock:?}");
}

#[tokio::test]
async fn doctor_goes_on_after_a_problem() {
    let bench = Bench::new().await;
    let text = bench.toml("", "", "").replace("\"sandbox\"", "\"other\"");
    let mut settings = cove_halo::Settings::from_toml(&text, "f").unwrap();
    settings.state.path = bench.state().with_file_name("nowhere").join("state.db");
    let checks = Bench::builder(settings).build().unwrap().doctor().await;
    let of = |name: &str| checks.iter().find(|check| check.name == name).unwrap();
    assert_eq!(of("HaloPSA login").state, CheckState::Problem);
    assert!(of("HaloPSA login").hint.is_some());
    assert_eq!(of("clients").state, CheckState::Warning);
    assert_eq!(of("state").state, CheckState::Problem);
    assert!(of("state").detail.contains("there is no folder"));
}

fn keys_of(plan: &Plan, kind: ChangeKind) -> BTreeSet<Key> {
    let changes = plan.changes().iter().filter(|it| it.kind == kind);
    changes.map(billing_sync::plan::Change::key).collect()
}

fn record_of(plan: &Plan, key: &Key) -> Option<(ChangeKind, Option<LicenceId>)> {
    let change = plan.changes().iter().find(|it| it.key() == *key)?;
    Some((change.kind, change.licence_id))
}

/// As `docs/operations.md` has it under "If the state file is lost".
#[tokio::test]
async fn what_a_lost_state_file_costs_and_how_it_is_got_back() {
    let bench = Bench::new().await;
    let before = bench.service();
    before.sync(&month(202_609), approval()).await.unwrap();
    let known = before.plan(&october()).await.unwrap();
    let left = keys_of(&known, ChangeKind::Zero);
    let new = keys_of(&known, ChangeKind::Create);
    assert!(!left.is_empty(), "customers left");
    let mut changes = known.changes().iter();
    let renamed = changes.find(|it| it.kind == ChangeKind::Update).unwrap();
    let (key, id) = (renamed.key(), renamed.licence_id.unwrap());
    bench.sandbox.edit(|world| {
        assert!(world.rename_subscription(id.get(), "Backup of the office"));
    });
    let known = before.plan(&october()).await.unwrap();
    assert_eq!(
        record_of(&known, &key),
        Some((ChangeKind::Update, Some(id)))
    );

    std::fs::remove_file(bench.state()).unwrap();
    let after = bench.service();
    let lost = after.plan(&october()).await.unwrap();
    assert_eq!(
        record_of(&lost, &key),
        Some((ChangeKind::Create, None)),
        "a second one beside it"
    );
    for key in &left {
        assert_eq!(record_of(&lost, key), None, "nobody remembers {key:?}");
    }

    let choice = SubscriptionChoice {
        key: key.clone(),
        licence: id,
    };
    let mapping = after.mapping(october().period).await.unwrap();
    let adopted = mapping
        .plan(&[], &[(None, choice)], MapPlace::Field)
        .unwrap();
    after.apply_mapping(&adopted, "ann").await.unwrap();
    let found = after.plan(&october()).await.unwrap();
    assert_eq!(
        record_of(&found, &key),
        Some((ChangeKind::Update, Some(id)))
    );
    assert_eq!(keys_of(&found, ChangeKind::Create), new);
}
