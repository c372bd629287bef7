//! What a report says, as data. Its JSON is versioned: see [`REPORT_SCHEMA`](super::REPORT_SCHEMA).

use super::back_fill::BackFill;
use billing_sync::Period;
use billing_sync::ids::{ClientId, ContractId, CustomerId, PlanId, RunId};
use billing_sync::plan::{Guard, LedgerRow, Summary};
use billing_sync::usage::DeviceUsage;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The report of one month. Quantities are exact and become decimal strings in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the document.
    pub schema: u32,
    /// The month.
    pub period: Period,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// True when a later month was billed since: nothing more is written for this one.
    pub closed: bool,
    /// True when names of customers, clients and devices were replaced.
    pub masked: bool,
    /// The month in one sentence.
    pub headline: String,
    /// What the vendor's numbers are worth.
    pub invoice: InvoiceState,
    /// The plan it shows.
    pub plan_id: PlanId,
    /// The sums.
    pub totals: Totals,
    /// What was used of each service, beside the month before.
    pub services: Vec<ServiceTotal>,
    /// What was used month by month, oldest first; this month is the last.
    pub months: Vec<Month>,
    /// This month beside the one before; `None` when nothing is known of that one.
    pub comparison: Option<Comparison>,
    /// What was and what would be written for this month, by client and subscription.
    pub changes: Vec<ChangeRow>,
    /// What was left out, by kind.
    pub exceptions: Vec<ExceptionGroup>,
    /// Where every unit went.
    pub ledger: Vec<LedgerLine>,
    /// What the plan was measured against.
    pub guards: Vec<Guard>,
    /// The runs of this month, oldest first.
    pub runs: Vec<RunRow>,
    /// What was billed for this month then, and what would be now; `None` when it was never billed and is not past.
    pub back_fill: Option<BackFill>,
    /// What every customer used, with the devices behind it.
    pub customers: Vec<CustomerPart>,
}

/// Whether the vendor's numbers are final and whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceState {
    /// True when they cannot change any more.
    pub is_final: bool,
    /// Why they can; `None` when they cannot.
    pub why: Option<String>,
    /// What speaks against their being whole; empty when nothing does.
    pub gaps: Vec<String>,
}

/// The sums of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Units, each unit of measure for itself: gigabytes and devices do not add up to anything.
    pub measures: Vec<MeasureTotal>,
    /// What the vendor charged, in its currency; `None` unless that is known of every line.
    pub amount: Option<Decimal>,
    /// Customers with usage.
    pub customers: usize,
    /// Devices behind the usage.
    pub devices: u64,
    /// Changes of the plan by kind, and exceptions.
    pub plan: Summary,
}

/// The units of one unit of measure; `None` where they are too many to sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureTotal {
    /// Unit of measure; empty where not stated.
    pub unit: String,
    /// Units invoiced.
    pub vendor: Option<Decimal>,
    /// Units behind a count.
    pub billed: Option<Decimal>,
    /// Units left out by a rule.
    pub ignored: Option<Decimal>,
    /// Units that are free by rule.
    pub free: Option<Decimal>,
    /// Units lost (positive) or gained (negative) by rounding and minimum.
    pub rounding: Option<Decimal>,
    /// Units of customers without a client.
    pub unmatched: Option<Decimal>,
    /// Units held back by another exception.
    pub blocked: Option<Decimal>,
    /// Units charged to a contract.
    pub contract_level: Option<Decimal>,
}

/// What was used of one service and unit of measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceTotal {
    /// The service; empty where the vendor names none.
    pub service: String,
    /// Unit of measure; empty where not stated.
    pub unit: String,
    /// Units of the month before; `None` when nothing is known of it.
    pub before: Option<Decimal>,
    /// Units.
    pub quantity: Decimal,
    /// Units minus units of the month before.
    pub difference: Option<Decimal>,
    /// What the vendor charged; `None` unless that is known of every line.
    pub amount: Option<Decimal>,
    /// Customers who use it.
    pub customers: usize,
}

/// What was used in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    /// The month.
    pub period: Period,
    /// Where that is known from.
    pub source: MonthSource,
    /// Units by service and unit of measure, without what is charged to a contract as a whole.
    pub services: Vec<MonthService>,
}

/// Units of one service in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthService {
    /// The service.
    pub service: String,
    /// Unit of measure.
    pub unit: String,
    /// Units.
    pub quantity: Decimal,
}

/// Where the usage of a month is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonthSource {
    /// Read from the vendor now.
    Vendor,
    /// Kept when the month was synced: every line.
    Kept,
    /// From the plan of the month's newest run: billed and held-back lines, without those a rule ignores.
    Run,
}

