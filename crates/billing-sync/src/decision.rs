//! What a person decided and the planner obeys: which client a customer is, and which record a count is kept on.

use crate::ids::{ClientId, CustomerId, Key, LicenceId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A person's decision that a vendor's customer is a certain client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingDecision {
    /// The vendor's customer.
    pub customer: CustomerId,
    /// The client.
    pub client: ClientId,
}

/// A person's decision that a count is kept on a certain record: where several have its name, or where the record that
/// should be taken over is named otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionChoice {
    /// The client, and the name the count is planned under.
    pub key: Key,
    /// The record. It has to be an active subscription of that client whenever a plan is made; otherwise the key is an
    /// exception.
    pub licence: LicenceId,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Which client a customer is.
    Customer(MappingDecision),
    /// Which record a count is kept on.
    Subscription(SubscriptionChoice),
}

impl Decision {
    /// What it decides. There is at most one decision on a question: a later one replaces it.
    pub fn question(&self) -> Question {
        match self {
            Self::Customer(decision) => Question::Customer(decision.customer.clone()),
            Self::Subscription(choice) => Question::Subscription(choice.key.clone()),
        }
    }
}

/// What can be decided by a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which client this customer is.
    Customer(CustomerId),
    /// Which record the count of this key is kept on.
    Subscription(Key),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(customer) => write!(f, "the client of customer {customer}"),
            Self::Subscription(key) => write!(f, "the record of {key}"),
        }
    }
}

/// A decision as the state store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// What was decided.
    pub decision: Decision,
    /// Who decided; empty for a decision that was stored before names were kept.
    pub by: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}
