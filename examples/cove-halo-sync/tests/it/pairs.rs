//! Several pairs in one settings file: each runs, none stops another, and the result is one.

use crate::tool::{Done, PERIOD, SERVER, World};
use serde_json::Value;

/// Two accounts on one tenant: `north` is the world's own customer, `broken` cannot log in at N-able.
fn settings(world: &World, other: &str) {
    let text = format!(
        "[cove]\nbase_url = \"{}\"\n[halo]\nbase_url = \"{}\"\ntenant = \"{}\"\ncustomer_field = \"{}\"\n\
         [[pair]]\nname = \"{other}\"\n[pair.cove]\naccount_id = \"{}\"\n\
         [pair.subscription]\nname = \"Other: {{service}}\"\n\
         [[pair]]\nname = \"north\"\n[pair.cove]\naccount_id = \"{}\"\n",
        world.sandbox.billing_url(),
        world.sandbox.halo_url(),
        sandbox::TENANT,
        sandbox::CUSTOM_FIELD,
        sandbox::ACCOUNT_ID,
        sandbox::ACCOUNT_ID,
    );
    std::fs::write(world.path("cove-halo.toml"), text).unwrap();
}

/// The tool with a key for the pair `broken` that opens nothing.
fn run(world: &World, args: &[&str]) -> Done {
    let mut command = world.command(args);
    command.env("BROKEN_COVE_API_KEY", "wrong");
    Done::new(&command.output().unwrap())
}

fn pair<'a>(document: &'a Value, name: &str) -> &'a Value {
    let pairs = document["pairs"].as_array().unwrap();
    pairs.iter().find(|pair| pair["pair"] == name).unwrap()
}

#[test]
fn every_pair_is_synced_and_keeps_its_own_state() {
    let world = World::simple();
    settings(&world, "second");
    for parallel in [false, true] {
        let mut args = vec!["sync", "--yes", "--period", "202610", "--format", "json"];
        args.extend(parallel.then_some("--parallel"));
        let document = run(&world, &args).ended(0).json();
        assert_eq!(document["schema"], 1);
        let written = i32::from(!parallel);
        for name in ["second", "north"] {
            let part = pair(&document, name);
            assert_eq!(part["exit_code"], 0);
            assert_eq!(part["result"]["applied"], written, "{part}");
        }
    }
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
    assert_eq!(world.counts("Acme Ltd", &format!("Other: {SERVER}")), [12]);
    for name in ["cove-halo-north.db", "cove-halo-second.db"] {
        assert!(world.path(name).exists(), "{name}");
    }
    assert!(!world.path("cove-halo.db").exists());
    let verified = run(&world, &["verify", "--format", "json"]).ended(0).json();
    assert_eq!(pair(&verified, "second")["result"]["verified"], 1);
}

#[test]
fn a_pair_that_fails_stops_no_other_and_decides_the_exit_code() {
    let world = World::simple();
    settings(&world, "broken");
    for parallel in [false, true] {
        let mut args = vec!["plan", "--period", "202610", "--format", "json"];
        args.extend(parallel.then_some("--parallel"));
        let done = run(&world, &args);
        assert_ne!(done.code, 0);
        assert!(done.stderr.contains("error: pair broken: "), "{done:?}");
        let document = done.json();
        let broken = pair(&document, "broken");
        assert_eq!(broken["exit_code"], done.code);
        assert_eq!(broken["error"]["code"], done.code);
        assert!(broken["error"]["hint"].is_string(), "{broken}");
        assert!(broken.get("result").is_none());
        let north = pair(&document, "north");
        assert_eq!(north["exit_code"], 0);
        assert_eq!(north["result"]["period"], PERIOD.to_string());
        assert_eq!(north["result"]["summary"]["create"], 1);
    }
    let synced = run(&world, &["sync", "--yes", "--period", "202610"]);
    assert_ne!(synced.code, 0);
    assert_eq!(world.counts("Acme Ltd", SERVER), [12], "{synced:?}");
}

