//! The state store on SQLite: one file that survives crashes and power loss, and refuses what it did not write.

mod check;
mod decisions;
mod journal;
mod lock;
mod read;
mod rows;
mod schema;
mod sql;

use super::memory_store::FlagLock;
use super::{
    JournalEntry, JournalRow, NewRun, RunLock, RunSummary, StateStore, StoreError, StoreErrorKind,
    StoredRun, UsageRow,
};
use crate::decision::{Decision, DecisionRecord, Question};
use crate::ids::RunId;
use crate::memory::{Memory, Owned};
use crate::period::Period;
use crate::run::RunStatus;
use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Keeps the state in one SQLite file (and its two companions while it is open).
///
/// Its methods work inside the call, without handing the work to another thread: each is a few milliseconds, they
/// must come one after the other anyway, and so the crate needs no runtime of its own.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
    lock: LockBy,
}

#[derive(Debug)]
enum LockBy {
    File(PathBuf),
    Flag(FlagLock),
    ReadOnly,
}

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

impl SqliteStore {
    /// Opens the state file, or makes it. On Unix nobody but its owner can read it: a file of ours that came here open to
    /// others, as a copy may, is closed to them.
    ///
    /// # Errors
    /// When it is not a state file, is damaged, was made by a newer version, or cannot be written. The file is then left
    /// as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match create_private(path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => check_header(path)?,
            Err(error) => return Err(cannot_open(path).with_source(error)),
        }
        let mut connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(failed("opened"))?;
        prepare(&connection)?;
        schema::version(&connection)?;
        check_whole(&connection)?;
        schema::migrate(&mut connection, Some(path), schema::MIGRATIONS)?;
        make_durable(&connection)?;
        keep_private(path);
        Ok(Self {
            connection: Mutex::new(connection),
            lock: LockBy::File(path.to_owned()),
        })
    }

    /// Opens an existing state file for reading only; its folder may be read-only, too.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and when there is no file or it was made by an older version.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        check_header(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = |uri: Option<String>| {
            let connection = match uri {
                Some(uri) => Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI),
                None => Connection::open_with_flags(path, flags),
            }
            .map_err(failed("opened"))?;
            prepare(&connection)?;
            schema::version(&connection).map(|version| (connection, version))
        };
        let (connection, version) = match open(None) {
            Ok(opened) => opened,
            // SQLite wants to make its companions even to read. Where it cannot, and nobody left anything in them,
            // the file alone is the whole truth.
            Err(error) if error.kind() == StoreErrorKind::Unusable && !has_pending(path) => {
                match immutable_uri(path) {
                    Some(uri) => open(Some(uri))?,
                    None => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        if version < schema::current() {
            return Err(StoreError::new(
                StoreErrorKind::Unusable,
                format!(
                    "the state file has version {version}; reading it needs version {}",
                    schema::current()
                ),
            )
            .with_hint("any verb that writes, for example `resume`, brings it up to date"));
        }
        check_whole(&connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            lock: LockBy::ReadOnly,
        })
    }

    /// A store that is gone when it is dropped.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory().map_err(failed("opened"))?;
        prepare(&connection)?;
        schema::migrate(&mut connection, None, schema::MIGRATIONS)?;
        Ok(Self {
            connection: Mutex::new(connection),
            lock: LockBy::Flag(FlagLock::default()),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction rolls it back: the connection is as good as before.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        // One transaction, so that everything it reads is of the same moment.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(failed("read"))?;
        work(&transaction)
    }

    /// One transaction: all or nothing, and on the disk when it returns.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("written"))?;
        let done = work(&transaction)?;
        transaction.commit().map_err(failed("written"))?;
        Ok(done)
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn lock(&self) -> Result<Box<dyn RunLock>, StoreError> {
        match &self.lock {
            LockBy::File(path) => lock::take(path),
            LockBy::Flag(flag) => flag.take(),
            LockBy::ReadOnly => Err(StoreError::new(
                StoreErrorKind::Misuse,
                "the state file was opened for reading only",
            )),
        }
    }

    async fn memory(&self) -> Result<Memory, StoreError> {
        self.read(read::memory)
    }

    async fn begin_run(&self, run: &NewRun<'_>) -> Result<(), StoreError> {
        self.write(|transaction| rows::begin_run(transaction, run))
    }

    async fn record(&self, run: &RunId, entries: &[JournalEntry]) -> Result<(), StoreError> {
        self.write(|transaction| rows::record(transaction, run, entries))
    }

    async fn own(&self, run: &RunId, owned: &[Owned], at: &str) -> Result<(), StoreError> {
        self.write(|transaction| rows::own(transaction, run, owned, at))
    }

    async fn finish_run(&self, run: &RunId, status: RunStatus, at: &str) -> Result<(), StoreError> {
        self.write(|transaction| rows::finish_run(transaction, run, status, at))
    }

    async fn unfinished_run(&self) -> Result<Option<StoredRun>, StoreError> {
        self.read(read::unfinished_run)
    }

    async fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.read(|transaction| read::run(transaction, run))
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        self.read(|transaction| read::runs(transaction, limit))
    }

    async fn journal(&self, run: &RunId) -> Result<Vec<JournalRow>, StoreError> {
        self.read(|transaction| journal::of_run(transaction, run))
    }

    async fn check_journal(&self) -> Result<u64, StoreError> {
        self.read(check::check)
    }

    async fn subject(&self) -> Result<Option<String>, StoreError> {
        self.read(rows::subject)
    }

    async fn bind(&self, subject: &str) -> Result<(), StoreError> {
        self.write(|transaction| rows::bind(transaction, subject))
    }

    async fn decide(&self, decisions: &[Decision], by: &str, at: &str) -> Result<(), StoreError> {
        self.write(|transaction| decisions::decide(transaction, decisions, by, at))
    }

    async fn undecide(
        &self,
        questions: &[Question],
        by: &str,
        at: &str,
    ) -> Result<usize, StoreError> {
        self.write(|transaction| decisions::undecide(transaction, questions, by, at))
    }

    async fn decisions(&self) -> Result<Vec<DecisionRecord>, StoreError> {
        self.read(decisions::all)
    }

    async fn save_usage(&self, period: Period, rows: &[UsageRow]) -> Result<(), StoreError> {
        self.write(|transaction| rows::save_usage(transaction, period, rows))
    }

    async fn usage(&self, period: Period) -> Result<Vec<UsageRow>, StoreError> {
        self.read(|transaction| read::usage(transaction, period))
    }
}

