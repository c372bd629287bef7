//! How the units of a document are summed, and what travels with them.

use super::{
    GB, SERVER, Scene, client, device, document, invoice, invoices, line, one_server, simple, units,
};
use billing_sync::ids::CustomerId;
use billing_sync::usage::Finality;
use rust_decimal::Decimal;
use serde_json::{Value, json};

#[tokio::test]
async fn devices_are_summed_per_customer_service_and_unit_without_losing_a_decimal() {
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            client(
                json!(1),
                vec![
                    device(
                        "d1",
                        "Acme",
                        vec![line(GB, json!("100.4")), line(GB, json!("0.007"))],
                    ),
                    device(
                        "d2",
                        "Acme",
                        vec![line(GB, json!("212.000")), line(SERVER, json!(1))],
                    ),
                ],
            ),
            client(
                json!("2"),
                vec![device("d3", "Beta", vec![line(SERVER, json!("1"))])],
            ),
        ],
    )))
    .usage()
    .await;
    let found: Vec<_> = usage
        .lines
        .iter()
        .map(|line| {
            (
                line.customer.as_ref().unwrap().as_str(),
                line.customer_name.as_str(),
                line.service.as_ref().unwrap().as_str(),
                line.quantity.normalize(),
                line.device_count,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("1", "Acme", GB, units("312.407"), 2),
            ("1", "Acme", SERVER, units("1"), 1),
            ("2", "Beta", SERVER, units("1"), 1),
        ]
    );
    let devices: Vec<_> = usage.lines[0]
        .devices
        .iter()
        .map(|device| (device.id.as_str(), device.name.as_str(), device.quantity))
        .collect();
    assert_eq!(
        devices,
        [
            ("d1", "dev d1", units("100.407")),
            ("d2", "dev d2", units("212"))
        ]
    );
    assert_eq!(usage.finality, Finality::Final);
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
    let listed: Vec<&str> = usage
        .completeness
        .customers_listed
        .iter()
        .map(CustomerId::as_str)
        .collect();
    assert_eq!(listed, ["1", "2"]);
}

#[tokio::test]
async fn float_noise_ends_with_the_sum_and_amounts_are_kept_only_when_all_are_known() {
    let priced =
        |amount: Value| json!({"BillingServiceName": GB, "Quantity": "0.1", "Amount": amount});
    let noisy =
        |quantity: &str| json!({"BillingServiceName": GB, "Quantity": quantity, "Amount": "1.5"});
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            client(
                json!(1),
                vec![device(
                    "a",
                    "A",
                    vec![noisy("0.30000000000000004"), noisy("0.3")],
                )],
            ),
            client(
                json!(2),
                vec![device(
                    "b",
                    "B",
                    vec![priced(json!("2")), priced(Value::Null)],
                )],
            ),
        ],
    )))
    .usage()
    .await;
    assert_eq!(usage.lines[0].quantity, units("0.6"));
    assert_eq!(usage.lines[0].amount, Some(units("3")));
    assert_eq!(usage.lines[1].amount, None);
    assert_eq!(usage.lines[0].unit, "", "no unit was stated");
}

#[tokio::test]
async fn a_blank_customer_keeps_its_name_and_its_units() {
    let blank = |id: Value, company: &str| {
        client(id, vec![device("1", company, vec![line(SERVER, json!(1))])])
    };
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            blank(json!(""), "Zeta"),
            blank(Value::Null, "Alpha"),
            blank(json!(" "), "Zeta"),
            one_server("1"),
        ],
    )))
    .usage()
    .await;
    let found: Vec<_> = usage
        .lines
        .iter()
        .map(|line| {
            (
                line.customer.is_some(),
                line.customer_name.as_str(),
                line.quantity,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (false, "Alpha", Decimal::ONE),
            (false, "Zeta", Decimal::TWO),
            (true, "Acme", Decimal::ONE)
        ]
    );
}

#[tokio::test]
async fn a_customer_reference_travels_with_its_units_and_two_of_them_stay_two_lines() {
    let referred = |id: &str, reference: &str| {
        let mut device = device(id, "Acme", vec![line(SERVER, json!(1))]);
        device["Customer_Reference_L7"] = json!(reference);
        device
    };
    let usage = Scene::new(simple(document(
        json!(7),
        vec![client(
            json!(1),
            vec![referred("a", "HALO:12"), referred("b", "HALO:13")],
        )],
    )))
    .usage()
    .await;
    let references: Vec<_> = usage
        .lines
        .iter()
        .map(|line| line.customer_reference.as_deref())
        .collect();
    assert_eq!(references, [Some("HALO:12"), Some("HALO:13")]);
}

#[tokio::test]
async fn a_pool_is_charged_to_its_contract_and_headroom_is_not() {
    let mut usage = document(json!(7), vec![]);
    usage["TotalByContracts"] = json!([{"ContractId": "7", "AdditionalCapacity": [
        {"AdditionalCapacity": "120.00000000000003", "Quantity": "120", "Amount": "2.40", "ProductFeatureName": "0100_ADDITIONAL_CAPACITY"},
        {"AdditionalCapacity": "-1830.479000000003", "Quantity": "0", "Amount": "0"},
        {"AdditionalCapacity": "-5", "Quantity": "-5"},
        {"AdditionalCapacity": "7.500000000000004"},
        {"AdditionalCapacity": "-1830.479000000003"},
        {"TotalPool": "45500"},
    ]}]);
    usage["CommittedCharges"] =
        json!([{"BillingServiceName": "Cove | Commitment", "Quantity": 4, "Uom": "Each"}]);
    let usage = Scene::new(simple(usage)).usage().await;
    let found: Vec<_> = usage
        .contract_amounts
        .iter()
        .map(|amount| {
            (
                amount.contract.as_str(),
                amount.service.as_str(),
                amount.unit.as_str(),
                amount.quantity,
                amount.amount,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "7",
                "Cove Data Protection | Additional Capacity",
                "GB",
                units("120"),
                Some(units("2.4"))
            ),
            (
                "7",
                "Cove Data Protection | Additional Capacity",
                "GB",
                units("7.5"),
                None
            ),
            ("7", "Cove | Commitment", "Each", units("4"), None),
        ]
    );
}

#[tokio::test]
async fn customers_of_other_products_are_not_asked_for_but_their_units_are_kept() {
    let mut edr = document(
        json!(8),
        vec![client(
            json!(5),
            vec![device("e", "E", vec![line("EDR | Control", json!(3))])],
        )],
    );
    edr["ProductName"] = json!("EDR | Control");
    let (usage, asked) = Scene::new(vec![
        invoices(vec![invoice("100", &["8"])]),
        ("PSAUsageDetailsDevices/8/100", edr),
    ])
    .run()
    .await;
    let usage = usage.unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(usage.lines[0].quantity, units("3"));
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
}
