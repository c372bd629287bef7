//! `resume`: settles and finishes a run that was interrupted.

use super::apply;
use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use cove_halo::{ExitCode, RunOutcome};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
What may have arrived is read back first, never sent again blindly. What was not begun is then done,
unless the record moved in the meantime.

Examples:
  cove-halo-sync resume
  cove-halo-sync resume --format json")]
pub(crate) struct Args {}

pub(crate) async fn run(_args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let service = app.service()?;
    let resumed = service.resume().await?;
    app.clear_progress();
    if let Some(outcome) = resumed {
        apply::show(&outcome, app)?;
        return Ok(outcome.exit_code());
    }
    match app.out.format() {
        Format::Table => app.out.result("there is nothing to resume\n")?,
        Format::Json => {
            let document = RunOutcome::nothing_to_json(None, service.requests());
            app.out.document(&document)?;
        }
        Format::Csv => {
            let rows = view::rows::run(&[])?;
            app.out.result(&rows)?;
        }
    }
    Ok(ExitCode::Done)
}
