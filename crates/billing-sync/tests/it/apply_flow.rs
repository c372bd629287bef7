//! Apply when things go as they should, and when it must refuse.

use crate::apply_stage::{
    Stage, changes, expect_intent_first, key, outcomes, plan, plan_with, target,
};
use crate::world::{SERVER, World};
use billing_sync::apply::ApplyError;
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::plan::{Approval, Change, GuardName, Refusal};
use billing_sync::ports::{RunWatch, Write};
use billing_sync::run::{Drift, Outcome, Progress, RunStatus, StopSignal};
use billing_sync::state::MemoryStore;
use billing_sync::target::{Standing, Subscription, UnreadableRecord};
use billing_sync::testing::{
    Edit, FakeTarget, FaultyStore, Moment, Step, Trace, approved, create, keep, update, zero,
};
use std::sync::Arc;

#[tokio::test]
async fn a_plan_is_written_read_back_and_owned() {
    let stage = Stage::new(target().batch_size(25));
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(
        outcomes(&report),
        ["1/A", "1/B", "2/A", "2/B", "4/A"].map(|it| (it.to_owned(), Outcome::Verified))
    );
    assert_eq!(
        (report.applied(), report.failed(), report.unknown()),
        (5, 0, 0)
    );
    assert_eq!(report.adopted, 1);
    assert_eq!(
        stage.target.writes().len(),
        1,
        "one request for five writes"
    );
    assert_eq!(stage.target.reads(), 2, "one look before, one after");
    stage.expect_the_end().await;
    let run = stage.store.run(&report.run_id).await.unwrap().unwrap();
    assert_eq!(run.summary.status, RunStatus::Applied);
    assert_eq!(run.changes, report.changes);
    assert_eq!(run.summary.started_at, "2026-11-06T06:00:00.000Z");
    assert_eq!(stage.store.unfinished_run().await.unwrap(), None);
    assert_eq!(stage.resume().await.unwrap(), None);
}

#[tokio::test]
async fn the_same_plan_a_second_time_is_drift_and_writes_nothing() {
    let stage = Stage::new(target());
    stage.run(plan()).await.unwrap();
    let writes = stage.target.writes().len();
    let Err(ApplyError::Drift(drift)) = stage.run(plan()).await else {
        panic!("the records are not as the plan saw them");
    };
    let shown: Vec<_> = drift
        .iter()
        .map(|it| (it.key.to_string(), &*it.field, &*it.planned, &*it.found))
        .collect();
    assert_eq!(
        shown,
        [
            (
                "client 1, A".to_owned(),
                "record",
                "none",
                "subscription 1000 with count 5"
            ),
            (
                "client 1, B".to_owned(),
                "record",
                "none",
                "subscription 1001 with count 6"
            ),
            ("client 2, A".to_owned(), "count", "3", "7"),
            ("client 2, B".to_owned(), "count", "8", "0"),
            (
                "client 4, A".to_owned(),
                "record",
                "none",
                "subscription 1002 with count 9"
            ),
        ]
    );
    assert_eq!(stage.target.writes().len(), writes);
    assert_eq!(
        stage.store.runs(10).await.unwrap().len(),
        1,
        "no run was begun"
    );
}

#[tokio::test]
async fn nothing_to_write_takes_over_what_is_right_already() {
    let stage = Stage::new(target());
    let plan = plan_with(vec![keep(20, 2, "A", 3, true), keep(30, 3, "A", 4, false)]);
    let report = stage.run(plan.clone()).await.unwrap();
    assert_eq!((report.status, report.adopted), (RunStatus::Nothing, 1));
    assert_eq!(stage.target.writes(), Vec::<Vec<Write>>::new());
    let owned = stage.store.memory().await.unwrap().owned;
    let shown: Vec<_> = owned
        .iter()
        .map(|it| (it.key.clone(), it.licence.get(), it.count))
        .collect();
    assert_eq!(
        shown,
        [(key(2, "A"), 20, 3)],
        "the other was not read again, so it is not proved"
    );

    let rows = stage.store.check_journal().await.unwrap();
    stage.run(plan).await.unwrap();
    assert_eq!(
        stage.store.check_journal().await.unwrap() - rows,
        2,
        "what is owned as it is needs no new row"
    );
}

