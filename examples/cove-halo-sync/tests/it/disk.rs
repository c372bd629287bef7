//! A disk that is full, a folder that cannot be written: what is not on the disk is not sent.
#![cfg(target_os = "linux")]

use crate::crash::{SYNC, small};
use crate::tool::{Done, World};
use std::process::{Command, Stdio};

/// Runs a sync that cannot make any file larger than so many blocks of 512 bytes.
fn with_room_for(world: &World, blocks: u32) -> Done {
    let tool = world.command(&[]);
    let mut command = Command::new("sh");
    // Ignored, the signal becomes an error of the write, as a full disk is.
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    command
        .arg("-c")
        .arg(line)
        .arg(env!("CARGO_BIN_EXE_cove-halo-sync"));
    command.args(SYNC).env_clear();
    command.current_dir(tool.get_current_dir().unwrap());
    for (name, value) in tool.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null());
    Done::new(&command.output().unwrap())
}

#[test]
fn a_disk_that_fills_up_at_any_moment_stops_the_run_and_nothing_is_sent_unrecorded() {
    let (mut nothing_sent, mut all_done) = (0, 0);
    let rooms = [
        0, 8, 16, 48, 64, 96, 128, 160, 192, 224, 256, 320, 400, 512, 4096,
    ];
    for room in rooms {
        let world = small();
        let done = with_room_for(&world, room);
        let writes = world.writes().len();
        match done.code {
            0 => all_done += 1,
            code => {
                assert!([1, 7].contains(&code), "{room}: {done:#?}");
                assert!(done.stderr.contains("hint: "), "{room}: {done:#?}");
                nothing_sent += usize::from(writes == 0);
            }
        }
        // Room again: the journal, as far as it got, knows of every write.
        if done.code != 0 && world.path("cove-halo.db").exists() {
            let check = world.run(&["history", "--check"]);
            assert!([0, 1].contains(&check.code), "{room}: {check:#?}");
        }
        let again = world.run(&SYNC);
        assert_eq!(again.code, 0, "{room}: {done:#?} {again:#?}");
        world.is_as_expected();
        assert_eq!(world.sandbox.subscriptions().len(), 7, "{room}: none twice");
    }
    assert!(
        nothing_sent >= 4 && all_done >= 1,
        "{nothing_sent}, {all_done}"
    );
    eprintln!(
        "{} sizes of a full disk: {nothing_sent} sent nothing, {all_done} had room, no violation",
        rooms.len()
    );
}

#[test]
fn a_state_that_cannot_be_made_or_written_sends_nothing() {
    let world = small();
    std::fs::write(world.path("file"), b"x").unwrap();
    // No user may make files in these, a superuser neither.
    for state in [
        "/proc/cove-halo.db",
        "/sys/cove-halo.db",
        "file/cove-halo.db",
        "no/such/cove-halo.db",
    ] {
        let args = [&["--state", state][..], &SYNC].concat();
        let done = world.run(&args);
        assert_eq!(done.code, 1, "{state}: {done:#?}");
        assert!(done.stderr.contains("hint: "), "{state}: {done:#?}");
        assert!(world.writes().is_empty(), "{state}");
    }
    assert!(world.sandbox.requests().is_empty(), "not even read");
}
