//! The verbs that write, and the one that attests: apply, sync, resume, verify.

use super::planning::{Planned, PlannedMonth};
use super::{EngineClock, PlanRequest, Service};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::{RequestCounts, RunOutcome, SyncOutcome, VerifyOutcome};
use crate::time;
use api_core::Clock;
use billing_sync::apply::{Apply, ApplyError};
use billing_sync::ids::RunId;
use billing_sync::plan::{Approval, Approved, Plan};
use billing_sync::run::RunReport;
use billing_sync::state::{RunLock, StateStore, UsageRow};
use billing_sync::target::TargetSnapshot;
use std::time::Duration;

/// How old, from the start of its reading, a snapshot may be for a plan to be applied without another read.
const FRESH: Duration = Duration::from_secs(60);

impl Service {
    /// Applies exactly this plan, if everything it was decided on still holds.
    ///
    /// # Errors
    /// When the plan was made for another account or tenant, or under other rules, or is not approved (then [`ServiceError::plan`] shows it), when records
    /// or the clients they are for moved since ([`ServiceError::drift`]), people decided otherwise or another run billed the month
    /// since, an earlier run is not settled, or another run holds the lock. Nothing was written then.
    pub async fn apply(&self, plan: Plan, approval: Approval) -> Result<RunOutcome, ServiceError> {
        Box::pin(self.apply_keeping(plan, None, approval)).await
    }

    /// As [`Service::apply`], of a plan that was shown first. The month's usage is kept, as [`Service::sync`] keeps it.
    ///
    /// # Errors
    /// As [`Service::apply`].
    pub async fn apply_month(
        &self,
        month: PlannedMonth,
        approval: Approval,
    ) -> Result<RunOutcome, ServiceError> {
        let PlannedMonth { plan, usage } = month;
        Box::pin(self.apply_keeping(plan, Some(&usage), approval)).await
    }

    async fn apply_keeping(
        &self,
        plan: Plan,
        usage: Option<&[UsageRow]>,
        approval: Approval,
    ) -> Result<RunOutcome, ServiceError> {
        let before = self.requests();
        let approved = self.approve(plan, approval)?;
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        if let Some(rows) = usage {
            store.save_usage(approved.plan().period(), rows).await?;
        }
        let report = self.run(&*store, &*lock, &approved).await?;
        Ok(self.outcome(report, before))
    }

    /// Plans and applies in one, under one lock. An earlier run that did not end is settled first, by reading.
    ///
    /// # Errors
    /// As [`Service::plan`] and [`Service::apply`]; also when what became of an earlier run cannot be settled by reading.
    pub async fn sync(
        &self,
        request: &PlanRequest,
        approval: Approval,
    ) -> Result<SyncOutcome, ServiceError> {
        let before = self.requests();
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        let settled = self.settle(&*store, &*lock).await?;
        let memory = store.memory().await?;
        let planned = Box::pin(self.planned(request, &memory)).await?;
        if self.inner.stop.is_stopped() {
            return Err(stopped());
        }
        let approved = self.approve(planned.plan.clone(), approval)?;
        // Before anything is sent: what fails afterwards would hide what the run did.
        let rows = UsageRow::all_of(&planned.usage);
        store.save_usage(planned.usage.period, &rows).await?;
        let report = self
            .run_planned(&*store, &*lock, &approved, &planned)
            .await?;
        Ok(SyncOutcome {
            plan: planned.plan,
            run: Some(self.outcome(report, before)),
            settled,
        })
    }

    /// Settles an earlier run that did not end, by reading, as [`Service::sync`] does before it plans; `None` where there is
    /// none. For a program that shows a plan and asks before it applies it.
    ///
    /// # Errors
    /// When it cannot be settled by reading, the state or the target cannot be read, or another run holds the lock.
    pub async fn settle_earlier(&self) -> Result<Option<RunReport>, ServiceError> {
        let Some(store) = self.state_to_compare().await? else {
            return Ok(None);
        };
        if store.unfinished_run().await?.is_none() {
            return Ok(None);
        }
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        self.settle(&*store, &*lock).await
    }

    /// Settles the newest unfinished run and goes on with it; `None` when there is none. Under other rules or decisions than
    /// it was planned under it is settled alone.
    ///
    /// # Errors
    /// When the state or the target cannot be read, another run holds the lock, or what was not sent has to be planned anew.
    pub async fn resume(&self) -> Result<Option<RunOutcome>, ServiceError> {
        if self.inner.stores.for_reading()?.is_none() {
            return Ok(None);
        }
        let before = self.requests();
        let store = self.inner.stores.for_writing()?;
        let lock = store.lock().await?;
        self.claim(&*store).await?;
        let clock = EngineClock(&*self.inner.clock);
        let apply = self.applier(&*store, &clock);
        let report = Box::pin(apply.resume(&*lock, &self.inner.rules.digest())).await?;
        Ok(report.map(|report| self.outcome(report, before)))
    }

