//! Guards as data: what a plan is measured against before it may be applied.

use super::guard::percent;
use super::{Change, ChangeKind, Guard, GuardName, Ledger, PlanInput, limits};
use crate::memory::Memory;
use crate::period::Period;
use crate::rules::Limits;
use std::collections::BTreeMap;

/// Measures a plan.
pub(super) fn measure(
    input: &PlanInput<'_>,
    changes: &[Change],
    ledger: &Ledger,
    unplaced_records: usize,
) -> Vec<Guard> {
    let PlanInput {
        usage,
        memory,
        rules,
        ..
    } = *input;
    let gaps = usage.problems();
    let in_scope = usage.in_scope(rules);
    let existing = changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Create)
        .count() as u64;
    let mut guards = vec![
        Guard {
            guard: GuardName::Finality,
            limit: "final".to_owned(),
            value: if usage.finality.is_final() {
                "final"
            } else {
                "provisional"
            }
            .to_owned(),
            tripped: !usage.finality.is_final(),
        },
        Guard {
            guard: GuardName::Completeness,
            limit: "complete".to_owned(),
            value: if gaps.is_empty() {
                "complete".to_owned()
            } else {
                gaps.join("; ")
            },
            tripped: !gaps.is_empty(),
        },
        Guard {
            guard: GuardName::EmptySource,
            limit: "at least 1 usage line".to_owned(),
            value: match (in_scope, usage.lines.len()) {
                (0, all) if all > 0 => format!("0 of {all} usage lines in scope"),
                _ => format!("{in_scope} usage lines"),
            },
            tripped: in_scope == 0,
        },
        closed_period(usage.period, memory),
    ];
    guards.extend(of_changes(
        changes,
        existing,
        unplaced_records,
        &rules.limits,
    ));
    guards.extend(limits::money(changes, &rules.limits, |change| {
        limits::price_of(change).or_else(|| {
            // No usage any more: what its service costs elsewhere.
            ledger
                .rows()
                .iter()
                .filter(|row| row.service.as_str() == change.name)
                .find_map(|row| row.amount.as_ref()?.vendor?.checked_div(row.vendor))
        })
    }));
    guards
}

/// Whether a later month was applied already.
pub(crate) fn closed_period(period: Period, memory: &Memory) -> Guard {
    let newest = memory.owned.iter().map(|owned| owned.period).max();
    Guard {
        guard: GuardName::ClosedPeriod,
        limit: newest.map_or_else(
            || "any month".to_owned(),
            |newest| format!("{newest} or later"),
        ),
        value: period.to_string(),
        tripped: newest.is_some_and(|newest| period < newest),
    }
}

/// The guards that look at the changes and the records alone, whatever the changes come from. `existing` is the number of
/// managed subscriptions that the share is of.
pub(crate) fn of_changes(
    changes: &[Change],
    existing: u64,
    unplaced_records: usize,
    limits: &Limits,
) -> Vec<Guard> {
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count() as u64;
    let (created, emptied) = (count(ChangeKind::Create), count(ChangeKind::Zero));
    let moving = count(ChangeKind::Update) + emptied;
    let mut guards = vec![
        Guard {
            guard: GuardName::UnreadableTarget,
            limit: "0".to_owned(),
            value: unplaced_records.to_string(),
            tripped: unplaced_records > 0,
        },
        // Integer arithmetic, multiplied out, so that 50 % of 3 is not rounded into or out of the limit.
        Guard {
            guard: GuardName::MaxChangedPercent,
            limit: limits.max_changed_percent.to_string(),
            value: percent(moving, existing),
            tripped: moving >= u64::from(limits.min_changed)
                && moving * 100 > u64::from(limits.max_changed_percent) * existing,
        },
        Guard {
            guard: GuardName::MaxZeroed,
            limit: limits.max_zeroed.to_string(),
            value: emptied.to_string(),
            tripped: emptied > u64::from(limits.max_zeroed),
        },
        Guard {
            guard: GuardName::MaxCreated,
            limit: limits.max_created.to_string(),
            value: created.to_string(),
            tripped: created > u64::from(limits.max_created),
        },
        client_change(changes, limits),
    ];
    guards.extend(limits::of_clients(changes, limits));
    guards
}

/// The client whose existing counts move most, as a share of what it had. A client that had nothing is not
/// measured: what it gets is new, and counted by `max_created`. One with a limit of its own is measured by that.
fn client_change(changes: &[Change], limits: &Limits) -> Guard {
    let mut clients: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for change in changes {
        if let Some(before) = change.before {
            let (had, moved) = clients.entry(change.client_id).or_default();
            *had = had.saturating_add(before.unsigned_abs());
            *moved = moved.saturating_add(change.after.abs_diff(before));
        }
    }
    for own in &limits.clients {
        if own.max_change_percent.is_some() {
            clients.remove(&own.client);
        }
    }
    let limit = u128::from(limits.max_client_change_percent);
    let worst = clients.into_iter().filter(|(_, (had, _))| *had > 0).max_by(
        |(_, (had_a, moved_a)), (_, (had_b, moved_b))| {
            (u128::from(*moved_a) * u128::from(*had_b))
                .cmp(&(u128::from(*moved_b) * u128::from(*had_a)))
        },
    );
    let (value, tripped) = match worst {
        Some((client, (had, moved))) if moved > 0 => (
            format!("{} (client {client})", percent(moved, had)),
            u128::from(moved) * 100 > limit * u128::from(had),
        ),
        _ => ("0".to_owned(), false),
    };
    Guard {
        guard: GuardName::MaxClientChangePercent,
        limit: limits.max_client_change_percent.to_string(),
        value,
        tripped,
    }
}
