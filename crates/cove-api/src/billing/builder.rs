//! Building a billing client: everything that can be wrong with its settings is found here.

use std::sync::Arc;
use std::time::Duration;

use api_core::{
    BaseUrl, Clock, Error, Exchange, Meter, RequestBudget, Result, RetryPolicy, SecretString,
    SystemClock, Transport, Watch,
};

use super::fold::Limits;
use super::key::ApiKey;

/// How long one call may take by default. Whole months come in one answer, and slow ones are expected.
const TIMEOUT: Duration = Duration::from_secs(180);

/// What every client of this API is made of, whichever variant it speaks.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) exchange: Exchange,
    pub(crate) key: ApiKey,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
}

/// Settings of a [`BillingClient`](super::BillingClient) or [`DistributorClient`](super::DistributorClient).
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder<Id> {
    pub(crate) id: Id,
    base_url: String,
    api_key: SecretString,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    budget: Option<RequestBudget>,
    watch: Option<Arc<dyn Watch>>,
    meter: Meter,
    timeout: Duration,
    user_agent: String,
    limits: Limits,
    whole_bytes: usize,
}

impl<Id> ClientBuilder<Id> {
    pub(crate) fn new(base_url: &str, id: Id, api_key: SecretString) -> Self {
        Self {
            id,
            base_url: base_url.to_owned(),
            api_key,
            transport: None,
            clock: Arc::new(SystemClock),
            retry: RetryPolicy::default(),
            budget: None,
            watch: None,
            meter: Meter::default(),
            timeout: TIMEOUT,
            user_agent: concat!("cove-halo-sync/", env!("CARGO_PKG_VERSION")).to_owned(),
            limits: Limits::default(),
            whole_bytes: 512 << 20,
        }
    }

    /// The way requests travel. Default: HTTP over TLS.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The clock for waiting and for limits. Default: the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// When to try again. Every call of this API is a read, so all are repeated alike.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The request budget, if several clients share one. Default: five requests per second, because the vendor
    /// documents no limit and its platform's own is of that order.
    pub fn budget(mut self, budget: RequestBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Told of every exchange, for progress.
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// The meter that counts requests, if several clients share one.
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// Longest time for one call, its answer included. Default 180 seconds. Of a stream, only the time counts in which the
    /// caller waits for the service.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The `User-Agent`. One is always sent: a default agent of an HTTP library was seen to be refused with 403.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Bounds for answers that are folded.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Largest answer that is read whole, in bytes. Default 512 MiB; fold larger ones, which [`limits`](Self::limits) bounds.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.whole_bytes = bytes;
        self
    }

    pub(crate) fn line(self, service: &'static str) -> Result<(Id, Line)> {
        let base = BaseUrl::parse(&self.base_url)?;
        if self.user_agent.trim().is_empty() {
            return Err(Error::new(
                api_core::ErrorKind::Config,
                "the User-Agent must not be empty",
            )
            .with_hint("the vendor refuses requests without one"));
        }
        let key = ApiKey::new(&self.api_key)?;
        let budget = self
            .budget
            .unwrap_or_else(|| RequestBudget::new(5, Duration::from_secs(1), self.clock.clone()));
        let mut exchange = Exchange::builder(service, base)
            .clock(self.clock)
            .retry(self.retry.clone())
            .budget(budget)
            .authorize(Arc::new(key.clone()))
            .meter(self.meter)
            .timeout(self.timeout)
            .max_body(self.whole_bytes)
            .user_agent(&self.user_agent);
        if let Some(transport) = self.transport {
            exchange = exchange.transport(transport);
        }
        if let Some(watch) = self.watch {
            exchange = exchange.watch(watch);
        }
        Ok((
            self.id,
            Line {
                exchange: exchange.build()?,
                key,
                retry: self.retry,
                limits: self.limits,
            },
        ))
    }
}