    /// Reads anew what a run wrote, or, without a run, everything that is kept, and says where it differs.
    ///
    /// # Errors
    /// When nothing was ever written, there is no such run, or the state or the target cannot be read.
    pub async fn verify(&self, run: Option<&RunId>) -> Result<VerifyOutcome, ServiceError> {
        let before = self.requests();
        let Some(store) = self.state_to_compare().await? else {
            return Err(self
                .no_state_file("there is nothing to verify")
                .with_hint("`sync` or `apply` makes it; name another one with --state FILE"));
        };
        let clock = EngineClock(&*self.inner.clock);
        let report = Box::pin(self.applier(&*store, &clock).verify(run)).await?;
        let run = match run {
            Some(run) => store.run(run).await?,
            None => None,
        };
        Ok(VerifyOutcome {
            run,
            checked: report.checked,
            agreeing: report.agreeing,
            differences: report.differences,
            superseded: report.superseded,
            requests: self.requests().since(before),
        })
    }

    /// Approves a plan that was made for this account and tenant under these rules; otherwise the refusal carries the plan.
    pub(super) fn approve(&self, plan: Plan, approval: Approval) -> Result<Approved, ServiceError> {
        // A plan of an earlier version does not say whose it is.
        let own = self.subject();
        if !plan.subject().is_empty() && plan.subject() != own {
            return Err(ServiceError::new(
                ExitCode::Usage,
                format!("the plan was made for {}, not for {own}", plan.subject()),
            )
            .with_hint("nothing was written; apply it with the settings it was made with, or make a new plan")
            .with_plan(plan));
        }
        if plan.rules_digest() != self.inner.rules.digest() {
            return Err(ServiceError::new(
                ExitCode::Usage,
                "the plan was made under other rules than the settings have now",
            )
            .with_hint("nothing was written; make a new plan and look at it")
            .with_plan(plan));
        }
        let shown = plan.clone();
        plan.approve(approval)
            .map_err(|refusal| ServiceError::from(refusal).with_plan(shown))
    }

    /// Applies a plan that waited somewhere.
    async fn run(
        &self,
        store: &dyn StateStore,
        lock: &dyn RunLock,
        approved: &Approved,
    ) -> Result<RunReport, ServiceError> {
        let clock = EngineClock(&*self.inner.clock);
        let apply = self.applier(store, &clock);
        Ok(Box::pin(apply.run(lock, new_run_id(&*self.inner.clock), approved)).await?)
    }

    /// Applies a plan that was made from this snapshot under the same lock: the records it writes are read again.
    pub(super) async fn run_since(
        &self,
        store: &dyn StateStore,
        lock: &dyn RunLock,
        approved: &Approved,
        seen: &TargetSnapshot,
    ) -> Result<RunReport, ServiceError> {
        let clock = EngineClock(&*self.inner.clock);
        let apply = self.applier(store, &clock);
        let run_id = new_run_id(&*self.inner.clock);
        Ok(Box::pin(apply.run_since(lock, run_id, approved, seen)).await?)
    }

    /// Applies a plan that was just made. What it was made from is compared with itself only while it is fresh; when
    /// reading took long, the records are read again.
    async fn run_planned(
        &self,
        store: &dyn StateStore,
        lock: &dyn RunLock,
        approved: &Approved,
        planned: &Planned,
    ) -> Result<RunReport, ServiceError> {
        let age = self.inner.clock.monotonic().saturating_sub(planned.began);
        if age > FRESH {
            return self.run_since(store, lock, approved, &planned.target).await;
        }
        let clock = EngineClock(&*self.inner.clock);
        let apply = self.applier(store, &clock);
        let run_id = new_run_id(&*self.inner.clock);
        Ok(Box::pin(apply.run_on(lock, run_id, approved, &planned.target)).await?)
    }

    /// What became of an earlier run must be known before a new plan can be trusted.
    pub(super) async fn settle(
        &self,
        store: &dyn StateStore,
        lock: &dyn RunLock,
    ) -> Result<Option<RunReport>, ServiceError> {
        let clock = EngineClock(&*self.inner.clock);
        let settled = Box::pin(self.applier(store, &clock).settle(lock)).await?;
        match settled {
            Some(report) if report.unknown() > 0 => {
                Err(ApplyError::Unfinished(report.run_id).into())
            }
            settled => Ok(settled),
        }
    }

    pub(super) fn applier<'a>(
        &'a self,
        store: &'a dyn StateStore,
        clock: &'a EngineClock<'a>,
    ) -> Apply<'a> {
        Apply {
            reader: &self.inner.halo,
            writer: &self.inner.halo,
            store,
            clock,
            watch: &self.inner.relay,
            stop: &self.inner.stop,
            concurrency: self.inner.halo.concurrency(),
        }
    }

    pub(super) fn outcome(&self, report: RunReport, before: RequestCounts) -> RunOutcome {
        RunOutcome {
            report,
            requests: self.requests().since(before),
        }
    }
}

/// The time, to be read, and a random part, to be unique.
fn new_run_id(clock: &dyn Clock) -> RunId {
    let random = fastrand::u32(..0x0100_0000);
    RunId::new(format!("{}-{random:06x}", time::utc_compact(clock.wall())))
}

pub(super) fn stopped() -> ServiceError {
    ServiceError::from(ApplyError::Stopped)
}