#[test]
fn pages_have_a_heading_for_each_pair_and_sheets_a_column() {
    let world = World::simple();
    settings(&world, "second");
    for parallel in [false, true] {
        let mut args = vec!["plan", "--period", "202610"];
        args.extend(parallel.then_some("--parallel"));
        let page = run(&world, &args).ended(0).stdout;
        assert!(page.starts_with("Pair second\n"), "{page}");
        assert!(page.contains("\n\nPair north\n"), "{page}");
    }
    let sheet = run(&world, &["plan", "--period", "202610", "--format", "csv"])
        .ended(0)
        .stdout;
    let lines: Vec<&str> = sheet.lines().collect();
    assert_eq!(lines.len(), 3, "{sheet}");
    assert!(lines[0].starts_with("pair,kind,client_id,"));
    assert!(lines[1].starts_with("second,create,"));
    assert!(lines[2].starts_with("north,create,"));
}

#[test]
fn one_pair_is_named_where_one_is_meant() {
    let world = World::simple();
    settings(&world, "second");
    let named = run(
        &world,
        &[
            "plan", "--period", "202610", "--pair", "north", "--out", "p.json",
        ],
    );
    named.ended(0);
    run(&world, &["apply", "p.json"])
        .ended(2)
        .says(&["2 pairs", "--pair NAME: second, north"]);
    assert_eq!(world.counts("Acme Ltd", SERVER), Vec::<i64>::new());
    run(&world, &["apply", "p.json", "--pair", "north"]).ended(0);
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
    run(&world, &["plan", "--period", "202610", "--out", "p.json"])
        .ended(2)
        .says(&["--pair NAME"]);
    run(&world, &["drift", "--state", "x.db"])
        .ended(2)
        .says(&["--state FILE is the file of one pair", "--pair NAME"]);
    run(&world, &["plan", "--pair", "nrth"])
        .ended(2)
        .says(&["there is no pair `nrth`", "second, north"]);
}

#[test]
fn what_only_reads_runs_over_all_pairs_and_for_the_one_that_is_named() {
    let world = World::simple();
    settings(&world, "second");
    run(&world, &["sync", "--yes", "--period", "202610"]).ended(0);
    for (args, key) in [
        (&["lint"][..], "checked"),
        (&["report", "--period", "202610"][..], "headline"),
        (&["schedule", "--next", "2"][..], "next"),
        (&["drift"][..], "checked"),
        (&["history"][..], "runs"),
    ] {
        let args = [args, &["--format", "json"]].concat();
        let all = run(&world, &args).json();
        assert_eq!(all["pairs"].as_array().unwrap().len(), 2, "{all}");
        let part = &pair(&all, "north")["result"];
        assert!(!part[key].is_null(), "{args:?}: {part}");
        let one = run(&world, &[&args[..], &["--pair", "north"]].concat());
        assert_eq!(one.json()[key], part[key], "{args:?}");
    }
}

#[test]
fn a_file_and_a_schedule_that_stays_up_are_for_one_pair() {
    let world = World::simple();
    settings(&world, "second");
    for args in [
        &["report", "--period", "202610", "--html", "r.html"][..],
        &["report", "--format", "json", "--csv", "tables"][..],
        &["schedule"][..],
    ] {
        run(&world, args)
            .ended(2)
            .says(&["2 pairs", "--pair NAME: second, north"]);
    }
    assert!(!world.path("r.html").exists());
    let args = [
        "report", "--period", "202610", "--html", "r.html", "--pair", "north",
    ];
    run(&world, &args).ended(0);
    assert!(world.path("r.html").exists());
}

#[test]
fn a_missing_key_is_told_with_the_pair_that_lacks_it() {
    let world = World::simple();
    settings(&world, "second");
    let mut command = world.command(&["plan", "--pair", "second", "--format", "json"]);
    command
        .env_remove("COVE_API_KEY")
        .env("NORTH_COVE_API_KEY", sandbox::API_KEY);
    let done = Done::new(&command.output().unwrap());
    let done = done
        .ended(2)
        .says(&["error: pair second: COVE_API_KEY is not set", "SECOND_…"]);
    let message = &done.json()["error"]["message"];
    assert!(message.as_str().unwrap().starts_with("pair second: "));
}

#[test]
fn without_pairs_nothing_is_different() {
    let world = World::simple();
    let plain = world.run(&["plan", "--period", "202610", "--format", "json"]);
    assert!(plain.ended(0).json().get("pairs").is_none());
    world
        .run(&["plan", "--pair", "north"])
        .ended(2)
        .says(&["no [[pair]]"]);
}
