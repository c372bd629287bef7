//! One fault at every request of a full sync, of every kind, then recovery: the right subscriptions, none twice.

use crate::bench::{Bench, all_of};
use billing_sync::run::RunStatus;
use sandbox::{Fault, FaultKind, Sandbox, SandboxBuilder, Switches, When};

/// A seeded world with every pathology.
fn small() -> SandboxBuilder {
    Sandbox::builder().seed(11).customers(40)
}

/// Every list takes two pages or more.
fn small_pages() -> Switches {
    Switches {
        page_cap: Some(4),
        ..Switches::default()
    }
}

fn kinds() -> Vec<FaultKind> {
    let mut kinds = vec![
        FaultKind::ResetBeforeCommit,
        FaultKind::ResetAfterCommit,
        FaultKind::TooManyRequests { retry_after: None },
        FaultKind::TooManyRequests {
            retry_after: Some(7),
        },
        FaultKind::Html200,
        FaultKind::MalformedJson,
        FaultKind::TruncatedBody,
        FaultKind::EmptyBody,
        FaultKind::NullBody,
        FaultKind::TokenRevoked,
        FaultKind::DuplicatePage,
        FaultKind::ShiftPage,
        FaultKind::Latency(2),
        FaultKind::Drip,
    ];
    for status in [400, 401, 403, 404, 500, 502, 503, 504] {
        kinds.push(FaultKind::Status(status));
    }
    for status in [500, 503, 504] {
        kinds.push(FaultKind::StatusAfterCommit(status));
    }
    kinds
}

/// What happened to one case; empty when all is well.
async fn case(kind: &FaultKind, index: u64, lose_state: bool) -> Vec<String> {
    let mut bench = Bench::tiny(small_pages()).await;
    bench
        .sandbox
        .set_faults(vec![Fault::new(When::Nth(index), kind.clone())]);
    // Whatever it says, the state of the sandbox is what counts.
    let first = bench.sync().await;
    bench.sandbox.clear_faults();
    if lose_state {
        bench.lose_state();
    }
    let mut problems = Vec::new();
    if first.is_ok_and(|outcome| {
        outcome
            .run
            .is_some_and(|run| run.report.status == RunStatus::Applied)
    }) {
        problems.extend(
            bench
                .violations()
                .into_iter()
                .map(|text| format!("after `applied`: {text}")),
        );
    }
    if let Err(error) = bench.service().resume().await {
        problems.push(format!("resume: {error}"));
    }
    match bench.sync().await {
        Ok(outcome) => {
            let status = outcome.run.map(|run| run.report.status);
            if !matches!(status, None | Some(RunStatus::Applied | RunStatus::Nothing)) {
                problems.push(format!("the sync after it ended {status:?}"));
            }
        }
        Err(error) => problems.push(format!("the sync after it: {error}")),
    }
    problems.extend(bench.violations());
    problems
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_without_faults_leaves_what_is_expected_and_the_second_writes_nothing() {
    let bench = Bench::start(small()).await;
    let first = bench.sync().await.unwrap();
    assert_eq!(first.run.unwrap().report.status, RunStatus::Applied);
    assert_eq!(bench.violations(), Vec::<String>::new());
    assert!(
        bench
            .sandbox
            .requests()
            .iter()
            .any(|request| request.committed)
    );
    bench.sandbox.clear_requests();
    let second = bench.sync().await.unwrap();
    assert_eq!(second.plan.writes().count(), 0);
    let posts = bench
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST" && request.path.contains("SoftwareLicence"));
    assert_eq!(posts.count(), 0);
    assert_eq!(bench.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_at_any_single_request_leads_to_a_duplicate_or_a_wrong_count() {
    let bench = Bench::tiny(small_pages()).await;
    bench.sync().await.unwrap();
    let requests = bench.sandbox.requests().len() as u64;
    assert!(
        requests > 12,
        "the sync is too small to say anything: {requests} requests"
    );
    let mut cases = Vec::new();
    for kind in kinds() {
        for index in 1..=requests {
            // The two ways to go on take turns: with the state file, and as if it were lost.
            cases.push((kind.clone(), index, index % 2 == 0));
        }
    }
    let tried = cases.len();
    let problems = all_of(cases, |(kind, index, lose_state)| {
        Box::pin(async move {
            let problems = case(&kind, index, lose_state).await;
            let place = format!("{kind:?} at {index}, state lost {lose_state}");
            problems
                .into_iter()
                .map(|problem| format!("{place}: {problem}"))
                .collect()
        })
    })
    .await;
    assert!(
        problems.is_empty(),
        "{} problems in {tried} cases:\n{}",
        problems.len(),
        problems.join("\n")
    );
    eprintln!("{tried} cases of one fault each, no violation");
}
