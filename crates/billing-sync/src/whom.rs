//! Whether a client is still the one that a count was planned for: active, and holding the ids of the customers behind it.

use crate::ids::CustomerId;
use crate::memory::Memory;
use crate::plan::Change;
use crate::rules::MatchBy;
use crate::target::Client;
use std::collections::BTreeSet;

/// One way in which a client is not as the plan saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// `client` or `customer`.
    pub(crate) field: &'static str,
    pub(crate) planned: String,
    pub(crate) found: String,
}

/// What moved of the client of a change, as it is now; nothing where no usage stands behind the change. A customer that a
/// person decided on is where the decision says; without one only the custom field can be compared.
pub(crate) fn moved(
    change: &Change,
    client: &Client,
    memory: &Memory,
    match_by: MatchBy,
) -> Vec<Moved> {
    if change.sources.is_empty() {
        return Vec::new();
    }
    let mut moved = Vec::new();
    if !client.active {
        moved.push(Moved {
            field: "client",
            planned: "active".to_owned(),
            found: "inactive".to_owned(),
        });
    }
    let customers: BTreeSet<&CustomerId> = change
        .sources
        .iter()
        .map(|source| &source.customer_id)
        .collect();
    for customer in customers {
        if let Some(found) = instead_of(customer, client, memory, match_by) {
            moved.push(Moved {
                field: "customer",
                planned: customer.to_string(),
                found,
            });
        }
    }
    moved
}

/// What leads elsewhere than to this client; `None` when nothing does.
fn instead_of(
    customer: &CustomerId,
    client: &Client,
    memory: &Memory,
    match_by: MatchBy,
) -> Option<String> {
    let mut decided = memory
        .decisions
        .iter()
        .filter(|decision| decision.customer == *customer)
        .peekable();
    if decided.peek().is_some() {
        return decided
            .find(|decision| decision.client != client.id)
            .map(|decision| format!("decided to be client {}", decision.client));
    }
    let held: Vec<&str> = client.vendor_ids.iter().map(|id| id.trim()).collect();
    if match_by != MatchBy::ClientField || held.contains(&customer.as_str()) {
        return None;
    }
    Some(match held.as_slice() {
        [] => "none".to_owned(),
        ids => ids.join(", "),
    })
}
