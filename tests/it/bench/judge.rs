//! The judge: what is not as a correct sync leaves it, by the sandbox's own truth and not by the program's word.

use super::{Bench, PERIOD};
use sandbox::{Client, RecurringInvoice, Sandbox, Subscription};
use std::collections::BTreeMap;

/// The fault that shifts a page adds records of its own.
const ADDED: &str = "Added While Paging";

/// Halo before the sync.
pub(super) struct Before {
    subscriptions: BTreeMap<i64, Subscription>,
    clients: Vec<Client>,
    invoices: Vec<RecurringInvoice>,
}

impl Before {
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let subscriptions = sandbox.subscriptions().into_iter();
        Self {
            subscriptions: subscriptions.map(|record| (record.id, record)).collect(),
            clients: sandbox.clients(),
            invoices: sandbox.recurring_invoices(),
        }
    }
}

/// A key: the client and the name.
type Key = (i64, String);

fn is_live(record: &Subscription) -> bool {
    record.kind == 1 && record.is_active && !record.deleted
}

impl Bench {
    /// What is not as a correct sync leaves it.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let now = self.sandbox.subscriptions();
        let wanted = self.wanted();
        for ((client, name), counts) in &wanted {
            let found: Vec<&Subscription> = now
                .iter()
                .filter(|one| one.client_id == *client && one.name == *name && is_live(one))
                .collect();
            match found.as_slice() {
                [one] => violations.extend(self.complaint(one, counts)),
                [] => violations.push(format!("client {client} `{name}`: missing")),
                many => {
                    violations.push(format!("client {client} `{name}`: {} times", many.len()));
                }
            }
        }
        for record in &now {
            let key = (record.client_id, record.name.clone());
            match self.before.subscriptions.get(&record.id) {
                _ if is_live(record) && wanted.contains_key(&key) => {}
                Some(before) if before == record => {}
                Some(_) => violations.push(format!("out of scope, yet changed: {record:?}")),
                None if record.name.contains(ADDED) => {}
                None => violations.push(format!("out of scope, yet made: {record:?}")),
            }
        }
        let mut clients = self.sandbox.clients();
        clients.retain(|client| !client.name.contains(ADDED));
        if clients != self.before.clients {
            violations.push("clients were changed".to_owned());
        }
        if self.sandbox.recurring_invoices() != self.before.invoices {
            violations.push("invoices were changed".to_owned());
        }
        violations
    }

    /// The counts that each subscription may have; none where any count will do.
    fn wanted(&self) -> BTreeMap<Key, Vec<i64>> {
        let expected = self.sandbox.expected(PERIOD);
        let mut wanted = BTreeMap::new();
        for one in expected.subscriptions {
            wanted.insert((one.client_id, one.name), vec![one.count]);
        }
        for one in expected.departed {
            let key = (one.client_id, one.name);
            let counts = match self.count_before(&key) {
                // Without its state nobody knows whose the record is, unless it was set to 0 before.
                Some(before) if !self.knows_september => vec![0, before],
                _ => vec![0],
            };
            let is_open = self.is_edited && !self.knows_september;
            wanted.insert(key, if is_open { Vec::new() } else { counts });
        }
        if let Some(frozen) = self.frozen {
            let frozen = &self.before.subscriptions[&frozen];
            let key = (frozen.client_id, frozen.name.clone());
            let counts = if self.is_edited {
                Vec::new()
            } else {
                vec![frozen.count]
            };
            wanted.insert(key, counts);
        }
        wanted
    }

    fn count_before(&self, (client, name): &Key) -> Option<i64> {
        let mut before = self.before.subscriptions.values();
        let live = before.find(|one| one.client_id == *client && one.name == *name && is_live(one));
        live.map(|one| one.count)
    }

    /// What is wrong with a subscription of ours: its count, or anything else in it.
    fn complaint(&self, record: &Subscription, counts: &[i64]) -> Option<String> {
        if !counts.is_empty() && !counts.contains(&record.count) {
            return Some(format!(
                "client {} `{}`: {} instead of {counts:?}",
                record.client_id, record.name, record.count
            ));
        }
        let before = self.before.subscriptions.get(&record.id);
        let right = Subscription {
            count: record.count,
            ..before.cloned().unwrap_or_else(|| as_made(record))
        };
        (right != *record).then(|| format!("more than its count was written: {record:?}"))
    }
}

/// A record as a sync makes it.
fn as_made(record: &Subscription) -> Subscription {
    Subscription {
        kind: 1,
        is_active: true,
        deleted: false,
        notes: String::new(),
        price: "0".to_owned(),
        other: BTreeMap::new(),
        ..record.clone()
    }
}
