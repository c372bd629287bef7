//! Settings of a client, checked when it is built.

use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use api_core::{
    BaseUrl, Clock, Error, ErrorKind, Exchange, ExchangeBuilder, ExposeSecret, HttpTransport,
    Meter, RequestBudget, Result, RetryPolicy, SecretString, SystemClock, TokenCache, Transport,
    Watch,
};
use url::Url;

use crate::client::HaloClient;
use crate::discovery::is_plain_local;
use crate::failure::error_message;
use crate::token::{HaloTokens, TenantIn};

/// The limit seen in 429 answers: "300 Requests per rolling 5 minute window".
const OBSERVED_LIMIT: u32 = 300;
const OBSERVED_WINDOW: Duration = Duration::from_secs(300);

/// Largest page that is asked for unless set otherwise; the server may give less.
const PAGE_SIZE: u32 = 100;

/// Requests under way at once within one list. The server documents no limit of its own; the request budget holds whatever
/// this is.
const CONCURRENCY: usize = 4;

/// A page of a list takes far less; a saved report may not.
const MAX_ANSWER: usize = 64 << 20;

/// Collects the settings of a [`HaloClient`].
#[derive(Debug)]
#[must_use = "nothing happens before `build`"]
pub struct HaloClientBuilder {
    base_url: String,
    client_id: String,
    secret: SecretString,
    tenant: Option<String>,
    tenant_in: TenantIn,
    scopes: Vec<String>,
    token_url: Option<String>,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    budget: Option<RequestBudget>,
    limit: (u32, Duration),
    watch: Option<Arc<dyn Watch>>,
    meter: Meter,
    timeout: Option<Duration>,
    max_answer: usize,
    page_size: u32,
    concurrency: usize,
    user_agent: String,
    headers: Vec<(String, Hidden)>,
}

/// A header's value, which may be a secret.
struct Hidden(String);

