//! A process that is killed at any instant, also while it picks up after one that was killed.

use crate::apply_stage::{Stage, plan, target};
use billing_sync::run::RunStatus;
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::state::{MemoryStore, StateStore};
use billing_sync::testing::{FakeTarget, FaultyStore, WriteFault, approved, run_for};
use std::path::Path;
use std::sync::Arc;

/// Runs the plan and kills it after so many steps; true when it was done before.
fn killed(stage: &Stage, polls: usize) -> bool {
    // Wrapped, so that it can be killed between the store's calls, too.
    let store = FaultyStore::new(Arc::clone(&stage.store));
    run_for(stage.run_on(&store, plan()), polls).is_some()
}

/// Picks up where the last run was killed, and is killed after so many steps.
fn killed_resuming(stage: &Stage, polls: usize) -> bool {
    let store = FaultyStore::new(Arc::clone(&stage.store));
    let resume = async {
        stage.resume_on(&store).await.unwrap();
    };
    run_for(resume, polls).is_some()
}

fn shapes() -> Vec<(FakeTarget, usize)> {
    vec![
        (target(), 1),
        (target().batch_size(2).silent(), 1),
        (target().batch_size(25), 1),
        (target().batch_size(2), 3),
        (
            target()
                .batch_size(3)
                .write_fault(0, WriteFault::Refused(1)),
            1,
        ),
        (
            target().batch_size(25).write_fault(0, WriteFault::Lost(2)),
            2,
        ),
    ]
}

fn stage(shape: usize) -> Stage {
    let (target, concurrency) = shapes().swap_remove(shape);
    let mut stage = Stage::new(target);
    stage.concurrency = concurrency;
    stage
}

#[tokio::test]
async fn killed_at_any_step_then_resumed() {
    for shape in 0..shapes().len() {
        for polls in 0.. {
            let stage = stage(shape);
            let done = killed(&stage, polls);
            stage.target.heal();
            if let Some(report) = stage.resume().await.unwrap() {
                stage.expect_true(&report);
                assert_eq!(report.status, RunStatus::Applied, "{report:?}");
                stage.expect_the_end().await;
            }
            assert_eq!(stage.resume().await.unwrap(), None);
            stage.converge().await;
            if done {
                assert!(polls > 5, "there are steps to be killed at");
                break;
            }
        }
    }
}

#[tokio::test]
async fn killed_at_any_step_then_settled_and_planned_anew() {
    for shape in 0..shapes().len() {
        for polls in 0.. {
            let stage = stage(shape);
            let done = killed(&stage, polls);
            let writes = stage.target.writes().len();
            stage.target.heal();
            if let Some(report) = stage.settle().await.unwrap() {
                stage.expect_true(&report);
                assert_eq!(report.unknown(), 0);
            }
            assert_eq!(stage.target.writes().len(), writes, "settling only reads");
            assert_eq!(stage.settle().await.unwrap(), None);
            stage.converge().await;
            if done {
                break;
            }
        }
    }
}

#[tokio::test]
async fn killed_at_any_step_and_the_state_file_lost() {
    for shape in 0..shapes().len() {
        for polls in 0.. {
            let first = stage(shape);
            let done = killed(&first, polls);
            first.target.heal();
            Stage::new(first.target).converge().await;
            if done {
                break;
            }
        }
    }
}

#[tokio::test]
async fn killed_and_killed_again_while_resuming() {
    for shape in 0..shapes().len() {
        for polls in (0..).step_by(3) {
            let mut done = false;
            for again in 0.. {
                let stage = stage(shape);
                done = killed(&stage, polls);
                let resumed = killed_resuming(&stage, again);
                stage.target.heal();
                stage.resume().await.unwrap();
                assert_eq!(stage.target.duplicates(), []);
                stage.converge().await;
                if resumed {
                    break;
                }
            }
            if done {
                break;
            }
        }
    }
}

fn on_disk(path: &Path, target: FakeTarget) -> Stage {
    Stage::with(target, Arc::new(SqliteStore::open(path).unwrap()))
}

#[tokio::test]
async fn a_state_file_survives_a_kill_at_any_step() {
    let folder = tempfile::tempdir().unwrap();
    for polls in 0.. {
        let path = folder.path().join(format!("{polls}.db"));
        let target = target().batch_size(2);
        let done = killed(&on_disk(&path, target.clone()), polls);
        // Another process opens the file.
        let stage = on_disk(&path, target);
        stage.resume().await.unwrap();
        if stage.store.runs(1).await.unwrap().is_empty() {
            stage.converge().await;
        }
        stage.expect_the_end().await;
        if done {
            break;
        }
    }
}

#[tokio::test]
async fn two_runs_at_once_are_not_possible() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let first = SqliteStore::open(&path).unwrap();
    let second = SqliteStore::open(&path).unwrap();
    let lock = first.lock().await.unwrap();
    let error = second.lock().await.map(drop).unwrap_err();
    let process = std::process::id();
    assert!(
        error.to_string().starts_with(&format!(
            "another run holds the lock (process {process}, since 2"
        )),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("state.db.lock"))
    );
    drop(lock);
    second.lock().await.map(drop).unwrap();
}

#[tokio::test]
async fn a_killed_run_holds_no_lock_and_the_next_run_can_begin_after_settling() {
    let stage = Stage::with(target(), Arc::new(MemoryStore::new()));
    let approved = approved(plan()).unwrap();
    let killed = async {
        let lock = stage.store.lock().await.unwrap();
        stage
            .apply()
            .run(&*lock, stage.next_run(), &approved)
            .await
            .unwrap();
    };
    assert!(run_for(killed, 4).is_none());
    stage.settle().await.unwrap();
    stage.run(stage.plan_anew()).await.unwrap();
    stage.expect_the_end().await;
}
