//! The plan: what would be written and why, what is left out and why, and whether it may be applied.

mod allocate;
mod amounts;
mod approve;
mod basis;
mod books;
mod change;
mod changes;
mod column;
mod combine;
mod customers;
mod digest;
mod document;
mod draft;
mod estimate;
mod evidence;
mod exception;
mod fall;
mod guard;
mod guards;
mod incomplete;
mod ledger;
mod limits;
mod lines;
mod matching;
mod money;
mod names;
mod parts;
#[expect(unreachable_pub, reason = "what it plans is given its basis here")]
mod planner;
mod price;
mod quantity;
mod recipients;
mod record;
mod removal;
mod scope;
mod shape;
pub(crate) use shape::NewName;
mod shares;

pub use amounts::Amounts;
pub use approve::{Approval, Approved, Refusal};
pub(crate) use basis::beside;
pub use basis::{Basis, Beside};
pub use change::{Change, ChangeKind, Derivation, Source};
pub use column::Bucket;
pub use customers::{CustomerClient, CustomerStanding, MatchedBy, customers};
pub(crate) use digest::of as digest_of;
pub use document::{InvalidPlan, PLAN_SCHEMA};
pub use estimate::RequestSizes;
pub(crate) use estimate::estimate;
pub use exception::{Exception, ExceptionKind};
pub use guard::{Guard, GuardName};
pub(crate) use guards::{closed_period, of_changes as guards_of_changes};
pub use ledger::{ContractLedger, Ledger, LedgerRow};
pub(crate) use limits::{money as money_guard, price_of};
pub use money::{ContractCheck, InvoiceCheck, Money};
pub use planner::PlanInput;

use crate::ids::{ClientId, PlanId, RunId};
use crate::period::Period;
use crate::usage::Finality;
use serde::{Deserialize, Serialize};

/// Makes the plan, and says what it was decided on ([`Plan::basis`]). Pure, total and deterministic: the same inputs in any
/// order give the same plan with the same id.
pub fn plan(input: PlanInput<'_>) -> Plan {
    let made = planner::plan(input);
    let match_by = input.rules.match_by;
    let basis = Basis::of(input.memory, match_by, made.changes(), input.target);
    made.based_on(basis)
}

/// What one run would do. Made by [`plan()`] or read from a plan file; never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(crate) id: PlanId,
    pub(crate) body: Body,
    pub(crate) basis: Option<Basis>,
    pub(crate) follows: Option<RunId>,
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
        &self.id
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
        let of_body = document::id_of(&self.body);
        self.id = basis::id_of(of_body, self.basis.as_ref(), self.follows.as_ref());
        self
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

/// Requests to the billing system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEstimate {
    /// Requests that reading took.
    pub read: u64,
    /// Requests that writing and reading back are expected to take.
    pub write_estimate: u64,
}