impl Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl HaloClientBuilder {
    pub(crate) fn new(base_url: &str, client_id: String, secret: SecretString) -> Self {
        Self {
            base_url: base_url.to_owned(),
            client_id,
            secret,
            tenant: None,
            tenant_in: TenantIn::default(),
            scopes: vec!["all".to_owned()],
            token_url: None,
            transport: None,
            clock: Arc::new(SystemClock),
            retry: RetryPolicy::default(),
            budget: None,
            limit: (OBSERVED_LIMIT, OBSERVED_WINDOW),
            watch: None,
            meter: Meter::new(),
            timeout: None,
            max_answer: MAX_ANSWER,
            page_size: PAGE_SIZE,
            concurrency: CONCURRENCY,
            user_agent: concat!("cove-halo-sync/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Vec::new(),
        }
    }

    /// The tenant's name. Not needed for hosts like `acme.halopsa.com`. Without it, the one that discovery names is used.
    pub fn tenant(mut self, tenant: impl Into<Option<String>>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Where the tenant goes in a token request; the query by default.
    pub fn tenant_in(mut self, place: TenantIn) -> Self {
        self.tenant_in = place;
        self
    }

    /// The scopes to ask for; `["all"]` by default. They must not be empty: HaloPSA then issues a token that opens nothing.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The token URL, instead of discovery.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// Another transport than HTTP over the network: a proxy, extra certificates, or a script in tests.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The clock that decides waits and expiry. Default: the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// When and how often a failed request is repeated; [`RetryPolicy::default`] unless set. Writes are sent once, whatever this
    /// says, unless they certainly did not arrive or were refused with 429.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// A budget shared with other clients of the same tenant; goes before [`limit`](Self::limit).
    pub fn budget(mut self, budget: RequestBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// At most this many requests in any window of this length; 300 per 300 s by default (observed in 429 answers).
    pub fn limit(mut self, requests: u32, window: Duration) -> Self {
        self.limit = (requests, window);
        self
    }

    /// Is told of every exchange and wait.
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// A meter shared with other clients.
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// The longest one exchange may take, its answer included. Default 300 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Largest answer that is read, in bytes. Default 64 MiB; a saved report of very many wide rows may need more.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Rows to ask for per page; 100 by default.
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows;
        self
    }

    /// Pages of one list to ask for at once; 4 by default, and at least 1. How fast they may follow each other is the limit's
    /// business.
    pub fn concurrency(mut self, pages: usize) -> Self {
        self.concurrency = pages.max(1);
        self
    }

    /// The `User-Agent` to send.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// A header to send with every request, such as `halo-app-name` (observed in public clients). Its value is not shown in
    /// `Debug`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Hidden(value.into())));
        self
    }

    /// Checks the settings and makes the client. Sends nothing.
    ///
    /// # Errors
    /// `Config`, with a hint, for a bad URL, no scopes, blank credentials, a page size or limit of zero.
    pub fn build(self) -> Result<HaloClient> {
        self.check()?;
        let base = BaseUrl::parse(without_api(&self.base_url))?;
        let token_url = self.token_url.as_deref().map(token_url).transpose()?;
        let stays_here = self.transport.is_none() && stays_here(&base, token_url.as_ref());
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => Arc::new(HttpTransport::builder().loopback_only(stays_here).build()?),
        };
        let budget = self.budget.clone().unwrap_or_else(|| {
            RequestBudget::new(self.limit.0, self.limit.1, Arc::clone(&self.clock))
        });
        let tokens = Arc::new(HaloTokens {
            exchange: self.exchange(base.clone(), &transport, &budget).build()?,
            client_id: self.client_id.clone(),
            secret: self.secret.clone(),
            tenant: tidy(self.tenant.as_deref()),
            tenant_in: self.tenant_in,
            scopes: self
                .scopes
                .iter()
                .map(|scope| scope.trim().to_owned())
                .collect(),
            token_url,
            stays_here,
            discovered: OnceLock::new(),
            last: Mutex::new(None),
        });
        let cache = Arc::new(TokenCache::new(
            Arc::clone(&tokens) as Arc<_>,
            Arc::clone(&self.clock),
        ));
        let exchange = self
            .exchange(base, &transport, &budget)
            .authorize(Arc::clone(&cache) as Arc<_>)
            .build()?;
        Ok(HaloClient::from_parts(
            exchange,
            self.page_size,
            self.concurrency,
            tokens,
            cache,
        ))
    }

    fn check(&self) -> Result<()> {
        let config =
            |message: &str, hint: &str| Err(Error::new(ErrorKind::Config, message).with_hint(hint));
        if self.scopes.iter().all(|scope| scope.trim().is_empty()) {
            return config(
                "no scopes are set; the token would open nothing",
                "set `scopes`, for example `scopes = [\"all\"]`",
            );
        }
        if self.client_id.trim().is_empty() || self.secret.expose_secret().trim().is_empty() {
            return config(
                "the HaloPSA client id or secret is blank",
                "set both, as shown once when the API application was made",
            );
        }
        if self.page_size == 0 {
            return config("a page size of 0 reads nothing", "leave it out for 100");
        }
        if self.limit.0 == 0 || self.limit.1.is_zero() {
            return config(
                "a request limit or window of 0 lets nothing through",
                "leave both out for 300 requests in 300 seconds",
            );
        }
        Ok(())
    }

    fn exchange(
        &self,
        base: BaseUrl,
        transport: &Arc<dyn Transport>,
        budget: &RequestBudget,
    ) -> ExchangeBuilder {
        let mut builder = Exchange::builder("HaloPSA", base)
            .transport(Arc::clone(transport))
            .clock(Arc::clone(&self.clock))
            .retry(self.retry.clone())
            .budget(budget.clone())
            .meter(self.meter.clone())
            .max_body(self.max_answer)
            .user_agent(&self.user_agent)
            .error_message(error_message);
        if let Some(watch) = &self.watch {
            builder = builder.watch(Arc::clone(watch));
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        for (name, Hidden(value)) in &self.headers {
            builder = builder.header(name, value);
        }
        builder
    }
}

/// HaloPSA shows its resource server as `https://host/api`; calls add that part themselves.
fn without_api(base_url: &str) -> &str {
    let trimmed = base_url.trim().trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some((rest, last)) if last.eq_ignore_ascii_case("api") && !rest.ends_with('/') => rest,
        _ => trimmed,
    }
}

