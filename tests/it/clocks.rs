//! The machine's clock jumps, by years and both ways, at every request of a sync: the budget, the token and the journal
//! go by a clock that cannot jump.

use crate::bench::{Bench, PERIOD, all_of, secrets, settings, today};
use crate::tap::Tap;
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use billing_sync::run::RunStatus;
use cove_halo::{PlanRequest, Service};
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
    let bench = Bench::tiny(Switches {
        page_cap: Some(4),
        expires_in: 60,
        ..Switches::default()
    })
    .await;
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
    match service.sync(&request, Approval::by("test")).await {
        Ok(outcome) => {
            let status = outcome.run.map(|run| run.report.status);
            if status != Some(RunStatus::Applied) {
                problems.push(format!("ended {status:?}"));
            }
        }
        Err(error) => problems.push(error.to_string()),
    }
    let requests = sent.load(Ordering::SeqCst);
    problems.extend(bench.violations());
    match service.sync(&request, Approval::by("test")).await {
        Ok(outcome) if outcome.plan.writes().count() == 0 => {}
        Ok(outcome) => problems.push(format!("then {} writes", outcome.plan.writes().count())),
        Err(error) => problems.push(format!("then {error}")),
    }
    if let Err(error) = bench.store.check_journal().await {
        problems.push(error.to_string());
    }
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
    let bench = Bench::tiny(Switches::default()).await;
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
        assert_eq!(code, cove_halo::ExitCode::NotFinal, "{way}");
    }
    let requests = bench.sandbox.requests();
    assert!(requests.iter().all(|request| !request.committed));
}
