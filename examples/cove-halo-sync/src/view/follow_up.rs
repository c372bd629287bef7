//! An earlier run being followed up, tried again or taken back: what is to be done, what is left alone and why, and what
//! became of it.

use super::plan::{changes, guards};
use super::run;
use super::{Look, Page};
use crate::text::{count, plain};
use billing_sync::ids::RunId;
use billing_sync::plan::{Change, Plan};
use billing_sync::run::RunReport;
use cove_halo::{FollowUp, RunOutcome};

/// The page of the plan, before it is applied. `of` is left out where the run is not known.
pub(crate) fn page(what: &FollowUp, of: Option<&RunId>, plan: &Plan, look: Look) -> String {
    let words = Words::of(what, plan);
    let mut page = Page::new(look);
    page.heading(
        &match of {
            Some(run) => format!("{} of run {}", words.heading, plain(run.as_str())),
            None => words.heading.to_owned(),
        },
        &format!("period {}", plan.period()),
    );
    let left_alone = plan.exceptions().len();
    page.line(format!(
        "subscriptions: {}; {left_alone} left alone",
        words.counts
    ));
    let writes: Vec<&Change> = plan.writes().collect();
    if writes.is_empty() {
        page.line("nothing to write");
    } else {
        if let Some(remark) = words.remark {
            page.line(remark);
        }
        page.gap();
        changes(&mut page, &writes);
        if let Some(kept) = words.kept {
            page.gap();
            page.line(kept);
        }
    }
    if !plan.exceptions().is_empty() {
        page.gap();
        page.heading("Left alone", words.left_alone);
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

/// What the two pages say differently.
struct Words {
    heading: &'static str,
    counts: String,
    /// Ahead of the changes.
    remark: Option<&'static str>,
    /// Behind the changes.
    kept: Option<String>,
    left_alone: &'static str,
}

impl Words {
    fn of(what: &FollowUp, plan: &Plan) -> Self {
        let summary = plan.summary();
        match what {
            FollowUp::Retry(_) => Self {
                heading: "Retry",
                counts: format!(
                    "{} to create, {} to change, {} to zero, {} as wanted already",
                    summary.create, summary.update, summary.zero, summary.keep
                ),
                remark: None,
                kept: None,
                left_alone: "not as the run found them; look at each",
            },
            FollowUp::Revert(_) => Self {
                heading: "Revert",
                counts: format!(
                    "{} back to an earlier count, {} to zero, {} as before already",
                    summary.update, summary.zero, summary.keep
                ),
                remark: Some("a subscription that the run made goes to 0 and is never deleted"),
                kept: (summary.keep > 0).then(|| {
                    format!(
                        "{} as before the run already",
                        count(summary.keep, "subscription is", "subscriptions are")
                    )
                }),
                left_alone: "not as the run left them; look at each",
            },
        }
    }
}
