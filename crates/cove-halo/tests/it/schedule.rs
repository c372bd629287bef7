//! Keeping a schedule on a clock of its own, against the stand-ins: when it runs, what it does after each end.

use crate::harness::{Bench, PERIOD, approval, october};
use api_core::Clock as _;
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use billing_sync::run::{Progress, RunStatus, StopSignal};
use billing_sync::state::StateStore as _;
use billing_sync::state::sqlite::SqliteStore;
use cove_halo::{
    ExitCode, ScheduleEvent, ScheduleWatch, Service, ServiceError, ServiceWatch, Settings, Status,
};
use sandbox::{Fault, FaultKind, When};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

pub(crate) const SIXTH: &str = "[schedule]\ncron = \"0 6 6 * *\"\ntimezone = \"Europe/London\"\n";

pub(crate) fn at(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn utc(moment: SystemTime) -> String {
    jiff::Timestamp::try_from(moment).unwrap().to_string()
}

type Act = Box<dyn FnMut(usize) + Send>;

/// Writes down what happens, acts when a run has ended, and stops after so many lines.
pub(crate) struct Diary {
    pub(crate) lines: Mutex<Vec<String>>,
    ended: Mutex<(usize, Act)>,
    stop: StopSignal,
    stop_after: usize,
}

impl Diary {
    /// One that stops after so many lines.
    pub(crate) fn until(stop: StopSignal, stop_after: usize) -> Self {
        Self {
            lines: Mutex::default(),
            ended: Mutex::new((0, Box::new(|_| ()))),
            stop,
            stop_after,
        }
    }
}

impl fmt::Debug for Diary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Diary")
    }
}

impl ScheduleWatch for Diary {
    fn event(&self, event: &ScheduleEvent<'_>) {
        let line = match event {
            ScheduleEvent::Waiting(wake) => {
                format!(
                    "wait until {} for {}: {}",
                    utc(wake.at),
                    wake.period,
                    wake.why.words()
                )
            }
            ScheduleEvent::Starting(wake) => format!("run {}: {}", wake.period, wake.why.words()),
            ScheduleEvent::Ended(_, result) => {
                let mut ended = self.ended.lock().unwrap();
                ended.0 += 1;
                let number = ended.0;
                (ended.1)(number);
                match result {
                    Ok(outcome) => format!("ended {}", outcome.exit_code().code()),
                    Err(error) => format!("ended {}", error.exit_code().code()),
                }
            }
            ScheduleEvent::GivenUp(notice) => {
                assert!(notice.needs_person());
                format!("gave up: {}", notice.headline())
            }
            ScheduleEvent::Trouble(what) => format!("trouble: {what}"),
            _ => "something else".to_owned(),
        };
        let mut lines = self.lines.lock().unwrap();
        lines.push(line);
        if lines.len() >= self.stop_after {
            self.stop.stop();
        }
    }
}

pub(crate) struct Kept {
    pub(crate) result: Result<ExitCode, ServiceError>,
    pub(crate) lines: Vec<String>,
    pub(crate) now: String,
}

/// Keeps the schedule from a moment on until so many lines are written. `act` is called after each run with its number.
pub(crate) async fn keep(
    bench: &Bench,
    rest: &str,
    from: &str,
    lines: usize,
    act: impl FnMut(usize) + Send + 'static,
) -> Kept {
    let settings = Settings::from_toml(&bench.toml("", "", rest), "test.toml").unwrap();
    let clock = ManualClock::new(at(from));
    let stop = StopSignal::new();
    let service = Bench::builder(settings)
        .clock(Arc::new(clock.clone()))
        .stop(stop.clone())
        .build()
        .unwrap();
    keep_with(&service, clock, stop, lines, act).await
}

