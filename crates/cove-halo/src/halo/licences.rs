//! The licences as subscriptions: which of them the engine may touch, and which could not be read.

use super::{HaloTarget, detail_of, proven, unreadable};
use crate::port_error;
use api_core::wire::{BadRecord, Guarded};
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::ports::{PortError, SubscriptionRead};
use billing_sync::target::{Standing, Subscription, UnreadableRecord};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use halopsa_api::{ListLicences, SoftwareLicence};
use std::collections::BTreeSet;

impl HaloTarget {
    pub(super) async fn read_all_licences(&self) -> Result<SubscriptionRead, PortError> {
        self.relay.reading("subscriptions");
        let list = self
            .client
            .licences()
            .list(ListLicences {
                include_inactive: true,
                ..ListLicences::default()
            })
            .lean()
            .collect_all()
            .await
            .map_err(port_error)?;
        self.saw(&list);
        self.seen().pages = list.pages().max(1);
        let stated = list.stated_total();
        sorted(list.into_items(), stated)
    }

    pub(super) async fn read_licences_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError> {
        self.relay
            .reading(&format!("subscriptions of {} clients", clients.len()));
        let lists: Vec<_> = stream::iter(clients.iter().copied())
            .map(|client| async move {
                self.client
                    .licences()
                    .list(ListLicences {
                        client: Some(halopsa_api::ClientId::new(client.get())),
                        include_inactive: true,
                        ..ListLicences::default()
                    })
                    .lean()
                    .collect_all()
                    .await
            })
            .buffered(self.concurrency)
            .try_collect()
            .await
            .map_err(port_error)?;
        let mut rows = Vec::new();
        let mut ids = BTreeSet::new();
        for list in lists {
            // A server that ignores the client in the query answers the whole list each time: one of each is enough.
            rows.extend(list.into_items().into_iter().filter(|row| match row {
                Guarded::Good(record) => ids.insert(record.id),
                Guarded::Bad(_) => true,
            }));
        }
        sorted(rows, None)
    }
}

fn sorted(
    rows: Vec<Guarded<SoftwareLicence>>,
    stated: Option<u64>,
) -> Result<SubscriptionRead, PortError> {
    let mut records = Vec::new();
    let mut problems = Vec::new();
    for row in rows {
        match row {
            Guarded::Good(record) => match subscription(&record) {
                Ok(subscription) => records.push(subscription),
                Err(problem) => problems.push(problem),
            },
            Guarded::Bad(bad) => {
                problems.push(unreadable(client_in(&bad), detail_of("licence", &bad)));
            }
        }
    }
    Ok(SubscriptionRead {
        records: proven(records, problems.len(), stated)?,
        unreadable: problems,
    })
}

/// A licence as the engine sees it. One that would be written but shows no count cannot be compared, so it counts as
/// unreadable.
pub(super) fn subscription(record: &SoftwareLicence) -> Result<Subscription, UnreadableRecord> {
    let client = ClientId::new(record.client_id.get());
    // The free status text is not interpreted: only these three decide.
    let standing = if !record.is_subscription() {
        Standing::OtherKind
    } else if record.deleted {
        Standing::Deleted
    } else if record.is_active {
        Standing::Active
    } else {
        Standing::Inactive
    };
    let count = match (record.count, standing) {
        (Some(count), _) => count,
        (None, Standing::Active) => {
            return Err(unreadable(
                Some(client),
                format!("subscription {} `{}` has no count", record.id, record.name),
            ));
        }
        (None, _) => 0,
    };
    Ok(Subscription {
        id: LicenceId::new(record.id.get()),
        client,
        name: record.name.clone(),
        count,
        standing,
    })
}

/// The client of a record that could not be read as a whole.
fn client_in(bad: &BadRecord) -> Option<ClientId> {
    let id = match bad.raw.get("client_id")? {
        serde_json::Value::Number(number) => number.as_i64()?,
        serde_json::Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (id > 0).then(|| ClientId::new(id))
}
