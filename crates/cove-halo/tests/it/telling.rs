//! Telling after a run: which pair it was, what monitoring keeps, who is slow, and who could not be reached at first.

use crate::harness::{Bench, approval, october, secrets};
use crate::schedule::{Diary, SIXTH, about, at};
use api_core::RetryPolicy;
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use billing_sync::run::StopSignal;
use cove_halo::{
    ExitCode, PairName, PlanRequest, ScheduleEvent, ScheduleWatch, Service, ServiceBuilder,
    Settings,
};
use sandbox::{Fault, FaultKind, When};
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A webhook that answers as this says.
async fn webhook(
    answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
) -> (MockServer, String) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let line = format!("webhook = \"{}/hook\"\n", server.uri());
    (server, line)
}

async fn taking() -> (MockServer, String) {
    webhook(|_| ResponseTemplate::new(200)).await
}

/// What a webhook was told.
async fn told(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|it| it.body_json().unwrap()).collect()
}

fn builder(bench: &Bench, rest: &str) -> ServiceBuilder {
    let settings = Settings::from_toml(&bench.toml("", "", rest), "f").unwrap();
    Service::builder(settings, secrets()).retry(RetryPolicy::none())
}

/// Calls somebody with everything that happens, and writes it down.
struct Heard<F> {
    diary: Diary,
    hook: F,
}

impl<F> fmt::Debug for Heard<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

impl<F: Fn(&ScheduleEvent<'_>) + Send + Sync> ScheduleWatch for Heard<F> {
    fn event(&self, event: &ScheduleEvent<'_>) {
        (self.hook)(event);
        self.diary.event(event);
    }
}

/// Keeps the schedule from the sixth of November until the December run begins; returns the lines.
async fn keep_a_month(
    bench: &Bench,
    rest: &str,
    hook: impl Fn(&ScheduleEvent<'_>) + Send + Sync,
) -> Vec<String> {
    let stop = StopSignal::new();
    let service = builder(bench, &format!("{SIXTH}{rest}"))
        .clock(Arc::new(ManualClock::new(at("2026-11-06T06:00:00Z"))))
        .stop(stop.clone())
        .build()
        .unwrap();
    let end = stop.clone();
    let watch = Heard {
        diary: Diary::until(stop, usize::MAX),
        hook: |event: &ScheduleEvent<'_>| {
            hook(event);
            if let ScheduleEvent::Starting(wake) = event
                && wake.period.number() == 202_611
            {
                end.stop();
            }
        },
    };
    let table = service.timetable().unwrap();
    let forever = std::future::pending();
    let kept = service.schedule(&table, || Approval::by("test"), forever, &watch);
    assert_eq!(kept.await.unwrap(), ExitCode::Done);
    watch.diary.lines.into_inner().unwrap()
}

#[tokio::test]
async fn a_note_that_nobody_took_at_first_is_told_later_and_once() {
    let bench = Bench::new().await;
    let open = Arc::new(AtomicBool::new(false));
    let taken = Arc::new(Mutex::new(Vec::<Value>::new()));
    let (up, notes) = (open.clone(), taken.clone());
    let (_server, line) = webhook(move |request| {
        if !up.load(Ordering::SeqCst) {
            return ResponseTemplate::new(503);
        }
        notes.lock().unwrap().push(request.body_json().unwrap());
        ResponseTemplate::new(200)
    })
    .await;
    let failed = AtomicUsize::new(0);
    let lines = keep_a_month(&bench, &format!("[notify]\n{line}"), |event| {
        // After the second trouble it is mended.
        if matches!(event, ScheduleEvent::Trouble(_)) && failed.fetch_add(1, Ordering::SeqCst) == 1
        {
            open.store(true, Ordering::SeqCst);
        }
    })
    .await;
    let trouble = "trouble: the webhook was not told: it answered 503 Service Unavailable";
    assert_eq!(
        lines,
        [
            "run 202610: as scheduled",
            "ended 5",
            trouble,
            "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
            trouble,
            "run 202611: as scheduled",
            "ended 1",
        ]
    );
    let taken = taken.lock().unwrap();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(taken[0]["status"], "applied");
    assert_eq!(taken[0]["period"], "202610");
    bench.assert_as_expected();
}

