//! One fault at every request of a full sync, of every kind, then recovery: the right subscriptions, none twice.
//!
//! CI hits every request with every kind as the server is by default (of one kind's examples all where subscriptions are written or a
//! token is asked for, elsewhere one in turn), and takes a sample of the same behind each position of the switches that acts
//! here. `FAULTS=all` runs every example at every request in every position, with the state kept and lost; `FAULTS=40
//! SEED=7` every fortieth of those, beginning with the seventh. A failed case prints its number; `FAULTS=all CASE=…` runs it alone.

use crate::bench::{Bench, Keeping, Source, all_of};
use crate::matrix::{Case, Place, Positions, number_from, places, small_pages, summed_up, tried};
use billing_sync::run::RunStatus;
use sandbox::{Fault, FaultKind, Sandbox, SandboxBuilder, Service, SwitchPosition, Switches};

/// A seeded world with every pathology.
fn small() -> SandboxBuilder {
    Sandbox::builder().seed(11).customers(40)
}

/// A case of the whole matrix, and whether it is run when nothing else is asked for.
struct Numbered {
    case: Case,
    is_sampled: bool,
}

/// Under what circumstances faults are tried, and how many of its cases are one that CI runs.
struct Under {
    name: String,
    switches: Switches,
    source: &'static str,
    one_in: usize,
}

impl Under {
    /// The server as it is by default.
    fn source(source: &'static str) -> Self {
        Self {
            name: format!("default, from {source}"),
            switches: small_pages(),
            source,
            one_in: if source == Source::NAMES[0] { 1 } else { 31 },
        }
    }

    fn position(position: &SwitchPosition) -> Self {
        let mut switches = small_pages();
        position.turn(&mut switches);
        Self {
            name: format!("{} {}", position.switch(), position.position()),
            switches,
            source: Source::NAMES[0],
            // Another kind and request in each.
            one_in: 211,
        }
    }
}

/// Every kind at every request from every source and in every position that acts, with the state kept and lost, numbered
/// from 0: first the default, then the other sources, then the positions.
async fn every_case() -> Vec<Numbered> {
    let mut cases = Vec::new();
    let all = FaultKind::examples();
    for source in Source::NAMES {
        add_cases(&mut cases, &Under::source(source), &all).await;
    }
    let positions = Positions::once().await;
    for position in &positions.acting {
        add_cases(&mut cases, &Under::position(position), &all).await;
    }
    for position in &positions.inert {
        let woken = |kind: &FaultKind| {
            let mut woken = positions.woken_by(kind);
            woken.any(|one| std::ptr::eq(one, position))
        };
        let by: Vec<FaultKind> = all.concat().into_iter().filter(woken).collect();
        if !by.is_empty() {
            add_cases(&mut cases, &Under::position(position), &[by]).await;
        }
    }
    cases
}

async fn add_cases(cases: &mut Vec<Numbered>, under: &Under, kinds: &[Vec<FaultKind>]) {
    let places = places(under.switches.clone(), under.source).await;
    assert!(places.len() > 8, "{}: {places:?} say little", under.name);
    for examples in kinds {
        for (at, place) in places.iter().enumerate() {
            let matters = place.writes() || place.service == Service::HaloAuth;
            for (nth, kind) in examples.iter().enumerate() {
                if !place.concerns(kind) {
                    continue;
                }
                for lose_state in [false, true] {
                    let is_its_turn = matters || nth == at % examples.len();
                    let number = cases.len();
                    let is_sampled = if under.one_in == 1 {
                        is_its_turn && lose_state == at.is_multiple_of(2)
                    } else {
                        number.is_multiple_of(under.one_in)
                    };
                    let case = case_of(number, under, place, kind, lose_state);
                    cases.push(Numbered { case, is_sampled });
                }
            }
        }
    }
}

fn case_of(
    number: usize,
    under: &Under,
    place: &Place,
    kind: &FaultKind,
    lose_state: bool,
) -> Case {
    Case {
        name: format!("CASE={number}: {kind:?} at {place:?}, {}", under.name),
        switches: under.switches.clone(),
        source: under.source,
        faults: vec![Fault::new(place.when(), kind.clone())],
        keeping: Keeping::of_case(number as u64),
        lose_state,
        resume_first: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_without_faults_leaves_what_is_expected_and_the_second_writes_nothing() {
    let bench = Bench::start(small()).await;
    let first = bench.sync().await.unwrap();
    assert_eq!(first.run.unwrap().report.status, RunStatus::Applied);
    assert_eq!(bench.violations(), Vec::<String>::new());
    let written = bench.writes().len();
    assert!(written > 0);
    let second = bench.sync().await.unwrap();
    assert_eq!(second.plan.writes().count(), 0);
    assert_eq!(bench.writes().len(), written);
    assert_eq!(bench.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_at_any_single_request_leads_to_a_duplicate_or_a_wrong_count() {
    let cases = every_case().await;
    let whole = cases.len();
    let (one_in, from) = match std::env::var("FAULTS").as_deref() {
        Ok("all") | Err(_) => (1, 0),
        Ok(_) => (number_from("FAULTS", 1).max(1), number_from("SEED", 0)),
    };
    let only = number_from("CASE", u64::MAX);
    let asked = std::env::var_os("FAULTS").is_some();
    let numbered = cases.into_iter().zip(0_u64..);
    let chosen = numbered.filter(|(one, number)| match asked {
        true if only != u64::MAX => *number == only,
        true => number % one_in == from % one_in,
        false => one.is_sampled,
    });
    let chosen: Vec<Case> = chosen.map(|(one, _)| one.case).collect();
    assert!(!chosen.is_empty());
    let verdicts = all_of(chosen, |case| {
        Box::pin(async move { vec![tried(case).await] })
    })
    .await;
    let fired = summed_up("cases", &verdicts, 1, 90);
    eprintln!(
        "{fired} faults met, one in each of {} of {whole} cases, no violation",
        verdicts.len()
    );
}
