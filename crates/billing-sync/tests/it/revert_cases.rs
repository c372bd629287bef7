//! Taking a run back on the small stage of the apply tests: what goes back, what stays, and what stops it.

use crate::apply_stage::{Stage, expected, key, plan, plan_with, target};
use crate::world::World;
use billing_sync::Memory;
use billing_sync::follow_up::{FollowUpInput, plan_revert};
use billing_sync::ids::{ClientId, LicenceId, RunId};
use billing_sync::plan::{
    Approval, Change, ChangeKind, ExceptionKind, GuardName, Plan, Refusal, RequestSizes, Summary,
};
use billing_sync::ports::TargetReader;
use billing_sync::rules::{Limits, Rules};
use billing_sync::run::{Outcome, RunReport, RunStatus};
use billing_sync::target::{Standing, Subscription, UnreadableRecord};
use billing_sync::testing::{Batching, Edit, approved, create, keep, plan_of, update, zero};
use std::collections::BTreeMap;

pub(crate) async fn inverse(stage: &Stage, run: &RunId, rules: &Rules) -> Plan {
    let run = stage.store.run(run).await.unwrap().unwrap();
    plan_revert(&FollowUpInput {
        run: &run,
        target: &stage.target.snapshot().await.unwrap(),
        rules,
        memory: &stage.store.memory().await.unwrap(),
        read_requests: 2,
        sizes: RequestSizes {
            writes: 2,
            rows: 100,
        },
    })
}

/// Limits that never stop anything.
pub(crate) fn no_limits() -> Rules {
    Rules {
        limits: Limits {
            max_changed_percent: u32::MAX,
            max_zeroed: u32::MAX,
            max_created: u32::MAX,
            max_client_change_percent: u32::MAX,
            ..Limits::default()
        },
        ..Rules::default()
    }
}

/// Takes a run back; returns the inverse and what became of it.
pub(crate) async fn revert(stage: &Stage, run: &RunId) -> (Plan, RunReport) {
    let plan = inverse(stage, run, &no_limits()).await;
    let report = stage.run(plan.clone()).await.unwrap();
    (plan, report)
}

fn record(id: i64, client: i64, name: &str, count: i64, standing: Standing) -> Subscription {
    Subscription {
        id: LicenceId::new(id),
        client: ClientId::new(client),
        name: name.to_owned(),
        count,
        standing,
    }
}

#[tokio::test]
async fn counts_go_back_and_what_was_made_goes_to_zero() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let (plan, report) = revert(&stage, &run.run_id).await;
    assert_eq!(
        plan.summary(),
        Summary {
            update: 2,
            zero: 3,
            ..Summary::default()
        }
    );
    let rows: Vec<_> = plan
        .changes()
        .iter()
        .map(|it| (it.kind, it.client_id.get(), &*it.name, it.before, it.after))
        .collect();
    assert_eq!(
        rows,
        [
            (ChangeKind::Zero, 1, "A", Some(5), 0),
            (ChangeKind::Zero, 1, "B", Some(6), 0),
            (ChangeKind::Update, 2, "A", Some(7), 3),
            (ChangeKind::Update, 2, "B", Some(0), 8),
            (ChangeKind::Zero, 4, "A", Some(9), 0),
        ]
    );
    assert_eq!(
        plan.changes()[0].reason,
        "revert of run-1, which made it; set to 0, never deleted"
    );
    assert_eq!(plan.changes()[2].reason, "revert of run-1");
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(report.verified(), 5);
    assert_eq!(
        stage.target.counts(),
        BTreeMap::from([
            (key(1, "A"), vec![0]),
            (key(1, "B"), vec![0]),
            (key(2, "A"), vec![3]),
            (key(2, "B"), vec![8]),
            (key(3, "A"), vec![4]),
            (key(4, "A"), vec![0]),
        ])
    );
    stage.store.check_journal().await.unwrap();
}

#[tokio::test]
async fn everything_stays_owned_so_that_the_next_plan_brings_the_number_again() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let before = stage.store.memory().await.unwrap();
    revert(&stage, &run.run_id).await;
    let after = stage.store.memory().await.unwrap();
    let belongings = |memory: &Memory| -> Vec<_> {
        memory
            .owned
            .iter()
            .map(|it| (it.key.clone(), it.licence, it.customers.clone()))
            .collect()
    };
    assert_eq!(belongings(&after), belongings(&before));
    let counts: Vec<i64> = after.owned.iter().map(|it| it.count).collect();
    assert_eq!(counts, [0, 0, 3, 8, 4, 0]);

    let again = stage.run(stage.plan_anew()).await.unwrap();
    assert_eq!(again.applied(), 5);
    assert_eq!(stage.target.counts(), expected());
    assert_eq!(stage.target.duplicates(), []);
}

