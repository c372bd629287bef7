//! A client over a scripted transport, and the fixtures.

use std::sync::Arc;
use std::time::SystemTime;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use cove_api::billing::{
    AccountId, BillingClient, BillingClientBuilder, ContractId, InvoiceId, TimeFrame,
};

pub(crate) const ACCOUNT: &str = "001H234578asdfIAS";
pub(crate) const KEY: &str = "canary-key-7d1f";
pub(crate) const BASE: &str = "https://billing.example/ws/rest/V1/PSA_API";

pub(crate) fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/billing/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn month() -> TimeFrame {
    TimeFrame::new(2025, 8).unwrap()
}

pub(crate) fn contract() -> ContractId {
    ContractId::new("234578")
}

pub(crate) fn invoice() -> InvoiceId {
    InvoiceId::new("123467")
}

pub(crate) fn builder(base: &str) -> BillingClientBuilder {
    BillingClient::builder(base, AccountId::new(ACCOUNT), KEY.into())
}

/// A client whose requests get these answers in turn; waits take no time.
pub(crate) fn scripted(
    answers: impl IntoIterator<Item = Scripted>,
) -> (BillingClient, ScriptedTransport) {
    let transport = ScriptedTransport::new(answers);
    let client = builder(BASE)
        .transport(Arc::new(transport.clone()))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .build()
        .unwrap();
    (client, transport)
}

/// A client that gets one answer with status 200.
pub(crate) fn answering(body: impl Into<String>) -> BillingClient {
    scripted([Scripted::json(200, body.into())]).0
}

pub(crate) fn dec(text: &str) -> rust_decimal::Decimal {
    text.parse().unwrap()
}
