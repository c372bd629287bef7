//! Many writes in batches: a refused batch is taken apart, so that one bad record does not take the others with it.

use std::collections::{BTreeMap, BTreeSet};

use api_core::wire::Guarded;
use api_core::{Error, Result};

use super::write::{LicenceWrite, Posted, WriteOutcome, body_of};
use super::{Licences, ListLicences, SoftwareLicence};
use crate::ids::{ClientId, LicenceId};

/// How many writes are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Items per request; at least 1 is used.
    pub size: usize,
    /// Ids of all licences that existed before: a record of an asked-for name that is not among them was made by this
    /// write. Take them from the list that the writes were planned on. Where none are given, a record of that name that a
    /// refused batch leaves behind may be older: the create is then `Unknown`.
    pub known: BTreeSet<LicenceId>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            size: 25,
            known: BTreeSet::new(),
        }
    }
}

impl Licences {
    /// Writes any number of records in batches. A batch that is refused as a whole is read back, and what is not stored
    /// is sent again in two halves, down to the items the server refuses. Only writes that were refused (not ones that
    /// were lost) are sent again, and creates only when reading shows that they are not there.
    ///
    /// Cost: one request per batch; for a refused batch, one list per client with a create in it, then its halves.
    ///
    /// # Errors
    /// `Config` when an item cannot be written: nothing was sent.
    pub async fn write_all(
        &self,
        items: &[LicenceWrite],
        batch: &Batch,
    ) -> Result<Vec<WriteOutcome>> {
        body_of(items)?;
        let mut outcomes: Vec<Option<WriteOutcome>> = vec![None; items.len()];
        let size = batch.size.max(1);
        let indexes: Vec<usize> = (0..items.len()).collect();
        let mut open: Vec<Vec<usize>> = indexes.chunks(size).rev().map(<[usize]>::to_vec).collect();
        while let Some(part) = open.pop() {
            let writes: Vec<LicenceWrite> = part
                .iter()
                .filter_map(|&index| items.get(index).cloned())
                .collect();
            match self.post(&writes).await? {
                Posted::Settled(settled) => {
                    for (index, outcome) in part.into_iter().zip(settled) {
                        set(&mut outcomes, index, outcome);
                    }
                }
                Posted::RefusedBatch(why) => {
                    let found = self.read_back(&writes, batch).await;
                    let mut left = Vec::new();
                    for (index, write) in part.into_iter().zip(&writes) {
                        match settle(write, &found, batch, &why) {
                            Some(outcome) => set(&mut outcomes, index, outcome),
                            None => left.push(index),
                        }
                    }
                    let half = left.len().div_ceil(2).max(1);
                    open.extend(left.chunks(half).rev().map(<[usize]>::to_vec));
                }
            }
        }
        let unsettled = || WriteOutcome::NotSent {
            why: "it was not reached".to_owned(),
        };
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(unsettled))
            .collect())
    }

    /// The clients' licences that did not exist before, for each client with a create among the writes.
    async fn read_back(&self, writes: &[LicenceWrite], batch: &Batch) -> Found {
        let clients: BTreeSet<ClientId> = writes
            .iter()
            .filter(|write| write.id().is_none())
            .map(LicenceWrite::client_id)
            .collect();
        let mut found = Found::new();
        for client in clients {
            let listed = self
                .list(ListLicences {
                    client: Some(client),
                    include_inactive: true,
                    ..ListLicences::default()
                })
                .collect_all()
                .await;
            found.insert(
                client,
                listed.map(|list| new_ones(list.into_items(), batch)),
            );
        }
        found
    }
}

/// Per client: its new records; `None` in place of one that cannot be read.
type Found = BTreeMap<ClientId, Result<Vec<Option<SoftwareLicence>>>>;

fn new_ones(rows: Vec<Guarded<SoftwareLicence>>, batch: &Batch) -> Vec<Option<SoftwareLicence>> {
    rows.into_iter()
        .filter_map(|row| match row {
            Guarded::Good(record) if batch.known.contains(&record.id) => None,
            Guarded::Good(record) => Some(Some(record)),
            Guarded::Bad(_) => Some(None),
        })
        .collect()
}

/// The outcome of an item of a refused batch, as far as reading back tells; `None` when it is not stored and may be
/// sent again.
fn settle(write: &LicenceWrite, found: &Found, batch: &Batch, why: &str) -> Option<WriteOutcome> {
    let LicenceWrite::Create {
        client_id,
        name,
        count,
        kind,
        ..
    } = write
    else {
        // Setting a count or fields of a known record once more changes nothing if it is stored already.
        return None;
    };
    let unknown = |detail: &dyn std::fmt::Display| {
        Some(WriteOutcome::Unknown {
            why: format!("{why}; and {detail}"),
        })
    };
    let records = match found.get(client_id) {
        Some(Ok(records)) => records,
        Some(Err(error)) => return unknown(&unread(error)),
        None => return unknown(&"the client was not read back"),
    };
    let same: Vec<&SoftwareLicence> = records
        .iter()
        .flatten()
        .filter(|record| {
            record.client_id == *client_id
                && record.kind == *kind
                && record.name.trim() == name
                && !record.deleted
        })
        .collect();
    match same.as_slice() {
        [] if records.iter().any(Option::is_none) => {
            unknown(&"a record of the client is unreadable")
        }
        [] => None,
        _ if batch.known.is_empty() => {
            unknown(&"there is a record of that name, and which ones existed before was not said")
        }
        [record] if record.count == Some(*count) => {
            Some(WriteOutcome::Confirmed(Some(Box::new((*record).clone()))))
        }
        [_] => unknown(&"a new record of that name has another count"),
        _ => unknown(&"there is more than one new record of that name"),
    }
}

fn unread(error: &Error) -> String {
    format!("reading back failed: {error}")
}

fn set(outcomes: &mut [Option<WriteOutcome>], index: usize, outcome: WriteOutcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = Some(outcome);
    }
}
