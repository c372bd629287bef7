//! Ctrl-C and SIGTERM, sent to the real process.
#![cfg(unix)]

use crate::tool::{Done, World, position_of_first_write, read_until, tool};
use sandbox::{Fault, FaultKind, When};
use std::process::{Child, Command};
use std::time::Duration;

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Waits until the sandbox has seen a request with this method and part of a path.
fn wait_for(world: &World, method: &str, path: &str) {
    for _ in 0..600 {
        let seen = world.sandbox.requests();
        if seen
            .iter()
            .any(|request| request.method == method && request.path.contains(path))
        {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no {method} {path} arrived");
}

#[test]
fn a_stopped_run_ends_between_batches_and_resume_finishes_it() {
    let world = World::seeded();
    let one_by_one = "[halo]\nwrite_batch = 1";
    let settings = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    std::fs::write(
        world.path("cove-halo.toml"),
        settings.replacen("[halo]", one_by_one, 1),
    )
    .unwrap();
    world.planned().ended(5);
    world
        .sandbox
        .set_faults(vec![Fault::new(When::Always, FaultKind::Latency(40))]);
    let child = world
        .command(&["apply", "plan.json", "--format", "json"])
        .spawn()
        .unwrap();
    wait_for(&world, "POST", "SoftwareLicence");
    send("-INT", &child);
    let done = Done::new(&child.wait_with_output().unwrap()).ended(1);
    let run = done.json();
    assert_eq!(run["status"], "stopped", "{run}");
    let changes = run["changes"].as_array().unwrap().len() as u64;
    let applied = run["applied"].as_u64().unwrap();
    assert!(applied > 0 && applied < changes, "{applied} of {changes}");
    assert_eq!(
        run["verified"], applied,
        "what was written is proved all the same"
    );
    assert!(done.stderr.contains("once more stops at once"), "{done:?}");

    world.sandbox.clear_faults();
    world.run(&["resume"]).ended(5);
    world.is_as_expected();
}

#[test]
fn a_second_signal_stops_at_once_and_resume_settles_it() {
    let world = World::seeded();
    world.planned().ended(5);
    world.sandbox.clear_requests();
    // The first write is stored, but never answered.
    world.sandbox.set_faults(vec![Fault::new(
        When::NthOf {
            service: sandbox::Service::Halo,
            path_contains: "SoftwareLicence".to_owned(),
            nth: position_of_first_write(),
        },
        FaultKind::HangAfterCommitMs(60_000),
    )]);
    let mut child = world.command(&["apply", "plan.json"]).spawn().unwrap();
    wait_for(&world, "POST", "SoftwareLicence");
    send("-TERM", &child);
    // Two signals that arrive together are one.
    let stderr = child.stderr.as_mut().unwrap();
    read_until(stderr, "once more stops at once");
    send("-TERM", &child);
    let done = Done::new(&child.wait_with_output().unwrap()).ended(7);
    assert!(done.stderr.contains("resume"), "{done:?}");

    world.sandbox.clear_faults();
    world.run(&["resume"]).ended(5);
    world.is_as_expected();
}

#[test]
fn a_read_only_verb_ends_at_once() {
    let world = World::simple();
    world
        .sandbox
        .set_faults(vec![Fault::new(When::Always, FaultKind::HangMs(60_000))]);
    let child = world
        .command(&["plan", "--period", "202610"])
        .spawn()
        .unwrap();
    wait_for(&world, "POST", "InvoicesReady");
    send("-INT", &child);
    let done = Done::new(&child.wait_with_output().unwrap()).ended(1);
    assert_eq!(done.stderr, "error: interrupted; nothing was written\n");
    assert_eq!(done.stdout, "");
}

#[test]
fn the_sandbox_serves_until_it_is_told_to_end_and_prints_settings_that_work() {
    let mut serving = tool(&["sandbox", "--print-config"]).spawn().unwrap();
    let settings = read_until(serving.stdout.as_mut().unwrap(), "round   = \"up\"\n");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cove-halo.toml"), &settings).unwrap();
    let mut plan = tool(&["plan", "--period", "202610"]);
    plan.current_dir(folder.path());
    for line in settings.lines() {
        if let Some((name, value)) = line
            .strip_prefix("# export ")
            .and_then(|export| export.split_once('='))
        {
            plan.env(name, value);
        }
    }
    let planned = Done::new(&plan.output().unwrap());
    send("-TERM", &serving);
    let end = serving.wait_with_output().unwrap();
    planned.ended(5);
    assert_eq!(end.status.code(), Some(0));
    assert_eq!(String::from_utf8(end.stderr).unwrap(), "stopped\n");
}

#[test]
fn the_sandbox_as_json_is_one_document_with_everything_a_test_needs() {
    let mut serving = tool(&["sandbox", "--format", "json"]).spawn().unwrap();
    let text = read_until(serving.stdout.as_mut().unwrap(), "\n}\n");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in [
        "url",
        "billing_url",
        "halo_url",
        "management_url",
        "account_id",
    ] {
        assert!(document[key].is_string(), "{key}");
    }
    assert_eq!(document["environment"]["COVE_API_KEY"], sandbox::API_KEY);

    // What it hands out under `live` turns the same settings to the live counts.
    let folder = tempfile::tempdir().unwrap();
    let settings = document["settings"].as_str().unwrap();
    std::fs::write(folder.path().join("cove-halo.toml"), settings).unwrap();
    let mut plan = tool(&["plan", "--period", "202610", "--format", "json"]);
    plan.current_dir(folder.path());
    for part in ["environment", "live"] {
        for (name, value) in document[part].as_object().unwrap() {
            plan.env(name, value.as_str().unwrap());
        }
    }
    let planned = Done::new(&plan.output().unwrap());
    send("-TERM", &serving);
    assert_eq!(serving.wait().unwrap().code(), Some(0));
    let plan = planned.ended(5).json();
    assert_eq!(
        plan["finality"], "provisional",
        "live counts never are final"
    );
}
