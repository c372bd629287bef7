//! Lets a caller see what an exchange is doing, for progress lines, without touching the exchange.

use std::fmt::Debug;
use std::time::Duration;

use http::StatusCode;

use crate::transport::Sent;

/// Receives the events of an exchange. Called inline: return quickly.
pub trait Watch: Debug + Send + Sync {
    /// Something happened.
    fn event(&self, event: &ExchangeEvent<'_>) {
        let _ = event;
    }
}

/// Why an exchange waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitReason {
    /// The request budget has no room yet.
    Budget,
    /// The server asked for fewer requests.
    Throttled,
    /// The attempt before failed.
    Backoff,
}

/// A moment in the life of a call.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ExchangeEvent<'a> {
    /// The call waits before its next attempt.
    #[non_exhaustive]
    Waiting {
        /// The service's name.
        service: &'a str,
        /// How long, as far as is known.
        for_: Duration,
        /// Why.
        reason: WaitReason,
    },
    /// An attempt was handed to the transport.
    #[non_exhaustive]
    Sent {
        /// The operation's name.
        operation: &'a str,
        /// The number of the attempt, from 1.
        attempt: u32,
    },
    /// The head of an answer arrived.
    #[non_exhaustive]
    Answered {
        /// The operation's name.
        operation: &'a str,
        /// Its status.
        status: StatusCode,
        /// Time since the attempt was handed to the transport.
        elapsed: Duration,
    },
    /// An attempt ended without an answer.
    #[non_exhaustive]
    Failed {
        /// The operation's name.
        operation: &'a str,
        /// Whether the request may have reached the server.
        sent: Sent,
        /// The transport's explanation.
        detail: &'a str,
    },
}