#[tokio::test]
async fn whoever_was_told_is_left_alone_while_others_cannot_be_reached() {
    let bench = Bench::new().await;
    let (server, line) = taking().await;
    let mail = "smtp_host = \"127.0.0.1\"\nsmtp_port = 1\nfrom = \"a@msp.example\"\nto = [\"b@msp.example\"]\n";
    let lines = keep_a_month(&bench, &format!("[notify]\n{line}{mail}"), |_| ()).await;
    let tries = lines
        .iter()
        .filter(|line| line.starts_with("trouble: the e-mail was not sent: "))
        .count();
    assert!(
        (30..50).contains(&tries),
        "at growing pauses, at last once a day: {tries}"
    );
    assert_eq!(told(&server).await.len(), 1);
    bench.assert_as_expected();
}

#[tokio::test]
async fn monitoring_is_told_before_people_are() {
    let bench = Bench::new().await;
    let file = bench.state().with_file_name("cove.prom");
    let seen = Arc::new(Mutex::new(Vec::<String>::new()));
    let (path, texts) = (file.clone(), seen.clone());
    let (_server, line) = webhook(move |_| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        texts.lock().unwrap().push(text);
        ResponseTemplate::new(200)
    })
    .await;
    let rest = format!("[metrics]\nfile = \"{}\"\n[notify]\n{line}", file.display());
    let service = builder(&bench, &rest).build().unwrap();
    let result = service.sync(&october(), approval()).await;
    assert_eq!(service.announce(result.as_ref(), None).await, [""; 0]);
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(bench.state()).unwrap();
    keep_a_month(&bench, &rest, |_| ()).await;
    let ended = format!("cove_halo_last_run_exit_code{{{}}} 5\n", about());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for text in &*seen {
        assert!(text.contains(&ended), "{text}");
    }
}

/// A server that takes connections and says nothing; it tells when somebody came.
async fn silent() -> (u16, tokio::sync::oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (came, coming) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let _kept = listener.accept().await.unwrap();
        came.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    (port, coming)
}

#[tokio::test]
async fn a_stop_ends_the_wait_for_whoever_is_silent() {
    let bench = Bench::new().await;
    let (hook, called) = silent().await;
    let (mail, mailed) = silent().await;
    let rest = format!(
        "[notify]\nwhen = \"always\"\nwebhook = \"http://127.0.0.1:{hook}/x\"\n\
         smtp_host = \"127.0.0.1\"\nsmtp_port = {mail}\nfrom = \"a@msp.example\"\nto = [\"b@msp.example\"]\n"
    );
    let stop = StopSignal::new();
    let service = builder(&bench, &rest).stop(stop.clone()).build().unwrap();
    let result = service.sync(&october(), approval()).await;
    let telling = service.announce(result.as_ref(), None);
    let asking = async {
        called.await.unwrap();
        mailed.await.unwrap();
        stop.stop();
    };
    let both = async { tokio::join!(telling, asking).0 };
    // Both limits are a minute.
    let troubles = tokio::time::timeout(Duration::from_secs(30), both).await;
    assert_eq!(
        troubles.unwrap(),
        ["not everybody was told: it was asked to stop"]
    );
}

fn of_pair(bench: &Bench, name: &str, rest: &str) -> Service {
    let own = bench.state().with_file_name(format!("{name}.db"));
    let text = bench.toml("", "", rest);
    let text = text.replace(
        &bench.state().display().to_string(),
        &own.display().to_string(),
    );
    Service::builder(Settings::from_toml(&text, "f").unwrap(), secrets())
        .retry(RetryPolicy::none())
        .pair(PairName::new(name).unwrap())
        .build()
        .unwrap()
}

