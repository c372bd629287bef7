//! Whether to try again and when: a pure function of what happened, so that it can be read as a table.

use std::time::{Duration, SystemTime};

use crate::transport::Sent;

/// How often, how long and how patiently to retry.
///
/// The default: 6 attempts, full jitter below 500 ms doubling up to 60 s, 15 minutes in all,
/// `Retry-After` honoured up to 6 minutes, status 500 not retried.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base: Duration,
    cap: Duration,
    total: Duration,
    retry_after_cap: Duration,
    throttle_base: Duration,
    retry_500: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(60),
            total: Duration::from_secs(15 * 60),
            retry_after_cap: Duration::from_secs(6 * 60),
            throttle_base: Duration::from_secs(20),
            retry_500: false,
        }
    }
}

impl RetryPolicy {
    /// One attempt, no more.
    pub fn none() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// How many attempts in all; at least one is made.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The ceiling of the first wait; it doubles with every attempt.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The ceiling of any wait that the server did not ask for.
    #[must_use]
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// No wait is begun that would end later than this after the first attempt.
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// A server that asks for a longer wait than this is not waited for.
    #[must_use]
    pub fn retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry_after_cap = cap;
        self
    }

    /// The ceiling of the first wait after a 429 that names no time; it doubles with every attempt,
    /// and at least half of it is waited. The default's five waits last 310 to 620 seconds, longer
    /// than a rate window of five minutes. From the second attempt on it holds for a 429 that names
    /// a shorter time as well.
    #[must_use]
    pub fn throttle_base(mut self, base: Duration) -> Self {
        self.throttle_base = base;
        self
    }

    /// Whether a read that got status 500 is repeated.
    #[must_use]
    pub fn retry_500(mut self, retry: bool) -> Self {
        self.retry_500 = retry;
        self
    }
}

/// What a request does on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It changes nothing and may be repeated.
    Read,
    /// It changes something and is never repeated once it may have arrived.
    Write,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No complete answer.
    Transport {
        /// Whether the request may have reached the server.
        sent: Sent,
        /// Whether it was the time that ran out.
        timeout: bool,
    },
    /// An answer that is no success.
    Status {
        /// The HTTP status code.
        code: u16,
        /// The wait that the server asked for.
        retry_after: Option<Duration>,
    },
}

/// A failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// Time since the first attempt began.
    pub elapsed: Duration,
    /// What the request does.
    pub effect: Effect,
    /// How it failed.
    pub failure: Failure,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Give the failure to the caller.
    Stop,
    /// Try again after this wait.
    RetryAfter(Duration),
}

/// Decides what follows a failed attempt. `jitter` is a random number from 0 to 1.
///
/// The questions, in this order: are attempts left; was the request never sent (retry whatever it
/// does); was it refused with 429 (retry whatever it does); is it a write (stop); was it 408, 502,
/// 503, 504, a lost connection or a timeout (retry); was it 500 and the policy asks for it (retry);
/// else stop.
///
/// ```
/// use api_core::{Attempt, Decision, Effect, Failure, RetryPolicy, Sent, decide};
/// use std::time::Duration;
///
/// let lost = |effect| Attempt {
///     number: 1,
///     elapsed: Duration::ZERO,
///     effect,
///     failure: Failure::Transport { sent: Sent::Maybe, timeout: true },
/// };
/// let policy = RetryPolicy::default();
/// assert_eq!(decide(&policy, &lost(Effect::Write), 1.0), Decision::Stop);
/// let half_a_second = Decision::RetryAfter(Duration::from_millis(500));
/// assert_eq!(decide(&policy, &lost(Effect::Read), 1.0), half_a_second);
/// ```
pub fn decide(policy: &RetryPolicy, attempt: &Attempt, jitter: f64) -> Decision {
    let &Attempt {
        number,
        elapsed,
        effect,
        failure,
    } = attempt;
    if number >= policy.max_attempts {
        return Decision::Stop;
    }
    let jitter = if jitter.is_nan() {
        1.0
    } else {
        jitter.clamp(0.0, 1.0)
    };
    let backoff = scale(doubled(policy.base, number).min(policy.cap), jitter);
    let (wait, asked) = match failure {
        Failure::Transport { sent: Sent::No, .. } => (backoff, None),
        // The first time the server is believed. One that refuses again after the time it named does not know when there
        // will be room.
        Failure::Status {
            code: 429,
            retry_after: Some(asked),
        } if number == 1 => (backoff, Some(asked)),
        Failure::Status {
            code: 429,
            retry_after,
        } => {
            let ceiling = doubled(policy.throttle_base, number).min(policy.retry_after_cap);
            (scale(ceiling, 0.5 + jitter / 2.0), retry_after)
        }
        _ if effect == Effect::Write => return Decision::Stop,
        Failure::Transport { .. } => (backoff, None),
        Failure::Status {
            code: 408 | 502 | 503 | 504,
            retry_after,
        } => (backoff, retry_after),
        Failure::Status {
            code: 500,
            retry_after,
        } if policy.retry_500 => (backoff, retry_after),
        Failure::Status { .. } => return Decision::Stop,
    };
    if asked.is_some_and(|asked| asked > policy.retry_after_cap) {
        return Decision::Stop;
    }
    let wait = asked.map_or(wait, |asked| wait.max(asked));
    if elapsed.saturating_add(wait) > policy.total {
        return Decision::Stop;
    }
    Decision::RetryAfter(wait)
}

/// `base` doubled for every attempt after the first.
fn doubled(base: Duration, number: u32) -> Duration {
    let factor = 2u32
        .checked_pow(number.saturating_sub(1))
        .unwrap_or(u32::MAX);
    base.saturating_mul(factor)
}

fn scale(duration: Duration, by: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * by).map_or(duration, |d| d.min(duration))
}

/// Reads a `Retry-After` header: seconds (also fractional; negative means none) or an HTTP-date.
/// A date in the past is a wait of zero.
pub fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        if !seconds.is_finite() {
            return None;
        }
        return Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(value)
        .ok()?;
    Some(
        SystemTime::from(date)
            .duration_since(now)
            .unwrap_or(Duration::ZERO),
    )
}

#[cfg(test)]
mod tests;
