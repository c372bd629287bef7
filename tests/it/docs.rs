//! The book against the code: pages, links, settings, commands, messages, exit codes and test names that it speaks of exist.

use cove_halo::{ExitCode, SettingsFile};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EXIT_CODES: [ExitCode; 9] = [
    ExitCode::Done,
    ExitCode::Failure,
    ExitCode::Usage,
    ExitCode::Guard,
    ExitCode::NotFinal,
    ExitCode::Exceptions,
    ExitCode::Drift,
    ExitCode::Unknown,
    ExitCode::Locked,
];

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

fn read(path: &str) -> String {
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

/// The pages of the book by their path inside it, with their text.
fn pages() -> Vec<(String, String)> {
    let book = root().join("docs");
    let pages: Vec<_> = files_in(&book, ".md")
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&book).unwrap().to_string_lossy();
            (name.into_owned(), std::fs::read_to_string(&path).unwrap())
        })
        .collect();
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
        .map(|(name, _)| name)
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(listed.len(), there.len(), "a page is listed twice");
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut checked = 0;
    for (name, text) in pages() {
        let folder = root().join("docs").join(&name);
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
            blocks(&text, "rust").is_empty() || compiled.contains(&format!("docs/{name}\"")),
            "{name} has code that is not compiled"
        );
    }
}

#[test]
fn every_settings_block_of_the_book_loads() {
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

fn is_verb(word: &str) -> bool {
    let verbs = root().join("examples/cove-halo-sync/src/verbs");
    verbs.join(format!("{word}.rs")).exists() || verbs.join(word).is_dir()
}

/// The commands of a page without the program's name: in console blocks, and between backticks in the cells of tables,
/// where a verb with more words is one, too.
fn commands(page: &str) -> Vec<String> {
    let blocks = blocks(page, "console");
    let lines = blocks.iter().flat_map(|block| block.lines());
    let shown = lines.filter_map(|line| {
        let command = line.trim_start_matches("$ ");
        command.strip_prefix("cove-halo-sync ")
    });
    let cells = page.lines().filter(|line| line.starts_with('|'));
    let named = cells.flat_map(quoted).filter_map(|words| {
        let short = || {
            let (verb, _) = words.split_once(' ')?;
            is_verb(verb).then_some(words)
        };
        words.strip_prefix("cove-halo-sync ").or_else(short)
    });
    shown.chain(named).map(str::to_owned).collect()
}

#[test]
fn commands_are_found_in_blocks_and_in_cells() {
    let page = "```console\n$ cove-halo-sync plan --all\n```\n| `sync --yes` | `COVE_API_KEY` `cove-halo-sync lint` |\n`apply x`\n";
    assert_eq!(commands(page), ["plan --all", "sync --yes", "lint"]);
}

#[test]
fn every_command_of_the_book_has_verbs_and_flags_that_exist() {
    let program = source(&["examples/cove-halo-sync/src"]);
    let mut checked = 0;
    for (name, text) in pages() {
        for arguments in commands(&text) {
            assert!(
                arguments.starts_with("--help") || arguments.split_whitespace().any(is_verb),
                "{name}: {arguments}"
            );
            for flag in arguments
                .split_whitespace()
                .filter_map(|word| word.strip_prefix("--"))
            {
                let flag = flag.split('=').next().unwrap();
                let field = format!("{}: ", flag.replace('-', "_"));
                let named = format!("long = \"{flag}\"");
                assert!(
                    program.contains(&field) || program.contains(&named),
                    "{name}: --{flag} in {arguments}"
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 25, "{checked} commands");
}

#[test]
fn the_exit_codes_of_the_page_are_those_of_the_code() {
    let page = read("docs/errors.md");
    let code = read("crates/cove-halo/src/exit.rs");
    let mut meanings = Vec::new();
    let mut meaning = "";
    for line in code.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            meaning = text;
        } else if let Some((_, number)) = line.trim_end_matches(',').split_once(" = ")
            && let Ok(number) = number.parse::<u8>()
        {
            meanings.push((number, meaning));
        }
    }
    assert_eq!(meanings.len(), EXIT_CODES.len());
    for ((number, meaning), code) in meanings.into_iter().zip(EXIT_CODES) {
        assert_eq!(number, code.code());
        let row = format!("| {number} | {meaning} |");
        assert!(page.contains(&row), "{row}");
    }
    let mut order = EXIT_CODES.to_vec();
    order.sort_by(|one, other| {
        if ExitCode::worst([*one, *other]) == *one {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    });
    let order: Vec<String> = order.iter().map(|code| code.code().to_string()).collect();
    let sentence = format!("the first of this order wins: {}.", order.join(", "));
    assert!(page.contains(&sentence), "{sentence}");
}

#[test]
fn guards_and_kinds_of_the_code_are_on_their_pages() {
    let concepts = read("docs/concepts.md");
    for guard in billing_sync::plan::GuardName::ALL {
        assert!(concepts.contains(&format!("| `{guard}` |")), "{guard}");
    }
    let errors = read("docs/errors.md");
    for (file, name) in [
        ("crates/api-core/src/error.rs", "ErrorKind"),
        ("crates/billing-sync/src/ports.rs", "PortErrorKind"),
        ("crates/billing-sync/src/state/mod.rs", "StoreErrorKind"),
        ("crates/billing-sync/src/plan/approve.rs", "Refusal"),
        ("crates/billing-sync/src/apply/mod.rs", "ApplyError"),
    ] {
        let variants = variants_of(&read(file), name);
        assert!(variants.len() > 3, "{name}: {variants:?}");
        for variant in variants {
            assert!(
                errors.contains(&format!("`{variant}`")),
                "{name}::{variant}"
            );
        }
    }
    let kinds = variants_of(
        &read("crates/billing-sync/src/plan/exception.rs"),
        "ExceptionKind",
    );
    for kind in kinds {
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

fn variants_of(code: &str, name: &str) -> Vec<String> {
    let start = format!("pub enum {name} {{\n");
    let body = code.split_once(&start).unwrap().1;
    body.lines()
        .take_while(|line| *line != "}")
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| {
            line.chars()
                .take_while(|letter| letter.is_alphanumeric())
                .collect()
        })
        .collect()
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
