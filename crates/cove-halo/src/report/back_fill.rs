//! What was billed for a month then, and what would be billed for it now: back-fill and under-billing, seen before anybody
//! writes anything.

use super::sum::minus;
use billing_sync::Period;
use billing_sync::ids::{ClientId, CustomerId, Key, RunId};
use billing_sync::plan::{ChangeKind, Plan};
use billing_sync::state::{StoredRun, UsageRow};
use billing_sync::usage::Usage;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A month as it was billed, beside what its plan says now. Read-only: a month before the newest one applied stays closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackFill {
    /// The month.
    pub period: Period,
    /// The runs of it that are in the state, oldest first; empty when it was never billed from here.
    pub runs: Vec<RunId>,
    /// Subscriptions that were billed then as they would be now.
    pub agreeing: usize,
    /// The others.
    pub subscriptions: Vec<BilledThen>,
    /// True when the month's usage was kept, so that `usage` means something.
    pub usage_kept: bool,
    /// Usage that the vendor shows otherwise now than then.
    pub usage: Vec<UsedThen>,
}

/// A count that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BilledThen {
    /// The client; `None` where masked.
    pub client_id: Option<ClientId>,
    /// The client's name.
    pub client_name: String,
    /// The subscription's name.
    pub name: String,
    /// The count that was billed; `None` when nothing was.
    pub then: Option<i64>,
    /// The count the month's usage gives now; `None` when it is held back by an exception or nothing is known any more.
    pub now: Option<i64>,
    /// Now minus then: more than zero was billed too little. `None` when `now` is not known.
    pub difference: Option<i64>,
}

/// Usage that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedThen {
    /// The vendor's id; `None` where blank or masked.
    pub customer_id: Option<CustomerId>,
    /// Its name.
    pub customer_name: String,
    /// The service; empty where the vendor names none.
    pub service: String,
    /// Unit of measure.
    pub unit: String,
    /// Units then.
    pub then: Decimal,
    /// Units now.
    pub now: Decimal,
    /// Now minus then.
    pub difference: Decimal,
}

impl BackFill {
    /// Compares. `runs` are those of the plan's month, oldest first; `kept` is what was used as it was kept then. `None`
    /// when the month was never billed and no later one was either: then there is nothing to look back at.
    pub fn of(
        plan: &Plan,
        usage: &Usage,
        runs: &[StoredRun],
        kept: &[UsageRow],
        newest: Option<Period>,
    ) -> Option<Self> {
        let past = newest.is_some_and(|newest| plan.period() < newest);
        if runs.is_empty() && kept.is_empty() && !past {
            return None;
        }
        let (agreeing, subscriptions) = counts(plan, runs);
        Some(Self {
            period: plan.period(),
            runs: runs.iter().map(|run| run.summary.run_id.clone()).collect(),
            agreeing,
            subscriptions,
            usage_kept: !kept.is_empty(),
            usage: if kept.is_empty() {
                Vec::new()
            } else {
                used(kept, &UsageRow::all_of(usage))
            },
        })
    }

    /// Leaves out what is not about this client: other counts, and usage that is not behind one of its counts or
    /// exceptions in the plan.
    pub(crate) fn keep_only(&mut self, client: ClientId, plan: &Plan) {
        let sources = plan.changes().iter().flat_map(|change| &change.sources);
        let customers: BTreeSet<&CustomerId> = sources
            .map(|source| &source.customer_id)
            .chain(
                plan.exceptions()
                    .iter()
                    .filter_map(|one| one.customer_id.as_ref()),
            )
            .collect();
        self.subscriptions
            .retain(|one| one.client_id == Some(client));
        self.usage.retain(|one| {
            one.customer_id
                .as_ref()
                .is_some_and(|id| customers.contains(id))
        });
    }

    /// Units that were billed too little, over all subscriptions, and too much, as positive numbers.
    pub fn balance(&self) -> (i64, i64) {
        let differences = || self.subscriptions.iter().filter_map(|one| one.difference);
        (
            differences()
                .filter(|difference| *difference > 0)
                .fold(0, i64::saturating_add),
            differences()
                .filter(|difference| *difference < 0)
                .fold(0_i64, i64::saturating_sub),
        )
    }

