//! `demo`: the whole job, without credentials, leaving nothing behind.

use crate::tool::{Done, tool};
use std::path::Path;

fn demo(folder: &Path, args: &[&str]) -> Done {
    Done::new(
        &tool(args)
            .current_dir(folder)
            .env("TMPDIR", folder)
            .output()
            .unwrap(),
    )
}

#[test]
fn goes_from_plan_to_proof_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let done = demo(folder.path(), &["demo"]).ended(0);
    assert_eq!(done.stderr, "");
    let order = [
        "1. plan",
        "Changes",
        "Exceptions",
        "Ledger",
        "Guards",
        "2. apply",
        "3. verify",
        "every one as recorded",
        "4. plan again",
        "0 to create, 0 to change, 0 to zero",
        "every subscription is as expected",
    ];
    let mut rest = done.stdout.as_str();
    for words in order {
        let at = rest
            .find(words)
            .unwrap_or_else(|| panic!("`{words}` is missing or out of order: {}", done.stdout));
        rest = &rest[at..];
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn is_the_same_every_time_but_for_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let plans = [(), ()].map(|()| {
        let done = demo(folder.path(), &["demo", "--seed", "3", "--format", "json"]).ended(0);
        let document = done.json();
        assert_eq!(document["schema"], 1);
        assert_eq!(document["expected"]["as_expected"], true);
        assert_eq!(document["run"]["status"], "applied");
        assert_eq!(document["run"]["failed"], 0);
        assert_eq!(document["verify"]["differences"], serde_json::json!([]));
        assert_eq!(document["plan_again"]["changes"], serde_json::json!([]));
        document["plan"]["changes"].clone()
    });
    assert_eq!(plans[0], plans[1]);
    assert!(!plans[0].as_array().unwrap().is_empty());
}

#[test]
fn takes_more_customers_and_refuses_too_few() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path(), &["demo", "--customers", "90", "-q"]).ended(0);
    demo(folder.path(), &["demo", "--customers", "3"]).ended(2);
}

#[test]
fn has_no_csv_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let done = demo(folder.path(), &["demo", "--format", "csv"]).ended(2);
    done.says(&["`demo` has no csv"]);
}

#[test]
fn needs_no_settings_and_heeds_none() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cove-halo.toml"), "nonsense = [").unwrap();
    demo(folder.path(), &["demo", "-q"]).ended(0);
}

/// A run's id differs from one demo to the next.
fn without_run_ids(text: &str) -> String {
    let is_run_id = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        digits >= 14 && word.contains('T') && word.contains("Z-")
    };
    let words = text.split(' ').flat_map(|word| word.split_inclusive('\n'));
    let words: Vec<&str> = words
        .map(|word| if is_run_id(word) { "RUN-ID" } else { word })
        .collect();
    words.join(" ")
}

#[test]
fn shows_what_the_readme_shows_of_it() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, shown) = readme
        .split_once("```console\n$ cargo run --release -- demo\n── 1.")
        .unwrap();
    let (shown, _) = shown.split_once("```\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let printed = without_run_ids(&demo(folder.path(), &["demo"]).ended(0).stdout);
    let mut rest = printed.as_str();
    let mut parts = 0;
    for part in without_run_ids(shown).split("[…]\n") {
        let part = part.trim_start_matches('\n');
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| {
            panic!("the demo does not print this any more:\n{part}\n\nbut:\n{rest}")
        });
        rest = &rest[at + part.len()..];
        parts += 1;
    }
    assert!(parts > 4, "{parts} parts");
}
