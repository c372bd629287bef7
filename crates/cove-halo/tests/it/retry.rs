//! The failed changes of a run against the sandbox, tried again alone; and refused batches, which only the engine halves.

use crate::harness::{Bench, approval, october};
use billing_sync::ids::ClientId;
use billing_sync::plan::{Approval, GuardName, Plan};
use billing_sync::run::{RunReport, RunStatus};
use billing_sync::state::StateStore as _;
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::{Decision, MappingDecision};
use cove_halo::{ExitCode, FollowUp};
use sandbox::{BatchFailure, Fault, FaultKind, Sandbox, Service as Origin, Switches, When};

fn every_reason() -> Approval {
    GuardName::ALL
        .into_iter()
        .fold(approval(), |approval, guard| {
            approval.overriding(guard, "seen")
        })
}

fn keys(plan: &Plan) -> Vec<String> {
    plan.writes().map(|it| it.key().to_string()).collect()
}

#[tokio::test]
async fn what_failed_is_tried_again_alone_and_only_that() {
    let bench = Bench::new().await;
    let service = bench.service_with("", "write_batch = 5\n", "");
    let plan = service.plan(&october()).await.unwrap();
    let licences = |it: &&sandbox::LoggedRequest| it.path.contains("SoftwareLicence");
    let pages = bench.sandbox.requests().iter().filter(licences).count() as u64;
    bench.sandbox.clear_requests();
    // After the check of the target and one batch, the server takes no more writes.
    let second_batch = When::NthOf {
        service: Origin::Halo,
        path_contains: "SoftwareLicence".to_owned(),
        nth: pages + 2,
    };
    bench
        .sandbox
        .set_faults(vec![Fault::new(second_batch, FaultKind::Status(403))]);
    let run = service.apply(plan, approval()).await.unwrap().report;
    bench.sandbox.clear_faults();
    assert_eq!(run.status, RunStatus::Partial);
    assert!(run.applied() > 0 && run.failed() > 0);
    let failed: Vec<String> = run
        .changes
        .iter()
        .filter(|it| it.outcome.is_failed())
        .map(|it| it.change.key().to_string())
        .collect();

    let (of, planned) = service
        .plan_follow_up(&FollowUp::Retry(None))
        .await
        .unwrap();
    assert_eq!((of, keys(&planned)), (run.run_id.clone(), failed.clone()));
    let again = FollowUp::Retry(Some(run.run_id.clone()));
    let outcome = service.follow_up(&again, every_reason()).await.unwrap();
    assert_eq!(keys(&outcome.sync.plan), failed);
    let report = &outcome.sync.run.as_ref().unwrap().report;
    assert_eq!(
        (report.status, report.verified()),
        (RunStatus::Applied, failed.len())
    );
    assert_eq!(outcome.exit_code(), ExitCode::Done);
    assert_eq!(outcome.to_json()["retry_of"], run.run_id.as_str());
    bench.assert_as_expected();
    assert_eq!(service.history(10).await.unwrap().len(), 2);

    let again = service.follow_up(&again, approval()).await.unwrap();
    assert!(again.sync.run.is_none(), "nothing is left of it");
    assert_eq!(service.history(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_of_other_rules_is_planned_anew_and_not_tried_again() {
    let bench = Bench::new().await;
    let error = bench
        .service()
        .plan_follow_up(&FollowUp::Retry(None))
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    bench.service().sync(&october(), approval()).await.unwrap();
    let other = bench.service_with("", "", "[guard]\nmax_zeroed = 9\n");
    bench.sandbox.clear_requests();
    let error = other
        .follow_up(&FollowUp::Retry(None), approval())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.hint().is_some_and(|hint| hint.contains("new plan")));
    assert_eq!(bench.committed(), 0);
}

/// A run whose writes after the first batch were refused.
async fn half_done(bench: &Bench) -> RunReport {
    let service = bench.service_with("", "write_batch = 5\n", "");
    bench.sandbox.clear_requests();
    let second_batch = When::NthOf {
        service: Origin::Halo,
        path_contains: "SoftwareLicence".to_owned(),
        nth: licence_pages(bench).await + 2,
    };
    bench
        .sandbox
        .set_faults(vec![Fault::new(second_batch, FaultKind::Status(403))]);
    let run = service.sync(&october(), approval()).await.unwrap().run;
    bench.sandbox.clear_faults();
    let report = run.unwrap().report;
    assert_eq!(report.status, RunStatus::Partial);
    bench.sandbox.clear_requests();
    report
}

/// Requests that the list of licences takes.
async fn licence_pages(bench: &Bench) -> u64 {
    bench.service().plan(&october()).await.unwrap();
    let licences = |it: &&sandbox::LoggedRequest| it.path.contains("SoftwareLicence");
    let pages = bench.sandbox.requests().iter().filter(licences).count();
    bench.sandbox.clear_requests();
    pages as u64
}

#[tokio::test]
async fn a_run_is_not_tried_again_once_another_one_billed_its_month() {
    let bench = Bench::new().await;
    let first = half_done(&bench).await;
    let service = bench.service();
    let newer = service.sync(&october(), approval()).await.unwrap();
    let newer = newer.run.unwrap().report.run_id;
    bench.sandbox.clear_requests();
    let again = FollowUp::Retry(Some(first.run_id));
    for error in [
        service.follow_up(&again, every_reason()).await.unwrap_err(),
        service.plan_follow_up(&again).await.unwrap_err(),
    ] {
        assert_eq!(error.exit_code(), ExitCode::Drift);
        let message = format!("run {newer} of 202610 began since the plan was made");
        assert_eq!(error.message(), message);
        assert!(error.hint().is_some_and(|hint| hint.contains("a new plan")));
    }
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn the_rest_of_a_run_is_not_sent_under_other_rules_or_decisions() {
    let bench = Bench::new().await;
    half_done(&bench).await;
    let other = bench.service_with("", "", "[guard]\nmax_zeroed = 9\n");
    let error = other.resume().await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift);
    assert!(error.message().contains("other rules"), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("`plan` or `sync`"), "{hint}");

    let store = SqliteStore::open(bench.state()).unwrap();
    let decision = Decision::Customer(MappingDecision {
        customer: "nobody".into(),
        client: ClientId::new(1),
    });
    let at = "2026-11-06T06:00:00.000Z";
    store.decide(&[decision], "ann", at).await.unwrap();
    let service = bench.service();
    let error = service.resume().await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift);
    assert!(error.message().contains("a decision"), "{error}");
    assert_eq!(bench.committed(), 0);
    let report = service.sync(&october(), approval()).await.unwrap();
    assert_eq!(report.run.unwrap().report.status, RunStatus::Applied);
    bench.assert_as_expected();
}

#[tokio::test]
async fn every_half_of_a_refused_batch_stands_in_the_journal() {
    let bench = Bench::with(Sandbox::builder().switches(Switches {
        batch_failure: BatchFailure::AllOrNothing,
        rate_limit: None,
        ..Switches::default()
    }))
    .await;
    // No server takes a name of more than 500 characters.
    let service = bench.service_with(
        "",
        "",
        &format!(
            "[[rule]]\nservice = \"Cove Data Protection | Documents\"\nname = \"{}\"\n",
            "x".repeat(501)
        ),
    );
    let run = service.sync(&october(), approval()).await.unwrap();
    let report = run.run.unwrap().report;
    assert!(report.failed() > 0 && report.applied() > 0);
    let store = SqliteStore::open_read_only(bench.state()).unwrap();
    let journal = store.journal(&report.run_id).await.unwrap();
    let started = journal.iter().filter(|row| row.event == "started").count();
    let sent: usize = bench
        .sandbox
        .requests()
        .iter()
        .filter(|it| it.method == "POST" && it.path.contains("SoftwareLicence"))
        .count();
    assert!(started > report.changes.len(), "{started}");
    assert!(sent > 1 && sent <= started, "{sent} of {started}");
}
