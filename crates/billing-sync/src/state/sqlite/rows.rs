//! From our types to rows: everything that is written, inside the caller's transaction.

use super::super::journal::Event;
use super::super::memory_store::{no_such_change, no_such_run, run_exists};
use super::super::{JournalEntry, NewRun, StoreError, StoreErrorKind, UsageRow, belongs_elsewhere};
use super::sql::{execute, prepare};
use super::{failed, journal};
use crate::ids::RunId;
use crate::memory::Owned;
use crate::period::Period;
use crate::run::{ChangeRecord, RunStatus};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Serialize;

pub(super) fn begin_run(transaction: &Transaction<'_>, run: &NewRun<'_>) -> Result<(), StoreError> {
    let plan = run.plan;
    execute(
        transaction,
        "INSERT OR IGNORE INTO plans (plan_id, document) VALUES (?1, ?2)",
        params![plan.id().as_str(), plan.to_json(true).to_string()],
    )?;
    let fresh = execute(
        transaction,
        "INSERT INTO runs (run_id, plan_id, period, status, started_at, approved_by, overrides)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (run_id) DO NOTHING",
        params![
            run.run_id.as_str(),
            plan.id().as_str(),
            plan.period().to_string(),
            RunStatus::Running.word(),
            run.at,
            run.approved_by,
            json(run.overrides)?
        ],
    )?;
    if fresh == 0 {
        return Err(run_exists(run.run_id));
    }
    let mut insert = prepare(
        transaction,
        "INSERT INTO changes (run_id, position, kind, client_id, name, licence_id, before, after, outcome, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '')",
    )?;
    for record in ChangeRecord::all_of(plan) {
        let change = &record.change;
        insert
            .execute(params![
                run.run_id.as_str(),
                position(record.position)?,
                change.kind.word(),
                change.client_id.get(),
                change.name,
                change.licence_id.map(crate::ids::LicenceId::get),
                change.before,
                change.after,
                record.outcome.word()
            ])
            .map_err(failed("written"))?;
    }
    journal::append(transaction, [Event::begun(run)?])
}

pub(super) fn record(
    transaction: &Transaction<'_>,
    run: &RunId,
    entries: &[JournalEntry],
) -> Result<(), StoreError> {
    let mut update = prepare(
        transaction,
        "UPDATE changes SET outcome = ?3, written_id = ?4, note = ?5 WHERE run_id = ?1 AND position = ?2",
    )?;
    let mut events = Vec::with_capacity(entries.len());
    for entry in entries {
        let record = &entry.record;
        let found = update
            .execute(params![
                run.as_str(),
                position(record.position)?,
                record.outcome.word(),
                record.written_id.map(crate::ids::LicenceId::get),
                record.note
            ])
            .map_err(failed("written"))?;
        if found == 0 {
            return Err(no_such_change(run, record.position));
        }
        events.push(Event::outcome(run.as_str(), entry)?);
    }
    journal::append(transaction, events)
}

pub(super) fn own(
    transaction: &Transaction<'_>,
    run: &RunId,
    owned: &[Owned],
    at: &str,
) -> Result<(), StoreError> {
    must_exist(transaction, run)?;
    let mut forget = prepare(
        transaction,
        "DELETE FROM owned WHERE licence_id = ?1 OR (client_id = ?2 AND name = ?3)",
    )?;
    let mut insert = prepare(
        transaction,
        "INSERT INTO owned (client_id, name, licence_id, count, period, customers, contracts, run_id, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut events = Vec::with_capacity(owned.len());
    for one in owned {
        let (client, name) = (one.key.client.get(), &one.key.name);
        let (customers, contracts) = (json(&one.customers)?, json(&one.contracts)?);
        forget
            .execute(params![one.licence.get(), client, name])
            .and_then(|_| {
                insert.execute(params![
                    client,
                    name,
                    one.licence.get(),
                    one.count,
                    one.period.to_string(),
                    customers,
                    contracts,
                    run.as_str(),
                    at
                ])
            })
            .map_err(failed("written"))?;
        events.push(Event::owned(run.as_str(), at, one)?);
    }
    journal::append(transaction, events)
}

pub(super) fn finish_run(
    transaction: &Transaction<'_>,
    run: &RunId,
    status: RunStatus,
    at: &str,
) -> Result<(), StoreError> {
    let found = execute(
        transaction,
        "UPDATE runs SET status = ?2, finished_at = ?3 WHERE run_id = ?1",
        params![run.as_str(), status.word(), at],
    )?;
    if found == 0 {
        return Err(no_such_run(run));
    }
    journal::append(transaction, [Event::ended(run.as_str(), at, status)?])
}

pub(super) fn save_usage(
    transaction: &Transaction<'_>,
    period: Period,
    rows: &[UsageRow],
) -> Result<(), StoreError> {
    let kept = Event::usage_kept(period, rows)?;
    let period = period.to_string();
    execute(
        transaction,
        "DELETE FROM usage WHERE period = ?1",
        params![period],
    )?;
    let mut insert = prepare(
        transaction,
        "INSERT INTO usage (period, position, customer_id, customer_name, service, unit, quantity, amount)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (at, row) in rows.iter().enumerate() {
        let UsageRow {
            customer,
            customer_name,
            service,
            unit,
            quantity,
            amount,
        } = row;
        insert
            .execute(params![
                period,
                position(at)?,
                customer.as_ref().map(crate::ids::CustomerId::as_str),
                customer_name,
                service.as_ref().map(crate::ids::ServiceName::as_str),
                unit,
                quantity.to_string(),
                amount.map(|amount| amount.to_string())
            ])
            .map_err(failed("written"))?;
    }
    journal::append(transaction, [kept])
}

fn must_exist(transaction: &Transaction<'_>, run: &RunId) -> Result<(), StoreError> {
    let found = prepare(transaction, "SELECT 1 FROM runs WHERE run_id = ?1")?
        .exists([run.as_str()])
        .map_err(failed("read"))?;
    if found { Ok(()) } else { Err(no_such_run(run)) }
}

fn position(position: usize) -> Result<i64, StoreError> {
    i64::try_from(position).map_err(|error| misfit("a position").with_source(error))
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| misfit("a value").with_source(error))
}

fn misfit(what: &str) -> StoreError {
    StoreError::new(
        StoreErrorKind::Misuse,
        format!("{what} cannot be written down in the state file"),
    )
}

pub(super) fn subject(transaction: &Transaction<'_>) -> Result<Option<String>, StoreError> {
    transaction
        .query_row("SELECT name FROM subject", [], |row| row.get(0))
        .optional()
        .map_err(failed("read"))
}

pub(super) fn bind(transaction: &Transaction<'_>, name: &str) -> Result<(), StoreError> {
    match subject(transaction)? {
        Some(bound) if bound != name => Err(belongs_elsewhere(&bound, name)),
        Some(_) => Ok(()),
        None => {
            execute(
                transaction,
                "INSERT INTO subject (only, name) VALUES ('only', ?1)",
                params![name],
            )?;
            journal::append(transaction, [Event::bound(name)?])
        }
    }
}
