//! The laws of apply over generated worlds: whatever is planned, whatever fails and wherever it is killed, nothing is there
//! twice, nothing else is touched, and going on leads to exactly what was wanted.

use crate::apply_stage::{Stage, expect_intent_first, key};
use crate::cases::{RUNS, cases};
use billing_sync::apply::ApplyError;
use billing_sync::ids::{ClientId, Key, LicenceId};
use billing_sync::target::{Standing, Subscription};
use billing_sync::testing::{
    Batching, Edit, FakeTarget, FaultyStore, ReadFault, StoreFault, Trace, WriteFault, run_for,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a subscription is and what it should become.
#[derive(Clone, Debug)]
struct Wish {
    before: Option<i64>,
    after: i64,
}

#[derive(Clone, Debug)]
struct Scene {
    wishes: BTreeMap<Key, Wish>,
    bystanders: Vec<(i64, Standing)>,
    batch: usize,
    concurrency: usize,
    silent: bool,
    /// What a request with a bad name in it comes to; `None`: no name is bad.
    bad: Option<Batching>,
    writes: BTreeMap<usize, WriteFault>,
    reads: BTreeMap<usize, ReadFault>,
    store: Option<StoreFault>,
    killed_after: usize,
    killed_again_after: usize,
    then: Then,
}

/// How a person goes on.
#[derive(Clone, Copy, Debug)]
enum Then {
    Resume,
    PlanAnew,
    LoseTheStateAndPlanAnew,
}

fn wish() -> impl Strategy<Value = Wish> {
    (proptest::option::of(0..4i64), 0..4i64).prop_map(|(before, after)| Wish { before, after })
}

fn write_fault() -> impl Strategy<Value = WriteFault> {
    prop_oneof![
        (0..4usize).prop_map(WriteFault::Refused),
        Just(WriteFault::Denied),
        Just(WriteFault::NotSent),
        (0..4usize).prop_map(WriteFault::Lost),
        (1..4usize).prop_map(WriteFault::Late),
        Just(WriteFault::Lied),
        Just(WriteFault::Short),
    ]
}

fn read_fault() -> impl Strategy<Value = ReadFault> {
    prop_oneof![
        Just(ReadFault::Fails),
        (1..5i64).prop_map(|client| ReadFault::Unreadable(Some(ClientId::new(client)))),
        Just(ReadFault::Unreadable(None)),
    ]
}

fn store_fault() -> impl Strategy<Value = Option<StoreFault>> {
    prop_oneof![
        4 => Just(None),
        1 => (0..12usize).prop_map(|call| Some(StoreFault::Before(call))),
        1 => (0..12usize).prop_map(|call| Some(StoreFault::After(call))),
        1 => (0..12usize).prop_map(|call| Some(StoreFault::Gone(call))),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Inactive),
        Just(Standing::Deleted),
        Just(Standing::OtherKind),
    ]
}

fn scene() -> impl Strategy<Value = Scene> {
    let keys =
        (1..5i64, prop_oneof!["A", "B", "Bad"]).prop_map(|(client, name)| key(client, &name));
    let world = (
        proptest::collection::btree_map(keys, wish(), 0..9),
        proptest::collection::vec((1..5i64, standing()), 0..4),
    );
    let shape = (
        1..6usize,
        1..4usize,
        any::<bool>(),
        prop_oneof![
            Just(None),
            Just(Some(Batching::AllOrNothing)),
            Just(Some(Batching::StopsAtFirst)),
            Just(Some(Batching::SkipsBad)),
        ],
    );
    let faults = (
        proptest::collection::btree_map(0..6usize, write_fault(), 0..3),
        proptest::collection::btree_map(0..6usize, read_fault(), 0..3),
        store_fault(),
    );
    let ends = (
        prop_oneof![1 => Just(usize::MAX), 1 => 0..60usize],
        prop_oneof![1 => Just(usize::MAX), 1 => 0..60usize],
        prop_oneof![
            Just(Then::Resume),
            Just(Then::PlanAnew),
            Just(Then::LoseTheStateAndPlanAnew),
        ],
    );
    (world, shape, faults, ends).prop_map(|(world, shape, faults, ends)| Scene {
        wishes: world.0,
        bystanders: world.1,
        batch: shape.0,
        concurrency: shape.1,
        silent: shape.2,
        bad: shape.3,
        writes: faults.0,
        reads: faults.1,
        store: faults.2,
        killed_after: ends.0,
        killed_again_after: ends.1,
        then: ends.2,
    })
}

