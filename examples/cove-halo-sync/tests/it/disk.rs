//! A disk that is full, a folder that cannot be written: what is not on the disk is not sent.
#![cfg(target_os = "linux")]

use crate::small::{SYNC, Sent, has_state, is_made_right, is_recorded, lose_state, small, status};
use crate::tool::{Done, World};
use billing_sync::run::RunStatus;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

/// Runs a sync by another command, which ends by becoming it.
fn by(mut command: Command, world: &World) -> Done {
    let tool = world.command(&SYNC);
    command.arg(tool.get_program()).args(tool.get_args());
    command.env_clear().stdin(Stdio::null());
    command.current_dir(tool.get_current_dir().unwrap());
    for (name, value) in tool.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Done::new(&command.output().unwrap())
}

/// Runs a sync that cannot make any file larger than so many blocks of 512 bytes.
fn with_room_for(world: &World, blocks: u32) -> Done {
    let mut command = Command::new("sh");
    // Ignored, the signal becomes an error of the write, as a full disk is.
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    command.arg("-c").arg(line);
    by(command, world)
}

/// Runs a sync that may write only where the modes allow it, also as a superuser.
fn without_privileges(world: &World) -> Done {
    let is_superuser = fs::metadata(world.path(".")).unwrap().uid() == 0;
    let mut command = Command::new(if is_superuser { "setpriv" } else { "env" });
    if is_superuser {
        command.args(["--bounding-set=-dac_override", "--inh-caps=-dac_override"]);
    }
    by(command, world)
}

#[test]
fn a_disk_that_fills_up_at_any_moment_stops_the_run_and_nothing_is_sent_unrecorded() {
    let (mut nothing_sent, mut some_sent, mut all_done) = (0, 0, 0);
    let rooms = [
        0, 8, 16, 48, 64, 96, 128, 160, 192, 224, 256, 320, 400, 512, 4096,
    ];
    let cases = rooms.map(|room| [(room, true), (room, false)]).concat();
    for (room, keeps_state) in &cases {
        let place = format!("{room} blocks, a state before it: {keeps_state}");
        let world = small();
        let sent = if *keeps_state {
            Sent::SinceSeptember
        } else {
            lose_state(&world)
        };
        let done = with_room_for(&world, *room);
        assert!([1, 7].contains(&done.code), "{place}: {done:#?}");
        let writes = world.writes();
        if status(&world) == Some(RunStatus::Partial) {
            all_done += 1;
        } else {
            assert!(done.stderr.contains("hint: "), "{place}: {done:#?}");
            nothing_sent += usize::from(writes.is_empty());
            some_sent += usize::from(!writes.is_empty());
        }
        // Room again: the journal, as far as it got, is whole and knows of every write.
        let check = world.run(&["history", "--check"]);
        assert_eq!(check.code == 0, has_state(&world), "{place}: {check:#?}");
        assert!(!keeps_state || check.code == 0, "{place}: {check:#?}");
        is_recorded(&world, &writes, &place);
        is_made_right(&world, sent, &place);
    }
    let tried = cases.len();
    let figures =
        format!("{nothing_sent} sent nothing, {some_sent} stopped on the way, {all_done} had room");
    assert!(
        nothing_sent >= 4 && some_sent >= 2 && all_done >= 1,
        "{figures}"
    );
    eprintln!("{tried} times a full disk: {figures}, no violation");
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

/// Gives the world's folder one mode, and every file of its state another.
fn set_modes(world: &World, folder: u32, files: u32) {
    for entry in fs::read_dir(world.path(".")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().contains(".db") {
            fs::set_permissions(entry.path(), Permissions::from_mode(files)).unwrap();
        }
    }
    fs::set_permissions(world.path("."), Permissions::from_mode(folder)).unwrap();
}

#[test]
fn a_state_that_became_read_only_sends_nothing_and_is_left_as_it_is() {
    for (folder, files) in [(0o555, 0o600), (0o700, 0o400), (0o555, 0o400)] {
        let place = format!("folder {folder:o}, files {files:o}");
        let world = small();
        let state = fs::read(world.path("cove-halo.db")).unwrap();
        set_modes(&world, folder, files);

        let done = without_privileges(&world);
        assert_eq!(done.code, 1, "{place}: {done:#?}");
        let words = ["the state file cannot be", "hint: check its mode"];
        let is_told = words.iter().all(|part| done.stderr.contains(part));
        assert!(is_told, "{place}: {done:#?}");
        assert!(world.writes().is_empty(), "{place}");
        assert_eq!(
            fs::read(world.path("cove-halo.db")).unwrap(),
            state,
            "{place}"
        );

        set_modes(&world, 0o700, 0o600);
        is_made_right(&world, Sent::SinceSeptember, &place);
    }
}
