//! The journal table: rows are only ever appended, each chained to the one before.

use super::super::journal::{Event, GENESIS, Stored};
use super::super::{JournalRow, StoreError};
use super::failed;
use crate::ids::RunId;
use rusqlite::{OptionalExtension, Row, Transaction, params};

const COLUMNS: &str = "sequence, at, run_id, event, body, previous, hash";

/// Appends rows, one after the other, inside the caller's transaction.
pub(super) fn append<'a>(
    transaction: &Transaction<'_>,
    events: impl IntoIterator<Item = Event<'a>>,
) -> Result<(), StoreError> {
    let last: Option<(i64, String)> = transaction
        .prepare_cached("SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(failed("read"))?;
    let (mut sequence, mut previous) = match last {
        Some((sequence, hash)) => (sequence.unsigned_abs(), hash),
        None => (0, GENESIS.to_owned()),
    };
    let mut insert = transaction
        .prepare_cached(
            "INSERT INTO journal (sequence, at, run_id, event, body, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(failed("written"))?;
    let began = sequence;
    for event in events {
        sequence += 1;
        let row = Stored::after(sequence, previous, event);
        insert
            .execute(params![
                i64::try_from(row.sequence).unwrap_or(i64::MAX),
                row.at,
                row.run,
                row.event,
                row.body,
                row.previous,
                row.hash
            ])
            .map_err(failed("written"))?;
        previous = row.hash;
    }
    if sequence == began {
        return Ok(());
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO journal_end (only, sequence, hash) VALUES ('only', ?1, ?2)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                i64::try_from(sequence).unwrap_or(i64::MAX),
                previous
            ])
        })
        .map(drop)
        .map_err(failed("written"))
}

/// Number and hash of the last row, as they are kept beside the rows; `None` before the first.
pub(super) fn end(transaction: &Transaction<'_>) -> Result<Option<(u64, String)>, StoreError> {
    transaction
        .query_row("SELECT sequence, hash FROM journal_end", [], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        })
        .optional()
        .map_err(failed("read"))
}

pub(super) fn of_run(
    transaction: &Transaction<'_>,
    run: &RunId,
) -> Result<Vec<JournalRow>, StoreError> {
    let mut statement = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM journal WHERE run_id = ?1 ORDER BY sequence"
        ))
        .map_err(failed("read"))?;
    let rows = statement
        .query_map([run.as_str()], stored)
        .and_then(Iterator::collect::<rusqlite::Result<Vec<Stored>>>)
        .map_err(failed("read"))?;
    rows.into_iter().map(Stored::into_row).collect()
}

/// Shows every row, in the order in which they were written.
pub(super) fn each(
    transaction: &Transaction<'_>,
    mut show: impl FnMut(&Stored) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = transaction
        .prepare(&format!("SELECT {COLUMNS} FROM journal ORDER BY sequence"))
        .map_err(failed("read"))?;
    for row in statement.query_map([], stored).map_err(failed("read"))? {
        show(&row.map_err(failed("read"))?)?;
    }
    Ok(())
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        sequence: row.get::<_, i64>(0)?.unsigned_abs(),
        at: row.get(1)?,
        run: row.get(2)?,
        event: row.get(3)?,
        body: row.get(4)?,
        previous: row.get(5)?,
        hash: row.get(6)?,
    })
}
