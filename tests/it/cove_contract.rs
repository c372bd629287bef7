//! The contract of the billing client with a server it shares no code with, in every position of the switch that it depends on.

use api_core::testing::ManualClock;
use api_core::{Error, ErrorKind, SecretString};
use cove_api::billing::{
    AccountId, BillingClient, Completeness, ContractId, DeviceUsage, Finality, Guarded, InvoiceId,
    TimeFrame, TotalsOptions, UsageDocument, UsageEvent, UsageStream, UsageTotals,
};
use rust_decimal::Decimal;
use sandbox::{BillingWrapper, CONTRACTS, Sandbox, Switches};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const PRODUCT: &str = "Cove Data Protection";
const POOL: &str = "Cove Data Protection | Additional Capacity";
const WRAPPERS: [BillingWrapper; 3] = [
    BillingWrapper::Bare,
    BillingWrapper::Wrapped,
    BillingWrapper::Array,
];

pub(crate) fn month() -> TimeFrame {
    TimeFrame::new(2026, 10).unwrap()
}

fn client_with(sandbox: &Sandbox, key: &str) -> BillingClient {
    BillingClient::builder(
        &sandbox.billing_url(),
        AccountId::new(sandbox::ACCOUNT_ID),
        SecretString::from(key),
    )
    .clock(Arc::new(ManualClock::default()))
    .build()
    .unwrap()
}

pub(crate) async fn seeded(billing_wrapper: BillingWrapper) -> (Sandbox, BillingClient) {
    let switches = Switches {
        billing_wrapper,
        ..Switches::default()
    };
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let client = client_with(&sandbox, sandbox::API_KEY);
    (sandbox, client)
}

/// Units by service and unit; those of a contract's pool have no unit on the wire.
pub(crate) type Units = BTreeMap<(String, Option<String>), Decimal>;

fn add(units: &mut Units, service: Option<&str>, unit: Option<&str>, quantity: Decimal) {
    let service = service.unwrap_or_default();
    if service.starts_with(PRODUCT) {
        *units
            .entry((service.to_owned(), unit.map(str::to_owned)))
            .or_default() += quantity;
    }
}

fn add_pools(units: &mut Units, document: &UsageDocument) {
    let pools = document
        .totals_by_contract
        .iter()
        .flat_map(|total| &total.additional_capacity)
        .filter_map(|pool| pool.quantity);
    for quantity in pools.filter(|quantity| *quantity > Decimal::ZERO) {
        add(units, Some(POOL), Some("GB"), quantity);
    }
}

fn in_scope(document: &UsageDocument) -> bool {
    let product = document.product_name.as_deref();
    product.is_some_and(|product| product.starts_with(PRODUCT))
}

/// The units of whole documents, line by line.
fn of_documents(documents: &[UsageDocument]) -> Units {
    let mut units = Units::new();
    for document in documents.iter().filter(|document| in_scope(document)) {
        add_pools(&mut units, document);
        for client in document.clients.iter().filter_map(Guarded::good) {
            for line in client.readable_devices().flat_map(DeviceUsage::lines) {
                add(
                    &mut units,
                    line.billing_service_name.as_deref(),
                    line.unit.as_deref(),
                    line.quantity,
                );
            }
        }
    }
    units
}

/// The units of sums.
pub(crate) fn of_totals(totals: &UsageTotals) -> Units {
    let mut units = Units::new();
    for document in totals.documents.iter().filter(|one| in_scope(&one.head)) {
        add_pools(&mut units, &document.head);
        for total in document.clients.iter().flat_map(|client| &client.services) {
            add(
                &mut units,
                total.service.as_deref(),
                total.unit.as_deref(),
                total.quantity,
            );
        }
    }
    units
}

/// What the vendor counted, by the sandbox's own word.
pub(crate) fn truth(sandbox: &Sandbox) -> Units {
    let stated = sandbox.expected(month().number()).vendor_units;
    stated
        .into_iter()
        .map(|(service, unit, quantity)| ((service, Some(unit)), quantity.parse().unwrap()))
        .collect()
}

pub(crate) fn normal(units: &Units) -> BTreeMap<(String, Option<String>), String> {
    units
        .iter()
        .map(|(key, quantity)| (key.clone(), quantity.normalize().to_string()))
        .collect()
}

