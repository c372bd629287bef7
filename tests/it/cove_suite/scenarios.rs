//! What every Cove must let its clients do, and what they must make of a Cove in trouble.

use super::{
    CONTRACT_A, CONTRACT_B, CoveUnderTest, FABRIKAM, INVOICE, PER_GB, SERVER, Trouble, WORKSTATION,
    contoso, month, told,
};
use crate::cove_contract::gathered;
use api_core::ErrorKind;
use cove_api::billing::{
    ClientId, ContractId, DeviceUsage, Finality, Guarded, InvoiceId, TotalsOptions, UsageDocument,
    UsageTotals,
};
use cove_api::management::{Column, Depth, DeviceColumn, PartnerId, StatisticsQuery};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Quantities by customer and service.
type Units = BTreeMap<(String, String), String>;

fn units<const N: usize>(rows: [(&str, &str, &str); N]) -> Units {
    let rows = rows.map(|(customer, service, quantity)| {
        (
            (customer.to_owned(), service.to_owned()),
            quantity.to_owned(),
        )
    });
    Units::from(rows)
}

fn contract_a() -> Units {
    units([("7001", PER_GB, "312.407"), ("7001", SERVER, "2")])
}

fn add(
    sums: &mut BTreeMap<(String, String), Decimal>,
    customer: Option<&str>,
    service: Option<&str>,
    quantity: Decimal,
) {
    let key = (customer.unwrap().to_owned(), service.unwrap().to_owned());
    *sums.entry(key).or_default() += quantity;
}

fn written(sums: BTreeMap<(String, String), Decimal>) -> Units {
    let written = sums.into_iter();
    written
        .map(|(key, sum)| (key, sum.normalize().to_string()))
        .collect()
}

/// Device by device.
fn of_documents(documents: &[UsageDocument]) -> Units {
    let mut sums = BTreeMap::new();
    for client in documents
        .iter()
        .flat_map(|one| &one.clients)
        .filter_map(Guarded::good)
    {
        let id = client.client_id.as_ref().map(ClientId::as_str);
        for line in client.readable_devices().flat_map(DeviceUsage::lines) {
            add(
                &mut sums,
                id,
                line.billing_service_name.as_deref(),
                line.quantity,
            );
        }
    }
    written(sums)
}

fn of_totals(totals: &UsageTotals) -> Units {
    let mut sums = BTreeMap::new();
    for client in totals.documents.iter().flat_map(|one| &one.clients) {
        let id = client.client_id.as_ref().map(ClientId::as_str);
        for row in &client.services {
            add(&mut sums, id, row.service.as_deref(), row.quantity);
        }
    }
    written(sums)
}

pub(super) async fn invoices_lead_to_services_details_and_equal_totals(cove: &impl CoveUnderTest) {
    let client = cove.billing().build().unwrap();
    let invoices = client.invoices_ready(month()).await.unwrap();
    assert!(Finality::of_invoices(&invoices).is_final());
    let invoice = invoices[0].good().unwrap();
    assert_eq!(invoice.invoice_id, InvoiceId::new(INVOICE));
    let contracts: Vec<&str> = invoice
        .contracts
        .iter()
        .map(|one| one.contract_id.as_str())
        .collect();
    assert_eq!(contracts, [CONTRACT_A, CONTRACT_B]);
    let contract = &invoice.contracts[0].contract_id;
    let services = client.billable_services(month(), contract).await.unwrap();
    let names: BTreeSet<&str> = services
        .services
        .iter()
        .filter_map(|one| one.good()?.billing_service_name.as_deref())
        .collect();
    assert!(names.contains(SERVER) && names.contains(PER_GB) && !names.contains(WORKSTATION));
    let details = client
        .usage_details(month(), contract, &invoice.invoice_id)
        .await
        .unwrap();
    assert_eq!(details.contract_id.as_ref(), Some(contract));
    assert_eq!(of_documents(std::slice::from_ref(&details)), contract_a());
    let (totals, end) = client
        .total_usage_details(
            month(),
            contract,
            &invoice.invoice_id,
            TotalsOptions::default(),
        )
        .await
        .unwrap();
    assert_eq!(of_totals(&totals), contract_a());
    assert_eq!((end.devices, end.unreadable), (3, 0));
}

