//! What the billing system holds: the planner's second input, taken only from reads that reached the end.

use crate::ids::{ClientId, Key, LicenceId};
use serde::{Deserialize, Serialize};

/// A client of the PSA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its name. Shown, never matched on.
    pub name: String,
    /// False when the PSA marks it inactive.
    pub active: bool,
    /// The vendor customer ids its custom field holds, trimmed; usually none or one.
    pub vendor_ids: Vec<String>,
}

/// A subscription record of the PSA, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: LicenceId,
    /// The client it belongs to.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// Its count.
    pub count: i64,
    /// Whether the engine may touch it at all.
    pub standing: Standing,
}

impl Subscription {
    /// What its count is kept for.
    pub fn key(&self) -> Key {
        Key {
            client: self.client,
            name: self.name.clone(),
        }
    }
}

/// What a subscription record is, as far as the engine cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// An active subscription: the only kind that is written.
    Active,
    /// A subscription that was made inactive.
    Inactive,
    /// A deleted record.
    Deleted,
    /// Another kind of record that shares the list (a software licence).
    OtherKind,
}

impl Standing {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
            Self::OtherKind => "not a subscription",
        }
    }
}

/// A record of the PSA that could not be read. It blocks its client instead of looking absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableRecord {
    /// The client it belongs to; `None` when not even that could be read, which blocks every client.
    pub client: Option<ClientId>,
    /// What is wrong and where.
    pub detail: String,
}

/// A list that was read to its proven end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteList<T> {
    items: Vec<T>,
}

/// A list was cut short: fewer records arrived than the server says there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list is incomplete: {received} of {stated} records arrived")]
pub struct IncompleteList {
    /// Records that arrived.
    pub received: u64,
    /// Records the server says there are.
    pub stated: u64,
}

impl<T> CompleteList<T> {
    /// Takes a list whose reader reached the end, with the number of records the server stated, if it states one.
    /// `unreadable` records count as received.
    ///
    /// # Errors
    /// When fewer records arrived than stated.
    pub fn proven(
        items: Vec<T>,
        unreadable: usize,
        stated: Option<u64>,
    ) -> Result<Self, IncompleteList> {
        let received = (items.len() + unreadable) as u64;
        match stated {
            Some(stated) if received < stated => Err(IncompleteList { received, stated }),
            _ => Ok(Self { items }),
        }
    }

    /// The records.
    pub fn items(&self) -> &[T] {
        &self.items
    }
}

/// Clients and subscriptions, both read to the end. Sorted by id, so that the order of the server's answers does
/// not reach the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSnapshot {
    clients: Vec<Client>,
    subscriptions: Vec<Subscription>,
    unreadable: Vec<UnreadableRecord>,
}

impl TargetSnapshot {
    /// Puts the two complete lists together. A record that arrived twice (a page shifted) is kept once.
    pub fn new(
        clients: CompleteList<Client>,
        subscriptions: CompleteList<Subscription>,
        unreadable: Vec<UnreadableRecord>,
    ) -> Self {
        let mut clients = clients.items;
        clients.sort_by_key(|client| client.id);
        clients.dedup_by_key(|client| client.id);
        let mut subscriptions = subscriptions.items;
        subscriptions.sort_by_key(|subscription| subscription.id);
        subscriptions.dedup_by_key(|subscription| subscription.id);
        Self {
            clients,
            subscriptions,
            unreadable,
        }
    }

    /// The clients, by id.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The subscriptions, by id.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// What could not be read.
    pub fn unreadable(&self) -> &[UnreadableRecord] {
        &self.unreadable
    }

    /// The client with that id.
    pub fn client(&self, id: ClientId) -> Option<&Client> {
        let at = self
            .clients
            .binary_search_by_key(&id, |client| client.id)
            .ok()?;
        self.clients.get(at)
    }

    /// The subscription with that id.
    pub fn subscription(&self, id: LicenceId) -> Option<&Subscription> {
        let at = self
            .subscriptions
            .binary_search_by_key(&id, |record| record.id)
            .ok()?;
        self.subscriptions.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::CompleteList;

    #[test]
    fn a_list_shorter_than_stated_is_refused() {
        assert!(CompleteList::proven(vec![1, 2], 0, Some(3)).is_err());
        assert!(
            CompleteList::proven(vec![1, 2], 1, Some(3)).is_ok(),
            "an unreadable record did arrive"
        );
        assert!(CompleteList::proven(vec![1, 2], 0, None).is_ok());
    }
}
