//! A change: what happens to one subscription, how its count came about, and the usage behind it.

use crate::ids::{ClientId, ContractId, CustomerId, Key, LicenceId, ServiceName};
use crate::rules::Round;
use crate::usage::DeviceUsage;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What happens to one subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What kind of change.
    pub kind: ChangeKind,
    /// The client.
    pub client_id: ClientId,
    /// The client's name.
    pub client_name: String,
    /// The subscription's name.
    pub name: String,
    /// The record's name, where it is another: a person renamed it since, or chose it under that name. It is known by its
    /// id and keeps its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_name: Option<String>,
    /// The record; `None` when it has to be made.
    pub licence_id: Option<LicenceId>,
    /// The count as it was read; `None` when there is no record.
    pub before: Option<i64>,
    /// The count as it will be.
    pub after: i64,
    /// True when the record was not this engine's until now.
    pub adopted: bool,
    /// Why, in words.
    pub reason: String,
    /// How the count came about; `None` where no usage stands behind it.
    pub derivation: Option<Derivation>,
    /// The usage behind it.
    pub sources: Vec<Source>,
}

impl Change {
    /// What the count is kept for.
    pub fn key(&self) -> Key {
        Key {
            client: self.client_id,
            name: self.name.clone(),
        }
    }

    /// After minus before.
    pub fn difference(&self) -> i64 {
        self.after - self.before.unwrap_or(0)
    }
}

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Make the subscription.
    Create,
    /// Set another count.
    Update,
    /// Set the count to zero: no usage any more. The record stays.
    Zero,
    /// Nothing to write.
    Keep,
}

impl ChangeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Zero => "zero",
            Self::Keep => "keep",
        }
    }
}

/// From units to count, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The vendor's units, converted and summed.
    pub units: Decimal,
    /// Units taken off as free.
    pub free: Decimal,
    /// How the rest was rounded; `None` when it was whole.
    pub round: Option<Round>,
    /// The minimum of the rule.
    pub minimum: u32,
    /// The count.
    pub count: i64,
}

/// Usage of one customer, contract and service that stands behind a count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The customer.
    pub customer_id: CustomerId,
    /// The contract.
    pub contract_id: ContractId,
    /// The service.
    pub service: ServiceName,
    /// The vendor's units.
    pub quantity: Decimal,
    /// What the vendor charged for them; `None` when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
    /// For a part of what was charged to the contract as a whole: of what, and how it was divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// How many devices.
    pub device_count: u64,
    /// The devices, when the source keeps them.
    pub devices: Vec<DeviceUsage>,
}
