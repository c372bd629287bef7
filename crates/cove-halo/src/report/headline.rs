//! The month in one sentence, and in words.

use super::model::{Comparison, MeasureTotal, Totals};
use crate::schedule::is_whole;
use crate::text::number;
use billing_sync::Period;
use billing_sync::plan::Plan;
use billing_sync::run::RunStatus;
use billing_sync::state::StoredRun;
use rust_decimal::Decimal;

/// `2026-10`.
pub(super) fn dashed(period: Period) -> String {
    format!("{:04}-{:02}", period.year(), period.month())
}

/// `October 2026`.
pub(super) fn spoken(period: Period) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = MONTHS
        .get(usize::from(period.month().saturating_sub(1)))
        .unwrap_or(&"");
    format!("{month} {}", period.year())
}

/// For example `N-able invoice 2026-10 closed; 1,412 Each: 1,398 billed, 9 ignored by rule, 5 unmatched, +12 / -7 against
/// 2026-09; nothing written yet`.
pub(super) fn headline(
    vendor: &str,
    plan: &Plan,
    totals: &Totals,
    comparison: Option<&Comparison>,
    runs: &[StoredRun],
) -> String {
    let state = match (plan.finality().is_final(), plan.gaps().is_empty()) {
        (true, true) => "closed",
        (true, false) => "closed, but not read completely",
        (false, _) => "not final yet",
    };
    let mut sentences = vec![format!(
        "{vendor} invoice {} {state}",
        dashed(plan.period())
    )];
    if totals.measures.is_empty() {
        sentences.push("no usage".to_owned());
    }
    for measure in &totals.measures {
        let mut parts = vec![format!("{} billed", shown(measure.billed))];
        parts.extend(not_billed(measure));
        if let Some(comparison) = comparison {
            let against = dashed(comparison.previous);
            parts.push(match moved(comparison, measure) {
                Some(moved) => format!("{moved} against {against}"),
                None => format!("as in {against}"),
            });
        }
        let quantity = format!("{} {}", shown(measure.vendor), word(measure));
        sentences.push(format!("{quantity}: {}", parts.join(", ")));
    }
    sentences.push(written(runs));
    sentences.join("; ")
}

/// Units in words; a sum that does not fit says so.
pub(super) fn shown(units: Option<Decimal>) -> String {
    units.map_or_else(|| "too many".to_owned(), number)
}

/// The unit of measure, where the vendor states one.
pub(super) fn word(measure: &MeasureTotal) -> &str {
    match measure.unit.as_str() {
        "" => "units",
        unit => unit,
    }
}

/// Where the units are that stand behind no count.
pub(super) fn not_billed(measure: &MeasureTotal) -> Vec<String> {
    // Rounding up takes nothing away: it adds.
    let rounding_word = match measure.rounding {
        Some(units) if units.is_sign_negative() => "added by rounding",
        _ => "rounded off",
    };
    let rounded = measure.rounding.map(|units| units.abs());
    [
        (measure.ignored, "ignored by rule"),
        (measure.free, "free"),
        (rounded, rounding_word),
        (measure.unmatched, "unmatched"),
        (measure.blocked, "held back"),
        (measure.contract_level, "charged to contracts"),
    ]
    .into_iter()
    .filter(|(units, _)| *units != Some(Decimal::ZERO))
    .map(|(units, word)| format!("{} {word}", shown(units)))
    .collect()
}

/// What came and went of a measure, as `+12 / -7`; `None` when nothing did.
pub(super) fn moved(comparison: &Comparison, measure: &MeasureTotal) -> Option<String> {
    let moved = comparison
        .moved
        .iter()
        .find(|moved| moved.unit == measure.unit)?;
    Some(format!("+{} / -{}", shown(moved.more), shown(moved.less)))
}

/// What the runs of the month left: the newest over everybody, or the one before it that wrote where there was nothing to add,
/// and what came after it.
fn written(runs: &[StoredRun]) -> String {
    let Some((newest, after)) = whole(runs) else {
        return match runs.last() {
            None => "nothing written yet".to_owned(),
            Some(run) => format!("no run over everybody yet; {}", step(run, false)),
        };
    };
    let taken_back = after.iter().any(takes_back);
    let mut steps = vec![step(newest, taken_back)];
    // Single clients that were written since say nothing about the others.
    let told = after.iter().filter(|run| {
        run.plan.only().is_none() && !is_whole(&run.plan) || !is_settled(run.summary.status)
    });
    steps.extend(told.map(|run| step(run, false)));
    steps.dedup();
    steps.join(", ")
}

/// The newest run over everybody that says what was written, and the runs after it.
fn whole(runs: &[StoredRun]) -> Option<(&StoredRun, &[StoredRun])> {
    let newest = runs.iter().rposition(|run| is_whole(&run.plan))?;
    let wrote = |run: &StoredRun| is_whole(&run.plan) && run.summary.status == RunStatus::Applied;
    let earlier = runs.get(..newest).unwrap_or_default();
    let says_nothing_new = runs
        .get(newest)
        .is_some_and(|run| run.summary.status == RunStatus::Nothing);
    let at = match earlier.iter().rposition(wrote) {
        Some(wrote) if says_nothing_new && earlier.iter().skip(wrote).all(is_plain) => wrote,
        _ => newest,
    };
    let after = runs.get(at + 1..).unwrap_or_default();
    runs.get(at).map(|run| (run, after))
}

/// Wrote what it was to write, and took nothing back.
fn is_plain(run: &StoredRun) -> bool {
    is_settled(run.summary.status) && !takes_back(run)
}

fn is_settled(status: RunStatus) -> bool {
    matches!(status, RunStatus::Applied | RunStatus::Nothing)
}

/// A run that takes another one back has no usage of its own, and each of its changes says so.
fn takes_back(run: &StoredRun) -> bool {
    let mut changes = run.plan.changes().iter();
    !is_whole(&run.plan) && changes.any(|change| change.reason.starts_with("revert of "))
}

fn step(run: &StoredRun, was_taken_back: bool) -> String {
    let at = run.summary.finished_at.as_deref();
    let at = at.unwrap_or(&run.summary.started_at);
    let day = at.get(..10).unwrap_or(at);
    let what = match run.summary.status {
        RunStatus::Applied if takes_back(run) => "taken back",
        RunStatus::Partial if takes_back(run) => "taken back in part",
        RunStatus::Applied if run.plan.only().is_some() => "a single client written",
        RunStatus::Applied if !is_whole(&run.plan) => "what had failed written",
        RunStatus::Applied if was_taken_back => "written",
        RunStatus::Applied => "written and read back",
        RunStatus::Nothing => "nothing needed writing",
        RunStatus::Partial => "written in part",
        RunStatus::Stopped => "stopped before the end",
        RunStatus::Unknown => "the outcome of a write is unknown",
        RunStatus::Running => "a run has not ended",
    };
    format!("{what} on {day}")
}
