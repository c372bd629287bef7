//! `retry`: the failed changes of a run, alone, by a plan of their own, guarded and proved like any other.

use super::Service;
use super::revert::existing;
use super::runs::stopped;
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::{RunOutcome, SyncOutcome};
use billing_sync::apply::ApplyError;
use billing_sync::ids::RunId;
use billing_sync::plan::{Approval, Plan};
use billing_sync::ports::TargetReader;
use billing_sync::retry::{RetryInput, plan_retry};
use billing_sync::run::RunReport;
use billing_sync::state::StateStore;
use serde_json::{Value, json};

/// The failed changes of a run, tried again.
#[derive(Clone, Debug)]
pub struct RetryOutcome {
    /// The run whose failed changes these are.
    pub of: RunId,
    /// Its failed changes, held against a fresh read.
    pub plan: Plan,
    /// The run that applied it; `None` when there was nothing to write.
    pub run: Option<RunOutcome>,
    /// An earlier run that had not ended and was settled first, by reading.
    pub settled: Option<RunReport>,
}

impl RetryOutcome {
    /// The run document, with the run that was tried again and what was left alone.
    pub fn to_json(&self) -> Value {
        let sync = SyncOutcome {
            plan: self.plan.clone(),
            run: self.run.clone(),
            settled: self.settled.clone(),
        };
        let mut document = sync.to_json();
        if let Value::Object(document) = &mut document {
            document.insert("retry_of".to_owned(), json!(self.of));
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
    /// Plans the failed changes of a run again, without one: of the newest. Reads only. [`Service::apply`] carries it out.
    ///
    /// # Errors
    /// When there is no such run, it is not known what became of it, it was planned under other rules, or the state or the
    /// target cannot be read.
    pub async fn plan_retry(&self, run: Option<&RunId>) -> Result<(RunId, Plan), ServiceError> {
        let Some(store) = self.state_to_compare().await? else {
            return Err(no_state(self));
        };
        Box::pin(self.failed_again(&*store, run)).await
    }

    /// Plans and applies the failed changes of a run again, under one lock. An earlier run that did not end is settled
    /// first, by reading.
    ///
    /// # Errors
    /// As [`Service::plan_retry`] and [`Service::apply`].
    pub async fn retry(
        &self,
        run: Option<&RunId>,
        approval: Approval,
    ) -> Result<RetryOutcome, ServiceError> {
        let before = self.requests();
        if self.inner.stores.for_reading()?.is_none() {
            return Err(no_state(self));
        }
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        let settled = self.settle(&*store, &*lock).await?;
        let (of, plan) = Box::pin(self.failed_again(&*store, run)).await?;
        if self.inner.stop.is_stopped() {
            return Err(stopped());
        }
        let approved = self.approve(plan.clone(), approval)?;
        let report = if plan.writes().next().is_some() {
            Some(self.run(&*store, &*lock, &approved).await?)
        } else {
            None
        };
        Ok(RetryOutcome {
            of,
            plan,
            run: report.map(|report| self.outcome(report, before)),
            settled,
        })
    }

    async fn failed_again(
        &self,
        store: &dyn StateStore,
        run: Option<&RunId>,
    ) -> Result<(RunId, Plan), ServiceError> {
        let run = match run {
            Some(run) => run.clone(),
            None => match store.runs(1).await?.pop() {
                Some(newest) => newest.run_id,
                None => {
                    return Err(ServiceError::new(
                        ExitCode::Usage,
                        "there was no run yet, so there is nothing to try again",
                    )
                    .with_hint("`sync` makes the first"));
                }
            },
        };
        let stored = existing(store, &run).await?;
        if stored.changes.iter().any(|it| it.outcome.is_open()) {
            return Err(ApplyError::Unfinished(run).into());
        }
        if stored.plan.rules_digest() != self.inner.rules.digest() {
            return Err(ServiceError::new(
                ExitCode::Usage,
                format!("run {run} was planned under other rules than the settings have now"),
            )
            .with_hint("nothing was written; make a new plan, it holds what failed as well"));
        }
        let memory = store.memory().await?;
        let before = self.inner.halo.requests_sent();
        let target = self.inner.halo.snapshot().await?;
        let plan = plan_retry(&RetryInput {
            run: &stored,
            target: &target,
            rules: &self.inner.rules,
            memory: &memory,
            read_requests: self.inner.halo.requests_sent().saturating_sub(before),
            sizes: self.inner.halo.sizes(),
        })
        .for_subject(self.subject());
        Ok((run, plan))
    }
}

fn no_state(service: &Service) -> ServiceError {
    ServiceError::new(
        ExitCode::Usage,
        format!(
            "there is no state file {} yet, so there is no run to try again",
            service.inner.stores.path().display()
        ),
    )
    .with_hint("name another one with --state FILE")
}
