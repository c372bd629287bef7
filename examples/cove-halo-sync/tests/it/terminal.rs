//! On a terminal: the plan is shown, the question asked, the answer heeded, and `init` asks what is left open. Runs the tool under `script`.
#![cfg(target_os = "linux")]

use crate::tool::{SERVER, World};
use std::io::Write;
use std::process::{Command, Stdio};

const SYNC: &str = "sync --period 202610";

/// Answers the question of a verb; returns what the terminal showed and the exit code.
fn answer(world: &World, verb: &str, reply: &str) -> (String, i32) {
    let tool = world.command(&[]);
    let mut command = Command::new("script");
    let line = format!("{} {verb}", env!("CARGO_BIN_EXE_cove-halo-sync"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
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
    let (shown, code) = answer(&world, SYNC, "y\n");
    assert_eq!(code, 0, "{shown}");
    let plan = shown.find("1 to create").unwrap();
    let question = shown.find("make 1 change in HaloPSA? [y/N]").unwrap();
    let run = shown.find("1 change written").unwrap();
    assert!(plan < question && question < run, "{shown}");
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
}

#[test]
fn what_is_asked_about_is_shown_even_when_quiet() {
    for format in ["json", "csv"] {
        let world = World::simple();
        let verb = format!("--quiet --format {format} {SYNC}");
        let (shown, code) = answer(&world, &verb, "n\n");
        assert_eq!(code, 1, "{shown}");
        let plan = shown.find("1 to create").unwrap();
        let question = shown.find("make 1 change in HaloPSA? [y/N]").unwrap();
        assert!(plan < question, "{shown}");
        assert!(world.writes().is_empty());

        let client = world.sandbox.clients()[0].id;
        let verb =
            format!("--quiet --format {format} map set c1 {client} --to state --period 202610");
        let (shown, code) = answer(&world, &verb, "n\n");
        assert_eq!(code, 1, "{shown}");
        let plan = shown.find("Acme Ltd").unwrap();
        let question = shown.find("write 1 mapping? [y/N]").unwrap();
        assert!(plan < question, "{shown}");
    }
}

#[test]
fn sync_writes_nothing_without_a_yes() {
    let world = World::simple();
    for reply in ["n\n", "\n", "yess\n", "\u{4}"] {
        let (shown, code) = answer(&world, SYNC, reply);
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
    let (shown, code) = answer(&world, SYNC, "y\n");
    assert_eq!(code, 3, "{shown}");
    assert!(!shown.contains("[y/N]"), "{shown}");
    assert!(world.writes().is_empty());
}

#[test]
fn revert_shows_the_inverse_and_writes_after_a_yes_only() {
    let world = World::simple();
    world.settings("[guard]\nmax_changed_percent = 100");
    let run = world
        .run(&["sync", "--yes", "--period", "202610", "--format", "json"])
        .ended(0)
        .json();
    let verb = format!("revert {}", run["run_id"].as_str().unwrap());
    let (shown, code) = answer(&world, &verb, "n\n");
    assert_eq!(code, 1, "{shown}");
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);

    let (shown, code) = answer(&world, &verb, "y\n");
    assert_eq!(code, 0, "{shown}");
    let inverse = shown.find("Revert of run ").unwrap();
    let question = shown.find("make 1 change in HaloPSA? [y/N]").unwrap();
    let written = shown.find("1 change written").unwrap();
    assert!(inverse < question && question < written, "{shown}");
    assert_eq!(world.counts("Acme Ltd", SERVER), [0]);
}

/// A terminal without the credentials and without a settings file.
fn fresh() -> World {
    let world = World::simple();
    std::fs::remove_file(world.path("cove-halo.toml")).unwrap();
    world
}

#[test]
fn init_asks_for_what_is_open_until_it_can_be_used_and_writes_a_file_that_loads() {
    let world = fresh();
    // The account and the address are asked for again while they are empty; `maybe` is neither of the two.
    let replies =
        "\n001H234578asdfIAS\n238877, 238878\nmaybe\nindirect\n\nhttps://acme.halopsa.com\n\n\n\n";
    let (shown, code) = answer(&world, "init", replies);
    assert_eq!(code, 0, "{shown}");
    assert_eq!(shown.matches("N-able account id").count(), 2, "{shown}");
    assert_eq!(shown.matches("Bought from N-able").count(), 2, "{shown}");
    assert_eq!(shown.matches("Address of HaloPSA").count(), 2, "{shown}");
    let written = shown.find("cove-halo.toml written").unwrap();
    assert!(shown.find("State file").unwrap() < written, "{shown}");
    assert!(shown[written..].contains("HALO_CLIENT_SECRET"), "{shown}");
    let text = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    for line in [
        "account_id = \"001H234578asdfIAS\"",
        "contract_ids = [\"238877\", \"238878\"]",
        "audience = \"indirect\"",
        "base_url = \"https://acme.halopsa.com\"",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    // It loads: what is shown comes from it.
    world.run(&["schedule", "--next", "1"]).ended(0);
}

#[test]
fn init_asks_only_for_what_no_flag_says() {
    let world = fresh();
    let verb = "init --account-id a --contract 1 --audience direct --tenant t --customer-field CFx";
    let (shown, code) = answer(&world, verb, "https://acme.halopsa.com\n\n");
    assert_eq!(code, 0, "{shown}");
    for asked in ["Address of HaloPSA", "State file"] {
        assert_eq!(shown.matches(asked).count(), 1, "{asked}: {shown}");
    }
    for known in [
        "account id",
        "Contract ids",
        "Bought from",
        "Tenant",
        "custom field",
    ] {
        assert!(!shown.contains(known), "{known}: {shown}");
    }
}

#[test]
fn init_that_gets_no_answer_or_an_address_of_no_use_writes_nothing() {
    for replies in [
        "\u{4}",
        "account\n\u{4}",
        "account\n\n\nhttp://acme.example\n\n\n\n",
    ] {
        let world = fresh();
        let (shown, code) = answer(&world, "init", replies);
        assert!([1, 2].contains(&code), "{code}: {shown}");
        assert!(shown.contains("error: "), "{shown}");
        assert!(!world.path("cove-halo.toml").exists(), "{shown}");
    }
}
