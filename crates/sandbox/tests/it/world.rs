//! The seeded world: its size, its oddities, and that the same seed gives the same one.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::{CONTRACTS, Expectation, OddityKind as K, Sandbox};
use serde_json::Value;

use crate::http::billing;

const PERIOD: u32 = 202_610;

async fn seeded(seed: u64, customers: usize) -> Sandbox {
    Sandbox::builder()
        .seed(seed)
        .customers(customers)
        .start()
        .await
        .unwrap()
}

async fn usage(sandbox: &Sandbox, period: u32) -> Value {
    billing(sandbox, "PSAUsageByTimeFrame", &period.to_string())
        .await
        .json()["UsageDetailDevices"]
        .take()
}

/// Customer ids, or names where there is none, with their number of devices.
fn customers(usage: &Value) -> BTreeMap<String, usize> {
    let mut customers = BTreeMap::new();
    for client in usage.as_array().unwrap()[..3]
        .iter()
        .flat_map(|one| one["Clients"].as_array().unwrap())
    {
        let id = client["ClientId"]
            .as_str()
            .map_or_else(|| client["ClientId"].to_string(), str::to_owned);
        *customers.entry(id).or_default() += client["Devices"].as_array().unwrap().len();
    }
    customers
}

#[tokio::test]
async fn the_default_world_is_large_enough() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    for period in [PERIOD - 1, PERIOD, PERIOD + 1] {
        let usage = usage(&sandbox, period).await;
        let customers = customers(&usage);
        assert!(customers.len() >= 40, "{period}: {}", customers.len());
        assert!(customers.values().sum::<usize>() >= 400, "{period}");
        let contracts: Vec<_> = usage
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["Clients"].as_array().unwrap().len())
            .collect();
        assert!(
            contracts.iter().all(|clients| *clients > 0),
            "{contracts:?}"
        );
    }
    assert!(
        sandbox.clients().len() > 100 && sandbox.subscriptions().len() > 100,
        "more than one page each"
    );
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    let (one, same, other) = (
        seeded(3, 50).await,
        seeded(3, 50).await,
        seeded(4, 50).await,
    );
    assert_eq!(usage(&one, PERIOD).await, usage(&same, PERIOD).await);
    assert_eq!(
        (one.clients(), one.subscriptions()),
        (same.clients(), same.subscriptions())
    );
    assert_eq!(
        (one.expected(PERIOD), one.oddities()),
        (same.expected(PERIOD), same.oddities())
    );
    assert_ne!(one.expected(PERIOD), other.expected(PERIOD));
}

