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

/// Crates that may be named in one place only, so that they can be replaced there.
const NAMED_ONCE: [(&str, &str); 4] = [
    ("reqwest", "api-core"),
    ("oauth2", "halopsa-api"),
    ("rusqlite", "billing-sync"),
    ("axum", "sandbox"),
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
        for (dependency, home) in NAMED_ONCE {
            assert!(
                name == home || !dependencies(&package).contains(dependency),
                "{dependency} belongs to {home}, {name} must not name it"
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
