//! From settings and secrets to a service: the only place that knows how the parts are put together.

use super::store::Stores;
use super::{Inner, Service};
use crate::cove::CoveUsage;
use crate::error::ServiceError;
use crate::halo::HaloTarget;
use crate::pair::SharedBudgets;
use crate::settings::{MatchKey, Secrets, Settings};
use crate::watch::{Relay, ServiceWatch};
use api_core::{Clock, RequestBudget, RetryPolicy, Transport};
use billing_sync::run::StopSignal;
use billing_sync::state::StateStore;
use cove_api::billing::{AccountId, BillingClient};
use halopsa_api::HaloClient;
use std::sync::Arc;
use std::time::Duration;

/// The vendor documents no limit. Its platform's own is five per second; a month is read with a few calls at once, so
/// the same rate is kept over a longer window.
const COVE_REQUESTS: u32 = 25;
const COVE_WINDOW: Duration = Duration::from_secs(5);

/// Collects what a [`Service`] needs.
#[derive(Debug)]
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

    /// Puts the service together. Sends nothing and opens no state file.
    ///
    /// # Errors
    /// When a setting or a secret cannot be used.
    pub fn build(self) -> Result<Service, ServiceError> {
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
        } = self;
        let Secrets {
            cove_api_key,
            halo_client_id,
            halo_client_secret,
            cove_password: _,
            smtp_password,
        } = secrets;
        let rules = settings.rules()?;
        let relay = Relay(watch);

        let account = AccountId::new(&settings.cove.account_id);
        let mut cove = BillingClient::builder(&settings.cove.base_url, account, cove_api_key)
            .clock(clock.clone())
            .budget(RequestBudget::new(
                COVE_REQUESTS,
                COVE_WINDOW,
                clock.clone(),
            ))
            .watch(Arc::new(relay.clone()));
        let mut halo =
            HaloClient::builder(&settings.halo.base_url, halo_client_id, halo_client_secret)
                .tenant(settings.halo.tenant.clone())
                .scopes(settings.halo.scopes.clone())
                .limit(
                    settings.halo.requests_per_window,
                    Duration::from_secs(settings.halo.window_seconds.into()),
                )
                .concurrency(usize::try_from(settings.halo.concurrency).unwrap_or(1))
                .clock(clock.clone())
                .watch(Arc::new(relay.clone()));
        if let Some(budget) = budgets.and_then(|budgets| budgets.of(&settings)) {
            halo = halo.budget(budget);
        }
        if let Some(transport) = &transport {
            cove = cove.transport(transport.clone());
            halo = halo.transport(transport.clone());
        }
        if let Some(retry) = retry {
            cove = cove.retry(retry.clone());
            halo = halo.retry(retry);
        }
        let cove = CoveUsage::new(cove.build()?, &settings.cove)
            .clock(clock.clone())
            .watch(relay.0.clone());
        let mut halo = HaloTarget::new(halo.build()?, &settings.halo).watch(relay.0.clone());
        if settings.matching.key == MatchKey::Reference {
            halo = halo.without_customer_field();
        }
        Ok(Service {
            inner: Arc::new(Inner {
                stores: Stores::new(store, settings.state.path.clone()),
                settings,
                rules,
                cove,
                halo,
                clock,
                relay,
                stop,
                transport,
                smtp_password,
            }),
        })
    }
}
