//! Every fault at every request of a small world: whatever happens, the report is true, nothing is there twice, and
//! going on leads to exactly what was planned.

use crate::apply_stage::{Stage, expect_intent_first, key, outcomes, plan, plan_with, target};
use billing_sync::apply::ApplyError;
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::run::{Outcome, RunStatus};
use billing_sync::testing::{
    Batching, Edit, FakeTarget, FaultyStore, Moment, ReadFault, StoreFault, Trace, WriteFault,
    create,
};
use std::sync::Arc;

fn write_faults() -> Vec<WriteFault> {
    vec![
        WriteFault::Refused(0),
        WriteFault::Refused(1),
        WriteFault::Refused(usize::MAX),
        WriteFault::Denied,
        WriteFault::NotSent,
        WriteFault::Lost(0),
        WriteFault::Lost(1),
        WriteFault::Lost(usize::MAX),
        WriteFault::Late(1),
        WriteFault::Late(2),
        WriteFault::Late(9),
        WriteFault::Lied,
        WriteFault::Short,
    ]
}

fn read_faults() -> Vec<ReadFault> {
    vec![
        ReadFault::Fails,
        ReadFault::Unreadable(Some(ClientId::new(1))),
        ReadFault::Unreadable(Some(ClientId::new(2))),
        ReadFault::Unreadable(None),
    ]
}

/// How a person goes on after a run that did not end well.
#[derive(Clone, Copy, Debug)]
enum Then {
    Resume,
    SettleAndPlanAnew,
    LoseTheStateAndPlanAnew,
}

const EVERY_WAY: [Then; 3] = [
    Then::Resume,
    Then::SettleAndPlanAnew,
    Then::LoseTheStateAndPlanAnew,
];

const SHAPES: [(usize, usize); 4] = [(1, 1), (2, 1), (25, 1), (2, 3)];

/// For pairs of faults: parts of a batch, and a batch of everything.
const FEWER_SHAPES: [(usize, usize); 2] = [(2, 2), (25, 1)];

async fn run_and_go_on(target: FakeTarget, concurrency: usize, then: Then) {
    let trace = Trace::new();
    let mut stage = Stage::new(target.noting(trace.clone()));
    stage.concurrency = concurrency;
    let store = FaultyStore::new(Arc::clone(&stage.store)).noting(trace.clone());
    match stage.run_on(&store, plan()).await {
        Ok(report) => {
            stage.expect_true(&report);
            let stored = stage.store.run(&report.run_id).await.unwrap().unwrap();
            assert_eq!(
                stored.changes, report.changes,
                "the journal says what the report says"
            );
            assert_eq!(stored.summary.status, report.status);
        }
        // A read that fails, or shows a record that cannot be read, before anything was begun.
        Err(ApplyError::Port(_) | ApplyError::Drift(_)) => {
            assert!(stage.target.writes().is_empty());
            assert!(stage.store.runs(1).await.unwrap().is_empty());
        }
        Err(other) => panic!("{other:?}"),
    }
    assert_eq!(stage.target.duplicates(), []);
    assert_eq!(stage.target.overlaps(), 0);
    expect_intent_first(&trace.steps());
    stage.store.check_journal().await.unwrap();
    stage.target.heal();
    go_on(stage, then).await;
}

async fn go_on(stage: Stage, then: Then) {
    let stage = match then {
        Then::Resume => {
            let resumed = stage.resume().await.unwrap();
            if let Some(report) = resumed {
                stage.expect_true(&report);
                assert_eq!(report.unknown(), 0, "everything could be read: {report:?}");
            }
            stage
        }
        Then::SettleAndPlanAnew => {
            stage.settle().await.unwrap();
            stage
        }
        Then::LoseTheStateAndPlanAnew => Stage::new(stage.target),
    };
    assert_eq!(stage.target.duplicates(), []);
    stage.converge().await;
}

