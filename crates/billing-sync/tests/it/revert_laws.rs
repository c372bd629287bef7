//! The laws of taking back, over generated worlds: revert after apply is what was before, a second revert changes nothing,
//! and what somebody else changed in between is left alone.

use crate::apply_stage::{Stage, key};
use crate::cases::{RUNS, cases};
use crate::revert_cases::revert;
use billing_sync::ids::{Key, LicenceId};
use billing_sync::run::RunReport;
use billing_sync::target::{Standing, Subscription};
use billing_sync::testing::{Batching, Edit, FakeTarget, WriteFault};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody does to a record between a run and its revert.
#[derive(Clone, Copy, Debug)]
enum Meddling {
    Counts(i64),
    SwitchesOff,
    Deletes,
    Moves,
}

#[derive(Clone, Debug)]
struct Scene {
    wishes: BTreeMap<Key, (Option<i64>, i64)>,
    batch: usize,
    concurrency: usize,
    bad: Option<Batching>,
    fault: Option<(usize, WriteFault)>,
    meddling: BTreeMap<usize, Meddling>,
}

fn scene() -> impl Strategy<Value = Scene> {
    let keys =
        (1..5i64, prop_oneof!["A", "B", "Bad"]).prop_map(|(client, name)| key(client, &name));
    let wishes =
        proptest::collection::btree_map(keys, (proptest::option::of(0..4i64), 0..4i64), 0..9);
    let bad = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Batching::AllOrNothing)),
        1 => Just(Some(Batching::StopsAtFirst)),
        1 => Just(Some(Batching::SkipsBad)),
    ];
    let fault = prop_oneof![
        Just(WriteFault::Denied),
        Just(WriteFault::NotSent),
        (0..4usize).prop_map(WriteFault::Refused),
        (0..4usize).prop_map(WriteFault::Lost),
        Just(WriteFault::Lied),
        Just(WriteFault::Short),
    ];
    let meddling = prop_oneof![
        (10..20i64).prop_map(Meddling::Counts),
        Just(Meddling::SwitchesOff),
        Just(Meddling::Deletes),
        Just(Meddling::Moves),
    ];
    (
        wishes,
        1..6usize,
        1..4usize,
        bad,
        proptest::option::of((0..4usize, fault)),
        proptest::collection::btree_map(0..9usize, meddling, 0..4),
    )
        .prop_map(|(wishes, batch, concurrency, bad, fault, meddling)| Scene {
            wishes,
            batch,
            concurrency,
            bad,
            fault,
            meddling,
        })
}

fn stage_of(scene: &Scene) -> Stage {
    let mut target = FakeTarget::new().batch_size(scene.batch);
    for (id, (key, (before, _))) in (10..).zip(&scene.wishes) {
        if let Some(before) = before {
            target = target.subscription(id, key.client.get(), &key.name, *before);
        }
    }
    if let Some(batching) = scene.bad {
        target = target.bad_name("Bad", batching);
    }
    if let Some((at, fault)) = &scene.fault {
        target = target.write_fault(*at, fault.clone());
    }
    let mut stage = Stage::new(target);
    stage.concurrency = scene.concurrency;
    stage.wanted = scene
        .wishes
        .iter()
        .map(|(key, (_, after))| (key.clone(), vec![*after]))
        .collect();
    stage
}

fn meddle(scene: &Scene, stage: &Stage, run: &RunReport) -> Vec<Subscription> {
    let written: BTreeSet<LicenceId> = run.changes.iter().filter_map(|it| it.written_id).collect();
    let records = stage.target.records();
    let mut touched = Vec::new();
    for (at, record) in records
        .into_iter()
        .filter(|it| written.contains(&it.id))
        .enumerate()
    {
        let Some(meddling) = scene.meddling.get(&at) else {
            continue;
        };
        let mut record = record;
        match meddling {
            Meddling::Counts(count) => record.count = *count,
            Meddling::SwitchesOff => record.standing = Standing::Inactive,
            Meddling::Deletes => record.standing = Standing::Deleted,
            Meddling::Moves => record.client = billing_sync::ids::ClientId::new(77),
        }
        stage.target.edit_now(Edit::Put(record.clone()));
        touched.push(record);
    }
    touched
}

async fn play(scene: &Scene) {
    let stage = stage_of(scene);
    let before = stage.target.records();
    let run = stage.run(stage.plan_anew()).await.unwrap();
    stage.target.heal();
    stage.target.forgive();
    stage.settle().await.unwrap();
    let meddled = meddle(scene, &stage, &run);
    let left = stage.target.records();
    // Who moves two records of one name to one client has made a duplicate already.
    let duplicates = stage.target.duplicates();

    let (plan, report) = revert(&stage, &run.run_id).await;
    assert_eq!(report.applied(), plan.writes().count());
    let now = stage.target.records();
    let was = |id: LicenceId, of: &[Subscription]| of.iter().find(|it| it.id == id).cloned();
    for record in &now {
        if meddled.iter().any(|it| it.id == record.id) {
            assert_eq!(Some(record), meddled.iter().find(|it| it.id == record.id));
        } else if let Some(before) = was(record.id, &before) {
            assert_eq!(*record, before, "as it was before the run");
        } else {
            let made = was(record.id, &left).unwrap();
            assert_eq!(
                *record,
                Subscription { count: 0, ..made },
                "made by the run"
            );
        }
    }
    assert_eq!(now.len(), left.len(), "nothing is made, nothing deleted");
    assert_eq!(stage.target.duplicates(), duplicates, "none is made");

    let (again, _) = revert(&stage, &run.run_id).await;
    assert_eq!(again.writes().count(), 0, "a second revert changes nothing");
    assert_eq!(stage.target.records(), now);
    stage.store.check_journal().await.unwrap();
}

proptest! {
    #![proptest_config(cases(RUNS))]

    #[test]
    fn revert_after_apply_is_what_was_before(scene in scene()) {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(play(&scene));
    }
}
