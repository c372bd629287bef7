//! On a terminal: the plan is shown, the question asked, the answer heeded. Runs the tool under `script`.
#![cfg(target_os = "linux")]

use crate::tool::{SERVER, World};
use std::io::Write;
use std::process::{Command, Stdio};

/// Answers the question of `sync`; returns what the terminal showed and the exit code.
fn answer(world: &World, reply: &str) -> (String, i32) {
    let tool = world.command(&[]);
    let mut command = Command::new("script");
    command.args([
        "--quiet",
        "--return",
        "--command",
        concat!(
            env!("CARGO_BIN_EXE_cove-halo-sync"),
            " sync --period 202610"
        ),
        "/dev/null",
    ]);
    command.current_dir(tool.get_current_dir().unwrap());
    for (name, value) in tool.get_envs() {
        command.env(name, value.unwrap());
    }
    let mut child = command
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(reply.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        output.status.code().unwrap(),
    )
}

#[test]
fn sync_shows_the_plan_and_writes_after_a_yes() {
    let world = World::simple();
    let (shown, code) = answer(&world, "y\n");
    assert_eq!(code, 0, "{shown}");
    let plan = shown.find("1 to create").unwrap();
    let question = shown.find("make 1 change in HaloPSA? [y/N]").unwrap();
    let run = shown.find("1 change written").unwrap();
    assert!(plan < question && question < run, "{shown}");
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
}

#[test]
fn sync_writes_nothing_without_a_yes() {
    let world = World::simple();
    for reply in ["n\n", "\n", "yess\n", "\u{4}"] {
        let (shown, code) = answer(&world, reply);
        assert_eq!(code, 1, "{shown}");
        assert!(
            shown.contains("not confirmed; nothing was written"),
            "{shown}"
        );
    }
    assert!(world.writes().is_empty());
}

#[test]
fn sync_does_not_ask_what_would_be_refused() {
    let world = World::simple();
    world.settings("[guard]\nmax_created = 0");
    let (shown, code) = answer(&world, "y\n");
    assert_eq!(code, 3, "{shown}");
    assert!(!shown.contains("[y/N]"), "{shown}");
    assert!(world.writes().is_empty());
}
