//! The main job: plan, apply, read back, and a second run that has nothing to do.

use crate::harness::{Bench, PERIOD, approval, october};
use billing_sync::run::RunStatus;
use billing_sync::state::{MemoryStore, StateStore};
use billing_sync::testing::FaultyStore;
use cove_halo::{ExitCode, plan_exit_code};
use sandbox::Service as Origin;
use std::sync::Arc;

#[tokio::test]
async fn one_sync_leaves_every_subscription_as_the_judge_expects() {
    let bench = Bench::new().await;
    let service = bench.service();
    let outcome = service.sync(&october(), approval()).await.unwrap();
    bench.assert_as_expected();
    let run = outcome.run.unwrap();
    assert_eq!(run.report.status, RunStatus::Applied);
    assert_eq!(run.report.verified(), run.report.changes.len());
    assert!(!run.report.changes.is_empty());
    assert_eq!(run.exit_code(), ExitCode::Exceptions);
    assert_eq!(plan_exit_code(&outcome.plan), ExitCode::Exceptions);
    assert!(outcome.plan.ledger().balances());
}

#[tokio::test]
async fn a_second_sync_writes_nothing() {
    let bench = Bench::new().await;
    bench.service().sync(&october(), approval()).await.unwrap();
    let live = bench.live();
    bench.sandbox.clear_requests();
    let again = bench.service().sync(&october(), approval()).await.unwrap();
    let summary = again.plan.summary();
    assert_eq!((summary.create, summary.update, summary.zero), (0, 0, 0));
    assert_eq!(again.run.unwrap().report.status, RunStatus::Nothing);
    assert_eq!(bench.committed(), 0);
    assert!(
        bench
            .sandbox
            .requests()
            .iter()
            .all(|request| request.method != "POST" || request.service != Origin::Halo)
    );
    assert_eq!(bench.live(), live);
}

