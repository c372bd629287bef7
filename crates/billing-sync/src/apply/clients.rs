//! Whether the clients that a plan bills are still the ones it took them for. A plan waits in a file, and people correct the
//! mapping meanwhile: a count would go to the client that its usage belonged to before.

use super::{Apply, ApplyError};
use crate::ids::ClientId;
use crate::memory::Memory;
use crate::plan::{Basis, Change, Plan};
use crate::ports::ClientRead;
use crate::run::Drift;
use crate::target::Client;
use crate::whom;
use std::collections::{BTreeSet, HashMap};

/// The clients as they are now.
#[derive(Debug)]
pub(super) struct Clients<'a> {
    basis: &'a Basis,
    found: HashMap<ClientId, Client>,
    /// What could not be read, by the client it is about; `None` may be about any.
    unreadable: Vec<(Option<ClientId>, String)>,
}

impl Apply<'_> {
    /// Reads these clients of a plan; `None` when there is nothing to compare them with.
    pub(super) async fn read_clients<'a>(
        &self,
        plan: &'a Plan,
        clients: &BTreeSet<ClientId>,
    ) -> Result<Option<Clients<'a>>, ApplyError> {
        match plan.basis() {
            Some(basis) if !clients.is_empty() => Ok(Some(Clients::new(
                basis,
                self.reader.clients(clients).await?,
            ))),
            _ => Ok(None),
        }
    }
}

impl<'a> Clients<'a> {
    fn new(basis: &'a Basis, read: ClientRead) -> Self {
        let found = read.records.items().iter();
        let unreadable = read.unreadable.into_iter();
        Self {
            basis,
            found: found.map(|client| (client.id, client.clone())).collect(),
            unreadable: unreadable.map(|bad| (bad.client, bad.detail)).collect(),
        }
    }

    /// What moved of the client of one change.
    pub(super) fn moved(&self, change: &Change, memory: &Memory) -> Vec<Drift> {
        let drift = |field: &str, planned, found| Drift::of(change, field, planned, found);
        let Some(client) = self.found.get(&change.client_id) else {
            let is_hidden = |of: &Option<ClientId>| of.is_none_or(|it| it == change.client_id);
            let hidden = self.unreadable.iter().find(|(of, _)| is_hidden(of));
            let found = match hidden {
                Some((_, detail)) => format!("unreadable: {detail}"),
                None => "gone".to_owned(),
            };
            return vec![drift("client", "active".to_owned(), found)];
        };
        whom::moved(change, client, memory, self.basis.match_by)
            .into_iter()
            .map(|moved| drift(moved.field, moved.planned, moved.found))
            .collect()
    }

    /// What moved of the clients that the plan bills, each told once, at its first subscription.
    pub(super) fn drift(&self, plan: &Plan, memory: &Memory) -> Vec<Drift> {
        let mut told = BTreeSet::new();
        plan.writes()
            .filter(|change| !change.sources.is_empty())
            .flat_map(|change| self.moved(change, memory))
            .filter(|it| told.insert((it.key.client, it.field.clone(), it.planned.clone())))
            .collect()
    }
}
