//! When the state file is opened, and how: a verb that only reads never makes one.

use crate::error::ServiceError;
use billing_sync::state::StateStore;
use billing_sync::state::sqlite::SqliteStore;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The state store, opened when it is first needed.
#[derive(Debug)]
pub(super) struct Stores {
    path: PathBuf,
    /// Given from outside, or opened for writing.
    open: Mutex<Option<Arc<dyn StateStore>>>,
}

impl Stores {
    pub(super) fn new(given: Option<Arc<dyn StateStore>>, path: PathBuf) -> Self {
        Self {
            path,
            open: Mutex::new(given),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Option<Arc<dyn StateStore>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a verb that writes. Makes the file if it is not there.
    pub(super) fn for_writing(&self) -> Result<Arc<dyn StateStore>, ServiceError> {
        let mut opened = self.opened();
        if let Some(store) = &*opened {
            return Ok(store.clone());
        }
        let store: Arc<dyn StateStore> = Arc::new(SqliteStore::open(&self.path)?);
        *opened = Some(store.clone());
        Ok(store)
    }

    /// For a verb that reads; `None` when nothing was ever kept.
    pub(super) fn for_reading(&self) -> Result<Option<Arc<dyn StateStore>>, ServiceError> {
        if let Some(store) = &*self.opened() {
            return Ok(Some(store.clone()));
        }
        if !self.path.exists() {
            return Ok(None);
        }
        Ok(Some(Arc::new(SqliteStore::open_read_only(&self.path)?)))
    }
}
