//! What the units of the ledger cost at the vendor: money beside units, and never silently a part of it.

use super::ledger::Bucket;
use super::shares::shares;
use crate::ids::ContractId;
use crate::usage::{InvoiceTotal, Usage};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the vendor charged, bucket by bucket, in the currency of the invoice. `None`: a line in that bucket has units and
/// no known price, so its sum is not known either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// True when every line has a price; only then do the buckets sum to `vendor`.
    pub complete: bool,
    /// What came in.
    pub vendor: Option<Decimal>,
    /// Behind a count.
    pub billed: Option<Decimal>,
    /// Left out by a rule.
    pub ignored: Option<Decimal>,
    /// Free by rule.
    pub free: Option<Decimal>,
    /// Lost (positive) or gained (negative) by rounding and minimum.
    pub rounding: Option<Decimal>,
    /// Of customers without a client.
    pub unmatched: Option<Decimal>,
    /// Held back by another exception.
    pub blocked: Option<Decimal>,
    /// Charged to a contract as a whole.
    pub contract_level: Option<Decimal>,
}

impl Amounts {
    /// True when the buckets sum to what came in, or something has no price.
    pub fn balances(&self) -> bool {
        let Self {
            complete,
            vendor,
            billed,
            ignored,
            free,
            rounding,
            unmatched,
            blocked,
            contract_level,
        } = self;
        let sum = [
            billed,
            ignored,
            free,
            rounding,
            unmatched,
            blocked,
            contract_level,
        ]
        .into_iter()
        .try_fold(Decimal::ZERO, |sum, bucket| sum.checked_add((*bucket)?));
        !complete || (vendor.is_some() && sum == *vendor)
    }
}

/// A sum of prices of which some may not be known.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    known: Decimal,
    unknown: bool,
}

impl Sum {
    fn add(&mut self, amount: Option<Decimal>) {
        match amount.and_then(|amount| self.known.checked_add(amount)) {
            Some(sum) => self.known = sum,
            None => self.unknown = true,
        }
    }

    fn value(self) -> Option<Decimal> {
        (!self.unknown).then(|| self.known.normalize())
    }
}

/// The money of some units while a plan is made. What comes in and where it goes are summed separately, as the units are.
#[derive(Clone, Debug, Default)]
pub(super) struct Purse {
    /// True once anything had a price.
    priced: bool,
    vendor: Sum,
    buckets: [Sum; 7],
}

impl Purse {
    pub(super) fn receive(&mut self, quantity: Decimal, amount: Option<Decimal>) {
        // Nothing at no price says nothing about prices.
        self.priced |= amount.is_some_and(|amount| !amount.is_zero() || !quantity.is_zero());
        self.vendor.add(amount);
    }

    pub(super) fn book(&mut self, bucket: Bucket, amount: Option<Decimal>) {
        if let Some(sum) = self.buckets.get_mut(bucket as usize) {
            sum.add(amount);
        }
    }

    /// Adds the money of other units.
    pub(super) fn merge(&mut self, other: &Self) {
        self.priced |= other.priced;
        let pairs = [(&mut self.vendor, &other.vendor)]
            .into_iter()
            .chain(self.buckets.iter_mut().zip(&other.buckets));
        for (sum, other) in pairs {
            sum.add(Some(other.known));
            sum.unknown |= other.unknown;
        }
    }

    /// The finished sums; `None` when nothing has a price.
    pub(super) fn close(&self) -> Option<Amounts> {
        let of = |bucket: Bucket| {
            self.buckets
                .get(bucket as usize)
                .and_then(|sum| sum.value())
        };
        self.priced.then(|| Amounts {
            complete: !self.vendor.unknown && self.buckets.iter().all(|sum| !sum.unknown),
            vendor: self.vendor.value(),
            billed: of(Bucket::Billed),
            ignored: of(Bucket::Ignored),
            free: of(Bucket::Free),
            rounding: of(Bucket::Rounding),
            unmatched: of(Bucket::Unmatched),
            blocked: of(Bucket::Blocked),
            contract_level: of(Bucket::ContractLevel),
        })
    }

    /// What came in, when all of it has a price.
    fn total(&self) -> Option<Decimal> {
        self.vendor.value()
    }
}

/// A price divided over units that went into different buckets. To the cent, or as fine as the price itself is.
pub(super) fn divided(amount: Option<Decimal>, units: &[Decimal]) -> Vec<Option<Decimal>> {
    let nothing = || {
        units
            .iter()
            .map(|part| part.is_zero().then_some(Decimal::ZERO))
            .collect()
    };
    let Some(amount) = amount else {
        // Units that are not there cost nothing, whatever the others cost.
        return nothing();
    };
    let only: Vec<usize> = (0..units.len())
        .filter(|at| units.get(*at).is_some_and(|part| !part.is_zero()))
        .collect();
    match only.as_slice() {
        // No units at all: whatever was charged is of the first bucket.
        [] => units
            .iter()
            .enumerate()
            .map(|(at, _)| Some(if at == 0 { amount } else { Decimal::ZERO }))
            .collect(),
        [one] => (0..units.len())
            .map(|at| Some(if at == *one { amount } else { Decimal::ZERO }))
            .collect(),
        _ => match shares(amount, units, amount.scale().max(2)) {
            Some(parts) => parts.into_iter().map(Some).collect(),
            None => nothing(),
        },
    }
}

/// A price; units that are not there need none.
pub(super) fn price_of(quantity: Decimal, amount: Option<Decimal>) -> Option<Decimal> {
    amount.or_else(|| quantity.is_zero().then_some(Decimal::ZERO))
}

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
    pub(super) fn doubted(&self) -> BTreeSet<ContractId> {
        let contracts = self.contracts.iter().filter(|it| it.agrees == Some(false));
        let invoices = self.invoices.iter().filter(|it| it.agrees == Some(false));
        contracts
            .map(|check| check.contract_id.clone())
            .chain(invoices.flat_map(|check| check.contract_ids.iter().cloned()))
            .collect()
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

#[cfg(test)]
mod tests {
    use super::divided;
    use rust_decimal::Decimal;

    #[test]
    fn a_price_follows_its_units_and_sums_exactly() {
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        let parts = |amount: &str, units: &[&str]| -> Vec<Option<Decimal>> {
            let units: Vec<Decimal> = units.iter().map(|it| d(it)).collect();
            divided(Some(d(amount)), &units)
        };
        assert_eq!(
            parts("10", &["2", "1", "0"]),
            [Some(d("6.67")), Some(d("3.33")), Some(d("0"))]
        );
        assert_eq!(
            parts("10", &["4", "0", "-1"]),
            [Some(d("13.33")), Some(d("0")), Some(d("-3.33"))]
        );
        assert_eq!(parts("7", &["0", "0"]), [Some(d("7")), Some(d("0"))]);
        assert_eq!(
            divided(None, &[d("2"), d("0")]),
            [None, Some(d("0"))],
            "no price is never nothing"
        );
    }
}
