//! Keeping a schedule while things go wrong: what is tried again, what is given up, and what counts as a month done.

use crate::harness::{Bench, PERIOD, approval, october};
use crate::schedule::{Diary, SIXTH, at, keep};
use api_core::testing::ManualClock;
use billing_sync::ids::Key;
use billing_sync::plan::Approval;
use billing_sync::run::{RunStatus, StopSignal};
use billing_sync::{Decision, SubscriptionChoice};
use cove_halo::{ExitCode, PlanRequest, ScheduleEvent, ScheduleWatch, Settings};
use sandbox::{Fault, FaultKind, Service as Origin, When};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn a_run_for_one_client_leaves_the_month_to_be_billed() {
    let bench = Bench::new().await;
    let service = bench.service();
    let whole = service.plan(&october()).await.unwrap();
    let one = PlanRequest {
        only: Some(whole.writes().next().unwrap().client_id),
        ..october()
    };
    let plan = service.plan(&one).await.unwrap();
    let run = service.apply(plan, approval()).await.unwrap();
    assert_eq!(run.report.status, RunStatus::Applied);
    let kept = keep(&bench, SIXTH, "2026-11-06T06:00:00Z", 3, |_| ()).await;
    assert_eq!(kept.lines[..2], ["run 202610: as scheduled", "ended 5"]);
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_mapping_decided_before_the_first_start_is_no_try() {
    let bench = Bench::new().await;
    let service = bench.service();
    let mapping = service.mapping(october().period).await.unwrap();
    let doubled = mapping.records[0].clone();
    let choice = SubscriptionChoice {
        key: Key {
            client: doubled.client.id,
            name: doubled.name.clone(),
        },
        licence: doubled.records[0].id,
    };
    let question = Decision::Subscription(choice.clone()).question();
    let plan = mapping
        .plan(&[], &[(None, choice)], service.map_place())
        .unwrap();
    let decided = service.apply_mapping(&plan, "ann").await;
    assert_eq!(decided.unwrap().exit_code(), ExitCode::Done);
    let quiet = ["wait until 2026-12-06T06:00:00Z for 202611: as scheduled"];
    let kept = keep(&bench, SIXTH, "2026-11-20T12:00:00Z", 1, |_| ()).await;
    assert_eq!(kept.lines, quiet);
    assert_eq!(service.forget(&[question], "ann").await.unwrap(), 1);
    let kept = keep(&bench, SIXTH, "2026-11-20T12:00:00Z", 1, |_| ()).await;
    assert_eq!(kept.lines, quiet, "nor is one that was taken back");
    assert_eq!(bench.committed(), 0);
}

/// Sets the clock once somebody says that it cannot be right, as a time server would.
#[derive(Debug)]
struct TimeServer {
    diary: Diary,
    clock: ManualClock,
}

impl ScheduleWatch for TimeServer {
    fn event(&self, event: &ScheduleEvent<'_>) {
        if matches!(event, ScheduleEvent::Trouble(_)) {
            self.clock.set_wall(at("2026-11-20T12:00:00Z"));
        }
        self.diary.event(event);
    }
}

#[tokio::test]
async fn a_clock_that_was_not_set_yet_is_waited_for_and_makes_no_month_look_missed() {
    let bench = Bench::new().await;
    let settings = Settings::from_toml(&bench.toml("", "", SIXTH), "test.toml").unwrap();
    let clock = ManualClock::new(at("1970-01-01T00:00:30Z"));
    let stop = StopSignal::new();
    let service = Bench::builder(settings)
        .clock(Arc::new(clock.clone()))
        .stop(stop.clone())
        .build()
        .unwrap();
    let watch = TimeServer {
        diary: Diary::until(stop, 2),
        clock,
    };
    let table = service.timetable().unwrap();
    let approval = || Approval::by("test (schedule)");
    let forever = std::future::pending();
    let ended = service.schedule(&table, approval, forever, &watch).await;
    assert_eq!(ended.unwrap(), ExitCode::Done);
    assert_eq!(
        *watch.diary.lines.lock().unwrap(),
        [
            "trouble: this machine's clock says 1970-01-01: nothing is run until it is set",
            "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
        ]
    );
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_month_that_never_became_final_is_given_up_aloud() {
    let bench = Bench::new().await;
    bench.sandbox.edit(|world| world.open_invoice(PERIOD));
    let first = keep(&bench, SIXTH, "2026-11-06T06:00:00Z", 3, |_| ()).await;
    assert_eq!(first.lines[1], "ended 4");
    let kept = keep(&bench, SIXTH, "2026-12-04T12:00:00Z", 8, |_| ()).await;
    assert_eq!(
        kept.lines[2..8],
        [
            "wait until 2026-12-05T06:00:00Z for 202610: the month was not final yet",
            "run 202610: the month was not final yet",
            "ended 4",
            "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
            "gave up: 202610: the month was not billed and is not tried any more: 202611 is due",
            "run 202611: as scheduled",
        ]
    );
}

#[tokio::test]
async fn a_late_month_is_told_from_the_tenth_on() {
    let bench = Bench::new().await;
    bench.sandbox.edit(|world| world.open_invoice(PERIOD));
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let eighth = SIXTH.replace("0 6 6", "0 6 8");
    let rest = format!("{eighth}[notify]\nwebhook = \"{}/hook\"\n", server.uri());
    let kept = keep(&bench, &rest, "2026-11-08T06:00:00Z", 9, |_| ()).await;
    assert_eq!(kept.lines[6], "run 202610: the month was not final yet");
    assert!(kept.now.starts_with("2026-11-10T06:0"), "{}", kept.now);
    let told = server.received_requests().await.unwrap();
    let bodies: Vec<Value> = told.iter().map(|it| it.body_json().unwrap()).collect();
    assert_eq!(
        bodies.len(),
        1,
        "the 8th and the 9th are silent: {bodies:?}"
    );
    assert_eq!(bodies[0]["status"], "not_final");
    assert_eq!(bodies[0]["needs_person"], true);
}

#[tokio::test]
async fn an_address_that_is_missing_for_once_is_tried_again() {
    for status in [403, 404] {
        let bench = Bench::new().await;
        let missing = When::NthOf {
            service: Origin::Billing,
            path_contains: "PSAUsageDetailsDevices".to_owned(),
            nth: 1,
        };
        let fault = Fault::new(missing, FaultKind::Status(status));
        bench.sandbox.set_faults(vec![fault]);
        let kept = keep(&bench, SIXTH, "2026-11-06T06:00:00Z", 6, |_| ()).await;
        assert_eq!(
            kept.lines[..2],
            ["run 202610: as scheduled", "ended 2"],
            "{status}"
        );
        assert_eq!(
            kept.lines[3..5],
            ["run 202610: it failed", "ended 5"],
            "{status}"
        );
        assert_eq!(kept.result.unwrap(), ExitCode::Done);
        bench.assert_as_expected();
    }
}

/// Spoils the state file while it is waited, and takes it away once that was told.
#[derive(Debug)]
struct Spoiler {
    diary: Diary,
    state: PathBuf,
}

impl ScheduleWatch for Spoiler {
    fn event(&self, event: &ScheduleEvent<'_>) {
        match event {
            ScheduleEvent::Waiting(_) if !self.state.exists() => {
                std::fs::write(&self.state, "no state file").unwrap();
            }
            ScheduleEvent::Trouble(_) => std::fs::remove_file(&self.state).unwrap(),
            _ => {}
        }
        self.diary.event(event);
    }
}

#[tokio::test]
async fn a_state_that_cannot_be_read_for_a_moment_is_told_and_harms_nothing() {
    let bench = Bench::new().await;
    let settings = Settings::from_toml(&bench.toml("", "", SIXTH), "test.toml").unwrap();
    let clock = ManualClock::new(at("2026-11-06T05:59:30Z"));
    let stop = StopSignal::new();
    let service = Bench::builder(settings)
        .clock(Arc::new(clock))
        .stop(stop.clone())
        .build()
        .unwrap();
    let watch = Spoiler {
        diary: Diary::until(stop, 5),
        state: bench.state(),
    };
    let table = service.timetable().unwrap();
    let approval = || Approval::by("test");
    let kept = service.schedule(&table, approval, std::future::pending(), &watch);
    assert_eq!(kept.await.unwrap(), ExitCode::Done);
    let lines = watch.diary.lines.into_inner().unwrap();
    let trouble = format!(
        "trouble: {} is not a state file of this program",
        bench.state().display()
    );
    assert_eq!(
        lines[1..4],
        [trouble.as_str(), "run 202610: as scheduled", "ended 5"]
    );
    bench.assert_as_expected();
}
