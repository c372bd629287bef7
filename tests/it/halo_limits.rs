//! The request limit on the server's own clock: estimated, kept, and outlasted when others use it too. Nothing waits for real.

use crate::halo_bench::{builder, seeded};
use crate::together::Together;
use api_core::testing::ManualClock;
use api_core::{Clock, RetryPolicy, SystemClock};
use halopsa_api::{Batch, ClientId, FieldOwner, HaloClient, LicenceId, LicenceWrite, WriteOutcome};
use sandbox::{RetryAfter, Sandbox, Service, Switches};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(300);
/// What the last part of a second and the test's own running time may add.
const SLACK: Duration = Duration::from_secs(5);

/// A server with this limit, a client that is set to `expected`, and the clock they share.
async fn limited(
    limit: u32,
    expected: u32,
    retry_after: RetryAfter,
) -> (Arc<Sandbox>, HaloClient, ManualClock) {
    let (server, _) = seeded(Switches {
        rate_limit: Some((limit, WINDOW.as_secs())),
        retry_after,
        expires_in: 86_400,
        ..Switches::default()
    })
    .await;
    let server = Arc::new(server);
    // The same time of day as the server's, which puts it into headers.
    let client = ManualClock::new(SystemClock.wall());
    let halo = builder(&server)
        .clock(Together::new(&client, &server))
        .limit(expected, WINDOW)
        .build()
        .unwrap();
    halo.connect().await.unwrap();
    (server, halo, client)
}

/// One call after the other. With each, the moment at which it was done.
async fn calls(halo: &HaloClient, clock: &ManualClock, number: usize) -> Vec<Duration> {
    let mut done = Vec::new();
    for _ in 0..number {
        halo.custom_fields(FieldOwner::Client).await.unwrap();
        done.push(clock.monotonic());
    }
    done
}

fn throttled(server: &Sandbox) -> usize {
    let requests = server.requests();
    let of_halo = requests.iter().filter(|one| one.service == Service::Halo);
    of_halo.filter(|one| one.status == 429).count()
}

/// The most calls in any window.
fn busiest(done: &[Duration]) -> usize {
    let mut recent = VecDeque::new();
    let mut most = 0;
    for at in done {
        recent.push_back(*at);
        while recent.front().is_some_and(|first| *first + WINDOW <= *at) {
            recent.pop_front();
        }
        most = most.max(recent.len());
    }
    most
}

#[tokio::test]
async fn a_job_of_700_requests_takes_as_long_as_estimated_and_is_never_refused() {
    let (server, halo, clock) = limited(300, 300, RetryAfter::Off).await;
    let began = clock.monotonic();
    let estimate = halo.budget().estimate(700);
    let done = calls(&halo, &clock, 700).await;
    let taken = clock.monotonic().saturating_sub(began);
    // 298 at once (discovery and token count too), then 300 and the rest, one window each.
    assert_eq!(estimate, 2 * WINDOW);
    assert!(
        taken.abs_diff(estimate) * 10 <= estimate,
        "estimated {estimate:?}, took {taken:?}"
    );
    assert_eq!(throttled(&server), 0);
    assert_eq!(busiest(&done), 300);
    assert_eq!(halo.meter().read().throttled, 0);
    assert_eq!(server.requests().len(), 702);
}

#[tokio::test]
async fn a_limit_lower_than_expected_is_outlasted_with_and_without_retry_after() {
    for retry_after in [RetryAfter::Off, RetryAfter::Seconds, RetryAfter::HttpDate] {
        let (server, halo, clock) = limited(100, 300, retry_after).await;
        let began = clock.monotonic();
        calls(&halo, &clock, 350).await;
        let taken = clock.monotonic().saturating_sub(began);
        let refused = throttled(&server);
        assert!(refused > 0 && refused < 60, "{retry_after:?}: {refused}");
        assert!(taken + SLACK >= 3 * WINDOW, "{retry_after:?}: {taken:?}");
        let read = halo.meter().read();
        assert_eq!(read.throttled, refused as u64, "{retry_after:?}");
        assert_eq!(
            server.requests().len(),
            352 + refused,
            "{retry_after:?}: every other call arrived once"
        );
    }
}

#[tokio::test]
async fn writes_that_meet_the_limit_are_written_once() {
    let (server, halo, _) = limited(20, 300, RetryAfter::Off).await;
    let client = ClientId::new(server.clients()[0].id);
    let before = server.subscriptions().len();
    let items: Vec<LicenceWrite> = (0..60)
        .map(|number| LicenceWrite::create(client, format!("Service {number}"), number))
        .collect();
    let batch = Batch {
        size: 2,
        ..Batch::default()
    };
    let outcomes = halo.licences().write_all(&items, &batch).await.unwrap();
    assert!(outcomes.iter().all(WriteOutcome::is_confirmed));
    assert_eq!(server.subscriptions().len() - before, 60);
    assert!(throttled(&server) > 0);
}

#[tokio::test]
async fn a_write_that_stays_refused_was_not_done() {
    let (server, _, _) = limited(2, 300, RetryAfter::Off).await;
    let halo = builder(&server).retry(RetryPolicy::none()).build().unwrap();
    // Discovery of this client and of the one before has used the limit up, and this one does not wait.
    halo.connect().await.unwrap();
    let record = server.subscriptions().remove(0);
    let write = LicenceWrite::set_count(
        LicenceId::new(record.id),
        ClientId::new(record.client_id),
        record.count + 1,
    );
    let outcome = halo.licences().write(write).await.unwrap();
    assert!(
        matches!(outcome, WriteOutcome::NotSent { .. }),
        "{outcome:?}"
    );
    assert!(server.subscriptions().contains(&record));
    assert_eq!(throttled(&server), 1);
}
