//! The power fails while a write is under way: what is on the disk at that moment already says so, and whatever came
//! after it, the next sync makes it right.

use crate::bench::{Bench, Keeping, PERIOD, secrets, settings, today};
use crate::tap::{Tap, writes};
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use billing_sync::run::Outcome;
use billing_sync::state::StateStore;
use billing_sync::state::sqlite::SqliteStore;
use cove_halo::{PlanRequest, Service, ServiceBuilder};
use sandbox::{Sandbox, Switches};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A service that keeps its state in this file.
fn on_file(sandbox: &Sandbox, state: &Path) -> ServiceBuilder {
    let more = format!("[state]\npath = \"{}\"\n", state.display());
    Service::builder(settings(sandbox, &more), secrets()).clock(Arc::new(ManualClock::new(today())))
}

/// A state file in this folder that remembers the month before.
async fn remembering(bench: &Bench, folder: &Path) -> PathBuf {
    let state = folder.join("state.db");
    let store = SqliteStore::open(&state).unwrap();
    bench.remembered_by(&store).await;
    state
}

fn october() -> PlanRequest {
    PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    }
}

/// A copy of what is on the disk at this moment: the file and the log of its commits, as recovery would find them.
fn cut(state: &Path, to: &Path) {
    std::fs::copy(state, to).unwrap();
    let beside = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    if beside(state).exists() {
        std::fs::copy(beside(state), beside(to)).unwrap();
    }
}

/// The subscriptions that a request writes: by record, or by client and name.
fn items(body: &[u8]) -> Vec<(Option<i64>, Option<i64>, Option<String>)> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let item = |item: &Value| {
        (
            item["id"].as_i64(),
            item["client_id"].as_i64(),
            item["name"].as_str().map(str::to_owned),
        )
    };
    body.as_array().unwrap().iter().map(item).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn intent_is_on_the_disk_when_a_write_leaves_and_a_power_cut_there_is_repaired() {
    let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    let folder = tempfile::tempdir().unwrap();
    let state = remembering(&bench, folder.path()).await;
    let cuts = Arc::new(Mutex::new(Vec::new()));
    let (from, seen) = (state.clone(), Arc::clone(&cuts));
    let tap = Tap::on(move |request| {
        if writes(request) {
            let mut cuts = seen.lock().unwrap();
            let to = from.with_file_name(format!("cut-{}.db", cuts.len()));
            cut(&from, &to);
            cuts.push((to, items(request.body())));
        }
    });
    let service = on_file(&bench.sandbox, &state).transport(tap).build();
    let service = service.unwrap();
    let done = service.sync(&october(), Approval::by("test")).await;
    assert_eq!(bench.is_through(&done.unwrap()), Ok(()));

    let cuts = std::mem::take(&mut *cuts.lock().unwrap());
    assert!(cuts.len() >= 3, "{} writes say little", cuts.len());
    for (path, items) in &cuts {
        let store = SqliteStore::open(path).unwrap();
        store.check_journal().await.unwrap();
        let run = store.unfinished_run().await.unwrap().unwrap();
        for (id, client, name) in items {
            let change = run.changes.iter().find(|one| match id {
                Some(id) => one.change.licence_id.is_some_and(|it| it.get() == *id),
                None => {
                    one.change.licence_id.is_none()
                        && Some(one.change.client_id.get()) == *client
                        && Some(&one.change.name) == name.as_ref()
                }
            });
            let outcome = change.map(|change| change.outcome);
            assert_eq!(outcome, Some(Outcome::Started), "{path:?} {id:?} {name:?}");
        }
    }
    // Everything arrived; the state is as old as each cut in turn.
    for (path, _) in cuts {
        let service = on_file(&bench.sandbox, &path).build().unwrap();
        let done = service.sync(&october(), Approval::by("test")).await;
        assert_eq!(bench.is_through(&done.unwrap()), Ok(()), "{path:?}");
        assert_eq!(bench.violations(), Vec::<String>::new(), "{path:?}");
        assert!(service.check_journal().await.unwrap() > 0);
        assert_eq!(service.history(1).await.unwrap()[0].unknown, 0, "{path:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_were_lost_with_the_log_beside_the_file_are_found_again_at_the_server() {
    let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    let folder = tempfile::tempdir().unwrap();
    let state = remembering(&bench, folder.path()).await;
    let bare = folder.path().join("bare.db");
    let (from, to) = (state.clone(), bare.clone());
    let tap = Tap::on(move |request| {
        if writes(request) {
            // Without its log: as after a file system that lost the newer of two files.
            std::fs::copy(&from, &to).unwrap();
        }
    });
    let service = on_file(&bench.sandbox, &state).transport(tap).build();
    let service = service.unwrap();
    let done = service.sync(&october(), Approval::by("test")).await;
    assert_eq!(bench.is_through(&done.unwrap()), Ok(()));
    let before = bench.sandbox.subscriptions();
    // It knows of September and of nothing that was sent since.
    let again = on_file(&bench.sandbox, &bare).build().unwrap();
    assert_eq!(again.history(9).await.unwrap().len(), 1);
    let done = again.sync(&october(), Approval::by("test")).await.unwrap();
    assert_eq!(bench.writes_nothing(&done.plan), Ok(()));
    assert_eq!(bench.is_through(&done), Ok(()));
    assert_eq!(bench.violations(), Vec::<String>::new());
    assert_eq!(bench.sandbox.subscriptions(), before, "nothing twice");
}
