//! Whether everything is still as the plan saw it. One record that moved, and nothing at all is written.

use super::ApplyError;
use super::view::{View, name_of_record};
use crate::ids::{ClientId, LicenceId};
use crate::memory::Memory;
use crate::plan::{Approved, Change, ChangeKind, GuardName, NewName, Plan, Refusal, closed_period};
use crate::run::Drift;
use crate::target::{Standing, Subscription};
use std::collections::{BTreeSet, HashSet};

/// The clients whose records are written or taken over.
pub(super) fn touched(plan: &Plan) -> BTreeSet<ClientId> {
    relevant(plan).map(|change| change.client_id).collect()
}

/// Every client that the plan has something to say of.
pub(super) fn all(plan: &Plan) -> BTreeSet<ClientId> {
    plan.changes()
        .iter()
        .map(|change| change.client_id)
        .collect()
}

fn relevant(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes()
        .iter()
        .filter(|change| change.kind != ChangeKind::Keep || change.adopted)
}

/// A plan that would write a record twice, or does not say which, is not begun, whoever made it.
pub(super) fn well_formed(plan: &Plan) -> Result<(), ApplyError> {
    let mut keys = BTreeSet::new();
    let mut records = BTreeSet::new();
    for change in plan.changes() {
        let fits = match change.kind {
            ChangeKind::Create => change.licence_id.is_none() && change.before.is_none(),
            ChangeKind::Update | ChangeKind::Keep => {
                change.licence_id.is_some() && change.before.is_some()
            }
            ChangeKind::Zero => {
                change.licence_id.is_some() && change.before.is_some() && change.after == 0
            }
        };
        let once = keys.insert(change.key())
            && change
                .licence_id
                .is_none_or(|licence| records.insert(licence));
        let why = if !fits || change.after < 0 {
            "contradicts itself"
        } else if !once {
            "stands in it twice"
        } else {
            continue;
        };
        return Err(ApplyError::Malformed(format!("{} {why}", change.key())));
    }
    Ok(())
}

/// A month that was open when the plan was made may be closed by now. A plan without that guard bills nothing.
pub(super) fn still_open(approved: &Approved, memory: &Memory) -> Result<(), Refusal> {
    let name = GuardName::ClosedPeriod;
    let guarded = approved.plan().guards().iter().any(|it| it.guard == name);
    let now = closed_period(approved.plan().period(), memory);
    if guarded && now.tripped && !approved.overrides().contains_key(name.word()) {
        return Err(Refusal::Guards { guards: vec![now] });
    }
    Ok(())
}

/// Everything that moved since the plan was made, of what is written or taken over.
pub(super) fn drift(plan: &Plan, view: &View, memory: &Memory) -> Vec<Drift> {
    let accounted_for = memory.records();
    relevant(plan)
        .flat_map(|change| drift_of(change, view, &accounted_for))
        .collect()
}

/// The same of the whole plan, for a view that shows all of it.
pub(super) fn drift_of_all(plan: &Plan, view: &View, memory: &Memory) -> Vec<Drift> {
    let accounted_for = memory.records();
    plan.changes()
        .iter()
        .flat_map(|change| drift_of(change, view, &accounted_for))
        .collect()
}

/// What moved of one change's record, field by field. For one that is made, also a record that looks like it: it may have been
/// made by hand since, and would be billed a second time beside this one.
pub(super) fn drift_of(
    change: &Change,
    view: &View,
    accounted_for: &HashSet<LicenceId>,
) -> Vec<Drift> {
    let drift = |field: &str, planned, found| Drift::of(change, field, planned, found);
    if let Some(detail) = view.unreadable(change.client_id) {
        return vec![drift(
            "record",
            "readable".to_owned(),
            format!("unreadable: {detail}"),
        )];
    }
    let Some(id) = change.licence_id else {
        let name = NewName::new(&change.name);
        return view
            .active_of(change.client_id)
            .filter(|it| name.is_had_by(it, accounted_for))
            .map(|it| drift("record", "none".to_owned(), shown(it, change)))
            .collect();
    };
    let Some(record) = view.record(id) else {
        return vec![drift(
            "record",
            format!("subscription {id}"),
            "gone".to_owned(),
        )];
    };
    let mut moved = Vec::new();
    if record.standing != Standing::Active {
        moved.push(drift(
            "state",
            Standing::Active.word().to_owned(),
            record.standing.word().to_owned(),
        ));
    }
    if record.client != change.client_id {
        moved.push(drift(
            "client",
            change.client_id.to_string(),
            record.client.to_string(),
        ));
    }
    let name = name_of_record(change);
    if record.name != name {
        moved.push(drift("name", name.to_owned(), record.name.clone()));
    }
    if Some(record.count) != change.before {
        let planned = change
            .before
            .map_or_else(|| "none".to_owned(), |count| count.to_string());
        moved.push(drift("count", planned, record.count.to_string()));
    }
    moved
}

fn shown(record: &Subscription, change: &Change) -> String {
    let (id, count) = (record.id, record.count);
    if record.name == change.name {
        format!("subscription {id} with count {count}")
    } else {
        format!(
            "subscription {id} `{}`, which looks like it, with count {count}",
            record.name
        )
    }
}
