//! From rows to our types. A row that cannot be read is an error of its own, never a row less.

use super::super::memory_store::sort_usage;
use super::super::{RunSummary, StoreError, StoreErrorKind, StoredRun, UsageRow};
use super::sql::{column, list, prepare};
use super::{decisions, failed};
use crate::decision::Decision;
use crate::ids::{ClientId, CustomerId, Key, LicenceId, PlanId, RunId, ServiceName};
use crate::memory::{Memory, Owned};
use crate::period::Period;
use crate::plan::Plan;
use crate::run::{ChangeRecord, Outcome, RunStatus};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use std::str::FromStr;

pub(super) fn memory(transaction: &Transaction<'_>) -> Result<Memory, StoreError> {
    let owned = list(
        transaction,
        "SELECT client_id, name, licence_id, count, period, customers, contracts FROM owned
         ORDER BY client_id, name",
        params![],
        |row| {
            Ok(Owned {
                key: Key {
                    client: ClientId::new(column(row, 0)?),
                    name: column(row, 1)?,
                },
                licence: LicenceId::new(column(row, 2)?),
                count: column(row, 3)?,
                period: parse(row, 4)?,
                customers: json(row, 5)?,
                contracts: json(row, 6)?,
            })
        },
    )?;
    let newest = list(
        transaction,
        "SELECT run_id FROM runs ORDER BY number DESC LIMIT 1",
        params![],
        |row| Ok(RunId::new(column::<String>(row, 0)?)),
    )?;
    let mut memory = Memory {
        owned,
        newest_run: newest.into_iter().next(),
        ..Memory::default()
    };
    for record in decisions::all(transaction)? {
        match record.decision {
            Decision::Customer(decision) => memory.decisions.push(decision),
            Decision::Subscription(choice) => memory.choices.push(choice),
        }
    }
    Ok(memory)
}

/// A run's summary, its number, its overrides.
const SUMMARY: &str =
    "SELECT runs.run_id, runs.plan_id, runs.period, runs.status, runs.started_at, runs.finished_at,
    runs.approved_by, runs.overrides FROM runs";

fn summary(transaction: &Transaction<'_>, row: &Row<'_>) -> Result<RunSummary, StoreError> {
    let run_id: String = column(row, 0)?;
    let mut summary = RunSummary {
        run_id: RunId::new(&run_id),
        plan_id: PlanId::new(column::<String>(row, 1)?),
        period: parse(row, 2)?,
        status: status(row, 3)?,
        started_at: column(row, 4)?,
        finished_at: column(row, 5)?,
        approved_by: column(row, 6)?,
        changes: 0,
        applied: 0,
        failed: 0,
        unknown: 0,
    };
    let counts = list(
        transaction,
        "SELECT outcome, count(*) FROM changes WHERE run_id = ?1 GROUP BY outcome",
        params![run_id],
        |row| Ok((outcome(row, 0)?, column::<i64>(row, 1)?.unsigned_abs())),
    )?;
    for (outcome, count) in counts {
        summary.changes += count;
        *if outcome.is_done() {
            &mut summary.applied
        } else if outcome.is_open() {
            &mut summary.unknown
        } else {
            &mut summary.failed
        } += count;
    }
    Ok(summary)
}

