//! The ledger: where every vendor unit went. If the buckets do not add up to what came in, the plan is wrong.

use super::amounts::Amounts;
use super::column::{Bucket, Column, together};
use crate::ids::{ContractId, ServiceName};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One service and unit of measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// The service; empty where the vendor names none.
    pub service: ServiceName,
    /// The unit of measure; empty where the vendor states none.
    pub unit: String,
    /// Units that came in.
    pub vendor: Decimal,
    /// Units behind a count.
    pub billed: Decimal,
    /// Units left out by a rule.
    pub ignored: Decimal,
    /// Units that are free by rule.
    pub free: Decimal,
    /// Units lost (positive) or gained (negative) by rounding and minimum.
    pub rounding: Decimal,
    /// Units of customers without a client.
    pub unmatched: Decimal,
    /// Units held back by another exception.
    pub blocked: Decimal,
    /// Units charged to a contract.
    pub contract_level: Decimal,
    /// What the units cost at the vendor, where prices are known; `None` where nothing has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amounts>,
}

impl LedgerRow {
    pub(super) fn new(
        service: ServiceName,
        unit: String,
        units: &Column,
        amount: Option<Amounts>,
    ) -> Self {
        let of = |bucket| units.bucket(bucket).known;
        Self {
            service,
            unit,
            vendor: units.vendor().known,
            billed: of(Bucket::Billed),
            ignored: of(Bucket::Ignored),
            free: of(Bucket::Free),
            rounding: of(Bucket::Rounding),
            unmatched: of(Bucket::Unmatched),
            blocked: of(Bucket::Blocked),
            contract_level: of(Bucket::ContractLevel),
            amount,
        }
    }

    /// The sum of the buckets; `None` when it is too large to be written down exactly.
    pub fn accounted(&self) -> Option<Decimal> {
        let Self {
            service: _,
            unit: _,
            vendor: _,
            billed,
            ignored,
            free,
            rounding,
            unmatched,
            blocked,
            contract_level,
            amount: _,
        } = self;
        together(
            [
                billed,
                ignored,
                free,
                rounding,
                unmatched,
                blocked,
                contract_level,
            ]
            .map(|bucket| Some(*bucket)),
        )
    }

    /// True when the buckets add up to what came in: in units and, where every line has a price, in money.
    pub fn balances(&self) -> bool {
        self.accounted() == Some(self.vendor) && self.amount.as_ref().is_none_or(Amounts::balances)
    }
}

/// All rows, by service and unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger {
    rows: Vec<LedgerRow>,
}

impl Ledger {
    pub(super) fn new(rows: Vec<LedgerRow>) -> Self {
        Self { rows }
    }

    /// The rows, by service and unit.
    pub fn rows(&self) -> &[LedgerRow] {
        &self.rows
    }

    /// True when every row balances.
    pub fn balances(&self) -> bool {
        self.rows.iter().all(LedgerRow::balances)
    }

    /// The rows that do not balance.
    pub fn unbalanced(&self) -> impl Iterator<Item = &LedgerRow> {
        self.rows.iter().filter(|row| !row.balances())
    }
}

/// What came in under one contract, and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractLedger {
    /// The contract.
    pub contract_id: ContractId,
    /// Its part of the ledger.
    pub rows: Ledger,
}