/// This month beside the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The month before.
    pub previous: Period,
    /// Where its usage is known from. From a run, ignored lines are left out of both months.
    pub source: MonthSource,
    /// How many units came and went, each unit of measure for itself; those that did not move are left out.
    pub moved: Vec<MeasureMoved>,
    /// Customers without usage before.
    pub new_customers: Vec<CustomerSum>,
    /// Customers without usage now.
    pub gone_customers: Vec<CustomerSum>,
    /// Everything that differs, by customer, service and unit.
    pub movements: Vec<Movement>,
}

/// Units of one measure that came and went against the month before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureMoved {
    /// Unit of measure; empty where not stated.
    pub unit: String,
    /// Units that came in addition; `None` when too many to sum.
    pub more: Option<Decimal>,
    /// Units that went, as a positive number.
    pub less: Option<Decimal>,
}

/// A customer with the sum of its units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerSum {
    /// The vendor's id; `None` where blank or masked.
    pub customer_id: Option<CustomerId>,
    /// Its name.
    pub name: String,
    /// Units, summed; `None` when too many to sum.
    pub units: Option<Decimal>,
}

/// A customer's use of a service that differs from the month before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// The vendor's id; `None` where blank or masked.
    pub customer_id: Option<CustomerId>,
    /// Its name.
    pub name: String,
    /// The service.
    pub service: String,
    /// Unit of measure.
    pub unit: String,
    /// Units before.
    pub before: Decimal,
    /// Units now.
    pub after: Decimal,
    /// Now minus before.
    pub difference: Decimal,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRef {
    /// Its id; `None` where masked.
    pub id: Option<ClientId>,
    /// Its name.
    pub name: String,
}

/// What was, or would be, written to one subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// The client.
    pub client: ClientRef,
    /// The subscription's name.
    pub subscription: String,
    /// Unit of measure of the usage behind it; empty where not known.
    pub unit: String,
    /// `create`, `update`, `zero` or `keep`.
    pub kind: String,
    /// The count before; `None` when there was no record.
    pub before: Option<i64>,
    /// The count after.
    pub after: i64,
    /// After minus before.
    pub difference: i64,
    /// Why.
    pub reason: String,
    /// `planned`, or what became of it in a run.
    pub state: String,
    /// The run; `None` for what is only planned.
    pub run_id: Option<RunId>,
}

/// Exceptions of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExceptionGroup {
    /// The kind, as in the plan document.
    pub kind: String,
    /// What a person does about it.
    pub to_do: String,
    /// Units that are not billed because of it; `None` when it is not about units, or they are too many to sum.
    pub units: Option<Decimal>,
    /// The exceptions.
    pub rows: Vec<ExceptionRow>,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExceptionRow {
    /// The vendor's customer; `None` where blank, masked or not about a customer.
    pub customer_id: Option<CustomerId>,
    /// Its name.
    pub name: String,
    /// The service; `None` when it is about all of them.
    pub service: Option<String>,
    /// Units that are not billed because of it.
    pub quantity: Option<Decimal>,
    /// What is wrong.
    pub detail: String,
}

/// A row of the ledger with its proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// The row.
    #[serde(flatten)]
    pub row: LedgerRow,
    /// The sum of the buckets; `None` when too large to be exact.
    pub accounted: Option<Decimal>,
    /// True when that is what came in.
    pub balances: bool,
}

/// One run of the month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its id.
    pub run_id: RunId,
    /// How it ended.
    pub status: String,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// When it ended; `None` when it did not.
    pub finished_at: Option<String>,
    /// Who or what approved it.
    pub approved_by: String,
    /// Changes that needed a write.
    pub changes: u64,
    /// Of these, done.
    pub applied: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Of these, of unknown outcome.
    pub unknown: u64,
    /// Overridden guards with the reason given.
    pub overrides: BTreeMap<String, String>,
}

/// What one customer used, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerPart {
    /// The vendor's id; `None` where blank or masked.
    pub customer_id: Option<CustomerId>,
    /// Its name.
    pub name: String,
    /// The clients its usage is billed to; more than one only where two claim it.
    pub clients: Vec<ClientRef>,
    /// Its usage, by service.
    pub lines: Vec<CustomerLine>,
}

/// One line of a customer's usage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerLine {
    /// The service; empty where the vendor names none.
    pub service: String,
    /// The contract.
    pub contract_id: ContractId,
    /// Unit of measure.
    pub unit: String,
    /// Units.
    pub quantity: Decimal,
    /// What the vendor charged, if known.
    pub amount: Option<Decimal>,
    /// `billed`, `ignored`, or the kind of the exception that holds it back.
    pub became: String,
    /// The subscription whose count it is part of.
    pub subscription: Option<String>,
    /// How many devices stand behind it.
    pub device_count: u64,
    /// The devices, when the source keeps them.
    pub devices: Vec<DeviceUsage>,
}
