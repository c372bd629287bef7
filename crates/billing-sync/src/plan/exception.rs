//! An exception: usage that is not billed, or a record that is left alone, and what a person can do about it.

use crate::ids::{CustomerId, ServiceName};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
