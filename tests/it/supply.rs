//! What is built, and from what: no unsafe code and no build script of ours, every CI step on the committed lock, and
//! `deny.toml` that names every version there are two of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// Every file of ours below a folder with one of these names or endings.
fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with(".git") {
                files(&entry.path(), wanted, found);
            }
        } else if wanted(&name) {
            found.push(entry.path());
        }
    }
}

fn all(wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root(), wanted, &mut found);
    found
}

#[test]
fn no_code_of_ours_is_unsafe() {
    // In two parts, so that this line is none.
    let word = ["un", "safe"].concat();
    let sources = all(&|name| {
        Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "rs")
    });
    assert!(sources.len() > 300, "{} sources", sources.len());
    for path in sources {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or_default();
            let mut words = code.split(|one: char| !one.is_alphanumeric() && one != '_');
            assert!(!words.any(|one| one == word), "{}: {line}", path.display());
        }
    }
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
    for manifest in all(&|name| name == "Cargo.toml") {
        let text = std::fs::read_to_string(&manifest).unwrap();
        // The workspace of the fuzz targets expands a macro that cannot do without; its sources were looked at above.
        let ours = text.contains("[package]") && !text.contains("cargo-fuzz = true");
        assert!(
            !ours || text.contains("[lints]\nworkspace = true"),
            "{} does not take the lints over",
            manifest.display()
        );
    }
}

#[test]
fn no_build_script_of_ours_runs() {
    for manifest in all(&|name| name == "Cargo.toml") {
        let folder = manifest.parent().unwrap();
        assert!(!folder.join("build.rs").exists(), "{}", folder.display());
        let text = std::fs::read_to_string(&manifest).unwrap();
        for key in ["build = ", "[build-dependencies]"] {
            assert!(
                !text.lines().any(|line| line.starts_with(key)),
                "{key} in {}",
                manifest.display()
            );
        }
    }
}

#[test]
fn every_ci_command_keeps_to_the_lock() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        assert!(root().join(lock).is_file(), "{lock}");
    }
    assert!(!read("fuzz/.gitignore").contains("Cargo.lock"));
    let scripts = read(".ci/run") + &read(".ci/fuzz");
    let mut commands = 0;
    let lines = scripts.lines().map(str::trim_start);
    for line in lines.filter(|line| !line.starts_with('#') && !line.starts_with("grep")) {
        for verb in [
            "build", "check", "clippy", "doc", "install", "run", "test", "metadata", "tree",
        ] {
            if line.contains(&format!("cargo {verb} ")) {
                assert!(line.contains("--locked"), "{line}");
                commands += 1;
            }
        }
    }
    assert!(commands >= 8, "{commands}");
}

#[test]
fn the_fuzz_targets_are_built_from_the_versions_that_the_program_is_built_from() {
    let ours = locked("Cargo.lock");
    for (name, versions) in locked("fuzz/Cargo.lock") {
        let known = ours.get(&name);
        let of_the_fuzzer = ["arbitrary", "cove-halo-sync-fuzz", "libfuzzer-sys"];
        if !of_the_fuzzer.contains(&name.as_str()) {
            assert!(
                known.is_some_and(|known| versions.is_subset(known)),
                "{name}"
            );
        }
    }
}

/// `[[package]]` entries of a lock: names with their versions.
fn locked(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let text = read(lock);
    for package in text.split("[[package]]").skip(1) {
        let field = |key: &str| {
            let line = package.lines().find(|line| line.starts_with(key)).unwrap();
            line.split('"').nth(1).unwrap().to_owned()
        };
        packages
            .entry(field("name = "))
            .or_default()
            .insert(field("version = "));
    }
    packages
}

#[test]
fn everything_comes_from_one_index_with_a_checksum() {
    let text = read("Cargo.lock");
    let mut sources = BTreeSet::new();
    let mut foreign = 0;
    for package in text.split("[[package]]").skip(1) {
        let mut lines = package.lines();
        if let Some(source) = lines.find(|line| line.starts_with("source = ")) {
            assert!(
                source.starts_with("source = \"registry+https://"),
                "{source}"
            );
            sources.insert(source.to_owned());
            assert!(package.contains("\nchecksum = \""), "{package}");
            foreign += 1;
        }
    }
    assert!(foreign > 200, "{foreign}");
    assert_eq!(sources.len(), 1, "{sources:?}");
}

#[test]
fn what_was_banned_or_explained_is_so() {
    let deny = read("deny.toml");
    assert!(deny.contains("multiple-versions = \"deny\""));
    let packages = locked("Cargo.lock");
    for banned in ["openssl", "openssl-sys", "native-tls", "libgit2-sys"] {
        assert!(deny.contains(&format!("\"{banned}\"")), "{banned}");
    }
    // Each skip is of a package that is there twice, and has a reason.
    for line in deny
        .lines()
        .filter(|line| line.contains("crate = \"") && line.contains('@'))
    {
        let (name, version) = line.split('"').nth(1).unwrap().split_once('@').unwrap();
        assert!(line.contains("reason = \""), "{line}");
        let versions = packages
            .get(name)
            .unwrap_or_else(|| panic!("{name} is gone"));
        let matching = |one: &String| one == version || one.starts_with(&format!("{version}."));
        assert!(
            versions.len() > 1 && versions.iter().any(matching),
            "{line}"
        );
    }
}
