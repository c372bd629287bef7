//! The flags of every verb: which settings and pair it is for, and what the result is to look like.

use clap::{ArgAction, ValueEnum};
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
