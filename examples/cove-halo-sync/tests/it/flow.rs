//! From plan to proof in separate steps, and what is left on disk.

use crate::tool::{Done, SERVER, World};

#[test]
fn plan_shows_and_writes_nothing_then_apply_does_exactly_that() {
    let world = World::simple();
    let plan = world.planned().ended(0);
    assert!(
        plan.stdout.starts_with(
            "N-able invoice 202610 is final and complete\nunits: 12 invoiced, 12 billed\n"
        ),
        "{plan:?}"
    );
    assert!(plan.stdout.contains("\nnothing was written\n"), "{plan:?}");
    assert!(
        plan.stderr.contains("cove-halo-sync apply plan.json"),
        "{plan:?}"
    );
    assert!(world.writes().is_empty());

    let run = world.run(&["apply", "plan.json"]).ended(0);
    assert!(
        run.stdout
            .contains("1 change written, 1 read back and found as planned"),
        "{run:?}"
    );
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);

    world.run(&["apply", "plan.json"]).ended(6);
    assert_eq!(
        world.counts("Acme Ltd", SERVER),
        [12],
        "the same plan twice makes no duplicate"
    );
}

#[test]
fn planning_leaves_no_file_behind() {
    let world = World::simple();
    world.run(&["plan", "--period", "202610"]).ended(0);
    world.run(&["doctor"]).ended(0);
    world.run(&["history"]).ended(0);
    let files: Vec<_> = std::fs::read_dir(world.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["cove-halo.toml"]);
}

#[cfg(unix)]
#[test]
fn plan_and_state_can_be_read_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::simple();
    world.planned().ended(0);
    world
        .run(&["--state", "mine.db", "apply", "plan.json"])
        .ended(0);
    assert!(
        !world.path("cove-halo.db").exists(),
        "--state names the file"
    );
    for name in ["plan.json", "mine.db"] {
        let mode = std::fs::metadata(world.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_plan_that_cannot_be_written_is_an_error_and_leaves_no_half_file() {
    let world = World::simple();
    let done = world.run(&["plan", "--period", "202610", "--out", "no/such/plan.json"]);
    let done = done.ended(1).says(&["no/such/plan.json"]);
    assert_eq!(done.stdout, "");
}

#[test]
fn without_a_terminal_sync_wants_yes_before_it_does_anything() {
    let world = World::simple();
    world
        .run(&["sync", "--period", "202610"])
        .ended(2)
        .says(&["--yes"]);
    assert!(world.sandbox.requests().is_empty());
}

#[test]
fn history_tells_every_run_and_needs_no_credentials() {
    let world = World::simple();
    world.run(&["sync", "--yes", "--period", "202610"]).ended(0);
    let mut command = world.command(&["history", "--format", "json"]);
    for name in ["COVE_API_KEY", "HALO_CLIENT_ID", "HALO_CLIENT_SECRET"] {
        command.env_remove(name);
    }
    let history = Done::new(&command.output().unwrap()).ended(0).json();
    let run = &history["runs"][0];
    assert_eq!(run["status"], "applied");
    assert_eq!(run["period"], "202610");
    assert_eq!(run["changes"], 1);
    assert_eq!(run["approved_by"], "ann (sync --yes)");

    let id = run["run_id"].as_str().unwrap();
    let table = world.run(&["history"]).ended(0);
    assert!(table.stdout.contains(id), "{table:?}");
    let one = world.run(&["history", id]).ended(0);
    assert!(one.stdout.contains("verified"), "{one:?}");
    let whole = world.run(&["history", "--check"]).ended(0);
    assert!(
        whole.stdout.starts_with("the journal is whole"),
        "{whole:?}"
    );
    world
        .run(&["history", "no-such-run"])
        .ended(2)
        .says(&["no-such-run"]);
    world.run(&["verify", id]).ended(0);

    // Nor does another source need its password for that.
    let file = world.path("cove-halo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, rest) = text.split_once("[halo]").unwrap();
    let live = "source = \"management\"\npartner = \"P\"\nusername = \"u\"";
    std::fs::write(&file, format!("[cove]\n{live}\n[halo]{rest}")).unwrap();
    world.run(&["history"]).ended(0);
    world
        .run(&["plan"])
        .ended(2)
        .says(&["COVE_PASSWORD is not set"]);
}

#[test]
fn doctor_says_what_is_well_and_what_is_not() {
    let world = World::simple();
    let well = world.run(&["doctor", "--format", "json"]).ended(0).json();
    let checks = well["checks"].as_array().unwrap();
    assert!(checks.len() >= 4, "{well}");
    assert!(
        checks.iter().all(|check| check["state"] != "problem"),
        "{well}"
    );

    let mut command = world.command(&["doctor"]);
    command.env("HALO_CLIENT_SECRET", "wrong");
    let ill = Done::new(&command.output().unwrap()).ended(1);
    assert!(
        ill.stdout.contains("PROBLEM") && ill.stdout.contains("hint:"),
        "{ill:?}"
    );
    assert!(world.writes().is_empty());
}
