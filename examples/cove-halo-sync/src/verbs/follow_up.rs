//! What `retry` and `revert` have in common: a plan made out of an earlier run is shown, agreed to, applied and proved.

use super::apply;
use crate::app::App;
use crate::consent::{self, Consent};
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::ids::RunId;
use billing_sync::plan::Plan;
use cove_halo::{ExitCode, FollowUp, FollowUpOutcome, Service, ServiceError, SyncOutcome};

/// Plans, shows, asks unless agreed to, applies, and shows what became of it.
pub(super) async fn run(
    what: FollowUp,
    consent: &Consent,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    consent::may_begin(consent.is_unattended(), consent::GIVE_YES)?;
    let service = app.service()?;
    let outcome = if consent.is_unattended() {
        let approval = consent.approval(verb(&what));
        let outcome = match Box::pin(service.follow_up(&what, approval)).await {
            Ok(outcome) => outcome,
            Err(error) => return Err(refused(&what, error, app)),
        };
        app.clear_progress();
        shown(&what, &outcome.of, &outcome.sync.plan, false, app)?;
        outcome
    } else {
        asked(&service, what, consent, app).await?
    };
    app.clear_progress();
    show(&outcome, app)?;
    Ok(outcome.exit_code())
}

fn verb(what: &FollowUp) -> &'static str {
    match what {
        FollowUp::Retry(_) => "retry",
        FollowUp::Revert(_) => "revert",
    }
}

/// Shows the plan, asks, and applies exactly what was shown.
async fn asked(
    service: &Service,
    what: FollowUp,
    consent: &Consent,
    app: &mut App<'_>,
) -> Result<FollowUpOutcome, Failure> {
    let (of, plan) = service.plan_follow_up(&what).await?;
    app.clear_progress();
    let approval = consent.approval(verb(&what));
    let mut run = None;
    // A plan that would be refused needs no question: apply says why, and shows it.
    let is_approved = plan.clone().approve(approval.clone()).is_ok();
    if is_approved {
        shown(&what, &of, &plan, consent::is_needed(&plan), app)?;
        consent::ask(&plan, app).await?;
    }
    if !is_approved || plan.writes().next().is_some() {
        match service.apply(plan.clone(), approval).await {
            Ok(applied) => run = Some(applied),
            Err(error) => return Err(refused(&what, error, app)),
        }
    }
    Ok(FollowUpOutcome {
        what,
        of,
        sync: SyncOutcome {
            plan,
            run,
            settled: None,
        },
    })
}

/// Shows a refused plan as what it is. The usual page of a refused plan is that of an invoice.
fn refused(what: &FollowUp, error: ServiceError, app: &mut App<'_>) -> Failure {
    app.clear_progress();
    // A refusal names the run where that had to be named.
    let of = match what {
        FollowUp::Retry(_) => None,
        FollowUp::Revert(run) => Some(run),
    };
    let failure = match (app.out.format(), error.plan()) {
        (Format::Table, Some(plan)) => {
            let page = view::follow_up::page(what, of, plan, app.out.look());
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

fn shown(
    what: &FollowUp,
    of: &RunId,
    plan: &Plan,
    is_asked_about: bool,
    app: &mut App<'_>,
) -> Result<(), Failure> {
    app.out.page_before(is_asked_about, |look| {
        view::follow_up::page(what, Some(of), plan, look)
    })
}

fn show(outcome: &FollowUpOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    apply::note_settled(outcome.sync.settled.as_ref(), app);
    match app.out.format() {
        Format::Table => {
            let Some(run) = &outcome.sync.run else {
                return Ok(());
            };
            let look = app.out.look();
            let page = format!("\n{}", view::follow_up::run_page(run, look));
            app.out.result(&page)
        }
        Format::Json => app.out.document(&outcome.to_json()),
        Format::Csv => apply::show_rows(&outcome.sync, app),
    }
}
