//! The run service: every verb of the tool, without a word about how it is shown.

use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::{RequestCounts, RunOutcome, SyncOutcome, VerifyOutcome};
use crate::settings::{Secrets, Settings};
use crate::watch::{ServiceWatch, Unwatched};
use api_core::{Clock, SystemClock, Transport};
use billing_sync::Period;
use billing_sync::ids::{ClientId, RunId};
use billing_sync::plan::{Approval, Plan};
use billing_sync::run::StopSignal;
use billing_sync::state::{RunSummary, StateStore, StoredRun};
use std::sync::Arc;

/// What to plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanRequest {
    /// The month; `None` for the month before today (UTC).
    pub period: Option<Period>,
    /// Limits the plan to one client.
    pub only: Option<ClientId>,
}

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// What was found, in one line.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a checked thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Works, but wants a look.
    Warning,
    /// Does not work.
    Problem,
}

/// Collects what a [`Service`] needs.
#[derive(Debug)]
pub struct ServiceBuilder {
    settings: Settings,
    secrets: Secrets,
    watch: Arc<dyn ServiceWatch>,
    store: Option<Arc<dyn StateStore>>,
    clock: Arc<dyn Clock>,
    transport: Option<Arc<dyn Transport>>,
    stop: StopSignal,
}

impl ServiceBuilder {
    /// Who is told about progress. Nobody by default.
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn ServiceWatch>) -> Self {
        self.watch = watch;
        self
    }

    /// Another state store than the SQLite file that the settings name.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn StateStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another transport than HTTP over the network, for both services.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The signal that ends a run between two batches.
    #[must_use]
    pub fn stop(mut self, stop: StopSignal) -> Self {
        self.stop = stop;
        self
    }

    /// Puts the service together. Sends nothing and opens no file.
    ///
    /// # Errors
    /// When a setting or a secret cannot be used.
    pub fn build(self) -> Result<Service, ServiceError> {
        Ok(Service {
            inner: Arc::new(self),
        })
    }
}

/// Every verb of the tool. Cheap to clone; holds no lock between calls.
#[derive(Clone, Debug)]
pub struct Service {
    inner: Arc<ServiceBuilder>,
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
            stop: StopSignal::new(),
        }
    }

    /// Plans a month. Reads only, from both services and from the state.
    ///
    /// # Errors
    /// When anything could not be read to its end.
    pub async fn plan(&self, request: &PlanRequest) -> Result<Plan, ServiceError> {
        let _ = request;
        Err(self.unwired())
    }

    /// Applies exactly this plan.
    ///
    /// # Errors
    /// When the plan was made under other rules, is not approved, the target drifted, or the lock is held.
    pub async fn apply(&self, plan: Plan, approval: Approval) -> Result<RunOutcome, ServiceError> {
        let _ = (plan, approval);
        Err(self.unwired())
    }

    /// Plans and applies in one, under one lock. An earlier run that did not end is settled first, by reading.
    ///
    /// # Errors
    /// As [`Service::plan`] and [`Service::apply`].
    pub async fn sync(
        &self,
        request: &PlanRequest,
        approval: Approval,
    ) -> Result<SyncOutcome, ServiceError> {
        let _ = (request, approval);
        Err(self.unwired())
    }

    /// Settles the newest unfinished run and goes on with it; `None` when there is none.
    ///
    /// # Errors
    /// When the state or the target cannot be read, or the lock is held.
    pub async fn resume(&self) -> Result<Option<RunOutcome>, ServiceError> {
        Err(self.unwired())
    }

    /// Reads anew what a run wrote, or everything that is kept, and says where it differs.
    ///
    /// # Errors
    /// When there is no such run, or the state or the target cannot be read.
    pub async fn verify(&self, run: Option<&RunId>) -> Result<VerifyOutcome, ServiceError> {
        let _ = run;
        Err(self.unwired())
    }

    /// The newest runs first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn history(&self, limit: usize) -> Result<Vec<RunSummary>, ServiceError> {
        let _ = limit;
        Err(self.unwired())
    }

    /// One run with everything it did; `None` when there is none with that id.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn history_of(&self, run: &RunId) -> Result<Option<StoredRun>, ServiceError> {
        let _ = run;
        Err(self.unwired())
    }

    /// Checks the journal's hash chain; returns the number of rows.
    ///
    /// # Errors
    /// When a row was changed from outside, or the state cannot be read.
    pub async fn check_journal(&self) -> Result<u64, ServiceError> {
        Err(self.unwired())
    }

    /// Checks settings, credentials, scope, custom field, duplicates and state. Never writes, and goes on after a
    /// problem.
    pub async fn doctor(&self) -> Vec<Check> {
        Vec::new()
    }

    /// Requests sent since the service was built.
    pub fn requests(&self) -> RequestCounts {
        RequestCounts::default()
    }

    fn unwired(&self) -> ServiceError {
        ServiceError::new(
            ExitCode::Failure,
            format!("{} is not reachable yet", self.inner.settings.halo.base_url),
        )
    }
}
