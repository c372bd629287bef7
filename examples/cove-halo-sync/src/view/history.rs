//! Earlier runs, and one of them in full.

use super::run::records;
use super::{Look, Page};
use crate::text::plain;
use billing_sync::run::ChangeRecord;
use billing_sync::state::{RunSummary, StoredRun};

/// The list of runs, the newest first.
pub(crate) fn page(runs: &[RunSummary], look: Look) -> String {
    let mut page = Page::new(look);
    if runs.is_empty() {
        page.line("there is no run yet");
        return page.finish();
    }
    let mut table = look.table(&["run", "period", "started", "status", ">done", "by"]);
    // A run's id is there to be copied: in one piece.
    table.keep_whole(0);
    for run in runs {
        table.add_row([
            plain(run.run_id.as_str()).into_owned(),
            run.period.to_string(),
            moment(&run.started_at),
            run.status.word().to_owned(),
            format!("{} of {}", run.applied, run.changes),
            plain(&run.approved_by).into_owned(),
        ]);
    }
    page.table(table);
    page.finish()
}

/// One run with every change.
pub(crate) fn run_page(run: &StoredRun, look: Look) -> String {
    let StoredRun {
        summary,
        plan: _,
        changes,
        overrides,
    } = run;
    let mut page = Page::new(look);
    page.heading(
        &format!("Run {}", plain(summary.run_id.as_str())),
        summary.status.word(),
    );
    page.line(format!("period   {}", summary.period));
    page.line(format!("plan     {}", plain(summary.plan_id.as_str())));
    page.line(format!("started  {}", plain(&summary.started_at)));
    page.line(format!(
        "ended    {}",
        summary
            .finished_at
            .as_deref()
            .map_or_else(|| "not yet: run `cove-halo-sync resume`".into(), plain)
    ));
    page.line(format!("by       {}", plain(&summary.approved_by)));
    page.line(format!(
        "changes  {}, of these {} done, {} failed, {} open",
        summary.changes, summary.applied, summary.failed, summary.unknown
    ));
    for (guard, reason) in overrides {
        page.line(format!("override {}: {}", plain(guard), plain(reason)));
    }
    if !changes.is_empty() {
        page.gap();
        page.heading("Changes", "");
        let changes: Vec<&ChangeRecord> = changes.iter().collect();
        records(&mut page, &changes);
    }
    page.finish()
}

/// `2026-11-05 06:00` out of an RFC 3339 text; anything else as it is.
fn moment(text: &str) -> String {
    match (text.get(..10), text.get(10..11), text.get(11..16)) {
        (Some(day), Some("T"), Some(time)) => format!("{} {}", plain(day), plain(time)),
        _ => plain(text).into_owned(),
    }
}