#[tokio::test]
async fn usage_that_cannot_be_kept_stops_a_sync_before_anything_is_sent() {
    let bench = Bench::new().await;
    let inner: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
    let store = FaultyStore::new(Arc::clone(&inner)).without_usage();
    let service = Bench::builder(bench.settings())
        .store(Arc::new(store))
        .build()
        .unwrap();
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Failure);
    let month = service.plan_month(&october()).await.unwrap();
    let error = service.apply_month(month, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Failure);
    assert_eq!(bench.committed(), 0);
    assert_eq!(inner.runs(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_sync_that_asks_keeps_the_usage_of_the_month_like_one_that_does_not() {
    let mut kept = Vec::new();
    for asks in [false, true] {
        let bench = Bench::new().await;
        let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
        let service = Bench::builder(bench.settings())
            .store(Arc::clone(&store))
            .build()
            .unwrap();
        if asks {
            let month = service.plan_month(&october()).await.unwrap();
            assert!(month.plan().writes().count() > 0);
            service.apply_month(month, approval()).await.unwrap();
        } else {
            service.sync(&october(), approval()).await.unwrap();
        }
        bench.assert_as_expected();
        kept.push(store.usage(october().period.unwrap()).await.unwrap());
    }
    assert!(!kept[0].is_empty());
    assert_eq!(kept[0], kept[1]);
}

#[tokio::test]
async fn the_vendor_units_of_the_ledger_are_the_judges() {
    let bench = Bench::new().await;
    let plan = bench.service().plan(&october()).await.unwrap();
    let vendor: Vec<(String, String)> = plan
        .ledger()
        .rows()
        .iter()
        .filter(|row| row.service.as_str().starts_with("Cove Data Protection"))
        .map(|row| (row.service.to_string(), row.vendor.normalize().to_string()))
        .collect();
    let expected: Vec<(String, String)> = bench
        .sandbox
        .expected(PERIOD)
        .vendor_units
        .into_iter()
        .map(|(service, _, units)| {
            let units: rust_decimal::Decimal = units.parse().unwrap();
            (service, units.normalize().to_string())
        })
        .collect();
    assert_eq!(vendor, expected);
}

#[tokio::test]
async fn planning_writes_nothing_anywhere() {
    let bench = Bench::new().await;
    let live = bench.live();
    let plan = bench.service().plan(&october()).await.unwrap();
    assert!(plan.writes().count() > 0);
    assert_eq!(bench.committed(), 0);
    assert_eq!(bench.live(), live);
    assert!(!bench.state().exists(), "not even a state file");
}

#[tokio::test]
async fn a_plan_is_applied_exactly_and_verified_after() {
    let bench = Bench::new().await;
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    let writes = plan.writes().count();
    let run = service.apply(plan, approval()).await.unwrap();
    assert_eq!(run.report.applied(), writes);
    bench.assert_as_expected();
    let document = run.to_json();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["status"], "applied");
    assert_eq!(document["verified"], writes);
    assert_eq!(document["unknown"], 0);
    assert_eq!(document["requests"]["cove"], 0);
    assert_eq!(document["changes"][0]["outcome"], "verified");

    let verified = service.verify(Some(&run.report.run_id)).await.unwrap();
    assert_eq!((verified.checked, verified.agreeing), (writes, writes));
    assert_eq!(verified.exit_code(), ExitCode::Done);
    assert_eq!(verified.to_json()["run_id"], run.report.run_id.as_str());
    let kept = service.verify(None).await.unwrap();
    assert!(kept.checked >= writes, "what was taken over is kept, too");
    assert!(kept.differences.is_empty());
}

#[tokio::test]
async fn a_hand_edit_after_the_run_is_found_by_verify() {
    let bench = Bench::new().await;
    let service = bench.service();
    let run = service
        .sync(&october(), approval())
        .await
        .unwrap()
        .run
        .unwrap();
    let record = &run.report.changes[0];
    let id = record.written_id.unwrap().get();
    bench.sandbox.edit(|world| world.set_count(id, 4711));
    let verified = service.verify(Some(&run.report.run_id)).await.unwrap();
    assert_eq!(verified.exit_code(), ExitCode::Drift);
    let [drift] = verified.differences.as_slice() else {
        panic!("{:?}", verified.differences);
    };
    assert_eq!(drift.found, "4711");
    assert_eq!(drift.planned, record.change.after.to_string());
    let document = verified.to_json();
    assert_eq!(document["status"], "partial");
    assert_eq!(document["run_status"], "applied");
    let kept = service.verify(None).await.unwrap().to_json();
    assert_eq!(kept["status"], "partial");
    assert_eq!(kept.get("run_status"), None);
}

#[tokio::test]
async fn a_plan_for_one_client_changes_that_client_only() {
    let bench = Bench::new().await;
    let service = bench.service();
    let all = service.plan(&october()).await.unwrap();
    let client = all.writes().next().unwrap().client_id;
    let before = bench.live();
    let mut request = october();
    request.only = Some(client);
    let run = service
        .sync(&request, approval())
        .await
        .unwrap()
        .run
        .unwrap();
    assert!(!run.report.changes.is_empty());
    for (id, name, count) in bench.live().symmetric_difference(&before) {
        assert_eq!(*id, client.get(), "{name} {count}");
    }
}

#[tokio::test]
async fn losing_the_state_file_duplicates_nothing() {
    let bench = Bench::new().await;
    bench.service().sync(&october(), approval()).await.unwrap();
    let live = bench.live();
    std::fs::remove_file(bench.state()).unwrap();
    let again = bench.service().sync(&october(), approval()).await.unwrap();
    assert_eq!(again.plan.writes().count(), 0);
    assert_eq!(bench.live(), live);
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_customer_that_left_goes_to_zero_and_keeps_its_record() {
    let bench = Bench::new().await;
    let service = bench.service();
    service
        .sync(&crate::harness::month(202_609), approval())
        .await
        .unwrap();
    let outcome = service.sync(&october(), approval()).await.unwrap();
    let departed = bench.sandbox.expected(PERIOD).departed;
    assert!(!departed.is_empty());
    assert_eq!(outcome.plan.summary().zero, departed.len());
    let live = bench.live();
    for gone in departed {
        assert!(
            live.contains(&(gone.client_id, gone.name.clone(), 0)),
            "{gone:?}"
        );
    }
    bench.assert_as_expected();
}

#[tokio::test]
async fn requests_are_counted_as_the_services_see_them() {
    let bench = Bench::new().await;
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    let seen = bench.sandbox.requests();
    let billing = seen
        .iter()
        .filter(|request| request.service == Origin::Billing)
        .count();
    let counts = service.requests();
    assert_eq!(counts.cove, billing as u64);
    assert_eq!(counts.halo, (seen.len() - billing) as u64);
    assert_eq!((counts.retries, counts.throttled), (0, 0));
    assert_eq!(plan.requests().read, counts.halo);
}
