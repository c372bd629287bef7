//! The state file changed from outside: whatever was changed, the check says what is not as the journal tells it.

use super::super::SqliteStore;
use super::{AT, entries, filled, folder, october, plan, tamper};
use crate::decision::{Decision, MappingDecision};
use crate::ids::{ClientId, Key, LicenceId, RunId};
use crate::memory::Owned;
use crate::run::{Outcome, RunStatus};
use crate::state::{NewRun, StateStore, StoreErrorKind, UsageRow};
use crate::testing::{create, plan_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[tokio::test]
async fn every_table_that_is_tampered_with_is_noticed() {
    let cases = [
        (
            "UPDATE journal SET body = '{\"position\":0}' WHERE sequence = 2",
            "row 2 of the journal",
        ),
        (
            "DELETE FROM journal WHERE sequence = 3",
            "row 3 of the journal: it is missing",
        ),
        (
            "DELETE FROM journal WHERE sequence = 8",
            "run run-1 is stored as applied",
        ),
        (
            "UPDATE changes SET outcome = 'rejected' WHERE position = 1",
            "change 1 of run run-1 is stored as rejected, but the journal says verified",
        ),
        (
            "UPDATE runs SET status = 'partial'",
            "run run-1 is stored as partial, but the journal says applied",
        ),
        (
            "UPDATE runs SET status = 'fine'",
            "the state file holds an unreadable status",
        ),
        (
            "INSERT INTO owned VALUES (1, 'A', 5, 1, '202610', '[]', '[]', 'run-1', 't')",
            "the owned subscription of client 1, A is not as the journal says",
        ),
        (
            "INSERT INTO choices VALUES (1, 'A', 5, 't', 'nobody')",
            "the decision on the record of client 1, A is not as the journal says",
        ),
        (
            "INSERT INTO decisions VALUES ('c', 1, 't', 'nobody')",
            "the decision on the client of customer c is not as the journal says",
        ),
    ];
    for (sql, message) in cases {
        let (_folder, path) = folder();
        filled(&path).await;
        tamper(&path, sql);
        let found = complaint(&path).await;
        assert!(found.starts_with(message), "{sql}: {found}");
    }
}

/// What the check says of a file that was changed.
async fn complaint(path: &Path) -> String {
    let store = SqliteStore::open(path).unwrap();
    let error = store.check_journal().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Tampered, "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("backup")));
    error.to_string()
}

/// Two runs of different plans, one with an overridden guard; then a subject, usage, a decision and something owned.
async fn lived_in(path: &Path) {
    filled(path).await;
    let store = SqliteStore::open(path).unwrap();
    let run_id = RunId::new("run-2");
    let second = plan_of(october(), vec![create(9, "B", 4), create(9, "C", 5)]);
    let run = NewRun {
        run_id: &run_id,
        plan: &second,
        approved_by: "ann",
        overrides: &BTreeMap::from([("max_zeroed".to_owned(), "seen".to_owned())]),
        at: AT.to_owned(),
    };
    store.begin_run(&run).await.unwrap();
    let mut sent = entries(&second, Outcome::Verified);
    sent[0].record.written_id = Some(LicenceId::new(70));
    sent[1].record.outcome = Outcome::Unknown;
    store.record(&run_id, &sent).await.unwrap();
    let status = RunStatus::Unknown;
    store.finish_run(&run_id, status, AT).await.unwrap();
    store.bind("account a").await.unwrap();
    let row = UsageRow {
        customer: Some("c".into()),
        customer_name: "C".to_owned(),
        service: Some("Backup".into()),
        unit: "GB".to_owned(),
        quantity: "1.50".parse().unwrap(),
        amount: None,
    };
    store.save_usage(october(), &[row]).await.unwrap();
    let decision = Decision::Customer(MappingDecision {
        customer: "c".into(),
        client: ClientId::new(7),
    });
    store.decide(&[decision], "ann", AT).await.unwrap();
    let owned = Owned {
        key: Key {
            client: ClientId::new(9),
            name: "B".to_owned(),
        },
        licence: LicenceId::new(70),
        count: 4,
        period: october(),
        customers: BTreeSet::new(),
        contracts: BTreeSet::new(),
    };
    store.own(&run_id, &[owned], AT).await.unwrap();
    assert_eq!(store.check_journal().await.unwrap(), 16);
}

/// Statements, one after the other, and what the check says then.
async fn each_is_noticed(cases: &[(&str, &str)]) {
    for (sql, message) in cases {
        let (_folder, path) = folder();
        lived_in(&path).await;
        for statement in sql.split(" THEN ") {
            tamper(&path, statement);
        }
        let found = complaint(&path).await;
        assert!(found.starts_with(message), "{sql}: {found}");
    }
}

#[tokio::test]
async fn who_approved_a_run_and_what_was_overridden_cannot_be_rewritten() {
    each_is_noticed(&[
        (
            "UPDATE runs SET overrides = '{}' WHERE run_id = 'run-2'",
            "what was overridden of run run-2 is stored as nothing, but the journal says max_zeroed (`seen`)",
        ),
        (
            "UPDATE runs SET approved_by = 'x' WHERE run_id = 'run-2'",
            "who approved the plan of run run-2 is stored as x, but the journal says ann",
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_plan_and_the_times_of_a_run_cannot_be_rewritten() {
    let first = plan(3).id().to_string();
    let swapped = format!("UPDATE runs SET plan_id = '{first}' WHERE run_id = 'run-2'");
    let said = format!("the plan of run run-2 is stored as {first}, but");
    each_is_noticed(&[
        (&swapped, &said),
        (
            "UPDATE runs SET period = '202609' WHERE run_id = 'run-2'",
            "the period of run run-2 is stored as 202609, but the journal says 202610",
        ),
        (
            "UPDATE runs SET started_at = 't' WHERE run_id = 'run-2'",
            "the start of run run-2 is stored as t, but",
        ),
        (
            "UPDATE runs SET finished_at = NULL WHERE run_id = 'run-2'",
            "the end of run run-2 is stored as none, but",
        ),
        (
            "UPDATE runs SET number = 0 WHERE run_id = 'run-2'",
            "the runs are not stored in the order in which",
        ),
        (
            "UPDATE changes SET after = 99 WHERE run_id = 'run-2' AND position = 1",
            "change 1 of run run-2 is not stored as its plan says",
        ),
        (
            "UPDATE changes SET client_id = 8 WHERE run_id = 'run-1' AND position = 0",
            "change 0 of run run-1 is not stored as its plan says",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_plan_that_is_gone_edited_or_replaced_is_noticed() {
    let second = plan_of(october(), vec![create(9, "B", 4), create(9, "C", 5)]);
    let other = plan_of(october(), vec![create(9, "B", 40), create(9, "C", 5)]);
    let (old, new) = (second.id(), other.id());
    let replaced = format!(
        "UPDATE plans SET plan_id = '{new}', document = '{}' WHERE plan_id = '{old}' THEN \
         UPDATE runs SET plan_id = '{new}' WHERE run_id = 'run-2' THEN \
         UPDATE changes SET after = 40 WHERE run_id = 'run-2' AND position = 0",
        other.to_json(true)
    );
    let gone = format!("DELETE FROM plans WHERE plan_id = '{old}'");
    let edited = format!(
        "UPDATE plans SET document = replace(document, '\"after\":5', '\"after\":9') WHERE plan_id = '{old}'"
    );
    each_is_noticed(&[
        (&gone, &format!("plan {old} is missing")),
        (&edited, &format!("plan {old} is not as it was")),
        (
            &replaced,
            &format!("the plan of run run-2 is stored as {new}, but the journal says {old}"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_record_and_the_note_of_a_change_cannot_be_rewritten() {
    each_is_noticed(&[
        (
            "UPDATE changes SET written_id = 71 WHERE run_id = 'run-2' AND position = 0",
            "the record of change 0 of run run-2 is stored as 71, but the journal says 70",
        ),
        (
            "UPDATE changes SET note = 'fine' WHERE run_id = 'run-2' AND position = 1",
            "the note of change 1 of run run-2 is stored as `fine`, but the journal says ``",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_run_or_a_change_that_is_missing_or_invented_is_noticed() {
    each_is_noticed(&[
        (
            "DELETE FROM changes WHERE run_id = 'run-2' AND position = 1",
            "the number of changes of run run-2 is stored as 1, but the journal says 2",
        ),
        (
            "DELETE FROM changes WHERE run_id = 'run-2'",
            "the number of changes of run run-2 is stored as 0, but the journal says 2",
        ),
        (
            "DELETE FROM changes WHERE run_id = 'run-2' THEN DELETE FROM runs WHERE run_id = 'run-2'",
            "run run-2 is not stored, but the journal says that it began",
        ),
        (
            "INSERT INTO runs SELECT 3, 'run-3', plan_id, period, status, started_at, finished_at, approved_by, overrides
             FROM runs WHERE run_id = 'run-1'",
            "run run-3 is stored, but the journal says nothing of it",
        ),
    ])
    .await;
}

#[tokio::test]
async fn usage_and_subject_cannot_be_rewritten() {
    let october = "the usage that is kept of 202610 is not as the journal says";
    let september = "the usage that is kept of 202609 is not as the journal says";
    each_is_noticed(&[
        ("UPDATE usage SET quantity = '2.50'", october),
        ("DELETE FROM usage", october),
        ("UPDATE usage SET period = '202611'", october),
        (
            "INSERT INTO usage SELECT '202609', position, customer_id, customer_name, service, unit, quantity, amount
             FROM usage",
            september,
        ),
        (
            "UPDATE subject SET name = 'account b'",
            "the state is stored as that of account b, but the journal says account a",
        ),
        (
            "DELETE FROM subject",
            "the state is stored as that of nobody, but the journal says account a",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_end_that_is_cut_off_with_what_it_says_is_noticed() {
    each_is_noticed(&[
        (
            "DELETE FROM journal WHERE event = 'owned' THEN DELETE FROM owned",
            "the journal ends with row 15, but its last row was 16",
        ),
        (
            "DELETE FROM journal WHERE event IN ('owned', 'decided') THEN DELETE FROM owned THEN DELETE FROM decisions",
            "the journal ends with row 14, but its last row was 16",
        ),
        (
            "DELETE FROM journal_end",
            "the journal ends with row 16, but its last row was 0",
        ),
    ])
    .await;
}

/// What no chain without a key can show: whoever rewrites everything that points to the end is believed.
#[tokio::test]
async fn an_end_that_is_cut_off_and_told_anew_is_not_noticed() {
    let (_folder, path) = folder();
    lived_in(&path).await;
    for sql in [
        "DELETE FROM journal WHERE event = 'owned'",
        "DELETE FROM owned",
        "INSERT OR REPLACE INTO journal_end SELECT 'only', sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1",
    ] {
        tamper(&path, sql);
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.check_journal().await.unwrap(), 15);
}

#[tokio::test]
async fn usage_is_as_it_was_kept_however_its_numbers_are_written() {
    let (_folder, path) = folder();
    lived_in(&path).await;
    tamper(&path, "UPDATE usage SET quantity = '1.5'");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.check_journal().await.unwrap(), 16);
}
