//! Taking a run back: the inverse of what it did, as a plan of its own.

use super::{Draft, FollowUpInput, Obstacle, still_of};
use crate::ids::{LicenceId, RunId};
use crate::plan::{Change, ChangeKind, Plan, digest_of, price_of};
use crate::run::{ChangeRecord, Outcome};
use crate::target::{Client, Subscription};
use serde::Serialize;
use std::collections::BTreeSet;

/// Plans the inverse of a run.
///
/// A count the run changed goes back to what it was before; a subscription the run made goes to 0 and is never deleted.
/// A record that is not as the run left it any more is an exception
/// ([`ExceptionKind::ChangedSince`](crate::plan::ExceptionKind::ChangedSince)) and stays as it is;
/// one that is already as it was before is kept. What the run did not write is not in the plan. Where a later month was
/// billed with the count since, the reason of the change says so.
///
/// Guards on finality, completeness, an empty source and a closed month do not apply: nothing is billed here. The ledger is
/// empty. What is owned stays owned, so that the next plan brings the vendor's number again.
pub fn plan_revert(input: &FollowUpInput<'_>) -> Plan {
    let mut draft = Draft::default();
    let mut taken = BTreeSet::new();
    for record in &input.run.changes {
        let inverse = match record.outcome {
            // Nothing of it is there: nothing to take back.
            Outcome::Planned | Outcome::Rejected | Outcome::NotApplied => continue,
            Outcome::Started | Outcome::Unknown => Err(Obstacle::unsettled()),
            Outcome::Mismatch => Err(Obstacle::since("the run never found it as it wrote it")),
            Outcome::Applied | Outcome::Verified => as_left(record, input, &taken),
        };
        match inverse {
            Ok(found) => {
                taken.insert(found.id);
                draft.changes.push(back(&record.change, found, input));
            }
            Err(why) => draft.leave(record, "is left as it is", &why),
        }
    }
    // The inverse has no usage of its own: a unit costs what it cost in the run.
    let price = |change: &Change| {
        let taken_back = input
            .run
            .changes
            .iter()
            .find(|record| record.change.key() == change.key())?;
        price_of(&taken_back.change)
    };
    input.plan(draft, Vec::new(), price, digest_of(&Inputs::of(input)))
}

/// What the inputs digest covers.
#[derive(Serialize)]
struct Inputs<'a> {
    revert_of: &'a RunId,
    changes: &'a [ChangeRecord],
    clients: &'a [Client],
    subscriptions: &'a [Subscription],
    unreadable: Vec<String>,
}

impl Inputs<'_> {
    fn of<'a>(input: &FollowUpInput<'a>) -> Inputs<'a> {
        Inputs {
            revert_of: &input.run.summary.run_id,
            changes: &input.run.changes,
            clients: input.target.clients(),
            subscriptions: input.target.subscriptions(),
            unreadable: input
                .target
                .unreadable()
                .iter()
                .map(|bad| format!("{:?} {}", bad.client, bad.detail))
                .collect(),
        }
    }
}

/// The record of a change, if it is as the run left it or as it was before.
fn as_left<'a>(
    record: &ChangeRecord,
    input: &FollowUpInput<'a>,
    taken: &BTreeSet<LicenceId>,
) -> Result<&'a Subscription, Obstacle> {
    let change = &record.change;
    let target = input.target;
    if let Some(bad) = target
        .unreadable()
        .iter()
        .find(|bad| bad.client == Some(change.client_id))
    {
        return Err(Obstacle::unreadable(format!(
            "a record of its client could not be read: {}",
            bad.detail
        )));
    }
    let Some(id) = record.written_id.or(change.licence_id) else {
        return Err(Obstacle::since("it is not known which record the run made"));
    };
    let found = still_of(change.client_id, id, target)?;
    if taken.contains(&id) {
        return Err(Obstacle::since(format!(
            "subscription {id} stands in the run twice"
        )));
    }
    let key = change.key();
    let mut owned = input.memory.owned.iter();
    if !owned.any(|owned| owned.licence == id && owned.key == key) {
        return Err(Obstacle::since(format!(
            "subscription {id} is not kept any more"
        )));
    }
    let goal = goal(change);
    if goal < 0 {
        return Err(Obstacle::unreadable(format!(
            "it had the count {goal} before, less than nothing"
        )));
    }
    if found.count != change.after && found.count != goal {
        return Err(Obstacle::since(format!(
            "the run left {}, it has {} now",
            change.after, found.count
        )));
    }
    Ok(found)
}

/// The change that takes one back.
fn back(of: &Change, found: &Subscription, input: &FollowUpInput<'_>) -> Change {
    let after = goal(of);
    let run = &input.run.summary.run_id;
    let made = of.kind == ChangeKind::Create;
    let (kind, reason) = match (found.count == after, after) {
        (true, _) => (
            ChangeKind::Keep,
            format!("as it was before run {run} already"),
        ),
        (false, 0) if made => (
            ChangeKind::Zero,
            format!("revert of {run}, which made it; set to 0, never deleted"),
        ),
        (false, 0) => (ChangeKind::Zero, format!("revert of {run}")),
        (false, _) => (ChangeKind::Update, format!("revert of {run}")),
    };
    let later = input
        .memory
        .owned
        .iter()
        .find(|owned| owned.licence == found.id)
        .map(|owned| owned.period)
        .filter(|period| *period > input.run.plan.period());
    let reason = match later {
        Some(later) => format!("{reason}; careful: {later} was billed with it since"),
        None => reason,
    };
    let client = input.target.client(of.client_id);
    Change {
        kind,
        client_id: of.client_id,
        client_name: client.map_or_else(|| of.client_name.clone(), |it| it.name.clone()),
        name: of.name.clone(),
        found_name: (found.name != of.name).then(|| found.name.clone()),
        licence_id: Some(found.id),
        before: Some(found.count),
        after,
        adopted: false,
        reason,
        derivation: None,
        // No usage stands behind the inverse; whose the subscription is stays remembered.
        sources: Vec::new(),
    }
}

/// The count before the run; 0 for what the run made.
fn goal(change: &Change) -> i64 {
    change.before.unwrap_or(0)
}
