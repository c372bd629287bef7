//! Servers that fail: nothing is written twice, nothing is guessed, and every error says what to do.

use crate::harness::{Bench, approval, october, secrets};
use billing_sync::plan::{Change, GuardName, Plan};
use billing_sync::run::RunStatus;
use cove_halo::{ExitCode, Secrets, Service, Settings};
use sandbox::{Fault, FaultKind, Sandbox, Service as Origin, When};
use std::collections::BTreeMap;

/// A plan applied against a server that stores what it is sent, but whose answers no longer arrive once the target was
/// checked.
async fn lose_every_answer(bench: &Bench) -> billing_sync::run::RunReport {
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    // The check reads the lists of clients and of licences again.
    let lists = ["/Client", "/SoftwareLicence"];
    let is_list = |request: &&sandbox::LoggedRequest| {
        request.method == "GET" && lists.iter().any(|list| request.path.ends_with(list))
    };
    let pages = bench.sandbox.requests().iter().filter(is_list).count() as u64;
    bench.sandbox.clear_requests();
    bench.sandbox.set_faults(
        (pages + 1..400)
            .map(|nth| Fault::new(When::Nth(nth), FaultKind::ResetAfterCommit))
            .collect(),
    );
    let run = service.apply(plan, approval()).await.unwrap();
    bench.sandbox.clear_faults();
    bench.sandbox.clear_requests();
    assert_eq!(run.report.status, RunStatus::Unknown);
    assert_eq!(run.report.unknown(), run.report.changes.len());
    assert_eq!(run.exit_code(), ExitCode::Unknown);
    assert_eq!(run.to_json()["status"], "unknown");
    run.report
}

fn nth_write(nth: u64, kind: FaultKind) -> Vec<Fault> {
    vec![Fault::new(
        When::NthOf {
            service: Origin::Halo,
            path_contains: "SoftwareLicence".to_owned(),
            nth,
        },
        kind,
    )]
}

/// The changes without what the vendor charged: the month as a whole states no prices.
fn unpriced(plan: &Plan) -> Vec<Change> {
    let mut changes = plan.changes().to_vec();
    for source in changes.iter_mut().flat_map(|change| &mut change.sources) {
        source.amount = None;
    }
    changes
}

