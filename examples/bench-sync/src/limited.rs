//! A first run under Halo's limit on a clock that both sides share and that only waiting moves: how long it would take.

use crate::whole::{PERIOD, SERVICES, secrets, server, settings};
use api_core::testing::ManualClock;
use api_core::{Clock, SystemClock};
use async_trait::async_trait;
use billing_sync::plan::Approval;
use billing_sync::state::MemoryStore;
use cove_halo::{PlanRequest, Service};
use sandbox::Sandbox;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const CLIENTS: usize = 5_000;
const LIMIT: u32 = 300;
const WINDOW: u64 = 300;

/// A wait of the client lets the same time pass at the server.
#[derive(Debug)]
struct Shared {
    client: ManualClock,
    server: Arc<Sandbox>,
}

#[async_trait]
impl Clock for Shared {
    fn wall(&self) -> SystemTime {
        self.client.wall()
    }

    fn monotonic(&self) -> Duration {
        self.client.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.server.advance_clock(duration);
        self.client.sleep(duration).await;
    }
}

pub(crate) async fn measure() -> anyhow::Result<()> {
    println!(
        "first run: {CLIENTS} clients, {} subscriptions, page cap 100, {LIMIT} requests per {WINDOW} s",
        CLIENTS * SERVICES.len()
    );
    println!(
        "| per request | planned requests | sent | planned min | taken min | runbook requests |"
    );
    println!("|---|---|---|---|---|---|");
    for batch in [25, 100] {
        let server = Arc::new(server(CLIENTS, 100, Some((LIMIT, WINDOW))).await?);
        let clock = ManualClock::new(SystemClock.wall());
        let more = format!("write_batch = {batch}");
        let settings = settings(
            &server.billing_url(),
            &server.halo_url(),
            Path::new("unused.db"),
            &more,
        )?;
        let service = Service::builder(settings, secrets()?)
            .store(Arc::new(MemoryStore::new()))
            .clock(Arc::new(Shared {
                client: clock.clone(),
                server: Arc::clone(&server),
            }))
            .build()?;
        let request = PlanRequest {
            period: PERIOD.to_string().parse().ok(),
            ..PlanRequest::default()
        };
        let began = clock.monotonic();
        let outcome = service.sync(&request, Approval::by("measurement")).await?;
        let taken = clock.monotonic().saturating_sub(began);
        let planned = outcome.plan.requests();
        let planned_requests = planned.read + planned.write_estimate;
        let windows = planned_requests.saturating_sub(1) / u64::from(LIMIT);
        let written = outcome.run.map_or(0, |run| run.report.verified());
        let sent = service.requests().halo;
        println!(
            "| {batch} | {planned_requests} | {sent} | {:.1} | {:.1} | {} |",
            Duration::from_secs(windows * WINDOW).as_secs_f64() / 60.0,
            taken.as_secs_f64() / 60.0,
            CLIENTS + written + 1,
        );
    }
    Ok(())
}
