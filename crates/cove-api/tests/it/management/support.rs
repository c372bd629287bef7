//! A client over a script that behaves like the service: it logs in, issues visas and checks them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{Body, RetryPolicy, Transport, TransportError};
use async_trait::async_trait;
use cove_api::management::{ManagementClient, ManagementClientBuilder};
use serde_json::{Value, json};

pub(crate) const PARTNER: &str = "Our MSP (admin@ourmsp.example)";
pub(crate) const PASSWORD: &str = "canary-password-93ac";
pub(crate) const BASE: &str = "https://backup.example/jsonapi";

pub(crate) fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/management/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn builder() -> ManagementClientBuilder {
    ManagementClient::builder(PARTNER, "halo-sync", PASSWORD.into()).base_url(BASE)
}

pub(crate) fn body(request: &http::Request<bytes::Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap_or(Value::Null)
}

pub(crate) fn fault(data: i64) -> Value {
    json!({"error": {"code": -32603, "data": data, "message": "said the service"}, "id": "jsonrpc", "jsonrpc": "2.0"})
}

pub(crate) fn result(value: &Value) -> Value {
    json!({"id": "jsonrpc", "jsonrpc": "2.0", "result": {"result": value}})
}

/// A transport that takes its time, so that callers are really under way together.
#[derive(Debug)]
struct Slow(ScriptedTransport);

#[async_trait]
impl Transport for Slow {
    async fn send(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.0.send(request).await
    }
}

/// The service: `Login` gives `visa-<n>`, everything else is answered in turn.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) transport: ScriptedTransport,
    pub(crate) clock: ManualClock,
    answers: Arc<Mutex<VecDeque<Scripted>>>,
}

impl Service {
    pub(crate) fn new(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let answers: Arc<Mutex<VecDeque<Scripted>>> =
            Arc::new(Mutex::new(answers.into_iter().collect()));
        let queue = Arc::clone(&answers);
        let mut logins = 0;
        Self::by_with(answers, move |request| {
            if request["method"] == "Login" {
                logins += 1;
                return Scripted::json(200, logged_in(&format!("visa-{logins}")).to_string());
            }
            queue
                .lock()
                .unwrap()
                .pop_front()
                .unwrap_or_else(|| Scripted::json(200, fault(1).to_string()))
        })
    }

    pub(crate) fn by(answer: impl FnMut(Value) -> Scripted + Send + 'static) -> Self {
        Self::by_with(Arc::default(), answer)
    }

    fn by_with(
        answers: Arc<Mutex<VecDeque<Scripted>>>,
        mut answer: impl FnMut(Value) -> Scripted + Send + 'static,
    ) -> Self {
        let transport = ScriptedTransport::by(move |request| answer(body(request)));
        Self {
            transport,
            clock: ManualClock::default(),
            answers,
        }
    }

    pub(crate) fn builder(&self) -> ManagementClientBuilder {
        builder()
            .transport(Arc::new(self.transport.clone()))
            .clock(Arc::new(self.clock.clone()))
            .budget(api_core::RequestBudget::unlimited(Arc::new(
                self.clock.clone(),
            )))
            .retry(RetryPolicy::default().base(Duration::from_millis(1)))
    }

    /// A client for twenty callers at once.
    pub(crate) fn crowded(&self) -> ManagementClient {
        let slow = Arc::new(Slow(self.transport.clone()));
        self.builder()
            .transport(slow)
            .max_in_flight(20)
            .build()
            .unwrap()
    }

    pub(crate) fn client(&self) -> ManagementClient {
        self.builder().build().unwrap()
    }

    /// Adds an answer to the end.
    pub(crate) fn then(&self, answer: Scripted) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// The bodies sent so far.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.transport.requests().iter().map(body).collect()
    }

    /// The methods called so far, in order, with the visa of each.
    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        self.sent()
            .iter()
            .map(|sent| (text(&sent["method"]), text(&sent["visa"])))
            .collect()
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.sent()
            .iter()
            .filter(|sent| sent["method"] == method)
            .count()
    }
}

pub(crate) fn logged_in(visa: &str) -> Value {
    json!({"result": {"result": {"Id": 50777, "PartnerId": 33491, "Name": "halo-sync"}}, "visa": visa})
}

pub(crate) fn ok(value: &Value) -> Scripted {
    Scripted::json(200, result(value).to_string())
}

pub(crate) fn with_visa(mut answer: Value, visa: &str) -> Scripted {
    answer["visa"] = json!(visa);
    Scripted::json(200, answer.to_string())
}

pub(crate) fn faulty(data: i64) -> Scripted {
    Scripted::json(200, fault(data).to_string())
}

/// A client that gets the fixture as its only answer after the login.
pub(crate) fn answering(name: &str) -> (ManagementClient, Service) {
    let service = Service::new([Scripted::json(200, fixture(name))]);
    (service.client(), service)
}
