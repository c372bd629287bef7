//! The failed changes of a run, tried again: what goes again, what is left alone and why, and what became of it.

use super::plan::{changes, guards};
use super::run;
use super::{Look, Page};
use crate::text::plain;
use billing_sync::ids::RunId;
use billing_sync::plan::{Change, Plan};
use billing_sync::run::RunReport;
use cove_halo::RunOutcome;

/// The page of a retry, before it is applied. `of` is left out where the run is not known.
pub(crate) fn page(of: Option<&RunId>, plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading(
        &match of {
            Some(run) => format!("Retry of run {}", plain(run.as_str())),
            None => "Retry".to_owned(),
        },
        &format!("period {}", plan.period()),
    );
    let summary = plan.summary();
    page.line(format!(
        "subscriptions: {} to create, {} to change, {} to zero, {} as wanted already; {} left alone",
        summary.create, summary.update, summary.zero, summary.keep, summary.exceptions
    ));
    let writes: Vec<&Change> = plan.writes().collect();
    if writes.is_empty() {
        page.line("nothing to write");
    } else {
        page.gap();
        changes(&mut page, &writes);
    }
    if !plan.exceptions().is_empty() {
        page.gap();
        page.heading("Left alone", "not as the run found them; look at each");
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
