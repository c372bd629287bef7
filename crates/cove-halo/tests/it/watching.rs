//! What the one who watches is told, how a run is stopped, and that nothing secret is ever shown.

use crate::harness::{Bench, approval, october};
use api_core::testing::ManualClock;
use billing_sync::run::{Progress, RunStatus, StopSignal};
use cove_halo::{ExitCode, Service, ServiceWatch, Status};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// Keeps what it is told, and asks to stop at the first batch if it has a signal.
#[derive(Debug, Default)]
struct Notes {
    said: Mutex<Vec<String>>,
    stop_at_batch: Option<StopSignal>,
}

impl Notes {
    fn heard(&self, word: &str) -> bool {
        self.said
            .lock()
            .unwrap()
            .iter()
            .any(|said| said.contains(word))
    }
}

impl ServiceWatch for Notes {
    fn status(&self, status: &Status<'_>) {
        let said = match status {
            Status::Fetching { what, .. } => format!("fetching {what}"),
            Status::Reading { what } => format!("reading {what}"),
            Status::Waiting { service, for_, why } => {
                format!("waiting {for_:?} {}", why.words(service))
            }
            Status::Run(progress) => {
                if let (Progress::BatchDone { .. }, Some(stop)) = (progress, &self.stop_at_batch) {
                    stop.stop();
                }
                format!("run {progress:?}")
            }
            _ => "something else".to_owned(),
        };
        self.said.lock().unwrap().push(said);
    }
}

#[tokio::test]
async fn reading_waiting_and_writing_are_told() {
    let bench = Bench::new().await;
    let text = bench.toml("", "requests_per_window = 4\nwindow_seconds = 60", "");
    let notes = Arc::new(Notes::default());
    let service = Bench::builder(cove_halo::Settings::from_toml(&text, "f").unwrap())
        .watch(notes.clone())
        // Its waits are over at once.
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .build()
        .unwrap();
    let plan = service.plan(&october()).await.unwrap();
    service.apply(plan, approval()).await.unwrap();
    for word in [
        "fetching invoices of 202610",
        "fetching usage of contract",
        "fetching usage of the whole of 202610",
        "fetching customers of",
        "reading custom field",
        "reading clients",
        "reading subscriptions",
        "for HaloPSA's request window",
        "run CheckingTarget",
        "run Writing",
        "run BatchDone",
        "run ReadingBack",
    ] {
        assert!(
            notes.heard(word),
            "{word} in {:?}",
            notes.said.lock().unwrap()
        );
    }
}

#[tokio::test]
async fn a_stop_ends_the_run_between_batches_and_resume_goes_on() {
    let bench = Bench::new().await;
    let stop = StopSignal::new();
    let notes = Arc::new(Notes {
        stop_at_batch: Some(stop.clone()),
        ..Notes::default()
    });
    let text = bench.toml("", "write_batch = 2", "");
    let settings = cove_halo::Settings::from_toml(&text, "f").unwrap();
    let service = Bench::builder(settings)
        .watch(notes)
        .stop(stop)
        .build()
        .unwrap();
    let run = service
        .sync(&october(), approval())
        .await
        .unwrap()
        .run
        .unwrap();
    assert_eq!(run.report.status, RunStatus::Stopped);
    assert_eq!(run.exit_code(), ExitCode::Failure);
    assert!(run.report.applied() > 0, "what was sent was read back");
    assert!(run.report.applied() < run.report.changes.len());
    let resumed = bench.service().resume().await.unwrap().unwrap();
    assert_eq!(resumed.report.run_id, run.report.run_id);
    assert_eq!(resumed.report.status, RunStatus::Applied);
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_stop_before_anything_was_sent_writes_nothing() {
    let bench = Bench::new().await;
    let stop = StopSignal::new();
    stop.stop();
    let service = Bench::builder(bench.settings()).stop(stop).build().unwrap();
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Failure);
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn the_service_shows_no_secret() {
    let bench = Bench::new().await;
    let service = bench.service();
    service.plan(&october()).await.unwrap();
    let shown = format!("{service:?} {:?}", Bench::builder(bench.settings()));
    for secret in [sandbox::API_KEY, sandbox::HALO_CLIENT_SECRET] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_service_can_be_shared_and_its_work_moved_to_another_thread() {
    fn moves<T: Send>(work: T) -> T {
        work
    }
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let bench = Bench::new().await;
    let service: Service = bench.service();
    shared(&service);
    let plan = moves(service.plan(&october())).await.unwrap();
    moves(service.apply(plan, approval())).await.unwrap();
    moves(service.sync(&october(), approval())).await.unwrap();
    moves(service.verify(None)).await.unwrap();
    moves(service.resume()).await.unwrap();
    assert!(!moves(service.doctor()).await.is_empty());
}
