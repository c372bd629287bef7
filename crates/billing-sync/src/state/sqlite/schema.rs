//! What a state file looks like, and how an older one becomes a current one. A migration is never edited once released.

use super::super::journal::Event;
use super::super::{StoreError, StoreErrorKind};
use super::{failed, journal, read, rows};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};

/// `bsyn`: marks a state file as ours, so that no other database is ever migrated.
pub(super) const APPLICATION_ID: i32 = 0x6273_796e;

/// One step from a version to the next.
pub(super) type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// All steps; the version of a file is how many of them it has seen.
pub(super) const MIGRATIONS: &[Migration] = &[runs_and_journal, usage, choices, journal_end];

fn runs_and_journal(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE plans (
             plan_id  TEXT PRIMARY KEY,
             document TEXT NOT NULL
         ) STRICT;
         CREATE TABLE runs (
             number      INTEGER PRIMARY KEY,
             run_id      TEXT NOT NULL UNIQUE,
             plan_id     TEXT NOT NULL REFERENCES plans (plan_id),
             period      TEXT NOT NULL,
             status      TEXT NOT NULL,
             started_at  TEXT NOT NULL,
             finished_at TEXT,
             approved_by TEXT NOT NULL,
             overrides   TEXT NOT NULL
         ) STRICT;
         CREATE TABLE changes (
             run_id     TEXT NOT NULL REFERENCES runs (run_id),
             position   INTEGER NOT NULL,
             kind       TEXT NOT NULL,
             client_id  INTEGER NOT NULL,
             name       TEXT NOT NULL,
             licence_id INTEGER,
             before     INTEGER,
             after      INTEGER NOT NULL,
             outcome    TEXT NOT NULL,
             written_id INTEGER,
             note       TEXT NOT NULL,
             PRIMARY KEY (run_id, position)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE owned (
             client_id  INTEGER NOT NULL,
             name       TEXT NOT NULL,
             licence_id INTEGER NOT NULL UNIQUE,
             count      INTEGER NOT NULL,
             period     TEXT NOT NULL,
             customers  TEXT NOT NULL,
             contracts  TEXT NOT NULL,
             run_id     TEXT NOT NULL REFERENCES runs (run_id),
             at         TEXT NOT NULL,
             PRIMARY KEY (client_id, name)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE decisions (
             customer_id TEXT PRIMARY KEY,
             client_id   INTEGER NOT NULL,
             at          TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE journal (
             sequence INTEGER PRIMARY KEY,
             at       TEXT NOT NULL,
             run_id   TEXT NOT NULL,
             event    TEXT NOT NULL,
             body     TEXT NOT NULL,
             previous TEXT NOT NULL,
             hash     TEXT NOT NULL
         ) STRICT;
         CREATE INDEX journal_of_run ON journal (run_id, sequence);",
    )
}

fn usage(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE usage (
             period        TEXT NOT NULL,
             position      INTEGER NOT NULL,
             customer_id   TEXT,
             customer_name TEXT NOT NULL,
             service       TEXT,
             unit          TEXT NOT NULL,
             quantity      TEXT NOT NULL,
             amount        TEXT,
             PRIMARY KEY (period, position)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE subject (
             only TEXT PRIMARY KEY CHECK (only = 'only'),
             name TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;",
    )
}

fn choices(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "ALTER TABLE decisions ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';
         CREATE TABLE choices (
             client_id  INTEGER NOT NULL,
             name       TEXT NOT NULL,
             licence_id INTEGER NOT NULL,
             at         TEXT NOT NULL,
             decided_by TEXT NOT NULL,
             PRIMARY KEY (client_id, name)
         ) STRICT, WITHOUT ROWID;",
    )
}

fn journal_end(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE journal_end (
             only     TEXT PRIMARY KEY CHECK (only = 'only'),
             sequence INTEGER NOT NULL,
             hash     TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         INSERT INTO journal_end SELECT 'only', sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1;",
    )?;
    journal_what_was_kept(transaction)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Subject and usage were in no journal before: from now on they are, as they are found.
fn journal_what_was_kept(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    if let Some(subject) = rows::subject(transaction)? {
        journal::append(transaction, [Event::bound(&subject)?])?;
    }
    for (period, rows) in read::all_usage(transaction)? {
        journal::append(transaction, [Event::usage_kept(period, &rows)?])?;
    }
    Ok(())
}

/// How many migrations this version knows.
pub(super) fn current() -> usize {
    MIGRATIONS.len()
}

/// How many migrations the file has seen.
///
/// # Errors
/// When it has seen more than this version knows.
pub(super) fn version(connection: &Connection) -> Result<usize, StoreError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed("read"))?;
    match usize::try_from(found) {
        Ok(version) if version <= current() => Ok(version),
        _ => Err(StoreError::new(
            StoreErrorKind::Foreign,
            format!(
                "the state file has version {found}; this program knows up to {}",
                current()
            ),
        )
        .with_hint("use the newer program that wrote it; the file was not touched")),
    }
}

/// Brings the file to the newest of `migrations`. A file that holds something already is copied first.
pub(super) fn migrate(
    connection: &mut Connection,
    path: Option<&Path>,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let seen = version(connection)?;
    if seen >= migrations.len() {
        return Ok(());
    }
    if let Some(path) = path
        && seen > 0
    {
        back_up(connection, path, seen)?;
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed("migrated"))?;
    // Again, now that nobody else can write: another process may have been faster.
    let seen = version(&transaction)?;
    for migration in migrations.iter().skip(seen) {
        migration(&transaction).map_err(failed("migrated"))?;
    }
    let reached = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    transaction
        .pragma_update(None, "application_id", APPLICATION_ID)
        .and_then(|()| transaction.pragma_update(None, "user_version", reached))
        .map_err(failed("migrated"))?;
    transaction.commit().map_err(failed("migrated"))
}

/// Where the copy of a file of that version is kept.
pub(super) fn backup_path(path: &Path, version: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".v{version}.bak"));
    PathBuf::from(name)
}

fn back_up(connection: &Connection, path: &Path, version: usize) -> Result<(), StoreError> {
    let target = backup_path(path, version);
    let unusable = |error: std::io::Error| {
        StoreError::new(
            StoreErrorKind::Unusable,
            format!(
                "the state file cannot be copied to {} before it is migrated",
                target.display()
            ),
        )
        .with_hint("its folder must be writable and have room; nothing was changed")
        .with_source(error)
    };
    let mut partial = target.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(error)),
        _ => {}
    }
    // `VACUUM INTO` takes an empty file, which lets us give it its mode before there is anything in it.
    super::create_private(&partial).map_err(unusable)?;
    let Some(text) = partial.to_str() else {
        return Err(StoreError::new(
            StoreErrorKind::Unusable,
            "the path of the state file is not valid UTF-8, so it cannot be copied before it is migrated",
        ));
    };
    connection
        .execute("VACUUM INTO ?1", [text])
        .map_err(failed("copied"))?;
    std::fs::rename(&partial, &target).map_err(unusable)
}
