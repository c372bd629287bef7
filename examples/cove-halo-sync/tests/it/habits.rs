//! Small habits: help, completions, quiet and verbose, closed pipes, full disks.

use crate::tool::{Done, World, tool};
use std::process::Stdio;

#[test]
fn help_of_every_verb_is_on_stdout_with_examples() {
    for verb in [
        "demo",
        "doctor",
        "plan",
        "apply",
        "sync",
        "resume",
        "verify",
        "history",
        "sandbox",
        "completions",
    ] {
        let done = Done::new(&tool(&[verb, "--help"]).output().unwrap()).ended(0);
        assert!(done.stdout.contains("Examples:"), "{done:?}");
        assert_eq!(done.stderr, "");
    }
    let version = Done::new(&tool(&["--version"]).output().unwrap()).ended(0);
    assert_eq!(
        version.stdout,
        format!("cove-halo-sync {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = Done::new(&tool(&["completions", shell]).output().unwrap()).ended(0);
        assert!(done.stdout.contains("cove-halo-sync"), "{shell}");
    }
}

#[test]
fn quiet_says_nothing_but_the_result_and_verbose_tells_requests_without_secrets() {
    let world = World::simple();
    let quiet = world.run(&["plan", "--period", "202610", "-q"]).ended(0);
    assert_eq!(quiet.stderr, "");
    let verbose = world.run(&["plan", "--period", "202610", "-vv"]).ended(0);
    assert_eq!(quiet.stdout, verbose.stdout);
    assert!(verbose.stderr.contains("operation"), "{verbose:?}");
    for word in ["Bearer", "client_secret"] {
        assert!(!verbose.stderr.contains(word), "{verbose:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    let world = World::seeded();
    for format in ["table", "json", "csv"] {
        let mut child = world
            .command(&["plan", "--period", "202610", "--format", format])
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let done = Done::new(&child.wait_with_output().unwrap()).ended(0);
        assert!(!done.stderr.contains("error"), "{done:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_result_is_an_error() {
    let world = World::simple();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let done = world
        .command(&["plan", "--period", "202610"])
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    let done = Done::new(&done).ended(1);
    assert!(
        done.stderr.starts_with("error: cannot write the result"),
        "{done:?}"
    );
}
