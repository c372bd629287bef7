//! Other kinds of accounts: bought through a distributor, matched by reference, the month left to the clock.

use crate::harness::{Bench, PERIOD, approval, exceptions_of, october};
use api_core::testing::ManualClock;
use billing_sync::usage::Finality;
use cove_halo::{PlanRequest, Settings};
use sandbox::{Sandbox, Switches};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// 2026-11-05T00:00:00Z
fn fifth_of_november() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_836_800)
}

#[tokio::test]
async fn an_indirect_account_is_read_by_month_and_final_by_the_calendar() {
    // The sandbox's clock agrees: a machine's own may be anywhere.
    let switches = Switches {
        date: Some(1_793_836_800),
        ..Switches::default()
    };
    let bench = Bench::with(Sandbox::builder().switches(switches)).await;
    let direct = bench.service().plan(&october()).await.unwrap();
    bench.sandbox.clear_requests();
    let text = bench.toml("audience = \"indirect\"", "", "");
    let settings = Settings::from_toml(&text, "f").unwrap();
    let at = |now| {
        Bench::builder(settings.clone())
            .clock(Arc::new(ManualClock::new(now)))
            .build()
            .unwrap()
    };
    let service = at(fifth_of_november());
    let plan = service.plan(&october()).await.unwrap();
    assert_eq!(plan.finality(), &Finality::Final);
    assert!(
        bench
            .sandbox
            .requests()
            .iter()
            .all(|request| !request.path.contains("InvoicesReady"))
    );
    let counts = |plan: &billing_sync::plan::Plan| {
        plan.changes()
            .iter()
            .map(|change| (change.key(), change.before, change.after))
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(&plan), counts(&direct));
    assert_eq!(exceptions_of(&plan), exceptions_of(&direct));
    service.apply(plan, approval()).await.unwrap();
    bench.assert_as_expected();

    let too_early = at(fifth_of_november() - Duration::from_secs(1));
    let plan = too_early.plan(&october()).await.unwrap();
    assert!(!plan.finality().is_final());
}

#[tokio::test]
async fn the_month_before_today_is_planned_unless_another_is_named() {
    let bench = Bench::new().await;
    let service = Bench::builder(bench.settings())
        .clock(Arc::new(ManualClock::new(fifth_of_november())))
        .build()
        .unwrap();
    let plan = service.plan(&PlanRequest::default()).await.unwrap();
    assert_eq!(plan.period().number(), PERIOD);
}

#[tokio::test]
async fn customers_are_matched_by_reference_without_the_custom_field() {
    let bench = Bench::new().await;
    let service = bench.service_with("", "", "[match]\nkey = \"reference\"");
    let plan = service.plan(&october()).await.unwrap();
    assert!(!plan.changes().is_empty());
    let clients = bench.sandbox.clients();
    for change in plan.changes() {
        let client = clients
            .iter()
            .find(|client| client.id == change.client_id.get())
            .unwrap();
        let held = client.cove_id.as_deref().unwrap_or_default().trim();
        for source in &change.sources {
            assert_eq!(source.customer_id.as_str(), held, "{}", client.name);
        }
    }
    assert!(
        bench
            .sandbox
            .requests()
            .iter()
            .all(|request| !request.path.contains("FieldInfo"))
    );
}
