//! What others did to what is kept.

use crate::apply_stage::{Stage, plan, target};
use crate::world::{SERVER, World};
use billing_sync::apply::DriftKind;
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::target::{Standing, Subscription, UnreadableRecord};
use billing_sync::testing::{Edit, FakeTarget, keep, plan_of, update};

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

/// Kept for a customer without usage, whose absence proves nothing, so it is held.
fn held() -> World {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("200", SERVER, "1")
        .has(501, 12, SERVER, 5)
        .owned_for("100");
    world.usage.completeness.contracts_listed.clear();
    world
}

#[tokio::test]
async fn a_held_count_that_was_edited_stays_drift_after_the_next_run() {
    let mut world = held();
    let target = FakeTarget::new()
        .client(12, "Client 12", &["100"])
        .client(13, "Client 13", &["200"])
        .subscription(501, 12, SERVER, 5);
    let stage = Stage::new(target);
    let september = "202609".parse().unwrap();
    let billed = plan_of(september, vec![keep(501, 12, SERVER, 5, true)]);
    stage.run(billed).await.unwrap();
    put(&stage, 501, |it| it.count = 8);
    world.subscriptions[0].count = 8;
    let plan = world.plan();
    assert_eq!((plan.summary().keep, plan.summary().create), (1, 1));
    stage.run(plan).await.unwrap();

    let report = stage.apply().drift().await.unwrap();
    assert_eq!((report.checked, report.agreeing), (2, 1));
    let [drifted] = report.drifted.as_slice() else {
        panic!("{:?}", report.drifted);
    };
    assert_eq!(drifted.what, DriftKind::Edited);
    assert_eq!((&*drifted.drift.planned, &*drifted.drift.found), ("5", "8"));
    assert_eq!(drifted.period.to_string(), "202609");
}

#[tokio::test]
async fn a_zeroed_record_that_was_switched_off_or_deleted_is_no_drift() {
    let edits: [fn(&Stage); 3] = [
        |stage| put(stage, 21, |it| it.standing = Standing::Inactive),
        |stage| put(stage, 21, |it| it.standing = Standing::Deleted),
        |stage| stage.target.edit_now(Edit::Remove(LicenceId::new(21))),
    ];
    for edit in edits {
        let stage = Stage::new(target());
        stage.run(plan()).await.unwrap();
        edit(&stage);
        assert_eq!(drifted(&stage).await, []);
        let report = stage.apply().verify(None).await.unwrap();
        assert_eq!((report.checked, report.agreeing), (6, 6));
        assert_eq!(report.differences, []);
    }
}

#[tokio::test]
async fn verifying_an_older_run_leaves_out_what_a_later_one_wrote() {
    let stage = Stage::new(target());
    let first = stage.run(plan()).await.unwrap();
    let november = plan_of(
        "202611".parse().unwrap(),
        vec![update(20, 2, "A", 7, 9), keep(30, 3, "A", 4, false)],
    );
    let second = stage.run(november).await.unwrap();
    let report = stage.apply().verify(Some(&first.run_id)).await.unwrap();
    assert_eq!(report.differences, []);
    assert_eq!((report.checked, report.agreeing), (4, 4));
    assert_eq!(report.superseded, 1);

    put(&stage, 20, |it| it.count = 99);
    let report = stage.apply().verify(Some(&first.run_id)).await.unwrap();
    assert_eq!(report.differences, [], "the later run answers for it");
    let report = stage.apply().verify(Some(&second.run_id)).await.unwrap();
    assert_eq!((report.superseded, report.differences.len()), (0, 1));
    put(&stage, 21, |it| it.count = 3);
    let report = stage.apply().verify(Some(&first.run_id)).await.unwrap();
    assert_eq!((report.superseded, report.differences.len()), (1, 1));
}

#[tokio::test]
async fn a_revert_of_an_older_run_does_not_open_a_later_month_again() {
    let stage = Stage::new(target());
    stage.run(plan()).await.unwrap();
    let period = |text: &str| text.parse().unwrap();
    let november = plan_of(period("202611"), vec![update(20, 2, "A", 7, 9)]);
    stage.run(november).await.unwrap();
    let mut back = update(20, 2, "A", 9, 3);
    back.sources = Vec::new();
    stage
        .run(plan_of(period("202610"), vec![back]))
        .await
        .unwrap();
    let memory = stage.store.memory().await.unwrap();
    let owned = memory
        .owned
        .iter()
        .find(|it| it.licence == LicenceId::new(20));
    let owned = owned.unwrap();
    assert_eq!((owned.count, owned.period), (3, period("202611")));
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
