//! `PSAUsageByTimeFrame`: every contract of a month.

use api_core::ErrorKind;
use cove_api::billing::{ClientId, ContractId, DeviceUsage, PriceSeen, TotalsOptions};

use super::support::{answering, dec, fixture, month, scripted};
use api_core::testing::Scripted;

#[tokio::test]
async fn the_sample_holds_two_contracts_without_prices() {
    let client = answering(fixture("psa_usage_by_timeframe.json"));
    let documents = client.usage_by_timeframe(month()).await.unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].index, 0);
    assert_eq!(documents[1].index, 1);
    assert_eq!(documents[0].contract_id, Some(ContractId::new("234578")));
    let first = documents[0].clients[0].good().unwrap();
    assert_eq!(first.client_id, Some(ClientId::new("2712428")));
    let lines = first.readable_devices().flat_map(DeviceUsage::lines);
    assert!(
        lines
            .into_iter()
            .all(|line| line.price.is_none() && line.amount.is_none())
    );
    let pool = &documents[0].totals_by_contract[0].additional_capacity[0];
    assert_eq!((pool.quantity, pool.price, pool.amount), (None, None, None));
    assert_eq!(pool.capacity, Some(dec("-1835.062000000002")));
}

#[tokio::test]
async fn totals_sum_the_devices_of_each_client_by_service() {
    let client = answering(fixture("psa_usage_by_timeframe.json"));
    let (totals, end) = client
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap();
    assert_eq!(end.documents, 2);
    assert_eq!(end.unreadable, 0);
    let contoso = &totals.documents[0].clients[0];
    assert_eq!(contoso.devices, 3);
    assert_eq!(contoso.company_names, ["Contoso Ltd"]);
    assert_eq!(contoso.customer_references, ["HALO-101"]);
    let sums: Vec<_> = contoso
        .services
        .iter()
        .map(|row| {
            (
                row.service.as_deref().unwrap(),
                row.quantity.to_string(),
                row.price,
            )
        })
        .collect();
    assert_eq!(
        sums,
        [
            (
                "Cove Data Protection | Server",
                "1".to_owned(),
                PriceSeen::None
            ),
            (
                "Cove Data Protection | Per GB",
                "312.407".to_owned(),
                PriceSeen::None
            ),
            (
                "Cove Data Protection | Workstation",
                "1".to_owned(),
                PriceSeen::None
            ),
            (
                "Cove Data Protection | Microsoft 365",
                "37".to_owned(),
                PriceSeen::None
            ),
        ]
    );
    assert!(contoso.is_sound());
}

#[tokio::test]
async fn the_documented_samples_are_read() {
    let part = answering(fixture("psa_usage_by_timeframe.documented_part.json"));
    let documents = part.usage_by_timeframe(month()).await.unwrap();
    let device = documents[0].clients[0].good().unwrap().devices[0]
        .good()
        .unwrap();
    assert_eq!(device.company_name.as_deref(), Some("customername"));

    let empty = answering(fixture("psa_usage_by_timeframe.empty.json"));
    let (totals, end) = empty
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap();
    assert!(end.is_empty());
    assert_eq!(totals.documents[0].clients, []);
    assert_eq!(totals.documents[0].head.totals_by_contract.len(), 1);
}

#[tokio::test]
async fn a_month_without_documents_is_an_empty_list_that_says_so() {
    for body in [
        "{}",
        "[]",
        "null",
        "",
        "  ",
        r#"{"UsageDetailDevices":[]}"#,
        r#"{"UsageDetailDevices":null}"#,
    ] {
        assert_eq!(
            answering(body).usage_by_timeframe(month()).await.unwrap(),
            [],
            "{body}"
        );
        let (totals, end) = answering(body)
            .total_usage_by_timeframe(month(), TotalsOptions::default())
            .await
            .unwrap();
        assert_eq!(totals.documents, [], "{body}");
        assert!(end.is_empty(), "{body}");
    }
}

#[tokio::test]
async fn a_404_is_not_an_empty_month() {
    let (client, _) = scripted([Scripted::status(404)]);
    let error = client.usage_by_timeframe(month()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_document_without_a_client_list_is_marked_beside_a_good_one() {
    let body =
        r#"{"UsageDetailDevices":[{"ContractId":1},{"ContractId":2,"Clients":[{"ClientId":5}]}]}"#;
    let (totals, end) = answering(body)
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap();
    assert_eq!(end.documents_without_clients, 1);
    assert_eq!(end.account_data_only, 1);
    assert!(!totals.documents[0].head.clients_listed);
    assert!(totals.documents[1].head.clients_listed);
}
