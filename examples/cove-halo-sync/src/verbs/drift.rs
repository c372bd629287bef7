//! `drift`: what people changed in HaloPSA since. Writes nothing.

use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use cove_halo::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every subscription that is kept is compared with the count last proved. Ends with 0 when nobody changed anything, with
6 otherwise. `sync` brings the invoiced counts back; `why` explains them.

Examples:
  cove-halo-sync drift
  cove-halo-sync drift --format csv > edits.csv")]
pub(crate) struct Args {}

pub(crate) async fn run(_args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let outcome = app.service()?.drift().await?;
    app.clear_progress();
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::drift::page(&outcome, look))?;
        }
        Format::Json => app.out.document(&outcome.to_json())?,
        Format::Csv => {
            let rows = view::drift::rows(&outcome)?;
            app.out.result(&rows)?;
        }
    }
    Ok(outcome.exit_code())
}
