//! Puts summed documents together into one `Usage`, with the evidence of what was expected, seen and listed.

use super::collect::Document;
use api_core::wire::denoise;
use billing_sync::Period;
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::usage::{
    Completeness, ContractAmount, Disagreement, Finality, UnreadableUsage, Usage, UsageLine,
};
use cove_api::billing::TimeFrame;
use std::collections::{BTreeMap, BTreeSet};

/// A `Usage` in the making.
#[derive(Debug)]
pub(super) struct Draft {
    period: Period,
    month: TimeFrame,
    /// Contracts the settings name; empty for all.
    wanted: BTreeSet<ContractId>,
    /// Product name prefixes in scope; empty for all.
    products: Vec<String>,
    lines: BTreeMap<LineKey, UsageLine>,
    contract_amounts: Vec<ContractAmount>,
    unreadable: Vec<UnreadableUsage>,
    disagreements: Vec<Disagreement>,
    pub(super) finality: Finality,
    pub(super) completeness: Completeness,
    /// Contracts in scope of the products, with whether any customer used something.
    in_scope: BTreeMap<ContractId, bool>,
}

/// What makes two lines one. A blank customer is told apart by its name.
type LineKey = (
    Option<CustomerId>,
    String,
    ContractId,
    Option<ServiceName>,
    String,
    Option<String>,
);

impl Draft {
    pub(super) fn new(
        period: Period,
        month: TimeFrame,
        wanted: BTreeSet<ContractId>,
        products: Vec<String>,
    ) -> Self {
        Self {
            period,
            month,
            lines: BTreeMap::new(),
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: Finality::Provisional("nothing was read".to_owned()),
            completeness: Completeness {
                contracts_expected: wanted.clone(),
                ..Completeness::default()
            },
            in_scope: BTreeMap::new(),
            wanted,
            products,
        }
    }

    pub(super) fn is_wanted(&self, contract: &ContractId) -> bool {
        self.wanted.is_empty() || self.wanted.contains(contract)
    }

    pub(super) fn wants_all(&self) -> bool {
        self.wanted.is_empty()
    }

    pub(super) fn wanted(&self) -> &BTreeSet<ContractId> {
        &self.wanted
    }

    pub(super) fn has_read(&self, contract: &ContractId) -> bool {
        self.completeness.contracts_seen.contains(contract)
    }

    pub(super) fn has_read_any(&self) -> bool {
        !self.completeness.contracts_seen.is_empty()
    }

    pub(super) fn expect(&mut self, contract: ContractId) {
        self.completeness.contracts_expected.insert(contract);
    }

    pub(super) fn gap(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.completeness.gaps.contains(&what) {
            self.completeness.gaps.push(what);
        }
    }

    /// Something in a list of documents that could not be read: its contract is then not whole.
    pub(super) fn unreadable_document(&mut self, contract: Option<ContractId>, detail: String) {
        if contract
            .as_ref()
            .is_some_and(|contract| !self.is_wanted(contract))
        {
            return;
        }
        self.gap(match &contract {
            Some(contract) => format!("a usage document of contract {contract} could not be read"),
            None => "a usage document could not be read".to_owned(),
        });
        self.unreadable.push(UnreadableUsage {
            contract,
            customer: None,
            detail,
        });
    }

    /// Takes a document whose contract is known.
    pub(super) fn take(&mut self, document: Document) {
        let Document {
            contract,
            number: _,
            product,
            month,
            clients_listed,
            lines,
            amounts,
            unreadable,
            disagreements,
            nobodys,
        } = document;
        let Some(contract) = contract else {
            return;
        };
        if let Some(other) = month.filter(|month| *month != self.month) {
            self.gap(format!(
                "{} was asked for, but the usage document of contract {contract} says {other}",
                self.month
            ));
        }
        if !clients_listed {
            self.gap(format!(
                "the usage document of contract {contract} has no list of customers"
            ));
        }
        for detail in nobodys {
            self.gap(format!(
                "usage of an unknown customer under contract {contract} could not be read: {detail}"
            ));
        }
        let customers = lines.iter().any(|line| line.customer.is_some());
        if self.concerns(product.as_deref(), &lines, &amounts) {
            *self.in_scope.entry(contract.clone()).or_default() |= customers;
        }
        self.completeness
            .contracts_expected
            .insert(contract.clone());
        self.completeness.contracts_seen.insert(contract);
        for line in lines {
            self.add(line);
        }
        self.contract_amounts.extend(amounts);
        self.unreadable.extend(unreadable);
        self.disagreements.extend(disagreements);
    }

    fn add(&mut self, line: UsageLine) {
        let blank_name = match &line.customer {
            Some(_) => String::new(),
            None => line.customer_name.clone(),
        };
        let key = (
            line.customer.clone(),
            blank_name,
            line.contract.clone(),
            line.service.clone(),
            line.unit.clone(),
            line.customer_reference.clone(),
        );
        match self.lines.get_mut(&key) {
            None => {
                self.lines.insert(key, line);
            }
            Some(sum) => match sum.quantity.checked_add(line.quantity) {
                Some(quantity) => {
                    sum.quantity = denoise(quantity);
                    sum.amount = sum
                        .amount
                        .zip(line.amount)
                        .and_then(|(a, b)| a.checked_add(b))
                        .map(denoise);
                    sum.device_count += line.device_count;
                    sum.devices.extend(line.devices);
                }
                None => self.unreadable.push(UnreadableUsage {
                    contract: Some(line.contract),
                    customer: line.customer,
                    detail: "units add up to more than can be written down".to_owned(),
                }),
            },
        }
    }

    /// Whether a document has to do with the products that are synced.
    fn concerns(
        &self,
        product: Option<&str>,
        lines: &[UsageLine],
        amounts: &[ContractAmount],
    ) -> bool {
        let ours = |name: &str| {
            self.products
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
        };
        self.products.is_empty()
            || product.is_none_or(ours)
            || lines
                .iter()
                .any(|line| line.service.as_ref().is_none_or(|name| ours(name.as_str())))
            || amounts.iter().any(|amount| ours(amount.service.as_str()))
    }

    /// The contracts whose customers have to be listed.
    pub(super) fn to_list(&self) -> Vec<ContractId> {
        self.in_scope.keys().cloned().collect()
    }

    /// The customers the vendor lists for a contract; `None` when it gave no list. A list without anybody, where there is usage,
    /// is none.
    pub(super) fn listed(
        &mut self,
        contract: &ContractId,
        customers: Option<BTreeSet<CustomerId>>,
    ) {
        let used = self.in_scope.get(contract).copied().unwrap_or(false);
        if let Some(customers) = customers
            && (!customers.is_empty() || !used)
        {
            self.completeness.customers_listed.extend(customers);
            let listed = &mut self.completeness.contracts_listed;
            listed.insert(contract.clone());
        }
    }

    pub(super) fn into_usage(self) -> Usage {
        Usage {
            period: self.period,
            lines: self.lines.into_values().collect(),
            contract_amounts: self.contract_amounts,
            unreadable: self.unreadable,
            disagreements: self.disagreements,
            finality: self.finality,
            completeness: self.completeness,
        }
    }
}
