//! Calls that nobody polls: they stop nobody else. A loop over calls that run side by side, which for each waits for another call, is
//! the usual form of bulk work; those that are under way meanwhile stand still.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_core::testing::{RuntimeClock, Scripted, ScriptedTransport};
use api_core::{Body, Result, Transport, TransportError};
use async_trait::async_trait;
use cove_api::billing::{AccountId, BillingClient, TimeFrame};
use cove_api::management::{ManagementClient, PartnerId};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// Answers after a second, and knows how many waited at once.
#[derive(Debug, Clone)]
struct Slow {
    script: ScriptedTransport,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Slow {
    fn new(answer: impl Fn(&Value) -> Value + Send + 'static) -> Self {
        let script = ScriptedTransport::by(move |request| {
            let asked = serde_json::from_slice(request.body()).unwrap();
            Scripted::json(200, answer(&asked).to_string())
        });
        Self {
            script,
            now: Arc::default(),
            most: Arc::default(),
        }
    }
}

#[async_trait]
impl Transport for Slow {
    async fn send(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.script.send(request).await
    }
}

fn cove(in_flight: usize) -> (ManagementClient, Slow) {
    let slow = Slow::new(|asked| {
        let result = match asked["method"].as_str() {
            Some("GetPartnerInfoById") => json!({"Id": asked["params"]["partnerId"]}),
            _ => Value::Null,
        };
        json!({"jsonrpc": "2.0", "id": "jsonrpc", "visa": "visa", "result": {"result": result}})
    });
    let client = ManagementClient::builder("Our MSP", "halo-sync", "token".into())
        .base_url("https://backup.example/jsonapi")
        .transport(Arc::new(slow.clone()))
        .clock(Arc::new(RuntimeClock::start()))
        .max_in_flight(in_flight)
        .build()
        .unwrap();
    (client, slow)
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_customers_that_changes_each_comes_to_its_end() {
    for (in_flight, at_once) in [(1, 2), (1, 8), (4, 5), (4, 8), (8, 8)] {
        let (cove, slow) = cove(in_flight);
        let work = async {
            let mut customers = stream::iter(1..=20)
                .map(|id| cove.partner(PartnerId::new(id)))
                .buffer_unordered(at_once);
            let mut changed = 0;
            while let Some(customer) = customers.next().await {
                let change = json!({"partnerInfo": {"Id": customer?.id}});
                cove.call::<_, Value>("ModifyPartner", &change).await?;
                changed += 1;
            }
            Ok::<_, api_core::Error>(changed)
        };
        let done = tokio::time::timeout(Duration::from_secs(90), work).await;
        assert_eq!(done.unwrap().unwrap(), 20, "{in_flight} {at_once}");
        assert_eq!(slow.script.requests().len(), 41, "one login");
        assert!(slow.most.load(Ordering::SeqCst) <= in_flight);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_nobody_polls_keeps_nobody_out() {
    let (cove, slow) = cove(4);
    let mut parked = Box::pin(cove.login());
    assert!(futures_util::poll!(&mut parked).is_pending());
    let next = tokio::time::timeout(Duration::from_secs(10), cove.partner(PartnerId::new(7)));
    assert_eq!(next.await.unwrap().unwrap().id, Some(PartnerId::new(7)));
    assert_eq!(slow.script.requests().len(), 2, "one login");
}

#[tokio::test(start_paused = true)]
async fn dropped_calls_leave_their_places() {
    let (cove, _) = cove(1);
    for _ in 0..3 {
        let call =
            tokio::time::timeout(Duration::from_millis(1500), cove.partner(PartnerId::new(7)));
        let _ = call.await;
    }
    let next = tokio::time::timeout(Duration::from_secs(5), cove.partner(PartnerId::new(7)));
    assert_eq!(next.await.unwrap().unwrap().id, Some(PartnerId::new(7)));
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_months_that_asks_for_each_again_comes_to_its_end() {
    let slow = Slow::new(|_| json!({"InvoicesReady": []}));
    let account = AccountId::new("001H234578asdfIAS");
    let client = BillingClient::builder("https://cove.example/api", account, "key".into())
        .transport(Arc::new(slow.clone()))
        .clock(Arc::new(RuntimeClock::start()))
        .build()
        .unwrap();
    let month = TimeFrame::new(2026, 10).unwrap();
    // More at once than the limit lets through in a second.
    let mut ready = stream::iter(0..60)
        .map(|_| client.invoices_ready(month))
        .buffer_unordered(40);
    let work = async {
        while let Some(invoices) = ready.next().await {
            invoices?;
            client.invoices_ready(month).await?;
        }
        Ok::<_, api_core::Error>(())
    };
    let done = tokio::time::timeout(Duration::from_secs(600), work).await;
    done.unwrap().unwrap();
    assert_eq!(slow.script.requests().len(), 120);
}
