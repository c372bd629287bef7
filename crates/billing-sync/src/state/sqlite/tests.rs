mod tampering;

use super::{SqliteStore, create_private, lock, schema};
use crate::ids::RunId;
use crate::period::Period;
use crate::plan::Plan;
use crate::run::{ChangeRecord, Outcome, RunStatus};
use crate::state::{JournalEntry, NewRun, StateStore, StoreError, StoreErrorKind, UsageRow};
use crate::testing::{create, plan_of};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const AT: &str = "2026-11-06T06:00:00.000Z";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    (folder, path)
}

fn october() -> Period {
    "202610".parse().unwrap()
}

fn plan(changes: i64) -> Plan {
    let changes = (1..=changes).map(|client| create(client, "A", client));
    plan_of(october(), changes.collect())
}

async fn begin(store: &SqliteStore, plan: &Plan) -> RunId {
    let run_id = RunId::new("run-1");
    let run = NewRun {
        run_id: &run_id,
        plan,
        approved_by: "test",
        overrides: &BTreeMap::new(),
        at: AT.to_owned(),
    };
    store.begin_run(&run).await.unwrap();
    run_id
}

fn entries(plan: &Plan, outcome: Outcome) -> Vec<JournalEntry> {
    ChangeRecord::all_of(plan)
        .into_iter()
        .map(|record| JournalEntry {
            record: ChangeRecord { outcome, ..record },
            at: AT.to_owned(),
        })
        .collect()
}

/// A file with one run that ended, closed again.
async fn filled(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let plan = plan(3);
    let run = begin(&store, &plan).await;
    store
        .record(&run, &entries(&plan, Outcome::Started))
        .await
        .unwrap();
    store
        .record(&run, &entries(&plan, Outcome::Verified))
        .await
        .unwrap();
    store
        .finish_run(&run, RunStatus::Applied, AT)
        .await
        .unwrap();
}

fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

fn refused(result: Result<SqliteStore, StoreError>) -> (StoreErrorKind, String) {
    let error = result.map(drop).unwrap_err();
    assert!(error.hint().is_some(), "{error}");
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn what_was_written_is_there_when_the_file_is_opened_again() {
    let (_folder, path) = folder();
    filled(&path).await;
    let store = SqliteStore::open(&path).unwrap();
    let run = store.run(&"run-1".into()).await.unwrap().unwrap();
    assert_eq!(run.plan, plan(3));
    assert_eq!(
        (run.summary.status, run.summary.applied),
        (RunStatus::Applied, 3)
    );
    assert_eq!(store.check_journal().await.unwrap(), 8);
}

#[tokio::test]
async fn every_commit_is_synced() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let setting = |name: &str| -> String {
        let connection = store.connection();
        let sql = format!("SELECT CAST((SELECT * FROM pragma_{name}) AS TEXT)");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(setting("journal_mode"), "wal");
    assert_eq!(setting("synchronous"), "2", "2 is FULL");
    assert_eq!(setting("fullfsync"), "1");
    assert_eq!(setting("foreign_keys"), "1");
    assert_eq!(setting("busy_timeout"), "5000");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_any_of_its_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let _lock = store.lock().await.unwrap();
    begin(&store, &plan(1)).await;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{entry:?}"
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["state.db", "state.db-shm", "state.db-wal", "state.db.lock"]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_came_open_to_others_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = folder();
    let first = SqliteStore::open(&path).unwrap();
    begin(&first, &plan(1)).await;
    let files = ["state.db", "state.db-shm", "state.db-wal"].map(|name| folder.path().join(name));
    for file in &files {
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(file, open).unwrap();
    }
    let mode = |file: &PathBuf| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    drop(SqliteStore::open_read_only(&path).unwrap());
    assert_eq!(
        files.each_ref().map(mode),
        [0o644; 3],
        "reading changes nothing"
    );
    let again = SqliteStore::open(&path).unwrap();
    assert_eq!(files.each_ref().map(mode), [0o600; 3]);
    assert_eq!(again.runs(9).await.unwrap().len(), 1);
}

#[test]
fn what_is_no_state_file_is_refused_and_left_alone() {
    let (folder, path) = folder();
    let foreign = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        for result in [SqliteStore::open(&path), SqliteStore::open_read_only(&path)] {
            let (kind, message) = refused(result);
            assert_eq!(kind, StoreErrorKind::Foreign);
            assert!(message.ends_with("state.db is not a state file of this program"));
        }
        assert_eq!(std::fs::read(&path).unwrap(), content);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    };
    foreign(b"customer,count\n");
    foreign(b"SQLite format 3\0");
    foreign(&[0; 4096]);
    let other = folder.path().join("other");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE runs (id)").unwrap();
    drop(connection);
    let content = std::fs::read(&other).unwrap();
    std::fs::remove_file(&other).unwrap();
    foreign(&content);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let (folder, path) = folder();
    filled(&path).await;
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let content = std::fs::read(&path).unwrap();
    for result in [SqliteStore::open(&path), SqliteStore::open_read_only(&path)] {
        let (kind, message) = refused(result);
        assert_eq!(kind, StoreErrorKind::Foreign);
        assert_eq!(
            message,
            "the state file has version 99; this program knows up to 4"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert!(!schema::backup_path(&path, 99).exists());
    drop(folder);
}

/// Everything that is read out of a file.
async fn content(store: &SqliteStore) -> String {
    let runs = store.runs(100).await.unwrap();
    let mut text = format!("{:?} {runs:?}", store.memory().await.unwrap());
    for run in runs {
        let run = store.run(&run.run_id).await.unwrap();
        write!(text, " {run:?}").unwrap();
    }
    let usage = store.usage(october()).await.unwrap();
    let subject = store.subject().await.unwrap();
    text + &format!(" {usage:?} {subject:?}")
}

#[tokio::test]
async fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let (_folder, path) = folder();
    filled(&path).await;
    let whole = std::fs::read(&path).unwrap();
    let content = content(&SqliteStore::open(&path).unwrap()).await;
    let mut refusals = 0;
    // Behind the header, at the beginning of each page, in its middle, and at its end.
    let places = (0..whole.len() / 4096).flat_map(|page| {
        let within = [if page == 0 { 100 } else { 0 }, 2_000, 4_032];
        within.map(|within| page * 4096 + within)
    });
    for place in places {
        let mut damaged = whole.clone();
        damaged[place..place + 64].fill(0xA5);
        std::fs::write(&path, &damaged).unwrap();
        match SqliteStore::open(&path) {
            // Not part of the structure; then what is in it must show it, or be what it was.
            Ok(store) => match store.check_journal().await {
                Ok(_) => assert_eq!(self::content(&store).await, content, "byte {place}"),
                Err(error) => {
                    assert!(error.hint().is_some(), "byte {place}: {error}");
                    refusals += 1;
                }
            },
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unusable, "{error}");
                assert!(error.hint().is_some_and(|hint| hint.contains("backup")));
                refusals += 1;
            }
        }
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "byte {place}");
    }
    assert!(refusals > 20, "{refusals}");
    std::fs::write(&path, &whole[..whole.len() - 4096]).unwrap();
    assert_eq!(
        refused(SqliteStore::open(&path)).0,
        StoreErrorKind::Unusable
    );
}

