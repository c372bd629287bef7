//! Two clocks that move together, so that a test of hours waits for nothing.

use api_core::Clock;
use api_core::testing::ManualClock;
use async_trait::async_trait;
use sandbox::Sandbox;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The client's clock and the server's: a wait of the client lets the same time pass at the server.
#[derive(Debug)]
pub(crate) struct Together {
    client: ManualClock,
    server: Arc<Sandbox>,
}

impl Together {
    pub(crate) fn new(client: &ManualClock, server: &Arc<Sandbox>) -> Arc<Self> {
        Arc::new(Self {
            client: client.clone(),
            server: Arc::clone(server),
        })
    }
}

#[async_trait]
impl Clock for Together {
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
