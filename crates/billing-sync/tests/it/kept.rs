//! Counts that are right already: proved where they were read, and left as they were known where they were not.

use crate::waiting::{Month, drift_of, row};
use crate::world::{SERVER, World, contract};
use billing_sync::Owned;
use billing_sync::ids::{ContractId, LicenceId};
use billing_sync::run::RunStatus;
use billing_sync::testing::{Edit, FakeTarget, approved};

/// Two clients were billed in October; in November the first one's count changes, the other's does not.
async fn november() -> Month {
    let mut month = Month::new();
    month.field(13, &["200"]);
    let usage = World::new()
        .uses("100", SERVER, "8")
        .uses("200", SERVER, "3")
        .usage;
    month.usage = usage;
    month.sync().await;
    month.usage.period = "202611".parse().unwrap();
    month.usage.lines[0].quantity = 9.into();
    month
}

async fn of_thirteen(month: &Month) -> Owned {
    let owned = month.stage.store.memory().await.unwrap().owned;
    owned
        .into_iter()
        .find(|it| it.key.client.get() == 13)
        .unwrap()
}

fn id_of_thirteen(target: &FakeTarget) -> LicenceId {
    let records = target.records();
    let record = records.iter().find(|it| it.client.get() == 13).unwrap();
    record.id
}

#[tokio::test]
async fn a_count_that_was_not_read_again_is_not_recorded_as_proved() {
    let month = november().await;
    let saved = month.plan().await;
    let before = of_thirteen(&month).await;
    let id = id_of_thirteen(&month.stage.target);
    month.stage.target.edit_now(Edit::SetCount(id, 1));
    let report = month.stage.run(saved).await.unwrap();
    assert_eq!(report.status, RunStatus::Applied);
    assert_eq!(of_thirteen(&month).await, before);
    assert_eq!(before.period, "202610".parse().unwrap());
}

#[tokio::test]
async fn whose_usage_it_is_follows_the_vendor_also_where_the_count_was_not_read() {
    let mut month = november().await;
    let new = ContractId::new("300001");
    month.usage.lines[1].contract = new.clone();
    for contracts in [
        &mut month.usage.completeness.contracts_expected,
        &mut month.usage.completeness.contracts_seen,
    ] {
        contracts.insert(new.clone());
    }
    let before = of_thirteen(&month).await;
    assert_eq!(before.contracts, [contract()].into());
    let saved = month.plan().await;
    month.stage.run(saved).await.unwrap();
    let expected = Owned {
        contracts: [new].into(),
        ..before
    };
    assert_eq!(of_thirteen(&month).await, expected);
}

#[tokio::test]
async fn on_the_snapshot_of_the_plan_every_count_is_proved() {
    let month = november().await;
    month.sync().await;
    assert_eq!(of_thirteen(&month).await.period, month.usage.period);
}

#[tokio::test]
async fn on_a_snapshot_that_is_not_the_plans_a_moved_count_is_drift() {
    let month = november().await;
    let plan = approved(month.plan().await).unwrap();
    let id = id_of_thirteen(&month.stage.target);
    month.stage.target.edit_now(Edit::SetCount(id, 1));
    let seen = billing_sync::ports::TargetReader::snapshot(&month.stage.target)
        .await
        .unwrap();
    let lock = month.stage.store.lock().await.unwrap();
    let writes = month.stage.target.writes().len();
    let run = month.stage.next_run();
    let result = month.stage.apply().run_on(&*lock, run, &plan, &seen).await;
    assert_eq!(drift_of(result), [row(13, "count", "3", "1")]);
    assert_eq!(month.stage.target.writes().len(), writes);
}

#[tokio::test]
async fn what_a_long_reading_showed_under_the_lock_is_proved_too() {
    let month = november().await;
    let seen = billing_sync::ports::TargetReader::snapshot(&month.stage.target)
        .await
        .unwrap();
    let plan = approved(month.plan().await).unwrap();
    let lock = month.stage.store.lock().await.unwrap();
    let run = month.stage.next_run();
    let apply = month.stage.apply();
    apply.run_since(&*lock, run, &plan, &seen).await.unwrap();
    assert_eq!(of_thirteen(&month).await.period, month.usage.period);
}
