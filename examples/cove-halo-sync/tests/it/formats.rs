//! JSON is one document, CSV is safe rows, tables are for a terminal that obeys nobody else.

use crate::tool::{Done, World};
use serde_json::Value;

const PLAN: [&str; 3] = ["plan", "--period", "202610"];

fn with(args: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    [args, more].concat()
}

#[test]
fn every_verb_prints_one_json_document() {
    let world = World::seeded();
    let plan = world
        .run(&with(&PLAN, &["--format", "json", "--out", "plan.json"]))
        .ended(5);
    let document = plan.json();
    for key in [
        "schema",
        "plan_id",
        "period",
        "finality",
        "complete",
        "rules_digest",
        "inputs_digest",
        "summary",
        "changes",
        "exceptions",
        "ledger",
        "guards",
        "requests",
    ] {
        assert!(document.get(key).is_some(), "{key} is missing");
    }
    let file: Value =
        serde_json::from_slice(&std::fs::read(world.path("plan.json")).unwrap()).unwrap();
    assert_eq!(file, document, "the file holds what was shown");

    let run = world
        .run(&["apply", "plan.json", "--format", "json"])
        .ended(5)
        .json();
    for key in [
        "schema",
        "run_id",
        "plan_id",
        "status",
        "applied",
        "failed",
        "unknown",
        "verified",
        "exceptions",
        "requests",
        "changes",
    ] {
        assert!(run.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(run["plan_id"], document["plan_id"]);
    assert_eq!(run["changes"][0]["outcome"], "verified");

    for args in [&["resume"][..], &["verify"], &["history"], &["doctor"]] {
        let done = world.run(&[args, &["--format", "json"]].concat()).ended(0);
        assert!(done.json().is_object(), "{args:?}");
    }
}

#[test]
fn an_error_after_the_document_is_no_second_one() {
    let world = World::simple();
    let file = world.path("cove-halo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, rest) = text.split_once("[halo]").unwrap();
    let live = format!(
        "[cove]\nsource = \"management\"\npartner = \"{}\"\nusername = \"{}\"\n[cove.management]\nbase_url = \"{}\"\n",
        sandbox::MANAGEMENT_PARTNER,
        sandbox::MANAGEMENT_USER,
        world.sandbox.management_url()
    );
    std::fs::write(&file, format!("{live}[halo]{rest}")).unwrap();
    let with = |args: &[&str], password: &str| {
        let mut command = world.command(args);
        Done::new(&command.env("COVE_PASSWORD", password).output().unwrap())
    };
    // A month that is not final leaves a try behind, so the schedule begins at once with what it missed.
    let month = ["sync", "--yes", "--period", "202610"];
    with(&month, sandbox::MANAGEMENT_PASSWORD).ended(4);
    let always = ["schedule", "--cron", "* * * * *", "--timezone", "UTC"];
    // A refused login of Cove's ends it: trying again would lock the user.
    let done = with(&[&always[..], &["--format", "json"]].concat(), "wrong").ended(2);
    assert_eq!(done.json()["cron"], "* * * * *");
    assert!(done.stderr.contains("error: "), "{done:?}");
}

#[test]
fn an_error_is_a_document_too() {
    let world = World::simple();
    world.settings("[guard]\nmax_created = 0");
    let done = world
        .run(&["sync", "--yes", "--period", "202610", "--format", "json"])
        .ended(3);
    let document = done.json();
    assert_eq!(document["error"]["code"], 3);
    assert_eq!(document["plan"]["summary"]["create"], 1);
    assert!(done.stderr.starts_with("error: "), "{done:?}");
}

#[test]
fn unchanged_subscriptions_are_counted_and_listed_only_on_request() {
    let world = World::seeded();
    let some = world.run(&with(&PLAN, &["--format", "json"])).json();
    let all = world
        .run(&with(&PLAN, &["--format", "json", "--all"]))
        .json();
    let keep = some["summary"]["keep"].as_u64().unwrap();
    assert!(keep > 0);
    let listed = |plan: &Value| plan["changes"].as_array().unwrap().len() as u64;
    assert_eq!(listed(&all), listed(&some) + keep);
    assert_eq!(some["plan_id"], all["plan_id"]);
}

#[test]
fn csv_has_a_row_per_change_and_no_formula() {
    let world = World::seeded();
    let plan = world
        .run(&with(&PLAN, &["--format", "json", "--all"]))
        .json();
    let changes = plan["changes"].as_array().unwrap();
    let done = world
        .run(&with(&PLAN, &["--format", "csv", "--all"]))
        .ended(5);
    let mut reader = csv::Reader::from_reader(done.stdout.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), changes.len());
    for (row, change) in rows.iter().zip(changes) {
        assert_eq!(&row[0], change["kind"].as_str().unwrap());
        assert_eq!(row[6], change["after"].to_string());
        let name = change["client_name"].as_str().unwrap();
        // As on the pages: what joins or steers characters unseen is an escape.
        assert_eq!(row[2], cove_halo::text::cell(name), "{row:?}");
        for cell in row {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell}"
            );
        }
    }
    assert!(
        rows.iter().any(|row| row[2].starts_with("'=")),
        "the seeded world has a formula among its names"
    );
}

#[test]
fn names_cannot_steer_the_terminal() {
    let world = World::seeded();
    let table = world.run(&with(&PLAN, &["--all"])).ended(5);
    assert!(!table.stdout.contains('\u{1b}'), "no escape of any kind");
    assert!(
        table.stdout.contains("\\u{1b}"),
        "the name is shown, disarmed"
    );
    for line in table.stdout.lines() {
        assert!(console::measure_text_width(line) <= 80, "{line}");
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let world = World::simple();
    let always = world.run(&with(&PLAN, &["--color", "always"]));
    assert!(always.stdout.contains("\u{1b}[1m"), "{always:?}");
    let never = world.run(&with(&PLAN, &["--color", "never"]));
    assert_eq!(console::strip_ansi_codes(&always.stdout), never.stdout);
    assert_eq!(
        world.run(&PLAN).stdout,
        never.stdout,
        "a pipe gets no colour"
    );
}