pub(super) async fn the_month_as_a_whole_is_the_sum_of_its_contracts(cove: &impl CoveUnderTest) {
    let client = cove.billing().build().unwrap();
    let whole = client.usage_by_timeframe(month()).await.unwrap();
    let mut expected = contract_a();
    expected.extend(units([("7002", WORKSTATION, "1")]));
    assert_eq!(of_documents(&whole), expected);
    let mut parts = Units::new();
    for contract in [CONTRACT_A, CONTRACT_B].map(ContractId::new) {
        let invoice = InvoiceId::new(INVOICE);
        let part = client
            .usage_details(month(), &contract, &invoice)
            .await
            .unwrap();
        parts.extend(of_documents(&[part]));
    }
    assert_eq!(parts, expected);
    assert_eq!(
        cove.calls(),
        [
            "PSAUsageByTimeFrame",
            "PSAUsageDetailsDevices",
            "PSAUsageDetailsDevices"
        ]
    );
}

pub(super) async fn whole_streamed_and_folded_usage_agree(cove: &impl CoveUnderTest) {
    let client = cove.billing().build().unwrap();
    let whole = client.usage_by_timeframe(month()).await.unwrap();
    let stream = client.stream_usage_by_timeframe(month()).await.unwrap();
    assert_eq!(gathered(stream).await.unwrap(), whole);
    let (totals, end) = client
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap();
    assert_eq!(of_totals(&totals), of_documents(&whole));
    assert_eq!((end.documents, end.devices), (whole.len() as u64, 4));
}

pub(super) async fn wrong_ids_are_a_soft_failure(cove: &impl CoveUnderTest) {
    let client = cove.billing().build().unwrap();
    let (right, wrong) = (ContractId::new(CONTRACT_A), ContractId::new("999"));
    let soft = (ErrorKind::Api, Some("soft_failure".to_owned()));
    assert_eq!(told(client.billable_services(month(), &wrong).await), soft);
    let invoice = InvoiceId::new(INVOICE);
    assert_eq!(
        told(client.usage_details(month(), &wrong, &invoice).await),
        soft
    );
    let no_invoice = InvoiceId::new("999");
    assert_eq!(
        told(client.usage_details(month(), &right, &no_invoice).await),
        soft
    );
}

pub(super) async fn one_unreadable_record_is_isolated(cove: &impl CoveUnderTest) {
    let client = cove.billing().build().unwrap();
    cove.trouble(Trouble::UnreadableQuantity);
    let (contract, invoice) = (ContractId::new(CONTRACT_A), InvoiceId::new(INVOICE));
    let details = client
        .usage_details(month(), &contract, &invoice)
        .await
        .unwrap();
    let customer = details.clients[0].good().unwrap();
    let bad: Vec<_> = customer.unreadable().collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert!(bad[0].error.contains("many"), "{bad:?}");
    let lines = customer.readable_devices().flat_map(DeviceUsage::lines);
    assert_eq!(lines.count(), 2, "its neighbours are there");
    assert_eq!(
        of_documents(&[details]),
        units([("7001", PER_GB, "312.407"), ("7001", SERVER, "1")])
    );
}

pub(super) async fn each_refusal_has_its_kind(cove: &impl CoveUnderTest) {
    for (status, kind) in [
        (401, ErrorKind::Auth),
        (403, ErrorKind::Permission),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Status),
    ] {
        cove.trouble(Trouble::Status(status));
        let client = cove.billing().build().unwrap();
        let error = client.invoices_ready(month()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.operation(), Some("InvoicesReady"));
    }
    assert_eq!(
        cove.calls().len(),
        4,
        "none is tried again without being told to"
    );
}

pub(super) async fn a_distributor_reads_its_contracts(cove: &impl CoveUnderTest) {
    let client = cove.distributor().build().unwrap();
    let invoices = client.invoices(month()).await.unwrap();
    let invoice = &invoices[0].good().unwrap().invoice_id;
    assert_eq!(invoice.as_str(), INVOICE);
    let details = client.invoice_details(invoice).await.unwrap();
    let contracts: Vec<_> = details
        .contracts
        .iter()
        .map(|one| one.good().unwrap())
        .collect();
    assert_eq!(contracts[0].contract_id.as_str(), CONTRACT_A);
    assert_eq!(contracts[0].reseller.as_deref(), Some("RESELLER-0001"));
    let usage = client
        .usage_details(month(), &contracts[0].contract_id)
        .await
        .unwrap();
    assert_eq!(of_documents(&[usage]), contract_a());
    assert_eq!(
        cove.calls(),
        ["Invoices", "InvoiceDetails", "UsageDetailsDevices"]
    );
}

