//! The run service: every verb of the tool, without a word about how it is shown.

mod build;
mod doctor;
mod drift;
mod follow_up;
mod history;
mod mapping;
mod planning;
mod report;
mod runs;
mod source;
mod store;
mod why;

pub use build::ServiceBuilder;
pub use doctor::{Check, CheckState};
pub use drift::DriftOutcome;
pub use follow_up::{FollowUp, FollowUpOutcome};
pub use mapping::{MapOutcome, MapResult, MapWritten};
pub use planning::PlannedMonth;
pub use report::PlanOutcome;
pub use why::{WhyFrom, WhyOutcome, WhyRequest};

use crate::halo::HaloTarget;
use crate::outcome::RequestCounts;
use crate::settings::{PairName, Secrets, Settings};
use crate::watch::{Relay, Unwatched};
use api_core::{Clock, SecretString, SystemClock, Transport};
use billing_sync::Period;
use billing_sync::ids::ClientId;
use billing_sync::rules::Rules;
use billing_sync::run::StopSignal;
use cove_api::management::ManagementClient;
use source::Source;
use std::sync::Arc;
use std::time::SystemTime;
use store::Stores;

/// What to plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanRequest {
    /// The month; `None` for the month before today (UTC).
    pub period: Option<Period>,
    /// Limits the plan to one client.
    pub only: Option<ClientId>,
}

/// Every verb of the tool. Cheap to clone; holds no lock between calls.
///
/// Reading verbs ([`plan`](Service::plan), [`report`](Service::report), [`verify`](Service::verify), [`why`](Service::why),
/// [`drift`](Service::drift), [`lint`](Service::lint), [`history`](Service::history), [`doctor`](Service::doctor)) write
/// nowhere, not even a state file.
#[derive(Clone, Debug)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    /// The pair it is for, where the settings have several.
    pair: Option<PairName>,
    /// What it was made of, to make it anew.
    parts: Box<ServiceBuilder>,
    rules: Rules,
    source: Source,
    halo: HaloTarget,
    /// Writes customer references, where customers are matched by them.
    references: Option<ManagementClient>,
    stores: Stores,
    clock: Arc<dyn Clock>,
    relay: Relay,
    stop: StopSignal,
    /// Given from outside; for what is sent to others than the two services.
    transport: Option<Arc<dyn Transport>>,
    #[cfg_attr(
        not(feature = "email"),
        expect(dead_code, reason = "only an e-mail needs it")
    )]
    smtp_password: Option<SecretString>,
}

impl Service {
    /// Begins with settings and secrets.
    pub fn builder(settings: Settings, secrets: Secrets) -> ServiceBuilder {
        ServiceBuilder {
            settings,
            secrets,
            watch: Arc::new(Unwatched),
            store: None,
            clock: Arc::new(SystemClock),
            transport: None,
            retry: None,
            stop: StopSignal::new(),
            budgets: None,
            pair: None,
            again: None,
            source: None,
            references: None,
        }
    }

    /// The settings it works by.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The pair it is for, where the settings have several.
    pub(crate) fn pair(&self) -> Option<&PairName> {
        self.inner.pair.as_ref()
    }

    /// The billing system, for what only reads.
    pub(crate) fn halo(&self) -> &HaloTarget {
        &self.inner.halo
    }

    /// Who is told what is going on.
    pub(crate) fn relay(&self) -> &Relay {
        &self.inner.relay
    }

    /// The clock everything goes by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// The transport that was given in place of the network's.
    pub(crate) fn transport(&self) -> Option<Arc<dyn Transport>> {
        self.inner.transport.clone()
    }

    /// The password of the mail server's user.
    #[cfg(feature = "email")]
    pub(crate) fn smtp_password(&self) -> Option<&SecretString> {
        self.inner.smtp_password.as_ref()
    }

    /// True once it was asked to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.inner.stop.is_stopped()
    }

    /// Requests sent since the service was built.
    pub fn requests(&self) -> RequestCounts {
        let cove = self.inner.source.meter.read();
        let halo = self.inner.halo.client().meter().read();
        RequestCounts {
            cove: cove.sent,
            halo: halo.sent,
            retries: cove.retries.saturating_add(halo.retries),
            throttled: cove.throttled.saturating_add(halo.throttled),
        }
    }
}

/// The exchange's clock as the engine's.
#[derive(Debug)]
struct EngineClock<'a>(&'a dyn Clock);

impl billing_sync::ports::Clock for EngineClock<'_> {
    fn now(&self) -> SystemTime {
        self.0.wall()
    }
}
