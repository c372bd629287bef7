//! Whether the file is as it was written: the journal's chain, and the other tables against it.

use super::super::StoreError;
use super::super::audit::Audit;
use super::super::journal::contradicted;
use super::sql::{column, list};
use super::{decisions, journal, read, rows};
use crate::ids::LicenceId;
use crate::run::ChangeRecord;
use crate::state::StoredRun;
use rusqlite::{Transaction, params};

/// Recomputes the chain, then holds the other tables against it. Gives the number of rows.
pub(super) fn check(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    let mut audit = Audit::new();
    journal::each(transaction, |row| audit.row(row))?;
    let runs = read::run_ids(transaction)?;
    audit.runs().listed(&runs)?;
    for id in &runs {
        // With its plan, which is read back and held against its id.
        if let Some(stored) = read::run(transaction, id)? {
            audit.runs().stored(&stored)?;
            as_planned(transaction, &stored)?;
        }
    }
    audit.owned(&read::memory(transaction)?.owned)?;
    audit.decisions(&decisions::all(transaction)?)?;
    audit.subject(rows::subject(transaction)?.as_deref())?;
    let usage = read::all_usage(transaction)?;
    let usage = usage.iter();
    audit.usage(usage.map(|(period, rows)| (*period, rows.as_slice())))?;
    let end = journal::end(transaction)?;
    audit.end(end.as_ref().map(|(rows, hash)| (*rows, hash.as_str())))?;
    Ok(audit.rows())
}

/// What the table of changes repeats of the plan, for whoever reads the file by hand.
fn as_planned(transaction: &Transaction<'_>, run: &StoredRun) -> Result<(), StoreError> {
    let mut expected = run.changes.iter();
    list(
        transaction,
        "SELECT kind, client_id, name, licence_id, before, after FROM changes WHERE run_id = ?1 ORDER BY position",
        params![run.summary.run_id.as_str()],
        |row| {
            let shown = (
                column::<String>(row, 0)?,
                column::<i64>(row, 1)?,
                column::<String>(row, 2)?,
                column::<Option<i64>>(row, 3)?,
                column::<Option<i64>>(row, 4)?,
                column::<i64>(row, 5)?,
            );
            match expected.next() {
                Some(record) if planned(record) == shown => Ok(()),
                record => Err(contradicted(format!(
                    "change {} of run {} is not stored as its plan says",
                    record.map_or(0, |record| record.position),
                    run.summary.run_id
                ))),
            }
        },
    )
    .map(drop)
}

type Shown = (String, i64, String, Option<i64>, Option<i64>, i64);

fn planned(record: &ChangeRecord) -> Shown {
    let change = &record.change;
    (
        change.kind.word().to_owned(),
        change.client_id.get(),
        change.name.clone(),
        change.licence_id.map(LicenceId::get),
        change.before,
        change.after,
    )
}