/// (client, name) pairs with more live subscriptions than one, apart from those the world began with.
fn duplicates(bench: &Bench) -> BTreeMap<(i64, String), usize> {
    let mut counts: BTreeMap<(i64, String), usize> = BTreeMap::new();
    for record in bench.sandbox.subscriptions() {
        if record.kind == 1 && record.is_active && !record.deleted {
            *counts.entry((record.client_id, record.name)).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count > 1);
    counts
}

#[tokio::test]
async fn a_fault_while_writing_or_reading_back_leads_to_no_duplicate_and_the_next_run_repairs_it() {
    // Requests 1 and 2 are the plan's list; then come the write and the reading back. Every other request and kind of fault,
    // in a smaller world: `tests/it/faults.rs`.
    for kind in [
        FaultKind::ResetAfterCommit,
        FaultKind::StatusAfterCommit(500),
        FaultKind::ResetBeforeCommit,
        FaultKind::MalformedJson,
    ] {
        for nth in 3..=4 {
            let bench = Bench::with(Sandbox::builder().customers(40)).await;
            let begun = duplicates(&bench);
            bench.sandbox.set_faults(nth_write(nth, kind.clone()));
            let first = bench.service().sync(&october(), approval()).await;
            assert_eq!(duplicates(&bench), begun, "{kind:?} at {nth}: {first:?}");
            bench.sandbox.clear_faults();
            // What is left to do may be most of the work, so the limits are not what is tested here.
            let approval = approval().overriding(GuardName::MaxChangedPercent, "test");
            bench.service().sync(&october(), approval).await.unwrap();
            assert_eq!(duplicates(&bench), begun, "{kind:?} at {nth}");
            bench.assert_as_expected();
        }
    }
}

#[tokio::test]
async fn writes_of_unknown_outcome_end_with_7_and_resume_settles_them() {
    let bench = Bench::new().await;
    let lost = lose_every_answer(&bench).await;
    let resumed = bench.service().resume().await.unwrap().unwrap();
    assert_eq!(resumed.report.run_id, lost.run_id);
    assert_eq!(resumed.report.status, RunStatus::Applied);
    bench.assert_as_expected();
    assert!(bench.service().resume().await.unwrap().is_none());
}

#[tokio::test]
async fn a_sync_settles_an_unfinished_run_before_it_plans() {
    let bench = Bench::new().await;
    let lost = lose_every_answer(&bench).await;
    let outcome = bench.service().sync(&october(), approval()).await.unwrap();
    let settled = outcome.settled.as_ref().unwrap();
    assert_eq!(settled.run_id, lost.run_id);
    assert_eq!(settled.unknown(), 0);
    assert_eq!(outcome.to_json()["settled"]["run_id"], lost.run_id.as_str());
    bench.assert_as_expected();
}

#[tokio::test]
async fn apply_refuses_while_an_earlier_run_is_not_settled() {
    let bench = Bench::new().await;
    lose_every_answer(&bench).await;
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    let error = service.apply(plan, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Unknown);
    assert!(error.hint().unwrap().contains("resume"));
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn an_unfinished_run_can_be_settled_before_a_plan_is_shown() {
    let bench = Bench::new().await;
    assert_eq!(bench.service().settle_earlier().await.unwrap(), None);
    assert!(!bench.state().exists());
    let lost = lose_every_answer(&bench).await;
    let service = bench.service();
    let settled = service.settle_earlier().await.unwrap().unwrap();
    assert_eq!(
        (settled.run_id, settled.changes.len()),
        (lost.run_id, lost.changes.len())
    );
    assert_eq!(bench.committed(), 0, "settling reads");
    let month = service.plan_month(&october()).await.unwrap();
    service.apply_month(month, approval()).await.unwrap();
    bench.assert_as_expected();
}

#[tokio::test]
async fn usage_that_breaks_off_is_an_error_and_never_a_shorter_month() {
    for kind in [
        FaultKind::TruncatedBody,
        FaultKind::Html200,
        FaultKind::MalformedJson,
        FaultKind::Status(500),
        FaultKind::NullBody,
    ] {
        let bench = Bench::new().await;
        let whole = bench.service().plan(&october()).await.unwrap();
        for call in ["PSAUsageDetailsDevices", "PSAUsageByTimeFrame"] {
            let faults = (1..40)
                .map(|nth| {
                    let when = When::NthOf {
                        service: Origin::Billing,
                        path_contains: call.to_owned(),
                        nth,
                    };
                    Fault::new(when, kind.clone())
                })
                .collect();
            bench.sandbox.set_faults(faults);
            match bench.service().plan(&october()).await {
                Err(error) => {
                    assert_eq!(
                        error.exit_code(),
                        ExitCode::Failure,
                        "{kind:?} {call}: {error}"
                    );
                    assert!(!error.to_string().contains('\n'), "{error}");
                }
                // An answer without any usage is how the vendor answers wrong ids: planned, but not to be applied.
                // What the invoices name and do not show is then taken from the month as a whole, if it is there.
                Ok(plan) if plan.gaps().is_empty() => {
                    assert_eq!(call, "PSAUsageDetailsDevices");
                    assert_eq!(unpriced(&plan), unpriced(&whole), "{kind:?}");
                }
                Ok(plan) => {
                    let error = bench.service().apply(plan, approval()).await.unwrap_err();
                    assert_eq!(error.exit_code(), ExitCode::Guard, "{kind:?} {call}");
                }
            }
        }
        assert_eq!(bench.committed(), 0);
    }
}

#[tokio::test]
async fn reads_survive_what_passes_by_itself() {
    let bench = Bench::new().await;
    bench.sandbox.set_faults(vec![
        Fault::new(When::Nth(2), FaultKind::Status(503)),
        Fault::new(When::Nth(5), FaultKind::ResetBeforeCommit),
        Fault::new(When::Nth(9), FaultKind::Status(502)),
        Fault::new(When::Nth(11), FaultKind::TruncatedBody),
    ]);
    let service = bench.service();
    service.sync(&october(), approval()).await.unwrap();
    bench.assert_as_expected();
    assert!(service.requests().retries > 0);
}

#[tokio::test]
async fn what_is_set_wrong_is_said_in_one_line_with_a_hint() {
    let bench = Bench::new().await;
    let good = secrets();
    let with =
        |settings: Settings, secrets: Secrets| Service::builder(settings, secrets).build().unwrap();
    let toml = |from: &str, to: &str| {
        let text = bench.toml("", "", "").replace(from, to);
        Settings::from_toml(&text, "f").unwrap()
    };
    let wrong_key = Secrets {
        cove_api_key: Some("wrong-canary".into()),
        ..good.clone()
    };
    let wrong_secret = Secrets {
        halo_client_secret: "wrong-canary".into(),
        ..good.clone()
    };
    for (what, service) in [
        ("key", with(bench.settings(), wrong_key)),
        ("secret", with(bench.settings(), wrong_secret)),
        (
            "tenant",
            with(
                toml("tenant = \"sandbox\"", "tenant = \"other\""),
                good.clone(),
            ),
        ),
        (
            "field",
            with(toml("\"CoveCustomerId\"", "\"NoSuchField\""), good.clone()),
        ),
        (
            "account",
            with(toml(sandbox::ACCOUNT_ID, "001"), good.clone()),
        ),
    ] {
        let error = service.plan(&october()).await.unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Usage, "{what}: {error}");
        assert!(error.hint().is_some(), "{what}: {error}");
        assert!(!error.to_string().contains('\n'), "{what}: {error}");
        assert!(!format!("{error:?} {error}").contains("canary"), "{what}");
    }
    assert_eq!(bench.committed(), 0);
}