#[tokio::test]
async fn every_oddity_is_there() {
    for seed in 0..5 {
        let sandbox = seeded(seed, 40).await;
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for odd in sandbox.oddities() {
            *found.entry(format!("{:?}", odd.kind)).or_default() += 1;
        }
        for (kind, count) in [
            (K::NoClient, 2),
            (K::TwoClients, 1),
            (K::InactiveClient, 1),
            (K::DuplicateSubscription, 1),
            (K::BlankId, 1),
            (K::Fraction, 3),
            (K::FractionsAddUp, 1),
            (K::SameName, 2),
            (K::SpacedField, 1),
            (K::NumericField, 1),
            (K::SameNameSoftwareLicence, 1),
            (K::SameNameInactive, 1),
            (K::SameNameDeleted, 1),
            (K::HostileName, 6),
            (K::TwoContracts, 2),
            (K::Newcomer, 2),
            (K::Departed, 2),
        ] {
            assert_eq!(found.get(&format!("{kind:?}")), Some(&count), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn oddities_are_what_they_say() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let expected = sandbox.expected(PERIOD);
    let blocked = |id: &str| -> BTreeSet<&str> {
        expected
            .exceptions
            .iter()
            .filter(|one| one.customer_id == id)
            .map(|one| one.kind.as_str())
            .collect()
    };
    let billed = |client: i64| {
        expected
            .subscriptions
            .iter()
            .filter(|one| one.client_id == client)
            .count()
    };
    let clients = sandbox.clients();
    let field = |id: i64| {
        clients
            .iter()
            .find(|client| client.id == id)
            .unwrap()
            .cove_id
            .clone()
            .unwrap()
    };
    for odd in sandbox.oddities() {
        let only = |kind| assert_eq!(blocked(&odd.customer_id), BTreeSet::from([kind]), "{odd:?}");
        let free = || {
            assert_eq!(blocked(&odd.customer_id), BTreeSet::new(), "{odd:?}");
            assert!(billed(odd.client_ids[0]) > 0, "{odd:?}");
        };
        match odd.kind {
            K::NoClient => only("unmatched_customer"),
            K::TwoClients => only("ambiguous_customer"),
            K::InactiveClient => only("inactive_client"),
            K::DuplicateSubscription => {
                only("ambiguous_subscription");
                assert!(billed(odd.client_ids[0]) > 0);
            }
            K::Fraction => {
                only("fraction_without_rule");
                assert!(billed(odd.client_ids[0]) > 0);
            }
            K::BlankId => assert_eq!(
                blocked(""),
                BTreeSet::from(["contract_level", "unmatched_customer"])
            ),
            K::SpacedField => {
                free();
                assert_eq!(field(odd.client_ids[0]), format!("  {} ", odd.customer_id));
            }
            K::Departed => {
                assert_eq!(billed(odd.client_ids[0]), 0);
                assert!(
                    expected
                        .departed
                        .iter()
                        .any(|gone| gone.client_id == odd.client_ids[0])
                );
            }
            K::FractionsAddUp
            | K::SameName
            | K::NumericField
            | K::SameNameSoftwareLicence
            | K::SameNameInactive
            | K::SameNameDeleted
            | K::HostileName
            | K::TwoContracts
            | K::Newcomer => free(),
        }
    }
    let names: Vec<_> = sandbox
        .oddities()
        .iter()
        .filter(|odd| odd.kind == K::SameName)
        .map(|odd| &odd.customer_name)
        .collect();
    assert_eq!(names[0], names[1]);
}

#[tokio::test]
async fn hostile_names_reach_both_sides() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let text = usage(&sandbox, PERIOD).await.to_string();
    let clients: Vec<String> = sandbox
        .clients()
        .into_iter()
        .map(|client| client.name)
        .collect();
    for part in [
        "=cmd|",
        "<script>",
        "O'Brien",
        "\u{1f680}",
        "\u{1b}[31m",
        "Candlestick",
    ] {
        assert!(clients.iter().any(|name| name.contains(part)), "{part}");
        let escaped = serde_json::to_string(part).unwrap();
        assert!(text.contains(escaped.trim_matches('"')), "{part}");
    }
    assert!(clients.iter().any(|name| name.len() > 200));
}

#[tokio::test]
async fn some_devices_have_two_lines_of_one_service() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let usage = usage(&sandbox, PERIOD).await;
    let clients = usage
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["Clients"].as_array().unwrap());
    let devices = clients.flat_map(|client| client["Devices"].as_array().unwrap());
    let doubled = devices.filter(|device| {
        let lines = device["TotalByService"].as_array().unwrap();
        let names: BTreeSet<_> = lines
            .iter()
            .map(|line| line["BillingServiceName"].as_str())
            .collect();
        names.len() < lines.len()
    });
    assert!(doubled.count() > 0);
}

#[tokio::test]
async fn customers_come_and_go_between_the_months() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let before: BTreeSet<String> = customers(&usage(&sandbox, PERIOD - 1).await)
        .into_keys()
        .collect();
    let now: BTreeSet<String> = customers(&usage(&sandbox, PERIOD).await)
        .into_keys()
        .collect();
    assert_eq!(
        (
            now.difference(&before).count(),
            before.difference(&now).count()
        ),
        (3, 2)
    );
}