#[tokio::test]
async fn a_plan_of_a_month_that_was_closed_since_is_refused_unless_overridden() {
    let target = FakeTarget::new()
        .client(12, "Client 12", &["100"])
        .subscription(501, 12, SERVER, 5);
    let stage = Stage::new(target);
    let mut september = World::new()
        .client(12, "100")
        .uses("100", SERVER, "7")
        .has(501, 12, SERVER, 5);
    september.usage.period = "202609".parse().unwrap();
    let saved = september.plan();
    assert!(saved.guards().iter().all(|guard| !guard.tripped));
    let october = plan_with(vec![keep(501, 12, SERVER, 5, true)]);
    stage.run(october).await.unwrap();

    let Err(ApplyError::Refused(Refusal::Guards { guards })) = stage.run(saved.clone()).await
    else {
        panic!("October was billed with 5");
    };
    assert_eq!(guards.len(), 1);
    assert_eq!(guards[0].guard, GuardName::ClosedPeriod);
    assert_eq!(
        (&*guards[0].limit, &*guards[0].value),
        ("202610 or later", "202609")
    );
    assert_eq!(stage.target.writes(), Vec::<Vec<Write>>::new());
    assert_eq!(stage.store.runs(10).await.unwrap().len(), 1);

    let approval = Approval::by("test").overriding(GuardName::ClosedPeriod, "agreed by phone");
    let approved = saved.approve(approval).unwrap();
    let lock = stage.store.lock().await.unwrap();
    let apply = stage.apply();
    let run = apply.run(&*lock, stage.next_run(), &approved);
    assert_eq!(run.await.unwrap().status, RunStatus::Applied);
    assert_eq!(stage.target.records()[0].count, 7);
}

