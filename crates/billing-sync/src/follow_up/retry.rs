//! The failed changes of a run, alone, as a plan of their own.

use super::{Draft, FollowUpInput, Obstacle, still_of};
use crate::ids::{LicenceId, RunId};
use crate::memory::Memory;
use crate::plan::{
    Basis, Change, ChangeKind, ExceptionKind, Guard, GuardName, NewName, Plan, beside,
    closed_period, digest_of, price_of,
};
use crate::run::ChangeRecord;
use crate::target::{Client, Standing, Subscription, TargetSnapshot};
use crate::whom;
use serde::Serialize;
use std::collections::HashSet;

/// Plans the failed changes of a run again, and nothing else.
///
/// A change whose record is still as the run's plan saw it goes again, with the same count; one whose record has the
/// planned count by now is kept. Anything else, somebody's edit or a subscription that appeared, is an exception
/// ([`ExceptionKind::ChangedSince`]) and stays as it is; so is a change whose client is not the one of its customers any more.
/// A change of unknown outcome is an exception, too: `resume` settles it.
/// The rules must be those the run was planned under; under others the month is planned anew. The plan's basis is that of the
/// run: apply refuses it when people decided otherwise since, or another run billed the month.
///
/// The guards on finality, completeness and an empty source are those of the run's plan, because its usage is what is billed;
/// the others are measured anew. The ledger is the run's; this plan has none of its own.
pub fn plan_retry(input: &FollowUpInput<'_>) -> Plan {
    let mut draft = Draft::default();
    let accounted_for = input.memory.records();
    for record in input.run.changes.iter().filter(|it| !it.outcome.is_done()) {
        match again(record, input, &accounted_for) {
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
    let plan = input.plan(draft, guards_of_usage(input), price_of, inputs_digest);
    match input.run.plan.basis() {
        Some(of) => {
            let basis = Basis {
                newest_run: Some(input.run.summary.run_id.clone()),
                beside: beside(plan.changes(), input.target),
                ..of.clone()
            };
            plan.based_on(basis)
        }
        // A run of an earlier version does not say what it was decided on.
        None => plan,
    }
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
fn again(
    record: &ChangeRecord,
    input: &FollowUpInput<'_>,
    accounted_for: &HashSet<LicenceId>,
) -> Result<Change, Obstacle> {
    let target: &TargetSnapshot = input.target;
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
        Some(client) => still_theirs(planned, client, input)?,
    }
    let mut change = planned.clone();
    change.reason = format!(
        "{}; tried again, it was {}",
        planned.reason,
        record.outcome.word()
    );
    let Some(id) = planned.licence_id else {
        let name = NewName::new(&planned.name);
        let mut of_client = target
            .subscriptions()
            .iter()
            .filter(|it| it.standing == Standing::Active && it.client == planned.client_id);
        return match of_client.find(|it| name.is_had_by(it, accounted_for)) {
            None => Ok(change),
            Some(found) if found.name != planned.name => Err(Obstacle::since(format!(
                "there is a subscription that looks like it now ({} `{}`, count {}): a new plan says what to do",
                found.id, found.name, found.count
            ))),
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

/// The client must still be the one of the customers that the count is for.
fn still_theirs(
    planned: &Change,
    client: &Client,
    input: &FollowUpInput<'_>,
) -> Result<(), Obstacle> {
    let Some(basis) = input.run.plan.basis() else {
        return Ok(());
    };
    let memory: &Memory = input.memory;
    match whom::moved(planned, client, memory, basis.match_by).first() {
        None => Ok(()),
        Some(moved) => Err(Obstacle::since(format!(
            "client {} was that of customer {} and is not any more ({})",
            client.id, moved.planned, moved.found
        ))),
    }
}
