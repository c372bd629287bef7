//! The book and the pages beside it against the code: pages, links, settings, messages, words and test names that they speak of
//! exist. Errors are in `docs_errors`; the program itself tries the commands (`examples/cove-halo-sync/src/book.rs`).

use cove_halo::SettingsFile;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where messages for people come from.
const SPEAKING: [&str; 6] = [
    "crates/api-core/src",
    "crates/billing-sync/src",
    "crates/cove-api/src",
    "crates/cove-halo/src",
    "crates/halopsa-api/src",
    "examples/cove-halo-sync/src",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder whose names end so.
fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                found.extend(files_in(&path, ending));
            }
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Pages beside the book.
const BESIDE: [&str; 4] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
];

/// The pages of the book and those beside it, by their path in the workspace, with their text.
fn pages() -> Vec<(String, String)> {
    let book = files_in(&root().join("docs"), ".md");
    let book = book.iter().map(|path| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy();
        name.into_owned()
    });
    let all = book.chain(BESIDE.map(str::to_owned));
    let pages: Vec<_> = all.map(|name| (name.clone(), read(&name))).collect();
    assert!(pages.len() > 10, "{} pages", pages.len());
    pages
}

/// The text of the source files below these folders, tests included.
fn source(folders: &[&str]) -> String {
    folders
        .iter()
        .flat_map(|folder| files_in(&root().join(folder), ".rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// The fenced blocks of a page that are in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in page.lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                let wanted = info.split([',', ' ']).next() == Some(language);
                open = Some((wanted, String::new()));
            }
            (Some((wanted, text)), Some(_)) => {
                if *wanted {
                    found.push(std::mem::take(text));
                }
                open = None;
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block does not end");
    found
}

/// Where the links of a page lead, code blocks aside.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in page.lines() {
        code ^= line.trim_start().starts_with("```");
        let parts = line.split("](").skip(1).filter(|_| !code);
        found.extend(parts.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

/// A heading as mdBook turns it into the end of an address.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let text: String = heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter(kept)
        .collect();
    text.to_lowercase().replace(' ', "-")
}

/// Words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_page_is_in_the_summary_once() {
    let listed = links(&read("docs/SUMMARY.md"));
    let there: BTreeSet<String> = pages()
        .into_iter()
        .filter_map(|(name, _)| Some(name.strip_prefix("docs/")?.to_owned()))
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(listed.len(), there.len(), "a page is listed twice");
}

#[test]
fn the_readme_lists_every_page() {
    let readme = links(&read("README.md"));
    for page in links(&read("docs/SUMMARY.md")) {
        let listed = readme.contains(&format!("docs/{page}"));
        assert!(listed || page == "index.md", "{page}");
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut checked = 0;
    for (name, text) in pages() {
        let folder = root().join(&name);
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (path, place) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => folder.clone(),
                path => folder.parent().unwrap().join(path),
            };
            assert!(target.exists(), "{name} links to {link}");
            if !place.is_empty() {
                let target = std::fs::read_to_string(target).unwrap();
                let mut headings = target.lines().filter(|line| line.starts_with('#'));
                assert!(
                    headings.any(|line| anchor(line) == place),
                    "{name} links to {link}"
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} links");
}

#[test]
fn every_rust_block_is_on_a_page_that_is_compiled() {
    let compiled = read("tests/src/lib.rs");
    for (name, text) in pages() {
        assert!(
            blocks(&text, "rust").is_empty() || compiled.contains(&format!("/{name}\"")),
            "{name} has code that is not compiled"
        );
    }
}

#[test]
fn every_settings_block_loads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cove-halo.toml");
    let required = |name: &str| match name {
        "COVE_HALO_COVE_ACCOUNT_ID" => Some("a".to_owned()),
        "COVE_HALO_HALO_BASE_URL" => Some("https://acme.halopsa.com".to_owned()),
        _ => None,
    };
    let mut checked = 0;
    for (name, text) in pages() {
        for block in blocks(&text, "toml") {
            std::fs::write(&file, &block).unwrap();
            // The environment overrides every pair alike, so it helps out only where it must.
            let loaded = SettingsFile::load(Some(&file), &|_| None)
                .or_else(|_| SettingsFile::load(Some(&file), &required));
            assert!(loaded.is_ok(), "{name}: {}\n{block}", loaded.unwrap_err());
            checked += 1;
        }
    }
    assert!(checked > 0);
}

#[test]
fn guards_and_kinds_of_the_code_are_on_their_pages() {
    let concepts = read("docs/concepts.md");
    for guard in billing_sync::plan::GuardName::ALL {
        assert!(concepts.contains(&format!("| `{guard}` |")), "{guard}");
    }
    let model = read("docs/sync-model.md");
    for guard in billing_sync::plan::GuardName::ALL {
        assert!(model.contains(&format!("| `{guard}` |")), "{guard}");
    }
    let errors = read("docs/errors.md");
    let kinds = variants_of(
        &read("crates/billing-sync/src/plan/exception.rs"),
        "ExceptionKind",
    );
    for (kind, _) in kinds {
        let snake = kind.chars().fold(String::new(), |mut word, letter| {
            if letter.is_uppercase() && !word.is_empty() {
                word.push('_');
            }
            word.extend(letter.to_lowercase());
            word
        });
        assert!(errors.contains(&format!("| `{snake}` |")), "{snake}");
    }
}

/// The variants of an enum in their order, each with its documentation on one line.
pub(crate) fn variants_of(code: &str, name: &str) -> Vec<(String, String)> {
    let start = format!("pub enum {name} {{\n");
    let body = code.split_once(&start).unwrap().1;
    let mut variants = Vec::new();
    let mut documentation: Vec<&str> = Vec::new();
    let lines = body.lines().take_while(|line| *line != "}");
    for line in lines.filter_map(|line| line.strip_prefix("    ")) {
        if let Some(text) = line.strip_prefix("/// ") {
            documentation.push(text);
        } else if line.starts_with(char::is_uppercase) {
            let letters = line.chars().take_while(|letter| letter.is_alphanumeric());
            variants.push((letters.collect(), documentation.join(" ")));
            documentation.clear();
        } else if !line.starts_with('#') {
            // The documentation of a field is not the next variant's.
            documentation.clear();
        }
    }
    assert!(variants.len() > 3, "{name}: {variants:?}");
    variants
}

#[test]
fn every_message_that_is_explained_is_one_that_is_given() {
    // A text that goes over a line in the source ends it with a backslash.
    let mut given = String::new();
    let mut joined = false;
    for line in source(&SPEAKING).lines() {
        let line = if joined { line.trim_start() } else { line };
        joined = line.ends_with('\\');
        given.push_str(line.strip_suffix('\\').unwrap_or(line));
        given.push(if joined { '\u{1}' } else { '\n' });
    }
    let given = given.replace('\u{1}', "").replace("\\\"", "\"");
    let page = read("docs/troubleshooting.md");
    let headings: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("### "))
        .collect();
    assert!(headings.len() >= 25, "{} messages", headings.len());
    for heading in headings {
        let parts: Vec<&str> = quoted(heading)
            .flat_map(|message| message.split('…'))
            .map(str::trim)
            .collect();
        assert!(parts.iter().any(|part| part.len() > 5), "{heading}");
        assert!(
            parts.iter().all(|part| given.contains(part)),
            "nobody says {heading}"
        );
    }
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let there = source(&["crates", "examples", "tests"]);
    let page = read("docs/threat-model.md");
    let named: BTreeSet<&str> = quoted(&page)
        .filter(|word| word.matches('_').count() >= 2)
        .filter(|word| {
            word.chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        })
        .collect();
    assert!(named.len() > 60, "{} tests", named.len());
    for name in named {
        assert!(
            there.contains(&format!("fn {name}(")),
            "there is no test {name}"
        );
    }
}

#[test]
fn every_step_of_ci_has_a_recipe() {
    let steps = read(".ci/run");
    let recipes = read("justfile");
    let steps: Vec<&str> = steps
        .lines()
        .filter_map(|line| Some(line.strip_prefix("step_")?.split_once("()")?.0))
        .collect();
    assert!(steps.len() > 5, "{steps:?}");
    for step in steps {
        assert!(
            recipes.contains(&format!("\n{step}:\n    .ci/run {step}\n")),
            "the justfile has no recipe for {step}"
        );
    }
}

/// The code that readers copy: blocks of the pages and of the crates' front pages, and examples in the documentation of items.
#[test]
fn no_example_unwraps() {
    let mut examples: Vec<(String, String)> = pages();
    for front in files_in(&root().join("crates"), "README.md") {
        examples.push((
            front.display().to_string(),
            std::fs::read_to_string(&front).unwrap(),
        ));
    }
    for (name, text) in examples {
        for block in blocks(&text, "rust").into_iter().chain(blocks(&text, "")) {
            assert!(
                !block.contains(".unwrap()") && !block.contains(".expect("),
                "{name}: {block}"
            );
        }
    }
    for line in source(&["crates"]).lines().map(str::trim_start) {
        let is_documentation = line.starts_with("///") || line.starts_with("//!");
        assert!(
            !is_documentation || !(line.contains(".unwrap()") || line.contains(".expect(")),
            "{line}"
        );
    }
}

/// A unit that lacks one of its files does not start.
#[test]
fn every_unit_lists_the_files_that_it_needs() {
    for name in ["cove-halo-sync.service", "cove-halo-schedule.service"] {
        let unit = read(&format!("docs/samples/{name}"));
        let (heading, body) = unit.split_once("[Unit]").unwrap();
        let mut needed = 0;
        for word in body
            .split([':', '=', ' ', '\n'])
            .filter(|word| word.starts_with("/etc/cove-halo/"))
        {
            assert!(heading.contains(word), "{name} does not list {word}");
            needed += 1;
        }
        assert_eq!(needed, 4, "{name}");
    }
}