#[tokio::test]
async fn any_fault_of_any_write() {
    for (batch, concurrency) in SHAPES {
        for fault in write_faults() {
            for at in 0..6 {
                for then in EVERY_WAY {
                    let target = target().batch_size(batch).write_fault(at, fault.clone());
                    run_and_go_on(target, concurrency, then).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn any_fault_of_any_write_with_any_fault_of_any_read() {
    for (batch, concurrency) in FEWER_SHAPES {
        for write in write_faults() {
            for read in read_faults() {
                for (at_write, at_read) in (0..3).flat_map(|w| (0..5).map(move |r| (w, r))) {
                    let target = target()
                        .batch_size(batch)
                        .write_fault(at_write, write.clone())
                        .read_fault(at_read, read.clone());
                    run_and_go_on(target, concurrency, Then::Resume).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn any_two_faults_of_writes_with_silent_answers() {
    for (batch, concurrency) in FEWER_SHAPES {
        for first in write_faults() {
            for second in write_faults() {
                for (a, b) in [(0, 1), (0, 2), (1, 3)] {
                    let target = target()
                        .silent()
                        .batch_size(batch)
                        .write_fault(a, first.clone())
                        .write_fault(b, second.clone());
                    run_and_go_on(target, concurrency, Then::SettleAndPlanAnew).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn any_failure_of_the_store_stops_sending_and_can_be_taken_up() {
    for (batch, concurrency) in SHAPES {
        for call in 0..16 {
            for fault in [
                StoreFault::Before(call),
                StoreFault::After(call),
                StoreFault::Gone(call),
            ] {
                for then in EVERY_WAY {
                    let trace = Trace::new();
                    let mut stage = Stage::new(target().batch_size(batch).noting(trace.clone()));
                    stage.concurrency = concurrency;
                    let store = FaultyStore::new(Arc::clone(&stage.store))
                        .noting(trace.clone())
                        .failing(fault);
                    let result = stage.run_on(&store, plan()).await;
                    let failed = store.calls() > call;
                    assert_eq!(
                        matches!(result, Err(ApplyError::Store(_))),
                        failed,
                        "{fault:?}: {result:?}"
                    );
                    expect_intent_first(&trace.steps());
                    go_on(stage, then).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_once_the_store_is_gone() {
    let stage = Stage::new(target());
    // Begun, then the first intent cannot be recorded.
    let store = FaultyStore::new(Arc::clone(&stage.store)).failing(StoreFault::Gone(1));
    let error = stage.run_on(&store, plan()).await.unwrap_err();
    assert_eq!(error.to_string(), "the store failed at call 1");
    assert!(stage.target.writes().is_empty());
    assert_eq!(store.calls(), 2, "it is not asked again");
}

#[tokio::test]
async fn one_bad_record_does_not_take_the_others_with_it() {
    for batching in [
        Batching::AllOrNothing,
        Batching::StopsAtFirst,
        Batching::SkipsBad,
    ] {
        for (batch, concurrency) in [(1, 1), (2, 1), (3, 2), (25, 1)] {
            let mut stage = Stage::new(target().batch_size(batch).bad_name("Bad", batching));
            stage.concurrency = concurrency;
            let mut changes = crate::apply_stage::changes();
            changes.push(create(1, "Bad", 1));
            changes.push(create(3, "Bad", 1));
            let report = stage.run(plan_with(changes)).await.unwrap();
            assert_eq!(report.status, RunStatus::Partial);
            let rejected: Vec<_> = outcomes(&report)
                .into_iter()
                .filter(|(_, outcome)| *outcome != Outcome::Verified)
                .collect();
            assert_eq!(
                rejected,
                ["1/Bad", "3/Bad"].map(|it| (it.to_owned(), Outcome::Rejected)),
                "{batching:?}, {batch} per request"
            );
            let note = &report
                .changes
                .iter()
                .find(|it| it.change.name == "Bad")
                .unwrap()
                .note;
            assert_eq!(note, "bad name");
            stage.expect_true(&report);
            stage.expect_the_end().await;
        }
    }
}

#[tokio::test]
async fn what_was_refused_can_be_retried_alone() {
    let stage = Stage::new(target().write_fault(0, WriteFault::Refused(0)));
    let report = stage.run(plan()).await.unwrap();
    assert_eq!((report.status, report.failed()), (RunStatus::Partial, 1));
    stage.target.heal();
    let writes = stage.target.writes().len();
    let resumed = stage.resume().await.unwrap().unwrap();
    assert_eq!(
        (resumed.status, resumed.verified()),
        (RunStatus::Applied, 5)
    );
    assert_eq!(
        stage.target.writes().len() - writes,
        1,
        "only the refused one is sent again"
    );
    stage.expect_the_end().await;
}

#[tokio::test]
async fn a_target_that_takes_no_writes_is_not_asked_again_and_again() {
    let stage = Stage::new(target().write_fault(0, WriteFault::Denied));
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(stage.target.writes().len(), 1);
    assert_eq!((report.status, report.failed()), (RunStatus::Partial, 5));
    let notes: Vec<_> = report
        .changes
        .iter()
        .map(|it| (it.outcome, &*it.note))
        .collect();
    assert_eq!(notes[0], (Outcome::Rejected, "not allowed"));
    assert_eq!(
        notes[1..],
        [(
            Outcome::NotApplied,
            "not sent: the target accepts no writes"
        ); 4]
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_reading_and_never_sent_again() {
    let stage = Stage::new(target().batch_size(25).write_fault(0, WriteFault::Lost(3)));
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(stage.target.writes().len(), 1);
    assert_eq!(report.status, RunStatus::Partial);
    let shown: Vec<_> = report
        .changes
        .iter()
        .map(|it| (it.outcome, &*it.note))
        .collect();
    let stored = (Outcome::Verified, "settled by reading after: no answer");
    let not = (Outcome::NotApplied, "settled by reading after: no answer");
    assert_eq!(shown, [stored, stored, stored, not, not]);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_read_ends_the_run_as_unknown() {
    let stage = Stage::new(
        target()
            .write_fault(1, WriteFault::Lost(1))
            .read_fault(1, ReadFault::Fails)
            .read_fault(2, ReadFault::Fails),
    );
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(report.status, RunStatus::Unknown);
    assert_eq!(
        (report.unknown(), report.applied(), report.verified()),
        (1, 4, 0)
    );
    let notes: Vec<_> = report.changes.iter().map(|it| &*it.note).collect();
    assert_eq!(notes[0], "not read back: the target does not answer");
    assert_eq!(
        notes[1],
        "no answer; not read back: the target does not answer"
    );
    assert!(matches!(
        stage.run(plan()).await,
        Err(ApplyError::Unfinished(_))
    ));
    let settled = stage.settle().await.unwrap().unwrap();
    assert_eq!(
        (settled.status, settled.verified()),
        (RunStatus::Applied, 5)
    );
    stage.expect_the_end().await;
}

#[tokio::test]
async fn a_second_subscription_made_by_somebody_else_is_named_and_not_owned() {
    let other = billing_sync::target::Subscription {
        id: LicenceId::new(500),
        client: ClientId::new(4),
        name: "A".to_owned(),
        count: 9,
        standing: billing_sync::target::Standing::Active,
    };
    let stage = Stage::new(target().edit(Moment::BeforeRead(1), Edit::Put(other)));
    let report = stage.run(plan()).await.unwrap();
    let odd = report.changes.last().unwrap();
    assert_eq!(
        (odd.outcome, &*odd.note),
        (
            Outcome::Mismatch,
            "there is more than one active subscription of that name: 500, 1002"
        )
    );
    assert_eq!(report.status, RunStatus::Partial);
    let owned = stage.store.memory().await.unwrap().owned;
    assert!(owned.iter().all(|it| it.key != key(4, "A")));
}
