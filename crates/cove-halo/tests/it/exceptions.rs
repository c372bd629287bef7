//! What stops one customer and only that one, against the judge's list.

use crate::harness::{Bench, PERIOD, SERVER, approval, exceptions_of, october};
use std::collections::BTreeSet;

#[tokio::test]
async fn the_exceptions_are_exactly_the_judges_with_their_units() {
    let bench = Bench::new().await;
    let plan = bench.service().plan(&october()).await.unwrap();
    let found = exceptions_of(&plan);
    let expected: BTreeSet<_> = bench
        .sandbox
        .expected(PERIOD)
        .exceptions
        .into_iter()
        .map(|exception| {
            let units: rust_decimal::Decimal = exception.quantity.parse().unwrap();
            (
                exception.kind,
                exception.customer_id,
                exception.service,
                units.normalize().to_string(),
            )
        })
        .collect();
    let kinds: BTreeSet<&str> = expected.iter().map(|(kind, ..)| kind.as_str()).collect();
    for kind in [
        "unmatched_customer",
        "ambiguous_customer",
        "inactive_client",
        "ambiguous_subscription",
        "fraction_without_rule",
        "contract_level",
    ] {
        assert!(kinds.contains(kind), "the world has no {kind}");
    }
    assert!(
        expected
            .iter()
            .any(|(kind, customer, ..)| kind == "unmatched_customer" && customer.is_empty()),
        "the world has no blank id"
    );
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_a_sync_must_not_touch_stays_as_it_was() {
    let bench = Bench::new().await;
    let expected: BTreeSet<(i64, String)> = bench
        .sandbox
        .expected(PERIOD)
        .subscriptions
        .into_iter()
        .map(|want| (want.client_id, want.name))
        .collect();
    let before = bench.sandbox.subscriptions();
    bench.service().sync(&october(), approval()).await.unwrap();
    let after = bench.sandbox.subscriptions();
    for record in before {
        let ours = record.kind == 1
            && record.is_active
            && !record.deleted
            && expected.contains(&(record.client_id, record.name.clone()));
        if !ours {
            let now = after.iter().find(|now| now.id == record.id);
            assert_eq!(now, Some(&record));
        }
    }
}

#[tokio::test]
async fn a_rule_ignores_a_customer_with_its_units_in_the_ledger() {
    let bench = Bench::new().await;
    let plan = bench.service().plan(&october()).await.unwrap();
    let change = plan
        .writes()
        .find(|change| change.name == SERVER && change.sources.len() == 1)
        .unwrap();
    let source = &change.sources[0];
    let rule = format!(
        "[[rule]]\ncustomer = \"{}\"\naction = \"ignore\"\nreason = \"internal\"\n",
        source.customer_id
    );
    let ignored = bench
        .service_with("", "", &rule)
        .plan(&october())
        .await
        .unwrap();
    assert!(
        ignored
            .changes()
            .iter()
            .all(|other| { other.client_id != change.client_id || other.name != SERVER })
    );
    let units = |plan: &billing_sync::plan::Plan| {
        plan.ledger()
            .rows()
            .iter()
            .find(|row| row.service.as_str() == SERVER)
            .map(|row| row.ignored)
            .unwrap()
    };
    assert_eq!(units(&ignored) - units(&plan), source.quantity);
    assert!(ignored.ledger().balances());
}
