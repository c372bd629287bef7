//! `sync`: plan and apply in one run; on a terminal it asks first.

use super::apply;
use crate::app::App;
use crate::consent::{self, Consent};
use crate::failure::Failure;
use crate::globals::Format;
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
    #[command(flatten)]
    consent: Consent,
}

impl Args {
    /// Whether nobody is asked.
    pub(crate) fn is_unattended(&self) -> bool {
        self.consent.is_unattended()
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    consent::may_begin(
        args.is_unattended(),
        "give --yes for an unattended run, or use `plan --out FILE` and `apply FILE`",
    )?;
    let request = PlanRequest {
        period: args.period,
        only: None,
    };
    if args.is_unattended() {
        let service = app.service_or_tell(args.period, |_| {}).await?;
        unattended(&service, &request, args, app).await
    } else {
        let service = app.service()?;
        asked(&service, &request, args, app).await
    }
}

/// Plans and applies, shows the result, and tells people and monitoring how it ended.
async fn unattended(
    service: &Service,
    request: &PlanRequest,
    args: &Args,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    // Of the moment it begins: a run may end in the next month.
    let period = service.period_of(request).ok();
    let approval = args.consent.approval("sync");
    let result = Box::pin(service.sync(request, approval)).await;
    app.clear_progress();
    // Before anybody is told, which can take a while.
    let shown = result.as_ref().map_or(Ok(()), |outcome| show(outcome, app));
    for trouble in Box::pin(service.announce(result.as_ref(), period)).await {
        app.out.warning(&trouble);
    }
    let outcome = result?;
    shown?;
    Ok(outcome.exit_code())
}

/// Shows the plan, asks, and applies exactly what was shown.
async fn asked(
    service: &Service,
    request: &PlanRequest,
    args: &Args,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    // A plan that would be refused because of it is not worth a question.
    let settled = service.settle_earlier().await?;
    app.clear_progress();
    apply::note_settled(settled.as_ref(), app);
    let month = service.plan_month(request).await?;
    let plan = month.plan();
    app.clear_progress();
    let approval = args.consent.approval("sync");
    // A plan that would be refused needs no question: apply says why.
    if plan.clone().approve(approval.clone()).is_ok() {
        app.out.page_before(consent::is_needed(plan), |look| {
            view::plan::page(plan, false, look)
        })?;
        consent::ask(plan, app).await?;
        app.out.note("\n");
    }
    let outcome = service.apply_month(month, approval).await?;
    app.clear_progress();
    apply::show(&outcome, app)?;
    Ok(outcome.exit_code())
}

fn show(outcome: &SyncOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    apply::note_settled(outcome.settled.as_ref(), app);
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
        Format::Csv => apply::show_rows(outcome, app),
    }
}
