//! `apply`: exactly the changes of a plan file, or none.

use crate::app::{App, Override, approval};
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::plan::Plan;
use billing_sync::run::RunReport;
use cove_halo::{ExitCode, RunOutcome, SyncOutcome};
use std::path::{Path, PathBuf};

/// Largest plan file that is read, in bytes: about a hundred times a very large plan.
const MAX_PLAN: u64 = 1 << 30;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
HaloPSA is read again first: a record that moved since the plan stops the run before anything is written (6).

Examples:
  cove-halo-sync apply plan.json
  cove-halo-sync apply plan.json --override max_zeroed='twelve customers left, ticket 4711'")]
pub(crate) struct Args {
    /// Plan file, made by `plan --out FILE`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Go on in spite of a tripped guard; the reason enters the journal
    #[arg(long = "override", value_name = "GUARD=REASON")]
    overrides: Vec<Override>,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let plan = read(&args.file)?;
    let service = app.service()?;
    let outcome = service
        .apply(plan, approval("apply", &args.overrides))
        .await?;
    app.clear_progress();
    show(&outcome, app)?;
    Ok(outcome.exit_code())
}

/// Reads a plan file.
pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}", path.display()))
            .with_hint("make a plan file with `cove-halo-sync plan --out FILE`")
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_PLAN {
        return Err(Failure::usage(format!(
            "{} has {size} bytes, too many for a plan file",
            path.display()
        )));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    Plan::from_json(&text).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display())).with_hint(
            "make a new one with `cove-halo-sync plan --out FILE`; a plan is never edited",
        )
    })
}

/// Shows a run.
pub(super) fn show(outcome: &RunOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out
                .result(&view::run::page(&outcome.report, &outcome.requests, look))
        }
        Format::Json => app.out.document(&outcome.to_json()),
        Format::Csv => {
            let rows = view::rows::run(&outcome.report.changes)?;
            app.out.result(&rows)
        }
    }
}

/// Says that an earlier run was settled before this one.
pub(super) fn note_settled(settled: Option<&RunReport>, app: &App<'_>) {
    if let Some(settled) = settled {
        app.out.note(&format!(
            "an earlier run was settled first: {}, {}\n",
            settled.run_id,
            settled.status.word()
        ));
    }
}

/// Shows the changes of a run as rows; none where there was nothing to write.
pub(super) fn show_rows(sync: &SyncOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    let changes = sync.run.as_ref().map(|run| run.report.changes.as_slice());
    let rows = view::rows::run(changes.unwrap_or_default())?;
    app.out.result(&rows)
}
