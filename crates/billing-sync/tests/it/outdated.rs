//! A plan that waited is held against what it was decided on: decisions, other runs of its month, and the clients it bills.

use crate::waiting::{Month, by_reference, drift_of, row, run};
use crate::world::SERVER;
use async_trait::async_trait;
use billing_sync::Question;
use billing_sync::apply::{Apply, ApplyError, Outdated};
use billing_sync::follow_up::{FollowUpInput, plan_retry, plan_revert};
use billing_sync::ids::ClientId;
use billing_sync::ids::RunId;
use billing_sync::plan::{ExceptionKind, Plan, RequestSizes};
use billing_sync::ports::{PortError, SubscriptionRead, TargetReader};
use billing_sync::run::{RunReport, RunStatus};
use billing_sync::target::TargetSnapshot;
use billing_sync::testing::{Batching, FakeTarget, approved};
use std::collections::BTreeSet;

fn outdated(result: Result<RunReport, ApplyError>) -> Outdated {
    match result {
        Err(ApplyError::Outdated(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn newer(number: u32) -> Outdated {
    Outdated::NewerRun {
        run: run(number),
        period: "202610".parse().unwrap(),
    }
}

async fn follow_up(month: &Month, of: &RunId, make: fn(&FollowUpInput<'_>) -> Plan) -> Plan {
    make(&FollowUpInput {
        run: &month.stage.store.run(of).await.unwrap().unwrap(),
        target: &month.stage.target.snapshot().await.unwrap(),
        rules: &month.rules,
        memory: &month.stage.store.memory().await.unwrap(),
        read_requests: 2,
        sizes: RequestSizes::default(),
    })
}

#[tokio::test]
async fn a_plan_says_what_it_was_decided_on_and_reads_back_with_it() {
    let month = Month::new();
    month.decide("200", 13).await;
    month.sync().await;
    let plan = month.plan().await;
    let memory = month.stage.store.memory().await.unwrap();
    let basis = plan.basis().unwrap();
    assert_eq!(basis.decisions, memory.decisions_digest());
    assert_eq!(basis.newest_run, Some(run(1)));
    let text = plan.to_json(false).to_string();
    assert_eq!(Plan::from_json(text.as_bytes()).unwrap(), plan);
    assert_eq!(plan.clone().for_subject("a").basis(), Some(basis));
    for (key, value) in [
        ("decisions", "0".into()),
        ("newest_run", serde_json::Value::Null),
        ("match_by", "customer_reference".into()),
        (
            "beside",
            serde_json::json!([{"licence_id": 1, "client_id": 12, "count": 1}]),
        ),
    ] {
        let mut edited = plan.to_json(false);
        edited["basis"][key] = value;
        assert!(
            Plan::from_json(edited.to_string().as_bytes()).is_err(),
            "{key}"
        );
    }
    let mut without = plan.to_json(false);
    without.as_object_mut().unwrap().remove("basis");
    assert!(Plan::from_json(without.to_string().as_bytes()).is_err());
}

#[tokio::test]
async fn a_plan_whose_usage_was_billed_to_another_client_since_is_refused() {
    let month = Month::new();
    let saved = month.plan().await;
    month.field(12, &[]);
    month.field(13, &["100"]);
    month.sync().await;
    assert_eq!(month.billed(), [(13, 8)]);
    let sent = month.stage.target.writes().len();
    assert_eq!(outdated(month.stage.run(saved).await), newer(1));
    assert_eq!(month.billed(), [(13, 8)]);
    assert_eq!(month.stage.target.writes().len(), sent);
    assert_eq!(month.stage.store.runs(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_of_another_month_or_of_the_same_plan_does_not_outdate_a_plan() {
    let mut month = Month::new();
    month.stage.target = month
        .stage
        .target
        .clone()
        .bad_name(SERVER, Batching::SkipsBad);
    let saved = month.plan().await;
    let refused = month.stage.run(saved.clone()).await.unwrap();
    assert_eq!(refused.status, RunStatus::Partial);
    month.stage.target.forgive();
    let again = month.stage.run(saved).await.unwrap();
    assert_eq!(
        (again.status, month.billed()),
        (RunStatus::Applied, vec![(12, 8)])
    );

    month.usage.period = "202611".parse().unwrap();
    month.usage.lines[0].quantity = 9.into();
    let november = month.plan().await;
    month.usage.period = "202612".parse().unwrap();
    let december = month.plan().await;
    month.stage.run(november).await.unwrap();
    // What November wrote is drift; that it ran at all is not what stops December.
    let moved = drift_of(month.stage.run(december).await);
    assert_eq!(moved, [row(12, "count", "8", "9")]);
}

#[tokio::test]
async fn a_decision_since_the_plan_stops_it_until_it_is_taken_back() {
    let mut month = Month::new();
    by_reference(&mut month, "HALO:12");
    let saved = month.plan().await;
    month.decide("100", 13).await;
    let error = month.stage.run(saved.clone()).await.unwrap_err();
    assert!(error.hint().unwrap().contains("make a new plan"));
    assert_eq!(outdated(Err(error)), Outdated::Decisions);
    assert!(month.stage.target.writes().is_empty());

    let question = Question::Customer("100".into());
    let at = "2026-11-06T07:00:00.000Z";
    let store = &month.stage.store;
    store.undecide(&[question], "ann", at).await.unwrap();
    month.stage.run(saved).await.unwrap();
    assert_eq!(month.billed(), [(12, 8)]);
}

#[tokio::test]
async fn a_record_chosen_since_the_plan_stops_it() {
    let month = Month::new();
    let saved = month.plan().await;
    month.choose(12, SERVER, 77).await;
    assert_eq!(outdated(month.stage.run(saved).await), Outdated::Decisions);
}

#[tokio::test]
async fn a_state_that_does_not_know_the_run_before_the_plan_is_not_the_plans() {
    let mut month = Month::new();
    month.sync().await;
    month.usage.lines[0].quantity = 9.into();
    let saved = month.plan().await;
    let lost = Month::new();
    lost.sync().await;
    let elsewhere = Month {
        stage: crate::apply_stage::Stage::new(month.stage.target.clone()),
        ..lost
    };
    let why = outdated(elsewhere.stage.run(saved).await);
    assert_eq!(why, Outdated::UnknownRun { run: run(1) });
    assert_eq!(month.billed(), [(12, 8)]);
}

#[tokio::test]
async fn a_client_that_lost_its_customer_or_is_inactive_is_drift() {
    for (ids, active, moved) in [
        (vec!["200"], true, vec![row(12, "customer", "100", "200")]),
        (vec![], true, vec![row(12, "customer", "100", "none")]),
        (
            vec![" 100 ", "7"],
            false,
            vec![row(12, "client", "active", "inactive")],
        ),
        (
            vec!["7"],
            false,
            vec![
                row(12, "client", "active", "inactive"),
                row(12, "customer", "100", "7"),
            ],
        ),
    ] {
        let month = Month::new();
        let saved = month.plan().await;
        month.put(12, &ids, active);
        assert_eq!(drift_of(month.stage.run(saved).await), moved, "{ids:?}");
        assert!(month.stage.target.writes().is_empty());
        assert_eq!(month.stage.store.runs(9).await.unwrap(), []);
    }
}

#[tokio::test]
async fn by_reference_only_the_activity_of_a_client_can_be_compared() {
    let mut month = Month::new();
    by_reference(&mut month, "HALO:12");
    let saved = month.plan().await;
    month.put(12, &["200"], false);
    let moved = drift_of(month.stage.run(saved.clone()).await);
    assert_eq!(moved, [row(12, "client", "active", "inactive")]);
    month.put(12, &["200"], true);
    month.stage.run(saved).await.unwrap();
    assert_eq!(month.billed(), [(12, 8)]);
}

#[tokio::test]
async fn a_decision_counts_instead_of_the_field() {
    let month = Month::new();
    month.field(12, &[]);
    month.decide("100", 12).await;
    let saved = month.plan().await;
    month.field(12, &["something else"]);
    month.stage.run(saved).await.unwrap();
    assert_eq!(month.billed(), [(12, 8)]);
}

#[tokio::test]
async fn a_count_goes_to_zero_whatever_became_of_the_client() {
    let mut month = Month::new();
    month.sync().await;
    month.usage = crate::world::World::new().uses("999", SERVER, "1").usage;
    month.usage.period = "202611".parse().unwrap();
    let saved = month.plan().await;
    assert_eq!(saved.summary().zero, 1);
    month.put(12, &[], false);
    let reads = month.stage.target.client_reads();
    month.stage.run(saved).await.unwrap();
    assert_eq!(month.billed(), [(12, 0)]);
    assert_eq!(month.stage.target.client_reads(), reads, "nobody is billed");
}

/// A target that reads no single clients by itself.
#[derive(Debug)]
struct Plain(FakeTarget);

#[async_trait]
impl TargetReader for Plain {
    async fn snapshot(&self) -> Result<TargetSnapshot, PortError> {
        self.0.snapshot().await
    }

    async fn subscriptions_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError> {
        self.0.subscriptions_of(clients).await
    }
}

#[tokio::test]
async fn a_target_that_reads_no_single_clients_is_read_whole() {
    let month = Month::new();
    let saved = month.plan().await;
    month.field(12, &["200"]);
    let whole = Plain(month.stage.target.clone());
    let lock = month.stage.store.lock().await.unwrap();
    let apply = Apply {
        reader: &whole,
        ..month.stage.apply()
    };
    let plan = approved(saved).unwrap();
    let result = apply.run(&*lock, run(1), &plan).await;
    assert_eq!(drift_of(result), [row(12, "customer", "100", "200")]);
}

#[tokio::test]
async fn plans_of_one_client_each_do_not_outdate_each_other_unless_a_customer_moved() {
    let mut month = Month::new();
    let world = crate::world::World::new()
        .uses("100", SERVER, "8")
        .uses("200", SERVER, "3");
    month.usage = world.usage;
    month.field(13, &["200"]);
    let (twelve, thirteen) = (
        month.plan_only(Some(12)).await,
        month.plan_only(Some(13)).await,
    );
    let all = month.plan().await;
    month.stage.run(twelve.clone()).await.unwrap();
    month.stage.run(thirteen).await.unwrap();
    assert_eq!(month.billed(), [(12, 8), (13, 3)]);
    assert_eq!(outdated(month.stage.run(all).await), newer(2));

    let mut month = Month::new();
    by_reference(&mut month, "HALO:12");
    let twelve = month.plan_only(Some(12)).await;
    by_reference(&mut month, "HALO:13");
    let thirteen = month.plan_only(Some(13)).await;
    month.stage.run(thirteen).await.unwrap();
    assert_eq!(outdated(month.stage.run(twelve).await), newer(1));
    assert_eq!(month.billed(), [(13, 8)]);
}

/// The first run of the month cannot write the subscription.
async fn refused_once(month: &mut Month) -> RunReport {
    month.stage.target = month
        .stage
        .target
        .clone()
        .bad_name(SERVER, Batching::SkipsBad);
    let report = month.sync().await;
    assert_eq!(report.status, RunStatus::Partial);
    month.stage.target.forgive();
    report
}

#[tokio::test]
async fn a_retry_is_refused_once_the_month_was_billed_anew() {
    let mut month = Month::new();
    refused_once(&mut month).await;
    let planned = follow_up(&month, &run(1), plan_retry).await;
    month.field(12, &[]);
    month.field(13, &["100"]);
    month.sync().await;
    let checked = month.stage.apply().check_basis(&planned).await;
    assert!(matches!(checked, Err(ApplyError::Outdated(why)) if why == newer(2)));
    assert_eq!(outdated(month.stage.run(planned).await), newer(2));
    let afterwards = follow_up(&month, &run(1), plan_retry).await;
    assert_eq!(outdated(month.stage.run(afterwards).await), newer(2));
    assert_eq!(month.billed(), [(13, 8)]);
}

#[tokio::test]
async fn a_retry_leaves_a_client_alone_that_lost_its_customer() {
    let mut month = Month::new();
    refused_once(&mut month).await;
    month.field(12, &["200"]);
    let plan = follow_up(&month, &run(1), plan_retry).await;
    assert_eq!(plan.writes().count(), 0);
    let [left] = plan.exceptions() else {
        panic!("{:?}", plan.exceptions());
    };
    assert_eq!(left.kind, ExceptionKind::ChangedSince);
    let end = "client 12 was that of customer 100 and is not any more (200)";
    assert!(left.detail.ends_with(end), "{}", left.detail);
}

#[tokio::test]
async fn a_retry_is_refused_after_a_decision() {
    let mut month = Month::new();
    by_reference(&mut month, "HALO:12");
    refused_once(&mut month).await;
    month.decide("200", 13).await;
    let planned = follow_up(&month, &run(1), plan_retry).await;
    assert_eq!(
        outdated(month.stage.run(planned).await),
        Outdated::Decisions
    );
    assert_eq!(month.billed(), []);
}

#[tokio::test]
async fn follow_ups_of_the_month_do_not_outdate_a_retry_but_outdate_a_saved_plan() {
    let mut month = Month::new();
    refused_once(&mut month).await;
    let saved = month.plan().await;
    let taken_back = follow_up(&month, &run(1), plan_revert).await;
    assert_eq!(
        (taken_back.basis(), taken_back.follows()),
        (None, Some(&run(1)))
    );
    month.stage.run(taken_back).await.unwrap();
    assert_eq!(outdated(month.stage.run(saved).await), newer(2));
    let retry = follow_up(&month, &run(1), plan_retry).await;
    month.stage.run(retry).await.unwrap();
    assert_eq!(month.billed(), [(12, 8)]);
}

#[tokio::test]
async fn a_run_can_be_taken_back_after_the_mapping_was_corrected() {
    let month = Month::new();
    month.sync().await;
    month.put(12, &[], false);
    month.decide("100", 13).await;
    let taken_back = follow_up(&month, &run(1), plan_revert).await;
    month.stage.run(taken_back).await.unwrap();
    assert_eq!(month.billed(), [(12, 0)]);
}

#[tokio::test]
async fn a_plan_made_under_the_lock_reads_no_clients_again() {
    let month = Month::new();
    let seen = month.stage.target.snapshot().await.unwrap();
    let plan = approved(month.plan().await).unwrap();
    let lock = month.stage.store.lock().await.unwrap();
    let reads = month.stage.target.reads();
    let apply = month.stage.apply();
    let report = apply.run_since(&*lock, run(1), &plan, &seen).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(month.stage.target.client_reads(), 0);
    assert_eq!(month.stage.target.reads() - reads, 2, "before and after");
}
