//! Tune retries and the request budget, and see what they did.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use api_core::{ExchangeEvent, RequestBudget, RetryPolicy, SystemClock, WaitReason, Watch};
use halopsa_api::{HaloClient, ListClients};
use sandbox::{Fault, FaultKind, Service, When};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Counts the waits after a failure.
#[derive(Debug, Default)]
struct Waits(AtomicU32);

impl Watch for Waits {
    fn event(&self, event: &ExchangeEvent<'_>) {
        if let ExchangeEvent::Waiting {
            reason: WaitReason::Backoff,
            ..
        } = event
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    // The first two requests for clients fail as they do on a bad day.
    let bad_day = |nth| {
        let when = When::NthOf {
            service: Service::Halo,
            path_contains: "/Client".into(),
            nth,
        };
        Fault::new(when, FaultKind::Status(503))
    };
    sandbox.set_faults(vec![bad_day(1), bad_day(2)]);

    // Half of the 300 requests per five minutes: another program uses the same tenant. Clones share one budget, so give the
    // same one to every client of the tenant.
    let budget = RequestBudget::new(150, Duration::from_secs(300), Arc::new(SystemClock));
    // Waits double from 10 ms, each shortened by chance; a `Retry-After` is honoured beyond that. A write that may have
    // arrived is not repeated, whatever the policy says.
    let patient = RetryPolicy::default()
        .max_attempts(4)
        .base(Duration::from_millis(10))
        .cap(Duration::from_secs(1))
        .total(Duration::from_secs(30));
    let waits = Arc::new(Waits::default());
    let client = |policy: RetryPolicy| {
        HaloClient::builder(
            &sandbox.halo_url(),
            sandbox::HALO_CLIENT_ID,
            sandbox::HALO_CLIENT_SECRET.into(),
        )
        .retry(policy)
        .budget(budget.clone())
        .watch(waits.clone())
        .build()
    };

    let halo = client(patient)?;
    halo.clients()
        .list(ListClients::default())
        .collect_all()
        .await?;
    let meter = halo.meter().read();
    println!(
        "patient: read, {} retries, {} waits",
        meter.retries,
        waits.0.load(Ordering::Relaxed)
    );
    let left = budget.left();
    println!(
        "150 requests less those of this client: {}",
        150 - u64::from(left) == meter.sent
    );

    sandbox.set_faults(vec![bad_day(1)]);
    let hasty = client(RetryPolicy::none())?;
    match hasty
        .clients()
        .list(ListClients::default())
        .collect_all()
        .await
    {
        Ok(_) => println!("hasty: read"),
        Err(error) => println!(
            "hasty: {:?}, status {:?}, attempts {}, worth another try: {}",
            error.kind(),
            error.status().map(|status| status.as_u16()),
            error.attempts(),
            error.is_retryable()
        ),
    }
    Ok(())
}
