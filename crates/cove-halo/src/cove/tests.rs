#![expect(
    clippy::needless_pass_by_value,
    reason = "JSON written in place reads best without borrows"
)]

mod calls;
mod finality;
mod sums;
mod whole;

use super::CoveUsage;
use crate::settings::{Audience, CoveSettings};
use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use billing_sync::Period;
use billing_sync::ports::{PortError, UsageSource};
use billing_sync::usage::Usage;
use cove_api::billing::{AccountId, BillingClient};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// 2026-11-05T00:00:00Z
const FIFTH: u64 = 1_793_836_800;

/// Answers by the path behind the account and the month.
type Answers = Vec<(&'static str, Value)>;

struct Scene {
    settings: CoveSettings,
    now: SystemTime,
    answers: Answers,
}

impl Scene {
    fn new(answers: Answers) -> Self {
        Self {
            settings: CoveSettings::default(),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(FIFTH),
            answers,
        }
    }

    fn contracts(mut self, ids: &[&str]) -> Self {
        self.settings.contract_ids = ids.iter().map(ToString::to_string).collect();
        self
    }

    fn indirect(mut self) -> Self {
        self.settings.audience = Audience::Indirect;
        self
    }

    fn at(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// What the source says, and the paths that were asked for.
    async fn run(self) -> (Result<Usage, PortError>, Vec<String>) {
        let Self {
            settings,
            now,
            answers,
        } = self;
        let answer = move |request: &http::Request<bytes::Bytes>| {
            let path = short(request.uri().path());
            match answers.iter().find(|(known, _)| *known == path) {
                Some((_, Value::Number(status))) => {
                    Scripted::status(u16::try_from(status.as_u64().unwrap()).unwrap())
                }
                Some((_, Value::String(body))) => Scripted::json(200, body.clone()),
                Some((_, body)) => Scripted::json(200, body.to_string()),
                None => Scripted::status(404),
            }
        };
        let transport = ScriptedTransport::by(answer);
        let clock = Arc::new(ManualClock::new(now));
        let client = BillingClient::builder(
            "https://billing.example/api",
            AccountId::new("acc"),
            "key".to_owned().into(),
        )
        .transport(Arc::new(transport.clone()))
        .clock(clock.clone())
        .build()
        .unwrap();
        let source = CoveUsage::new(client, &settings).clock(clock);
        let usage = source.fetch(period()).await;
        let asked = transport
            .requests()
            .iter()
            .map(|request| short(request.uri().path()))
            .collect();
        (usage, asked)
    }

    async fn usage(self) -> Usage {
        self.run().await.0.unwrap()
    }
}

fn short(path: &str) -> String {
    path.trim_start_matches("/api/").replace("/acc/202610", "")
}

fn period() -> Period {
    "202610".parse().unwrap()
}

fn units(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn invoice(id: &str, contracts: &[&str]) -> Value {
    json!({
        "InvoiceID": id, "Status": "CLOSED", "ApprovalStatus": "APPROVED",
        "Contracts": contracts.iter().map(|id| json!({"ContractID": id})).collect::<Vec<_>>(),
    })
}

fn invoices(list: Vec<Value>) -> (&'static str, Value) {
    ("InvoicesReady", json!({"InvoicesReady": list}))
}

fn line(service: &str, quantity: Value) -> Value {
    json!({"BillingServiceName": service, "Quantity": quantity, "Uom": "Each"})
}

fn device(id: &str, company: &str, lines: Vec<Value>) -> Value {
    json!({"Detail": format!("dev {id}"), "DetailId": id, "UsageCompanyName": company, "TotalByService": lines})
}

fn client(id: Value, devices: Vec<Value>) -> Value {
    json!({"ClientId": id, "Devices": devices})
}

fn document(contract: Value, clients: Vec<Value>) -> Value {
    json!({
        "ContractId": contract, "TimeFrame": 202_610,
        "ProductName": "Cove Data Protection | Data Protection Plan | MSP", "Clients": clients,
    })
}

fn one_server(id: &str) -> Value {
    client(
        json!(id),
        vec![device("1", "Acme", vec![line(SERVER, json!(1))])],
    )
}

fn listing(ids: &[&str]) -> Value {
    json!({
        "Billable Services": [],
        "Clients": ids.iter().map(|id| json!({"ClientId": id, "Name": "x"})).collect::<Vec<_>>(),
    })
}

const SERVER: &str = "Cove Data Protection | Server";

const GB: &str = "Cove Data Protection | Per GB";

/// One final invoice for contract 7, with this usage document.
fn simple(usage: Value) -> Answers {
    vec![
        invoices(vec![invoice("100", &["7"])]),
        ("PSAUsageDetailsDevices/7/100", usage),
        ("PSABillableServices/7", listing(&["1", "2"])),
    ]
}
