//! The ledger: where every vendor unit went. If the buckets do not add up to what came in, the plan is wrong.

use crate::ids::ServiceName;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A place a unit can end up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Stands behind a count.
    Billed,
    /// A rule or the product list says so.
    Ignored,
    /// Free by rule.
    Free,
    /// Lost or gained by rounding and by a minimum; negative when more is billed than used.
    Rounding,
    /// Its customer has no client.
    Unmatched,
    /// Held back by another exception.
    Blocked,
    /// Charged to a contract as a whole.
    ContractLevel,
}

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
}

impl LedgerRow {
    fn new(service: ServiceName, unit: String) -> Self {
        let zero = Decimal::ZERO;
        Self {
            service,
            unit,
            vendor: zero,
            billed: zero,
            ignored: zero,
            free: zero,
            rounding: zero,
            unmatched: zero,
            blocked: zero,
            contract_level: zero,
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
        } = self;
        [
            billed,
            ignored,
            free,
            rounding,
            unmatched,
            blocked,
            contract_level,
        ]
        .into_iter()
        .try_fold(Decimal::ZERO, |sum, bucket| sum.checked_add(*bucket))
    }

    /// True when the buckets add up to what came in.
    pub fn balances(&self) -> bool {
        self.accounted() == Some(self.vendor)
    }

    fn bucket(&mut self, bucket: Bucket) -> &mut Decimal {
        match bucket {
            Bucket::Billed => &mut self.billed,
            Bucket::Ignored => &mut self.ignored,
            Bucket::Free => &mut self.free,
            Bucket::Rounding => &mut self.rounding,
            Bucket::Unmatched => &mut self.unmatched,
            Bucket::Blocked => &mut self.blocked,
            Bucket::ContractLevel => &mut self.contract_level,
        }
    }
}

/// All rows, by service and unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger {
    rows: Vec<LedgerRow>,
}

impl Ledger {
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

/// Collects units while a plan is made. What comes in and where it goes are booked separately, so that a unit the
/// planner loses shows as a difference.
#[derive(Debug, Default)]
pub(super) struct Bookkeeper {
    rows: BTreeMap<(ServiceName, String), LedgerRow>,
    overflow: bool,
}

impl Bookkeeper {
    /// Units came in.
    pub(super) fn receive(&mut self, service: &ServiceName, unit: &str, quantity: Decimal) {
        let row = self.row(service, unit);
        match row.vendor.checked_add(quantity) {
            Some(sum) => row.vendor = sum,
            None => self.overflow = true,
        }
    }

    /// Units went somewhere.
    pub(super) fn book(
        &mut self,
        service: &ServiceName,
        unit: &str,
        bucket: Bucket,
        quantity: Decimal,
    ) {
        let cell = self.row(service, unit).bucket(bucket);
        match cell.checked_add(quantity) {
            Some(sum) => *cell = sum,
            None => self.overflow = true,
        }
    }

    fn row(&mut self, service: &ServiceName, unit: &str) -> &mut LedgerRow {
        self.rows
            .entry((service.clone(), unit.to_owned()))
            .or_insert_with(|| LedgerRow::new(service.clone(), unit.to_owned()))
    }

    /// The finished ledger. A sum that did not fit shows as a row that does not balance.
    pub(super) fn close(self) -> Ledger {
        let mut rows: Vec<LedgerRow> = self.rows.into_values().collect();
        if self.overflow {
            let mut row = LedgerRow::new(ServiceName::new("(sum too large)"), String::new());
            row.vendor = Decimal::ONE;
            rows.push(row);
        }
        Ledger { rows }
    }
}
