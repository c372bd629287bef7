//! The clock as a port, so that tests decide what time it is and nothing here waits for real.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// Where time comes from: the wall clock, a steady clock and the ability to wait.
///
/// Implement it to run the clients on virtual time; [`ManualClock`](crate::testing::ManualClock) is
/// such a clock for tests.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// Civil time, for dates in headers. May jump.
    fn wall(&self) -> SystemTime;

    /// Time since an arbitrary fixed origin. Never goes back.
    fn monotonic(&self) -> Duration;

    /// Returns after `duration` has passed on this clock.
    async fn sleep(&self, duration: Duration);
}

/// The clock of the machine. Sleeping needs a tokio runtime with its timer on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// One origin for the process, so that readings of different `SystemClock` values can be compared.
static ORIGIN: OnceLock<Instant> = OnceLock::new();

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one adapter to the machine's clock"
    )]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one adapter to the machine's clock"
    )]
    fn monotonic(&self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(*ORIGIN.get_or_init(|| now))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock};
    use std::time::Duration;

    #[tokio::test]
    async fn the_system_clock_moves_forward_while_sleeping() {
        let before = SystemClock.monotonic();
        SystemClock.sleep(Duration::from_millis(5)).await;
        assert!(SystemClock.monotonic() >= before + Duration::from_millis(5));
    }
}
