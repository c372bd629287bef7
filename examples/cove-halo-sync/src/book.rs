//! Every command that the book, the README and the samples show, read by the program itself: verbs, flags and values as they are.

use crate::cli::Cli;
use clap::Parser;
use clap::error::ErrorKind;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The book's pages, those beside them and the samples, by name, with their text.
fn pages() -> Vec<(String, String)> {
    let folders = ["docs", "docs/samples", "."];
    let entries = folders.map(|folder| std::fs::read_dir(root().join(folder)).unwrap());
    let mut pages: Vec<_> = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let ending = path.extension().unwrap_or_default();
            ["md", "service"].iter().any(|known| ending == *known)
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// What stands in front of a verb.
const CALLS: [&str; 5] = [
    "$ cove-halo-sync ",
    "$ cargo run --release -- ",
    "$ cargo run -- ",
    "ExecStart=/usr/local/bin/cove-halo-sync ",
    "cove-halo-sync ",
];

/// The commands of a page without the program's name: in console blocks and units, and between backticks anywhere, where the
/// name may be left out in front of a verb with more words.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    for line in page.lines() {
        let text = line.trim();
        if let Some(language) = text.strip_prefix("```") {
            block = block.is_none().then_some(language == "console");
            continue;
        }
        match block {
            Some(true) => found.extend(called(text)),
            Some(false) => {}
            None if text.starts_with("ExecStart=") => found.extend(called(text)),
            None => found.extend(text.split('`').skip(1).step_by(2).filter_map(in_words)),
        }
    }
    found
}

fn called(line: &str) -> Option<String> {
    let arguments = CALLS.iter().find_map(|call| line.strip_prefix(call))?;
    Some(arguments.to_owned())
}

fn in_words(words: &str) -> Option<String> {
    called(words).or_else(|| {
        let (verb, rest) = words.split_once(' ')?;
        let is_call = is_verb(verb) && !rest.starts_with(['(', '=']);
        is_call.then(|| words.to_owned())
    })
}

fn is_verb(word: &str) -> bool {
    use clap::CommandFactory;
    Cli::command().find_subcommand(word).is_some()
}

/// The words of a command as a shell would hand them on, up to a remark, a pipe or a file that the output goes to.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '#' | '|' | '>' | '&') if word.is_none() => break,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// A word that stands for another, as `RUN`, `…` or `YYYYMM`: its value, or a missing one, is nothing to complain about.
fn is_placeholder(word: &str) -> bool {
    let word = word.rsplit('=').next().unwrap_or(word);
    let is_name = word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase());
    word.contains('…') || is_name
}

fn refusal(command: &str) -> Option<String> {
    let words = words(command);
    // A step of `map` that is only named, and a flag that is named at the end of a phrase, may leave out what they take.
    let is_name = words.len() == 2 && words[0] == "map";
    let ends_in_flag = words.last().is_some_and(|word| word.starts_with("--"));
    let stands_for_more = is_name || ends_in_flag || words.iter().any(|word| is_placeholder(word));
    let given = std::iter::once("cove-halo-sync").chain(words.iter().map(String::as_str));
    let error = Cli::try_parse_from(given).err()?;
    let is_fine = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        ErrorKind::ValueValidation
        | ErrorKind::InvalidValue
        | ErrorKind::MissingRequiredArgument => stands_for_more,
        _ => false,
    };
    (!is_fine).then(|| error.to_string())
}

#[test]
fn every_command_that_is_shown_is_one_that_the_program_takes() {
    let mut checked = 0;
    let mut refused = Vec::new();
    for (name, text) in pages() {
        for command in commands(&text) {
            if let Some(why) = refusal(&command) {
                refused.push(format!("{name}: {command}\n{why}"));
            }
            checked += 1;
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(checked > 80, "{checked} commands");
}

#[test]
fn commands_are_found_in_blocks_units_and_words() {
    let page = "```console\n$ cove-halo-sync plan --all   # a remark\nplan --nonsense\n```\n`sync --yes` and `a plan` and `map`\n\
                ExecStart=/usr/local/bin/cove-halo-sync schedule\n```text\n`apply x`\n```\n`cove-halo-sync lint`\n";
    let found = commands(page);
    assert_eq!(
        found,
        ["plan --all   # a remark", "sync --yes", "schedule", "lint"]
    );
    assert_eq!(words(&found[0]), ["plan", "--all"]);
    assert_eq!(
        words("map adopt 9 'A | B' > x"),
        ["map", "adopt", "9", "A | B"]
    );
}

#[test]
fn what_the_program_does_not_take_is_found() {
    for command in [
        "history --override max_zeroed=x",
        "plan --period OCTOBER --nonsense",
        "plan --period 2026-10",
        "nonsense",
        "apply",
    ] {
        assert!(refusal(command).is_some(), "{command}");
    }
    for command in [
        "apply FILE",
        "revert RUN",
        "plan --period YYYYMM",
        "map --help",
    ] {
        assert_eq!(refusal(command), None, "{command}");
    }
}
