//! The month in one sentence, and in words.

use super::model::{Comparison, Totals};
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

/// For example `N-able invoice 2026-10 closed; 1,412 units: 1,398 billed, 9 ignored by rule, 5 unmatched; +12 / -7 units
/// against 2026-09; nothing written yet`.
pub(super) fn headline(
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
    let shown = |units: Option<Decimal>| units.map_or_else(|| "too many".to_owned(), number);
    let Totals {
        vendor,
        billed,
        ignored,
        free,
        rounding,
        unmatched,
        blocked,
        contract_level,
        ..
    } = totals;
    // Rounding up takes nothing away: it adds.
    let rounding_word = match rounding {
        Some(units) if units.is_sign_negative() => "added by rounding",
        _ => "rounded off",
    };
    let rounded = rounding.map(|units| units.abs());
    let mut parts = vec![format!("{} billed", shown(*billed))];
    for (units, word) in [
        (ignored, "ignored by rule"),
        (free, "free"),
        (&rounded, rounding_word),
        (unmatched, "unmatched"),
        (blocked, "held back"),
        (contract_level, "charged to contracts"),
    ] {
        if *units != Some(Decimal::ZERO) {
            parts.push(format!("{} {word}", shown(*units)));
        }
    }
    let mut sentences = vec![
        format!("N-able invoice {} {state}", dashed(plan.period())),
        format!("{} units: {}", shown(*vendor), parts.join(", ")),
    ];
    if let Some(comparison) = comparison {
        sentences.push(format!(
            "+{} / -{} units against {}",
            shown(comparison.more),
            shown(comparison.less),
            dashed(comparison.previous)
        ));
    }
    sentences.push(written(runs));
    sentences.join("; ")
}

fn written(runs: &[StoredRun]) -> String {
    let Some(run) = runs.last().map(|run| &run.summary) else {
        return "nothing written yet".to_owned();
    };
    let at = run.finished_at.as_deref().unwrap_or(&run.started_at);
    let day = at.get(..10).unwrap_or(at);
    let what = match run.status {
        RunStatus::Applied => "written and read back",
        RunStatus::Nothing => "nothing needed writing",
        RunStatus::Partial => "written in part",
        RunStatus::Stopped => "stopped before the end",
        RunStatus::Unknown => "the outcome of a write is unknown",
        RunStatus::Running => "a run has not ended",
    };
    format!("{what} on {day}")
}