/// Puts a stream together again, part by part.
pub(crate) async fn gathered(mut stream: UsageStream) -> Result<Vec<UsageDocument>, Error> {
    let mut documents = Vec::new();
    let (mut clients, mut devices) = (Vec::new(), Vec::new());
    while let Some(event) = stream.next().await? {
        match event {
            UsageEvent::Client(mut part) => {
                devices.append(&mut part.usage.devices);
                if part.last {
                    part.usage.devices = std::mem::take(&mut devices);
                    clients.push(Guarded::Good(part.usage));
                }
            }
            UsageEvent::UnreadableClient { record, .. } => clients.push(Guarded::Bad(record)),
            UsageEvent::Document(mut document) => {
                document.clients = std::mem::take(&mut clients);
                documents.push(*document);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(stream.end().is_some(), "a stream that ended says how");
    Ok(documents)
}

/// The sums that whole documents come to.
fn summed(documents: &[UsageDocument]) -> UsageTotals {
    let mut totals = UsageTotals::default();
    for document in documents {
        let clients = document.clients.iter().filter_map(Guarded::good);
        totals.documents.push(cove_api::billing::DocumentTotals {
            clients: clients
                .map(|client| client.totals(TotalsOptions::default()))
                .collect(),
            head: UsageDocument {
                clients: Vec::new(),
                ..document.clone()
            },
            unreadable_clients: Vec::new(),
        });
    }
    totals
}

/// Each contract in scope with the invoice that bills it. The last one's invoice names no contracts.
pub(crate) async fn billed(client: &BillingClient) -> Vec<(ContractId, InvoiceId)> {
    let invoices = client.invoices_ready(month()).await.unwrap();
    let mut pairs = Vec::new();
    for invoice in invoices.iter().filter_map(Guarded::good) {
        if invoice.contracts_known() {
            let contracts = invoice.contracts.iter();
            pairs
                .extend(contracts.map(|one| (one.contract_id.clone(), invoice.invoice_id.clone())));
        } else {
            let nameless = ContractId::new(CONTRACTS[2].to_string());
            pairs.push((nameless, invoice.invoice_id.clone()));
        }
    }
    pairs
}

#[tokio::test]
async fn usage_by_time_frame_whole_streamed_and_folded_agree_with_the_vendor() {
    for wrapper in WRAPPERS {
        let (sandbox, client) = seeded(wrapper).await;
        let whole = client.usage_by_timeframe(month()).await.unwrap();
        let stream = client.stream_usage_by_timeframe(month()).await.unwrap();
        let streamed = gathered(stream).await.unwrap();
        let options = TotalsOptions::default();
        let (totals, end) = client
            .total_usage_by_timeframe(month(), options)
            .await
            .unwrap();
        assert_eq!(streamed, whole, "{wrapper:?}");
        assert_eq!(totals, summed(&whole), "{wrapper:?}");
        assert_eq!((end.documents, end.unreadable), (4, 0), "{wrapper:?}");
        let expected = normal(&truth(&sandbox));
        assert!(expected.len() >= 5, "{expected:?}");
        assert_eq!(normal(&of_documents(&whole)), expected, "{wrapper:?}");
        assert_eq!(normal(&of_totals(&totals)), expected, "{wrapper:?}");
    }
}

#[tokio::test]
async fn usage_details_of_every_contract_add_up_to_what_the_vendor_counted() {
    for wrapper in WRAPPERS {
        let (sandbox, client) = seeded(wrapper).await;
        let (mut whole, mut folded) = (Vec::new(), UsageTotals::default());
        let pairs = billed(&client).await;
        assert_eq!(pairs.len(), 3);
        for (contract, invoice) in &pairs {
            let document = client
                .usage_details(month(), contract, invoice)
                .await
                .unwrap();
            assert_eq!(document.contract_id.as_ref(), Some(contract), "{wrapper:?}");
            let stream = client
                .stream_usage_details(month(), contract, invoice)
                .await
                .unwrap();
            let streamed = gathered(stream).await.unwrap();
            assert_eq!(streamed, std::slice::from_ref(&document), "{wrapper:?}");
            let options = TotalsOptions::default();
            let (totals, _) = client
                .total_usage_details(month(), contract, invoice, options)
                .await
                .unwrap();
            folded.documents.extend(totals.documents);
            whole.push(document);
        }
        assert_eq!(folded, summed(&whole), "{wrapper:?}");
        let expected = normal(&truth(&sandbox));
        assert_eq!(normal(&of_documents(&whole)), expected, "{wrapper:?}");
        assert_eq!(normal(&of_totals(&folded)), expected, "{wrapper:?}");
    }
}

#[tokio::test]
async fn invoices_and_services_prove_that_the_usage_is_final_and_complete() {
    for wrapper in WRAPPERS {
        let (_sandbox, client) = seeded(wrapper).await;
        let invoices = client.invoices_ready(month()).await.unwrap();
        assert_eq!(invoices.len(), 2, "{wrapper:?}");
        assert!(Finality::of_invoices(&invoices).is_final(), "{wrapper:?}");
        let mut evidence = Completeness::default();
        evidence.expect(&invoices);
        assert_eq!(evidence.contracts_expected.len(), 2, "{wrapper:?}");
        assert_eq!(evidence.invoices_without_contracts.len(), 1, "{wrapper:?}");
        for (contract, _) in billed(&client).await {
            let services = client.billable_services(month(), &contract).await.unwrap();
            let names: BTreeSet<&str> = services
                .services
                .iter()
                .filter_map(|service| service.good()?.billing_service_name.as_deref())
                .collect();
            assert!(names.contains(POOL), "{wrapper:?}: {names:?}");
            evidence.list(&services);
        }
        let options = TotalsOptions::default();
        let (totals, _) = client
            .total_usage_by_timeframe(month(), options)
            .await
            .unwrap();
        for document in totals.documents.iter().filter(|one| in_scope(&one.head)) {
            let one = UsageTotals {
                documents: vec![document.clone()],
                ..UsageTotals::default()
            };
            evidence.saw(document.head.contract_id.as_ref(), &one);
        }
        assert!(
            !evidence.is_complete(),
            "{wrapper:?}: an invoice names no contracts"
        );
        evidence.by_time_frame = true;
        assert!(evidence.is_complete(), "{wrapper:?}: {evidence:?}");
        assert_eq!(evidence.unlisted_clients().count(), 0, "{wrapper:?}");
        assert_eq!(evidence.clients_without_usage().count(), 0, "{wrapper:?}");
    }
}

#[tokio::test]
async fn wrong_contracts_invoices_and_months_are_soft_failures_and_never_zero_usage() {
    for wrapper in WRAPPERS {
        let (_sandbox, client) = seeded(wrapper).await;
        let (contract, invoice) = billed(&client).await.remove(0);
        let (no_contract, no_invoice) = (ContractId::new("999"), InvoiceId::new("999"));
        let never = TimeFrame::new(2031, 1).unwrap();
        let mut failures = Vec::new();
        for (month, contract) in [(month(), &no_contract), (never, &contract)] {
            let services = client.billable_services(month, contract).await;
            failures.push(services.unwrap_err());
        }
        for (month, contract, invoice) in [
            (month(), &no_contract, &invoice),
            (month(), &contract, &no_invoice),
            (never, &contract, &invoice),
        ] {
            let whole = client.usage_details(month, contract, invoice).await;
            failures.push(whole.unwrap_err());
            let options = TotalsOptions::default();
            let totals = client
                .total_usage_details(month, contract, invoice, options)
                .await;
            failures.push(totals.unwrap_err());
            let mut stream = client
                .stream_usage_details(month, contract, invoice)
                .await
                .unwrap();
            while stream.next().await.unwrap().is_some() {}
            assert_eq!(stream.end().unwrap().account_data_only, 1, "{wrapper:?}");
        }
        for failure in failures {
            assert_eq!(failure.kind(), ErrorKind::Api, "{wrapper:?}: {failure}");
            assert_eq!(failure.code(), Some("soft_failure"), "{wrapper:?}");
        }
    }
}

#[tokio::test]
async fn a_month_nobody_knows_is_empty_and_says_that_it_is() {
    let (_sandbox, client) = seeded(BillingWrapper::Bare).await;
    let never = TimeFrame::new(2031, 1).unwrap();
    assert_eq!(client.invoices_ready(never).await.unwrap(), []);
    assert_eq!(client.usage_by_timeframe(never).await.unwrap(), []);
    let options = TotalsOptions::default();
    let (totals, end) = client
        .total_usage_by_timeframe(never, options)
        .await
        .unwrap();
    assert_eq!((totals.documents.len(), end.is_empty()), (0, true));
}

#[tokio::test]
async fn a_wrong_key_or_account_is_refused_once_and_says_so() {
    let (sandbox, client) = seeded(BillingWrapper::Bare).await;
    let account = BillingClient::builder(
        &sandbox.billing_url(),
        AccountId::new("001H234578asdfias"),
        SecretString::from(sandbox::API_KEY),
    );
    for wrong in [
        client_with(&sandbox, "another-key"),
        account.build().unwrap(),
    ] {
        sandbox.clear_requests();
        let error = wrong.usage_by_timeframe(month()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
        assert_eq!(error.status().unwrap().as_u16(), 401);
        assert!(!format!("{error:?} {wrong:?}").contains("another-key"));
        assert_eq!(
            sandbox.requests().len(),
            1,
            "a wrong key is not tried again"
        );
    }
    client
        .replace_api_key(&SecretString::from("another-key"))
        .unwrap();
    let error = client.invoices_ready(month()).await.unwrap_err();
    assert!(error.is_auth(), "{error}");
    let right = SecretString::from(sandbox::API_KEY);
    client.replace_api_key(&right).unwrap();
    assert_eq!(client.invoices_ready(month()).await.unwrap().len(), 2);
}
