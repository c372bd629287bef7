//! The plan's money as a whole, held against the totals the vendor stated.

use super::amounts::{Amounts, Purse};
use crate::ids::ContractId;
use crate::usage::{InvoiceTotal, Usage};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The plan's money as a whole, held against what the vendor stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Over all services and contracts; `None` when nothing has a price.
    pub total: Option<Amounts>,
    /// Each total the vendor stated for a contract, against the sum of its lines.
    pub contracts: Vec<ContractCheck>,
    /// Each total the vendor stated for an invoice, against the sum of its contracts.
    pub invoices: Vec<InvoiceCheck>,
}

/// A contract's total as stated, and as summed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractCheck {
    /// The contract.
    pub contract_id: ContractId,
    /// The vendor's total.
    pub stated: Decimal,
    /// The sum of its lines and contract-level amounts; `None` when one of them has no price.
    pub summed: Option<Decimal>,
    /// Whether the two are equal; `None` when that cannot be told.
    pub agrees: Option<bool>,
}

/// An invoice's total as stated, and as summed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceCheck {
    /// The invoice.
    pub invoice: String,
    /// The contracts it is for.
    pub contract_ids: BTreeSet<ContractId>,
    /// The vendor's total.
    pub stated: Decimal,
    /// The sum of its contracts; `None` when a part of them has no price, or one of them was not read.
    pub summed: Option<Decimal>,
    /// Whether the two are equal; `None` when that cannot be told.
    pub agrees: Option<bool>,
}

impl Money {
    /// True when nothing has a price and nothing was stated.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn of(
        usage: &Usage,
        total: &Purse,
        contracts: &BTreeMap<&ContractId, Purse>,
    ) -> Self {
        let stated = &usage.completeness.stated;
        let summed = |contract: &ContractId| contracts.get(contract).and_then(Purse::total);
        let mut checks: Vec<ContractCheck> = stated
            .contracts
            .iter()
            .map(|(contract, stated)| {
                let summed = summed(contract);
                ContractCheck {
                    contract_id: contract.clone(),
                    stated: *stated,
                    summed,
                    agrees: summed.map(|summed| summed == *stated),
                }
            })
            .collect();
        checks.sort_by(|a, b| a.contract_id.cmp(&b.contract_id));
        let mut invoices: Vec<InvoiceCheck> = stated
            .invoices
            .iter()
            .map(|total| {
                let InvoiceTotal {
                    invoice,
                    contracts,
                    amount,
                } = total;
                let summed = contracts
                    .iter()
                    .map(summed)
                    .try_fold(Decimal::ZERO, |sum, part| sum.checked_add(part?))
                    .filter(|_| !contracts.is_empty());
                InvoiceCheck {
                    invoice: invoice.clone(),
                    contract_ids: contracts.clone(),
                    stated: *amount,
                    summed,
                    agrees: summed.map(|summed| summed == *amount),
                }
            })
            .collect();
        invoices.sort_by(|a, b| a.invoice.cmp(&b.invoice));
        Self {
            total: total.close(),
            contracts: checks,
            invoices,
        }
    }

    /// The contracts whose lines do not sum to what is stated: something of them may be missing.
    pub(super) fn doubted(&self) -> impl Iterator<Item = &ContractId> {
        let contracts = self.contracts.iter().filter(|it| it.agrees == Some(false));
        let invoices = self.invoices.iter().filter(|it| it.agrees == Some(false));
        contracts
            .map(|check| &check.contract_id)
            .chain(invoices.flat_map(|check| &check.contract_ids))
    }

    /// What is stated and not what it sums to, in words.
    pub(super) fn disagreements(&self) -> Vec<String> {
        let differs = |agrees: Option<bool>| agrees == Some(false);
        let said = |what: String, stated: Decimal, summed: Option<Decimal>| {
            format!(
                "{what} is stated as {stated} in money, its lines sum to {}",
                summed.map_or_else(|| "nothing known".to_owned(), |summed| summed.to_string())
            )
        };
        let contracts = self
            .contracts
            .iter()
            .filter(|check| differs(check.agrees))
            .map(|check| {
                said(
                    format!("contract {}", check.contract_id),
                    check.stated,
                    check.summed,
                )
            });
        let invoices = self
            .invoices
            .iter()
            .filter(|check| differs(check.agrees))
            .map(|check| {
                said(
                    format!("invoice {}", check.invoice),
                    check.stated,
                    check.summed,
                )
            });
        contracts.chain(invoices).collect()
    }
}
