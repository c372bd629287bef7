//! Usage lines in one canonical form, so that neither their order nor how a vendor splits them reaches the plan.

use super::amounts::price_of;
use crate::ids::{ContractId, CustomerId, ServiceName};
use crate::usage::{DeviceUsage, Usage};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// All units of one customer, contract, service and unit of measure.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// Blank when the vendor left it blank.
    pub(super) customer: CustomerId,
    pub(super) customer_name: String,
    pub(super) reference: Option<String>,
    pub(super) contract: ContractId,
    /// Blank when the vendor left it blank.
    pub(super) service: ServiceName,
    pub(super) unit: String,
    /// `None` when the sum cannot be written down exactly.
    pub(super) quantity: Option<Decimal>,
    /// What the vendor charged; `None` when that is not known of every part that has units.
    pub(super) amount: Option<Decimal>,
    /// How it came to this customer, when it is a part of what was charged to the contract.
    pub(super) part_of: Option<String>,
    pub(super) device_count: u64,
    pub(super) devices: Vec<DeviceUsage>,
    /// Two lines of the customer carried different references.
    pub(super) references_differ: bool,
}

/// Sums lines that differ in nothing but their devices, and sorts them.
pub(super) fn canonical(usage: &Usage) -> Vec<Line> {
    let mut lines: BTreeMap<_, Line> = BTreeMap::new();
    for line in &usage.lines {
        let customer = line.customer.clone().unwrap_or_else(|| CustomerId::new(""));
        let service = line.service.clone().unwrap_or_else(|| ServiceName::new(""));
        let unit = line.unit.trim().to_owned();
        let reference = line
            .customer_reference
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let key = (
            customer.clone(),
            line.contract.clone(),
            service.clone(),
            unit.clone(),
        );
        let sum = lines.entry(key).or_insert_with(|| Line {
            customer,
            customer_name: String::new(),
            reference: None,
            contract: line.contract.clone(),
            service,
            unit,
            quantity: Some(Decimal::ZERO),
            amount: Some(Decimal::ZERO),
            part_of: None,
            device_count: 0,
            devices: Vec::new(),
            references_differ: false,
        });
        sum.quantity = sum
            .quantity
            .and_then(|so_far| exact_sum(so_far, line.quantity));
        sum.amount = sum
            .amount
            .zip(price_of(line.quantity, line.amount))
            .and_then(|(so_far, amount)| exact_sum(so_far, amount));
        sum.device_count = sum.device_count.saturating_add(line.device_count);
        sum.devices.extend(line.devices.iter().cloned());
        let name = line.customer_name.trim();
        if !name.is_empty() && (sum.customer_name.is_empty() || name < sum.customer_name.as_str()) {
            name.clone_into(&mut sum.customer_name);
        }
        match (&sum.reference, reference) {
            (None, Some(text)) => sum.reference = Some(text.to_owned()),
            (Some(known), Some(text)) if known != text => {
                sum.references_differ = true;
                if text < known.as_str() {
                    sum.reference = Some(text.to_owned());
                }
            }
            _ => {}
        }
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    for line in &mut lines {
        line.quantity = line.quantity.map(|quantity| quantity.normalize());
        line.amount = line.amount.map(|amount| amount.normalize());
        line.devices
            .sort_by(|a, b| (&a.id, &a.name, a.quantity).cmp(&(&b.id, &b.name, b.quantity)));
    }
    lines
}

/// The sum, if it fits exactly. `Decimal` rounds silently when a sum needs more than 28 digits; that is refused.
pub(super) fn exact_sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let sum = a.checked_add(b)?;
    let exact = sum.checked_sub(a) == Some(b) && sum.checked_sub(b) == Some(a);
    exact.then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::exact_sum;
    use rust_decimal::Decimal;

    #[test]
    fn a_sum_that_would_lose_digits_is_refused() {
        let large: Decimal = "79228162514264337593543950335".parse().unwrap();
        let small: Decimal = "0.001".parse().unwrap();
        assert_eq!(exact_sum(large, small), None);
        assert_eq!(exact_sum(large, Decimal::ONE), None);
        assert_eq!(
            exact_sum("0.1".parse().unwrap(), "0.2".parse().unwrap()),
            Some("0.3".parse().unwrap())
        );
        assert_eq!(
            exact_sum("1.50".parse().unwrap(), "-1.5".parse().unwrap()),
            Some(Decimal::ZERO)
        );
    }
}
