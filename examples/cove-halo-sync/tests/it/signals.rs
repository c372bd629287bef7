//! SIGTERM at every request of a sync, SIGKILL at random moments, two processes at once: the tool ends by itself and the
//! next sync makes everything right.
#![cfg(unix)]

use crate::crash::{SYNC, small};
use crate::tool::{Done, World};
use sandbox::{Fault, FaultKind, When};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long a request takes while the tool is asked to end.
const SLOW_MS: u64 = 150;
/// Within this the tool has ended after one SIGTERM, on a busy machine too.
const BOUND: Duration = Duration::from_secs(30);

fn terminate(child: &Child) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits for the end without killing; fails beyond the bound.
#[expect(
    clippy::disallowed_methods,
    reason = "a process of its own cannot be given a clock"
)]
fn end_of(mut child: Child, place: &str) -> Done {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > BOUND {
            child.kill().unwrap();
            panic!("{place}: did not end by itself");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Done::new(&child.wait_with_output().unwrap())
}

/// Returns once so many requests arrived, or the process has ended.
fn wait_for_requests(world: &World, child: &mut Child, number: u64) {
    while (world.sandbox.requests().len() as u64) < number && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What must hold after anything: one more sync ends well, every count is right once, the journal is whole.
fn is_made_right(world: &World, place: &str) {
    let again = world.run(&SYNC);
    assert_eq!(again.code, 0, "{place}: {again:#?}");
    world.is_as_expected();
    let records = world.sandbox.subscriptions().len();
    assert_eq!(records, 7, "{place}: one for each customer, none twice");
    let check = world.run(&["history", "--check"]);
    assert_eq!(check.code, 0, "{place}: {check:#?}");
}

fn requests_of_a_sync() -> u64 {
    let world = small();
    assert_eq!(world.run(&SYNC).code, 0);
    world.sandbox.requests().len() as u64
}

#[test]
fn a_sync_told_to_end_at_any_request_ends_by_itself_and_the_next_one_finishes() {
    let requests = requests_of_a_sync();
    assert!(requests > 12, "{requests} requests say little");
    let mut codes = std::collections::BTreeMap::new();
    for index in 1..=requests {
        let place = format!("SIGTERM at request {index}");
        let world = small();
        let slow = FaultKind::Latency(SLOW_MS);
        world
            .sandbox
            .set_faults(vec![Fault::new(When::Nth(index), slow)]);
        let mut child = world.command(&SYNC).spawn().unwrap();
        wait_for_requests(&world, &mut child, index);
        terminate(&child);
        let done = end_of(child, &place);
        assert!([0, 1, 3, 5, 7].contains(&done.code), "{place}: {done:#?}");
        *codes.entry(done.code).or_insert(0) += 1;
        let sent = world.writes().len();
        if index <= 3 {
            assert_eq!(sent, 0, "{place}: asked to end before anything was planned");
        }
        world.sandbox.clear_faults();
        is_made_right(&world, &place);
    }
    assert!(codes.contains_key(&1), "no run was stopped: {codes:?}");
    eprintln!("{requests} times SIGTERM, exit codes {codes:?}, no violation");
}

#[test]
fn a_sync_killed_at_random_moments_is_finished_by_the_next_one() {
    let from = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().unwrap())
    };
    let (seed, kills) = (from("SEED", 7), from("KILLS", 12));
    for number in 0..kills {
        let mut random = fastrand::Rng::with_seed(seed + number);
        let wait = Duration::from_micros(random.u64(..400_000));
        let keep = random.bool();
        let place = format!(
            "SEED={} KILLS=1: after {wait:?}, state kept: {keep}",
            seed + number
        );
        let world = small();
        let slow = FaultKind::Latency(8);
        world
            .sandbox
            .set_faults(vec![Fault::new(When::Always, slow)]);
        let mut child = world.command(&SYNC).spawn().unwrap();
        wait_for_requests(&world, &mut child, 1);
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        world.sandbox.clear_faults();
        if !keep {
            for name in ["cove-halo.db", "cove-halo.db-wal", "cove-halo.db-shm"] {
                let _ = std::fs::remove_file(world.path(name));
            }
        }
        is_made_right(&world, &place);
    }
    eprintln!("{kills} kills at random from seed {seed}, no violation");
}

#[test]
fn of_two_syncs_at_once_the_second_ends_with_8_and_sends_nothing() {
    let world = small();
    let hangs = Fault::new(When::Nth(1), FaultKind::Latency(1_500));
    world.sandbox.set_faults(vec![hangs]);
    let mut first = world.command(&SYNC).spawn().unwrap();
    wait_for_requests(&world, &mut first, 1);
    world.run(&SYNC).ended(8).says(&["lock"]);
    world.run(&["resume"]).ended(8).says(&["lock"]);
    end_of(first, "the first of two").ended(0);
    let sent = world.sandbox.requests().len() as u64;
    assert_eq!(sent, requests_of_a_sync(), "as many as one alone sends");
    world.is_as_expected();
    assert_eq!(world.sandbox.subscriptions().len(), 7);
}

#[test]
fn a_sync_whose_reader_went_away_writes_all_the_same() {
    for format in ["table", "json", "csv"] {
        let world = small();
        let args = ["sync", "--period", "202610", "--yes", "--format", format];
        let mut child = world.command(&args).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{format}");
        world.is_as_expected();
    }
}

#[test]
fn a_sync_with_exceptions_ends_with_5_whether_it_is_read_or_not() {
    for format in ["table", "json", "csv"] {
        let world = World::seeded();
        let args = ["sync", "--period", "202610", "--yes", "--format", format];
        let mut child = world.command(&args).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(5), "{format}");
    }
}
