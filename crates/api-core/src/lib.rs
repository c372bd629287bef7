#![doc = include_str!("../README.md")]

mod auth;
mod base_url;
mod budget;
mod clock;
mod error;
mod events;
mod exchange;
mod http_transport;
mod id;
mod meter;
mod paging;
mod redact;
mod retry;
mod task;
mod token;
mod transport;

pub mod testing;
pub mod wire;

pub use auth::{Authorization, Authorize, Renewal, StaticKey};
pub use base_url::BaseUrl;
pub use budget::{Place, RequestBudget};
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use events::{ExchangeEvent, WaitReason, Watch};
pub use exchange::{Call, Exchange, ExchangeBuilder, Reply, StreamReply};
pub use http_transport::{HttpTransport, HttpTransportBuilder};
pub use meter::{Meter, MeterReading};
pub use paging::{Complete, Page, PagingOptions, collect_all};
pub use retry::{Attempt, Decision, Effect, Failure, RetryPolicy, decide, parse_retry_after};
pub use secrecy::{ExposeSecret, SecretString};
pub use task::driven;
pub use token::{Token, TokenCache, TokenSource};
pub use transport::{Body, ExchangeTimeout, Sent, Transport, TransportError, TransportErrorKind};

#[doc(hidden)]
pub use id::private as __private;
