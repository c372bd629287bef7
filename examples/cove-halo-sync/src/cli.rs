//! The command line: verbs, and help with examples.

use crate::app::Interruption;
use crate::globals::{Format, Globals};
use crate::verbs;
use clap::{Parser, Subcommand};

/// Puts what N-able invoiced for Cove Data Protection into HaloPSA subscriptions: planned, guarded, journalled and
/// proved.
#[derive(Debug, Parser)]
#[command(
    name = "cove-halo-sync",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  cove-halo-sync demo                                   see it work, without credentials
  cove-halo-sync init                                   write a first settings file
  cove-halo-sync doctor                                 check settings, logins and the custom field
  cove-halo-sync plan --period 202610 --out plan.json   see every change before it is made
  cove-halo-sync apply plan.json                        make exactly these changes
  cove-halo-sync sync --yes                             both in one unattended run

Exit codes:
  0 done, or nothing to do             5 done, with exceptions to look at
  1 failure                            6 HaloPSA changed since the plan
  2 wrong usage or settings            7 outcome of a write unknown: run `resume`
  3 a guard stopped it                 8 another run holds the lock
  4 the period is not final yet

Secrets come from the environment only: COVE_API_KEY, HALO_CLIENT_ID, HALO_CLIENT_SECRET,
or from the files that COVE_API_KEY_FILE and HALO_CLIENT_SECRET_FILE name."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// See it work against built-in stand-ins of both services; no credentials, nothing left behind
    Demo(verbs::demo::Args),
    /// Write a first settings file, by asking or from flags
    Init(verbs::init::Args),
    /// Check settings, logins, the custom field and the state file; writes nothing
    Doctor(verbs::doctor::Args),
    /// Show what would be changed and why; writes nothing
    Plan(verbs::plan::Args),
    /// Make exactly the changes of a plan file
    Apply(verbs::apply::Args),
    /// Plan and apply in one run
    Sync(verbs::sync::Args),
    /// Settle and finish a run that was interrupted
    Resume(verbs::resume::Args),
    /// Try the failed changes of a run again, alone
    Retry(verbs::retry::Args),
    /// Read everything back and compare it with what was recorded; writes nothing
    Verify(verbs::verify::Args),
    /// Explain one count, from the devices to the number; writes nothing
    Why(verbs::why::Args),
    /// Tell what people changed in HaloPSA since; writes nothing
    Drift(verbs::drift::Args),
    /// Take a run back, by a plan of its own
    Revert(verbs::revert::Args),
    /// List earlier runs, show one, or check the journal
    History(verbs::history::Args),
    /// Check that every count becomes an amount on a recurring invoice; writes nothing
    Lint(verbs::lint::Args),
    /// Report on a month: a page, a workbook, sheets; writes to neither service
    Report(verbs::report::Args),
    /// Stay up and sync each month when it is due, until Ctrl-C or SIGTERM
    Schedule(verbs::schedule::Args),
    /// Say which client each customer is: list, suggest, review, write
    Map(verbs::map::Args),
    /// Serve the stand-ins of both services on loopback until Ctrl-C
    Sandbox(verbs::sandbox::Args),
    /// Print the completion script of a shell
    Completions(verbs::completions::Args),
    /// Write manual pages
    Man(verbs::man::Args),
}

impl Verb {
    /// What Ctrl-C means for it.
    pub(crate) fn interruption(&self) -> Interruption {
        match self {
            Self::Apply(_)
            | Self::Sync(_)
            | Self::Resume(_)
            | Self::Retry(_)
            | Self::Revert(_)
            | Self::Schedule(_) => Interruption::Stops,
            Self::Map(args) if args.writes() => Interruption::Stops,
            Self::Sandbox(_) => Interruption::IsItsEnd,
            Self::Demo(args) if args.serve => Interruption::IsItsEnd,
            Self::Demo(_)
            | Self::Doctor(_)
            | Self::Plan(_)
            | Self::Verify(_)
            | Self::Why(_)
            | Self::Drift(_)
            | Self::History(_)
            | Self::Lint(_)
            | Self::Report(_)
            | Self::Map(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Init(_) => Interruption::Ends,
        }
    }

    /// Whether it writes to a service.
    pub(crate) fn writes(&self) -> bool {
        self.interruption() == Interruption::Stops
    }

    /// Whether it would ask before it writes.
    pub(crate) fn asks(&self) -> bool {
        matches!(self, Self::Sync(args) if !args.is_unattended())
    }

    /// Whether it runs over all pairs of the settings when none is named.
    pub(crate) fn runs_over_pairs(&self, format: Format) -> bool {
        match self {
            Self::Plan(args) => args.is_for_all(),
            Self::Verify(args) => args.is_for_all(),
            Self::History(args) => args.is_for_all(),
            Self::Schedule(args) => args.is_for_all(),
            Self::Report(args) => args.is_for_all(format),
            Self::Sync(_) | Self::Resume(_) | Self::Drift(_) | Self::Lint(_) | Self::Doctor(_) => {
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_examples() {
        for verb in Cli::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(
                    |help| help.contains(&format!("cove-halo-sync {}", verb.get_name()))
                ),
                "{} has no example",
                verb.get_name()
            );
        }
    }
}
