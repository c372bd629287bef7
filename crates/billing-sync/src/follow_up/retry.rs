//! The failed changes of a run, alone, as a plan of their own.

use super::{Draft, FollowUpInput, Obstacle, still_of};
use crate::ids::RunId;
use crate::plan::{
    Change, ChangeKind, ExceptionKind, Guard, GuardName, Plan, closed_period, digest_of, price_of,
};
use crate::run::ChangeRecord;
use crate::target::{Client, Standing, Subscription, TargetSnapshot};
use serde::Serialize;

/// Plans the failed changes of a run again, and nothing else.
///
/// A change whose record is still as the run's plan saw it goes again, with the same count; one whose record has the
/// planned count by now is kept. Anything else, somebody's edit or a subscription that appeared, is an exception
/// ([`ExceptionKind::ChangedSince`]) and stays as it is. A change of unknown outcome is an exception, too: `resume` settles it.
/// The rules must be those the run was planned under; under others the month is planned anew.
///
/// The guards on finality, completeness and an empty source are those of the run's plan, because its usage is what is billed;
/// the others are measured anew. The ledger is the run's; this plan has none of its own.
pub fn plan_retry(input: &FollowUpInput<'_>) -> Plan {
    let mut draft = Draft::default();
    for record in input.run.changes.iter().filter(|it| !it.outcome.is_done()) {
        match again(record, input.target) {
            Ok(change) => draft.changes.push(change),
            Err(why) => draft.leave(record, "is not tried again", &why),
        }
    }
    let inputs_digest = digest_of(&Inputs {
        retry_of: &input.run.summary.run_id,
        changes: &input.run.changes,
        clients: input.target.clients(),
        subscriptions: input.target.subscriptions(),
    });
    input.plan(draft, guards_of_usage(input), price_of, inputs_digest)
}

/// What the inputs digest covers.
#[derive(Serialize)]
struct Inputs<'a> {
    retry_of: &'a RunId,
    changes: &'a [ChangeRecord],
    clients: &'a [Client],
    subscriptions: &'a [Subscription],
}

/// What guards the usage behind the counts, as the run's plan found it; and whether its month is closed by now.
fn guards_of_usage(input: &FollowUpInput<'_>) -> Vec<Guard> {
    let of = &input.run.plan;
    let about_usage = [
        GuardName::Finality,
        GuardName::Completeness,
        GuardName::EmptySource,
    ];
    let mut guards: Vec<Guard> = of
        .guards()
        .iter()
        .filter(|guard| about_usage.contains(&guard.guard))
        .cloned()
        .collect();
    guards.push(closed_period(of.period(), input.memory));
    guards
}

/// The change once more, if its record allows it.
fn again(record: &ChangeRecord, target: &TargetSnapshot) -> Result<Change, Obstacle> {
    let planned = &record.change;
    if record.outcome.is_open() {
        return Err(Obstacle::unsettled());
    }
    if let Some(bad) = target
        .unreadable()
        .iter()
        .find(|bad| bad.client.is_none_or(|client| client == planned.client_id))
    {
        return Err(Obstacle::unreadable(format!(
            "a record that may be its own could not be read: {}",
            bad.detail
        )));
    }
    match target.client(planned.client_id) {
        None => {
            let client = planned.client_id;
            return Err(Obstacle::since(format!("client {client} is gone")));
        }
        Some(client) if !client.active => {
            return Err(Obstacle {
                kind: ExceptionKind::InactiveClient,
                detail: format!("client {} is inactive", planned.client_id),
            });
        }
        Some(_) => {}
    }
    let mut change = planned.clone();
    change.reason = format!(
        "{}; tried again, it was {}",
        planned.reason,
        record.outcome.word()
    );
    let Some(id) = planned.licence_id else {
        let key = planned.key();
        let there = target
            .subscriptions()
            .iter()
            .find(|it| it.standing == Standing::Active && it.key() == key);
        return match there {
            None => Ok(change),
            Some(found) => Err(Obstacle::since(format!(
                "there is a subscription of that name now ({}, count {}): a new plan takes it over",
                found.id, found.count
            ))),
        };
    };
    let found = still_of(planned.client_id, id, target)?;
    let name = planned.found_name.as_ref().unwrap_or(&planned.name);
    if found.name != *name {
        return Err(Obstacle::since(format!(
            "subscription {id} is called `{}` now",
            found.name
        )));
    }
    if found.count == planned.after {
        change.kind = ChangeKind::Keep;
        change.before = Some(found.count);
        "as the run wanted it already".clone_into(&mut change.reason);
        return Ok(change);
    }
    if Some(found.count) != planned.before {
        return Err(Obstacle::since(format!(
            "it had {} in the plan and has {} now",
            planned.before.unwrap_or(0),
            found.count
        )));
    }
    Ok(change)
}