#[tokio::test]
async fn every_field_that_moved_is_named_and_nothing_is_written() {
    let record = |id, client, name: &str, count, standing| {
        Edit::Put(Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(client),
            name: name.to_owned(),
            count,
            standing,
        })
    };
    let active = Standing::Active;
    let cases = [
        (
            Edit::SetCount(LicenceId::new(20), 4),
            vec![("count", "3", "4")],
        ),
        (
            Edit::Remove(LicenceId::new(20)),
            vec![("record", "subscription 20", "gone")],
        ),
        (record(20, 2, "X", 3, active), vec![("name", "A", "X")]),
        (record(20, 3, "A", 3, active), vec![("client", "2", "3")]),
        (
            record(20, 2, "A", 3, Standing::Inactive),
            vec![("state", "active", "inactive")],
        ),
        (
            record(20, 2, "X", 4, Standing::Deleted),
            vec![
                ("state", "active", "deleted"),
                ("name", "A", "X"),
                ("count", "3", "4"),
            ],
        ),
        (
            record(40, 4, "A", 1, active),
            vec![("record", "none", "subscription 40 with count 1")],
        ),
        (
            record(41, 4, " a", 1, active),
            vec![(
                "record",
                "none",
                "subscription 41 ` a`, which looks like it, with count 1",
            )],
        ),
        (
            Edit::SetCount(LicenceId::new(30), 5),
            vec![("count", "4", "5")],
        ),
    ];
    for (edit, moved) in cases {
        let stage = Stage::new(target());
        stage.target.edit_now(edit.clone());
        let before = stage.target.records();
        let Err(ApplyError::Drift(drift)) = stage.run(plan()).await else {
            panic!("{edit:?} is drift");
        };
        let shown: Vec<_> = drift
            .iter()
            .map(|it| (&*it.field, &*it.planned, &*it.found))
            .collect();
        assert_eq!(shown, moved, "{edit:?}");
        assert_eq!(stage.target.records(), before);
        assert!(stage.store.runs(1).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn inactive_records_and_other_kinds_of_that_name_do_not_stand_in_the_way() {
    let target = target();
    for (id, standing) in [
        (40, Standing::Inactive),
        (41, Standing::Deleted),
        (42, Standing::OtherKind),
    ] {
        target.edit_now(Edit::Put(Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(4),
            name: "A".to_owned(),
            count: 9,
            standing,
        }));
    }
    let stage = Stage::new(target);
    assert_eq!(stage.run(plan()).await.unwrap().status, RunStatus::Applied);
    stage.expect_the_end().await;
}

#[tokio::test]
async fn an_unreadable_record_of_a_touched_client_is_drift() {
    for client in [Some(ClientId::new(1)), None] {
        let stage = Stage::new(target());
        stage.target.put_unreadable(UnreadableRecord {
            client,
            detail: "record 7 has no count".to_owned(),
        });
        let Err(ApplyError::Drift(drift)) = stage.run(plan()).await else {
            panic!("what cannot be read may be anything");
        };
        let unreadable =
            |it: &Drift| it.field == "record" && it.found == "unreadable: record 7 has no count";
        assert!(drift.iter().all(unreadable), "{drift:?}");
        assert_eq!(drift.len(), if client.is_some() { 2 } else { 6 });
        assert!(stage.target.writes().is_empty());
    }
    let stage = Stage::new(target());
    stage.target.put_unreadable(UnreadableRecord {
        client: Some(ClientId::new(9)),
        detail: "another client's".to_owned(),
    });
    assert_eq!(stage.run(plan()).await.unwrap().status, RunStatus::Applied);
}

#[tokio::test]
async fn a_record_renamed_before_the_plan_is_known_by_its_id() {
    let target = FakeTarget::new().subscription(20, 2, "Renamed", 3);
    let stage = Stage::new(target);
    let renamed = Change {
        found_name: Some("Renamed".to_owned()),
        ..update(20, 2, "A", 3, 7)
    };
    let report = stage.run(plan_with(vec![renamed])).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(stage.target.counts()[&key(2, "Renamed")], [7]);
    assert_eq!(
        stage.store.memory().await.unwrap().owned[0].key,
        key(2, "A")
    );
    let verified = stage.apply().verify(None).await.unwrap();
    assert_eq!((verified.checked, verified.agreeing), (1, 1));
}

#[tokio::test]
async fn a_plan_that_contradicts_itself_is_not_begun() {
    let no_record = Change {
        licence_id: None,
        ..update(20, 2, "A", 3, 7)
    };
    let with_record = Change {
        licence_id: Some(LicenceId::new(20)),
        ..create(2, "A", 7)
    };
    let not_zero = Change {
        after: 1,
        ..zero(20, 2, "A", 3)
    };
    for changes in [
        vec![no_record],
        vec![with_record],
        vec![not_zero],
        vec![create(1, "A", -1)],
        vec![create(1, "A", 1), create(1, "A", 2)],
        vec![update(20, 2, "A", 3, 7), update(20, 2, "C", 3, 7)],
    ] {
        let stage = Stage::new(target());
        let error = stage.run(plan_with(changes.clone())).await.unwrap_err();
        assert!(matches!(error, ApplyError::Malformed(_)), "{changes:?}");
        assert!(stage.target.writes().is_empty());
        assert!(stage.store.runs(1).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_subscription_without_usage_keeps_the_customers_it_had() {
    let stage = Stage::new(target());
    stage
        .run(plan_with(vec![update(20, 2, "A", 3, 7)]))
        .await
        .unwrap();
    let before = stage.store.memory().await.unwrap().owned.remove(0);
    assert_eq!(before.customers, ["customer-2".into()].into());
    stage
        .run(plan_with(vec![zero(20, 2, "A", 7)]))
        .await
        .unwrap();
    let after = stage.store.memory().await.unwrap().owned.remove(0);
    assert_eq!(
        (after.count, &after.customers, &after.contracts),
        (0, &before.customers, &before.contracts)
    );
}

#[tokio::test]
async fn ids_of_new_subscriptions_are_learnt_by_reading_when_the_answer_is_silent() {
    let stage = Stage::new(target().batch_size(25).silent());
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(report.changes[0].written_id, Some(LicenceId::new(1000)));
    stage.expect_the_end().await;
}

#[tokio::test]
async fn intent_is_durable_before_every_request_and_clients_never_overlap() {
    for (batch, concurrency) in [(1, 1), (1, 4), (2, 3), (3, 2), (25, 4)] {
        let trace = Trace::new();
        let mut stage = Stage::new(
            target()
                .batch_size(batch)
                .noting(trace.clone())
                .bad_name("A", billing_sync::testing::Batching::SkipsBad),
        );
        stage.concurrency = concurrency;
        let store = FaultyStore::new(Arc::clone(&stage.store)).noting(trace.clone());
        stage.run_on(&store, plan()).await.unwrap();
        expect_intent_first(&trace.steps());
        assert_eq!(
            stage.target.overlaps(),
            0,
            "batch {batch}, {concurrency} at once"
        );
        assert!(stage.target.most_at_once() <= concurrency);
        let steps = trace.steps();
        assert_eq!(steps.last(), Some(&Step::Ended));
    }
}

#[tokio::test]
async fn several_requests_are_out_at_once_when_allowed() {
    let mut stage = Stage::new(target().batch_size(1));
    stage.concurrency = 3;
    stage.run(plan()).await.unwrap();
    assert_eq!(stage.target.most_at_once(), 3);
    stage.expect_the_end().await;
}

/// Asks to stop once so many batches are done.
#[derive(Debug)]
struct StopAfter(usize, StopSignal);

impl RunWatch for StopAfter {
    fn progress(&self, progress: &Progress<'_>) {
        if matches!(progress, Progress::BatchDone { done, .. } if *done >= self.0) {
            self.1.stop();
        }
    }
}

#[tokio::test]
async fn a_stop_between_batches_proves_what_was_written_and_resume_does_the_rest() {
    for after in 1..=5 {
        let mut stage = Stage::new(target());
        stage.watch = Arc::new(StopAfter(after, stage.stop.clone()));
        let report = stage.run(plan()).await.unwrap();
        assert_eq!(report.verified(), after);
        assert_eq!(stage.target.writes().len(), after);
        let done = after == 5;
        assert_eq!(
            report.status,
            if done {
                RunStatus::Applied
            } else {
                RunStatus::Stopped
            },
            "a stop that comes after the last batch stops nothing"
        );
        stage.expect_true(&report);
        stage.stop = StopSignal::new();
        stage.watch = Arc::new(billing_sync::ports::Unwatched);
        let resumed = stage.resume().await.unwrap();
        assert_eq!(resumed.is_none(), done);
        if let Some(resumed) = resumed {
            assert_eq!(
                (resumed.run_id, resumed.status),
                (report.run_id, RunStatus::Applied)
            );
        }
        stage.expect_the_end().await;
    }
}

#[tokio::test]
async fn a_stop_before_anything_was_begun_begins_nothing() {
    let stage = Stage::new(target());
    stage.stop.stop();
    assert!(matches!(stage.run(plan()).await, Err(ApplyError::Stopped)));
    assert!(stage.store.runs(1).await.unwrap().is_empty());
    assert!(stage.target.writes().is_empty());
}

#[tokio::test]
async fn a_stopped_run_may_be_followed_by_a_new_plan_instead() {
    let mut stage = Stage::new(target());
    stage.watch = Arc::new(StopAfter(2, stage.stop.clone()));
    stage.run(plan()).await.unwrap();
    stage.stop = StopSignal::new();
    stage.watch = Arc::new(billing_sync::ports::Unwatched);
    assert_eq!(stage.settle().await.unwrap(), None, "nothing is open");
    stage.converge().await;
    assert_eq!(
        stage.resume().await.unwrap(),
        None,
        "the stopped run was followed by another"
    );
}

#[tokio::test]
async fn verify_attests_and_names_what_a_person_changed() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap().run_id;
    let whole = stage.apply().verify(Some(&run)).await.unwrap();
    assert_eq!(
        (whole.checked, whole.agreeing, whole.differences.len()),
        (5, 5, 0)
    );
    let all = stage.apply().verify(None).await.unwrap();
    assert_eq!((all.run_id, all.checked, all.agreeing), (None, 6, 6));

    stage.target.edit_now(Edit::SetCount(LicenceId::new(20), 8));
    stage.target.edit_now(Edit::Remove(LicenceId::new(1000)));
    let writes = stage.target.writes().len();
    for report in [
        stage.apply().verify(Some(&run)).await.unwrap(),
        stage.apply().verify(None).await.unwrap(),
    ] {
        assert_eq!(report.checked - report.agreeing, 2);
        let shown: Vec<_> = report
            .differences
            .iter()
            .map(|it| (it.key.clone(), &*it.field, &*it.planned, &*it.found))
            .collect();
        assert_eq!(
            shown,
            [
                (key(1, "A"), "record", "subscription 1000", "gone"),
                (key(2, "A"), "count", "7", "8"),
            ]
        );
    }
    assert_eq!(stage.target.writes().len(), writes);
    let none = stage.apply().verify(Some(&"none".into())).await;
    assert!(matches!(none, Err(ApplyError::NoSuchRun(_))));
}

#[tokio::test]
async fn an_edit_during_the_run_is_a_mismatch_of_that_change_only() {
    let target = target().batch_size(25).edit(
        Moment::BeforeRead(1),
        Edit::SetCount(LicenceId::new(20), 99),
    );
    let stage = Stage::new(target);
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(report.status, RunStatus::Partial);
    let odd = &report.changes[2];
    assert_eq!(
        (odd.outcome, &*odd.note),
        (Outcome::Mismatch, "its count is 99")
    );
    assert_eq!(report.verified(), 4);
    let (reads, writes) = (stage.target.reads(), stage.target.writes().len());
    let again = stage.resume().await.unwrap().unwrap();
    assert_eq!((again.status, again.failed()), (RunStatus::Partial, 1));
    assert!(!again.goes_on(), "a record that moved needs a new plan");
    assert_eq!(again.changes, report.changes);
    assert_eq!(
        (stage.target.reads(), stage.target.writes().len()),
        (reads, writes)
    );
    stage.converge().await;
}

#[tokio::test]
async fn a_run_that_is_not_settled_stands_in_the_way_of_the_next() {
    let stage = Stage::new(target());
    let polls = 12;
    assert!(
        billing_sync::testing::run_for(stage.run(plan()), polls).is_none(),
        "the run was killed"
    );
    let error = stage.run(stage.plan_anew()).await.unwrap_err();
    assert!(
        matches!(&error, ApplyError::Unfinished(run) if run.as_str() == "run-1"),
        "{error:?}"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("resume")));
    assert!(stage.settle().await.unwrap().is_some());
    stage.converge().await;
}

#[test]
fn a_run_can_be_handed_to_another_thread() {
    fn is_send(_: impl Send) {}
    let stage = Stage::with(target(), Arc::new(MemoryStore::new()));
    let approved = approved(plan_with(changes())).unwrap();
    let apply = stage.apply();
    let lock = billing_sync::testing::run_for(stage.store.lock(), 1)
        .unwrap()
        .unwrap();
    is_send(apply.run(&*lock, stage.next_run(), &approved));
    is_send(apply.resume(&*lock, "by hand"));
    is_send(apply.settle(&*lock));
    is_send(apply.verify(None));
}