/// Per expected subscription: what is there before a sync.
fn standing(sandbox: &Sandbox, expected: &Expectation) -> Vec<(i64, Option<i64>, i64)> {
    let live = sandbox.subscriptions();
    let found = |client: i64, name: &str| {
        live.iter().find(|one| {
            one.client_id == client
                && one.name == name
                && one.kind == 1
                && one.is_active
                && !one.deleted
        })
    };
    let rows = expected.subscriptions.iter();
    rows.map(|want| {
        (
            want.client_id,
            found(want.client_id, &want.name).map(|one| one.count),
            want.count,
        )
    })
    .collect()
}

#[tokio::test]
async fn a_first_sync_stays_below_the_usual_guards() {
    for (seed, size) in (0..6).map(|seed| (seed, 48)).chain([(7, 1000)]) {
        let sandbox = seeded(seed, size).await;
        let rows = standing(&sandbox, &sandbox.expected(PERIOD));
        let existing: Vec<(i64, i64)> = rows
            .iter()
            .filter_map(|(_, is, want)| is.map(|is| (is, *want)))
            .collect();
        let stale = existing.iter().filter(|(is, want)| is != want).count();
        assert!(
            stale * 100 < existing.len() * 35,
            "seed {seed}: {stale} of {}",
            existing.len()
        );
        assert!(
            stale * 100 > existing.len() * 12,
            "seed {seed}: {stale} of {}",
            existing.len()
        );
        let created = rows.iter().filter(|(_, is, _)| is.is_none()).count();
        assert!((10..=500).contains(&created), "seed {seed}: {created}");

        let mut totals: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for (client, is, want) in rows {
            let total = totals.entry(client).or_default();
            total.0 += is.unwrap_or(0);
            total.1 += want;
        }
        for (client, (is, want)) in totals {
            assert!(
                is == 0 || (want - is).abs() * 100 <= is * 150,
                "seed {seed}, client {client}: {is} to {want}"
            );
        }
    }
}

#[tokio::test]
async fn the_month_after_changes_less_than_half() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let (before, now) = (sandbox.expected(PERIOD - 1), sandbox.expected(PERIOD));
    let kept = now
        .subscriptions
        .iter()
        .filter(|one| before.subscriptions.contains(one))
        .count();
    assert!(
        kept * 2 > now.subscriptions.len(),
        "{kept} of {}",
        now.subscriptions.len()
    );
    assert!(kept < now.subscriptions.len());
    assert!(
        (1..=10).contains(&now.departed.len()),
        "{}",
        now.departed.len()
    );
}

#[tokio::test]
async fn there_is_something_that_must_not_be_touched() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let live = sandbox.subscriptions();
    for name in [
        "Microsoft 365 Business Premium",
        "Managed Firewall",
        "Cove Data Protection | Server (legacy)",
    ] {
        assert!(live.iter().any(|one| one.name == name), "{name}");
    }
    let expected = sandbox.expected(PERIOD);
    assert!(
        expected
            .subscriptions
            .iter()
            .all(|one| !one.name.contains("legacy"))
    );
}

#[tokio::test]
async fn references_name_the_halo_client() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let usage = usage(&sandbox, PERIOD).await.to_string();
    assert!(usage.contains("\"Customer_Reference_L7\":\"HALO:"));
}

#[tokio::test]
async fn other_products_share_the_account() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let usage = usage(&sandbox, PERIOD).await;
    let edr = &usage[3];
    assert_eq!(edr["ContractId"], CONTRACTS[3].to_string());
    assert!(edr["Clients"].as_array().unwrap().len() > 3);
    let services: BTreeSet<String> = sandbox
        .expected(PERIOD)
        .vendor_units
        .into_iter()
        .map(|(service, ..)| service)
        .collect();
    assert_eq!(services.len(), 8);
    assert!(
        services
            .iter()
            .all(|service| service.starts_with("Cove Data Protection | "))
    );
}
