//! `sync`: plan and apply in one run; on a terminal it asks first.

use super::apply;
use crate::app::{App, Override, approval, can_ask};
use crate::cli::Format;
use crate::failure::Failure;
use crate::view;
use billing_sync::Period;
use cove_halo::{ExitCode, PlanRequest, Service, SyncOutcome};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
On a terminal the plan is shown and you are asked; without a terminal --yes is required.
Guards and a provisional period stop it either way. With --yes the people named in [notify] are told how it ended.

Examples:
  cove-halo-sync sync
  cove-halo-sync sync --yes --quiet --format json
  cove-halo-sync sync --period 202610 --yes --override max_created='first month'")]
pub(crate) struct Args {
    /// Month to bill [default: the month before today, UTC]
    #[arg(long, value_name = "YYYYMM")]
    period: Option<Period>,
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
    /// Go on in spite of a tripped guard; the reason enters the journal
    #[arg(long = "override", value_name = "GUARD=REASON")]
    overrides: Vec<Override>,
}

impl Args {
    /// Whether nobody is asked.
    pub(crate) fn is_unattended(&self) -> bool {
        self.yes
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if !args.yes && !can_ask() {
        return Err(Failure::usage("there is no terminal to ask on").with_hint(
            "give --yes for an unattended run, or use `plan --out FILE` and `apply FILE`",
        ));
    }
    let service = app.service()?;
    let request = PlanRequest {
        period: args.period,
        only: None,
    };
    if args.yes {
        let approval = approval("sync --yes", &args.overrides);
        let result = Box::pin(service.sync(&request, approval)).await;
        let troubles = Box::pin(service.announce(result.as_ref(), args.period)).await;
        app.clear_progress();
        for trouble in troubles {
            app.out.warning(&trouble);
        }
        let outcome = result?;
        show(&outcome, app)?;
        Ok(outcome.exit_code())
    } else {
        asked(&service, &request, args, app).await
    }
}

/// Shows the plan, asks, and applies exactly what was shown.
async fn asked(
    service: &Service,
    request: &PlanRequest,
    args: &Args,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    let month = service.plan_month(request).await?;
    let plan = month.plan();
    app.clear_progress();
    let approval = approval("sync", &args.overrides);
    // A plan that would be refused needs no question: apply says why.
    if plan.clone().approve(approval.clone()).is_ok() {
        match app.out.format() {
            Format::Table => {
                let page = view::plan::page(plan, false, app.out.look());
                app.out.result(&page)?;
            }
            Format::Json | Format::Csv => {
                let page = view::plan::page(plan, false, app.out.look_of_notes());
                app.out.note(&page);
            }
        }
        let writes = plan.writes().count();
        if writes > 0 {
            let what = crate::text::count(writes, "change", "changes");
            if !app.ask(&format!("\nmake {what} in HaloPSA?")).await {
                return Err(Failure::new("not confirmed; nothing was written"));
            }
        }
        app.out.note("\n");
    }
    let outcome = service.apply_month(month, approval).await?;
    app.clear_progress();
    apply::show(&outcome, app)?;
    Ok(outcome.exit_code())
}

fn show(outcome: &SyncOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    if let Some(settled) = &outcome.settled {
        app.out.note(&format!(
            "an earlier run was settled first: {}, {}\n",
            settled.run_id,
            settled.status.word()
        ));
    }
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            let mut page = view::plan::summary(&outcome.plan, look);
            if let Some(run) = &outcome.run {
                page.push('\n');
                page.push_str(&view::run::page(&run.report, &run.requests, look));
            }
            app.out.result(&page)
        }
        Format::Json => app.out.document(&outcome.to_json()),
        Format::Csv => {
            let changes = outcome
                .run
                .as_ref()
                .map(|run| run.report.changes.as_slice());
            let rows = view::rows::run(changes.unwrap_or_default())?;
            app.out.result(&rows)
        }
    }
}
