//! `why`: one screen for one number, from the devices to the count. Needs neither network nor credentials.

use super::apply::read;
use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::ids::RunId;
use cove_halo::{ExitCode, WhyFrom, WhyRequest};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
CLIENT is a HaloPSA client's number or an N-able customer's exact id, never a name. Where a number is both, write
client:ID or customer:ID. The table lists 50 devices; json and csv have all of them.

Examples:
  cove-halo-sync why 1042
  cove-halo-sync why 1042 Server
  cove-halo-sync why customer:2712428 'Cove Data Protection | Per GB' --plan plan.json
  cove-halo-sync why 1042 --run RUN --format csv > devices.csv")]
pub(crate) struct Args {
    /// Client's number or customer's exact id
    #[arg(value_name = "CLIENT")]
    who: String,
    /// Only this service or subscription, whole or without the product before it
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// Look into this plan file
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    plan: Option<PathBuf>,
    /// Look into this run [default: the newest]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let from = match (&args.plan, &args.run) {
        (Some(file), _) => WhyFrom::Plan(Box::new(read(file)?)),
        (None, Some(run)) => WhyFrom::Run(RunId::new(run)),
        (None, None) => WhyFrom::NewestRun,
    };
    let request = WhyRequest {
        who: args.who.clone(),
        service: args.service.clone(),
        from,
    };
    let outcome = app.offline_service()?.why(&request).await?;
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::why::page(&outcome, look))?;
        }
        Format::Json => app.out.document(&outcome.to_json())?,
        Format::Csv => {
            let rows = view::why::rows(&outcome)?;
            app.out.result(&rows)?;
        }
    }
    Ok(ExitCode::Done)
}
