//! What was used, kept small: enough to compare one month with another, without the devices.

use super::memory_store::sort_usage;
use crate::ids::{CustomerId, ServiceName};
use crate::plan::digest_of;
use crate::usage::Usage;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one customer used of one service in a period, over all contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// The customer; `None` when the vendor left it blank.
    pub customer: Option<CustomerId>,
    /// The customer's name as the vendor showed it.
    pub customer_name: String,
    /// The service; `None` when the vendor left it blank.
    pub service: Option<ServiceName>,
    /// Unit of measure; empty when not stated.
    pub unit: String,
    /// Units. Exact.
    pub quantity: Decimal,
    /// What the vendor charged; `None` when that is not known of every part.
    pub amount: Option<Decimal>,
}

impl UsageRow {
    /// The rows of a usage, by customer, service and unit. Contract-level amounts are not a customer's and are left out.
    pub fn all_of(usage: &Usage) -> Vec<Self> {
        let mut rows: BTreeMap<_, Vec<Self>> = BTreeMap::new();
        for line in &usage.lines {
            let parts = rows
                .entry((&line.customer, &line.service, &line.unit))
                .or_default();
            let part = Self {
                customer: line.customer.clone(),
                customer_name: line.customer_name.clone(),
                service: line.service.clone(),
                unit: line.unit.clone(),
                quantity: line.quantity,
                amount: line.amount,
            };
            // A sum too large to be exact is kept as two rows rather than rounded.
            if !parts.last_mut().is_some_and(|last| last.add(&part)) {
                parts.push(part);
            }
        }
        rows.into_values().flatten().collect()
    }

    /// Digest of rows in whatever order they come, and however their numbers are written.
    pub(super) fn digest_of(rows: &[Self]) -> String {
        let mut rows = rows.to_vec();
        sort_usage(&mut rows);
        for row in &mut rows {
            row.quantity = row.quantity.normalize();
            row.amount = row.amount.map(|amount| amount.normalize());
        }
        digest_of(&rows)
    }

    /// Adds another part; false, and unchanged, when the sum cannot be written down exactly.
    fn add(&mut self, other: &Self) -> bool {
        let Some(quantity) = self.quantity.checked_add(other.quantity) else {
            return false;
        };
        let amount = match (self.amount, other.amount) {
            (Some(a), Some(b)) => match a.checked_add(b) {
                Some(sum) => Some(sum),
                None => return false,
            },
            _ => None,
        };
        self.quantity = quantity;
        self.amount = amount;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::UsageRow;
    use crate::usage::{Completeness, Finality, Usage, UsageLine};
    use rust_decimal::Decimal;

    fn line(customer: &str, contract: &str, quantity: i64, amount: Option<i64>) -> UsageLine {
        UsageLine {
            customer: Some(customer.into()),
            customer_name: format!("Customer {customer}"),
            customer_reference: None,
            contract: contract.into(),
            service: Some("Backup".into()),
            unit: "Each".to_owned(),
            quantity: quantity.into(),
            amount: amount.map(Decimal::from),
            device_count: 0,
            devices: Vec::new(),
        }
    }

    fn usage(lines: Vec<UsageLine>) -> Usage {
        Usage {
            period: "202610".parse().unwrap(),
            lines,
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: Finality::Final,
            completeness: Completeness::default(),
        }
    }

    #[test]
    fn contracts_of_one_customer_are_summed_and_an_unknown_amount_stays_unknown() {
        let rows = UsageRow::all_of(&usage(vec![
            line("2", "a", 5, None),
            line("1", "a", 3, Some(30)),
            line("1", "b", 4, Some(40)),
            line("2", "b", 1, Some(10)),
        ]));
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.customer.as_ref().unwrap().as_str(),
                    row.quantity,
                    row.amount,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("1", Decimal::from(7), Some(Decimal::from(70))),
                ("2", Decimal::from(6), None),
            ]
        );
    }

    #[test]
    fn a_sum_that_does_not_fit_is_kept_in_parts() {
        let mut huge = line("1", "a", 0, None);
        huge.quantity = Decimal::MAX;
        let rows = UsageRow::all_of(&usage(vec![huge.clone(), huge]));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].quantity, Decimal::MAX);
    }
}
