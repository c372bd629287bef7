//! What a state store has to keep.

use super::must;
use crate::decision::{Decision, MappingDecision, Question, SubscriptionChoice};
use crate::ids::{ClientId, Key, LicenceId, RunId};
use crate::memory::Owned;
use crate::period::Period;
use crate::plan::Plan;
use crate::run::{ChangeRecord, Outcome, RunStatus};
use crate::state::{JournalEntry, NewRun, StateStore, StoreErrorKind, UsageRow};
use crate::testing::{create, keep, plan_of, update, zero};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Runs the whole suite. `make` returns a new, empty store each time.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn state_store<S: StateStore>(make: impl Fn() -> S) {
    an_empty_store_knows_nothing(&make()).await;
    a_run_is_stored_as_it_was_begun(&make()).await;
    outcomes_are_recorded_and_journalled(&make()).await;
    a_misfit_among_the_outcomes_changes_nothing(&make()).await;
    what_does_not_exist_is_misuse(&make()).await;
    only_the_newest_run_can_be_unfinished(&make()).await;
    a_key_and_a_record_are_owned_once(&make()).await;
    a_bound_state_is_used_for_nothing_else(&make()).await;
    decisions_are_replaced_and_taken_back(&make()).await;
    usage_is_replaced(&make()).await;
    the_lock_is_held_by_one(&make()).await;
}

fn october() -> Period {
    must(Period::new(2026, 10))
}

fn plan() -> Plan {
    plan_of(
        october(),
        vec![
            create(1, "A", 5),
            keep(20, 2, "B", 3, true),
            update(30, 3, "C", 1, 2),
            zero(40, 4, "D", 7),
        ],
    )
}

const AT: &str = "2026-11-06T06:00:00.000Z";
const LATER: &str = "2026-11-06T06:00:01.000Z";

async fn begin<S: StateStore>(store: &S, run: &str) -> RunId {
    let run_id = RunId::new(run);
    let new = NewRun {
        run_id: &run_id,
        plan: &plan(),
        approved_by: "test",
        overrides: &BTreeMap::from([("max_zeroed".to_owned(), "agreed".to_owned())]),
        at: AT.to_owned(),
    };
    must(store.begin_run(&new).await);
    run_id
}

fn entry(position: usize, outcome: Outcome, written: Option<i64>, note: &str) -> JournalEntry {
    let mut records = ChangeRecord::all_of(&plan());
    records.retain(|record| record.position == position);
    let mut record = records.pop().unwrap_or_else(|| ChangeRecord {
        position,
        change: create(9, "Z", 1),
        outcome,
        written_id: None,
        note: String::new(),
    });
    record.outcome = outcome;
    record.written_id = written.map(LicenceId::new);
    note.clone_into(&mut record.note);
    JournalEntry {
        record,
        at: LATER.to_owned(),
    }
}

fn owned(client: i64, name: &str, licence: i64, count: i64) -> Owned {
    Owned {
        key: Key {
            client: ClientId::new(client),
            name: name.to_owned(),
        },
        licence: LicenceId::new(licence),
        count,
        period: october(),
        customers: BTreeSet::from(["v1".into(), "v2".into()]),
        contracts: BTreeSet::from(["k".into()]),
    }
}

async fn an_empty_store_knows_nothing<S: StateStore>(store: &S) {
    let memory = must(store.memory().await);
    assert!(memory.owned.is_empty() && memory.decisions.is_empty());
    assert_eq!(memory.newest_run, None);
    assert_eq!(must(store.unfinished_run().await), None);
    assert_eq!(must(store.run(&RunId::new("none")).await), None);
    assert!(must(store.runs(10).await).is_empty());
    assert!(must(store.journal(&RunId::new("none")).await).is_empty());
    assert_eq!(must(store.check_journal().await), 0);
    assert!(must(store.usage(october()).await).is_empty());
}

