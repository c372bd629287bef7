//! One fault at every request of a full sync, of every kind, then recovery: the right subscriptions, none twice.
//!
//! CI hits every request with every kind as the server is by default, and takes a sample of the same behind each position
//! of the switches. `FAULTS=all` runs every kind at every request in every position, with the state kept and lost;
//! `FAULTS=40 SEED=7` every fortieth of those, beginning with the seventh. A failed case prints its number; `FAULTS=all CASE=…`
//! runs it alone.

use crate::bench::{Bench, all_of};
use crate::pairs::{KINDS, number_from};
use crate::switches::positions;
use crate::truth;
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
    let mut kinds = KINDS.to_vec();
    kinds.extend([
        FaultKind::ShortPage,
        FaultKind::EditCount,
        FaultKind::UnreadableQuantity,
        FaultKind::HangMs(3),
        FaultKind::HangAfterCommitMs(3),
    ]);
    for status in [400, 401, 403, 404, 500, 502, 503, 504] {
        kinds.push(FaultKind::Status(status));
    }
    for status in [500, 502, 503, 504] {
        kinds.push(FaultKind::StatusAfterCommit(status));
    }
    kinds
}

/// One fault in one sync behind switches in one position.
#[derive(Clone, Debug)]
struct Case {
    number: usize,
    position: String,
    switches: Switches,
    kind: FaultKind,
    index: u64,
    lose_state: bool,
}

/// What was wrong; empty when all is well.
async fn outcome(case: &Case) -> Vec<String> {
    let mut bench = Bench::tiny(case.switches.clone()).await;
    let fault = Fault::new(When::Nth(case.index), case.kind.clone());
    bench.sandbox.set_faults(vec![fault]);
    // Whatever it says, the state of the sandbox is what counts.
    let first = bench.sync().await;
    bench.sandbox.clear_faults();
    // An edit after a record was read back, and usage of one customer that cannot be read, leave a run that is done and a
    // record that is not as it should be; only the sync after it makes it right.
    let disturbed = [FaultKind::EditCount, FaultKind::UnreadableQuantity].contains(&case.kind);
    let mut problems = Vec::new();
    if !disturbed {
        problems.extend(truth::of_journal(&bench).await);
    }
    if case.lose_state {
        bench.lose_state();
    }
    let is_applied = first.is_ok_and(|outcome| {
        outcome
            .run
            .is_some_and(|run| run.report.status == RunStatus::Applied)
    });
    if is_applied && !disturbed {
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
    problems.extend(truth::of_journal(&bench).await);
    problems
}

/// Every kind at every request in every position, with the state kept and lost, numbered from 0: first the positions, of
/// which the default is the first.
async fn every_case() -> Vec<Case> {
    let mut all = vec![("default".to_owned(), small_pages())];
    for (switch, position, turn) in positions() {
        let mut switches = small_pages();
        turn(&mut switches);
        all.push((format!("{switch} {position}"), switches));
    }
    let mut cases = Vec::new();
    for (position, switches) in all {
        let bench = Bench::tiny(switches.clone()).await;
        bench.sync().await.unwrap();
        let requests = bench.sandbox.requests().len() as u64;
        assert!(requests > 8, "{position}: {requests} requests say little");
        for kind in kinds() {
            for index in 1..=requests {
                for lose_state in [false, true] {
                    cases.push(Case {
                        number: cases.len(),
                        position: position.clone(),
                        switches: switches.clone(),
                        kind: kind.clone(),
                        index,
                        lose_state,
                    });
                }
            }
        }
    }
    cases
}

/// What is run when nothing else is asked for: all of the default position, one way to go on in turn with the other, and
/// of the others one in so many, which hits another kind and request in each.
fn is_sampled(case: &Case) -> bool {
    const ONE_IN: usize = 101;
    if case.position == "default" {
        case.lose_state == case.index.is_multiple_of(2)
    } else {
        case.number.is_multiple_of(ONE_IN)
    }
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
    let mut cases = every_case().await;
    let whole = cases.len();
    match std::env::var("FAULTS").as_deref() {
        Ok("all") => {
            let only = number_from("CASE", u64::MAX);
            cases.retain(|case| only == u64::MAX || case.number as u64 == only);
        }
        Ok(_) => {
            let (one_in, from) = (number_from("FAULTS", 1).max(1), number_from("SEED", 0));
            cases.retain(|case| case.number as u64 % one_in == from % one_in);
        }
        Err(_) => cases.retain(is_sampled),
    }
    let tried = cases.len();
    let problems = all_of(cases, |case| {
        Box::pin(async move {
            let problems = outcome(&case).await.into_iter();
            let Case {
                number,
                position,
                kind,
                index,
                lose_state,
                ..
            } = case;
            let place =
                format!("CASE={number}: {kind:?} at {index}, {position}, state lost {lose_state}");
            problems
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
    assert!(tried > 0);
    eprintln!("{tried} of {whole} cases of one fault each, no violation");
}