pub(super) async fn one_login_serves_many_calls_and_is_renewed_in_time(cove: &impl CoveUnderTest) {
    let client = cove.management().build().unwrap();
    for _ in 0..3 {
        assert!(client.server_info().await.unwrap().version.is_some());
    }
    // The visa dies after 15 minutes, so it is renewed before.
    cove.pass_time(Duration::from_secs(14 * 60));
    client.server_info().await.unwrap();
    let server = "GetServerInfo";
    assert_eq!(
        cove.calls(),
        ["Login", server, server, server, "Login", server]
    );
}

pub(super) async fn a_refused_visa_costs_one_login(cove: &impl CoveUnderTest) {
    let client = cove.management().build().unwrap();
    let root = client.login().await.unwrap().partner_id.unwrap();
    cove.trouble(Trouble::VisaLost);
    let customers = client.partners(root, Depth::Children).await.unwrap();
    let ids: BTreeSet<_> = customers
        .iter()
        .map(|one| one.good().unwrap().id.unwrap())
        .collect();
    assert_eq!(ids, BTreeSet::from([contoso(), PartnerId::new(FABRIKAM)]));
    assert_eq!(
        cove.calls(),
        ["Login", "EnumeratePartners", "Login", "EnumeratePartners"]
    );
}

pub(super) async fn a_refused_login_is_sent_once(cove: &impl CoveUnderTest) {
    let client = cove.stranger().build().unwrap();
    for _ in 0..3 {
        let error = client.server_info().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Auth, Some("2100"))
        );
        assert!(error.hint().is_some());
    }
    assert_eq!(
        cove.calls(),
        ["Login"],
        "each further one could lock the user"
    );
}

fn paged(root: PartnerId) -> StatisticsQuery {
    let columns = [
        DeviceColumn::Name,
        DeviceColumn::OsType,
        DeviceColumn::Email,
    ];
    StatisticsQuery::new(root, columns.map(Column::from)).page_size(2)
}

pub(super) async fn statistics_are_paged_to_their_end(cove: &impl CoveUnderTest) {
    let client = cove.management().build().unwrap();
    let root = client.login().await.unwrap().partner_id.unwrap();
    let statistics = client.device_statistics(&paged(root)).await.unwrap();
    let ids: Vec<i64> = statistics
        .devices
        .iter()
        .map(|row| row.device_id.get())
        .collect();
    assert_eq!(ids, [9_000_000, 9_000_001, 9_000_003]);
    assert_eq!((statistics.pages, statistics.duplicates), (2, 0));
    let missing: Vec<String> = statistics
        .missing_columns
        .iter()
        .map(Column::code)
        .collect();
    assert_eq!(missing, ["I15"], "nobody has an e-mail address");
}

pub(super) async fn a_repeated_page_counts_no_device_twice(cove: &impl CoveUnderTest) {
    let client = cove.management().build().unwrap();
    let root = client.login().await.unwrap().partner_id.unwrap();
    cove.trouble(Trouble::RepeatedPage);
    let statistics = client.device_statistics(&paged(root)).await.unwrap();
    let ids: Vec<i64> = statistics
        .devices
        .iter()
        .map(|row| row.device_id.get())
        .collect();
    assert_eq!(ids, [9_000_000, 9_000_001, 9_000_003]);
    assert!(cove.calls().len() > 3, "it was read again");
}

pub(super) async fn a_link_to_halo_keeps_what_others_wrote(cove: &impl CoveUnderTest) {
    cove.set_external_code(contoso().get(), "ACME-7 | CWM:1478");
    let client = cove.management().build().unwrap();
    let change = client.link_to_halo(contoso(), "2210").await.unwrap();
    assert_eq!(change.before.as_str(), "ACME-7 | CWM:1478");
    assert_eq!(change.after.as_str(), "ACME-7 | CWM:1478 | HALO:2210");
    assert!(change.written);
    let again = client.link_to_halo(contoso(), "2210").await.unwrap();
    assert!(!again.written);
    let read = "GetPartnerInfoById";
    assert_eq!(cove.calls(), ["Login", read, "ModifyPartner", read, read]);
}
