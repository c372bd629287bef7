//! `InvoicesReady`.

use api_core::ErrorKind;
use api_core::testing::Scripted;
use cove_api::billing::{ApprovalStatus, ContractId, EFileId, InvoiceId, InvoiceStatus};

use super::support::{answering, fixture, month, scripted};

#[tokio::test]
async fn the_documented_sample_is_read_in_full() {
    let client = answering(fixture("invoices_ready.json"));
    let invoices = client.invoices_ready(month()).await.unwrap();
    assert_eq!(invoices.len(), 1);
    let invoice = invoices[0].good().unwrap();
    assert_eq!(invoice.invoice_id, InvoiceId::new("348888"));
    assert_eq!(invoice.efile_id, Some(EFileId::new("12351245")));
    assert_eq!(invoice.efile_name.as_deref(), Some("efile_12351245.csv"));
    assert_eq!(
        invoice.activity_start_date.as_ref().unwrap().ymd(),
        Some((2024, 11, 1))
    );
    assert_eq!(
        invoice.invoice_date.as_ref().unwrap().ymd(),
        Some((2024, 12, 1))
    );
    assert_eq!(invoice.billing_profile_id.as_deref(), Some("1234"));
    assert!(invoice.is_final());
    assert!(invoice.contracts_known());
    assert_eq!(invoice.contracts[0].contract_id, ContractId::new("238877"));
    assert_eq!(
        invoice.contracts[0].contract_number.as_deref(),
        Some("MSP-888878-04")
    );
    assert!(invoice.extra.is_empty() && invoice.bad.is_empty());
}

#[tokio::test]
async fn invoices_without_contracts_are_reported_and_not_final_ones_are_told_apart() {
    let client = answering(fixture("invoices_ready.no_contracts.json"));
    let invoices = client.invoices_ready(month()).await.unwrap();
    let first = invoices[0].good().unwrap();
    assert!(first.is_final());
    assert!(!first.contracts_known());
    let second = invoices[1].good().unwrap();
    assert_eq!(second.invoice_id, InvoiceId::new("348890"));
    assert_eq!(second.status, Some(InvoiceStatus::Other("OPEN".into())));
    assert_eq!(
        second.approval_status,
        Some(ApprovalStatus::Other("PENDING".into()))
    );
    assert_eq!(second.efile_id, None);
    assert!(!second.is_final());
    assert!(!second.contracts_known());
}

#[tokio::test]
async fn every_form_of_an_empty_month_is_an_empty_list() {
    for body in [
        "{}",
        "[]",
        "null",
        "",
        r#"{"InvoicesReady":[]}"#,
        r#"{"InvoicesReady":null}"#,
        "[{}]",
    ] {
        assert_eq!(
            answering(body).invoices_ready(month()).await.unwrap(),
            [],
            "{body}"
        );
    }
    let (client, _) = scripted([Scripted::status(404)]);
    assert_eq!(client.invoices_ready(month()).await.unwrap(), []);
}

#[tokio::test]
async fn wrapped_bare_and_array_forms_give_the_same_invoices() {
    let invoice = r#"{"InvoiceId":7,"Status":"Closed","ApprovalStatus":"approved","Contracts":{"ContractId":9}}"#;
    let mut answers = Vec::new();
    for body in [
        format!(r#"{{"InvoicesReady":[{invoice}]}}"#),
        format!(r#"{{"InvoicesReady":{invoice}}}"#),
        format!(r#"[{{"InvoicesReady":[{invoice}]}}]"#),
        format!("[{invoice}]"),
        format!("\u{feff} {invoice}\n"),
    ] {
        answers.push(answering(body).invoices_ready(month()).await.unwrap());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let read = answers[0][0].good().unwrap();
    assert_eq!(read.contracts[0].contract_id, ContractId::new("9"));
    assert!(read.is_final());
}

#[tokio::test]
async fn an_unreadable_invoice_is_isolated() {
    let body =
        r#"[{"InvoiceID":{},"Status":"CLOSED","ApprovalStatus":"APPROVED"},{"InvoiceID":2}]"#;
    let invoices = answering(body).invoices_ready(month()).await.unwrap();
    let bad = invoices[0].bad().unwrap();
    assert_eq!((bad.index, bad.path.as_str()), (0, "InvoicesReady[0]"));
    assert_eq!(invoices[1].good().unwrap().invoice_id, InvoiceId::new("2"));
}

#[tokio::test]
async fn a_contract_without_an_id_does_not_read_as_known() {
    let body =
        r#"[{"InvoiceID":1,"Contracts":[{"ContractID":"5"},{"ContractID":" ","Name":"x"}]}]"#;
    let invoices = answering(body).invoices_ready(month()).await.unwrap();
    let invoice = invoices[0].good().unwrap();
    assert_eq!(invoice.contracts.len(), 1);
    assert_eq!(invoice.bad[0].path, "Contracts[1]");
    assert!(!invoice.contracts_known());
}

#[tokio::test]
async fn an_error_object_with_status_200_is_not_an_empty_month() {
    let error = answering(r#"{"error":"quota"}"#)
        .invoices_ready(month())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.code(), Some("unrecognised_answer"));
}
