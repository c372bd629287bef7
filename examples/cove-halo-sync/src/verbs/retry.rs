//! `retry`: tries the failed changes of a run again, alone, by a plan of their own; on a terminal it asks first.

use crate::app::{App, Override, approval, can_ask};
use crate::cli::Format;
use crate::failure::Failure;
use crate::view;
use billing_sync::ids::RunId;
use billing_sync::plan::Plan;
use cove_halo::{ExitCode, RetryOutcome, Service, ServiceError};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Only what failed in that run, with the counts it had: each change is held against a fresh read first, and one whose record
somebody changed since is listed and left alone (5). It is a run of its own, with guards, journal and read-back. A run that
was stopped or killed is gone on with by `resume`; a new `sync` tries what failed again, too, with the usage of then.

Examples:
  cove-halo-sync retry
  cove-halo-sync retry RUN --yes --override max_zeroed='checked, ticket 4711'")]
pub(crate) struct Args {
    /// Run whose failed changes are tried again, as `history` lists it [default: the newest]
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
    /// Go on in spite of a tripped guard; the reason enters the journal
    #[arg(long = "override", value_name = "GUARD=REASON")]
    overrides: Vec<Override>,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if !args.yes && !can_ask() {
        return Err(Failure::usage("there is no terminal to ask on")
            .with_hint("give --yes for an unattended run"));
    }
    let service = app.service()?;
    let run = args.run.as_ref().map(RunId::new);
    let outcome = if args.yes {
        let approval = approval("retry --yes", &args.overrides);
        let outcome = match Box::pin(service.retry(run.as_ref(), approval)).await {
            Ok(outcome) => outcome,
            Err(error) => return Err(refused(error, app)),
        };
        app.clear_progress();
        shown(&outcome.of, &outcome.plan, app)?;
        outcome
    } else {
        asked(&service, run.as_ref(), args, app).await?
    };
    app.clear_progress();
    show(&outcome, app)?;
    Ok(outcome.exit_code())
}

/// Shows the inverse, asks, and applies exactly what was shown.
async fn asked(
    service: &Service,
    run: Option<&RunId>,
    args: &Args,
    app: &mut App<'_>,
) -> Result<RetryOutcome, Failure> {
    let (of, plan) = service.plan_retry(run).await?;
    app.clear_progress();
    let approval = approval("retry", &args.overrides);
    let writes = plan.writes().count();
    let mut outcome = RetryOutcome {
        of: of.clone(),
        plan: plan.clone(),
        run: None,
        settled: None,
    };
    // A plan that would be refused needs no question: apply says why, and shows it.
    if plan.clone().approve(approval.clone()).is_ok() {
        shown(&of, &plan, app)?;
        if writes == 0 {
            return Ok(outcome);
        }
        let what = crate::text::count(writes, "change", "changes");
        if !app.ask(&format!("\nmake {what} in HaloPSA?")).await {
            return Err(Failure::new("not confirmed; nothing was written"));
        }
    }
    match service.apply(plan, approval).await {
        Ok(report) => outcome.run = Some(report),
        Err(error) => return Err(refused(error, app)),
    }
    Ok(outcome)
}

/// Shows a refused retry as what it is. The usual page of a refused plan is that of an invoice.
fn refused(error: ServiceError, app: &mut App<'_>) -> Failure {
    app.clear_progress();
    let failure = match (app.out.format(), error.plan()) {
        (Format::Table, Some(plan)) => {
            let page = view::retry::page(None, plan, app.out.look());
            if let Err(failure) = app.out.result(&page) {
                return failure;
            }
            Failure::new(error.message()).with_code(error.exit_code())
        }
        _ => return error.into(),
    };
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// Shows the plan: as the result, or beside it where the result is one document.
fn shown(run: &RunId, plan: &Plan, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            let page = view::retry::page(Some(run), plan, app.out.look());
            app.out.result(&page)?;
        }
        Format::Json | Format::Csv => {
            let page = view::retry::page(Some(run), plan, app.out.look_of_notes());
            app.out.note(&page);
        }
    }
    Ok(())
}

fn show(outcome: &RetryOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    if let Some(settled) = &outcome.settled {
        app.out.note(&format!(
            "an earlier run was settled first: {}, {}\n",
            settled.run_id,
            settled.status.word()
        ));
    }
    match app.out.format() {
        Format::Table => {
            let Some(run) = &outcome.run else {
                return Ok(());
            };
            let look = app.out.look();
            let page = format!("\n{}", view::retry::run_page(run, look));
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
