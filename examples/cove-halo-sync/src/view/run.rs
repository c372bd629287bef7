//! What a run did, at a glance: how it ended, what was proved, what is left to do.

use super::names::{arrow, client, prefix_remark, short, word};
use super::{Look, Page};
use crate::text::{count, plain, usual_prefix};
use billing_sync::run::{ChangeRecord, Drift, RunReport, RunStatus};
use cove_halo::RequestCounts;

/// Changes a table of what is done shows; the rest is in `history RUN`.
const DONE_SHOWN: usize = 10;

/// The page of a run.
pub(crate) fn page(report: &RunReport, requests: &RequestCounts, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading(&format!("Run {}", report.run_id), "");
    let sentence = sentence(report);
    page.line(match report.status {
        RunStatus::Applied | RunStatus::Nothing => look.good(&sentence),
        _ => look.bad(&sentence),
    });
    if report.adopted > 0 {
        page.line(format!(
            "{} taken over without a change",
            count(report.adopted, "subscription", "subscriptions")
        ));
    }
    if report.exceptions > 0 {
        page.line(look.warning(&format!(
            "{} left for a person: `cove-halo-sync plan --period {}` lists them",
            count(report.exceptions, "exception", "exceptions"),
            report.period
        )));
    }
    page.line(requests_line(requests));
    let (done, open): (Vec<&ChangeRecord>, Vec<&ChangeRecord>) = report
        .changes
        .iter()
        .partition(|record| record.outcome.is_done());
    if !open.is_empty() {
        page.gap();
        page.heading("Not there as planned", "");
        records(&mut page, &open);
    }
    if !done.is_empty() {
        page.gap();
        page.heading("Written and read back", &shown_of(done.len()));
        records(&mut page, done.get(..DONE_SHOWN).unwrap_or(&done));
    }
    page.finish()
}

fn shown_of(done: usize) -> String {
    if done > DONE_SHOWN {
        format!("the first {DONE_SHOWN} of {done}; `history RUN` has all")
    } else {
        String::new()
    }
}

/// How the run ended, in one line, with what to do next.
pub(crate) fn sentence(report: &RunReport) -> String {
    let of = report.changes.len();
    match report.status {
        RunStatus::Nothing => format!(
            "period {}: nothing to write, every subscription is right already",
            report.period
        ),
        RunStatus::Applied => format!(
            "period {}: {} written, {} read back and found as planned",
            report.period,
            count(report.applied(), "change", "changes"),
            report.verified()
        ),
        RunStatus::Partial => format!(
            "period {}: {} of {of} changes written, {} failed; {}",
            report.period,
            report.applied(),
            report.failed(),
            if report.goes_on() {
                "`cove-halo-sync resume` tries them again".to_owned()
            } else {
                format!(
                    "their records moved: `cove-halo-sync sync --period {}` plans them anew",
                    report.period
                )
            }
        ),
        RunStatus::Unknown => format!(
            "period {}: {} of {of} changes written, {} of unknown outcome; run `cove-halo-sync resume`",
            report.period,
            report.applied(),
            report.unknown()
        ),
        RunStatus::Stopped => format!(
            "period {}: stopped after {} of {of} changes; `cove-halo-sync resume` goes on",
            report.period,
            report.applied()
        ),
        RunStatus::Running => format!(
            "period {}: not ended, {} of {of} changes written; run `cove-halo-sync resume`",
            report.period,
            report.applied()
        ),
    }
}

/// Requests in one line.
pub(crate) fn requests_line(requests: &RequestCounts) -> String {
    format!(
        "requests: {} to N-able, {} to HaloPSA, {}, {} throttled",
        requests.cove,
        requests.halo,
        count(
            usize::try_from(requests.retries).unwrap_or(usize::MAX),
            "retry",
            "retries"
        ),
        requests.throttled
    )
}

/// Changes with what became of them.
pub(super) fn records(page: &mut Page, records: &[&ChangeRecord]) {
    let prefix = usual_prefix(records.iter().map(|record| record.change.name.as_str()));
    if !prefix.is_empty() {
        page.line(prefix_remark(prefix));
    }
    let mut table = page.look().table(&[
        "action",
        "client",
        "subscription",
        ">before → after",
        "outcome",
        "note",
    ]);
    for record in records {
        table.add_row([
            word(record.change.kind).to_owned(),
            client(&record.change),
            short(&record.change.name, prefix),
            arrow(&record.change),
            record.outcome.word().to_owned(),
            plain(&record.note).into_owned(),
        ]);
    }
    page.table(table);
}

/// What moved, as a table.
pub(crate) fn drift(drift: &[Drift], look: Look) -> String {
    let mut page = Page::new(look);
    drift_table(&mut page, drift);
    page.finish()
}

pub(super) fn drift_table(page: &mut Page, drift: &[Drift]) {
    let prefix = usual_prefix(drift.iter().map(|drift| drift.key.name.as_str()));
    page.heading("Changed by others", &prefix_remark(prefix));
    let mut table = page
        .look()
        .table(&["client", "subscription", "field", "expected", "found"]);
    for drift in drift {
        table.add_row([
            format!("{} ({})", short(&drift.client_name, ""), drift.key.client),
            short(&drift.key.name, prefix),
            plain(&drift.field).into_owned(),
            plain(&drift.planned).into_owned(),
            plain(&drift.found).into_owned(),
        ]);
    }
    page.table(table);
}
