//! HaloPSA as the billing target: clients with the vendor's ids, subscriptions with their standing, and writing counts.

mod clients;
mod licences;
mod some_clients;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use clients::ids_in;

use crate::port_error;
use crate::settings::{CustomerLookup, HaloSettings};
use crate::watch::{Relay, ServiceWatch, Unwatched};
use api_core::Complete;
use api_core::wire::BadRecord;
use async_trait::async_trait;
use billing_sync::ids::ClientId;
use billing_sync::plan::RequestSizes;
use billing_sync::ports::{
    ClientRead, PortError, SubscriptionRead, TargetReader, TargetWriter, Write, WriteOutcome,
};
use billing_sync::target::{CompleteList, Identified, TargetSnapshot, UnreadableRecord};
use halopsa_api::{FieldInfo, FieldOwner, HaloClient};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Pages that the list of all licences is taken to have before it was read.
const PAGES_ASSUMED: u64 = 5;

/// A HaloPSA tenant as the engine sees it. Clones share what was read, the token and the request budget.
#[derive(Debug, Clone)]
pub struct HaloTarget {
    client: HaloClient,
    /// `None` when customers are not matched by a custom field.
    field_name: Option<String>,
    lookup: CustomerLookup,
    batch: usize,
    concurrency: usize,
    relay: Relay,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    field: OnceLock<FieldInfo>,
    /// Writes under way. While there are any, the list of all licences moves under its reader.
    writing: AtomicUsize,
    /// Writes that ever began.
    begun: AtomicUsize,
    seen: Mutex<Seen>,
}

/// What reading has shown so far.
#[derive(Debug, Default)]
struct Seen {
    /// Pages that the list of all licences takes; 0 when it was not read yet.
    pages: u64,
    /// Pages that the list of all clients takes; 0 when it was not read yet.
    client_pages: u64,
    /// Rows of a page, in the list whose pages were the fullest; 0 when none was read yet.
    rows: usize,
}

impl HaloTarget {
    /// A target on top of a client, with custom field, lookup and batch size from the settings.
    pub fn new(client: HaloClient, settings: &HaloSettings) -> Self {
        Self {
            client,
            field_name: Some(settings.customer_field.clone()),
            lookup: settings.customer_lookup,
            batch: usize::try_from(settings.write_batch.max(1)).unwrap_or(1),
            concurrency: usize::try_from(settings.concurrency.max(1)).unwrap_or(1),
            relay: Relay(Arc::new(Unwatched)),
            shared: Arc::default(),
        }
    }

    /// Leaves the custom field unread, for customers that are matched by their reference.
    #[must_use]
    pub fn without_customer_field(mut self) -> Self {
        self.field_name = None;
        self
    }

    /// Who is told what is being read.
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn ServiceWatch>) -> Self {
        self.relay = Relay(watch);
        self
    }

    /// The client below.
    pub fn client(&self) -> &HaloClient {
        &self.client
    }

    /// What fits into one request: writes as set, rows as the largest page seen so far shows.
    pub(crate) fn sizes(&self) -> RequestSizes {
        let rows = match self.seen().rows {
            0 => RequestSizes::default().rows,
            seen => seen,
        };
        RequestSizes {
            writes: self.batch,
            rows,
        }
    }

    /// A list of one page does not tell how many rows one can hold.
    fn saw<T>(&self, list: &Complete<T>) {
        if list.pages() < 2 {
            return;
        }
        let pages = usize::try_from(list.pages()).unwrap_or(usize::MAX);
        let rows = list.items().len().div_ceil(pages);
        let mut seen = self.seen();
        seen.rows = seen.rows.max(rows);
    }

    /// Requests that may be under way at once.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// The custom field that holds the vendor's customer id; asked for once.
    async fn field(&self) -> Result<Option<FieldInfo>, PortError> {
        let Some(name) = &self.field_name else {
            return Ok(None);
        };
        if let Some(field) = self.shared.field.get() {
            return Ok(Some(field.clone()));
        }
        self.relay.reading("custom field");
        let field = self
            .client
            .resolve_custom_field(FieldOwner::Client, name)
            .await
            .map_err(port_error)?;
        Ok(Some(self.shared.field.get_or_init(|| field).clone()))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Only plain sets are behind the lock: a panic elsewhere cannot have left them half changed.
        self.shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a write as ended, also when it is dropped half way.
#[derive(Debug)]
struct Ended<'a>(&'a AtomicUsize);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl TargetReader for HaloTarget {
    async fn snapshot(&self) -> Result<TargetSnapshot, PortError> {
        self.client.connect().await.map_err(port_error)?;
        let field = self.field().await?;
        let (clients, mut unreadable) = self.read_clients(field.as_ref()).await?;
        let SubscriptionRead {
            records,
            unreadable: more,
        } = self.read_all_licences().await?;
        unreadable.extend(more);
        Ok(TargetSnapshot::new(clients, records, unreadable))
    }

    async fn subscriptions_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError> {
        if clients.is_empty() {
            return Ok(SubscriptionRead {
                records: proven(Vec::new(), 0, None)?,
                unreadable: Vec::new(),
            });
        }
        if self.shared.writing.load(Ordering::Relaxed) > 0 {
            return self.read_licences_of(clients).await;
        }
        // One request per client against one per page of the whole list, which also proves itself complete.
        let pages = match self.seen().pages {
            0 => PAGES_ASSUMED,
            known => known,
        };
        if (clients.len() as u64) < pages {
            return self.read_licences_of(clients).await;
        }
        let begun = self.shared.begun.load(Ordering::Relaxed);
        match self.read_all_licences().await {
            // A write that began meanwhile may have moved the list; it moves no other client's.
            Err(_) if self.shared.begun.load(Ordering::Relaxed) != begun => {
                self.read_licences_of(clients).await
            }
            read => read,
        }
    }

    async fn clients(&self, clients: &BTreeSet<ClientId>) -> Result<ClientRead, PortError> {
        self.read_clients_of(clients).await
    }

    fn requests_sent(&self) -> u64 {
        self.client.meter().read().sent
    }
}

#[async_trait]
impl TargetWriter for HaloTarget {
    async fn write(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        self.shared.writing.fetch_add(1, Ordering::Relaxed);
        self.shared.begun.fetch_add(1, Ordering::Relaxed);
        let ended = Ended(&self.shared.writing);
        let outcomes = self.write_batch(batch).await;
        drop(ended);
        outcomes
    }

    fn batch_size(&self) -> usize {
        self.batch
    }
}

/// A list as proof that it is whole.
fn proven<T: Identified>(
    items: Vec<T>,
    unreadable: usize,
    stated: Option<u64>,
) -> Result<CompleteList<T>, PortError> {
    CompleteList::proven(items, unreadable, stated).map_err(|error| {
        PortError::new(
            billing_sync::ports::PortErrorKind::Unreadable,
            error.to_string(),
        )
        .with_hint("nothing was written; try again")
    })
}

fn detail_of(what: &str, bad: &BadRecord) -> String {
    let id = bad
        .raw
        .get("id")
        .and_then(serde_json::Value::as_i64)
        .map_or_else(|| format!("number {}", bad.index + 1), |id| id.to_string());
    format!("{what} {id} cannot be read: {}", bad.error)
}

fn unreadable(client: Option<ClientId>, detail: String) -> UnreadableRecord {
    UnreadableRecord { client, detail }
}
