//! A system that stores a name otherwise than it was sent: there is one subscription in the end, whatever is tried.

use crate::waiting::{Month, run};
use crate::world::World;
use billing_sync::apply::ApplyError;
use billing_sync::follow_up::{FollowUpInput, plan_retry};
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::plan::{ChangeKind, RequestSizes};
use billing_sync::ports::TargetReader as _;
use billing_sync::run::{Outcome, RunReport, RunStatus};
use billing_sync::target::{Standing, Subscription};
use billing_sync::testing::{Edit, FakeTarget, Moment, WriteFault};

const NAME: &str = "Größe";
const STORED: &str = "Gr??e";

/// Eight of a service with letters in its name that the system keeps as question marks; another subscription of the client
/// has that count already.
fn month(target: impl Fn(FakeTarget) -> FakeTarget) -> Month {
    let mut month = Month::new();
    month.usage = World::new().uses("100", NAME, "8").usage;
    let there = month
        .stage
        .target
        .clone()
        .subscription(500, 12, "Office", 8);
    month.stage.target = target(there.mangling_names());
    month
}

fn names(month: &Month) -> Vec<(i64, String, i64)> {
    let records = month.stage.target.records().into_iter();
    records.map(|it| (it.id.get(), it.name, it.count)).collect()
}

fn one_was_made() -> Vec<(i64, String, i64)> {
    vec![(500, "Office".to_owned(), 8), (1000, STORED.to_owned(), 8)]
}

async fn resume(month: &Month) -> RunReport {
    month.stage.resume().await.unwrap().unwrap()
}

fn outcome(report: &RunReport) -> (RunStatus, Outcome) {
    (report.status, report.changes[0].outcome)
}

#[tokio::test]
async fn the_record_that_the_answer_shows_is_the_one_that_was_made() {
    let month = month(|target| target);
    let report = month.sync().await;
    assert_eq!(outcome(&report), (RunStatus::Applied, Outcome::Verified));
    let made = &report.changes[0];
    assert_eq!(made.written_id, Some(LicenceId::new(1000)));
    assert_eq!(made.note, format!("it was stored as `{STORED}`"));
    let owned = month.stage.store.memory().await.unwrap().owned;
    assert_eq!((&*owned[0].key.name, owned[0].licence.get()), (NAME, 1000));
    let again = month.sync().await;
    assert_eq!(again.status, RunStatus::Nothing);
    assert_eq!(names(&month), one_was_made());
}

#[tokio::test]
async fn without_an_answer_that_shows_it_nothing_is_made_again() {
    for lost in [false, true] {
        let month = month(|target| {
            if lost {
                target.write_fault(0, WriteFault::Lost(1))
            } else {
                target.silent()
            }
        });
        let report = month.sync().await;
        assert_eq!(outcome(&report), (RunStatus::Unknown, Outcome::Unknown));
        let note = &report.changes[0].note;
        assert!(note.contains("subscription 1000 `Gr??e` is new"), "{note}");
        assert!(
            note.contains("`map adopt` under the name `Größe`"),
            "{note}"
        );
        for _ in 0..2 {
            let resumed = resume(&month).await;
            assert_eq!(outcome(&resumed), (RunStatus::Unknown, Outcome::Unknown));
        }
        let settled = month.stage.settle().await.unwrap().unwrap();
        assert_eq!(settled.unknown(), 1);
        let saved = month.plan().await;
        let refused = month.stage.run(saved).await;
        assert!(matches!(refused, Err(ApplyError::Unfinished(of)) if of == run(1)));
        assert_eq!(names(&month), one_was_made());
    }
}

#[tokio::test]
async fn a_person_settles_it_by_choosing_the_record() {
    let month = month(FakeTarget::silent);
    month.sync().await;
    month.choose(12, NAME, 1000).await;
    let resumed = resume(&month).await;
    assert_eq!(outcome(&resumed), (RunStatus::Applied, Outcome::Verified));
    let owned = month.stage.store.memory().await.unwrap().owned;
    assert_eq!((&*owned[0].key.name, owned[0].licence.get()), (NAME, 1000));
    let plan = month.plan().await;
    let kinds: Vec<ChangeKind> = plan.changes().iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ChangeKind::Keep]);
    assert_eq!(names(&month), one_was_made());
}

