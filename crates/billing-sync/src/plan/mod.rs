//! The plan: what would be written and why, what is left out and why, and whether it may be applied.

mod allocate;
mod amounts;
mod approve;
mod books;
mod column;
mod combine;
mod customers;
mod digest;
mod document;
mod draft;
mod estimate;
mod guard;
mod guards;
mod ledger;
mod limits;
mod lines;
mod matching;
mod money;
mod parts;
mod planner;
mod price;
mod quantity;
mod recipients;
mod record;
mod removal;
mod scope;
mod settle;
mod shares;

pub use amounts::Amounts;
pub use approve::{Approval, Approved, Refusal};
pub use column::Bucket;
pub use customers::{CustomerClient, CustomerStanding, MatchedBy, customers};
pub(crate) use digest::of as digest_of;
pub use document::{InvalidPlan, PLAN_SCHEMA};
pub use estimate::RequestSizes;
pub(crate) use estimate::estimate;
pub use guard::{Guard, GuardName};
pub(crate) use guards::{closed_period, of_changes as guards_of_changes};
pub use ledger::{ContractLedger, Ledger, LedgerRow};
pub(crate) use limits::{money as money_guard, price_of};
pub use money::{ContractCheck, InvoiceCheck, Money};
pub use planner::{PlanInput, plan};

use crate::ids::{ClientId, ContractId, CustomerId, Key, LicenceId, PlanId, ServiceName};
use crate::period::Period;
use crate::rules::Round;
use crate::usage::{DeviceUsage, Finality};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What one run would do. Made by [`plan`] or read from a plan file; never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(crate) plan_id: PlanId,
    pub(crate) body: Body,
}

/// Everything a plan says. Its digest is the plan's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) period: Period,
    pub(crate) finality: Finality,
    pub(crate) gaps: Vec<String>,
    pub(crate) rules_digest: String,
    pub(crate) inputs_digest: String,
    pub(crate) changes: Vec<Change>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) ledger: Ledger,
    // Left out where there is nothing to say, so that a plan of an earlier version keeps its digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ledger_by_contract: Vec<ContractLedger>,
    #[serde(default, skip_serializing_if = "Money::is_empty")]
    pub(crate) money: Money,
    pub(crate) guards: Vec<Guard>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<ClientId>,
    /// Outside the digest: a retried read must not make another plan.
    #[serde(skip)]
    pub(crate) requests: RequestEstimate,
}

impl Plan {
    /// Its id: the digest of everything it says.
    pub fn id(&self) -> &PlanId {
        &self.plan_id
    }

    /// The month it is for.
    pub fn period(&self) -> Period {
        self.body.period
    }

    /// Whether the vendor's numbers can still change.
    pub fn finality(&self) -> &Finality {
        &self.body.finality
    }

    /// What speaks against the usage being whole; empty when it is.
    pub fn gaps(&self) -> &[String] {
        &self.body.gaps
    }

    /// Digest of the rules it was made under.
    pub fn rules_digest(&self) -> &str {
        &self.body.rules_digest
    }

    /// Digest of the usage and the records it was made from.
    pub fn inputs_digest(&self) -> &str {
        &self.body.inputs_digest
    }

    /// Every change, `Keep` included, by (client, name).
    pub fn changes(&self) -> &[Change] {
        &self.body.changes
    }

    /// The changes that need a write.
    pub fn writes(&self) -> impl Iterator<Item = &Change> {
        self.body
            .changes
            .iter()
            .filter(|change| change.kind != ChangeKind::Keep)
    }

    /// What was left out, and why.
    pub fn exceptions(&self) -> &[Exception] {
        &self.body.exceptions
    }

    /// Where every unit went.
    pub fn ledger(&self) -> &Ledger {
        &self.body.ledger
    }

    /// The same, contract by contract.
    pub fn ledger_by_contract(&self) -> &[ContractLedger] {
        &self.body.ledger_by_contract
    }

    /// What it cost at the vendor, against the totals the vendor stated.
    pub fn money(&self) -> &Money {
        &self.body.money
    }

    /// The guards, tripped or not.
    pub fn guards(&self) -> &[Guard] {
        &self.body.guards
    }