/// The rules of a base URL (https, or this machine) hold for the token URL; a query is allowed there.
fn token_url(text: &str) -> Result<Url> {
    let wrong = |error: Error| error.with_operation("token URL");
    let mut url = Url::parse(text.trim()).map_err(|source| {
        wrong(Error::new(ErrorKind::Config, "the token URL is not a URL").with_source(source))
    })?;
    let query = url.query().map(str::to_owned);
    url.set_query(None);
    BaseUrl::parse(url.as_str()).map_err(wrong)?;
    url.set_query(query.as_deref());
    Ok(url)
}

/// Whether everything goes to plain http on this machine: no certificates are needed then, so none have to be installed.
/// Without a token URL in the settings, the one that discovery names is checked when it is known.
fn stays_here(base: &BaseUrl, token_url: Option<&Url>) -> bool {
    is_plain_local(base.as_url()) && token_url.is_none_or(is_plain_local)
}

fn tidy(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{HaloClientBuilder, stays_here, token_url, without_api};
    use api_core::{BaseUrl, ErrorKind, SecretString};
    use std::time::Duration;
    use url::Url;

    fn builder(base: &str) -> HaloClientBuilder {
        HaloClientBuilder::new(base, "id".to_owned(), SecretString::from("canary-secret"))
    }

    #[test]
    fn the_final_api_of_a_resource_server_is_taken_off() {
        for text in [
            "https://h.example/api",
            "https://h.example/api/",
            " https://h.example/API ",
        ] {
            assert_eq!(without_api(text), "https://h.example");
        }
        assert_eq!(
            without_api("https://h.example/halo/"),
            "https://h.example/halo"
        );
        assert_eq!(without_api("https://api"), "https://api");
    }

    #[test]
    fn bad_settings_are_refused_before_anything_is_sent() {
        let good = || builder("http://127.0.0.1:1/halo");
        let cases = [
            ("plain http", builder("http://acme.halopsa.com")),
            ("no url", builder("acme")),
            ("no scopes", good().scopes(Vec::<String>::new())),
            ("blank scopes", good().scopes([" "])),
            ("page size", good().page_size(0)),
            ("limit", good().limit(0, Duration::from_secs(1))),
            ("window", good().limit(1, Duration::ZERO)),
            (
                "token url",
                good().token_url("http://acme.halopsa.com/auth/token"),
            ),
        ];
        for (name, case) in cases {
            let error = case.build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        }
        assert!(good().build().is_ok());
    }

    #[test]
    fn only_plain_http_on_this_machine_goes_without_certificates() {
        let stays = |base: &str, token: Option<&str>| {
            let token = token.map(|token| Url::parse(token).unwrap());
            stays_here(&BaseUrl::parse(base).unwrap(), token.as_ref())
        };
        assert!(stays("http://127.0.0.1:1/halo", None));
        assert!(stays(
            "http://localhost:1",
            Some("http://127.0.0.1:2/token")
        ));
        assert!(!stays("https://localhost:8443", None));
        assert!(!stays("https://acme.halopsa.com", None));
        assert!(!stays(
            "http://127.0.0.1:1",
            Some("https://auth.example/token")
        ));
        assert!(!stays(
            "http://127.0.0.1:1",
            Some("https://localhost:8443/token")
        ));
    }

    #[test]
    fn a_token_url_may_have_a_query() {
        assert_eq!(
            token_url("https://h.example/auth/token?tenant=acme")
                .unwrap()
                .as_str(),
            "https://h.example/auth/token?tenant=acme"
        );
    }

    #[test]
    fn the_secret_is_in_no_debug_output() {
        let builder = builder("http://127.0.0.1:1").header("X-Halo-Api-Key", "canary-key");
        assert!(!format!("{builder:?}").contains("canary"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("canary"));
    }
}
