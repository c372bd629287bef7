//! From rows to usage: every row ends in a line, in the total, or among what cannot be read. None is passed over.

use super::table::{Cell, Column, Row, Rows};
use crate::settings::UsageSettings;
use api_core::wire::parse_decimal;
use billing_sync::Period;
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::usage::{Completeness, DeviceUsage, Finality, UnreadableUsage, Usage, UsageLine};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What rows are added up by.
type Key = (
    Option<CustomerId>,
    Option<String>,
    ContractId,
    Option<ServiceName>,
    String,
);

/// Adds rows up.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    settings: &'a UsageSettings,
    sums: BTreeMap<Key, UsageLine>,
    unreadable: Vec<UnreadableUsage>,
    contracts: BTreeSet<ContractId>,
    sum: Option<Decimal>,
    total: Option<Result<Decimal, String>>,
    rows: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(settings: &'a UsageSettings) -> Self {
        Self {
            settings,
            sums: BTreeMap::new(),
            unreadable: Vec::new(),
            contracts: BTreeSet::new(),
            sum: Some(Decimal::ZERO),
            total: None,
            rows: 0,
        }
    }

    fn number(&self, cell: &Cell) -> Option<Decimal> {
        match cell {
            Cell::Text(text) if self.settings.decimal == "," => {
                // A point would separate groups, or come from another country: it is not guessed.
                if text.contains('.') {
                    return None;
                }
                parse_decimal(&text.replacen(',', ".", 1))
            }
            Cell::Number(text) | Cell::Text(text) => parse_decimal(text),
        }
    }

    /// A number that has to be there.
    fn quantity(&self, row: &Row) -> Result<Decimal, String> {
        let Some(cell) = row.cells.get(&Column::Quantity) else {
            return Err("the quantity is missing".to_owned());
        };
        if cell.text().is_none() {
            return Err("the quantity is blank".to_owned());
        }
        self.number(cell).ok_or_else(|| {
            format!(
                "the quantity is no number written with `{}` before its decimals",
                self.settings.decimal
            )
        })
    }

    /// The amount, if there is one.
    fn amount(&self, row: &Row) -> Result<Option<Decimal>, String> {
        match row.cells.get(&Column::Amount) {
            Some(cell) if cell.text().is_some() => self
                .number(cell)
                .map(Some)
                .ok_or_else(|| "the amount is no number".to_owned()),
            _ => Ok(None),
        }
    }

    fn is_total(&self, row: &Row) -> bool {
        let total = self.settings.total_row.as_str();
        !total.is_empty() && text(row, Column::Customer) == Some(total)
    }

    fn take_total(&mut self, row: &Row) {
        let stated = self.quantity(row);
        self.total = Some(match &self.total {
            Some(_) => Err("states its total twice".to_owned()),
            None => stated.map_err(|why| format!("states no total: {why}")),
        });
    }

    fn take(&mut self, row: &Row) -> Result<(), String> {
        let quantity = self.quantity(row)?;
        let amount = self.amount(row)?;
        let customer = text(row, Column::Customer).map(CustomerId::new);
        let service = match self.settings.service_name.as_str() {
            "" => text(row, Column::Service),
            name => Some(name),
        };
        let reference = text(row, Column::CustomerReference).map(str::to_owned);
        let unit = text(row, Column::Unit).unwrap_or_default().to_owned();
        let contract = self.contract(row);
        let key = (
            customer.clone(),
            reference.clone(),
            contract.clone(),
            service.map(ServiceName::new),
            unit.clone(),
        );
        let name = text(row, Column::CustomerName).unwrap_or_default();
        let device = text(row, Column::Device);
        if let Some(line) = self.sums.get_mut(&key) {
            let too_large = || "the quantities add up to more than can be counted".to_owned();
            let sum = line.quantity.checked_add(quantity).ok_or_else(too_large)?;
            line.amount = match (line.amount, amount) {
                (Some(before), Some(more)) => Some(before.checked_add(more).ok_or_else(too_large)?),
                // A sum of some of the amounts would look like the sum of all.
                _ => None,
            };
            line.quantity = sum;
        } else {
            let line = UsageLine {
                customer,
                customer_name: name.to_owned(),
                customer_reference: reference,
                contract: contract.clone(),
                service: key.3.clone(),
                unit,
                quantity,
                amount,
                device_count: 0,
                devices: Vec::new(),
            };
            self.sums.insert(key.clone(), line);
        }
        if let (Some(device), Some(line)) = (device, self.sums.get_mut(&key)) {
            line.device_count += 1;
            line.devices.push(DeviceUsage {
                id: String::new(),
                name: device.to_owned(),
                quantity,
            });
        }
        self.contracts.insert(contract);
        self.sum = self.sum.and_then(|sum| sum.checked_add(quantity));
        Ok(())
    }

    fn contract(&self, row: &Row) -> ContractId {
        ContractId::new(text(row, Column::Contract).unwrap_or(&self.settings.vendor))
    }

    /// What was read.
    ///
    /// # Errors
    /// When the file holds nothing, or not what its total says.
    pub(super) fn finish(self, period: Period, finality: Finality) -> Result<Usage, String> {
        if self.rows == 0 {
            return Err("has no rows: an empty file is not a month without usage".to_owned());
        }
        if !self.settings.total_row.is_empty() {
            let Some(total) = self.total else {
                return Err(format!(
                    "has no row `{}`: it may have been cut short",
                    self.settings.total_row
                ));
            };
            let total = total?;
            // What a row that cannot be read holds is not known, and it is reported on its own.
            if self.unreadable.is_empty() && self.sum != Some(total) {
                let sum = self
                    .sum
                    .map_or_else(|| "too much".to_owned(), |sum| sum.normalize().to_string());
                return Err(format!(
                    "states a total of {}, its rows add up to {sum}",
                    total.normalize()
                ));
            }
        }
        let listed = if self.settings.lists_everybody {
            self.sums.keys().filter_map(|key| key.0.clone()).collect()
        } else {
            BTreeSet::new()
        };
        // Whose it is cannot be told, so anybody's sum may lack it.
        let gaps = self
            .unreadable
            .iter()
            .filter(|row| row.customer.is_none())
            .map(|row| {
                format!(
                    "a row of an unknown customer could not be read: {}",
                    row.detail
                )
            })
            .collect();
        let mut contracts = self.contracts;
        contracts.extend(
            self.unreadable
                .iter()
                .filter_map(|row| row.contract.clone()),
        );
        Ok(Usage {
            period,
            lines: self.sums.into_values().collect(),
            contract_amounts: Vec::new(),
            unreadable: self.unreadable,
            disagreements: Vec::new(),
            finality,
            completeness: Completeness {
                contracts_expected: contracts.clone(),
                contracts_listed: if self.settings.lists_everybody {
                    contracts.clone()
                } else {
                    BTreeSet::new()
                },
                contracts_seen: contracts,
                customers_listed: listed,
                gaps,
                ..Completeness::default()
            },
        })
    }
}

impl Rows for Lines<'_> {
    fn row(&mut self, row: &Row) {
        if self.is_total(row) {
            self.take_total(row);
            return;
        }
        self.rows += 1;
        if let Err(why) = self.take(row) {
            self.unreadable.push(UnreadableUsage {
                contract: Some(self.contract(row)),
                customer: text(row, Column::Customer).map(CustomerId::new),
                detail: format!("{}: {why}", row.place),
            });
        }
    }

    fn unreadable(&mut self, place: &str, why: &str) {
        self.rows += 1;
        // Without a column for it there is one contract, and the row belongs to that.
        let contract = self
            .settings
            .contract
            .is_empty()
            .then(|| ContractId::new(&self.settings.vendor));
        self.unreadable.push(UnreadableUsage {
            contract,
            customer: None,
            detail: format!("{place}: {why}"),
        });
    }
}

fn text(row: &Row, column: Column) -> Option<&str> {
    row.cells.get(&column).and_then(Cell::text)
}