#[test]
fn a_folder_that_does_not_exist_is_said_so() {
    let (_folder, path) = folder();
    let path = path.join("state.db");
    for result in [SqliteStore::open(&path), SqliteStore::open_read_only(&path)] {
        let (kind, message) = refused(result);
        assert_eq!(kind, StoreErrorKind::Unusable);
        assert!(message.ends_with("state.db cannot be opened"), "{message}");
    }
}

#[tokio::test]
async fn an_empty_file_left_by_a_crash_becomes_a_state_file() {
    let (_folder, path) = folder();
    create_private(&path).unwrap();
    filled(&path).await;
}

/// A file as the first version made it.
fn of_version_1(path: &Path) {
    create_private(path).unwrap();
    let mut connection = Connection::open(path).unwrap();
    schema::migrate(&mut connection, Some(path), &schema::MIGRATIONS[..1]).unwrap();
    connection
        .execute("INSERT INTO decisions VALUES ('c', 7, 't')", [])
        .unwrap();
}

#[tokio::test]
async fn an_older_file_is_copied_and_then_migrated() {
    let (_folder, path) = folder();
    of_version_1(&path);
    let error = SqliteStore::open_read_only(&path).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state file has version 1; reading it needs version 4"
    );
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.memory().await.unwrap().decisions[0].client.get(), 7);
    let decided = store.decisions().await.unwrap().remove(0);
    assert_eq!((decided.at.as_str(), decided.by.as_str()), ("t", ""));
    store.save_usage(october(), &[]).await.unwrap();
    let backup = schema::backup_path(&path, 1);
    let copy = Connection::open(&backup).unwrap();
    let version: i64 = copy
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    let decisions: i64 = copy
        .query_row("SELECT count(*) FROM decisions", [], |row| row.get(0))
        .unwrap();
    assert_eq!((version, decisions), (1, 1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&backup).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(store);
    std::fs::remove_file(&backup).unwrap();
    SqliteStore::open(&path).unwrap();
    assert!(!backup.exists(), "a current file is not copied");
}

