//! Building a management client: everything that can be wrong with its settings is found here.

use std::sync::Arc;
use std::time::Duration;

use api_core::{
    BaseUrl, Clock, Error, ErrorKind, Exchange, ExposeSecret, HttpTransport, Meter, RequestBudget,
    Result, RetryPolicy, SecretString, SystemClock, Transport, Watch,
};

use super::client::ManagementClient;
use super::session::{Credentials, Session};
use super::side::Side;

/// The production service (documented). The edition that is integrated in N-central and N-sight answers at
/// `https://api.integrated.cloudbackup.management/jsonapi` (observed in public clients).
pub const DEFAULT_BASE_URL: &str = "https://api.backup.management/jsonapi";

/// How long one call may take by default: one answer may hold thousands of devices.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Field numbers of customers that are asked for by default: name, level, child service types, service type, state,
/// location, flags, company, external code and creation time (documented).
const PARTNER_FIELDS: [u32; 10] = [0, 1, 3, 4, 5, 8, 9, 10, 18, 20];

/// Settings of a [`ManagementClient`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ManagementClientBuilder {
    partner: String,
    username: String,
    password: SecretString,
    base_url: String,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    budget: Option<RequestBudget>,
    watch: Option<Arc<dyn Watch>>,
    meter: Meter,
    timeout: Duration,
    user_agent: String,
    in_flight: usize,
    max_answer: usize,
    partner_fields: Vec<u32>,
}

impl ManagementClientBuilder {
    pub(crate) fn new(partner: &str, username: &str, password: SecretString) -> Self {
        Self {
            partner: partner.to_owned(),
            username: username.to_owned(),
            password,
            base_url: DEFAULT_BASE_URL.to_owned(),
            transport: None,
            clock: Arc::new(SystemClock),
            retry: RetryPolicy::default(),
            budget: None,
            watch: None,
            meter: Meter::default(),
            timeout: TIMEOUT,
            user_agent: concat!("cove-halo-sync/", env!("CARGO_PKG_VERSION")).to_owned(),
            in_flight: 4,
            max_answer: 128 << 20,
            partner_fields: PARTNER_FIELDS.to_vec(),
        }
    }

    /// Where the service answers, path included. Default: [`DEFAULT_BASE_URL`].
    pub fn base_url(mut self, base_url: &str) -> Self {
        base_url.clone_into(&mut self.base_url);
        self
    }

    /// The way requests travel. Default: HTTP over TLS.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The clock for waiting, for limits and for the age of the visa. Default: the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// When to try again. Methods that write are sent once, whatever this says, unless they certainly did not arrive.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The request budget, if several clients share one. Default: five requests per second; the vendor documents
    /// no limit.
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

    /// Longest time for one call, its answer included. Default 180 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The `User-Agent`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How many calls run at a time. Default 4. Set 1 if the service turns out to invalidate a visa as soon as it
    /// issues the next: one public client says so, others use one visa in parallel.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.in_flight = calls;
        self
    }

    /// Largest answer that is read, in bytes. Default 128 MiB.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// The field numbers to ask for when customers are listed. Default: the documented ones.
    pub fn partner_fields(mut self, fields: impl IntoIterator<Item = u32>) -> Self {
        self.partner_fields = fields.into_iter().collect();
        self
    }

    /// The client. Nothing is sent yet; the first call logs in.
    ///
    /// # Errors
    /// `Config`, when the base URL is not https (or loopback), partner, user name or password is blank, or a setting
    /// is unusable.
    pub fn build(self) -> Result<ManagementClient> {
        let base = BaseUrl::parse(&self.base_url)?;
        for (what, blank) in [
            ("the partner", self.partner.trim().is_empty()),
            ("the user name", self.username.trim().is_empty()),
            (
                "the password",
                self.password.expose_secret().trim().is_empty(),
            ),
            ("the User-Agent", self.user_agent.trim().is_empty()),
        ] {
            if blank {
                return Err(Error::new(ErrorKind::Config, format!("{what} is empty")));
            }
        }
        let clock = Arc::clone(&self.clock);
        let budget = self
            .budget
            .unwrap_or_else(|| RequestBudget::new(5, Duration::from_secs(1), clock));
        let transport = if let Some(transport) = self.transport {
            transport
        } else {
            let local = base.is_loopback() && base.as_url().scheme() == "http";
            Arc::new(HttpTransport::builder().loopback_only(local).build()?)
        };
        let exchange = |base: BaseUrl| {
            let exchange = Exchange::builder("cove-management", base)
                .transport(Arc::clone(&transport))
                .clock(Arc::clone(&self.clock))
                .retry(self.retry.clone())
                .budget(budget.clone())
                .meter(self.meter.clone())
                .timeout(self.timeout)
                .max_body(self.max_answer)
                .user_agent(&self.user_agent);
            match &self.watch {
                Some(watch) => exchange.watch(Arc::clone(watch)),
                None => exchange,
            }
        };
        let credentials = Credentials {
            partner: self.partner.clone(),
            username: self.username.clone(),
            password: self.password,
        };
        let side_base = Side::base(&base)?;
        let session = Arc::new(Session::new(exchange(base).build()?, credentials));
        let side = Side::new(exchange(side_base), Arc::clone(&session))?;
        Ok(ManagementClient::new(
            session,
            side,
            self.in_flight,
            self.partner_fields,
        ))
    }
}
