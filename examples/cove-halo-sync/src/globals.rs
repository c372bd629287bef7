//! The flags of every verb: which settings and pair it is for, and what the result is to look like.

use clap::{ArgAction, ValueEnum};
use std::borrow::Cow;
use std::path::PathBuf;

/// Flags of every verb.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Globals {
    /// Settings file [default: cove-halo.toml, if it exists]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) config: Option<PathBuf>,
    /// State file: runs, journal, owned subscriptions [default: as in the settings]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) state: Option<PathBuf>,
    /// The one of several pairs in the settings that this is for [default: all, where that makes sense]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub(crate) pair: Option<String>,
    /// Run all pairs side by side, not one after the other
    #[arg(
        long,
        global = true,
        conflicts_with = "pair",
        help_heading = "Global options"
    )]
    pub(crate) parallel: bool,
    /// Form of the result on stdout
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Global options"
    )]
    pub(crate) format: Format,
    /// Colour; NO_COLOR switches it off too
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(crate) color: Colour,
    /// No progress and no remarks, only the result and errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Global options"
    )]
    pub(crate) quiet: bool,
    /// Log what is done to stderr; twice for every request
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
}

impl Globals {
    /// A command line to be run next, with the flags that say which settings and state this is about. `pair` is the one of
    /// a round over all pairs.
    pub(crate) fn command(&self, words: &str, pair: Option<&str>) -> String {
        format!("{PROGRAM} {words}{}", self.flags(pair))
    }

    /// A page or line in which every command, set in backticks, has these flags too.
    pub(crate) fn completed<'a>(&self, text: &'a str, pair: Option<&str>) -> Cow<'a, str> {
        let flags = self.flags(pair);
        if flags.is_empty() || !text.contains(PROGRAM) {
            return Cow::Borrowed(text);
        }
        let pieces: Vec<&str> = text.split('`').collect();
        let last = pieces.len() - 1;
        let mut whole = String::with_capacity(text.len() + 2 * flags.len());
        for (index, piece) in pieces.iter().enumerate() {
            whole.push_str(piece);
            let words = piece.strip_prefix(PROGRAM);
            let is_command = words.is_some_and(|rest| rest.starts_with([' ', '\n']));
            if index < last {
                whole.push_str(if is_command { &flags } else { "" });
                whole.push('`');
            }
        }
        Cow::Owned(whole)
    }

    fn flags(&self, pair: Option<&str>) -> String {
        let path = |path: &PathBuf| quoted(&path.to_string_lossy());
        let flags = [
            ("--config", self.config.as_ref().map(path)),
            ("--state", self.state.as_ref().map(path)),
            ("--pair", pair.or(self.pair.as_deref()).map(quoted)),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(flag, value)| Some((flag, value?)));
        given.fold(String::new(), |line, (flag, value)| {
            line + " " + flag + " " + &value
        })
    }
}

const PROGRAM: &str = "cove-halo-sync";

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_bare = |one: char| one.is_alphanumeric() || "/\\._-+,:@%".contains(one);
    if !word.is_empty() && word.chars().all(is_bare) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Form of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// Rows, safe to open in a spreadsheet.
    Csv,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn a_command_to_be_run_next_has_the_flags_that_were_given() {
        let command = |flags: &[&str], pair| {
            let words = ["cove-halo-sync", "doctor"].iter().chain(flags);
            let globals = Cli::parse_from(words).globals;
            globals.command("apply plan.json", pair)
        };
        assert_eq!(command(&[], None), "cove-halo-sync apply plan.json");
        let flags = [
            "--config", "a b.toml", "--state", "it's.db", "--pair", "north",
        ];
        assert_eq!(
            command(&flags, None),
            "cove-halo-sync apply plan.json --config 'a b.toml' --state 'it'\\''s.db' --pair north"
        );
        assert_eq!(
            command(&[], Some("south")),
            "cove-halo-sync apply plan.json --pair south"
        );
    }

    #[test]
    fn commands_on_a_page_have_the_flags_that_were_given() {
        let globals = Cli::parse_from(["cove-halo-sync", "doctor", "--pair", "north"]).globals;
        let page = "x `a` y; run `cove-halo-sync\nresume`, or `cove-halo-sync sync`; `cove-halo-sync`, cove-halo-sync `z";
        assert_eq!(
            globals.completed(page, None),
            "x `a` y; run `cove-halo-sync\nresume --pair north`, or `cove-halo-sync sync --pair north`; \
             `cove-halo-sync`, cove-halo-sync `z"
        );
        let without = Cli::parse_from(["cove-halo-sync", "doctor"]).globals;
        assert_eq!(without.completed(page, None), page);
        let south = without
            .completed("`cove-halo-sync sync`", Some("south"))
            .into_owned();
        assert_eq!(south, "`cove-halo-sync sync --pair south`");
    }
}
