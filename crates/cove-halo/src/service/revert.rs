//! `revert`: a run taken back by a plan of its own, guarded and proved like any other.

use super::Service;
use super::runs::stopped;
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::{RunOutcome, SyncOutcome};
use billing_sync::apply::ApplyError;
use billing_sync::ids::RunId;
use billing_sync::plan::{Approval, Plan};
use billing_sync::ports::TargetReader;
use billing_sync::revert::{RevertInput, plan_revert};
use billing_sync::run::RunReport;
use billing_sync::state::{StateStore, StoredRun};
use serde_json::{Value, json};

/// A run taken back.
#[derive(Clone, Debug)]
pub struct RevertOutcome {
    /// The run that was taken back.
    pub of: RunId,
    /// The inverse.
    pub plan: Plan,
    /// The run that applied it; `None` when there was nothing to write.
    pub run: Option<RunOutcome>,
    /// An earlier run that had not ended and was settled first, by reading.
    pub settled: Option<RunReport>,
}

impl RevertOutcome {
    /// The run document, with the run that was taken back and what was left alone.
    pub fn to_json(&self) -> Value {
        let sync = SyncOutcome {
            plan: self.plan.clone(),
            run: self.run.clone(),
            settled: self.settled.clone(),
        };
        let mut document = sync.to_json();
        if let Value::Object(document) = &mut document {
            document.insert("revert_of".to_owned(), json!(self.of));
            document.insert("left_alone".to_owned(), json!(self.plan.exceptions()));
        }
        document
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        match &self.run {
            Some(run) => run.exit_code(),
            None => crate::exit::plan_exit_code(&self.plan),
        }
    }
}

impl Service {
    /// Plans the inverse of a run from its pre-images. Reads only. [`Service::apply`] carries it out.
    ///
    /// # Errors
    /// When there is no such run, it is not known what became of it, or the state or the target cannot be read.
    pub async fn plan_revert(&self, run: &RunId) -> Result<Plan, ServiceError> {
        let Some(store) = self.state_to_compare().await? else {
            return Err(no_state(self));
        };
        Box::pin(self.inverse(&*store, run)).await
    }

    /// Plans and applies the inverse of a run, under one lock. An earlier run that did not end is settled first, by reading.
    ///
    /// # Errors
    /// As [`Service::plan_revert`] and [`Service::apply`].
    pub async fn revert(
        &self,
        run: &RunId,
        approval: Approval,
    ) -> Result<RevertOutcome, ServiceError> {
        let before = self.requests();
        if self.inner.stores.for_reading()?.is_none() {
            return Err(no_state(self));
        }
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        let settled = self.settle(&*store, &*lock).await?;
        let plan = Box::pin(self.inverse(&*store, run)).await?;
        if self.inner.stop.is_stopped() {
            return Err(stopped());
        }
        let approved = self.approve(plan.clone(), approval)?;
        let report = if plan.writes().next().is_some() {
            Some(self.run(&*store, &*lock, &approved).await?)
        } else {
            None
        };
        Ok(RevertOutcome {
            of: run.clone(),
            plan,
            run: report.map(|report| self.outcome(report, before)),
            settled,
        })
    }

    async fn inverse(&self, store: &dyn StateStore, run: &RunId) -> Result<Plan, ServiceError> {
        let stored = existing(store, run).await?;
        if stored.changes.iter().any(|it| it.outcome.is_open()) {
            return Err(ApplyError::Unfinished(run.clone()).into());
        }
        let memory = store.memory().await?;
        let before = self.inner.halo.requests_sent();
        let target = self.inner.halo.snapshot().await?;
        Ok(plan_revert(&RevertInput {
            run: &stored,
            target: &target,
            rules: &self.inner.rules,
            memory: &memory,
            read_requests: self.inner.halo.requests_sent().saturating_sub(before),
            sizes: self.inner.halo.sizes(),
        })
        .for_subject(self.subject()))
    }
}

/// The run of that id.
pub(super) async fn existing(
    store: &dyn StateStore,
    run: &RunId,
) -> Result<StoredRun, ServiceError> {
    let stored = store.run(run).await?;
    stored.ok_or_else(|| ApplyError::NoSuchRun(run.clone()).into())
}

fn no_state(service: &Service) -> ServiceError {
    ServiceError::new(
        ExitCode::Usage,
        format!(
            "there is no state file {} yet, so there is no run to take back",
            service.inner.stores.path().display()
        ),
    )
    .with_hint("name another one with --state FILE")
}
