//! A run taken back against the sandbox: everything is as it was, guarded, and the next sync bills again.

use crate::harness::{Bench, approval, october};
use billing_sync::ids::RunId;
use billing_sync::plan::{Approval, ChangeKind, ExceptionKind, GuardName};
use billing_sync::run::RunStatus;
use cove_halo::{ExitCode, FollowUp};
use std::collections::{BTreeMap, BTreeSet};

fn taking_back(run: &RunId) -> FollowUp {
    FollowUp::Revert(run.clone())
}

fn every_reason() -> Approval {
    GuardName::ALL
        .into_iter()
        .fold(approval(), |approval, guard| {
            approval.overriding(guard, "wrong month")
        })
}

#[tokio::test]
async fn a_run_taken_back_leaves_what_was_there_before_and_zeros_what_it_made() {
    let bench = Bench::new().await;
    let service = bench.service();
    let before: BTreeMap<i64, i64> = bench
        .sandbox
        .subscriptions()
        .into_iter()
        .map(|record| (record.id, record.count))
        .collect();
    let run = service.sync(&october(), approval()).await.unwrap();
    let run = run.run.unwrap().report;
    let made: BTreeSet<i64> = run
        .changes
        .iter()
        .filter(|it| it.change.kind == ChangeKind::Create)
        .map(|it| it.written_id.unwrap().get())
        .collect();
    assert!(!made.is_empty() && made.len() < run.changes.len());

    let outcome = service
        .follow_up(&taking_back(&run.run_id), every_reason())
        .await
        .unwrap();
    assert_eq!(outcome.exit_code(), ExitCode::Done);
    let report = &outcome.sync.run.as_ref().unwrap().report;
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(report.verified(), run.changes.len());
    for record in bench.sandbox.subscriptions() {
        if made.contains(&record.id) {
            assert_eq!((record.count, record.deleted), (0, false), "{record:?}");
        } else {
            assert_eq!(Some(&record.count), before.get(&record.id), "{record:?}");
        }
    }
    let document = outcome.to_json();
    assert_eq!(document["revert_of"], run.run_id.as_str());
    assert_eq!(document["status"], "applied");
    assert_eq!(document["left_alone"], serde_json::json!([]));

    // The vendor's numbers come again, on the same records.
    let records = bench.sandbox.subscriptions().len();
    service.sync(&october(), every_reason()).await.unwrap();
    bench.assert_as_expected();
    assert_eq!(bench.sandbox.subscriptions().len(), records);
}

#[tokio::test]
async fn the_limits_of_the_settings_stop_a_revert_too() {
    let bench = Bench::new().await;
    let service = bench.service();
    let run = service.sync(&october(), approval()).await.unwrap();
    let live = bench.live();
    bench.sandbox.clear_requests();
    let refused = service
        .follow_up(&taking_back(&run.run.unwrap().report.run_id), approval())
        .await
        .unwrap_err();
    assert_eq!(refused.exit_code(), ExitCode::Guard);
    let plan = refused.plan().unwrap();
    assert!(plan.writes().count() > 0);
    assert_eq!(bench.committed(), 0);
    assert_eq!(bench.live(), live);
}

#[tokio::test]
async fn what_a_person_edited_since_is_left_alone_and_said() {
    let bench = Bench::new().await;
    let service = bench.service();
    let run = service.sync(&october(), approval()).await.unwrap();
    let run = run.run.unwrap().report;
    let edited = run.changes[0].written_id.unwrap();
    bench
        .sandbox
        .edit(|world| world.set_count(edited.get(), 4711));
    let outcome = service
        .follow_up(&taking_back(&run.run_id), every_reason())
        .await
        .unwrap();
    assert_eq!(outcome.exit_code(), ExitCode::Exceptions);
    let [left] = outcome.sync.plan.exceptions() else {
        panic!("{:?}", outcome.sync.plan.exceptions());
    };
    assert_eq!(left.kind, ExceptionKind::ChangedSince);
    assert!(left.detail.contains("it has 4711 now"), "{}", left.detail);
    let record = bench
        .sandbox
        .subscriptions()
        .into_iter()
        .find(|record| record.id == edited.get())
        .unwrap();
    assert_eq!(record.count, 4711);
}

#[tokio::test]
async fn a_second_revert_has_nothing_to_write_and_begins_no_run() {
    let bench = Bench::new().await;
    let service = bench.service();
    let run = service.sync(&october(), approval()).await.unwrap();
    let run = run.run.unwrap().report.run_id;
    service
        .follow_up(&taking_back(&run), every_reason())
        .await
        .unwrap();
    let runs = service.history(10).await.unwrap().len();
    bench.sandbox.clear_requests();
    let again = service
        .follow_up(&taking_back(&run), approval())
        .await
        .unwrap();
    assert!(again.sync.run.is_none());
    assert_eq!(again.exit_code(), ExitCode::Done);
    assert_eq!(again.to_json()["status"], "nothing");
    assert_eq!(bench.committed(), 0);
    assert_eq!(service.history(10).await.unwrap().len(), runs);
}

#[tokio::test]
async fn planning_a_revert_writes_nothing_and_an_unknown_run_is_usage() {
    let bench = Bench::new().await;
    let service = bench.service();
    let nothing = service
        .plan_follow_up(&taking_back(&"no-run".into()))
        .await
        .unwrap_err();
    assert_eq!(nothing.exit_code(), ExitCode::Usage);
    assert!(!bench.state().exists());
    let run = service.sync(&october(), approval()).await.unwrap();
    let run = run.run.unwrap().report.run_id;
    bench.sandbox.clear_requests();
    let (of, plan) = service.plan_follow_up(&taking_back(&run)).await.unwrap();
    assert_eq!(of, run);
    assert!(plan.writes().count() > 0);
    assert!(plan.requests().read > 0);
    assert_eq!(bench.committed(), 0);
    let unknown = service
        .plan_follow_up(&taking_back(&"no-run".into()))
        .await
        .unwrap_err();
    assert_eq!(unknown.exit_code(), ExitCode::Usage);
    assert!(unknown.message().contains("no-run"));
}