pub(crate) async fn keep_with(
    service: &Service,
    clock: ManualClock,
    stop: StopSignal,
    lines: usize,
    act: impl FnMut(usize) + Send + 'static,
) -> Kept {
    let diary = Diary {
        lines: Mutex::default(),
        ended: Mutex::new((0, Box::new(act))),
        stop,
        stop_after: lines,
    };
    let table = service.timetable().unwrap();
    let approval = || Approval::by("test (schedule)");
    let result = service
        .schedule(&table, approval, std::future::pending(), &diary)
        .await;
    Kept {
        result,
        lines: diary.lines.into_inner().unwrap(),
        now: utc(clock.wall()),
    }
}

#[tokio::test]
async fn a_month_is_synced_when_it_is_due_and_then_it_is_quiet() {
    let bench = Bench::new().await;
    let kept = keep(&bench, SIXTH, "2026-11-03T12:00:30Z", 4, |_| ()).await;
    assert_eq!(
        kept.lines,
        [
            "wait until 2026-11-06T06:00:00Z for 202610: as scheduled",
            "run 202610: as scheduled",
            "ended 5",
            "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
        ]
    );
    assert_eq!(kept.result.unwrap(), ExitCode::Done);
    assert!(kept.now.starts_with("2026-11-06T06:0"), "{}", kept.now);
    bench.assert_as_expected();
    let runs = bench.service().history(9).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].approved_by, "test (schedule)");
}

