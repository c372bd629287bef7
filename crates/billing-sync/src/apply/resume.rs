//! Going on with a run that was killed, stopped or partly refused: read first, then only what is proved not to be there, and
//! only while the plan would still be the same.

use super::book::News;
use super::outdated::decisions_hold;
use super::preimage::drift_of;
use super::readback;
use super::{Apply, ApplyError, Running};
use crate::run::{ChangeRecord, Drift, Outcome, RunReport, RunStatus};
use crate::state::RunLock;
use std::collections::BTreeSet;
use std::fmt;

/// What a plan is made from, and changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The rules.
    Rules,
    /// What people decided.
    Decisions,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rules => "its plan was made under other rules than the settings have now",
            Self::Decisions => {
                "a decision on customers or records was made or taken back since its plan was made"
            }
        })
    }
}

impl Apply<'_> {
    /// Settles the newest run and carries on with it: changes that were not begun, did not arrive or were refused are sent
    /// if their record, and the client they are for, are still as the plan saw them. A run whose failed changes cannot go
    /// again is reported as it ended. `None` when every change of the newest run is there.
    ///
    /// `rules_digest` is that of the rules that hold now ([`Rules::digest`](crate::rules::Rules::digest)). Under other
    /// rules or decisions than the run was planned under it is settled all the same, but nothing more is sent.
    ///
    /// # Errors
    /// As [`Apply::run`], without drift: a record that moved is a mismatch of its change. [`ApplyError::LeftUnsent`] when
    /// something is left to a new plan.
    pub async fn resume(
        &self,
        _lock: &dyn RunLock,
        rules_digest: &str,
    ) -> Result<Option<RunReport>, ApplyError> {
        let Some(stored) = self.store.unfinished_run().await? else {
            return Ok(None);
        };
        let report = stored.report();
        if !report.goes_on() {
            return Ok(Some(report));
        }
        let mut run = self.reopen(&stored).await?;
        self.check_left_over(&run).await?;
        if let Some(why) = changed(&run, rules_digest) {
            return end_unsent(run, why).await.map(Some);
        }
        run.learn_known();
        let slots = self.still_to_send(&run).await?;
        if slots.is_empty() {
            return Ok(Some(readback::finish(run).await?));
        }
        Ok(Some(self.carry_out(run, &slots).await?))
    }

    /// The changes whose record and client are as the plan saw them. The others are noted as mismatches.
    async fn still_to_send(&self, run: &Running<'_>) -> Result<Vec<usize>, ApplyError> {
        let waiting = run.book.copies(&run.book.slots(ChangeRecord::may_go_again));
        let billed: BTreeSet<_> = waiting
            .iter()
            .filter(|(_, record)| !record.change.sources.is_empty())
            .map(|(_, record)| record.change.client_id)
            .collect();
        let clients = self.read_clients(run.plan, &billed).await?;
        let accounted_for = run.memory.records();
        let mut slots = Vec::new();
        let mut moved = Vec::new();
        for (slot, record) in waiting {
            let mut drift = drift_of(&record.change, &run.view, &accounted_for);
            if let Some(clients) = &clients {
                drift.extend(clients.moved(&record.change, &run.memory));
            }
            if drift.is_empty() {
                slots.push(slot);
            } else {
                moved.push(News {
                    slot,
                    outcome: Outcome::Mismatch,
                    written_id: record.change.licence_id,
                    note: told(&drift),
                });
            }
        }
        run.book.record(moved).await?;
        Ok(slots)
    }
}

/// What changed since the run was planned, so that a new plan may be another one.
fn changed(run: &Running<'_>, rules_digest: &str) -> Option<Changed> {
    if run.plan.rules_digest() != rules_digest {
        return Some(Changed::Rules);
    }
    let basis = run.plan.basis()?;
    (!decisions_hold(basis, &run.memory)).then_some(Changed::Decisions)
}

/// Ends a run that is not gone on with. What is not settled yet goes before what was not sent.
async fn end_unsent(run: Running<'_>, why: Changed) -> Result<RunReport, ApplyError> {
    let unsent = run.book.slots(ChangeRecord::may_go_again).len();
    let report = readback::finish(run).await?;
    if unsent == 0 || report.status == RunStatus::Unknown {
        return Ok(report);
    }
    Err(ApplyError::LeftUnsent {
        run: report.run_id,
        unsent,
        why,
    })
}

fn told(drift: &[Drift]) -> String {
    let of_each = drift.iter().map(|drift| {
        format!(
            "{} was {} in the plan and is {}",
            drift.field, drift.planned, drift.found
        )
    });
    of_each.collect::<Vec<_>>().join("; ")
}