#[tokio::test]
async fn what_an_older_file_kept_outside_its_journal_is_journalled_as_it_is_found() {
    let (_folder, path) = folder();
    create_private(&path).unwrap();
    let mut connection = Connection::open(&path).unwrap();
    schema::migrate(&mut connection, Some(&path), &schema::MIGRATIONS[..3]).unwrap();
    connection
        .execute_batch(
            "INSERT INTO subject VALUES ('only', 'account a');
             INSERT INTO usage VALUES ('202610', 0, 'c', 'C', 'Backup', 'GB', '1.50', NULL);",
        )
        .unwrap();
    drop(connection);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.check_journal().await.unwrap(), 2);
    let journal = store.journal(&RunId::new("")).await.unwrap();
    let events: Vec<&str> = journal.iter().map(|row| &*row.event).collect();
    assert_eq!(events, ["bound", "usage_kept"]);
    assert_eq!(journal[0].body["subject"], "account a");
    assert_eq!(store.usage(october()).await.unwrap().len(), 1);
    assert!(schema::backup_path(&path, 3).exists());
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let (_folder, path) = folder();
    of_version_1(&path);
    let mut connection = Connection::open(&path).unwrap();
    let broken: &[schema::Migration] = &[schema::MIGRATIONS[0], |transaction| {
        transaction.execute_batch("CREATE TABLE half (x); CREATE TABLE half (x)")
    }];
    let error = schema::migrate(&mut connection, Some(&path), broken).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unusable);
    assert_eq!(schema::version(&connection).unwrap(), 1);
    assert!(connection.prepare("SELECT * FROM half").is_err());
}

#[tokio::test]
async fn a_read_only_store_reads_and_never_writes() {
    let (_folder, path) = folder();
    filled(&path).await;
    let content = std::fs::read(&path).unwrap();
    let store = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(store.runs(5).await.unwrap().len(), 1);
    assert_eq!(store.check_journal().await.unwrap(), 8);
    let error = store.save_usage(october(), &[]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unusable);
    let error = store.lock().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misuse);
    drop(store);
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert!(!lock::path_for(&path).exists());
}

#[tokio::test]
async fn a_file_is_read_as_immutable_where_nothing_can_be_made_beside_it() {
    let (folder, path) = folder();
    let odd = folder.path().join("a 100% #1? file.db");
    filled(&path).await;
    std::fs::rename(&path, &odd).unwrap();
    let uri = super::immutable_uri(&odd).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags).unwrap();
    let runs: i64 = connection
        .query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(runs, 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_reader_sees_what_a_writer_has_not_closed_yet() {
    let (_folder, path) = folder();
    let writer = SqliteStore::open(&path).unwrap();
    begin(&writer, &plan(2)).await;
    let reader = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(reader.runs(5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_leaves_what_was() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let plan = plan(200);
    let run = begin(&store, &plan).await;
    {
        let connection = store.connection();
        let pages: i64 = connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    }
    let mut error = None;
    let mut recorded = 0;
    while error.is_none() && recorded < 100 {
        match store.record(&run, &entries(&plan, Outcome::Started)).await {
            Ok(()) => recorded += 1,
            Err(it) => error = Some(it),
        }
    }
    let error = error.unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Unusable);
    assert_eq!(
        error.to_string(),
        "the state file cannot be written: the disk is full"
    );
    assert_eq!(
        store.check_journal().await.unwrap(),
        1 + recorded * 200,
        "the failed batch left nothing behind"
    );
}

#[tokio::test]
async fn a_plan_that_was_edited_in_the_file_is_not_resumed() {
    for sql in [
        "UPDATE plans SET document = replace(document, '\"after\":2', '\"after\":9')",
        "DELETE FROM plans",
    ] {
        let (_folder, path) = folder();
        filled(&path).await;
        tamper(&path, sql);
        let store = SqliteStore::open(&path).unwrap();
        let error = store.run(&"run-1".into()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Tampered, "{sql}");
    }
}

#[tokio::test]
async fn usage_of_several_months_is_kept_apart() {
    let store = SqliteStore::in_memory().unwrap();
    let rows = [UsageRow {
        customer: None,
        customer_name: String::new(),
        service: None,
        unit: String::new(),
        quantity: "0.1".parse().unwrap(),
        amount: None,
    }];
    store.save_usage(october(), &rows).await.unwrap();
    store
        .save_usage(october().next().unwrap(), &[])
        .await
        .unwrap();
    assert_eq!(store.usage(october()).await.unwrap(), rows);
}

#[test]
fn a_dead_process_holds_no_lock() {
    let (_folder, path) = folder();
    // What a process that was killed leaves: a lock file that nobody holds.
    std::fs::write(lock::path_for(&path), "4242\n").unwrap();
    let held = lock::take(&path).unwrap();
    let error = lock::take(&path).map(drop).unwrap_err();
    assert!(error.to_string().contains(&std::process::id().to_string()));
    assert_eq!(error.kind(), StoreErrorKind::Locked);
    drop(held);
    lock::take(&path).unwrap();
}

#[tokio::test]
async fn where_its_companions_cannot_be_made_only_a_closed_file_is_read() {
    let (folder, path) = folder();
    filled(&path).await;
    // What a read-only folder does, also for a superuser: SQLite cannot open its companion.
    std::fs::create_dir(folder.path().join("state.db-shm")).unwrap();
    let store = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(store.check_journal().await.unwrap(), 8);
    drop(store);
    std::fs::write(folder.path().join("state.db-wal"), [1; 64]).unwrap();
    let (kind, _) = refused(SqliteStore::open_read_only(&path));
    assert_eq!(
        kind,
        StoreErrorKind::Unusable,
        "what is pending would be overlooked"
    );
}