async fn a_run_is_stored_as_it_was_begun<S: StateStore>(store: &S) {
    let run = begin(store, "run-1").await;
    let Some(stored) = must(store.run(&run).await) else {
        panic!("the run is not there");
    };
    assert_eq!(stored.plan, plan());
    assert_eq!(stored.changes, ChangeRecord::all_of(&plan()));
    let positions: Vec<usize> = stored.changes.iter().map(|it| it.position).collect();
    assert_eq!(
        positions,
        [0, 2, 3],
        "a change that needs no write is none of the run's"
    );
    assert_eq!(
        stored.overrides,
        BTreeMap::from([("max_zeroed".to_owned(), "agreed".to_owned())])
    );
    let summary = &stored.summary;
    assert_eq!(
        (
            summary.status,
            summary.started_at.as_str(),
            &summary.finished_at
        ),
        (RunStatus::Running, AT, &None)
    );
    assert_eq!(summary.approved_by, "test");
    assert_eq!(summary.period, october());
    assert_eq!(&summary.plan_id, plan().id());
    assert_eq!(
        (
            summary.changes,
            summary.applied,
            summary.failed,
            summary.unknown
        ),
        (3, 0, 3, 0)
    );
    assert_eq!(must(store.unfinished_run().await), Some(stored));
}

async fn outcomes_are_recorded_and_journalled<S: StateStore>(store: &S) {
    let run = begin(store, "run-1").await;
    must(
        store
            .record(
                &run,
                &[
                    entry(0, Outcome::Started, None, ""),
                    entry(2, Outcome::Started, Some(30), ""),
                ],
            )
            .await,
    );
    must(
        store
            .record(&run, &[entry(0, Outcome::Verified, Some(77), "")])
            .await,
    );
    must(store.record(&run, &[]).await);
    must(store.own(&run, &[owned(1, "A", 77, 5)], LATER).await);
    must(store.finish_run(&run, RunStatus::Unknown, LATER).await);
    let Some(stored) = must(store.run(&run).await) else {
        panic!("the run is not there");
    };
    let outcomes: Vec<_> = stored
        .changes
        .iter()
        .map(|it| (it.position, it.outcome, it.written_id))
        .collect();
    assert_eq!(
        outcomes,
        [
            (0, Outcome::Verified, Some(LicenceId::new(77))),
            (2, Outcome::Started, Some(LicenceId::new(30))),
            (3, Outcome::Planned, None),
        ]
    );
    let summary = &stored.summary;
    assert_eq!(
        (
            summary.changes,
            summary.applied,
            summary.failed,
            summary.unknown
        ),
        (3, 1, 1, 1)
    );
    assert_eq!(summary.finished_at.as_deref(), Some(LATER));
    let journal = must(store.journal(&run).await);
    let events: Vec<_> = journal
        .iter()
        .map(|row| (row.sequence, row.event.as_str()))
        .collect();
    assert_eq!(
        events,
        [
            (1, "run_begun"),
            (2, "started"),
            (3, "started"),
            (4, "verified"),
            (5, "owned"),
            (6, "run_ended"),
        ]
    );
    assert_eq!(journal[3].body["written_id"], 77);
    assert_eq!(journal[0].body["plan_id"], plan().id().as_str());
    assert_eq!(must(store.check_journal().await), 6);
}

async fn a_misfit_among_the_outcomes_changes_nothing<S: StateStore>(store: &S) {
    let run = begin(store, "run-1").await;
    let before = must(store.run(&run).await);
    let entries = [
        entry(0, Outcome::Started, None, ""),
        entry(1, Outcome::Started, None, ""),
    ];
    let error = store.record(&run, &entries).await;
    assert_eq!(error.map_err(|it| it.kind()), Err(StoreErrorKind::Misuse));
    assert_eq!(must(store.run(&run).await), before);
    assert_eq!(must(store.check_journal().await), 1);
}