pub(super) fn runs(
    transaction: &Transaction<'_>,
    limit: usize,
) -> Result<Vec<RunSummary>, StoreError> {
    list(
        transaction,
        &format!("{SUMMARY} ORDER BY number DESC LIMIT ?1"),
        params![i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| summary(transaction, row),
    )
}

pub(super) fn unfinished_run(
    transaction: &Transaction<'_>,
) -> Result<Option<StoredRun>, StoreError> {
    match runs(transaction, 1)?.pop() {
        Some(newest) if newest.status.is_unfinished() => run(transaction, &newest.run_id),
        _ => Ok(None),
    }
}

pub(super) fn run(
    transaction: &Transaction<'_>,
    run: &RunId,
) -> Result<Option<StoredRun>, StoreError> {
    let found = list(
        transaction,
        &format!("{SUMMARY} WHERE runs.run_id = ?1"),
        params![run.as_str()],
        |row| Ok((summary(transaction, row)?, json(row, 7)?)),
    )?;
    let Some((summary, overrides)) = found.into_iter().next() else {
        return Ok(None);
    };
    let plan = plan(transaction, &summary.plan_id)?;
    let changes = list(
        transaction,
        "SELECT position, outcome, written_id, note FROM changes WHERE run_id = ?1 ORDER BY position",
        params![run.as_str()],
        |row| {
            let position: i64 = column(row, 0)?;
            let change = usize::try_from(position)
                .ok()
                .and_then(|position| Some((position, plan.changes().get(position)?.clone())));
            let Some((position, change)) = change else {
                return Err(contradiction(format!(
                    "run {run} has a change {position} that its plan does not have"
                )));
            };
            Ok(ChangeRecord {
                position,
                change,
                outcome: outcome(row, 1)?,
                written_id: column::<Option<i64>>(row, 2)?.map(LicenceId::new),
                note: column(row, 3)?,
            })
        },
    )?;
    Ok(Some(StoredRun {
        summary,
        plan,
        changes,
        overrides,
    }))
}

fn plan(transaction: &Transaction<'_>, plan: &PlanId) -> Result<Plan, StoreError> {
    let document: Option<String> =
        prepare(transaction, "SELECT document FROM plans WHERE plan_id = ?1")?
            .query_row([plan.as_str()], |row| row.get(0))
            .optional()
            .map_err(failed("read"))?;
    let document = document.ok_or_else(|| contradiction(format!("plan {plan} is missing")))?;
    let read = Plan::from_json(document.as_bytes()).map_err(|error| {
        contradiction(format!("plan {plan} is not as it was")).with_source(error)
    })?;
    if read.id() == plan {
        Ok(read)
    } else {
        Err(contradiction(format!("plan {plan} is not as it was")))
    }
}

/// Every run, in the order in which they began.
pub(super) fn run_ids(transaction: &Transaction<'_>) -> Result<Vec<RunId>, StoreError> {
    list(
        transaction,
        "SELECT run_id FROM runs ORDER BY number",
        params![],
        |row| Ok(RunId::new(column::<String>(row, 0)?)),
    )
}

/// What was used in every month that is kept.
pub(super) fn all_usage(
    transaction: &Transaction<'_>,
) -> Result<Vec<(Period, Vec<UsageRow>)>, StoreError> {
    let periods = list(
        transaction,
        "SELECT DISTINCT period FROM usage ORDER BY period",
        params![],
        |row| parse(row, 0),
    )?;
    let of_each = periods.into_iter();
    of_each
        .map(|period| Ok((period, usage(transaction, period)?)))
        .collect()
}

pub(super) fn usage(
    transaction: &Transaction<'_>,
    period: Period,
) -> Result<Vec<UsageRow>, StoreError> {
    let mut rows = list(
        transaction,
        "SELECT customer_id, customer_name, service, unit, quantity, amount FROM usage
         WHERE period = ?1 ORDER BY position",
        params![period.to_string()],
        |row| {
            Ok(UsageRow {
                customer: column::<Option<String>>(row, 0)?.map(CustomerId::new),
                customer_name: column(row, 1)?,
                service: column::<Option<String>>(row, 2)?.map(ServiceName::new),
                unit: column(row, 3)?,
                quantity: parse(row, 4)?,
                amount: match column::<Option<String>>(row, 5)? {
                    Some(text) => Some(Decimal::from_str(&text).map_err(|_| odd("amount"))?),
                    None => None,
                },
            })
        },
    )?;
    sort_usage(&mut rows);
    Ok(rows)
}

fn parse<T: FromStr>(row: &Row<'_>, at: usize) -> Result<T, StoreError> {
    column::<String>(row, at)?
        .parse()
        .map_err(|_| odd(name_of(row, at)))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T, StoreError> {
    serde_json::from_str(&column::<String>(row, at)?)
        .map_err(|error| odd(name_of(row, at)).with_source(error))
}

fn outcome(row: &Row<'_>, at: usize) -> Result<Outcome, StoreError> {
    Outcome::from_word(&column::<String>(row, at)?).ok_or_else(|| odd("outcome"))
}

fn status(row: &Row<'_>, at: usize) -> Result<RunStatus, StoreError> {
    RunStatus::from_word(&column::<String>(row, at)?).ok_or_else(|| odd("status"))
}

fn name_of<'r>(row: &'r Row<'_>, at: usize) -> &'r str {
    row.as_ref().column_name(at).unwrap_or("value")
}

fn odd(what: &str) -> StoreError {
    contradiction(format!("the state file holds an unreadable {what}"))
}

fn contradiction(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Tampered, message).with_hint(
        "the state file was changed by something other than this program: put back a backup, or move it away",
    )
}
