//! From settings and secrets to a service: the only place that knows how the parts are put together.

use super::source::{Probe, Source};
use super::store::Stores;
use super::{Inner, Service};
use crate::cove::{CoveUsage, EFileSource, LiveUsage};
use crate::error::ServiceError;
use crate::halo::HaloTarget;
use crate::pair::SharedBudgets;
use crate::settings::{
    CoveSource, MatchKey, PairName, Secrets, Settings, SettingsError, api_key, password,
};
use crate::usage_file::FileUsage;
use crate::watch::{Relay, ServiceWatch};
use api_core::{Clock, Meter, RequestBudget, RetryPolicy, SecretString, Transport};
use billing_sync::ports::UsageSource;
use billing_sync::run::StopSignal;
use billing_sync::state::StateStore;
use cove_api::billing::{AccountId, BillingClient};
use cove_api::management::ManagementClient;
use halopsa_api::HaloClient;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The vendor documents no limit. Its platform's own is five per second; a month is read with a few calls at once, so
/// the same rate is kept over a longer window.
const COVE_REQUESTS: u32 = 25;
const COVE_WINDOW: Duration = Duration::from_secs(5);

/// Collects what a [`Service`] needs.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `build`"]
pub struct ServiceBuilder {
    pub(super) settings: Settings,
    pub(super) secrets: Secrets,
    pub(super) watch: Arc<dyn ServiceWatch>,
    pub(super) store: Option<Arc<dyn StateStore>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) transport: Option<Arc<dyn Transport>>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) stop: StopSignal,
    pub(super) budgets: Option<SharedBudgets>,
    pub(super) pair: Option<PairName>,
    pub(super) again: Option<SecretReader>,
    pub(super) source: Option<(Arc<dyn UsageSource>, Meter)>,
    pub(super) references: Option<ManagementClient>,
}

impl ServiceBuilder {
    /// Who is told about progress. Nobody by default.
    pub fn watch(mut self, watch: Arc<dyn ServiceWatch>) -> Self {
        self.watch = watch;
        self
    }

    /// Another state store than the SQLite file that the settings name.
    pub fn store(mut self, store: Arc<dyn StateStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another transport than HTTP over the network, for both services.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// When and how often a failed request is repeated, for both services.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// The signal that ends a run between two batches.
    pub fn stop(mut self, stop: StopSignal) -> Self {
        self.stop = stop;
        self
    }

    /// Request budgets shared with the services of other pairs.
    pub fn budgets(mut self, budgets: SharedBudgets) -> Self {
        self.budgets = Some(budgets);
        self
    }

    /// The pair that the service is for: a missing secret, notes and numbers are told with its name.
    pub fn pair(mut self, pair: PairName) -> Self {
        self.pair = Some(pair);
        self
    }

    /// How the secrets are read once more. [`Service::schedule`] does so after a refused login, so that a secret that was
    /// changed in its file needs no restart. Without it those that were given are used for good.
    pub fn read_secrets_again(
        mut self,
        read: impl Fn() -> Result<Secrets, SettingsError> + Send + Sync + 'static,
    ) -> Self {
        self.again = Some(SecretReader(Arc::new(read)));
        self
    }

    /// Another source of usage than the one that the settings name. Its requests are not counted.
    pub fn source(self, source: Arc<dyn UsageSource>) -> Self {
        self.metered_source(source, Meter::new())
    }

    /// As [`source`](Self::source), with the meter that counts its requests.
    pub fn metered_source(mut self, source: Arc<dyn UsageSource>, meter: Meter) -> Self {
        self.source = Some((source, meter));
        self
    }

    /// The client that writes customer references, instead of one made from the settings.
    pub fn references(mut self, client: ManagementClient) -> Self {
        self.references = Some(client);
        self
    }

    /// Puts the service together. Sends nothing and opens no state file.
    ///
    /// # Errors
    /// When a setting or a secret cannot be used.
    pub fn build(self) -> Result<Service, ServiceError> {
        let parts = Box::new(self.clone());
        let Self {
            settings,
            secrets,
            watch,
            store,
            clock,
            transport,
            retry,
            stop,
            budgets,
            pair,
            again: _,
            source,
            references,
        } = self;
        let Secrets {
            cove_api_key,
            halo_client_id,
            halo_client_secret,
            cove_password,
            smtp_password,
        } = secrets;
        let rules = settings.rules()?;
        let relay = Relay(watch);
        let clients = Parts {
            settings: &settings,
            clock: &clock,
            transport: transport.as_ref(),
            retry: retry.as_ref(),
            relay: &relay,
            pair: pair.as_ref(),
            budget: budgets.and_then(|budgets| budgets.of(&settings)),
        };
        let source = match source {
            Some((usage, meter)) => Source {
                usage,
                meter,
                probe: Probe::Given,
            },
            None => clients.source(cove_api_key, cove_password.clone())?,
        };
        let references = match (references, &cove_password) {
            (Some(given), _) => Some(given),
            (None, Some(secret)) if settings.matching.key == MatchKey::Reference => {
                clients.references(secret, &source.meter)?
            }
            _ => None,
        };
        let mut halo = clients.halo(halo_client_id, halo_client_secret)?;
        if settings.matching.key == MatchKey::Reference {
            halo = halo.without_customer_field();
        }
        Ok(Service {
            inner: Arc::new(Inner {
                stores: Stores::new(store, settings.state.path.clone()),
                settings,
                pair,
                parts,
                rules,
                source,
                halo,
                references,
                clock,
                relay,
                stop,
                transport,
                smtp_password,
            }),
        })
    }
}

impl Service {
    /// The same service with clients made anew, out of the secrets as they are now: what was learned when the first ones
    /// were made, a login or the address of a token endpoint, may not be true any more.
    ///
    /// # Errors
    /// When a secret cannot be read or used.
    pub(crate) fn renewed(&self) -> Result<Self, ServiceError> {
        let mut parts = (*self.inner.parts).clone();
        if let Some(read) = &parts.again {
            parts.secrets = (read.0)()?;
        }
        // The file is open; a second look at it would gain nothing.
        parts.store = self.inner.stores.current();
        parts.build()
    }
}

/// Reads the secrets once more.
#[derive(Clone)]
pub(super) struct SecretReader(Arc<dyn Fn() -> Result<Secrets, SettingsError> + Send + Sync>);

impl fmt::Debug for SecretReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretReader(…)")
    }
}

