//! Whether what a plan was decided on still holds: people may have decided otherwise since, or another run may have billed
//! its month. A plan that does not fit any more is refused, because its counts may be billed elsewhere by now.

use super::{Apply, ApplyError};
use crate::ids::{CustomerId, RunId};
use crate::memory::Memory;
use crate::period::Period;
use crate::plan::{Basis, Plan};
use crate::state::{RunSummary, StoreError};
use std::collections::BTreeSet;

/// Why a plan does not fit any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Outdated {
    /// People decided otherwise: who a customer is, or which record a count is kept on.
    #[error("a decision on customers or records was made or taken back since the plan was made")]
    Decisions,
    /// Another run of the same month began since.
    #[error("run {run} of {period} began since the plan was made")]
    NewerRun {
        /// That run.
        run: RunId,
        /// The month.
        period: Period,
    },
    /// The state is not the one the plan was made with, or an older copy of it.
    #[error("the plan was made after run {run}, which this state does not know")]
    UnknownRun {
        /// The newest run when the plan was made.
        run: RunId,
    },
}

impl Apply<'_> {
    /// Compares what a plan was decided on with what holds now, without any request. [`Apply::run`] does it, too; a plan
    /// that does not say what it was decided on is not checked.
    ///
    /// # Errors
    /// [`ApplyError::Outdated`], or a state store that cannot be read.
    pub async fn check_basis(&self, plan: &Plan) -> Result<(), ApplyError> {
        let memory = self.store.memory().await?;
        self.must_hold(plan, &memory).await
    }

    pub(super) async fn must_hold(&self, plan: &Plan, memory: &Memory) -> Result<(), ApplyError> {
        let Some(basis) = plan.basis() else {
            return Ok(());
        };
        if !decisions_hold(basis, memory) {
            return Err(Outdated::Decisions.into());
        }
        if basis.newest_run == memory.newest_run {
            return Ok(());
        }
        for newer in self.runs_since(basis.newest_run.as_ref()).await? {
            if newer.period == plan.period() && !self.leaves_room(&newer, plan).await? {
                return Err(Outdated::NewerRun {
                    run: newer.run_id,
                    period: newer.period,
                }
                .into());
            }
        }
        Ok(())
    }

    /// The runs that began after that one, newest first.
    async fn runs_since(&self, known: Option<&RunId>) -> Result<Vec<RunSummary>, ApplyError> {
        let mut limit = 8;
        loop {
            let mut runs = self.store.runs(limit).await?;
            let at = runs.iter().position(|run| Some(&run.run_id) == known);
            match (at, known) {
                (Some(at), _) => {
                    runs.truncate(at);
                    return Ok(runs);
                }
                (None, _) if runs.len() == limit => limit = limit.saturating_mul(8),
                (None, None) => return Ok(runs),
                (None, Some(run)) => return Err(Outdated::UnknownRun { run: run.clone() }.into()),
            }
        }
    }

    /// True when the plan may be applied although that run began after it was made: it applied the same plan, or is known
    /// to be about something else.
    async fn leaves_room(&self, newer: &RunSummary, plan: &Plan) -> Result<bool, StoreError> {
        if newer.plan_id == *plan.id() {
            return Ok(true);
        }
        if plan.follows().is_none() && plan.only().is_none() {
            return Ok(false);
        }
        let Some(stored) = self.store.run(&newer.run_id).await? else {
            return Ok(false);
        };
        Ok(bills_others(&stored.plan, plan)
            || (plan.follows().is_some() && is_follow_up(&stored.plan)))
    }
}

/// True when people decided as they had when the plan was made.
pub(super) fn decisions_hold(basis: &Basis, memory: &Memory) -> bool {
    basis.decisions == memory.decisions_digest()
}

/// A follow-up writes no month anew. One of an earlier version does not say what it follows, but has no ledger.
fn is_follow_up(plan: &Plan) -> bool {
    plan.follows().is_some() || plan.ledger().rows().is_empty()
}

/// True for two plans that are limited to different clients, and for different customers: usage that moved from the one to
/// the other would be billed twice.
fn bills_others(one: &Plan, other: &Plan) -> bool {
    let limits = (one.only(), other.only());
    matches!(limits, (Some(a), Some(b)) if a != b) && customers(one).is_disjoint(&customers(other))
}

fn customers(plan: &Plan) -> BTreeSet<&CustomerId> {
    let sources = plan.changes().iter().flat_map(|change| &change.sources);
    sources.map(|source| &source.customer_id).collect()
}