#[tokio::test]
async fn a_record_of_somebody_else_is_out_of_the_way_once_its_count_is_another() {
    let month = month(|target| target.write_fault(0, WriteFault::Lost(0)));
    let others = |count| {
        Edit::Put(Subscription {
            id: LicenceId::new(700),
            client: ClientId::new(12),
            name: "Telephones".to_owned(),
            count,
            standing: Standing::Active,
        })
    };
    let target = month.stage.target.clone();
    let _edited = target.edit(Moment::BeforeWrite(0), others(8));
    let report = month.sync().await;
    assert_eq!(outcome(&report), (RunStatus::Unknown, Outcome::Unknown));
    month.stage.target.edit_now(others(9));
    let resumed = resume(&month).await;
    assert_eq!(outcome(&resumed), (RunStatus::Applied, Outcome::Verified));
    let made = (1000, STORED.to_owned(), 8);
    assert!(
        names(&month).contains(&made),
        "made now: {:?}",
        names(&month)
    );
}

#[tokio::test]
async fn a_subscription_that_was_overwritten_instead_is_noticed() {
    let month = month(|target| target.subscription(501, 12, "gr??e", 3));
    // The system takes the new one for the one it has.
    let overwritten = Edit::SetCount(LicenceId::new(501), 8);
    let target = month.stage.target.clone();
    let target = target.edit(Moment::BeforeWrite(0), overwritten);
    let _lost = target.write_fault(0, WriteFault::Lost(0));
    let report = month.sync().await;
    assert_eq!(outcome(&report), (RunStatus::Unknown, Outcome::Unknown));
    let note = &report.changes[0].note;
    assert!(
        note.contains("subscription 501 `gr??e` had 3 before"),
        "{note}"
    );
    let resumed = resume(&month).await;
    assert_eq!(outcome(&resumed), (RunStatus::Unknown, Outcome::Unknown));
}

#[tokio::test]
async fn each_of_two_new_subscriptions_accounts_for_its_own_record() {
    let mut month = month(|target| target);
    let world = World::new()
        .uses("100", NAME, "8")
        .uses("100", "Plain", "8");
    month.usage = world.usage;
    month.stage.target = month
        .stage
        .target
        .clone()
        .write_fault(1, WriteFault::NotSent);
    let report = month.sync().await;
    let outcomes: Vec<_> = report.changes.iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Outcome::Verified, Outcome::NotApplied]);
    let resumed = resume(&month).await;
    assert_eq!(
        (resumed.status, resumed.verified()),
        (RunStatus::Applied, 2)
    );
    assert_eq!(names(&month).len(), 3);
}

#[tokio::test]
async fn what_arrives_late_under_another_name_is_not_made_again() {
    let month = month(|target| target.write_fault(0, WriteFault::Late(9)));
    let report = month.sync().await;
    assert_eq!(outcome(&report), (RunStatus::Partial, Outcome::NotApplied));
    month.stage.target.land();
    let resumed = resume(&month).await;
    assert_eq!(outcome(&resumed), (RunStatus::Unknown, Outcome::Unknown));
    assert_eq!(names(&month), one_was_made());
}

#[tokio::test]
async fn a_retry_knows_what_stood_beside_it_before() {
    let month = month(|target| target.write_fault(0, WriteFault::Refused(0)));
    let report = month.sync().await;
    assert_eq!(outcome(&report), (RunStatus::Partial, Outcome::Rejected));
    let plan = plan_retry(&FollowUpInput {
        run: &month.stage.store.run(&run(1)).await.unwrap().unwrap(),
        target: &month.stage.target.snapshot().await.unwrap(),
        rules: &month.rules,
        memory: &month.stage.store.memory().await.unwrap(),
        read_requests: 2,
        sizes: RequestSizes::default(),
    });
    let target = month.stage.target.clone();
    let _silent = target.silent();
    let report = month.stage.run(plan).await.unwrap();
    assert_eq!(outcome(&report), (RunStatus::Unknown, Outcome::Unknown));
    let resumed = resume(&month).await;
    assert_eq!(outcome(&resumed), (RunStatus::Unknown, Outcome::Unknown));
    assert_eq!(names(&month), one_was_made());
}