#[tokio::test]
async fn a_month_that_is_not_final_is_tried_daily_until_it_is() {
    let bench = Arc::new(Bench::new().await);
    let world = bench.clone();
    bench.sandbox.edit(|world| world.open_invoice(PERIOD));
    let act = move |number| {
        if number == 2 {
            world.sandbox.edit(|world| world.close_invoice(PERIOD));
        }
    };
    let kept = keep(&bench, SIXTH, "2026-11-06T05:59:00Z", 10, act).await;
    assert_eq!(
        kept.lines,
        [
            "wait until 2026-11-06T06:00:00Z for 202610: as scheduled",
            "run 202610: as scheduled",
            "ended 4",
            "wait until 2026-11-07T06:00:00Z for 202610: the month was not final yet",
            "run 202610: the month was not final yet",
            "ended 4",
            "wait until 2026-11-08T06:00:00Z for 202610: the month was not final yet",
            "run 202610: the month was not final yet",
            "ended 5",
            "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
        ]
    );
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_run_that_was_missed_while_the_process_was_down_is_caught_up_once() {
    let bench = Bench::new().await;
    // The first process finds the month not final and ends; no run is left behind.
    bench.sandbox.edit(|world| world.open_invoice(PERIOD));
    let first = keep(&bench, SIXTH, "2026-11-06T05:59:00Z", 3, |_| ()).await;
    assert_eq!(first.lines.last().unwrap(), "ended 4");
    bench.sandbox.edit(|world| world.close_invoice(PERIOD));
    let second = keep(&bench, SIXTH, "2026-11-20T12:00:00Z", 3, |_| ()).await;
    let quiet = "wait until 2026-12-06T06:00:00Z for 202611: as scheduled";
    assert_eq!(
        second.lines,
        ["run 202610: its time was missed", "ended 5", quiet]
    );
    let third = keep(&bench, SIXTH, "2026-11-21T12:00:00Z", 1, |_| ()).await;
    assert_eq!(third.lines, [quiet]);
}

#[tokio::test]
async fn a_first_start_after_the_day_writes_nothing() {
    let bench = Bench::new().await;
    let kept = keep(&bench, SIXTH, "2026-11-20T12:00:00Z", 1, |_| ()).await;
    assert_eq!(
        kept.lines,
        ["wait until 2026-12-06T06:00:00Z for 202611: as scheduled"]
    );
    assert_eq!(bench.sandbox.requests(), []);
    assert!(!bench.state().exists());
}

#[tokio::test]
async fn failures_are_tried_again_after_growing_pauses() {
    let bench = Arc::new(Bench::new().await);
    let world = bench.clone();
    let failing = Fault::new(When::Always, FaultKind::Status(500));
    bench.sandbox.set_faults(vec![failing]);
    let act = move |number| {
        if number == 3 {
            world.sandbox.clear_faults();
        }
    };
    let kept = keep(&bench, SIXTH, "2026-11-06T06:00:00Z", 12, act).await;
    let reasons: Vec<&str> = kept
        .lines
        .iter()
        .filter(|line| !line.starts_with("wait"))
        .map(String::as_str)
        .collect();
    assert_eq!(
        reasons,
        [
            "run 202610: as scheduled",
            "ended 1",
            "run 202610: it failed",
            "ended 1",
            "run 202610: it failed 2 times",
            "ended 1",
            "run 202610: it failed 3 times",
            "ended 5",
        ]
    );
    assert!(
        kept.now.starts_with("2026-11-06T06:3"),
        "5, 10 and 20 minutes: {}",
        kept.now
    );
    bench.assert_as_expected();
}

#[tokio::test]
async fn another_run_is_not_overlapped_but_waited_for() {
    let bench = Bench::new().await;
    let store = SqliteStore::open(bench.state()).unwrap();
    let mut lock = Some(store.lock().await.unwrap());
    let act = move |_| drop(lock.take());
    let kept = keep(&bench, SIXTH, "2026-11-06T06:00:00Z", 6, act).await;
    assert_eq!(kept.lines[..2], ["run 202610: as scheduled", "ended 8"]);
    assert_eq!(kept.lines[3..5], ["run 202610: it failed", "ended 5"]);
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_stop_while_waiting_ends_it_at_once_and_well() {
    let bench = Bench::new().await;
    let settings = Settings::from_toml(&bench.toml("", "", SIXTH), "test.toml").unwrap();
    // The machine's clock: without the stop this would sleep for a minute at least.
    let service = Bench::builder(settings).build().unwrap();
    let diary = Diary::until(StopSignal::new(), 99);
    let table = service.timetable().unwrap();
    let approval = || Approval::by("test");
    let ended = service.schedule(&table, approval, std::future::ready(()), &diary);
    assert_eq!(ended.await.unwrap(), ExitCode::Done);
    assert_eq!(bench.committed(), 0);
}

/// Asks to stop as soon as the first batch of writes came back.
#[derive(Debug)]
struct StopAtBatch(StopSignal);

impl ServiceWatch for StopAtBatch {
    fn status(&self, status: &Status<'_>) {
        if let Status::Run(Progress::BatchDone { .. }) = status {
            self.0.stop();
        }
    }
}

#[tokio::test]
async fn a_stop_ends_a_run_between_batches_and_the_next_start_finishes_the_month() {
    let bench = Bench::new().await;
    let text = bench.toml("", "write_batch = 2", SIXTH);
    let clock = ManualClock::new(at("2026-11-06T06:00:00Z"));
    let stop = StopSignal::new();
    let service = Bench::builder(Settings::from_toml(&text, "test.toml").unwrap())
        .clock(Arc::new(clock.clone()))
        .stop(stop.clone())
        .watch(Arc::new(StopAtBatch(stop.clone())))
        .build()
        .unwrap();
    let stopped = keep_with(&service, clock, stop, 99, |_| ()).await;
    assert_eq!(stopped.lines, ["run 202610: as scheduled", "ended 1"]);
    assert_eq!(stopped.result.unwrap(), ExitCode::Failure);
    let runs = bench.service().history(9).await.unwrap();
    assert_eq!(runs[0].status, RunStatus::Stopped);
    assert!(runs[0].applied > 0 && runs[0].applied < runs[0].changes);
    drop(service);

    let finished = keep(&bench, SIXTH, "2026-11-06T07:00:00Z", 3, |_| ()).await;
    assert_eq!(
        finished.lines[..2],
        ["run 202610: its time was missed", "ended 5"]
    );
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_stop_before_anything_was_written_is_no_failure() {
    let bench = Bench::new().await;
    // Stopped at the first line, which is the start of the run.
    let kept = keep(&bench, SIXTH, "2026-11-06T06:00:00Z", 1, |_| ()).await;
    assert_eq!(kept.lines, ["run 202610: as scheduled", "ended 1"]);
    assert_eq!(kept.result.unwrap(), ExitCode::Done);
    assert_eq!(bench.committed(), 0);
}

/// The labels of the bench's numbers.
pub(crate) fn about() -> String {
    format!(
        "subject=\"account {} and tenant {}\"",
        sandbox::ACCOUNT_ID,
        sandbox::TENANT
    )
}

#[tokio::test]
async fn monitoring_is_told_the_last_run_and_the_next() {
    let bench = Bench::new().await;
    let file = bench.state().with_file_name("cove.prom");
    let rest = format!("{SIXTH}[metrics]\nfile = \"{}\"\n", file.display());
    keep(&bench, &rest, "2026-11-05T06:00:00Z", 1, |_| ()).await;
    let before = std::fs::read_to_string(&file).unwrap();
    let about = about();
    let next = |text: &str| {
        format!(
            "cove_halo_next_run_timestamp_seconds{{{about}}} {}\n",
            at(text)
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs()
        )
    };
    assert!(before.contains(&next("2026-11-06T06:00:00Z")), "{before}");
    assert!(!before.contains("last_run"), "{before}");

    keep(&bench, &rest, "2026-11-06T06:00:00Z", 3, |_| ()).await;
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.contains(&next("2026-12-06T06:00:00Z")), "{after}");
    for line in [
        format!("cove_halo_last_run_exit_code{{{about}}} 5\n"),
        format!("cove_halo_last_run_period{{{about}}} 202610\n"),
        format!("cove_halo_last_run_status{{{about},status=\"applied\"}} 1\n"),
        format!("cove_halo_exceptions{{{about},kind=\"contract_level\"}} 1\n"),
        format!("cove_halo_guard_tripped{{{about},guard=\"finality\"}} 0\n"),
    ] {
        assert!(after.contains(&line), "{line} in {after}");
    }
    assert!(after.ends_with("# EOF\n"));

    // A restart tells when the next run is, and keeps how the last one ended; a run by hand does it the other way round.
    keep(&bench, &rest, "2026-11-07T06:00:00Z", 1, |_| ()).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
    let text = bench.toml("", "", &rest);
    let by_hand = Bench::builder(Settings::from_toml(&text, "test.toml").unwrap())
        .clock(Arc::new(ManualClock::new(at("2026-11-08T06:00:00Z"))))
        .build()
        .unwrap();
    let result = by_hand.sync(&october(), approval()).await;
    let troubles = by_hand.announce(result.as_ref(), october().period).await;
    assert_eq!(troubles, [""; 0]);
    let later = std::fs::read_to_string(&file).unwrap();
    assert!(later.contains(&next("2026-12-06T06:00:00Z")), "{later}");
    let ended = at("2026-11-08T06:00:00Z").duration_since(SystemTime::UNIX_EPOCH);
    let ended = format!(
        "cove_halo_last_run_timestamp_seconds{{{about}}} {}\n",
        ended.unwrap().as_secs()
    );
    assert!(later.contains(&ended), "{later}");
}

#[tokio::test]
async fn a_metrics_file_that_cannot_be_written_is_said_and_harms_nothing() {
    let bench = Bench::new().await;
    let rest = format!("{SIXTH}[metrics]\nfile = \"/nowhere/at/all/cove.prom\"\n");
    let kept = keep(&bench, &rest, "2026-11-06T06:00:00Z", 3, |_| ()).await;
    assert_eq!(kept.lines[..2], ["run 202610: as scheduled", "ended 5"]);
    assert!(
        kept.lines[2]
            .starts_with("trouble: cannot write the metrics file /nowhere/at/all/cove.prom"),
        "{:?}",
        kept.lines
    );
    bench.assert_as_expected();
}
