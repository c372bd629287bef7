//! The distributor API, as far as public clients show it.

use std::sync::Arc;
use std::time::SystemTime;

use api_core::ErrorKind;
use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use cove_api::billing::{
    ClientId, ContractId, DistributorClient, DistributorId, InvoiceId, TotalsOptions,
};

use super::support::{KEY, dec, fixture, month};

fn answering(body: impl Into<String>) -> DistributorClient {
    let transport = ScriptedTransport::new([Scripted::json(200, body.into())]);
    DistributorClient::builder("https://d.example/V2", DistributorId::new("D1"), KEY.into())
        .transport(Arc::new(transport))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .build()
        .unwrap()
}

#[tokio::test]
async fn invoices_of_every_element_of_the_outer_array_are_read() {
    let sample = answering(fixture("channel_up_invoices.json"));
    let invoices = sample.invoices(month()).await.unwrap();
    assert_eq!(
        invoices[0].good().unwrap().invoice_id,
        InvoiceId::new("348888")
    );
    for (body, ids) in [
        ("[]", vec![]),
        (r#"[{"Invoices":[]}]"#, vec![]),
        (r#"[{"Invoices":[{"InvoiceId":1}]}]"#, vec!["1"]),
        (
            r#"[{"Invoices":[{"InvoiceId":1}]},{"Invoices":[{"InvoiceId":"2"},{"InvoiceId":3}]}]"#,
            vec!["1", "2", "3"],
        ),
        (r#"{"Invoices":{"InvoiceID":4}}"#, vec!["4"]),
    ] {
        let invoices = answering(body).invoices(month()).await.unwrap();
        let read: Vec<_> = invoices
            .iter()
            .map(|i| i.good().unwrap().invoice_id.as_str())
            .collect();
        assert_eq!(read, ids, "{body}");
    }
    let error = answering(r#"{"error":1}"#)
        .invoices(month())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("unrecognised_answer"));
}

#[tokio::test]
async fn contracts_name_their_reseller_if_they_have_one() {
    let client = answering(fixture("channel_up_invoice_details.json"));
    let details = client
        .invoice_details(&InvoiceId::new("348888"))
        .await
        .unwrap();
    let first = details.contracts[0].good().unwrap();
    assert_eq!(first.contract_id, ContractId::new("234578"));
    assert_eq!(first.reseller.as_deref(), Some("RESELLER-0001"));
    assert_eq!(details.contracts[1].good().unwrap().reseller, None);

    for body in ["{}", r#"{"Contracts":null}"#, r#"{"AccountName":"x"}"#] {
        let error = answering(body)
            .invoice_details(&InvoiceId::new("1"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Api, Some("soft_failure")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn committed_charges_are_kept_apart_from_the_clients() {
    let sample = fixture("channel_up_usage_details_devices.json");
    let document = answering(sample.clone())
        .usage_details(month(), &ContractId::new("1"))
        .await
        .unwrap();
    assert_eq!(document.bp_account_id.as_deref(), Some("12348"));
    assert_eq!(document.committed_charges[0].quantity, dec("10"));
    assert_eq!(document.committed_charges[0].price, Some(dec("18")));

    let (totals, end) = answering(sample)
        .total_usage_details(month(), &ContractId::new("1"), TotalsOptions::default())
        .await
        .unwrap();
    assert_eq!(end.devices, 1);
    let document = &totals.documents[0];
    assert_eq!(document.head.committed_charges.len(), 1);
    assert_eq!(
        document.clients[0].client_id,
        Some(ClientId::new("2712428"))
    );
    assert_eq!(document.clients[0].services[0].quantity, dec("1"));
}

#[tokio::test]
async fn a_contract_with_committed_charges_only_is_an_answer() {
    let body = r#"{"BpAccountId":1,"CommittedCharges":[{"BillingServiceName":"A","Quantity":2}]}"#;
    let document = answering(body)
        .usage_details(month(), &ContractId::new("1"))
        .await
        .unwrap();
    assert_eq!(document.clients, []);
    assert!(!document.clients_listed);
}
