//! Guards as data: what a plan is measured against before it may be applied.

use super::{Change, ChangeKind, Ledger, PlanInput, limits};
use crate::memory::Memory;
use crate::period::Period;
use crate::rules::Limits;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A guard by name, as in the settings and in `--override`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GuardName {
    /// The period must be final.
    Finality,
    /// The usage must be proven whole.
    Completeness,
    /// The usage must not be empty.
    EmptySource,
    /// A month that a later one was applied after is closed: its counts would replace newer ones.
    ClosedPeriod,
    /// Every record of the target must be readable enough to name its client.
    UnreadableTarget,
    /// Share of the existing managed subscriptions that change, in percent.
    MaxChangedPercent,
    /// Subscriptions that go to zero.
    MaxZeroed,
    /// Subscriptions that are made.
    MaxCreated,
    /// Largest change of one client's counts, in percent.
    MaxClientChangePercent,
    /// What a single client is limited to by its own settings.
    ClientLimit,
    /// What all changes of counts are worth, in the vendor's money.
    MaxMoneyDelta,
}

impl GuardName {
    /// All guards, in the order they are shown.
    pub const ALL: [Self; 11] = [
        Self::Finality,
        Self::Completeness,
        Self::EmptySource,
        Self::ClosedPeriod,
        Self::UnreadableTarget,
        Self::MaxChangedPercent,
        Self::MaxZeroed,
        Self::MaxCreated,
        Self::MaxClientChangePercent,
        Self::ClientLimit,
        Self::MaxMoneyDelta,
    ];

    /// Its name in settings, JSON and `--override`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finality => "finality",
            Self::Completeness => "completeness",
            Self::EmptySource => "empty_source",
            Self::ClosedPeriod => "closed_period",
            Self::UnreadableTarget => "unreadable_target",
            Self::MaxChangedPercent => "max_changed_percent",
            Self::MaxZeroed => "max_zeroed",
            Self::MaxCreated => "max_created",
            Self::MaxClientChangePercent => "max_client_change_percent",
            Self::ClientLimit => "client_limit",
            Self::MaxMoneyDelta => "max_money_delta",
        }
    }
}

impl fmt::Display for GuardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for GuardName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|guard| guard.word() == text)
            .ok_or_else(|| {
                format!(
                    "there is no guard `{text}`; the guards are: {}",
                    Self::ALL.map(Self::word).join(", ")
                )
            })
    }
}

/// One guard with what it measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Which guard.
    pub guard: GuardName,
    /// What is allowed.
    pub limit: String,
    /// What the plan has.
    pub value: String,
    /// True when the plan may not be applied without a reason.
    pub tripped: bool,
}

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
    let gaps = usage.completeness.problems();
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
            value: format!("{} usage lines", usage.lines.len()),
            tripped: usage.lines.is_empty(),
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

/// `part` of `whole` in percent, rounded down to one decimal, for reading only.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}.{tenth}", tenths / 10),
    }
}
