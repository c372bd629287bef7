//! The real process, killed while each request of a sync is under way, then run again: with its state file, and without.
#![cfg(unix)]

use crate::tool::{CONTRACT, PERIOD, SERVER, World};
use sandbox::{Fault, FaultKind, Milli, Sandbox, When};
use std::time::Duration;

/// Longer than any test waits: the request is under way until the process is dead.
const HANG_MS: u64 = 600_000;

/// Seven customers, batches of two: several write requests, a few of everything else.
pub(crate) fn small() -> World {
    let world = World::start(Sandbox::builder().blank_world());
    world.sandbox.edit(|inside| {
        for number in 0..7_i64 {
            let id = format!("c{number}");
            let client = inside.add_client(&format!("Client {number}"), id.as_str());
            let customer = (id.as_str(), "Customer");
            assert!(inside.add_usage(PERIOD, CONTRACT, customer, SERVER, Milli::units(number + 1)));
            if number < 3 {
                inside.add_subscription(client, SERVER, number + 1 + i64::from(number == 0));
            }
        }
    });
    let settings = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    let settings = settings.replacen("[halo]", "[halo]\nwrite_batch = 2", 1);
    std::fs::write(world.path("cove-halo.toml"), settings).unwrap();
    world
}

/// Returns once the n-th request is with the server, and has changed its record where that comes before the hang.
fn wait_until_under_way(world: &World, index: u64, kind: &FaultKind) {
    let at = usize::try_from(index).unwrap() - 1;
    for _ in 0..2_000 {
        if let Some(request) = world.sandbox.requests().get(at) {
            let writes = request.method == "POST" && request.path.contains("SoftwareLicence");
            let stores = writes && matches!(kind, FaultKind::HangAfterCommitMs(_));
            if request.committed || !stores {
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("request {index} never arrived");
}

pub(crate) const SYNC: [&str; 5] = ["sync", "--period", "202610", "--yes", "-q"];

/// Kills a sync while its n-th request hangs, then runs the next one.
fn kill_at(index: u64, kind: &FaultKind, keep_state: bool) {
    let place = format!("{kind:?} at request {index}, state kept: {keep_state}");
    let world = small();
    world
        .sandbox
        .set_faults(vec![Fault::new(When::Nth(index), kind.clone())]);
    let mut child = world.command(&SYNC).spawn().unwrap();
    wait_until_under_way(&world, index, kind);
    child.kill().unwrap();
    child.wait().unwrap();
    world.sandbox.clear_faults();
    if !keep_state {
        for name in ["cove-halo.db", "cove-halo.db-wal", "cove-halo.db-shm"] {
            let _ = std::fs::remove_file(world.path(name));
        }
    }
    let again = world.run(&SYNC);
    assert_eq!(again.code, 0, "{place}: {again:#?}");
    world.is_as_expected();
    let subscriptions = world.sandbox.subscriptions().len();
    assert_eq!(
        subscriptions, 7,
        "{place}: one for each customer, none twice"
    );
    let check = world.run(&["history", "--check"]);
    assert_eq!(check.code, 0, "{place}: {check:#?}");
    world.sandbox.clear_requests();
    let third = world.run(&SYNC);
    assert_eq!(third.code, 0, "{place}: {third:#?}");
    assert!(
        world.writes().is_empty(),
        "{place}: nothing was left to write"
    );
}

#[test]
fn a_sync_killed_at_any_request_is_finished_by_the_next_one() {
    let world = small();
    assert_eq!(world.run(&SYNC).code, 0);
    let requests = world.sandbox.requests().len() as u64;
    assert!(
        requests > 12,
        "{requests} requests are too few to say anything"
    );
    drop(world);
    let mut cases = 0;
    for index in 1..=requests {
        for kind in [
            FaultKind::HangMs(HANG_MS),
            FaultKind::HangAfterCommitMs(HANG_MS),
        ] {
            kill_at(index, &kind, true);
            kill_at(index, &kind, false);
            cases += 2;
        }
    }
    eprintln!("{cases} kills, no violation");
}
