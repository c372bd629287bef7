//! The sandbox's own time: the machine's, plus what tests have advanced it by.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// As far as the clock can be advanced.
const FURTHEST: Duration = Duration::from_secs(100 * 366 * 86_400);
/// Dates that HTTP can write end with the year 9999.
const END: Duration = Duration::from_secs(253_402_300_800);

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
    pub(crate) fn unix(&self) -> i64 {
        let since = self.day(None).duration_since(UNIX_EPOCH).ok();
        i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
    }

    /// The time of day, or the one a switch sets, as far on as tests have advanced the clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn day(&self, set: Option<u64>) -> SystemTime {
        let now = match set {
            Some(seconds) => UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
            None => Some(SystemTime::now()),
        };
        let now = now.and_then(|now| now.checked_add(self.advanced));
        now.unwrap_or(UNIX_EPOCH)
    }

    /// `seconds` from now, or from the time that a switch sets, as an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
    pub(crate) fn date_in(&self, set: Option<u64>, seconds: u64) -> String {
        let now = self.day(set);
        let then = now.checked_add(Duration::from_secs(seconds).min(FURTHEST));
        let then = then.filter(|then| *then < UNIX_EPOCH + END);
        httpdate::fmt_http_date(then.unwrap_or(UNIX_EPOCH))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;

    const SET: Option<u64> = Some(784_111_777);

    #[test]
    fn a_time_that_is_set_goes_on_as_the_clock_does() {
        let mut clock = Clock::new();
        assert_eq!(clock.date_in(SET, 0), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(clock.date_in(SET, 7), "Sun, 06 Nov 1994 08:49:44 GMT");
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.date_in(SET, 7), "Sun, 06 Nov 1994 09:49:44 GMT");
    }

    #[test]
    fn a_time_that_no_header_can_hold_is_the_beginning() {
        let date = Clock::new().date_in(Some(u64::MAX), 0);
        assert_eq!(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
