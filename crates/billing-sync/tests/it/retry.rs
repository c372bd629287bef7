//! The failed changes of a run, tried again alone.

use crate::apply_stage::{Stage, key};
use crate::revert_cases::no_limits;
use billing_sync::follow_up::{FollowUpInput, plan_retry};
use billing_sync::ids::{ClientId, LicenceId, RunId};
use billing_sync::plan::{ChangeKind, ExceptionKind, GuardName, Plan, RequestSizes};
use billing_sync::ports::TargetReader as _;
use billing_sync::run::RunStatus;
use billing_sync::target::{Client, Standing, Subscription};
use billing_sync::testing::{Batching, Edit, FakeTarget, create, plan_of, update, zero};

fn target() -> FakeTarget {
    FakeTarget::new()
        .client(1, "One", &[])
        .client(2, "Two", &[])
        .client(3, "Three", &[])
        .client(4, "Four", &[])
        .subscription(20, 2, "Bad", 3)
        .subscription(30, 3, "Bad", 7)
        .subscription(40, 4, "Good", 1)
        .batch_size(10)
        .bad_name("Bad", Batching::SkipsBad)
}

fn plan() -> Plan {
    plan_of(
        "202610".parse().unwrap(),
        vec![
            create(1, "Bad", 5),
            update(20, 2, "Bad", 3, 4),
            zero(30, 3, "Bad", 7),
            update(40, 4, "Good", 1, 2),
        ],
    )
}

async fn failed() -> (Stage, RunId) {
    let stage = Stage::new(target());
    let report = stage.run(plan()).await.unwrap();
    assert_eq!(report.status, RunStatus::Partial);
    assert_eq!((report.applied(), report.failed()), (1, 3));
    stage.target.forgive();
    (stage, report.run_id)
}

async fn planned(stage: &Stage, run: &RunId) -> Plan {
    let run = stage.store.run(run).await.unwrap().unwrap();
    plan_retry(&FollowUpInput {
        run: &run,
        target: &stage.target.snapshot().await.unwrap(),
        rules: &no_limits(),
        memory: &stage.store.memory().await.unwrap(),
        read_requests: 2,
        sizes: RequestSizes {
            writes: 10,
            rows: 100,
        },
    })
}

fn details(plan: &Plan) -> Vec<(ExceptionKind, &str)> {
    plan.exceptions()
        .iter()
        .map(|it| (it.kind, it.detail.split(": ").nth(1).unwrap()))
        .collect()
}

#[tokio::test]
async fn only_what_failed_goes_again_and_is_proved() {
    let (stage, run) = failed().await;
    let plan = planned(&stage, &run).await;
    let keys: Vec<_> = plan
        .changes()
        .iter()
        .map(|it| (it.kind, it.key()))
        .collect();
    assert_eq!(
        keys,
        [
            (ChangeKind::Create, key(1, "Bad")),
            (ChangeKind::Update, key(2, "Bad")),
            (ChangeKind::Zero, key(3, "Bad")),
        ]
    );
    assert_eq!(plan.exceptions(), []);
    let report = stage.run(plan).await.unwrap();
    assert_eq!((report.status, report.verified()), (RunStatus::Applied, 3));
    let counts = stage.target.counts();
    for (key, count) in [
        (key(1, "Bad"), 5),
        (key(2, "Bad"), 4),
        (key(3, "Bad"), 0),
        (key(4, "Good"), 2),
    ] {
        assert_eq!(counts[&key], [count], "{key}");
    }
    let again = planned(&stage, &run).await;
    assert_eq!(again.writes().count(), 0, "nothing is left of it");
}

#[tokio::test]
async fn what_somebody_changed_since_is_left_alone() {
    let (stage, run) = failed().await;
    let put = |id, client, name: &str, count, standing| {
        stage.target.edit_now(Edit::Put(Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(client),
            name: name.to_owned(),
            count,
            standing,
        }));
    };
    put(77, 1, "Bad", 5, Standing::Active);
    put(20, 2, "Bad", 9, Standing::Active);
    put(30, 3, "Bad", 7, Standing::Inactive);
    let plan = planned(&stage, &run).await;
    assert_eq!(plan.changes(), []);
    assert_eq!(
        details(&plan),
        [
            (ExceptionKind::ChangedSince, "subscription 30 is inactive"),
            (
                ExceptionKind::ChangedSince,
                "there is a subscription of that name now (77, count 5)"
            ),
            (
                ExceptionKind::ChangedSince,
                "it had 3 in the plan and has 9 now"
            ),
        ]
    );
}

#[tokio::test]
async fn none_is_made_beside_one_that_looks_like_it_by_now() {
    let (stage, run) = failed().await;
    stage.target.edit_now(Edit::Put(Subscription {
        id: LicenceId::new(77),
        client: ClientId::new(1),
        name: "bad ".to_owned(),
        count: 5,
        standing: Standing::Active,
    }));
    let plan = planned(&stage, &run).await;
    assert!(
        plan.changes()
            .iter()
            .all(|change| change.kind != ChangeKind::Create)
    );
    let told = (
        ExceptionKind::ChangedSince,
        "there is a subscription that looks like it now (77 `bad `, count 5)",
    );
    assert_eq!(details(&plan), [told]);
}

#[tokio::test]
async fn a_count_that_is_there_by_now_is_kept() {
    let (stage, run) = failed().await;
    stage.target.edit_now(Edit::Put(Subscription {
        id: LicenceId::new(20),
        client: ClientId::new(2),
        name: "Bad".to_owned(),
        count: 4,
        standing: Standing::Active,
    }));
    let plan = planned(&stage, &run).await;
    let kept: Vec<_> = plan
        .changes()
        .iter()
        .filter(|it| it.kind == ChangeKind::Keep)
        .map(|it| (it.key(), it.reason.as_str()))
        .collect();
    assert_eq!(kept, [(key(2, "Bad"), "as the run wanted it already")]);
    assert_eq!(plan.writes().count(), 2);
}

#[tokio::test]
async fn an_inactive_client_gets_nothing() {
    let (stage, run) = failed().await;
    stage.target.put_client(Client {
        id: ClientId::new(1),
        name: "One".to_owned(),
        active: false,
        vendor_ids: Vec::new(),
    });
    let plan = planned(&stage, &run).await;
    assert_eq!(
        details(&plan),
        [(ExceptionKind::InactiveClient, "client 1 is inactive")]
    );
    assert_eq!(plan.writes().count(), 2);
}

#[tokio::test]
async fn a_month_that_a_later_one_was_applied_after_is_closed_for_a_retry_too() {
    let (stage, run) = failed().await;
    let november = plan_of("202611".parse().unwrap(), vec![update(40, 4, "Good", 2, 3)]);
    stage.run(november).await.unwrap();
    let plan = planned(&stage, &run).await;
    let tripped: Vec<_> = plan
        .guards()
        .iter()
        .filter(|it| it.tripped)
        .map(|it| it.guard)
        .collect();
    assert_eq!(tripped, [GuardName::ClosedPeriod]);
}
