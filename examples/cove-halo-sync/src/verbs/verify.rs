//! `verify`: reads back what was written and says where it differs.

use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::ids::RunId;
use cove_halo::{ExitCode, VerifyOutcome};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 0 when everything is as recorded, with 6 when somebody changed something since.

Examples:
  cove-halo-sync verify
  cove-halo-sync verify RUN")]
pub(crate) struct Args {
    /// Run whose changes are read back [default: every subscription that is kept]
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

impl Args {
    /// A run is one of one pair.
    pub(crate) fn is_for_all(&self) -> bool {
        self.run.is_none()
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let service = app.service()?;
    let run = args.run.as_deref().map(RunId::new);
    let outcome = service.verify(run.as_ref()).await?;
    app.clear_progress();
    show(&outcome, app)?;
    Ok(outcome.exit_code())
}

fn show(outcome: &VerifyOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::verify::page(outcome, look))
        }
        Format::Json => app.out.document(&outcome.to_json()),
        Format::Csv => {
            let rows = view::rows::drift(&outcome.differences)?;
            app.out.result(&rows)
        }
    }
}
