//! When the state file is opened, and how: a verb that only reads never makes one.

use super::Service;
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::settings::Settings;
use billing_sync::apply::ApplyError;
use billing_sync::ids::RunId;
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::state::{StateStore, StoredRun};
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

    /// The store that was given or opened, if there is one yet.
    pub(super) fn current(&self) -> Option<Arc<dyn StateStore>> {
        self.opened().clone()
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

impl Service {
    /// The state, to be compared with the target; `None` when nothing was ever kept.
    ///
    /// # Errors
    /// When it belongs to another account or tenant: its ids would be taken for other records.
    pub(crate) async fn state_to_compare(
        &self,
    ) -> Result<Option<Arc<dyn StateStore>>, ServiceError> {
        let Some(store) = self.inner.stores.for_reading()? else {
            return Ok(None);
        };
        match store.subject().await? {
            Some(bound) if bound != self.subject() => Err(ServiceError::new(
                ExitCode::Usage,
                format!(
                    "the state file {} belongs to {bound}, not to {}",
                    self.inner.stores.path().display(),
                    self.subject()
                ),
            )
            .with_hint(
                "name another state file with --state; a new one takes the subscriptions over by their exact names",
            )),
            _ => Ok(Some(store)),
        }
    }

    /// Binds the state to this account and tenant, or refuses a state that is bound to others.
    pub(super) async fn claim(&self, store: &dyn StateStore) -> Result<(), ServiceError> {
        Ok(store.bind(&self.subject()).await?)
    }

    /// Nothing was ever kept; `so` is what follows from that.
    pub(super) fn no_state_file(&self, so: &str) -> ServiceError {
        let path = self.inner.stores.path().display();
        ServiceError::new(
            ExitCode::Usage,
            format!("there is no state file {path} yet, so {so}"),
        )
    }

    /// Whose usage it is. Live counts can do without the account's id; where it is given, it is the same account for every
    /// source.
    pub(super) fn account(&self) -> String {
        let Settings { cove, usage, .. } = self.settings();
        if usage.is_set() {
            return format!("vendor {}", usage.vendor);
        }
        match &cove.partner {
            Some(partner) if cove.account_id.is_empty() => format!("partner {partner}"),
            _ => format!("account {}", cove.account_id),
        }
    }

    /// Whose state it is. A tenant that has a name keeps it when its address changes.
    pub(crate) fn subject(&self) -> String {
        let settings = self.settings();
        let tenant = match &settings.halo.tenant {
            Some(tenant) => format!("tenant {tenant}"),
            None => settings.halo.base_url.trim_end_matches('/').to_lowercase(),
        };
        format!("{} and {tenant}", self.account())
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
