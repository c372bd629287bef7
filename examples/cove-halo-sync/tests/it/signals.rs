//! SIGTERM at every request of a sync, SIGKILL at random moments, two processes at once: the tool ends by itself and the
//! next sync makes everything right.
#![cfg(unix)]

use crate::small::{
    DONE, SYNC, Sent, is_made_right, is_recorded, is_right, lose_state, small, small_from_files,
    status,
};
use crate::tool::{Done, World, read_until};
use billing_sync::run::RunStatus;
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

fn requests_of_a_sync() -> u64 {
    let world = small();
    world.run(&SYNC).ended(DONE);
    world.sandbox.requests().len() as u64
}

/// What the tool says once it knows that it is to end.
const NOTICE: &str = "once more stops at once";

/// Asks a sync to end while its n-th request is under way. Nothing may be sent where that was heard before it was answered.
fn told_to_end_at(world: &World, index: u64, place: &str) -> Done {
    // The first ones take so long that the tool has heard of it before they are answered, if the machine is not very busy.
    let is_early = index <= 3;
    let slow = FaultKind::Latency(if is_early { 1_000 } else { SLOW_MS });
    world
        .sandbox
        .set_faults(vec![Fault::new(When::Nth(index), slow)]);
    let loud = &SYNC[..SYNC.len() - 1];
    let mut child = world
        .command(if is_early { loud } else { &SYNC })
        .spawn()
        .unwrap();
    wait_for_requests(world, &mut child, index);
    terminate(&child);
    let mut is_in_time = false;
    if is_early {
        read_until(child.stderr.as_mut().unwrap(), NOTICE);
        let place = usize::try_from(index).unwrap() - 1;
        let answered = world.sandbox.requests()[place].status;
        is_in_time = answered == 0;
    }
    let done = end_of(child, place);
    let sent = world.writes().len();
    assert!(!is_in_time || sent == 0, "{place}: {sent} written");
    done
}

#[test]
fn a_sync_told_to_end_at_any_request_ends_by_itself_and_the_next_one_finishes() {
    let requests = requests_of_a_sync();
    assert!(requests > 12, "{requests} requests say little");
    let mut ends = std::collections::BTreeMap::new();
    for index in 1..=requests {
        let place = format!("SIGTERM at request {index}");
        let world = small();
        let done = told_to_end_at(&world, index, &place);
        assert!([1, 3, 5, 7].contains(&done.code), "{place}: {done:#?}");
        let status = status(&world).map_or("no run", RunStatus::word);
        *ends.entry((done.code, status)).or_insert(0) += 1;
        world.sandbox.clear_faults();
        is_recorded(&world, &world.writes(), &place);
        is_made_right(&world, Sent::SinceSeptember, &place);
    }
    let stopped = ends.keys().any(|(_, status)| *status == "stopped");
    assert!(stopped, "no run was stopped: {ends:?}");
    eprintln!("{requests} times SIGTERM, exit codes and ends {ends:?}, no violation");
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
        let (keep, files) = (random.bool(), random.bool());
        let place = format!(
            "SEED={} KILLS=1: after {wait:?}, state kept: {keep}, from files: {files}",
            seed + number
        );
        let world = if files { small_from_files() } else { small() };
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
        let sent = if keep {
            is_recorded(&world, &world.writes(), &place);
            Sent::SinceSeptember
        } else {
            lose_state(&world)
        };
        is_made_right(&world, sent, &place);
    }
    eprintln!("{kills} kills at random from seed {seed}, no violation");
}

/// A world whose syncs send as many requests each time: whose answer comes first makes no difference.
fn one_by_one() -> World {
    let world = small();
    let settings = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    let settings = settings.replacen("[halo]", "[halo]\nconcurrency = 1", 1);
    std::fs::write(world.path("cove-halo.toml"), settings).unwrap();
    world
}

#[test]
fn of_two_syncs_at_once_the_second_ends_with_8_and_sends_nothing() {
    let (world, alone) = (one_by_one(), one_by_one());
    // Long enough for two processes to begin, on a busy machine too.
    let hangs = Fault::new(When::Nth(1), FaultKind::Latency(4_000));
    world.sandbox.set_faults(vec![hangs]);
    let mut first = world.command(&SYNC).spawn().unwrap();
    wait_for_requests(&world, &mut first, 1);
    world.run(&SYNC).ended(8).says(&["lock"]);
    world.run(&["resume"]).ended(8).says(&["lock"]);
    end_of(first, "the first of two").ended(DONE);
    let sent = world.sandbox.requests().len() as u64;
    alone.run(&SYNC).ended(DONE);
    let wanted = alone.sandbox.requests().len() as u64;
    assert_eq!(sent, wanted, "as many as one alone sends");
    is_right(&world, true, "after two");
}

#[test]
fn a_sync_whose_reader_went_away_writes_all_the_same() {
    for format in ["table", "json", "csv"] {
        let world = small();
        let args = ["sync", "--period", "202610", "--yes", "--format", format];
        let mut child = world.command(&args).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(DONE), "{format}");
        is_right(&world, true, format);
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
