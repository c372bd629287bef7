//! `PSAUsageDetailsDevices`: one contract of one invoice.

use api_core::ErrorKind;
use cove_api::billing::{ClientId, ContractStatus, DetailId};

use super::support::{answering, contract, dec, fixture, invoice, month};

#[tokio::test]
async fn the_full_sample_is_read_with_every_figure_exact() {
    let client = answering(fixture("psa_usage_details_devices.json"));
    let document = client
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();

    assert_eq!(document.contract_id, Some(contract()));
    assert_eq!(document.contract_status, Some(ContractStatus::Active));
    assert_eq!(document.pga_code.as_deref(), Some("0100"));
    assert_eq!(document.bp_account_id.as_deref(), Some("12348"));
    assert_eq!(document.time_frame, Some(month()));
    assert_eq!(
        document.created.unwrap().iso_date_time().unwrap(),
        "2021-01-04T20:02:13.47"
    );
    assert_eq!(document.bad, []);
    assert!(document.extra.is_empty(), "{:?}", document.extra);

    let total = &document.totals_by_contract[0];
    assert_eq!(total.invoice_id, Some(invoice()));
    assert_eq!(total.bp_account_id.as_deref(), Some("345678"));
    let pool = &total.additional_capacity[0];
    assert_eq!(pool.capacity, Some(dec("-1830.479000000003")));
    assert_eq!(
        api_core::wire::denoise(pool.capacity.unwrap()),
        dec("-1830.479")
    );
    assert_eq!(pool.quantity, Some(dec("0")));
    assert_eq!(pool.price, Some(dec("0.02")));
    assert_eq!(pool.total_pool, Some(dec("45500")));
    assert_eq!(
        pool.servers.as_ref().unwrap().fair_use_gb,
        Some(dec("2000"))
    );
    assert_eq!(pool.virtual_servers.as_ref().unwrap().fair_use_gb, None);
    assert_eq!(pool.sku.as_deref(), Some("MSPUK-BU-AC"));

    let first = document.clients[0].good().unwrap();
    assert_eq!(first.client_id, Some(ClientId::new("1223442")));
    assert_eq!(first.devices.len(), 3);
    let device = first.devices[0].good().unwrap();
    assert_eq!(device.detail_id, Some(DetailId::new("5550001")));
    assert_eq!(device.customer_site_name.as_deref(), Some("Head Office"));
    assert_eq!(device.site_name.as_deref(), Some("Head Office"));
    assert_eq!(device.level(3), Some("Example Distributor"));
    assert_eq!(device.level(4), None);
    assert_eq!(device.level(2), None);
    assert_eq!(device.level(9), None);
    assert_eq!(device.customer_reference(7), Some("HALO-101"));
    assert_eq!(device.customer_reference(8), None);
    let per_gb = device.lines().nth(1).unwrap();
    assert_eq!(
        per_gb.billing_service_name.as_deref(),
        Some("Cove Data Protection | Per GB")
    );
    assert_eq!(per_gb.quantity, dec("312.407"));
    assert_eq!(per_gb.price, Some(dec("0.02")));
    assert_eq!(per_gb.amount, Some(dec("6.24814")));
    assert_eq!(per_gb.unit.as_deref(), Some("GB"));

    let second = document.clients[1].good().unwrap();
    assert_eq!(second.client_id, Some(ClientId::new("2712429")));
    assert_eq!(
        second.devices[0].good().unwrap().detail_id,
        Some(DetailId::new("5550010"))
    );
}

#[tokio::test]
async fn the_documented_part_of_the_sample_is_read() {
    let client = answering(fixture("psa_usage_details_devices.documented_part.json"));
    let document = client
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();
    let device = document.clients[0].good().unwrap().devices[0]
        .good()
        .unwrap();
    assert_eq!(device.detail.as_deref(), Some("username"));
    assert_eq!(device.total_by_service, []);
}

#[tokio::test]
async fn an_empty_client_list_is_an_answer_and_is_marked() {
    let client = answering(fixture("psa_usage_details_devices.empty.json"));
    let document = client
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();
    assert_eq!(document.clients, []);
    assert!(document.clients_listed);
}

#[tokio::test]
async fn account_data_alone_is_a_soft_failure_not_zero_usage() {
    for body in [
        r#"{"AccountName":"Best MSP","ContractId":1,"TimeFrame":202508}"#,
        r#"{"AccountName":"Best MSP","Clients":null}"#,
        r#"{"UsageDetailDevices":[]}"#,
        "{}",
        "[]",
        "null",
        "",
    ] {
        let whole = answering(body)
            .usage_details(month(), &contract(), &invoice())
            .await;
        let error = whole.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{body}");
        assert_eq!(error.code(), Some("soft_failure"), "{body}");
        let options = cove_api::billing::TotalsOptions::default();
        let totals = answering(body)
            .total_usage_details(month(), &contract(), &invoice(), options)
            .await;
        assert_eq!(totals.unwrap_err().code(), Some("soft_failure"), "{body}");
    }
}

#[tokio::test]
async fn two_documents_where_one_was_asked_for_are_not_merged() {
    let body = r#"[{"ContractId":1,"Clients":[]},{"ContractId":2,"Clients":[]}]"#;
    let error = answering(body)
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("several_documents"));
}

#[tokio::test]
async fn an_object_of_another_kind_is_an_error_that_names_its_members() {
    let body = r#"{"message":"account suspended","code":17}"#;
    let error = answering(body)
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("unrecognised_answer"));
    assert!(error.message().contains("message"), "{error}");
    assert!(error.body_snippet().unwrap().contains("account suspended"));
}
