//! The documents that name tests name tests that exist, with the number of cases they run.

use crate::cases::{PURE, RUNS};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every `path.rs::name` of a document.
fn named(document: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    text.split('`')
        .filter_map(|part| part.split_once(".rs::"))
        .map(|(path, name)| (format!("{path}.rs"), name.to_owned()))
        .collect()
}

fn expect_tests(document: &str) -> usize {
    let named = named(document);
    for (path, name) in &named {
        let text = std::fs::read_to_string(root().join(path))
            .unwrap_or_else(|error| panic!("{document} names {path}: {error}"));
        let at = text
            .find(&format!("fn {name}("))
            .or_else(|| text.find(&format!("fn {name}<")))
            .unwrap_or_else(|| panic!("{document} names {name}, which is not in {path}"));
        let before = &text[at.saturating_sub(200)..at];
        // The suite for state stores is called by the tests of each store.
        assert!(
            before.contains("test]") || path.contains("/testing/contract/"),
            "{name} in {path} is no test"
        );
    }
    named.len()
}

#[test]
fn every_law_and_every_defect_names_a_test_that_exists() {
    assert!(expect_tests("docs/sync-model.md") >= 19);
    assert_eq!(expect_tests("docs/defects.md"), 16);
}

#[test]
fn the_laws_are_tried_on_as_many_worlds_as_the_document_says() {
    let grouped = |number: u32| format!("{},{:03}", number / 1000, number % 1000);
    let text = std::fs::read_to_string(root().join("docs/sync-model.md")).unwrap();
    for row in text
        .lines()
        .filter(|line| line.contains("_laws.rs::") || line.contains("/months.rs::"))
    {
        let cases = if row.contains("plan_laws") {
            PURE
        } else {
            RUNS
        };
        assert!(row.ends_with(&format!("| {} |", grouped(cases))), "{row}");
    }
    let all = format!("{} each, {} in sum", grouped(RUNS), grouped(RUNS * 3));
    assert!(text.contains(&all), "{all}");
}
