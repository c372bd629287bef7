//! What the billing system holds: the planner's second input, taken only from reads that reached the end.

use crate::ids::{ClientId, Key, LicenceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A client of the PSA.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// What is listed by an id: the same id twice is the same record twice.
pub trait Identified {
    /// What its id is.
    type Id: Ord;

    /// Its id.
    fn id(&self) -> Self::Id;
}

impl Identified for Client {
    type Id = ClientId;

    fn id(&self) -> ClientId {
        self.id
    }
}

impl Identified for Subscription {
    type Id = LicenceId;

    fn id(&self) -> LicenceId {
        self.id
    }
}

/// A list that was read to its proven end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteList<T> {
    items: Vec<T>,
}

/// A list was cut short: fewer different records arrived than the server says there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list is incomplete: {received} of {stated} records arrived")]
pub struct IncompleteList {
    /// Records that arrived.
    pub received: u64,
    /// Records the server says there are.
    pub stated: u64,
}

impl<T: Identified> CompleteList<T> {
    /// Takes a list whose reader reached the end, with the number of records the server stated, if it states one.
    /// `unreadable` records count as received; a record that arrived twice (a page shifted) counts once, because another
    /// one is missing then.
    ///
    /// # Errors
    /// When fewer different records arrived than stated.
    pub fn proven(
        items: Vec<T>,
        unreadable: usize,
        stated: Option<u64>,
    ) -> Result<Self, IncompleteList> {
        let different: BTreeSet<T::Id> = items.iter().map(Identified::id).collect();
        let received = (different.len() + unreadable) as u64;
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
    /// Puts the two complete lists together. A record that arrived twice is kept once. If it says two different things, it was
    /// changed while the list was read: it is one that could not be read.
    pub fn new(
        clients: CompleteList<Client>,
        subscriptions: CompleteList<Subscription>,
        mut unreadable: Vec<UnreadableRecord>,
    ) -> Self {
        let (clients, moved) = once_each(clients.items);
        unreadable.extend(moved.into_iter().map(|client: Client| UnreadableRecord {
            client: Some(client.id),
            detail: format!("client {} came twice and differs", client.id),
        }));
        let (subscriptions, moved) = once_each(subscriptions.items);
        unreadable.extend(
            moved
                .into_iter()
                .map(|record: Subscription| UnreadableRecord {
                    client: Some(record.client),
                    detail: format!("subscription {} came twice and differs", record.id),
                }),
        );
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

/// Each record once, by id; and every version of those that came in several.
fn once_each<T: Identified + Ord + Clone>(mut items: Vec<T>) -> (Vec<T>, Vec<T>) {
    items.sort();
    items.dedup();
    let same = items.chunk_by(|record, next| record.id() == next.id());
    let moved = same.filter(|versions| versions.len() > 1).flatten();
    let moved = moved.cloned().collect();
    items.dedup_by_key(|record| record.id());
    (items, moved)
}

#[cfg(test)]
mod tests {
    use super::{Client, CompleteList, Standing, Subscription, TargetSnapshot};
    use crate::ids::{ClientId, LicenceId};

    fn record(id: i64, client: i64, count: i64) -> Subscription {
        Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(client),
            name: "Server".to_owned(),
            count,
            standing: Standing::Active,
        }
    }

    fn snapshot(subscriptions: Vec<Subscription>) -> TargetSnapshot {
        let none: Vec<Client> = Vec::new();
        TargetSnapshot::new(
            CompleteList::proven(none, 0, None).unwrap(),
            CompleteList::proven(subscriptions, 0, None).unwrap(),
            Vec::new(),
        )
    }

    #[test]
    fn a_record_that_came_twice_does_not_stand_for_one_that_is_missing() {
        let twice = || vec![record(1, 12, 5), record(1, 12, 5)];
        let error = CompleteList::proven(twice(), 0, Some(2)).unwrap_err();
        assert_eq!((error.received, error.stated), (1, 2));
        assert!(CompleteList::proven(twice(), 0, Some(1)).is_ok());
        let kept = snapshot(twice());
        assert_eq!(kept.subscriptions(), [record(1, 12, 5)]);
        assert_eq!(kept.unreadable(), []);
    }

    #[test]
    fn a_record_that_came_twice_and_differs_could_not_be_read() {
        let versions = [record(1, 12, 5), record(1, 13, 4)];
        let kept = snapshot(versions.to_vec());
        let told: Vec<_> = kept.unreadable().iter().map(|it| it.client).collect();
        assert_eq!(told, [Some(ClientId::new(12)), Some(ClientId::new(13))]);
        assert_eq!(
            kept.unreadable()[0].detail,
            "subscription 1 came twice and differs"
        );
        assert_eq!(kept.subscriptions().len(), 1);
        let mut turned = versions.to_vec();
        turned.reverse();
        assert_eq!(snapshot(turned), kept, "in whatever order they came");
    }

    #[test]
    fn a_list_shorter_than_stated_is_refused() {
        let two = || vec![record(1, 12, 5), record(2, 12, 5)];
        assert!(CompleteList::proven(two(), 0, Some(3)).is_err());
        assert!(
            CompleteList::proven(two(), 1, Some(3)).is_ok(),
            "an unreadable record did arrive"
        );
        assert!(CompleteList::proven(two(), 0, None).is_ok());
    }
}
