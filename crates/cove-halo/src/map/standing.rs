//! Where the mapping stands: every customer with its client, and every name that several records of a client have.

use super::suggest::{Suggestions, suggest};
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use billing_sync::plan::{CustomerClient, CustomerStanding};
use billing_sync::target::{Standing, TargetSnapshot};
use billing_sync::{Decision, DecisionRecord};
use billing_sync::{Memory, Period};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the documents about mappings.
pub(crate) const MAP_SCHEMA: u32 = 1;

/// A client by id and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClientName {
    /// Its id.
    #[serde(rename = "client_id")]
    pub id: ClientId,
    /// Its name; empty when there is no such client.
    #[serde(rename = "client_name")]
    pub name: String,
    /// False when it is inactive or not there.
    pub active: bool,
}

/// A customer with usage, and the clients it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedCustomer {
    /// Where it stands.
    pub standing: CustomerStanding,
    /// The clients that were found: none, one, or several that cannot be told apart.
    pub clients: Vec<ClientName>,
}

impl MappedCustomer {
    /// The word for where it stands: `unmatched`, `ambiguous`, `inactive` or `matched`.
    pub fn word(&self) -> &'static str {
        match self.standing.client {
            CustomerClient::Unmatched { .. } => "unmatched",
            CustomerClient::Ambiguous { .. } => "ambiguous",
            CustomerClient::Inactive { .. } => "inactive",
            CustomerClient::Matched { .. } => "matched",
        }
    }

    /// True when it will be billed.
    pub fn is_matched(&self) -> bool {
        matches!(self.standing.client, CustomerClient::Matched { .. })
    }

    /// What was looked for or found, in words.
    pub fn detail(&self) -> String {
        match &self.standing.client {
            CustomerClient::Unmatched { detail } => detail.clone(),
            CustomerClient::Ambiguous { clients } => {
                format!("{} clients hold its id", clients.len())
            }
            CustomerClient::Inactive { .. } => "its client is inactive".to_owned(),
            CustomerClient::Matched { .. } => format!("by {}", self.standing.by.word()),
        }
    }

    /// What needs a person comes first.
    fn order(&self) -> (u8, &str, &CustomerId) {
        let rank = match self.standing.client {
            CustomerClient::Unmatched { .. } => 0,
            CustomerClient::Ambiguous { .. } => 1,
            CustomerClient::Inactive { .. } => 2,
            CustomerClient::Matched { .. } => 3,
        };
        (rank, &self.standing.name, &self.standing.customer)
    }
}

/// A subscription record, to be chosen from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordName {
    /// Its id.
    #[serde(rename = "licence_id")]
    pub id: LicenceId,
    /// Its count.
    pub count: i64,
}

/// Active subscriptions of one client that have one name: which of them is meant, a person must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AmbiguousRecords {
    /// The client.
    #[serde(flatten)]
    pub client: ClientName,
    /// The name.
    pub name: String,
    /// The records, by id.
    pub records: Vec<RecordName>,
    /// The one that a person chose.
    pub chosen: Option<LicenceId>,
}

/// Where the mapping stands. Read anew each time.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The month whose customers these are.
    pub period: Period,
    /// Whose customers and clients these are.
    pub(super) subject: String,
    /// What needs a person first: unmatched, ambiguous, inactive; then the matched ones.
    pub customers: Vec<MappedCustomer>,
    /// Names that several active subscriptions of a mapped client have.
    pub records: Vec<AmbiguousRecords>,
    /// What people decided so far.
    pub decisions: Vec<DecisionRecord>,
    pub(super) target: TargetSnapshot,
    pub(super) memory: Memory,
}

impl Mapping {
    /// Puts together what was read.
    pub(crate) fn new(
        subject: String,
        period: Period,
        standings: Vec<CustomerStanding>,
        target: TargetSnapshot,
        memory: Memory,
        decisions: Vec<DecisionRecord>,
    ) -> Self {
        let mut customers: Vec<MappedCustomer> = standings
            .into_iter()
            .map(|standing| {
                let ids: Vec<ClientId> = match &standing.client {
                    CustomerClient::Unmatched { .. } => Vec::new(),
                    CustomerClient::Ambiguous { clients } => clients.clone(),
                    CustomerClient::Inactive { client } | CustomerClient::Matched { client } => {
                        vec![*client]
                    }
                };
                MappedCustomer {
                    clients: ids.into_iter().map(|id| name_of(&target, id)).collect(),
                    standing,
                }
            })
            .collect();
        customers.sort_by(|one, other| one.order().cmp(&other.order()));
        let records = ambiguous(&target, &customers, &memory);
        Self {
            period,
            subject,
            customers,
            records,
            decisions,
            target,
            memory,
        }
    }

