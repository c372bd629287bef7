//! Whether the file is as it was written: the journal's chain, and the other tables against it.

use super::super::StoreError;
use super::super::audit::Audit;
use super::{decisions, journal, read};
use rusqlite::Transaction;

/// Recomputes the chain, then holds the other tables against it. Gives the number of rows.
pub(super) fn check(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    let mut audit = Audit::new();
    journal::each(transaction, |row| audit.row(row))?;
    read::statuses(transaction, |run, status| audit.run(run, status))?;
    read::outcomes(transaction, |run, position, outcome| {
        audit.change(run, position, outcome)
    })?;
    audit.owned(&read::memory(transaction)?.owned)?;
    audit.decisions(&decisions::all(transaction)?)?;
    Ok(audit.rows())
}