#[tokio::test]
async fn every_note_says_which_pair_and_whose_usage_it_is_about() {
    let bench = Bench::new().await;
    let (server, line) = taking().await;
    let client = bench.sandbox.clients()[0].id;
    let notify = format!("[notify]\n{line}ticket = true\nticket_client = {client}\n");
    let subject = format!(
        "account {} and tenant {}",
        sandbox::ACCOUNT_ID,
        sandbox::TENANT
    );
    for name in ["north", "south", "north"] {
        let service = of_pair(&bench, name, &notify);
        let result = service.sync(&october(), approval()).await;
        assert_eq!(service.announce(result.as_ref(), None).await, [""; 0]);
    }
    let notes = told(&server).await;
    for (note, name) in notes.iter().zip(["north", "south", "north"]) {
        assert_eq!(note["pair"], name);
        assert_eq!(note["subject"], subject.as_str());
        let headline = note["headline"].as_str().unwrap();
        assert!(
            headline.starts_with(&format!("pair {name}, 202610: ")),
            "{headline}"
        );
        assert_eq!(
            note["to_do"][0],
            format!("look at the exceptions: cove-halo-sync plan --period 202610 --pair {name}")
        );
    }
    assert_eq!(notes.len(), 3);
    let requests = bench.sandbox.requests();
    let posted = |path: &str| -> Vec<Value> {
        requests
            .iter()
            .filter(|it| it.committed && it.path.ends_with(path))
            .map(|it| serde_json::from_str::<Value>(&it.body).unwrap()[0].clone())
            .collect()
    };
    let tickets: Vec<Value> = posted("/Tickets");
    let opened: Vec<&str> = tickets
        .iter()
        .map(|it| it["summary"].as_str().unwrap())
        .collect();
    assert_eq!(
        opened,
        [
            format!("Cove usage sync: needs a person (pair north, {subject})"),
            format!("Cove usage sync: needs a person (pair south, {subject})"),
        ]
    );
    let details = tickets[0]["details"].as_str().unwrap();
    assert!(
        details.contains(&format!("\nfor {subject}\n")),
        "the text says it, too: {details}"
    );
    assert_eq!(posted("/Actions").len(), 1, "north's second note");
}

#[tokio::test]
async fn a_month_that_is_given_up_is_told_with_its_pair_once_the_next_was_run() {
    let bench = Bench::new().await;
    bench.sandbox.edit(|world| world.open_invoice(202_610));
    let ran = Arc::new(AtomicBool::new(false));
    let early = Arc::new(AtomicBool::new(false));
    let (next, before) = (ran.clone(), early.clone());
    let (server, line) = webhook(move |request| {
        let note: Value = request.body_json().unwrap();
        if note["status"] == "given_up" && !next.load(Ordering::SeqCst) {
            before.store(true, Ordering::SeqCst);
        }
        ResponseTemplate::new(200)
    })
    .await;
    let text = bench.toml("", "", &format!("{SIXTH}[notify]\n{line}"));
    let stop = StopSignal::new();
    let service = Service::builder(Settings::from_toml(&text, "f").unwrap(), secrets())
        .retry(RetryPolicy::none())
        .pair(PairName::new("north").unwrap())
        .clock(Arc::new(ManualClock::new(at("2026-11-06T06:00:00Z"))))
        .stop(stop.clone())
        .build()
        .unwrap();
    let end = stop.clone();
    let watch = Heard {
        diary: Diary::until(stop, usize::MAX),
        hook: |event: &ScheduleEvent<'_>| match event {
            ScheduleEvent::Ended(wake, _) if wake.period.number() == 202_611 => {
                ran.store(true, Ordering::SeqCst);
            }
            ScheduleEvent::Waiting(_) if ran.load(Ordering::SeqCst) => end.stop(),
            _ => {}
        },
    };
    let table = service.timetable().unwrap();
    let forever = std::future::pending();
    let kept = service.schedule(&table, || Approval::by("test"), forever, &watch);
    kept.await.unwrap();
    assert!(!early.load(Ordering::SeqCst), "a run waits for nobody");
    let notes = told(&server).await;
    let gone: Vec<&Value> = notes
        .iter()
        .filter(|note| note["status"] == "given_up")
        .collect();
    assert_eq!(gone.len(), 1, "{notes:?}");
    assert_eq!(gone[0]["pair"], "north");
    assert_eq!(gone[0]["period"], "202610");
    assert_eq!(
        gone[0]["to_do"][0],
        "see what was not billed, and bill it by hand: cove-halo-sync plan --period 202610 --pair north"
    );
}

