//! Outcomes that are not known are settled by reading, never by sending again.
//!
//! What no reading can rule out is a request that is still under way and arrives later. The run that sent it reads twice
//! before it ends, and whoever goes on reads again; a subscription that turns up after all is taken over by its exact
//! name, or reported as ambiguous.

use super::judge::news_from;
use super::stray::Before;
use super::{Apply, ApplyError, Running, readback};
use crate::run::{ChangeRecord, Outcome, Progress, RunReport, RunStatus};
use crate::state::{RunLock, StoreError, StoredRun};
use std::collections::BTreeSet;

impl Apply<'_> {
    /// Settles what an earlier run left open, by reading alone, and ends that run. `None` when nothing was open.
    ///
    /// # Errors
    /// When the target cannot be read or the state store cannot be used; the run is then left as it is.
    pub async fn settle(&self, _lock: &dyn RunLock) -> Result<Option<RunReport>, ApplyError> {
        match self.store.unfinished_run().await? {
            Some(stored) if needs_settling(&stored) => {
                let run = self.reopen(&stored).await?;
                self.check_left_over(&run).await?;
                Ok(Some(readback::finish(run).await?))
            }
            _ => Ok(None),
        }
    }

    /// Takes an earlier run up again, with a fresh read of everything it touches.
    pub(super) async fn reopen<'a>(
        &'a self,
        stored: &'a StoredRun,
    ) -> Result<Running<'a>, ApplyError> {
        let memory = self.store.memory().await?;
        let view = self.read(super::preimage::touched(&stored.plan)).await?;
        let run_id = stored.summary.run_id.clone();
        let plan = &stored.plan;
        let before = plan
            .basis()
            .map(|basis| Before::of_basis(basis, plan, &memory));
        let book = self.book(run_id, stored.changes.clone());
        let mut run = Running::new(self, plan, book, memory, view);
        run.before = before;
        Ok(run)
    }

    /// Says of every change that was sent, and is not proved yet, what the read shows.
    pub(super) async fn check_left_over(&self, run: &Running<'_>) -> Result<(), ApplyError> {
        let slots = run.book.slots(readback::to_check);
        if slots.is_empty() {
            return Ok(());
        }
        self.watch.progress(&Progress::Settling {
            changes: slots.len(),
        });
        // Before the earlier run began there was no active record of the name: it was checked. So an active one now came
        // after it. What there was of other names, the plan says.
        let news = news_from(run, &slots, &run.view, &BTreeSet::new());
        run.book.record(news).await?;
        Ok(())
    }
}

/// True when it is not known, or not proved, what became of that run.
pub(super) fn needs_settling(stored: &StoredRun) -> bool {
    stored.summary.status == RunStatus::Running
        || stored.changes.iter().any(ChangeRecord::is_unproved)
}

/// Settles what this run left open so far. What cannot be read stays open.
pub(super) async fn settle_open(run: &Running<'_>) -> Result<(), StoreError> {
    let open = run.book.slots(|record| record.outcome.is_open());
    if open.is_empty() {
        return Ok(());
    }
    run.apply.watch.progress(&Progress::Settling {
        changes: open.len(),
    });
    let view = match run.apply.read(run.book.clients(&open)).await {
        Ok(view) => view,
        Err(error) => {
            tracing::warn!(run = %run.book.run_id, %error, "open outcomes cannot be settled yet");
            return Ok(());
        }
    };
    let mut news = news_from(run, &open, &view, &run.known);
    for news in &mut news {
        // Read once is not read back: that comes at the end, for everything.
        if news.outcome == Outcome::Verified {
            news.outcome = Outcome::Applied;
        }
    }
    run.book.record(news).await
}
