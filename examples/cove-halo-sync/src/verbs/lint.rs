//! `lint`: whether the counts become amounts on the recurring invoices. Writes nothing.

use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::Period;
use cove_halo::{ExitCode, PlanRequest};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks at every subscription that is kept, and at the recurring-invoice lines that should take its count: none at all,
a quantity typed in by hand, inactive or doubled, no price, a price below the cost, pro rata, or a subscription that is
not active any more. Ends with 0 when every count is billed, with 5 otherwise.

Examples:
  cove-halo-sync lint
  cove-halo-sync lint --format csv > lines-to-fix.csv")]
pub(crate) struct Args {
    /// Month whose services are looked for while nothing is kept yet [default: the month before today, UTC]
    #[arg(long, value_name = "YYYYMM")]
    period: Option<Period>,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let request = PlanRequest {
        period: args.period,
        ..PlanRequest::default()
    };
    let outcome = Box::pin(app.service()?.lint(&request)).await?;
    app.clear_progress();
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::lint::page(&outcome, look))?;
        }
        Format::Json => app.out.document(&outcome.to_json())?,
        Format::Csv => {
            let rows = view::lint::rows(&outcome)?;
            app.out.result(&rows)?;
        }
    }
    Ok(outcome.exit_code())
}
