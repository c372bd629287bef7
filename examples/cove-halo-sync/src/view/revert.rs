//! A run being taken back: what goes back, what is left alone and why, and what became of it.

use super::plan::{changes, guards};
use super::run;
use super::{Look, Page};
use crate::text::{count, plain};
use billing_sync::ids::RunId;
use billing_sync::plan::{Change, ChangeKind, Plan};
use billing_sync::run::RunReport;
use cove_halo::RunOutcome;

/// The page of an inverse, before it is applied.
pub(crate) fn page(of: &RunId, plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading(
        &format!("Revert of run {}", plain(of.as_str())),
        &format!("period {}", plan.period()),
    );
    let summary = plan.summary();
    page.line(format!(
        "subscriptions: {} back to an earlier count, {} to zero, {} as before already; {} left alone",
        summary.update, summary.zero, summary.keep, summary.exceptions
    ));
    let writes: Vec<&Change> = plan.writes().collect();
    if writes.is_empty() {
        page.line("nothing to write");
    } else {
        page.line("a subscription that the run made goes to 0 and is never deleted");
        page.gap();
        changes(&mut page, &writes);
    }
    let kept: Vec<&Change> = plan
        .changes()
        .iter()
        .filter(|change| change.kind == ChangeKind::Keep)
        .collect();
    if !kept.is_empty() && !writes.is_empty() {
        page.gap();
        page.line(format!(
            "{} as before the run already",
            count(kept.len(), "subscription is", "subscriptions are")
        ));
    }
    if !plan.exceptions().is_empty() {
        page.gap();
        page.heading("Left alone", "not as the run left them; look at each");
        let mut table = page.look().table(&["kind", "detail"]);
        for exception in plan.exceptions() {
            table.add_row([
                exception.kind.word().to_owned(),
                plain(&exception.detail).into_owned(),
            ]);
        }
        page.table(table);
    }
    if !writes.is_empty() {
        page.gap();
        guards(&mut page, plan);
    }
    page.finish()
}

/// The page of the run that applied it. What was left alone stands on the page before.
pub(crate) fn run_page(outcome: &RunOutcome, look: Look) -> String {
    let report = RunReport {
        exceptions: 0,
        ..outcome.report.clone()
    };
    run::page(&report, &outcome.requests, look)
}