/// A client's builder with what holds for every exchange of the service. The builders have one shape and no trait in common.
macro_rules! as_given {
    ($builder:expr, $parts:expr) => {{
        let watch = Arc::new($parts.relay.clone());
        let mut builder = $builder.clock($parts.clock.clone()).watch(watch);
        if let Some(transport) = $parts.transport {
            builder = builder.transport(transport.clone());
        }
        if let Some(retry) = $parts.retry {
            builder = builder.retry(retry.clone());
        }
        builder
    }};
}

/// What the clients are made of.
struct Parts<'a> {
    settings: &'a Settings,
    clock: &'a Arc<dyn Clock>,
    transport: Option<&'a Arc<dyn Transport>>,
    retry: Option<&'a RetryPolicy>,
    relay: &'a Relay,
    pair: Option<&'a PairName>,
    /// Shared with other pairs of the tenant.
    budget: Option<RequestBudget>,
}

impl Parts<'_> {
    /// The source that the settings name.
    fn source(
        &self,
        key: Option<SecretString>,
        secret: Option<SecretString>,
    ) -> Result<Source, ServiceError> {
        let Settings { cove, usage, .. } = self.settings;
        let watch = self.relay.0.clone();
        if usage.is_set() {
            let usage = FileUsage::new(usage).clock(self.clock.clone()).watch(watch);
            return Ok(Source {
                usage: Arc::new(usage),
                meter: Meter::new(),
                probe: Probe::Table,
            });
        }
        Ok(match cove.source {
            CoveSource::BillingApi => {
                let client = self.billing(api_key(key, self.pair)?)?;
                let meter = client.meter().clone();
                let usage = CoveUsage::new(client.clone(), cove)
                    .clock(self.clock.clone())
                    .watch(watch);
                Source {
                    usage: Arc::new(usage),
                    meter,
                    probe: Probe::Billing(client),
                }
            }
            CoveSource::Efile => {
                // With a table of names nothing is asked of the vendor.
                let client = match cove.efile_customers {
                    Some(_) => None,
                    None => Some(self.billing(api_key(key, self.pair)?)?),
                };
                let meter = client
                    .as_ref()
                    .map_or_else(Meter::new, |client| client.meter().clone());
                let usage = EFileSource::new(client, cove).watch(watch);
                Source {
                    usage: Arc::new(usage),
                    meter,
                    probe: Probe::Files,
                }
            }
            CoveSource::Management => {
                let meter = Meter::new();
                let client = self.management(password(secret, self.pair)?, &meter)?;
                let usage = LiveUsage::new(client.clone(), cove)?
                    .clock(self.clock.clone())
                    .watch(watch);
                Source {
                    usage: Arc::new(usage),
                    meter,
                    probe: Probe::Live(client),
                }
            }
        })
    }

    fn billing(&self, key: SecretString) -> Result<BillingClient, ServiceError> {
        let cove = &self.settings.cove;
        let account = AccountId::new(&cove.account_id);
        let budget = RequestBudget::new(COVE_REQUESTS, COVE_WINDOW, self.clock.clone());
        let client = BillingClient::builder(&cove.base_url, account, key).budget(budget);
        Ok(as_given!(client, self).build()?)
    }

    fn management(
        &self,
        secret: SecretString,
        meter: &Meter,
    ) -> Result<ManagementClient, ServiceError> {
        let cove = &self.settings.cove;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let client = ManagementClient::builder(&text(&cove.partner), &text(&cove.username), secret)
            .base_url(&cove.management.base_url)
            .meter(meter.clone());
        Ok(as_given!(client, self).build()?)
    }

    /// The client that writes customer references, counted with the source's requests; `None` when the settings do not name
    /// its user.
    fn references(
        &self,
        secret: &SecretString,
        meter: &Meter,
    ) -> Result<Option<ManagementClient>, ServiceError> {
        let cove = &self.settings.cove;
        if cove.partner.is_none() || cove.username.is_none() {
            return Ok(None);
        }
        self.management(secret.clone(), meter).map(Some)
    }

    fn halo(&self, id: String, secret: SecretString) -> Result<HaloTarget, ServiceError> {
        let halo = &self.settings.halo;
        let mut client = HaloClient::builder(&halo.base_url, id, secret)
            .tenant(halo.tenant.clone())
            .scopes(halo.scopes.clone())
            .limit(
                halo.requests_per_window,
                Duration::from_secs(halo.window_seconds.into()),
            )
            .concurrency(usize::try_from(halo.concurrency).unwrap_or(1));
        if let Some(budget) = &self.budget {
            client = client.budget(budget.clone());
        }
        let client = as_given!(client, self).build()?;
        Ok(HaloTarget::new(client, halo).watch(self.relay.0.clone()))
    }
}