#[tokio::test]
async fn the_planner_itself_plans_the_vendors_number_again() {
    let mut world = World::new()
        .client(1, "v1")
        .uses("v1", "S", "5")
        .has(20, 1, "S", 3);
    world.rules = no_limits();
    let mut stage = Stage::new(
        billing_sync::testing::FakeTarget::new()
            .client(1, "Client 1", &["v1"])
            .subscription(20, 1, "S", 3),
    );
    stage.wanted = BTreeMap::from([(key(1, "S"), vec![5])]);
    let run = stage.run(world.plan()).await.unwrap();
    revert(&stage, &run.run_id).await;
    assert_eq!(stage.target.counts()[&key(1, "S")], [3]);

    let mut next = world;
    next.memory = stage.store.memory().await.unwrap();
    let plan = next.plan();
    let [change] = plan.changes() else {
        panic!("{:?}", plan.changes());
    };
    assert_eq!(
        (change.kind, change.before, change.after, &*change.reason),
        (ChangeKind::Update, Some(3), 5, "usage changed")
    );
    assert!(plan.guards().iter().all(|guard| !guard.tripped));
}

#[tokio::test]
async fn what_others_changed_since_is_listed_and_left_alone() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let id = |name: (i64, &str)| {
        run.changes
            .iter()
            .find(|it| it.change.key() == key(name.0, name.1))
            .unwrap()
            .written_id
            .unwrap()
            .get()
    };
    let edits = [
        record(20, 2, "A", 99, Standing::Active),
        record(21, 4, "B", 0, Standing::Active),
        record(id((1, "A")), 1, "A", 5, Standing::Inactive),
    ];
    for edit in &edits {
        stage.target.edit_now(Edit::Put(edit.clone()));
    }
    stage
        .target
        .edit_now(Edit::Remove(LicenceId::new(id((4, "A")))));
    let (plan, report) = revert(&stage, &run.run_id).await;
    let details: Vec<&str> = plan
        .exceptions()
        .iter()
        .inspect(|it| assert_eq!(it.kind, ExceptionKind::ChangedSince))
        .map(|it| &*it.detail)
        .collect();
    let made = (id((1, "A")), id((4, "A")));
    assert_eq!(details.len(), 4, "{details:?}");
    for expected in [
        "`A` of client 2 (Client 2) is left as it is: the run left 7, it has 99 now".to_owned(),
        "`B` of client 2 (Client 2) is left as it is: subscription 21 belongs to client 4 now"
            .to_owned(),
        format!(
            "`A` of client 1 (Client 1) is left as it is: subscription {} is inactive",
            made.0
        ),
        format!(
            "`A` of client 4 (Client 4) is left as it is: subscription {} is gone",
            made.1
        ),
    ] {
        assert!(details.contains(&&*expected), "{expected}: {details:?}");
    }
    assert_eq!(report.applied(), 1, "the one that nobody touched");
    assert_eq!(report.exceptions, 4);
    for edit in edits {
        assert!(stage.target.records().contains(&edit), "{edit:?}");
    }
}

#[tokio::test]
async fn a_renamed_record_is_known_by_its_id_and_goes_back() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let renamed = |count| record(20, 2, "A (renamed)", count, Standing::Active);
    stage.target.edit_now(Edit::Put(renamed(7)));
    let (plan, _) = revert(&stage, &run.run_id).await;
    assert_eq!(plan.exceptions(), []);
    assert!(stage.target.records().contains(&renamed(3)));
}

#[tokio::test]
async fn a_second_revert_writes_nothing() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    revert(&stage, &run.run_id).await;
    let records = stage.target.records();
    let (plan, report) = revert(&stage, &run.run_id).await;
    assert_eq!(plan.writes().count(), 0);
    assert_eq!(plan.summary().keep, 5);
    assert_eq!(report.status, RunStatus::Nothing);
    assert_eq!(stage.target.records(), records);
}

#[tokio::test]
async fn a_revert_can_be_reverted() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let left = stage.target.records();
    let (_, report) = revert(&stage, &run.run_id).await;
    revert(&stage, &report.run_id).await;
    assert_eq!(stage.target.records(), left);
}

#[tokio::test]
async fn a_count_that_a_later_month_was_billed_with_goes_back_with_a_warning() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let later = plan_of(
        "202611".parse().unwrap(),
        vec![keep(20, 2, "A", 7, false), keep(21, 2, "B", 0, false)],
    );
    let seen = stage.target.snapshot().await.unwrap();
    let lock = stage.store.lock().await.unwrap();
    let later = approved(later).unwrap();
    let november = stage.next_run();
    let apply = stage.apply();
    apply.run_on(&*lock, november, &later, &seen).await.unwrap();
    let plan = inverse(&stage, &run.run_id, &no_limits()).await;
    let reasons: Vec<&str> = plan.changes().iter().map(|it| &*it.reason).collect();
    assert_eq!(
        reasons[1..4],
        [
            "revert of run-1, which made it; set to 0, never deleted",
            "revert of run-1; careful: 202611 was billed with it since",
            "revert of run-1; careful: 202611 was billed with it since",
        ]
    );
}

