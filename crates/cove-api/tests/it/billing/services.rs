//! `PSABillableServices`.

use api_core::ErrorKind;
use cove_api::billing::{ClientId, TimeFrame};

use super::support::{answering, contract, fixture, month};

#[tokio::test]
async fn the_documented_sample_is_read() {
    let client = answering(fixture("psa_billable_services.documented.json"));
    let answer = client
        .billable_services(month(), &contract())
        .await
        .unwrap();
    assert_eq!(answer.time_frame, TimeFrame::new(2024, 9));
    assert_eq!(
        answer.created.unwrap().iso_date_time().unwrap(),
        "2024-02-09T15:04:06"
    );
    let service = answer.services[0].good().unwrap();
    assert_eq!(
        service.billing_service_name.as_deref(),
        Some("Cove Data Protection | Additional Capacity")
    );
    assert_eq!(
        service.product_feature_name.as_deref(),
        Some("0100_ADDITIONAL_CAPACITY")
    );
    assert_eq!(service.unit.as_deref(), Some("GB"));
    let blank = answer.clients[0].good().unwrap();
    assert_eq!(
        (blank.client_id.as_ref(), blank.name.as_ref()),
        (None, None)
    );
    assert!(answer.extra.is_empty() && answer.bad.is_empty());
}

#[tokio::test]
async fn client_ids_are_read_from_numbers_and_text() {
    let client = answering(fixture("psa_billable_services.json"));
    let answer = client
        .billable_services(month(), &contract())
        .await
        .unwrap();
    let clients: Vec<_> = answer
        .clients
        .iter()
        .map(|client| client.good().unwrap())
        .map(|client| {
            (
                client.client_id.clone().unwrap(),
                client.name.clone().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        clients,
        [
            (ClientId::new("2712428"), "Contoso Ltd".to_owned()),
            (ClientId::new("1223442"), "Fabrikam BV".to_owned()),
        ]
    );
    assert_eq!(answer.tenant_id.as_deref(), Some("0100_678905"));
}

#[tokio::test]
async fn the_documented_soft_failure_is_a_typed_error() {
    let documented = fixture("psa_billable_services.invalid_contract.json");
    for body in [
        documented.as_str(),
        "{}",
        "[]",
        "",
        r#"{"Billable Services":null,"Clients":null}"#,
    ] {
        let error = answering(body)
            .billable_services(month(), &contract())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{body}");
        assert_eq!(error.code(), Some("soft_failure"), "{body}");
        assert!(error.hint().unwrap().contains("contract id"));
    }
}

#[tokio::test]
async fn empty_lists_are_an_answer() {
    let body = r#"{"Billable Services":[],"Clients":[]}"#;
    let answer = answering(body)
        .billable_services(month(), &contract())
        .await
        .unwrap();
    assert_eq!((answer.services, answer.clients), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn wrapped_one_element_array_and_bare_bodies_give_the_same_result() {
    let bare = fixture("psa_billable_services.json");
    let expected = answering(bare.clone())
        .billable_services(month(), &contract())
        .await
        .unwrap();
    for body in [
        format!(r#"{{"PSABillableServices":{bare}}}"#),
        format!(r#"{{"PSABillableServices":[{bare}]}}"#),
        format!(r#"{{"PSA Billable services":{bare}}}"#),
        format!("[{bare}]"),
        bare.replace("Billable Services", "BillableServices"),
    ] {
        let answer = answering(body.clone())
            .billable_services(month(), &contract())
            .await;
        assert_eq!(answer.unwrap(), expected, "{body}");
    }
}

#[tokio::test]
async fn an_unreadable_entry_is_isolated() {
    let body = r#"{"Billable Services":[{"BillingServiceName":[]},{"Sku":"A"}],"Clients":[7,{"ClientId":1}]}"#;
    let answer = answering(body)
        .billable_services(month(), &contract())
        .await
        .unwrap();
    assert_eq!(
        answer.services[0].bad().unwrap().path,
        "Billable Services[0].BillingServiceName"
    );
    assert_eq!(answer.services[1].good().unwrap().sku.as_deref(), Some("A"));
    assert!(answer.clients[0].bad().is_some());
    assert_eq!(
        answer.clients[1].good().unwrap().client_id,
        Some(ClientId::new("1"))
    );
}
