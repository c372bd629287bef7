//! The failed changes of a run, alone, as a plan of their own: held against a fresh read, guarded, approved, applied and
//! read back like any other. Pure: no I/O, no clock.

use crate::ids::RunId;
use crate::memory::Memory;
use crate::plan::{
    Body, Change, ChangeKind, Exception, ExceptionKind, Guard, GuardName, Ledger, Money, Plan,
    RequestSizes, closed_period, digest_of, estimate, guards_of_changes, money_guard, price_of,
};
use crate::rules::Rules;
use crate::run::ChangeRecord;
use crate::state::StoredRun;
use crate::target::{Standing, Subscription, TargetSnapshot};
use serde::Serialize;

/// Everything a retry is planned from.
#[derive(Clone, Copy, Debug)]
pub struct RetryInput<'a> {
    /// The run whose failed changes are tried again, as the journal has it.
    pub run: &'a StoredRun,
    /// What the target holds now.
    pub target: &'a TargetSnapshot,
    /// What the MSP decided. A run that was planned under other rules is planned anew, not retried.
    pub rules: &'a Rules,
    /// What is kept now.
    pub memory: &'a Memory,
    /// Requests that reading took.
    pub read_requests: u64,
    /// What fits into one request, for the estimate.
    pub sizes: RequestSizes,
}

/// Plans the failed changes of a run again, and nothing else.
///
/// A change whose record is still as the run's plan saw it goes again, with the same count; one whose record has the
/// planned count by now is kept. Anything else, somebody's edit or a subscription that appeared, is an exception
/// ([`ExceptionKind::ChangedSince`]) and stays as it is. A change of unknown outcome is an exception, too: `resume` settles it.
///
/// The guards on finality, completeness and an empty source are those of the run's plan, because its usage is what is billed;
/// the others are measured anew. The ledger is the run's; this plan has none of its own.
pub fn plan_retry(input: &RetryInput<'_>) -> Plan {
    let mut changes = Vec::new();
    let mut exceptions = Vec::new();
    for record in input.run.changes.iter().filter(|it| !it.outcome.is_done()) {
        match again(record, input.target) {
            Ok(change) => changes.push(change),
            Err((kind, why)) => exceptions.push(left(record, kind, &why)),
        }
    }
    changes.sort_by(|a, b| (a.client_id, &a.name).cmp(&(b.client_id, &b.name)));
    exceptions.sort_by(|a, b| {
        (a.kind, &a.customer_id, &a.detail).cmp(&(b.kind, &b.customer_id, &b.detail))
    });
    let requests = estimate(&changes, input.target, input.sizes, input.read_requests);
    let of = &input.run.plan;
    Plan::seal(Body {
        period: of.period(),
        finality: of.finality().clone(),
        gaps: of.gaps().to_vec(),
        rules_digest: input.rules.digest(),
        inputs_digest: digest_of(&Inputs {
            retry_of: &input.run.summary.run_id,
            changes: &input.run.changes,
            clients: input.target.clients(),
            subscriptions: input.target.subscriptions(),
        }),
        guards: guards(input, &changes),
        changes,
        exceptions,
        ledger: Ledger::default(),
        ledger_by_contract: Vec::new(),
        money: Money::default(),
        subject: String::new(),
        only: of.only(),
        requests,
    })
}

/// What the inputs digest covers.
#[derive(Serialize)]
struct Inputs<'a> {
    retry_of: &'a RunId,
    changes: &'a [ChangeRecord],
    clients: &'a [crate::target::Client],
    subscriptions: &'a [Subscription],
}

fn guards(input: &RetryInput<'_>, changes: &[Change]) -> Vec<Guard> {
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
    let unplaced = input
        .target
        .unreadable()
        .iter()
        .filter(|record| record.client.is_none())
        .count();
    let managed = input.memory.owned.len().max(changes.len()) as u64;
    let limits = &input.rules.limits;
    guards.extend(guards_of_changes(changes, managed, unplaced, limits));
    guards.extend(money_guard(changes, limits, price_of));
    guards
}

/// The change once more, if its record allows it.
fn again(
    record: &ChangeRecord,
    target: &TargetSnapshot,
) -> Result<Change, (ExceptionKind, String)> {
    let planned = &record.change;
    let since = |why: String| Err((ExceptionKind::ChangedSince, why));
    if record.outcome.is_open() {
        return since("it is not known whether the run wrote it: run `resume` first".to_owned());
    }
    if let Some(bad) = target
        .unreadable()
        .iter()
        .find(|bad| bad.client.is_none_or(|client| client == planned.client_id))
    {
        let why = format!(
            "a record that may be its own could not be read: {}",
            bad.detail
        );
        return Err((ExceptionKind::UnreadableRecord, why));
    }
    match target.client(planned.client_id) {
        None => return since(format!("client {} is gone", planned.client_id)),
        Some(client) if !client.active => {
            let why = format!("client {} is inactive", planned.client_id);
            return Err((ExceptionKind::InactiveClient, why));
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
            Some(found) => since(format!(
                "there is a subscription of that name now ({}, count {}): a new plan takes it over",
                found.id, found.count
            )),
        };
    };
    let Some(found) = target.subscription(id) else {
        return since(format!("subscription {id} is gone"));
    };
    if found.standing != Standing::Active {
        return since(format!("subscription {id} is {}", found.standing.word()));
    }
    if found.client != planned.client_id {
        return since(format!(
            "subscription {id} belongs to client {} now",
            found.client
        ));
    }
    let name = planned.found_name.as_ref().unwrap_or(&planned.name);
    if found.name != *name {
        return since(format!("subscription {id} is called `{}` now", found.name));
    }
    if found.count == planned.after {
        change.kind = ChangeKind::Keep;
        change.before = Some(found.count);
        "as the run wanted it already".clone_into(&mut change.reason);
        return Ok(change);
    }
    if Some(found.count) != planned.before {
        return since(format!(
            "it had {} in the plan and has {} now",
            planned.before.unwrap_or(0),
            found.count
        ));
    }
    Ok(change)
}

fn left(record: &ChangeRecord, kind: ExceptionKind, why: &str) -> Exception {
    let change = &record.change;
    let source = change.sources.first();
    Exception {
        kind,
        customer_id: source
            .map(|source| source.customer_id.clone())
            .filter(|id| !id.is_blank()),
        customer_name: String::new(),
        service: source.map(|source| source.service.clone()),
        quantity: None,
        detail: format!(
            "`{}` of client {} ({}) is not tried again: {why}",
            change.name, change.client_id, change.client_name
        ),
    }
}
