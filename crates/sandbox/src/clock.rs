//! The sandbox's own time: the machine's, plus what tests have advanced it by.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Dates that HTTP can write end with the year 9999.
const FURTHEST: Duration = Duration::from_secs(100 * 366 * 86_400);

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    advanced: Duration,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            advanced: Duration::ZERO,
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by).min(FURTHEST);
    }

    /// Time since the start. Token lives and the rate window are counted on this.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed().saturating_add(self.advanced)
    }

    /// The time of day as unix seconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub(crate) fn unix(&self) -> i64 {
        let now = SystemTime::now().checked_add(self.advanced);
        let since = now.and_then(|now| now.duration_since(UNIX_EPOCH).ok());
        i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
    }

    /// `seconds` from now as an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub(crate) fn http_date_in(&self, seconds: u64) -> String {
        let now = SystemTime::now();
        let then = now
            .checked_add(self.advanced)
            .and_then(|t| t.checked_add(Duration::from_secs(seconds).min(FURTHEST)))
            .unwrap_or(now);
        httpdate::fmt_http_date(then)
    }
}
