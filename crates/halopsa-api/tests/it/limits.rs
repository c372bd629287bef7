//! The request limit: never more than it lets through, and no run that dies of a 429.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{Clock, SecretString};
use halopsa_api::{
    Batch, ClientId, FieldOwner, HaloClient, LicenceId, LicenceWrite, ListClients, ListLicences,
};
use serde_json::json;

use crate::support::{CLIENT_ID, SECRET, count, parameter, scripted, scripted_auth};

type Arrivals = Arc<Mutex<Vec<Duration>>>;

/// A server that counts in a rolling window of five minutes and answers 429 beyond `limit`, as it does for everyone
/// who shares the tenant; with `Retry-After` or without.
fn throttling(
    limit: usize,
    retry_after: bool,
    set: u32,
) -> (HaloClient, ScriptedTransport, ManualClock, Arrivals) {
    let clock = ManualClock::default();
    let arrivals: Arrivals = Arc::default();
    let (time, seen) = (clock.clone(), Arc::clone(&arrivals));
    let transport = ScriptedTransport::by(move |request| {
        let now = time.monotonic();
        let mut seen = seen.lock().unwrap();
        let recent = seen
            .iter()
            .filter(|at| now.saturating_sub(**at) < Duration::from_secs(300))
            .count();
        if recent >= limit {
            let mut reply =
                http::Response::new(include_str!("../fixtures/error.ratelimit.429.txt").into());
            *reply.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
            if retry_after {
                let oldest = seen[seen.len() - limit] + Duration::from_secs(300);
                let wait = oldest.saturating_sub(now).as_secs() + 1;
                reply.headers_mut().insert("retry-after", wait.into());
            }
            return Scripted::Reply(reply);
        }
        seen.push(now);
        scripted_auth(request).unwrap_or_else(|| Scripted::json(200, "[]"))
    });
    let halo = HaloClient::builder(
        "https://acme.example",
        CLIENT_ID,
        SecretString::from(SECRET),
    )
    .transport(Arc::new(transport.clone()))
    .clock(Arc::new(clock.clone()))
    .limit(set, Duration::from_secs(300))
    .build()
    .unwrap();
    (halo, transport, clock, arrivals)
}

async fn calls(halo: &HaloClient, number: usize) {
    for _ in 0..number {
        halo.custom_fields(FieldOwner::Client).await.unwrap();
    }
}

#[tokio::test]
async fn three_hundred_in_five_minutes_are_never_exceeded() {
    let (halo, transport, clock, _) = throttling(300, false, 300);
    calls(&halo, 700).await;
    let read = halo.meter().read();
    assert_eq!((read.throttled, read.retries), (0, 0));
    assert_eq!(transport.requests().len(), 702);
    assert!(
        clock.slept() >= Duration::from_secs(600) && clock.slept() < Duration::from_secs(620),
        "{:?}",
        clock.slept()
    );
}

#[tokio::test]
async fn a_window_used_up_by_someone_else_is_outlasted_with_and_without_retry_after() {
    for retry_after in [true, false] {
        // The server lets 90 through where 300 were expected.
        let (halo, transport, _, arrivals) = throttling(90, retry_after, 300);
        calls(&halo, 300).await;
        assert_eq!(arrivals.lock().unwrap().len(), 302, "{retry_after}");
        let read = halo.meter().read();
        assert!(read.throttled > 0);
        assert!(read.throttled < 60, "{retry_after}: {}", read.throttled);
        assert_eq!(count(&transport, "/auth/token"), 1);
    }
}

#[tokio::test]
async fn the_budget_tells_what_is_left_and_how_long_a_job_takes() {
    let (halo, _, _, _) = throttling(300, false, 300);
    calls(&halo, 8).await;
    // Discovery and token count as well.
    assert_eq!(halo.budget().left(), 290);
    assert_eq!(halo.budget().estimate(290), Duration::ZERO);
    assert!(halo.budget().estimate(291) >= Duration::from_secs(299));
    assert!(halo.budget().estimate(1_490) >= Duration::from_secs(4 * 299));
    let clone = halo.clone();
    calls(&clone, 10).await;
    assert_eq!(halo.budget().left(), 280);
    assert_eq!(halo.meter().read().sent, 20);
}

#[tokio::test]
async fn the_estimate_agrees_with_an_actual_throttled_run() {
    let (halo, _, clock, _) = throttling(300, false, 300);
    calls(&halo, 1).await;
    let estimate = halo.budget().estimate(1_000);
    let began = clock.monotonic();
    calls(&halo, 1_000).await;
    let taken = clock.monotonic().saturating_sub(began);
    let difference = taken.abs_diff(estimate);
    assert!(
        difference <= Duration::from_secs(5),
        "estimated {estimate:?}, took {taken:?}"
    );
}

/// Requests that reading 5,000 clients and 15,000 subscriptions takes at a page cap, discovery and token included.
async fn requests_to_read(cap: usize, asked: u32) -> u64 {
    let (halo, _) = scripted(move |_, target, _| {
        let (key, rows) = if target.starts_with("/api/Client") {
            ("clients", 5_000)
        } else {
            ("licences", 15_000)
        };
        let number = |name| parameter(target, name).unwrap().parse::<usize>().unwrap();
        let size = number("page_size").min(cap);
        let first = (number("page_no") - 1) * size;
        let rows_of_page: Vec<_> = (first..rows.min(first + size))
            .map(|id| json!({"id": id + 1, "type": 1}))
            .collect();
        Scripted::json(
            200,
            json!({"record_count": rows, key: rows_of_page}).to_string(),
        )
    });
    let clients = halo.clients().list(ListClients::default()).page_size(asked);
    assert_eq!(clients.collect_all().await.unwrap().items().len(), 5_000);
    let licences = halo
        .licences()
        .list(ListLicences::default())
        .page_size(asked);
    assert_eq!(licences.collect_all().await.unwrap().items().len(), 15_000);
    halo.meter().read().sent
}

#[tokio::test]
async fn reading_a_large_tenant_takes_one_request_per_page_and_two_for_the_token() {
    assert_eq!(requests_to_read(50, 1_000).await, 402);
    assert_eq!(requests_to_read(100, 1_000).await, 202);
    assert_eq!(requests_to_read(usize::MAX, 1_000).await, 22);
}

#[tokio::test]
async fn a_thousand_writes_take_one_request_per_batch() {
    for (size, posts) in [(1, 1_000), (25, 40), (100, 10)] {
        let (halo, transport) = scripted(|_, _, _| Scripted::json(200, ""));
        let batch = Batch {
            size,
            ..Batch::default()
        };
        let creates: Vec<_> = (1..=1_000)
            .map(|id| LicenceWrite::create(ClientId::new(id), "x", 1))
            .collect();
        halo.licences().write_all(&creates, &batch).await.unwrap();
        let updates: Vec<_> = (1..=1_000)
            .map(|id| LicenceWrite::set_count(LicenceId::new(id), ClientId::new(1), 1))
            .collect();
        halo.licences().write_all(&updates, &batch).await.unwrap();
        assert_eq!(count(&transport, "/api/SoftwareLicence"), 2 * posts);
    }
}