/// What every connection needs, before anything is read.
fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection
        .busy_timeout(Duration::from_secs(5))
        .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
        .map_err(failed("opened"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// A write must not leave before its intent would survive a power cut: with WAL, only `FULL` syncs at every commit
/// (`NORMAL`, the usual choice, may lose the last commits). One sync per batch of writes costs less than their request.
fn make_durable(connection: &Connection) -> Result<(), StoreError> {
    connection
        .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        // Where a plain sync stops at the disk's cache (macOS); no effect elsewhere.
        .and_then(|()| connection.pragma_update(None, "fullfsync", true))
        .map_err(failed("opened"))
}

/// Looks at the first bytes before SQLite touches the file. An empty file is one that was about to become ours.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut header = Vec::with_capacity(100);
    File::open(path)
        .and_then(|file| file.take(100).read_to_end(&mut header))
        .map_err(|error| cannot_open(path).with_source(error))?;
    let application = header.get(68..72).and_then(|bytes| bytes.try_into().ok());
    let ours = header.starts_with(MAGIC)
        && application.map(i32::from_be_bytes) == Some(schema::APPLICATION_ID);
    if header.is_empty() || ours {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Foreign,
        format!("{} is not a state file of this program", path.display()),
    )
    .with_hint("name another file; this one was not touched"))
}

/// Lets SQLite check the file's structure; a state file is small.
fn check_whole(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed("read"))?;
    if found == "ok" {
        return Ok(());
    }
    Err(damaged())
}

fn damaged() -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, "the state file is damaged").with_hint(
        "put back a backup. Without one, move the file away and look at the next plan before it is applied: only records of \
         the exact name are found again. One of another name would get a second beside it: take it over with `map adopt`. \
         The count of a customer that left meanwhile stays: set it to 0 by hand",
    )
}

fn cannot_open(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::Unusable,
        format!("the state file {} cannot be opened", path.display()),
    )
    .with_hint("check that it and its folder exist and may be read and written")
}

/// True when there are commits that have not reached the file itself.
fn has_pending(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|wal| wal.len() > 0)
}

/// The path as a URI that tells SQLite that nobody writes; `None` for a path that cannot be written as one.
fn immutable_uri(path: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    let text = absolute.to_str()?;
    let escaped = text
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let slash = if escaped.starts_with('/') { "" } else { "/" };
    Some(format!("file://{slash}{escaped}?immutable=1"))
}

/// For the owner's eyes only, from the start.
fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes an empty file. SQLite gives its companions the mode of the file they belong to.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    options.open(path).map(drop)
}

/// Takes from everybody else what a copied or restored file allowed them. Only its owner can, so of others' files it is left
/// as it is.
#[cfg(unix)]
fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for companion in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(companion);
        let open_to_others = std::fs::metadata(&name)
            .map(|file| file.permissions())
            .is_ok_and(|permissions| permissions.mode() & 0o077 != 0);
        if open_to_others {
            // Best effort: who owns it decides.
            let _ = std::fs::set_permissions(&name, PermissionsExt::from_mode(0o600));
        }
    }
}

#[cfg(not(unix))]
fn keep_private(_: &Path) {}

/// Says in our words what SQLite could not do.
fn failed(done: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| {
        let plain = |why: &str| {
            StoreError::new(
                StoreErrorKind::Unusable,
                format!("the state file cannot be {done}{why}"),
            )
        };
        let described = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(),
            Some(ErrorCode::DiskFull) => {
                plain(": the disk is full").with_hint("make room; nothing more was sent")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                plain(": it may not be written").with_hint("check its mode and its folder's")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                plain(": another process is writing to it").with_hint("try again when it is done")
            }
            _ => plain("").with_hint("check the file, its folder and the disk"),
        };
        described.with_source(error)
    }
}

#[cfg(test)]
mod tests;
