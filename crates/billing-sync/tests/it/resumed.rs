//! Going on with a stopped run after something it was planned on changed: settled always, sent only if nothing did.

use crate::waiting::Month;
use crate::world::{PER_GB, SERVER, World};
use async_trait::async_trait;
use billing_sync::apply::{Apply, ApplyError, Changed};
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::ports::{TargetWriter, Write, WriteOutcome};
use billing_sync::run::{Outcome, RunReport, RunStatus, StopSignal};
use billing_sync::target::{Standing, Subscription};
use billing_sync::testing::{Edit, FakeTarget, WriteFault, approved};

/// A writer after whose first batch somebody asks to stop.
#[derive(Debug)]
struct StopsAfterOne(FakeTarget, StopSignal);

#[async_trait]
impl TargetWriter for StopsAfterOne {
    async fn write(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        self.1.stop();
        self.0.write(batch).await
    }
}

/// Two subscriptions to make, of which one is made before the run is stopped.
async fn stopped(month: &mut Month) -> RunReport {
    let world = World::new()
        .uses("100", SERVER, "8")
        .uses("100", PER_GB, "5");
    month.usage = world.usage;
    let stop = StopSignal::new();
    let writer = StopsAfterOne(month.stage.target.clone(), stop.clone());
    let plan = approved(month.plan().await).unwrap();
    let lock = month.stage.store.lock().await.unwrap();
    let apply = Apply {
        writer: &writer,
        stop: &stop,
        ..month.stage.apply()
    };
    let run = month.stage.next_run();
    let report = apply.run(&*lock, run, &plan).await.unwrap();
    assert_eq!(report.status, RunStatus::Stopped);
    report
}

async fn resume(month: &Month) -> Result<Option<RunReport>, ApplyError> {
    let lock = month.stage.store.lock().await.unwrap();
    let apply = month.stage.apply();
    apply.resume(&*lock, &month.rules.digest()).await
}

fn left_unsent(result: Result<Option<RunReport>, ApplyError>) -> (usize, Changed) {
    match result {
        Err(error @ ApplyError::LeftUnsent { .. }) => {
            let hint = error.hint().unwrap();
            assert!(hint.contains("`plan` or `sync`"), "{hint}");
            let ApplyError::LeftUnsent { unsent, why, .. } = error else {
                unreachable!()
            };
            (unsent, why)
        }
        other => panic!("{other:?}"),
    }
}

fn all_of(month: &Month) -> Vec<i64> {
    let counts = month.stage.target.counts();
    counts.into_values().flatten().collect()
}

#[tokio::test]
async fn nothing_changed_and_the_rest_is_sent() {
    let mut month = Month::new();
    stopped(&mut month).await;
    let report = resume(&month).await.unwrap().unwrap();
    assert_eq!((report.status, report.verified()), (RunStatus::Applied, 2));
    assert_eq!(all_of(&month), [5, 8]);
}

#[tokio::test]
async fn what_was_made_by_hand_meanwhile_under_nearly_the_name_is_not_made_again() {
    let mut month = Month::new();
    let first = stopped(&mut month).await;
    let mut changes = first.changes.iter();
    let unsent = changes.find(|it| it.outcome == Outcome::Planned).unwrap();
    month.stage.target.edit_now(Edit::Put(Subscription {
        id: LicenceId::new(900),
        client: unsent.change.client_id,
        name: unsent.change.name.to_uppercase(),
        count: 99,
        standing: Standing::Active,
    }));
    let before = all_of(&month);
    let report = resume(&month).await.unwrap().unwrap();
    assert_eq!(report.status, RunStatus::Partial);
    let mut changes = report.changes.iter();
    let left = changes.find(|it| it.outcome == Outcome::Mismatch).unwrap();
    assert!(left.note.contains("which looks like it"), "{}", left.note);
    assert_eq!(all_of(&month), before);
}

#[tokio::test]
async fn under_other_rules_the_rest_is_planned_anew() {
    let mut month = Month::new();
    let first = stopped(&mut month).await;
    month.rules.limits.max_created = 7;
    let before = all_of(&month);
    assert_eq!(left_unsent(resume(&month).await), (1, Changed::Rules));
    assert_eq!(all_of(&month), before);
    let stored = month.stage.store.run(&first.run_id).await.unwrap().unwrap();
    assert_eq!(stored.summary.status, RunStatus::Stopped);
    let report = month.sync().await;
    assert_eq!(
        (report.status, report.changes.len()),
        (RunStatus::Applied, 1)
    );
    assert_eq!(all_of(&month), [5, 8]);
}

#[tokio::test]
async fn after_a_decision_the_rest_is_planned_anew() {
    let mut month = Month::new();
    stopped(&mut month).await;
    month.decide("100", 13).await;
    let before = all_of(&month);
    assert_eq!(left_unsent(resume(&month).await), (1, Changed::Decisions));
    assert_eq!(all_of(&month), before);
}

#[tokio::test]
async fn what_was_sent_is_settled_under_other_rules_too() {
    let mut month = Month::new();
    month.stage.target = month
        .stage
        .target
        .clone()
        .write_fault(0, WriteFault::Late(9));
    let first = stopped(&mut month).await;
    assert_eq!(
        first.changes[0].outcome,
        Outcome::NotApplied,
        "not there yet"
    );
    month.stage.target.land();
    month.rules.limits.max_created = 7;
    assert_eq!(left_unsent(resume(&month).await), (1, Changed::Rules));
    let stored = month.stage.store.run(&first.run_id).await.unwrap().unwrap();
    let outcomes: Vec<Outcome> = stored.changes.iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Outcome::Verified, Outcome::Planned]);
    let owned = month.stage.store.memory().await.unwrap().owned;
    assert_eq!(owned.len(), 1);
}

#[tokio::test]
async fn a_run_of_which_nothing_is_left_to_send_is_settled_and_reported() {
    let mut month = Month::new();
    month.stage.target = month.stage.target.clone().write_fault(0, WriteFault::Lied);
    let report = month.sync().await;
    assert_eq!(report.changes[0].outcome, Outcome::Mismatch);
    month.rules.limits.max_created = 7;
    let resumed = resume(&month).await.unwrap().unwrap();
    assert_eq!(resumed.status, RunStatus::Partial);
}

#[tokio::test]
async fn a_client_that_lost_its_customer_gets_nothing_more() {
    let mut month = Month::new();
    stopped(&mut month).await;
    month.field(12, &["200"]);
    let before = all_of(&month);
    let report = resume(&month).await.unwrap().unwrap();
    assert_eq!(report.status, RunStatus::Partial);
    let last = report.changes.last().unwrap();
    assert_eq!(
        (last.outcome, last.note.as_str()),
        (Outcome::Mismatch, "customer was 100 in the plan and is 200")
    );
    assert_eq!(last.change.client_id, ClientId::new(12));
    assert_eq!(all_of(&month), before);
}
