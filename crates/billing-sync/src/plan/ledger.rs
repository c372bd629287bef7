//! The ledger: where every vendor unit went. If the buckets do not add up to what came in, the plan is wrong.

use super::amounts::{Amounts, Money, Purse};
use super::lines::Line;
use crate::ids::{ContractId, ServiceName};
use crate::usage::Usage;
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
    /// What the units cost at the vendor, where prices are known; `None` where nothing has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amounts>,
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
            amount: None,
        }
    }

    /// Adds the units of another row; false when a sum does not fit.
    fn merge(&mut self, other: &Self) -> bool {
        let Self {
            service: _,
            unit: _,
            vendor,
            billed,
            ignored,
            free,
            rounding,
            unmatched,
            blocked,
            contract_level,
            amount: _,
        } = self;
        [
            (vendor, other.vendor),
            (billed, other.billed),
            (ignored, other.ignored),
            (free, other.free),
            (rounding, other.rounding),
            (unmatched, other.unmatched),
            (blocked, other.blocked),
            (contract_level, other.contract_level),
        ]
        .into_iter()
        .all(|(cell, more)| match cell.checked_add(more) {
            Some(sum) => {
                *cell = sum;
                true
            }
            None => false,
        })
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

    /// True when the buckets add up to what came in: in units and, where every line has a price, in money.
    pub fn balances(&self) -> bool {
        self.accounted() == Some(self.vendor) && self.amount.as_ref().is_none_or(Amounts::balances)
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

/// What came in under one contract, and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractLedger {
    /// The contract.
    pub contract_id: ContractId,
    /// Its part of the ledger.
    pub rows: Ledger,
}

/// What units are booked under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Account {
    contract: ContractId,
    service: ServiceName,
    unit: String,
}

impl Account {
    pub(super) fn new(contract: &ContractId, service: &ServiceName, unit: &str) -> Self {
        Self {
            contract: contract.clone(),
            service: service.clone(),
            unit: unit.to_owned(),
        }
    }

    pub(super) fn of(line: &Line) -> Self {
        Self::new(&line.contract, &line.service, &line.unit)
    }
}

/// Units and what they cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) quantity: Decimal,
    pub(super) amount: Option<Decimal>,
}

/// Collects units and money while a plan is made. What comes in and where it goes are booked separately, so that a unit
/// the planner loses shows as a difference.
#[derive(Debug, Default)]
pub(super) struct Bookkeeper {
    rows: BTreeMap<Account, (LedgerRow, Purse)>,
    overflow: bool,
}

/// The finished books.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) by_contract: Vec<ContractLedger>,
    pub(super) money: Money,
}

impl Bookkeeper {
    /// Units came in.
    pub(super) fn receive(&mut self, account: &Account, load: Load) {
        let (row, purse) = self.row(account);
        purse.receive(load.quantity, load.amount);
        match row.vendor.checked_add(load.quantity) {
            Some(sum) => row.vendor = sum,
            None => self.overflow = true,
        }
    }

    /// Units went somewhere.
    pub(super) fn book(&mut self, account: &Account, bucket: Bucket, load: Load) {
        let (row, purse) = self.row(account);
        purse.book(bucket, load.amount);
        let cell = row.bucket(bucket);
        match cell.checked_add(load.quantity) {
            Some(sum) => *cell = sum,
            None => self.overflow = true,
        }
    }

    fn row(&mut self, account: &Account) -> &mut (LedgerRow, Purse) {
        self.rows.entry(account.clone()).or_insert_with(|| {
            let row = LedgerRow::new(account.service.clone(), account.unit.clone());
            (row, Purse::default())
        })
    }

    /// The finished books. A sum that did not fit shows as a row that does not balance.
    pub(super) fn close(mut self, usage: &Usage) -> Books {
        let mut services: BTreeMap<(&ServiceName, &str), (LedgerRow, Purse)> = BTreeMap::new();
        let mut contracts: BTreeMap<&ContractId, Vec<LedgerRow>> = BTreeMap::new();
        let mut purses: BTreeMap<&ContractId, Purse> = BTreeMap::new();
        let mut total = Purse::default();
        for (account, (row, purse)) in &self.rows {
            let (sum, money) = services
                .entry((&account.service, &account.unit))
                .or_insert_with(|| {
                    let row = LedgerRow::new(account.service.clone(), account.unit.clone());
                    (row, Purse::default())
                });
            self.overflow |= !sum.merge(row);
            money.merge(purse);
            total.merge(purse);
            purses.entry(&account.contract).or_default().merge(purse);
            contracts
                .entry(&account.contract)
                .or_default()
                .push(LedgerRow {
                    amount: purse.close(),
                    ..row.clone()
                });
        }
        let mut rows: Vec<LedgerRow> = services
            .into_values()
            .map(|(row, purse)| LedgerRow {
                amount: purse.close(),
                ..row
            })
            .collect();
        if self.overflow {
            let mut row = LedgerRow::new(ServiceName::new("(sum too large)"), String::new());
            row.vendor = Decimal::ONE;
            rows.push(row);
        }
        Books {
            ledger: Ledger { rows },
            money: Money::of(usage, &total, &purses),
            by_contract: contracts
                .into_iter()
                .map(|(contract, rows)| ContractLedger {
                    contract_id: contract.clone(),
                    rows: Ledger { rows },
                })
                .collect(),
        }
    }
}