fn target_of(scene: &Scene) -> FakeTarget {
    let mut target = FakeTarget::new().batch_size(scene.batch);
    for (id, (key, wish)) in (10..).zip(&scene.wishes) {
        if let Some(before) = wish.before {
            target = target.subscription(id, key.client.get(), &key.name, before);
        }
    }
    for (id, (client, standing)) in (500..).zip(&scene.bystanders) {
        target.edit_now(Edit::Put(Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(*client),
            name: "A".to_owned(),
            count: 1,
            standing: *standing,
        }));
    }
    if scene.silent {
        target = target.silent();
    }
    for (at, fault) in &scene.writes {
        target = target.write_fault(*at, fault.clone());
    }
    for (at, fault) in &scene.reads {
        target = target.read_fault(*at, fault.clone());
    }
    target
}

fn bystanders(target: &FakeTarget) -> Vec<Subscription> {
    let mut records = target.records();
    records.retain(|record| record.standing != Standing::Active);
    records
}

fn stage_of(scene: &Scene, trace: &Trace) -> Stage {
    let mut target = target_of(scene).noting(trace.clone());
    if let Some(batching) = scene.bad {
        target = target.bad_name("Bad", batching);
    }
    let mut stage = Stage::new(target);
    stage.concurrency = scene.concurrency;
    stage.wanted = scene
        .wishes
        .iter()
        .map(|(key, wish)| (key.clone(), vec![wish.after]))
        .collect();
    stage
}

async fn resume_and_be_killed(stage: &Stage) {
    let store = FaultyStore::new(Arc::clone(&stage.store));
    match stage.resume_on(&store).await {
        Ok(_) | Err(ApplyError::Port(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

async fn play(scene: &Scene) {
    let trace = Trace::new();
    let stage = stage_of(scene, &trace);
    let before = bystanders(&stage.target);
    let mut store = FaultyStore::new(Arc::clone(&stage.store)).noting(trace.clone());
    if let Some(fault) = scene.store {
        store = store.failing(fault);
    }
    // A planned set of changes; killed half way, or failed, or ended.
    let run = run_for(stage.run_on(&store, stage.plan_anew()), scene.killed_after);
    if let Some(Ok(report)) = &run {
        stage.expect_true(report);
    }
    expect_intent_first(&trace.steps());
    assert_eq!(stage.target.overlaps(), 0);
    assert_eq!(stage.target.duplicates(), []);
    // Nobody resumes while a request of the run before is still under way.
    stage.target.land();
    let _ = run_for(resume_and_be_killed(&stage), scene.killed_again_after);
    assert_eq!(stage.target.duplicates(), []);

    stage.target.heal();
    stage.target.forgive();
    let stage = match scene.then {
        Then::Resume => {
            if let Some(report) = stage.resume().await.unwrap() {
                stage.expect_true(&report);
                assert_eq!(report.unknown(), 0);
            }
            stage
        }
        Then::PlanAnew => {
            stage.settle().await.unwrap();
            stage
        }
        Then::LoseTheStateAndPlanAnew => {
            let mut fresh = Stage::new(stage.target);
            fresh.wanted = stage.wanted;
            fresh
        }
    };
    assert_eq!(stage.target.duplicates(), []);
    stage.converge().await;
    let again = stage.run(stage.plan_anew()).await.unwrap();
    assert_eq!(again.changes, [], "nothing is left to do");
    assert_eq!(
        bystanders(&stage.target),
        before,
        "nothing else was touched"
    );
}

proptest! {
    #![proptest_config(cases(RUNS))]

    #[test]
    fn whatever_happens_going_on_leads_to_what_was_wanted(scene in scene()) {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(play(&scene));
    }
}
