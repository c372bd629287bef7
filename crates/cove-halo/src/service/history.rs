//! What was done: the runs in the state, and whether their journal is untouched. Works without the network.

use super::Service;
use crate::error::ServiceError;
use billing_sync::ids::RunId;
use billing_sync::state::{RunSummary, StoredRun};

impl Service {
    /// The newest runs first; empty when nothing was ever written.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn history(&self, limit: usize) -> Result<Vec<RunSummary>, ServiceError> {
        match self.inner.stores.for_reading()? {
            Some(store) => Ok(store.runs(limit).await?),
            None => Ok(Vec::new()),
        }
    }

    /// One run with everything it did; `None` when there is none with that id.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn history_of(&self, run: &RunId) -> Result<Option<StoredRun>, ServiceError> {
        match self.inner.stores.for_reading()? {
            Some(store) => Ok(store.run(run).await?),
            None => Ok(None),
        }
    }

    /// Checks the journal's hash chain; returns the number of rows, 0 when nothing was ever written.
    ///
    /// # Errors
    /// When a row was changed from outside, or the state cannot be read.
    pub async fn check_journal(&self) -> Result<u64, ServiceError> {
        match self.inner.stores.for_reading()? {
            Some(store) => Ok(store.check_journal().await?),
            None => Ok(0),
        }
    }
}