async fn what_does_not_exist_is_misuse<S: StateStore>(store: &S) {
    let none = RunId::new("none");
    let kind = |result: Result<(), crate::state::StoreError>| result.map_err(|it| it.kind());
    let misuse = Err(StoreErrorKind::Misuse);
    assert_eq!(
        kind(
            store
                .record(&none, &[entry(0, Outcome::Started, None, "")])
                .await
        ),
        misuse
    );
    assert_eq!(
        kind(store.own(&none, &[owned(1, "A", 7, 1)], AT).await),
        misuse
    );
    assert_eq!(
        kind(store.finish_run(&none, RunStatus::Applied, AT).await),
        misuse
    );
    assert_eq!(must(store.check_journal().await), 0);
    let run = begin(store, "twice").await;
    let again = NewRun {
        run_id: &run,
        plan: &plan(),
        approved_by: "other",
        overrides: &BTreeMap::new(),
        at: LATER.to_owned(),
    };
    assert_eq!(kind(store.begin_run(&again).await), misuse);
    assert_eq!(must(store.runs(10).await).len(), 1);
    assert_eq!(must(store.check_journal().await), 1);
}

async fn only_the_newest_run_can_be_unfinished<S: StateStore>(store: &S) {
    for (number, status) in [
        (1, RunStatus::Partial),
        (2, RunStatus::Stopped),
        (3, RunStatus::Unknown),
        (4, RunStatus::Applied),
        (5, RunStatus::Nothing),
    ] {
        let run = begin(store, &format!("run-{number}")).await;
        let found = must(store.unfinished_run().await).map(|it| it.summary.run_id);
        assert_eq!(found, Some(run.clone()), "a run that goes on is not ended");
        let newest = must(store.memory().await).newest_run;
        assert_eq!(
            newest,
            Some(run.clone()),
            "a plan says what it was made after"
        );
        must(store.finish_run(&run, status, LATER).await);
        let found = must(store.unfinished_run().await).map(|it| it.summary.run_id);
        assert_eq!(found.is_some(), status.is_unfinished(), "{status:?}");
    }
    let ids: Vec<_> = must(store.runs(3).await)
        .into_iter()
        .map(|it| it.run_id.to_string())
        .collect();
    assert_eq!(ids, ["run-5", "run-4", "run-3"]);
}

async fn a_key_and_a_record_are_owned_once<S: StateStore>(store: &S) {
    let run = begin(store, "run-1").await;
    must(
        store
            .own(&run, &[owned(2, "B", 20, 1), owned(1, "A", 10, 1)], AT)
            .await,
    );
    assert_eq!(
        must(store.memory().await).owned,
        [owned(1, "A", 10, 1), owned(2, "B", 20, 1)]
    );
    must(store.own(&run, &[owned(1, "A", 11, 2)], AT).await);
    assert_eq!(
        must(store.memory().await).owned,
        [owned(1, "A", 11, 2), owned(2, "B", 20, 1)],
        "the key has another record now"
    );
    must(store.own(&run, &[owned(1, "C", 20, 3)], AT).await);
    assert_eq!(
        must(store.memory().await).owned,
        [owned(1, "A", 11, 2), owned(1, "C", 20, 3)],
        "the record has another key now"
    );
    must(store.own(&run, &[owned(1, "A", 10, 4)], AT).await);
    assert_eq!(
        must(store.memory().await).owned,
        [owned(1, "A", 10, 4), owned(1, "C", 20, 3)]
    );
    assert_eq!(must(store.check_journal().await), 6);
}

async fn a_bound_state_is_used_for_nothing_else<S: StateStore>(store: &S) {
    assert_eq!(must(store.subject().await), None);
    must(store.bind("account a, tenant t").await);
    must(store.bind("account a, tenant t").await);
    assert_eq!(must(store.check_journal().await), 1);
    let refused = store.bind("account a, tenant u").await;
    let refused = refused.map_err(|error| (error.kind(), error.hint().is_some()));
    assert_eq!(refused, Err((StoreErrorKind::Misuse, true)));
    assert_eq!(
        must(store.subject().await).as_deref(),
        Some("account a, tenant t")
    );
}

