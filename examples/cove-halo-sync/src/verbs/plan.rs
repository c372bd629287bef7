//! `plan`: what would be changed, and why. Reads only.

use crate::app::App;
use crate::cli::Format;
use crate::failure::Failure;
use crate::files;
use crate::view;
use billing_sync::Period;
use billing_sync::ids::ClientId;
use billing_sync::plan::{ChangeKind, Plan};
use cove_halo::{ExitCode, PlanRequest, plan_exit_code};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 0, or with 5 when there are exceptions. Guards and a provisional period are shown; they stop apply.

Examples:
  cove-halo-sync plan
  cove-halo-sync plan --period 202610 --out plan.json
  cove-halo-sync plan --only 1042 --all
  cove-halo-sync plan --format csv > changes.csv")]
pub(crate) struct Args {
    /// Month to plan [default: the month before today, UTC]
    #[arg(long, value_name = "YYYYMM")]
    period: Option<Period>,
    /// Write the plan to this file, for `apply`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// List unchanged subscriptions too
    #[arg(long)]
    all: bool,
    /// Limit the plan to one HaloPSA client
    #[arg(long, value_name = "CLIENT_ID", value_parser = client_id)]
    only: Option<ClientId>,
}

impl Args {
    /// A plan file and a client are those of one pair.
    pub(crate) fn is_for_all(&self) -> bool {
        self.out.is_none() && self.only.is_none()
    }
}

/// A client's id as HaloPSA shows it.
pub(super) fn client_id(text: &str) -> Result<ClientId, String> {
    match text.trim().parse::<i64>() {
        Ok(id) if id > 0 => Ok(ClientId::new(id)),
        _ => Err("a client id is a whole number above 0, as HaloPSA shows it".to_owned()),
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let service = app.service()?;
    let request = PlanRequest {
        period: args.period,
        only: args.only,
    };
    let plan = service.plan(&request).await?;
    app.clear_progress();
    if let Some(path) = &args.out {
        files::replace(path, format!("{:#}\n", plan.to_json(false)).as_bytes())?;
    }
    show(&plan, args.all, app)?;
    match &args.out {
        Some(path) => app.out.note(&format!(
            "\nto make exactly these changes: cove-halo-sync apply {}\n",
            path.display()
        )),
        None if plan.writes().next().is_some() => app
            .out
            .note("\nto apply: plan again with --out FILE, then `cove-halo-sync apply FILE`\n"),
        None => {}
    }
    Ok(plan_exit_code(&plan))
}

fn show(plan: &Plan, all: bool, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::plan::page(plan, all, look))
        }
        Format::Json => app.out.document(&plan.to_json(all)),
        Format::Csv => {
            let listed = plan
                .changes()
                .iter()
                .filter(|change| all || change.kind != ChangeKind::Keep);
            let rows = view::rows::plan(listed)?;
            app.out.result(&rows)
        }
    }
}
