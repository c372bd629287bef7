//! Going on with a run that was killed, stopped or partly refused: read first, then only what is proved not to be there.

use super::book::News;
use super::preimage::drift_of;
use super::readback;
use super::{Apply, ApplyError, Running};
use crate::run::{ChangeRecord, Outcome, RunReport};
use crate::state::{RunLock, StoreError};

impl Apply<'_> {
    /// Settles the newest run and carries on with it: changes that were not begun, did not arrive or were refused are sent
    /// if their record is still as the plan saw it. A run whose failed changes cannot go again is reported as it ended.
    /// `None` when every change of the newest run is there.
    ///
    /// # Errors
    /// As [`Apply::run`], without drift: a record that moved is a mismatch of its change.
    pub async fn resume(&self, _lock: &dyn RunLock) -> Result<Option<RunReport>, ApplyError> {
        let Some(stored) = self.store.unfinished_run().await? else {
            return Ok(None);
        };
        let report = stored.report();
        if !report.goes_on() {
            return Ok(Some(report));
        }
        let mut run = self.reopen(&stored).await?;
        self.check_left_over(&run).await?;
        run.learn_known();
        let slots = still_to_send(&run).await?;
        if slots.is_empty() {
            return Ok(Some(readback::finish(run).await?));
        }
        Ok(Some(self.carry_out(run, &slots).await?))
    }
}

/// The changes whose record is as the plan saw it. The others are noted as mismatches.
async fn still_to_send(run: &Running<'_>) -> Result<Vec<usize>, StoreError> {
    let mut slots = Vec::new();
    let mut moved = Vec::new();
    for (slot, record) in run.book.copies(&run.book.slots(ChangeRecord::may_go_again)) {
        let drift = drift_of(&record.change, &run.view);
        if drift.is_empty() {
            slots.push(slot);
            continue;
        }
        let note = drift
            .iter()
            .map(|drift| {
                format!(
                    "{} was {} in the plan and is {}",
                    drift.field, drift.planned, drift.found
                )
            })
            .collect::<Vec<_>>()
            .join("; ");
        moved.push(News {
            slot,
            outcome: Outcome::Mismatch,
            written_id: record.change.licence_id,
            note,
        });
    }
    run.book.record(moved).await?;
    Ok(slots)
}