    /// Customers that are not matched.
    pub fn open(&self) -> usize {
        let open = |customer: &&MappedCustomer| !customer.is_matched();
        self.customers.iter().filter(open).count()
    }

    /// Suggestions for the customers that have no client, from the active clients that are nobody's yet.
    pub fn suggestions(&self) -> Suggestions {
        let customers: Vec<(CustomerId, String)> = self
            .customers
            .iter()
            .filter(|it| it.word() == "unmatched" && !it.standing.customer.is_blank())
            .map(|it| (it.standing.customer.clone(), it.standing.name.clone()))
            .collect();
        let taken = self.taken();
        let clients: Vec<(ClientId, String)> = self
            .target
            .clients()
            .iter()
            .filter(|client| client.active && !taken.contains(&client.id))
            .map(|client| (client.id, client.name.clone()))
            .collect();
        suggest(&customers, &clients)
    }

    /// Clients that a customer has already, whether it has usage in this month or not.
    fn taken(&self) -> BTreeSet<ClientId> {
        let held = self
            .target
            .clients()
            .iter()
            .filter(|client| !client.vendor_ids.is_empty())
            .map(|client| client.id);
        let found = self
            .customers
            .iter()
            .flat_map(|customer| customer.clients.iter().map(|client| client.id));
        let decided = self.memory.decisions.iter().map(|decision| decision.client);
        held.chain(found).chain(decided).collect()
    }

    /// The client with that id as it was read.
    pub fn client(&self, id: ClientId) -> ClientName {
        name_of(&self.target, id)
    }

    /// The client and the name of a subscription record; `None` when there is none with that id.
    pub fn record(&self, id: LicenceId) -> Option<(ClientId, String)> {
        let record = self.target.subscription(id)?;
        Some((record.client, record.name.clone()))
    }

    /// The document: `{"schema", "period", "customers", "subscriptions", "decisions"}`.
    pub fn to_json(&self) -> Value {
        let customers: Vec<Value> = self
            .customers
            .iter()
            .map(|it| {
                json!({
                    "customer_id": it.standing.customer,
                    "customer_name": it.standing.name,
                    "reference": it.standing.reference,
                    "state": it.word(),
                    "by": it.is_matched().then_some(it.standing.by),
                    "detail": it.detail(),
                    "clients": it.clients,
                })
            })
            .collect();
        json!({
            "schema": MAP_SCHEMA,
            "period": self.period,
            "customers": customers,
            "subscriptions": self.records,
            "decisions": self.decisions.iter().map(decision).collect::<Vec<_>>(),
        })
    }
}

/// A decision as one flat object.
fn decision(record: &DecisionRecord) -> Value {
    let mut flat = match &record.decision {
        Decision::Customer(decision) => {
            json!({"customer_id": decision.customer, "client_id": decision.client})
        }
        Decision::Subscription(choice) => json!({
            "client_id": choice.key.client,
            "name": choice.key.name,
            "licence_id": choice.licence,
        }),
    };
    flat["by"] = json!(record.by);
    flat["at"] = json!(record.at);
    flat
}

fn name_of(target: &TargetSnapshot, id: ClientId) -> ClientName {
    let client = target.client(id);
    ClientName {
        id,
        name: client.map(|client| client.name.clone()).unwrap_or_default(),
        active: client.is_some_and(|client| client.active),
    }
}

fn ambiguous(
    target: &TargetSnapshot,
    customers: &[MappedCustomer],
    memory: &Memory,
) -> Vec<AmbiguousRecords> {
    let mapped: BTreeSet<ClientId> = customers
        .iter()
        .filter(|customer| customer.is_matched())
        .flat_map(|customer| customer.clients.iter().map(|client| client.id))
        .collect();
    let mut by_key: BTreeMap<Key, Vec<RecordName>> = BTreeMap::new();
    for record in target.subscriptions() {
        if record.standing == Standing::Active && mapped.contains(&record.client) {
            by_key.entry(record.key()).or_default().push(RecordName {
                id: record.id,
                count: record.count,
            });
        }
    }
    by_key
        .into_iter()
        .filter(|(_, records)| records.len() > 1)
        .map(|(key, records)| AmbiguousRecords {
            client: name_of(target, key.client),
            chosen: memory
                .choices
                .iter()
                .find(|choice| choice.key == key)
                .map(|choice| choice.licence),
            name: key.name,
            records,
        })
        .collect()
}
