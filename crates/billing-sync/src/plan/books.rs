//! The books while a plan is made: every unit is received under a heading and booked from there, its money with it.

use super::amounts::Purse;
use super::column::{Bucket, Column};
use super::ledger::{ContractLedger, Ledger, LedgerRow};
use super::money::Money;
use crate::ids::{ContractId, ServiceName};
use crate::usage::Usage;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What units are received under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heading<'a> {
    pub(super) contract: &'a ContractId,
    pub(super) service: &'a ServiceName,
    pub(super) unit: &'a str,
}

/// Where units were received: what they are booked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account(usize);

/// Units and what they cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) quantity: Decimal,
    pub(super) amount: Option<Decimal>,
}

/// The units of one heading, and their money.
#[derive(Debug, Default)]
struct Page {
    units: Column,
    money: Purse,
}

impl Page {
    fn merge(&mut self, other: &Self) {
        self.units.merge(&other.units);
        self.money.merge(&other.money);
    }

    fn row(&self, service: &ServiceName, unit: &str) -> LedgerRow {
        let amount = self.money.close();
        LedgerRow::new(service.clone(), unit.to_owned(), &self.units, amount)
    }
}

/// Collects units and money.
#[derive(Debug, Default)]
pub(super) struct Bookkeeper<'a> {
    accounts: BTreeMap<Heading<'a>, Account>,
    pages: Vec<Page>,
}

/// The finished books.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) by_contract: Vec<ContractLedger>,
    pub(super) money: Money,
}

impl<'a> Bookkeeper<'a> {
    /// Units came in.
    pub(super) fn receive(&mut self, heading: Heading<'a>, load: Load) -> Account {
        let next = Account(self.pages.len());
        let account = *self.accounts.entry(heading).or_insert(next);
        if account == next {
            self.pages.push(Page::default());
        }
        if let Some(page) = self.pages.get_mut(account.0) {
            page.units.receive(Some(load.quantity));
            page.money.receive(load.quantity, load.amount);
        }
        account
    }

    /// Units went somewhere.
    pub(super) fn book(&mut self, account: Account, bucket: Bucket, load: Load) {
        if let Some(page) = self.pages.get_mut(account.0) {
            page.units.book(bucket, Some(load.quantity));
            page.money.book(bucket, load.amount);
        }
    }

    /// The finished books. A sum that did not fit shows as a row that does not balance.
    pub(super) fn close(self, usage: &Usage) -> Books {
        let mut services: BTreeMap<(&ServiceName, &str), Page> = BTreeMap::new();
        let mut contracts: BTreeMap<&ContractId, Vec<LedgerRow>> = BTreeMap::new();
        let mut purses: BTreeMap<&ContractId, Purse> = BTreeMap::new();
        let mut total = Purse::default();
        for (heading, account) in self.accounts {
            let Heading {
                contract,
                service,
                unit,
            } = heading;
            let Some(page) = self.pages.get(account.0) else {
                continue;
            };
            services.entry((service, unit)).or_default().merge(page);
            total.merge(&page.money);
            purses.entry(contract).or_default().merge(&page.money);
            contracts
                .entry(contract)
                .or_default()
                .push(page.row(service, unit));
        }
        let mut rows: Vec<LedgerRow> = services
            .iter()
            .map(|((service, unit), page)| page.row(service, unit))
            .collect();
        if services.values().any(|page| !page.units.is_whole()) {
            let mut lost = Page::default();
            lost.units.receive(Some(Decimal::ONE));
            rows.push(lost.row(&ServiceName::new("(sum too large)"), ""));
        }
        Books {
            ledger: Ledger::new(rows),
            money: Money::of(usage, &total, &purses),
            by_contract: contracts
                .into_iter()
                .map(|(contract, rows)| ContractLedger {
                    contract_id: contract.clone(),
                    rows: Ledger::new(rows),
                })
                .collect(),
        }
    }
}