#[tokio::test]
async fn only_what_the_run_wrote_goes_back() {
    let stage = Stage::new(target().bad_name("B", Batching::SkipsBad));
    let run = stage.run(plan()).await.unwrap();
    assert_eq!(run.status, RunStatus::Partial);
    stage.target.forgive();
    let (plan, _) = revert(&stage, &run.run_id).await;
    let keys: Vec<_> = plan.changes().iter().map(Change::key).collect();
    assert_eq!(keys, [key(1, "A"), key(2, "A"), key(4, "A")]);
    assert_eq!(plan.exceptions(), []);
}

#[tokio::test]
async fn the_inverse_is_guarded_and_an_override_needs_a_reason() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let rules = Rules {
        limits: Limits {
            max_zeroed: 2,
            min_changed: 1,
            ..Limits::default()
        },
        ..Rules::default()
    };
    let plan = inverse(&stage, &run.run_id, &rules).await;
    let guards: Vec<_> = plan
        .guards()
        .iter()
        .map(|it| (it.guard, &*it.value, it.tripped))
        .collect();
    assert_eq!(
        guards,
        [
            (GuardName::UnreadableTarget, "0", false),
            (GuardName::MaxChangedPercent, "83.3", true),
            (GuardName::MaxZeroed, "3", true),
            (GuardName::MaxCreated, "0", false),
            (GuardName::MaxClientChangePercent, "171.4 (client 2)", false),
        ]
    );
    let refused = plan.clone().approve(Approval::by("test"));
    assert!(
        matches!(&refused, Err(Refusal::Guards { guards }) if guards.len() == 2),
        "{refused:?}"
    );
    let approval = Approval::by("test")
        .overriding(GuardName::MaxZeroed, "wrong month")
        .overriding(GuardName::MaxChangedPercent, "wrong month");
    assert!(plan.approve(approval).is_ok());
}

#[tokio::test]
async fn a_client_with_an_unreadable_record_is_left_alone() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    stage.target.put_unreadable(UnreadableRecord {
        client: Some(ClientId::new(2)),
        detail: "no count".to_owned(),
    });
    let plan = inverse(&stage, &run.run_id, &no_limits()).await;
    let kinds: Vec<_> = plan.exceptions().iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ExceptionKind::UnreadableRecord; 2]);
    assert_eq!(plan.summary().zero, 3);
    assert_eq!(plan.summary().update, 0);
}

#[tokio::test]
async fn a_record_that_moves_after_the_inverse_was_shown_stops_it() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let plan = inverse(&stage, &run.run_id, &no_limits()).await;
    let edited = record(20, 2, "A", 99, Standing::Active);
    stage.target.edit_now(Edit::Put(edited));
    let records = stage.target.records();
    let error = stage.run(plan).await.unwrap_err();
    assert!(
        matches!(&error, billing_sync::apply::ApplyError::Drift(drift) if drift.len() == 1),
        "{error:?}"
    );
    assert_eq!(stage.target.records(), records);
}

#[tokio::test]
async fn an_inverse_is_a_plan_file_like_any_other_and_the_same_each_time() {
    let stage = Stage::new(target());
    let run = stage.run(plan()).await.unwrap();
    let plan = inverse(&stage, &run.run_id, &no_limits()).await;
    assert_eq!(inverse(&stage, &run.run_id, &no_limits()).await, plan);
    let document = plan.to_json(false).to_string();
    assert_eq!(Plan::from_json(document.as_bytes()).unwrap(), plan);
    assert_eq!(plan.requests().write_estimate, 3 + 2);
}

#[tokio::test]
async fn an_outcome_that_is_not_known_is_never_taken_back_on_a_guess() {
    let stage = Stage::new(target());
    let run = stage
        .run(plan_with(vec![
            create(1, "A", 5),
            update(20, 2, "A", 3, 7),
            zero(21, 2, "B", 8),
        ]))
        .await
        .unwrap();
    let mut stored = stage.store.run(&run.run_id).await.unwrap().unwrap();
    for (record, outcome) in
        stored
            .changes
            .iter_mut()
            .zip([Outcome::Unknown, Outcome::Started, Outcome::Mismatch])
    {
        record.outcome = outcome;
    }
    let plan = plan_revert(&FollowUpInput {
        run: &stored,
        target: &stage.target.snapshot().await.unwrap(),
        rules: &no_limits(),
        memory: &stage.store.memory().await.unwrap(),
        read_requests: 2,
        sizes: RequestSizes {
            writes: 2,
            rows: 100,
        },
    });
    assert_eq!(plan.changes(), []);
    assert_eq!(plan.exceptions().len(), 3);
}