async fn decisions_are_replaced_and_taken_back<S: StateStore>(store: &S) {
    let mapped = |customer: &str, client| MappingDecision {
        customer: customer.into(),
        client: ClientId::new(client),
    };
    let chosen = |name: &str, licence| SubscriptionChoice {
        key: owned(1, name, licence, 0).key,
        licence: LicenceId::new(licence),
    };
    let client = |customer: &str, client| Decision::Customer(mapped(customer, client));
    let record = |name: &str, licence| Decision::Subscription(chosen(name, licence));
    must(
        store
            .decide(&[record("B", 7), client("b", 1)], "ann", AT)
            .await,
    );
    must(
        store
            .decide(&[client("a", 2), record("A", 8)], "ann", AT)
            .await,
    );
    must(store.decide(&[], "ann", AT).await);
    let again = [client("b", 4), client("b", 3), record("B", 9)];
    must(store.decide(&again, "bob", LATER).await);
    let memory = must(store.memory().await);
    assert_eq!(memory.decisions, [mapped("a", 2), mapped("b", 3)]);
    assert_eq!(memory.choices, [chosen("A", 8), chosen("B", 9)]);
    let kept = must(store.decisions().await);
    let kept: Vec<_> = kept
        .into_iter()
        .map(|it| (it.decision, it.by, it.at))
        .collect();
    let by = |decision, by: &str, at: &str| (decision, by.to_owned(), at.to_owned());
    assert_eq!(
        kept,
        [
            by(client("a", 2), "ann", AT),
            by(client("b", 3), "bob", LATER),
            by(record("A", 8), "ann", AT),
            by(record("B", 9), "bob", LATER),
        ]
    );
    assert_eq!(must(store.check_journal().await), 7);

    let questions = [
        Question::Customer("b".into()),
        record("A", 8).question(),
        Question::Customer("nobody".into()),
    ];
    assert_eq!(must(store.undecide(&questions, "eve", LATER).await), 2);
    assert_eq!(must(store.undecide(&questions, "eve", LATER).await), 0);
    let memory = must(store.memory().await);
    assert_eq!(memory.decisions, [mapped("a", 2)]);
    assert_eq!(memory.choices, [chosen("B", 9)]);
    let journal = must(store.journal(&RunId::new("")).await);
    let events: Vec<_> = journal
        .iter()
        .map(|row| (row.event.as_str(), row.body["by"].as_str()))
        .collect();
    let (ann, bob, eve) = (Some("ann"), Some("bob"), Some("eve"));
    assert_eq!(
        events,
        [
            ("chosen", ann),
            ("decided", ann),
            ("decided", ann),
            ("chosen", ann),
            ("decided", bob),
            ("decided", bob),
            ("chosen", bob),
            ("undecided", eve),
            ("undecided", eve),
        ]
    );
    assert_eq!(must(store.check_journal().await), 9);
}

async fn usage_is_replaced<S: StateStore>(store: &S) {
    let row = |customer: Option<&str>, quantity: &str| UsageRow {
        customer: customer.map(Into::into),
        customer_name: "Name".to_owned(),
        service: Some("Backup".into()),
        unit: "GB".to_owned(),
        quantity: must(quantity.parse::<Decimal>()),
        amount: customer.map(|_| Decimal::new(12345, 2)),
    };
    must(store.save_usage(october(), &[row(Some("x"), "9")]).await);
    let rows = [row(Some("v"), "1234567890.000000001"), row(None, "0.10")];
    must(store.save_usage(october(), &rows).await);
    let read = must(store.usage(october()).await);
    assert_eq!(
        read,
        [rows[1].clone(), rows[0].clone()],
        "sorted by customer, exact"
    );
    let Some(november) = october().next() else {
        panic!("October has a next month");
    };
    assert!(must(store.usage(november).await).is_empty());
    assert_eq!(must(store.check_journal().await), 2);
    must(store.save_usage(october(), &[]).await);
    assert!(must(store.usage(october()).await).is_empty());
    assert_eq!(must(store.check_journal().await), 3);
}

async fn the_lock_is_held_by_one<S: StateStore>(store: &S) {
    let lock = must(store.lock().await);
    let second = store.lock().await.map(drop);
    assert_eq!(second.map_err(|it| it.kind()), Err(StoreErrorKind::Locked));
    drop(lock);
    drop(must(store.lock().await));
}
