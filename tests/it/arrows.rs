//! The arrows between crates, as `docs/architecture.md` draws them. A dependency not listed here fails the build.

use crate::manifests::packages;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Who may depend on whom inside the workspace (development dependencies aside).
const ARROWS: [(&str, &[&str]); 9] = [
    ("api-core", &[]),
    ("bench-sync", &[]),
    ("billing-sync", &[]),
    ("cove-api", &["api-core"]),
    (
        "cove-halo",
        &["api-core", "billing-sync", "cove-api", "halopsa-api"],
    ),
    (
        "cove-halo-sync",
        &["api-core", "billing-sync", "cove-halo", "sandbox"],
    ),
    ("halopsa-api", &["api-core"]),
    (
        "recipes",
        &[
            "api-core",
            "cove-api",
            "cove-halo",
            "halopsa-api",
            "sandbox",
        ],
    ),
    ("sandbox", &[]),
];

/// Crates that may be named in one place only, so that they can be replaced there; tests and examples included.
const NAMED_ONCE: [(&str, &[&str]); 4] = [
    // The bench compares with a bare loop of reqwest.
    ("reqwest", &["api-core", "bench-sync"]),
    ("oauth2", &["halopsa-api"]),
    ("rusqlite", &["billing-sync"]),
    ("axum", &["sandbox"]),
];

/// Normal and build dependencies of a package.
fn dependencies(package: &Value) -> BTreeSet<String> {
    package["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn crates_depend_only_downwards() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let packages = packages();
    let members: BTreeSet<&str> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        if name == "tests" {
            continue;
        }
        let allowed = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not in the picture"));
        for dependency in dependencies(package) {
            assert!(
                !members.contains(dependency.as_str()) || allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
    assert_eq!(
        members.len(),
        ARROWS.len() + 1,
        "a crate is missing: {members:?}"
    );
}

#[test]
fn what_may_be_replaced_is_named_in_one_crate() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let all = package["dependencies"].as_array().unwrap();
        for (dependency, homes) in NAMED_ONCE {
            assert!(
                homes.contains(&name) || all.iter().all(|it| it["name"] != dependency),
                "{dependency} belongs to {homes:?}, {name} must not name it"
            );
        }
    }
}

#[test]
fn the_sandbox_shares_nothing_with_the_clients_even_in_its_tests() {
    for package in packages() {
        if package["name"] == "sandbox" {
            let all: Vec<_> = package["dependencies"].as_array().unwrap().iter().collect();
            for dependency in all {
                assert!(
                    dependency["path"].is_null(),
                    "the sandbox is an independent witness: {dependency}"
                );
            }
        }
    }
}

/// Dependencies that need no reason, as `docs/architecture.md` lists them.
const OBVIOUS: [&str; 11] = [
    "async-trait",
    "bytes",
    "futures-core",
    "futures-util",
    "http",
    "serde",
    "serde_json",
    "thiserror",
    "tokio",
    "tracing",
    "url",
];

#[test]
fn every_dependency_beyond_the_obvious_has_its_reason_once() {
    let page = crate::docs::read("docs/architecture.md");
    let (_, part) = page
        .split_once("## Dependencies beyond the obvious")
        .unwrap();
    let rows = part.lines().filter(|line| line.starts_with("| `"));
    let named: Vec<&str> = rows
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let packages = packages();
    let members: BTreeSet<&str> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    let handed_out = packages.iter().filter(|package| {
        let name = package["name"].as_str().unwrap();
        !["bench-sync", "recipes", "tests"].contains(&name)
    });
    let built_in: BTreeSet<String> = handed_out.flat_map(dependencies).collect();
    for dependency in &built_in {
        let dependency = dependency.as_str();
        let times = named.iter().filter(|name| **name == dependency).count();
        let needs_none = members.contains(dependency) || OBVIOUS.contains(&dependency);
        let expected = usize::from(!needs_none);
        assert_eq!(times, expected, "{dependency} in docs/architecture.md");
    }
    for obvious in OBVIOUS {
        assert!(part.contains(&format!("`{obvious}`")), "{obvious}");
    }
    // Of tests there are more; the page names those that are unusual.
    let all = packages
        .iter()
        .flat_map(|package| package["dependencies"].as_array().unwrap());
    let all: BTreeSet<&str> = all.map(|it| it["name"].as_str().unwrap()).collect();
    for name in named {
        assert!(all.contains(name), "nothing depends on {name} any more");
    }
}
