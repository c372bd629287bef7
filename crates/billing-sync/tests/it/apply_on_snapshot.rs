//! Applying a plan on the snapshot it was made from: one read less, and nothing else that differs.

use crate::apply_stage::{Stage, plan, target};
use billing_sync::apply::ApplyError;
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::ports::TargetReader;
use billing_sync::run::{RunReport, RunStatus};
use billing_sync::target::{TargetSnapshot, UnreadableRecord};
use billing_sync::testing::{Edit, approved};

async fn run_on(stage: &Stage, seen: &TargetSnapshot) -> Result<RunReport, ApplyError> {
    let lock = stage.store.lock().await.unwrap();
    let approved = approved(plan()).unwrap();
    stage
        .apply()
        .run_on(&*lock, stage.next_run(), &approved, seen)
        .await
}

#[tokio::test]
async fn the_snapshot_takes_the_place_of_the_read_before() {
    let stage = Stage::new(target());
    let seen = stage.target.snapshot().await.unwrap();
    let before = stage.target.reads();
    let report = run_on(&stage, &seen).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(stage.target.reads() - before, 1, "only the reading back");
    stage.expect_the_end().await;
}

#[tokio::test]
async fn a_plan_that_does_not_fit_the_snapshot_is_drift_and_writes_nothing() {
    let stage = Stage::new(target());
    stage
        .target
        .edit_now(Edit::SetCount(LicenceId::new(20), 99));
    let seen = stage.target.snapshot().await.unwrap();
    let drift = match run_on(&stage, &seen).await {
        Err(ApplyError::Drift(drift)) => drift,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (drift[0].field.as_str(), drift[0].found.as_str()),
        ("count", "99")
    );
    assert!(stage.target.writes().is_empty());
}

#[tokio::test]
async fn a_snapshot_with_an_unreadable_record_is_not_relied_on() {
    let stage = Stage::new(target());
    stage.target.put_unreadable(UnreadableRecord {
        client: Some(ClientId::new(77)),
        detail: "subscription 9 has no type".to_owned(),
    });
    let seen = stage.target.snapshot().await.unwrap();
    let before = stage.target.reads();
    let report = run_on(&stage, &seen).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(stage.target.reads() - before, 2);
}
