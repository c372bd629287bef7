//! What others did to what is kept.

use crate::apply_stage::{Stage, plan, target};
use billing_sync::apply::DriftKind;
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::target::{Standing, Subscription, UnreadableRecord};
use billing_sync::testing::Edit;

fn put(stage: &Stage, id: i64, edit: impl FnOnce(&mut Subscription)) {
    let records = stage.target.records();
    let mut record = records
        .into_iter()
        .find(|it| it.id == LicenceId::new(id))
        .unwrap();
    edit(&mut record);
    stage.target.edit_now(Edit::Put(record));
}

async fn drifted(stage: &Stage) -> Vec<(DriftKind, i64, String, String)> {
    let writes = stage.target.writes().len();
    let report = stage.apply().drift().await.unwrap();
    assert_eq!(stage.target.writes().len(), writes, "it never writes");
    assert_eq!(report.checked, 6);
    report
        .drifted
        .iter()
        .map(|it| {
            (
                it.what,
                it.drift.licence_id.unwrap().get(),
                it.drift.planned.clone(),
                it.drift.found.clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn nothing_drifted_after_a_run() {
    let stage = Stage::new(target());
    stage.run(plan()).await.unwrap();
    assert_eq!(drifted(&stage).await, []);
    assert_eq!(stage.apply().drift().await.unwrap().agreeing, 6);
}

#[tokio::test]
async fn every_kind_of_edit_is_told_by_its_name() {
    let stage = Stage::new(target());
    stage.run(plan()).await.unwrap();
    put(&stage, 20, |it| it.count = 99);
    put(&stage, 21, |it| it.client = ClientId::new(4));
    put(&stage, 30, |it| {
        it.name = "A, renamed".to_owned();
        it.count = 5;
    });
    let made: Vec<i64> = stage
        .target
        .records()
        .iter()
        .map(|it| it.id.get())
        .filter(|id| *id >= 1000)
        .collect();
    put(&stage, made[0], |it| it.standing = Standing::Inactive);
    put(&stage, made[1], |it| it.standing = Standing::Deleted);
    stage.target.edit_now(Edit::Remove(LicenceId::new(made[2])));
    let active = || "active".to_owned();
    let text = str::to_owned;
    assert_eq!(
        drifted(&stage).await,
        [
            (DriftKind::Inactive, made[0], active(), text("inactive")),
            (DriftKind::Deleted, made[1], active(), text("deleted")),
            (DriftKind::Edited, 20, text("7"), text("99")),
            (DriftKind::Moved, 21, text("2"), text("4")),
            (DriftKind::Renamed, 30, text("A"), text("A, renamed")),
            (DriftKind::Edited, 30, text("4"), text("5")),
            (
                DriftKind::Vanished,
                made[2],
                format!("subscription {}", made[2]),
                text("gone")
            ),
        ]
    );
    let report = stage.apply().drift().await.unwrap();
    assert_eq!(report.agreeing, 0);
    assert_eq!(report.drifted[2].drift.client_name, "Two");
    assert_eq!(report.drifted[2].period.to_string(), "202610");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_not_called_gone() {
    let stage = Stage::new(target());
    stage.run(plan()).await.unwrap();
    stage.target.edit_now(Edit::Remove(LicenceId::new(20)));
    stage.target.put_unreadable(UnreadableRecord {
        client: Some(ClientId::new(2)),
        detail: "no count".to_owned(),
    });
    let found = drifted(&stage).await;
    assert_eq!(found[0].0, DriftKind::Unreadable);
    assert_eq!(found.len(), 1);
}
