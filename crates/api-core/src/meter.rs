//! Counts what the exchanges cost, so that a run can say how many requests it used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A counter shared by everything that should be counted together. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    retries: AtomicU64,
    throttled: AtomicU64,
    waited_nanos: AtomicU64,
}

/// What a [`Meter`] has counted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeterReading {
    /// Requests handed to the transport, retries included.
    pub sent: u64,
    /// Requests that repeated an earlier one, token renewals included.
    pub retries: u64,
    /// Answers of status 429.
    pub throttled: u64,
    /// Time spent waiting for the budget and between attempts, summed over all callers.
    pub waited: Duration,
}

impl Meter {
    /// A meter at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counts so far.
    pub fn read(&self) -> MeterReading {
        MeterReading {
            sent: self.0.sent.load(Ordering::Relaxed),
            retries: self.0.retries.load(Ordering::Relaxed),
            throttled: self.0.throttled.load(Ordering::Relaxed),
            waited: Duration::from_nanos(self.0.waited_nanos.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn count_sent(&self, repeats: bool) {
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        if repeats {
            self.0.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count_throttled(&self) {
        self.0.throttled.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_waited(&self, waited: Duration) {
        let nanos = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.0.waited_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Meter, MeterReading};
    use std::time::Duration;

    #[test]
    fn clones_share_one_count() {
        let meter = Meter::new();
        let clone = meter.clone();
        clone.count_sent(false);
        clone.count_sent(true);
        clone.count_throttled();
        clone.count_waited(Duration::from_millis(3));
        let waited = Duration::from_millis(3);
        assert_eq!(
            meter.read(),
            MeterReading {
                sent: 2,
                retries: 1,
                throttled: 1,
                waited
            }
        );
    }
}
