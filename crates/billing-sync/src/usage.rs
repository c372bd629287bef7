//! What the vendor invoiced for one period: the planner's first input.

use crate::ids::{ContractId, CustomerId, ServiceName};
use crate::period::Period;
use crate::rules::Rules;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything the vendor says about one period. A fetch that failed half way is an error of the source, never a
/// shorter `Usage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The month of activity.
    pub period: Period,
    /// What each customer used.
    pub lines: Vec<UsageLine>,
    /// What a contract was charged that belongs to no single customer.
    pub contract_amounts: Vec<ContractAmount>,
    /// Records that could not be read. Each blocks its customer; with one without a customer the usage is not whole.
    pub unreadable: Vec<UnreadableUsage>,
    /// Totals the vendor stated that differ from the sum of the lines.
    pub disagreements: Vec<Disagreement>,
    /// Whether the numbers can still change.
    pub finality: Finality,
    /// The evidence that nothing is missing.
    pub completeness: Completeness,
}

impl Usage {
    /// The reasons why it cannot be called whole; empty when it can. A record that could not be read, and of which it is
    /// not known whose it is, is one: any count may lack it.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.completeness.problems();
        let mut nobodys: Vec<String> = self
            .unreadable
            .iter()
            .filter(|record| record.customer.is_none())
            // A source may have said so itself.
            .filter(|record| !problems.iter().any(|said| said.contains(&record.detail)))
            .map(|record| {
                let place = record.contract.as_ref();
                let place = place.map_or_else(String::new, |it| format!(" of contract {it}"));
                format!(
                    "a usage record{place} could not be read, and it is not known whose it is: {}",
                    record.detail
                )
            })
            .collect();
        nobodys.sort();
        nobodys.dedup();
        problems.extend(nobodys);
        problems
    }

    /// How many lines are of products that are synced. One that names no service may be.
    pub(crate) fn in_scope(&self, rules: &Rules) -> usize {
        let is_in_scope = |line: &&UsageLine| {
            let service = line.service.as_ref().filter(|service| !service.is_blank());
            service.is_none_or(|service| rules.covers(service))
        };
        self.lines.iter().filter(is_in_scope).count()
    }
}

/// Units of one service used by one customer under one contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageLine {
    /// The vendor's customer id; `None` when the vendor left it blank.
    pub customer: Option<CustomerId>,
    /// The customer's name as the vendor shows it. Shown, never matched on.
    pub customer_name: String,
    /// The reference the MSP keeps at the vendor, if any (for example `HALO:12`).
    pub customer_reference: Option<String>,
    /// The contract it was invoiced under.
    pub contract: ContractId,
    /// The billing service; `None` when the vendor left it blank.
    pub service: Option<ServiceName>,
    /// Unit of measure as stated (`Each`, `GB`, `User`); empty when the vendor states none.
    pub unit: String,
    /// Units used. Exact.
    pub quantity: Decimal,
    /// What the vendor charged for it, if known.
    pub amount: Option<Decimal>,
    /// How many devices stand behind the quantity.
    pub device_count: u64,
    /// The devices themselves, when the source keeps them.
    pub devices: Vec<DeviceUsage>,
}

/// One device's part of a usage line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceUsage {
    /// The vendor's device id; empty when it has none.
    pub id: String,
    /// The device's name.
    pub name: String,
    /// Units of this device.
    pub quantity: Decimal,
}

/// A charge of a contract as a whole: an additional capacity pool, a committed charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContractAmount {
    /// The contract.
    pub contract: ContractId,
    /// The billing service or feature that is charged.
    pub service: ServiceName,
    /// Unit of measure; empty when not stated.
    pub unit: String,
    /// Units charged.
    pub quantity: Decimal,
    /// What the vendor charged, if known.
    pub amount: Option<Decimal>,
}

/// A usage record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableUsage {
    /// The contract whose document held it, if known.
    pub contract: Option<ContractId>,
    /// The customer it belongs to, if that could be read.
    pub customer: Option<CustomerId>,
    /// What is wrong and where.
    pub detail: String,
}

/// A total the vendor stated for a customer's service that is not the sum of its lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// The customer.
    pub customer: CustomerId,
    /// The contract.
    pub contract: ContractId,
    /// The service.
    pub service: ServiceName,
    /// The total as stated.
    pub stated: Decimal,
    /// The sum of the devices.
    pub summed: Decimal,
}

/// Whether the vendor's numbers can still change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "why")]
pub enum Finality {
    /// Invoiced, closed and approved.
    Final,
    /// Not final, and why.
    Provisional(String),
}

impl Finality {
    /// True for [`Finality::Final`].
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Final)
    }
}

/// What shows that the usage is whole, and who has left.
///
/// The default claims nothing of a contract's usage (none was read), but with `contracts_unlisted` left empty it does claim
/// that a list of customers was read for every contract: name those contracts for which there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    /// Contracts that had to be read.
    pub contracts_expected: BTreeSet<ContractId>,
    /// Contracts whose usage was read to the end.
    pub contracts_seen: BTreeSet<ContractId>,
    /// Customers the vendor lists for those contracts.
    pub customers_listed: BTreeSet<CustomerId>,
    /// Contracts for which the vendor gave no list of customers. Their usage counts, but absence from it proves
    /// nothing: their subscriptions are never set to zero.
    pub contracts_unlisted: BTreeSet<ContractId>,
    /// What else speaks against it, in words.
    pub gaps: Vec<String>,
    /// Totals in money that the vendor states, where it does.
    #[serde(default)]
    pub stated: StatedTotals,
}

/// What the vendor says that everything costs, in money, to be held against the sum of the lines. Without taxes: a source
/// fills in only totals that the amounts of all its lines and contract-level charges should sum to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedTotals {
    /// The total of each contract for which one is stated.
    pub contracts: BTreeMap<ContractId, Decimal>,
    /// The total of each invoice for which one is stated.
    pub invoices: Vec<InvoiceTotal>,
}

/// The total of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceTotal {
    /// The invoice's number.
    pub invoice: String,
    /// The contracts it is for. All of their usage in the period is on it.
    pub contracts: BTreeSet<ContractId>,
    /// Its total.
    pub amount: Decimal,
}

impl Completeness {
    /// The reasons why the usage cannot be called whole; empty when it can.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .contracts_expected
            .difference(&self.contracts_seen)
            .map(|contract| format!("contract {contract} was expected but has no usage document"))
            .collect();
        if self.contracts_seen.is_empty() {
            problems.push("no contract was read".to_owned());
        }
        problems.extend(self.gaps.iter().cloned());
        problems
    }

    /// True when nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.problems().is_empty()
    }
}
