//! The documents of the Cove client name a test for each point; every one of them must exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Functions and the names of suites by the name of their file or folder.
fn functions() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    for folder in [
        "crates/cove-api/src",
        "crates/cove-api/tests/it",
        "tests/it",
    ] {
        sources(&root().join(folder), &mut files);
    }
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let words = text.split("fn ").skip(1);
        let names = words.filter_map(|rest| rest.split(['(', '<']).next());
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let parent = path.parent().unwrap().file_name().unwrap();
        let parent = parent.to_string_lossy().into_owned();
        known.entry(parent).or_default().extend(names.clone());
        known.entry(stem).or_default().extend(names);
    }
    known
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let known = functions();
    let (mut named, mut missing) = (0, Vec::new());
    for document in ["billing-quirks.md", "management-quirks.md", "checklist.md"] {
        let path = root().join("crates/cove-api/docs").join(document);
        let text = std::fs::read_to_string(path).unwrap();
        for name in quoted(&text) {
            let exists = if let Some((file, test)) = name.split_once("::") {
                known.get(file).is_some_and(|tests| tests.contains(test))
            } else if name.starts_with("src/") {
                root().join("crates/cove-api").join(name).exists()
            } else {
                continue;
            };
            named += 1;
            if !exists {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(named > 150, "{named}");
    assert!(missing.is_empty(), "{missing:#?}");
}
