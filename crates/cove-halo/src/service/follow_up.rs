//! `retry` and `revert`: an earlier run followed up by a plan of its own, guarded and proved like any other.

use super::runs::stopped;
use super::store::existing;
use super::{EngineClock, Service};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::SyncOutcome;
use billing_sync::apply::ApplyError;
use billing_sync::follow_up::{FollowUpInput, plan_retry, plan_revert};
use billing_sync::ids::RunId;
use billing_sync::plan::{Approval, Plan};
use billing_sync::ports::TargetReader;
use billing_sync::state::{StateStore, StoredRun};
use billing_sync::target::TargetSnapshot;
use serde_json::{Value, json};

/// What is to be done about an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// Its failed changes are tried again, alone; without a run: those of the newest.
    Retry(Option<RunId>),
    /// It is taken back, from its pre-images.
    Revert(RunId),
}

impl FollowUp {
    /// The key of the followed run in the run document.
    fn document_key(&self) -> &'static str {
        match self {
            Self::Retry(_) => "retry_of",
            Self::Revert(_) => "revert_of",
        }
    }

    fn infinitive(&self) -> &'static str {
        match self {
            Self::Retry(_) => "to try again",
            Self::Revert(_) => "to take back",
        }
    }
}

/// An earlier run, followed up.
#[derive(Clone, Debug)]
pub struct FollowUpOutcome {
    /// What was asked for.
    pub what: FollowUp,
    /// The run that was followed up.
    pub of: RunId,
    /// What is left to do about it, held against a fresh read, and the run that did it; no run when there was nothing
    /// to write.
    pub sync: SyncOutcome,
}

impl FollowUpOutcome {
    /// The run document, with the run that was followed up (`retry_of`, `revert_of`) and what was left alone.
    pub fn to_json(&self) -> Value {
        let mut document = self.sync.to_json();
        if let Value::Object(document) = &mut document {
            document.insert(self.what.document_key().to_owned(), json!(self.of));
            document.insert("left_alone".to_owned(), json!(self.sync.plan.exceptions()));
        }
        document
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        self.sync.exit_code()
    }
}

impl Service {
    /// Plans what is to be done about an earlier run, and says which run that is. Reads only. [`Service::apply`] carries
    /// it out.
    ///
    /// # Errors
    /// When there is no such run, it is not known what became of it, it was planned under other rules or decisions, or before
    /// another run of its month, and would be tried again, or the state or the target cannot be read.
    pub async fn plan_follow_up(&self, what: &FollowUp) -> Result<(RunId, Plan), ServiceError> {
        let Some(store) = self.state_to_compare().await? else {
            return Err(self.no_run_for(what));
        };
        let (of, plan, target) = Box::pin(self.planned_follow_up(&*store, what)).await?;
        Ok((of, plan.for_later(&target, self.inner.halo.sizes())))
    }

    /// Plans and applies what is to be done about an earlier run, under one lock. An earlier run that did not end is
    /// settled first, by reading.
    ///
    /// # Errors
    /// As [`Service::plan_follow_up`] and [`Service::apply`].
    pub async fn follow_up(
        &self,
        what: &FollowUp,
        approval: Approval,
    ) -> Result<FollowUpOutcome, ServiceError> {
        let before = self.requests();
        if self.inner.stores.for_reading()?.is_none() {
            return Err(self.no_run_for(what));
        }
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        let settled = self.settle(&*store, &*lock).await?;
        let (of, plan, target) = Box::pin(self.planned_follow_up(&*store, what)).await?;
        if self.inner.stop.is_stopped() {
            return Err(stopped());
        }
        let approved = self.approve(plan.clone(), approval)?;
        let report = if plan.writes().next().is_some() {
            Some(self.run_since(&*store, &*lock, &approved, &target).await?)
        } else {
            None
        };
        Ok(FollowUpOutcome {
            what: what.clone(),
            of,
            sync: SyncOutcome {
                plan,
                run: report.map(|report| self.outcome(report, before)),
                settled,
            },
        })
    }

    async fn planned_follow_up(
        &self,
        store: &dyn StateStore,
        what: &FollowUp,
    ) -> Result<(RunId, Plan, TargetSnapshot), ServiceError> {
        let of = match what {
            FollowUp::Retry(Some(run)) | FollowUp::Revert(run) => run.clone(),
            FollowUp::Retry(None) => newest(store).await?,
        };
        let run = existing(store, &of).await?;
        if run.changes.iter().any(|it| it.outcome.is_open()) {
            return Err(ApplyError::Unfinished(of).into());
        }
        if let FollowUp::Retry(_) = what {
            self.planned_under_these_rules(&run)?;
        }
        let memory = store.memory().await?;
        let before = self.inner.halo.requests_sent();
        let target = self.inner.halo.snapshot().await?;
        let input = FollowUpInput {
            run: &run,
            target: &target,
            rules: &self.inner.rules,
            memory: &memory,
            read_requests: self.inner.halo.requests_sent().saturating_sub(before),
            sizes: self.inner.halo.sizes(),
        };
        let plan = match what {
            FollowUp::Retry(_) => plan_retry(&input),
            FollowUp::Revert(_) => plan_revert(&input),
        };
        let plan = plan.for_subject(self.subject());
        let clock = EngineClock(&*self.inner.clock);
        self.applier(store, &clock).check_basis(&plan).await?;
        Ok((of, plan, target))
    }

    /// What failed is tried again with the counts it had; under other rules they may be others.
    fn planned_under_these_rules(&self, run: &StoredRun) -> Result<(), ServiceError> {
        if run.plan.rules_digest() == self.inner.rules.digest() {
            return Ok(());
        }
        let run = &run.summary.run_id;
        Err(ServiceError::new(
            ExitCode::Usage,
            format!("run {run} was planned under other rules than the settings have now"),
        )
        .with_hint("nothing was written; make a new plan, it holds what failed as well"))
    }

    fn no_run_for(&self, what: &FollowUp) -> ServiceError {
        self.no_state_file(&format!("there is no run {}", what.infinitive()))
            .with_hint("name another one with --state FILE")
    }
}

async fn newest(store: &dyn StateStore) -> Result<RunId, ServiceError> {
    let newest = store.runs(1).await?.pop();
    newest.map(|newest| newest.run_id).ok_or_else(|| {
        ServiceError::new(
            ExitCode::Usage,
            "there was no run yet, so there is nothing to try again",
        )
        .with_hint("`sync` makes the first")
    })
}
