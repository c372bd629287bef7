//! Which calls tell a month, and in which order.

use super::{Scene, document, invoice, invoices, listing, one_server};
use billing_sync::ports::PortErrorKind;
use billing_sync::usage::Finality;
use rust_decimal::Decimal;
use serde_json::json;

#[tokio::test]
async fn every_contract_of_every_invoice_is_read_once_in_order() {
    let (usage, asked) = Scene::new(vec![
        invoices(vec![
            invoice("101", &["9", "7"]),
            invoice("100", &["8", "8"]),
        ]),
        (
            "PSAUsageDetailsDevices/7/101",
            document(json!(7), vec![one_server("1")]),
        ),
        (
            "PSAUsageDetailsDevices/8/100",
            document(json!("8"), vec![one_server("1")]),
        ),
        ("PSAUsageDetailsDevices/9/101", document(json!(9), vec![])),
        ("PSABillableServices/7", listing(&["1"])),
        ("PSABillableServices/8", listing(&["1"])),
        ("PSABillableServices/9", listing(&[])),
    ])
    .run()
    .await;
    let usage = usage.unwrap();
    assert_eq!(
        asked,
        [
            "InvoicesReady",
            "PSAUsageDetailsDevices/7/101",
            "PSAUsageDetailsDevices/8/100",
            "PSAUsageDetailsDevices/9/101",
            "PSABillableServices/7",
            "PSABillableServices/8",
            "PSABillableServices/9",
        ]
    );
    assert_eq!(usage.lines.len(), 2);
    assert_eq!(usage.completeness.contracts_seen.len(), 3);
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
}

#[tokio::test]
async fn an_invoice_without_contracts_is_read_by_month_without_counting_anything_twice() {
    let mut nameless = invoice("200", &[]);
    nameless.as_object_mut().unwrap().remove("Contracts");
    let usage = Scene::new(vec![
        invoices(vec![invoice("100", &["7"]), nameless]),
        (
            "PSAUsageDetailsDevices/7/100",
            document(json!(7), vec![one_server("1")]),
        ),
        (
            "PSAUsageByTimeFrame",
            json!({"UsageDetailDevices": [
                document(json!(7), vec![one_server("1")]),
                document(json!("8"), vec![one_server("2")]),
            ]}),
        ),
        ("PSABillableServices/7", listing(&["1"])),
        ("PSABillableServices/8", listing(&["2"])),
    ])
    .usage()
    .await;
    let found: Vec<_> = usage
        .lines
        .iter()
        .map(|line| {
            (
                line.customer.as_ref().unwrap().as_str(),
                line.contract.as_str(),
                line.quantity,
            )
        })
        .collect();
    assert_eq!(found, [("1", "7", Decimal::ONE), ("2", "8", Decimal::ONE)]);
    assert_eq!(usage.finality, Finality::Final);
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
}

#[tokio::test]
async fn only_the_contracts_of_the_settings_are_read() {
    let mut open = invoice("300", &["9"]);
    open["Status"] = json!("OPEN");
    let (usage, asked) = Scene::new(vec![
        invoices(vec![invoice("100", &["7", "8"]), open, invoice("200", &[])]),
        (
            "PSAUsageDetailsDevices/7/100",
            document(json!(7), vec![one_server("1")]),
        ),
        ("PSABillableServices/7", listing(&["1"])),
    ])
    .contracts(&["7"])
    .run()
    .await;
    let usage = usage.unwrap();
    assert_eq!(
        asked,
        [
            "InvoicesReady",
            "PSAUsageDetailsDevices/7/100",
            "PSABillableServices/7"
        ]
    );
    assert_eq!(
        usage.finality,
        Finality::Final,
        "an open invoice of another contract does not matter"
    );
    assert!(usage.completeness.is_complete());
}

#[tokio::test]
async fn errors_are_of_the_kind_that_says_what_to_do() {
    for (answer, kind) in [
        (json!(401), PortErrorKind::Settings),
        (json!(403), PortErrorKind::Settings),
        (json!(500), PortErrorKind::Unavailable),
        (json!("<html>sign in</html>"), PortErrorKind::Unreadable),
        (
            json!("{\"UsageDetailDevices\": [{\"ContractId\": 7, \"Clients\": ["),
            PortErrorKind::Unreadable,
        ),
    ] {
        let (usage, _) = Scene::new(vec![("PSAUsageByTimeFrame", answer.clone())])
            .indirect()
            .run()
            .await;
        let error = usage.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer}: {error}");
        assert!(!error.to_string().contains('\n'));
    }
}
