//! Statements and cells: what every table is read and written with.

use super::super::StoreError;
use super::failed;
use rusqlite::{CachedStatement, Row, Transaction};

/// A statement, made once for each connection.
pub(super) fn prepare<'t>(
    transaction: &'t Transaction<'_>,
    sql: &str,
) -> Result<CachedStatement<'t>, StoreError> {
    transaction.prepare_cached(sql).map_err(failed("used"))
}

/// Runs a statement that gives no rows; how many rows it touched.
pub(super) fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<usize, StoreError> {
    prepare(transaction, sql)?
        .execute(values)
        .map_err(failed("written"))
}

/// Every row of a question, read by `read`.
pub(super) fn list<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    values: impl rusqlite::Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(transaction, sql)?;
    let mut rows = statement.query(values).map_err(failed("read"))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(failed("read"))? {
        all.push(read(row)?);
    }
    Ok(all)
}

pub(super) fn column<T: rusqlite::types::FromSql>(
    row: &Row<'_>,
    at: usize,
) -> Result<T, StoreError> {
    row.get(at).map_err(failed("read"))
}