    /// The comparison in a few sentences, without names.
    pub fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.runs.is_empty() {
            words.push(format!(
                "no run of {} is in the state, so what was billed then is not known; every count below is shown as not \
                 billed",
                self.period
            ));
        }
        let (less, more) = self.balance();
        let agreeing = match self.agreeing {
            1 => "1 count was billed as it would be now".to_owned(),
            agreeing => format!("{agreeing} counts were billed as they would be now"),
        };
        words.push(match self.subscriptions.len() {
            0 => format!("{agreeing}, none otherwise"),
            differing => {
                format!("{agreeing}, {differing} otherwise: {less} units too few, {more} too many")
            }
        });
        match self.not_known() {
            0 => {}
            held => words.push(format!(
                "{held} of them cannot be compared: an exception holds them back now, or their record is gone"
            )),
        }
        words.push(match (self.usage_kept, self.usage.len()) {
            (false, _) => "the usage of then was not kept, so it cannot be compared".to_owned(),
            (true, 0) => "the vendor shows the same usage as then".to_owned(),
            (true, 1) => "the vendor shows 1 line of usage otherwise than then".to_owned(),
            (true, lines) => format!("the vendor shows {lines} lines of usage otherwise than then"),
        });
        words
    }

    /// Counts that cannot be compared, because they are held back now.
    pub fn not_known(&self) -> usize {
        self.subscriptions
            .iter()
            .filter(|one| one.now.is_none())
            .count()
    }
}

/// What the runs left, run after run: a later one replaces what an earlier one wrote.
fn billed(runs: &[StoredRun]) -> BTreeMap<Key, (String, i64)> {
    let mut counts: BTreeMap<Key, (String, i64)> = BTreeMap::new();
    for run in runs {
        let done: BTreeSet<Key> = run
            .changes
            .iter()
            .filter(|record| record.outcome.is_done())
            .map(|record| record.change.key())
            .collect();
        for change in run.plan.changes() {
            let key = change.key();
            let count = if change.kind == ChangeKind::Keep || done.contains(&key) {
                Some(change.after)
            } else {
                change.before
            };
            match count {
                Some(count) => {
                    counts.insert(key, (change.client_name.clone(), count));
                }
                None => {
                    counts.remove(&key);
                }
            }
        }
    }
    counts
}

fn counts(plan: &Plan, runs: &[StoredRun]) -> (usize, Vec<BilledThen>) {
    let then = billed(runs);
    let now: BTreeMap<Key, (String, Option<i64>)> = plan
        .changes()
        .iter()
        .map(|change| {
            // A count that is kept without usage behind it says nothing about the month.
            let held = change.kind == ChangeKind::Keep && change.derivation.is_none();
            let count = (!held).then_some(change.after);
            (change.key(), (change.client_name.clone(), count))
        })
        .collect();
    let keys: BTreeSet<&Key> = then.keys().chain(now.keys()).collect();
    let mut agreeing = 0;
    let mut differing = Vec::new();
    for key in keys {
        let (was, is) = (then.get(key), now.get(key));
        let before = was.map(|(_, count)| *count);
        let after = is.and_then(|(_, count)| *count);
        match (before, after) {
            (Some(before), Some(after)) if before == after => {
                agreeing += 1;
                continue;
            }
            // Nothing then and nothing now.
            (None | Some(0), None | Some(0)) => continue,
            _ => {}
        }
        let client_name = is
            .map(|(name, _)| name)
            .or(was.map(|(name, _)| name))
            .cloned()
            .unwrap_or_default();
        differing.push(BilledThen {
            client_id: Some(key.client),
            client_name,
            name: key.name.clone(),
            then: before,
            now: after,
            difference: after.map(|after| after.saturating_sub(before.unwrap_or(0))),
        });
    }
    (agreeing, differing)
}

fn used(kept: &[UsageRow], now: &[UsageRow]) -> Vec<UsedThen> {
    let mut rows: BTreeMap<_, (&UsageRow, Decimal, Decimal)> = BTreeMap::new();
    for (row, is_now) in kept
        .iter()
        .map(|row| (row, false))
        .chain(now.iter().map(|row| (row, true)))
    {
        let name = row.customer.is_none().then_some(&row.customer_name);
        let entry = rows
            .entry((&row.customer, name, &row.service, &row.unit))
            .or_insert((row, Decimal::ZERO, Decimal::ZERO));
        let cell = if is_now { &mut entry.2 } else { &mut entry.1 };
        *cell = cell.checked_add(row.quantity).unwrap_or(Decimal::MAX);
    }
    rows.into_values()
        .filter(|(_, then, now)| then != now)
        .map(|(row, then, now)| UsedThen {
            customer_id: row.customer.clone(),
            customer_name: row.customer_name.clone(),
            service: row
                .service
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            unit: row.unit.clone(),
            then: then.normalize(),
            now: now.normalize(),
            difference: minus(now, then),
        })
        .collect()
}