    /// Whose usage it puts where, as the state store is bound; empty when it was not said.
    pub fn subject(&self) -> &str {
        &self.body.subject
    }

    /// The client it is limited to; `None` when it is about everybody.
    pub fn only(&self) -> Option<ClientId> {
        self.body.only
    }

    /// The same plan, said to be for this account and tenant. What it says is part of its id.
    #[must_use]
    pub fn for_subject(mut self, subject: impl Into<String>) -> Self {
        self.body.subject = subject.into();
        Self::seal(self.body)
    }

    /// Requests spent on reading and expected for writing.
    pub fn requests(&self) -> RequestEstimate {
        self.body.requests
    }

    /// Changes by kind, and exceptions.
    pub fn summary(&self) -> Summary {
        let count = |kind| {
            self.body
                .changes
                .iter()
                .filter(|change| change.kind == kind)
                .count()
        };
        Summary {
            create: count(ChangeKind::Create),
            update: count(ChangeKind::Update),
            zero: count(ChangeKind::Zero),
            keep: count(ChangeKind::Keep),
            exceptions: self.body.exceptions.len(),
        }
    }
}

/// How many of what a plan holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Subscriptions to make.
    pub create: usize,
    /// Counts to change.
    pub update: usize,
    /// Counts to set to zero.
    pub zero: usize,
    /// Counts that are right already.
    pub keep: usize,
    /// Exceptions.
    pub exceptions: usize,
}

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

/// Usage that was not billed and needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// What kind of exception.
    pub kind: ExceptionKind,
    /// The vendor's customer; `None` when it is blank or not about a customer.
    pub customer_id: Option<CustomerId>,
    /// The customer's name as the vendor shows it.
    pub customer_name: String,
    /// The service; `None` when it is about all of the customer's services.
    pub service: Option<ServiceName>,
    /// Units that are not billed because of it; `None` when it is not about units.
    pub quantity: Option<Decimal>,
    /// What is wrong and what to do, in words.
    pub detail: String,
}

impl Exception {
    /// One that is about nobody in particular.
    pub(crate) fn new(kind: ExceptionKind, detail: String) -> Self {
        Self {
            kind,
            customer_id: None,
            customer_name: String::new(),
            service: None,
            quantity: None,
            detail,
        }
    }
}

/// What kind of exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExceptionKind {
    /// No client has that id; also a blank id.
    UnmatchedCustomer,
    /// More than one client claims the id.
    AmbiguousCustomer,
    /// The client is inactive.
    InactiveClient,
    /// More than one active subscription has that name, one that may not be adopted, or a person chose one that cannot
    /// be written.
    AmbiguousSubscription,
    /// A fraction, and no rule says how to round it.
    FractionWithoutRule,
    /// Charged to the contract, not to a customer.
    ContractLevel,
    /// The vendor names no service.
    UnmappedService,
    /// A record that cannot be read, or a number that cannot be billed.
    UnreadableRecord,
    /// One count would mix two units of measure.
    UnexpectedUnit,
    /// Two services would share a subscription without a rule that says so.
    NameCollision,
    /// The vendor's own total differs from the sum.
    TotalsDisagree,
    /// A record is not as the run that is taken back left it: somebody else's count stays.
    ChangedSince,
}

impl ExceptionKind {
    /// The name of the kind, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::UnmatchedCustomer => "unmatched_customer",
            Self::AmbiguousCustomer => "ambiguous_customer",
            Self::InactiveClient => "inactive_client",
            Self::AmbiguousSubscription => "ambiguous_subscription",
            Self::FractionWithoutRule => "fraction_without_rule",
            Self::ContractLevel => "contract_level",
            Self::UnmappedService => "unmapped_service",
            Self::UnreadableRecord => "unreadable_record",
            Self::UnexpectedUnit => "unexpected_unit",
            Self::NameCollision => "name_collision",
            Self::TotalsDisagree => "totals_disagree",
            Self::ChangedSince => "changed_since",
        }
    }
}

/// Requests to the billing system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEstimate {
    /// Requests that reading took.
    pub read: u64,
    /// Requests that writing and reading back are expected to take.
    pub write_estimate: u64,
}
