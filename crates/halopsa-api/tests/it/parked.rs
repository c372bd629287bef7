//! Calls that nobody polls: they stop nobody else.

use std::sync::Arc;
use std::time::Duration;

use api_core::testing::{RuntimeClock, Scripted, ScriptedTransport};
use futures_util::{StreamExt, stream};
use halopsa_api::{ClientId, HaloClient, LicenceId, LicenceWrite, ListClients, WriteOutcome};
use serde_json::json;

use crate::support::{CLIENT_ID, SECRET, count, scripted_auth};

fn halo(limit: u32) -> (HaloClient, ScriptedTransport) {
    let transport = ScriptedTransport::by(|request| {
        scripted_auth(request).unwrap_or_else(|| {
            let path = request.uri().path();
            let body = match path.strip_prefix("/api/Client/") {
                Some(id) => json!({"id": id, "name": "Acme"}),
                None if path == "/api/Client" => {
                    json!({"record_count": 300, "clients": clients(request.uri().query())})
                }
                None => json!([{"id": 562, "type": 1, "client_id": 12, "count": 4}]),
            };
            Scripted::json(200, body.to_string())
        })
    });
    let halo = HaloClient::builder("https://acme.example", CLIENT_ID, SECRET.into())
        .transport(Arc::new(transport.clone()))
        .clock(Arc::new(RuntimeClock::start()))
        .limit(limit, Duration::from_secs(300))
        .build()
        .unwrap();
    (halo, transport)
}

/// A page of a hundred.
fn clients(query: Option<&str>) -> Vec<serde_json::Value> {
    let mut query = query.unwrap_or_default().split('&');
    let page = query.find_map(|pair| pair.strip_prefix("page_no="));
    let page: i64 = page.unwrap().parse().unwrap();
    let first = (page - 1) * 100 + 1;
    (first..first + 100)
        .map(|id| json!({"id": id, "name": "Acme"}))
        .collect()
}

fn write() -> LicenceWrite {
    LicenceWrite::set_count(LicenceId::new(562), ClientId::new(12), 4)
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_clients_that_writes_for_each_comes_to_its_end() {
    for (limit, at_once) in [(2, 2), (5, 8), (300, 8)] {
        let (halo, transport) = halo(limit);
        let work = async {
            let records = halo.clients();
            let mut clients = stream::iter(1..=200)
                .map(|id| records.get(ClientId::new(id)))
                .buffer_unordered(at_once);
            while let Some(client) = clients.next().await {
                client?;
                let outcome = halo.licences().write(write()).await?;
                assert!(matches!(outcome, WriteOutcome::Confirmed(_)), "{outcome:?}");
            }
            Ok::<_, halopsa_api::Error>(())
        };
        // 402 requests, and a new token now and then: as many windows as they need, and hardly more.
        let windows = 420 / limit + 1;
        let most = Duration::from_secs(u64::from(windows) * 300);
        let done = tokio::time::timeout(most, work).await;
        done.unwrap().unwrap();
        assert_eq!(count(&transport, "/api/SoftwareLicence"), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_nobody_waits_for_any_more_stops_nobody() {
    let (halo, transport) = halo(5);
    let list = halo.clients().list(ListClients::default());
    let mut pages = Box::pin(list.pages());
    let mut read = 0;
    let work = async {
        while read < 3 {
            // Whoever waits for a page gives up, does something else and asks again.
            let next = tokio::time::timeout(Duration::from_secs(100), pages.next()).await;
            halo.licences().write(write()).await?;
            match next {
                Ok(Some(page)) => read += usize::from(!page?.items.is_empty()),
                Ok(None) => break,
                Err(_) => {}
            }
        }
        Ok::<_, halopsa_api::Error>(read)
    };
    let done = tokio::time::timeout(Duration::from_secs(3600), work).await;
    assert_eq!(done.unwrap().unwrap(), 3);
    assert_eq!(count(&transport, "/api/Client"), 3);
}