#[tokio::test]
async fn a_run_that_failed_has_a_month_and_its_requests() {
    let bench = Bench::new().await;
    let failing = Fault::new(When::Always, FaultKind::Status(500));
    bench.sandbox.set_faults(vec![failing]);
    let (server, line) = taking().await;
    let file = bench.state().with_file_name("cove.prom");
    let rest = format!("[metrics]\nfile = \"{}\"\n[notify]\n{line}", file.display());
    let service = builder(&bench, &rest)
        .clock(Arc::new(ManualClock::new(at("2026-11-06T06:00:00Z"))))
        .build()
        .unwrap();
    let result = service.sync(&PlanRequest::default(), approval()).await;
    assert!(result.is_err());
    assert_eq!(service.announce(result.as_ref(), None).await, [""; 0]);
    let note = &told(&server).await[0];
    assert_eq!(note["period"], "202610");
    let sent =
        note["requests"]["cove"].as_u64().unwrap() + note["requests"]["halo"].as_u64().unwrap();
    assert_eq!(sent, bench.sandbox.requests().len() as u64);
    assert!(sent > 0);
    let metrics = std::fs::read_to_string(&file).unwrap();
    let period = format!("cove_halo_last_run_period{{{}}} 202610\n", about());
    assert!(metrics.contains(&period), "{metrics}");
}

fn line_of(metrics: &PathBuf, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(metrics).unwrap();
    let found = text.lines().find(|line| line.starts_with(name));
    found.map(str::to_owned)
}

#[tokio::test]
async fn when_a_run_last_succeeded_is_kept_while_the_state_cannot_be_read() {
    let bench = Bench::new().await;
    let file = bench.state().with_file_name("cove.prom");
    let rest = format!("[metrics]\nfile = \"{}\"\n", file.display());
    let service = builder(&bench, &rest).build().unwrap();
    let result = service.sync(&october(), approval()).await;
    assert_eq!(service.announce(result.as_ref(), None).await, [""; 0]);
    drop(service);
    let success = "cove_halo_last_success_timestamp_seconds";
    let before = line_of(&file, success);
    assert!(before.is_some());

    for ending in ["", "-wal", "-shm"] {
        let path = bench.state().with_file_name(format!("state.db{ending}"));
        let _ = std::fs::remove_file(path);
    }
    std::fs::write(bench.state(), "no state file").unwrap();
    let service = builder(&bench, &rest).build().unwrap();
    let result = service.sync(&october(), approval()).await;
    assert!(result.is_err());
    assert_eq!(service.announce(result.as_ref(), None).await, [""; 0]);
    assert_eq!(line_of(&file, success), before);
    let code = line_of(&file, "cove_halo_last_run_exit_code").unwrap();
    assert!(code.ends_with(" 1"), "{code}");
}

#[tokio::test]
async fn a_run_for_one_client_is_no_month_that_succeeded() {
    let bench = Bench::new().await;
    let file = bench.state().with_file_name("cove.prom");
    let rest = format!("{SIXTH}[metrics]\nfile = \"{}\"\n", file.display());
    let service = builder(&bench, &rest)
        .clock(Arc::new(ManualClock::new(at("2026-11-06T05:00:00Z"))))
        .build()
        .unwrap();
    let whole = service.plan(&october()).await.unwrap();
    let one = PlanRequest {
        only: Some(whole.writes().next().unwrap().client_id),
        ..october()
    };
    let plan = service.plan(&one).await.unwrap();
    service.apply(plan, approval()).await.unwrap();
    let strict = builder(&bench, &format!("{rest}[guard]\nmax_created = 0\n"))
        .clock(Arc::new(ManualClock::new(at("2026-11-06T06:00:00Z"))))
        .build()
        .unwrap();
    let result = strict.sync(&october(), approval()).await;
    assert_eq!(result.as_ref().unwrap_err().exit_code(), ExitCode::Guard);
    assert_eq!(strict.announce(result.as_ref(), None).await, [""; 0]);
    let success = "cove_halo_last_success_timestamp_seconds";
    assert_eq!(line_of(&file, success), None);

    let result = service.sync(&october(), approval()).await;
    assert_eq!(service.announce(result.as_ref(), None).await, [""; 0]);
    assert!(line_of(&file, success).is_some());
}
