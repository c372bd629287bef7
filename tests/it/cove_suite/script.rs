//! The backend without a state: exact requests in exact order, each with its answer, from a file for each scenario.
//!
//! The files were written by the sandbox (`COVE_SUITE_RECORD=1 cargo test -p tests cove_suite`) and are checked in: a
//! client that asks for anything else, or in another order, fails here.

use super::backends::Door;
use super::{CoveUnderTest, Trouble};
use api_core::testing::ManualClock;
use api_core::{Body, HttpTransport, Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use cove_api::billing::{BillingClientBuilder, DistributorClientBuilder};
use cove_api::management::ManagementClientBuilder;
use http::StatusCode;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BASE: &str = "http://127.0.0.1:9";

fn file_of(scenario: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("it/cove_suite/exchanges")
        .join(format!("{scenario}.json"))
}

/// A request as the files have it: what it asks, without headers and password.
fn asked(request: &http::Request<Bytes>) -> Value {
    let mut body: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
    if let Some(password) = body.pointer_mut("/params/password") {
        *password = "(password)".into();
    }
    let target = request.uri().path_and_query().unwrap().as_str();
    json!({"method": request.method().as_str(), "target": target, "body": body})
}

/// Passes requests on and keeps the exchanges.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    scenario: &'static str,
    http: HttpTransport,
    exchanges: Arc<Mutex<Vec<Value>>>,
}

impl Recorder {
    /// One, if the files are to be written anew.
    pub(super) fn if_wanted(scenario: &'static str) -> Option<Self> {
        std::env::var_os("COVE_SUITE_RECORD")?;
        Some(Self {
            scenario,
            http: HttpTransport::builder()
                .loopback_only(true)
                .build()
                .unwrap(),
            exchanges: Arc::default(),
        })
    }

    pub(super) fn save(self) {
        let exchanges = self.exchanges.lock().unwrap();
        let text = serde_json::to_string_pretty(&*exchanges).unwrap();
        std::fs::write(file_of(self.scenario), text + "\n").unwrap();
    }
}

#[async_trait]
impl Transport for Recorder {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let asked = asked(&request);
        let (parts, body) = self.http.send(request).await?.into_parts();
        let body = body.collect(1 << 20).await?;
        let shown = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body)));
        let status = parts.status.as_u16();
        let exchange = json!({"request": asked, "status": status, "answer": shown});
        self.exchanges.lock().unwrap().push(exchange);
        Ok(http::Response::from_parts(parts, Body::from_bytes(body)))
    }
}

/// The script.
pub(super) struct OnScript {
    script: Script,
    door: Door,
}

#[derive(Clone, Debug)]
struct Script(Arc<Mutex<Rest>>);

#[derive(Debug)]
struct Rest {
    exchanges: std::vec::IntoIter<Value>,
    calls: Vec<String>,
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let mut rest = self.0.lock().unwrap();
        let asked = asked(&request);
        let exchange = rest.exchanges.next();
        let exchange = exchange.unwrap_or_else(|| panic!("one request too many: {asked}"));
        assert_eq!(asked, exchange["request"]);
        let operation = request.uri().path().split('/').nth(5).unwrap_or_default();
        let method = asked["body"]["method"].as_str();
        rest.calls.push(method.unwrap_or(operation).to_owned());
        let body = match &exchange["answer"] {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let mut response = http::Response::new(Body::from_bytes(body));
        let status = exchange["status"].as_u64().unwrap();
        *response.status_mut() = StatusCode::from_u16(status.try_into().unwrap()).unwrap();
        let kind = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", kind);
        Ok(response)
    }
}

impl CoveUnderTest for OnScript {
    async fn start(scenario: &'static str) -> Self {
        let text = std::fs::read_to_string(file_of(scenario)).unwrap();
        let exchanges: Vec<Value> = serde_json::from_str(&text).unwrap();
        let script = Script(Arc::new(Mutex::new(Rest {
            exchanges: exchanges.into_iter(),
            calls: Vec::new(),
        })));
        let door = Door {
            billing: format!("{BASE}/ws/rest/V1/PSA_API"),
            distributor: format!("{BASE}/ws/rest/V2/Channel_UP_API"),
            management: format!("{BASE}/jsonapi"),
            account: sandbox::ACCOUNT_ID,
            distributor_id: sandbox::DISTRIBUTOR_ID,
            key: "any",
            distributor_key: "any",
            login: [
                sandbox::MANAGEMENT_PARTNER,
                sandbox::MANAGEMENT_USER,
                sandbox::MANAGEMENT_PASSWORD,
            ],
            transport: Some(Arc::new(script.clone())),
            clock: ManualClock::default(),
        };
        Self { script, door }
    }

    fn billing(&self) -> BillingClientBuilder {
        self.door.billing()
    }

    fn distributor(&self) -> DistributorClientBuilder {
        self.door.distributor()
    }

    fn management(&self) -> ManagementClientBuilder {
        self.door.management(self.door.login[2])
    }

    fn stranger(&self) -> ManagementClientBuilder {
        self.door.management("wrong")
    }

    /// The script has it.
    fn trouble(&self, _trouble: Trouble) {}

    fn pass_time(&self, time: Duration) {
        self.door.clock.advance(time);
    }

    /// The script has it.
    fn set_external_code(&self, _partner: i64, _code: &str) {}

    fn calls(&self) -> Vec<String> {
        self.script.0.lock().unwrap().calls.clone()
    }

    fn finish(self) {
        let left: Vec<Value> = self.script.0.lock().unwrap().exchanges.by_ref().collect();
        assert!(left.is_empty(), "never asked: {left:?}");
    }
}
