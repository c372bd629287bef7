//! Puts an exchange together from its ports, with defaults for each.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use super::call::header;
use super::{Exchange, FindMessage, NOT_TOLD, Shared};
use crate::auth::Authorize;
use crate::base_url::BaseUrl;
use crate::budget::RequestBudget;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::events::Watch;
use crate::http_transport::HttpTransport;
use crate::meter::Meter;
use crate::retry::RetryPolicy;
use crate::transport::Transport;

const DEFAULT_USER_AGENT: &str = concat!("cove-halo-sync/", env!("CARGO_PKG_VERSION"));
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
const DEFAULT_MAX_BODY: usize = 64 * 1024 * 1024;

/// Collects the parts of an [`Exchange`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ExchangeBuilder {
    service: &'static str,
    base: BaseUrl,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    budget: Option<RequestBudget>,
    authorize: Option<Arc<dyn Authorize>>,
    watch: Option<Arc<dyn Watch>>,
    meter: Meter,
    user_agent: String,
    headers: Vec<(String, Hidden)>,
    timeout: Duration,
    max_body: usize,
    error_message: Option<FindMessage>,
}

/// A header's value, which may be a secret.
struct Hidden(String);

impl Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl ExchangeBuilder {
    pub(super) fn new(service: &'static str, base: BaseUrl) -> Self {
        Self {
            service,
            base,
            transport: None,
            clock: Arc::new(SystemClock),
            retry: RetryPolicy::default(),
            budget: None,
            authorize: None,
            watch: None,
            meter: Meter::new(),
            user_agent: DEFAULT_USER_AGENT.to_owned(),
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            max_body: DEFAULT_MAX_BODY,
            error_message: None,
        }
    }

    /// Sends through this transport. Default: an [`HttpTransport`] of its own.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Takes time from this clock. Default: the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Retries by this policy.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Keeps to this budget, which may be shared. Default: no limit.
    pub fn budget(mut self, budget: RequestBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Takes credentials from here. Default: none are sent.
    pub fn authorize(mut self, authorize: Arc<dyn Authorize>) -> Self {
        self.authorize = Some(authorize);
        self
    }

    /// Reports events to this watch.
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Counts on this meter, which may be shared.
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// Names the program to the server. Default: `cove-halo-sync/` and the version.
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// Sends this header with every request. Its value is not shown in `Debug`.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers
            .push((name.as_ref().to_owned(), Hidden(value.as_ref().to_owned())));
        self
    }

    /// Bounds each attempt from first byte out to last byte in. Default: 300 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest body that [`Exchange::send`] reads, in bytes after decompression. Default: 64 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Finds the service's own explanation in the body of a failed answer.
    pub fn error_message(mut self, find: fn(&[u8]) -> Option<String>) -> Self {
        self.error_message = Some(find);
        self
    }

    /// Checks the parts and puts them together.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for an unusable header, timeout or TLS set-up.
    pub fn build(self) -> Result<Exchange> {
        if self.timeout.is_zero() {
            return Err(Error::new(ErrorKind::Config, "the timeout is zero")
                .with_hint("set a timeout of at least one second"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (_, user_agent) = header(USER_AGENT.as_str(), &self.user_agent)?;
        headers.insert(USER_AGENT, user_agent);
        for (name, Hidden(value)) in &self.headers {
            let (name, mut value) = header(name, value)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::for_base(&self.base)?),
        };
        let budget = self
            .budget
            .unwrap_or_else(|| RequestBudget::unlimited(Arc::clone(&self.clock)));
        Ok(Exchange(Arc::new(Shared {
            service: self.service,
            base: self.base,
            transport,
            clock: self.clock,
            retry: self.retry,
            budget,
            authorize: self.authorize,
            watch: self.watch,
            meter: self.meter,
            ahead: AtomicI64::new(NOT_TOLD),
            headers,
            timeout: self.timeout,
            max_body: self.max_body,
            error_message: self.error_message,
        })))
    }
}
