//! The judge against worlds small enough to work out by hand.

use sandbox::{CONTRACTS, ExpectedException, ExpectedSubscription, Milli, Sandbox};
use serde_json::json;

use crate::http::Halo;

const SERVER: &str = "Cove Data Protection | Server";
const PER_GB: &str = "Cove Data Protection | Per GB";
const RETENTION: &str = "Cove Data Protection | Long-Term Retention";
const PERIOD: u32 = 202_610;
const A: u64 = CONTRACTS[0];
const B: u64 = CONTRACTS[1];
const C: u64 = CONTRACTS[2];
const EDR: u64 = CONTRACTS[3];

fn sub(client_id: i64, name: &str, count: i64) -> ExpectedSubscription {
    ExpectedSubscription {
        client_id,
        name: name.into(),
        count,
    }
}

fn exception(kind: &str, customer: &str, service: &str, quantity: &str) -> ExpectedException {
    ExpectedException {
        kind: kind.into(),
        customer_id: customer.into(),
        service: service.into(),
        quantity: quantity.into(),
    }
}

async fn blank() -> Sandbox {
    Sandbox::builder()
        .blank_world()
        .period(PERIOD)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn sums_over_devices_and_contracts_and_rounds_only_storage() {
    let sandbox = blank().await;
    sandbox.edit(|world| {
        let acme = world.add_client("Acme", "100");
        assert_eq!(acme, 12);
        for (contract, service, quantity) in [
            (A, SERVER, Milli::units(1)),
            (B, SERVER, Milli::units(2)),
            (A, PER_GB, Milli::new(312_407)),
            (C, PER_GB, Milli::new(100)),
            (A, RETENTION, Milli::new(500)),
            (A, RETENTION, Milli::new(1_500)),
            (EDR, "Example EDR | Endpoint", Milli::units(12)),
        ] {
            assert!(world.add_usage(PERIOD, contract, ("100", "Acme"), service, quantity));
        }
        world.add_subscription(acme, "Managed Firewall", 3);
    });
    let expected = sandbox.expected(PERIOD);
    assert_eq!(
        expected.subscriptions,
        [
            sub(12, RETENTION, 2),
            sub(12, PER_GB, 313),
            sub(12, SERVER, 3)
        ]
    );
    assert_eq!((expected.exceptions, expected.departed), (vec![], vec![]));
    let unit = |service: &str, unit: &str, sum: &str| {
        (service.to_owned(), unit.to_owned(), sum.to_owned())
    };
    assert_eq!(
        expected.vendor_units,
        [
            unit(RETENTION, "TB", "2"),
            unit(PER_GB, "GB", "312.507"),
            unit(SERVER, "Each", "3")
        ]
    );
}

#[tokio::test]
async fn every_exception_has_its_customer_and_units() {
    let sandbox = blank().await;
    sandbox.edit(|world| {
        let twins = world.add_client("Twins", "200");
        assert_eq!(twins, 12);
        world.add_client("Twins (old)", " 200 ");
        let gone = world.add_client("Gone", json!(300));
        world.set_client_inactive(gone, true);
        let twice = world.add_client("Twice", "400");
        world.add_subscription(twice, SERVER, 1);
        world.add_subscription(twice, SERVER, 1);
        world.add_client("Blank", "");
        for (id, name, service, quantity) in [
            ("", "Blank", SERVER, 1_000),
            ("", "Other", SERVER, 2_000),
            ("100", "Nobody", SERVER, 3_000),
            ("200", "Twins", SERVER, 4_000),
            ("300", "Gone", SERVER, 5_000),
            ("400", "Twice", SERVER, 6_000),
            ("400", "Twice", RETENTION, 1_125),
        ] {
            world.add_usage(PERIOD, A, (id, name), service, Milli::new(quantity));
        }
        world.set_pool(PERIOD, C, Milli::units(120));
        world.set_pool(PERIOD, B, Milli::units(-50));
        world.set_pool(PERIOD, EDR, Milli::units(7));
    });
    let expected = sandbox.expected(PERIOD);
    assert_eq!(expected.subscriptions, []);
    assert_eq!(
        expected.exceptions,
        [
            exception("ambiguous_customer", "200", SERVER, "4"),
            exception("ambiguous_subscription", "400", SERVER, "6"),
            exception(
                "contract_level",
                "",
                "Cove Data Protection | Additional Capacity",
                "120"
            ),
            exception("fraction_without_rule", "400", RETENTION, "1.125"),
            exception("inactive_client", "300", SERVER, "5"),
            exception("unmatched_customer", "", SERVER, "1"),
            exception("unmatched_customer", "", SERVER, "2"),
            exception("unmatched_customer", "100", SERVER, "3"),
        ]
    );
}

#[tokio::test]
async fn a_customer_that_left_is_due_for_zero() {
    let sandbox = blank().await;
    sandbox.edit(|world| {
        world.add_client("Acme", "100");
        world.add_usage(PERIOD - 1, A, ("100", "Acme"), SERVER, Milli::units(2));
        world.add_usage(PERIOD - 1, A, ("100", "Acme"), PER_GB, Milli::new(500));
        world.add_usage(PERIOD, A, ("100", "Acme"), SERVER, Milli::units(2));
    });
    let expected = sandbox.expected(PERIOD);
    assert_eq!(expected.subscriptions, [sub(12, SERVER, 2)]);
    assert_eq!(expected.departed, [sub(12, PER_GB, 0)]);
    sandbox.edit(|world| assert_eq!(world.remove_client_usage(PERIOD, "100"), 1));
    assert_eq!(
        sandbox.expected(PERIOD).departed,
        [sub(12, PER_GB, 0), sub(12, SERVER, 0)]
    );
}

#[tokio::test]
async fn a_service_that_is_only_held_back_is_not_due_for_zero() {
    let sandbox = blank().await;
    sandbox.edit(|world| {
        world.add_client("Acme", "100");
        world.add_usage(PERIOD - 1, A, ("100", "Acme"), RETENTION, Milli::units(2));
        world.add_usage(PERIOD, A, ("100", "Acme"), RETENTION, Milli::new(2_500));
    });
    let expected = sandbox.expected(PERIOD);
    assert_eq!(
        (
            expected.subscriptions.len(),
            expected.departed.len(),
            expected.exceptions.len()
        ),
        (0, 0, 1)
    );
}

#[tokio::test]
async fn what_requests_write_does_not_sway_the_judge() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let before = sandbox.expected(PERIOD);
    let halo = Halo::new(&sandbox).await;
    let first = &before.subscriptions[0];
    let copy = json!({"client_id": first.client_id, "name": first.name, "count": 99, "type": 1});
    let live = sandbox.subscriptions();
    let existing = live
        .iter()
        .find(|one| one.client_id == first.client_id && one.name == first.name)
        .unwrap();
    let renamed = json!({"id": existing.id, "name": "x", "is_active": false});
    assert_eq!(
        halo.post("SoftwareLicence", &json!([copy, copy, renamed]))
            .await
            .status,
        200
    );
    assert_eq!(sandbox.expected(PERIOD), before);
    sandbox.edit(|world| {
        world.add_subscription(first.client_id, &first.name, 1);
        world.add_subscription(first.client_id, &first.name, 1)
    });
    assert_ne!(sandbox.expected(PERIOD), before);
}

#[tokio::test]
async fn a_month_nobody_knows_expects_nothing() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    assert_eq!(sandbox.expected(203_001), sandbox::Expectation::default());
}
