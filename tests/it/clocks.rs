//! The machine's clock jumps, by years and both ways, at every request of a sync: the budget, the token and the journal
//! go by a clock that cannot jump, and the calendar is believed only while HaloPSA's clock agrees.

use crate::bench::{Bench, Keeping, PERIOD, all_of, secrets, settings, today};
use crate::matrix::small_pages;
use crate::tap::Tap;
use crate::truth::{self, At};
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use cove_halo::{Audience, ExitCode, PlanRequest, Service, UsageSettings};
use sandbox::Switches;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

const YEARS: Duration = Duration::from_secs(10 * 366 * 86_400);

fn jumps() -> [(&'static str, SystemTime); 4] {
    [
        ("ten years on", today() + YEARS),
        ("ten years back", today() - YEARS),
        ("an hour back", today() - Duration::from_secs(3600)),
        ("to the beginning", SystemTime::UNIX_EPOCH),
    ]
}

/// A sync whose clock jumps as the n-th request leaves, and another sync after it. What was wrong, and the requests.
async fn jumped(at: usize, way: &'static str, to: SystemTime) -> (Vec<String>, usize) {
    let switches = Switches {
        expires_in: 60,
        ..small_pages()
    };
    let bench = Bench::tiny(switches, Keeping::of_case(at as u64)).await;
    let clock = ManualClock::new(today());
    let (hand, sent) = (clock.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&sent);
    let tap = Tap::on(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == at {
            hand.set_wall(to);
        }
    });
    let service = Service::builder(settings(&bench.sandbox, ""), secrets())
        .store(Arc::clone(&bench.store))
        .clock(Arc::new(clock))
        .transport(tap)
        .build()
        .unwrap();
    let request = PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    };
    let mut problems = Vec::new();
    let sync = || bench.noted(service.sync(&request, Approval::by("test")));
    match sync().await {
        Ok(outcome) => problems.extend(bench.is_through(&outcome).err()),
        Err(error) => problems.push(error.to_string()),
    }
    let requests = sent.load(Ordering::SeqCst);
    problems.extend(bench.violations());
    match sync().await {
        Ok(outcome) => problems.extend(bench.writes_nothing(&outcome.plan).err()),
        Err(error) => problems.push(format!("then {error}")),
    }
    problems.extend(truth::of_journal(&bench, At::End).await);
    let problems = problems.into_iter();
    let problems = problems.map(|problem| format!("{way} at request {at}: {problem}"));
    (problems.collect(), requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_at_any_request_changes_no_count_and_breaks_no_journal() {
    let (problems, requests) = jumped(usize::MAX, "not at all", today()).await;
    assert_eq!(problems, Vec::<String>::new());
    assert!(requests > 12, "{requests} requests say little");
    let mut cases = Vec::new();
    for at in 1..=requests {
        cases.extend(jumps().map(|(way, to)| (at, way, to)));
    }
    let tried = cases.len();
    let problems = all_of(cases, |(at, way, to)| {
        Box::pin(async move { jumped(at, way, to).await.0 })
    })
    .await;
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    eprintln!("{tried} jumps of the clock, no violation");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_month_stays_open_whatever_the_clock_says() {
    let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    bench.sandbox.edit(|world| world.open_invoice(PERIOD));
    for (way, to) in jumps() {
        let service = Service::builder(settings(&bench.sandbox, ""), secrets())
            .store(Arc::clone(&bench.store))
            .clock(Arc::new(ManualClock::new(to)))
            .build()
            .unwrap();
        let request = PlanRequest {
            period: Some(PERIOD.try_into().unwrap()),
            only: None,
        };
        let refused = service.sync(&request, Approval::by("test")).await;
        let code = refused.map(drop).unwrap_err().exit_code();
        assert_eq!(code, ExitCode::NotFinal, "{way}");
    }
    let requests = bench.sandbox.requests();
    assert!(requests.iter().all(|request| !request.committed));
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// The services' time, for both clocks.
fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// How a sync of a month ends that only the calendar closes, with these clocks at the services and here.
async fn calendar_sync(theirs: SystemTime, ours: SystemTime, file: bool) -> (ExitCode, usize) {
    let bench = Bench::first_month(Switches {
        date: Some(seconds(theirs)),
        ..Switches::default()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&bench.sandbox, "");
    settings.cove.audience = Audience::Indirect;
    if file {
        let text = "customer,quantity\n900000,9\n";
        std::fs::write(folder.path().join("202610.csv"), text).unwrap();
        settings.usage = UsageSettings {
            path: format!("{}/{{period}}.csv", folder.path().display()),
            vendor: "mailboxes".to_owned(),
            service_name: "Mailbox".to_owned(),
            final_from_day: Some(5),
            ..UsageSettings::default()
        };
    }
    let service = Service::builder(settings, secrets())
        .store(Arc::clone(&bench.store))
        .clock(Arc::new(ManualClock::new(ours)))
        .build()
        .unwrap();
    let request = PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    };
    let code = match service.sync(&request, Approval::by("test")).await {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => error.exit_code(),
    };
    let requests = bench.sandbox.requests();
    let writes = requests.iter().filter(|request| request.committed).count();
    (code, writes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_only_the_calendar_closes_stays_open_while_the_clock_is_wrong() {
    // Final from 5 November; the services are in the middle of October.
    let october = today() - DAY * 20;
    for file in [false, true] {
        for (way, ours) in [
            ("a month ahead", today() + DAY * 10),
            ("ten years ahead", today() + YEARS),
            ("right", october),
            ("ten years back", october - YEARS),
            ("at the beginning", SystemTime::UNIX_EPOCH),
        ] {
            let ended = calendar_sync(october, ours, file).await;
            assert_eq!(ended, (ExitCode::NotFinal, 0), "{way}, file {file}");
        }
        // It is November: a clock that is right, or nearly, closes the month; one that is behind leaves it open.
        for (way, ours, code) in [
            ("right", today(), ExitCode::Done),
            ("half an hour ahead", today() + HOUR / 2, ExitCode::Done),
            ("two hours ahead", today() + HOUR * 2, ExitCode::NotFinal),
            ("a month behind", today() - DAY * 30, ExitCode::NotFinal),
        ] {
            let (ended, writes) = calendar_sync(today(), ours, file).await;
            assert_eq!(ended, code, "{way}, file {file}");
            assert_eq!(writes > 0, code == ExitCode::Done, "{way}, file {file}");
        }
    }
}
