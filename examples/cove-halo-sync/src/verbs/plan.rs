//! `plan`: what would be changed, and why. Reads only.

use crate::app::App;
use crate::failure::Failure;
use crate::files;
use crate::globals::{Format, quoted};
use crate::text::json;
use crate::view;
use billing_sync::Period;
use billing_sync::ids::ClientId;
use clap::ValueEnum;
use cove_halo::{ExitCode, PlanRequest, PlanView, plan_exit_code};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 0, or with 5 when there are exceptions. Guards and a provisional period are shown; they stop apply.

Examples:
  cove-halo-sync plan
  cove-halo-sync plan --period 202610 --out plan.json
  cove-halo-sync plan --only 1042 --all
  cove-halo-sync plan --service Server
  cove-halo-sync plan --format csv > changes.csv
  cove-halo-sync plan --format csv --table exceptions > exceptions.csv
  cove-halo-sync plan --period 202608               what was billed then, and what would be now")]
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
    /// List only what concerns one service, by its name or its name after the product; the plan stays whole
    #[arg(long, value_name = "NAME", conflicts_with = "out")]
    service: Option<String>,
    /// Which table `--format csv` prints [default: changes]
    #[arg(long, value_enum)]
    table: Option<Table>,
}

/// A table of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// Subscriptions, before and after.
    Changes,
    /// What is left out, and what to do about it.
    Exceptions,
    /// Where every unit went.
    Ledger,
    /// What the plan was measured against.
    Guards,
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
    if args.table.is_some() && app.out.format() != Format::Csv {
        return Err(
            Failure::usage("--table is about rows, and nothing asks for rows")
                .with_hint("add --format csv; a page and JSON have all tables"),
        );
    }
    let service = app.service()?;
    let request = PlanRequest {
        period: args.period,
        only: args.only,
    };
    let outcome = Box::pin(service.plan_looking_back(&request)).await?;
    app.clear_progress();
    let plan = &outcome.plan;
    let mut view = PlanView::new(&outcome, args.all, args.only);
    if let Some(service) = &args.service {
        view = view.of_service(service)?;
    }
    if let Some(path) = &args.out {
        files::replace(path, json(&plan.to_json(false)).as_bytes())?;
    }
    show(&view, args.table, app)?;
    match &args.out {
        Some(path) => app.out.note(&format!(
            "\nto make exactly these changes: {}\n",
            app.command(&format!("apply {}", quoted(&path.to_string_lossy())))
        )),
        None if plan.writes().next().is_some() => app
            .out
            .note("\nto apply: plan again with --out FILE, then `cove-halo-sync apply FILE`\n"),
        None => {}
    }
    Ok(plan_exit_code(plan))
}

fn show(shown: &PlanView<'_>, table: Option<Table>, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::plan::page_of(shown, look))
        }
        Format::Json => app.out.document(&shown.to_json()),
        Format::Csv => {
            let rows = match table.unwrap_or(Table::Changes) {
                Table::Changes => view::rows::plan(shown.changes().into_iter())?,
                Table::Exceptions => shown.exceptions_table().to_csv()?,
                Table::Ledger => shown.ledger_table().to_csv()?,
                Table::Guards => shown.guards_table().to_csv()?,
            };
            app.out.result(&rows)
        }
    }
}
