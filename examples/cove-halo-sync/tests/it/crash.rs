//! The real process, killed while each request of a sync is under way, then run again: with its state file, and without.
#![cfg(unix)]

use crate::small::{DONE, SYNC, Sent, is_made_right, is_recorded, is_refused, lose_state, small};
use crate::tool::World;
use sandbox::{Fault, FaultKind, When};
use std::process::Child;
use std::time::Duration;

/// Longer than any test waits: the request is under way until the process is dead.
const HANG_MS: u64 = 600_000;

/// Returns once the n-th request is with the server, and has changed its record where that comes before the hang. False: the
/// process ended without one, for whose answer comes first decides how many there are.
fn is_under_way(world: &World, child: &mut Child, index: u64, kind: &FaultKind) -> bool {
    let at = usize::try_from(index).unwrap() - 1;
    for _ in 0..2_000 {
        if let Some(request) = world.sandbox.requests().get(at) {
            let writes = request.method == "POST" && request.path.contains("SoftwareLicence");
            let after = matches!(kind, FaultKind::HangAfterCommitMs(_));
            let is_there = !after || !writes || request.committed || is_refused(request);
            if is_there {
                return true;
            }
        } else if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{kind:?} at request {index} never came to its end");
}

/// Kills a sync while its n-th request hangs, then runs the next one. Whether it was killed.
fn kill_at(index: u64, kind: &FaultKind, keep_state: bool) -> bool {
    let place = format!("{kind:?} at request {index}, state kept: {keep_state}");
    let world = small();
    world
        .sandbox
        .set_faults(vec![Fault::new(When::Nth(index), kind.clone())]);
    let mut child = world.command(&SYNC).spawn().unwrap();
    let is_killed = is_under_way(&world, &mut child, index, kind);
    child.kill().unwrap();
    child.wait().unwrap();
    world.sandbox.clear_faults();
    let sent = if keep_state {
        is_recorded(&world, &world.writes(), &place);
        Sent::SinceSeptember
    } else {
        lose_state(&world)
    };
    is_made_right(&world, sent, &place);
    world.sandbox.clear_requests();
    let third = world.run(&SYNC);
    assert_eq!(third.code, DONE, "{place}: {third:#?}");
    assert!(
        world.writes().is_empty(),
        "{place}: nothing was left to write"
    );
    is_killed
}

#[test]
fn a_sync_killed_at_any_request_is_finished_by_the_next_one() {
    let world = small();
    world.run(&SYNC).ended(DONE);
    let requests = world.sandbox.requests().len() as u64;
    assert!(
        requests > 12,
        "{requests} requests are too few to say anything"
    );
    drop(world);
    let (mut cases, mut killed) = (0, 0);
    for index in 1..=requests {
        for kind in [
            FaultKind::HangMs(HANG_MS),
            FaultKind::HangAfterCommitMs(HANG_MS),
        ] {
            for keep_state in [true, false] {
                cases += 1;
                killed += u64::from(kill_at(index, &kind, keep_state));
            }
        }
    }
    assert!(
        killed * 100 >= cases * 90,
        "{killed} of {cases} were killed"
    );
    eprintln!("{killed} kills in {cases} cases, no violation");
}
