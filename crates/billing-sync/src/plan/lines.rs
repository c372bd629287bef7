//! Usage lines in one canonical form, so that neither their order nor how a vendor splits them reaches the plan.

use super::matching::client_id_in;
use super::price::price_of;
use crate::ids::{ContractId, CustomerId, ServiceName};
use crate::usage::{DeviceUsage, Usage, UsageLine};
use rust_decimal::Decimal;
use serde::Serialize;
use std::sync::LazyLock;

static NO_CUSTOMER: LazyLock<CustomerId> = LazyLock::new(|| CustomerId::new(""));
static NO_SERVICE: LazyLock<ServiceName> = LazyLock::new(|| ServiceName::new(""));

/// All units of one customer, contract, service and unit of measure. It borrows from the usage: a month may have a million
/// devices.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line<'a> {
    /// Blank when the vendor left it blank.
    pub(super) customer: &'a CustomerId,
    pub(super) customer_name: &'a str,
    pub(super) reference: Option<&'a str>,
    pub(super) contract: &'a ContractId,
    /// Blank when the vendor left it blank.
    pub(super) service: &'a ServiceName,
    pub(super) unit: &'a str,
    /// `None` when the sum cannot be written down exactly.
    pub(super) quantity: Option<Decimal>,
    /// What the vendor charged; `None` when that is not known of every part that has units.
    pub(super) amount: Option<Decimal>,
    /// How it came to this customer, when it is a part of what was charged to the contract.
    pub(super) part_of: Option<String>,
    pub(super) device_count: u64,
    pub(super) devices: Vec<&'a DeviceUsage>,
    /// The customer's usage carries different references.
    pub(super) references_differ: bool,
}

/// Customer, contract, service, unit: what lines are sorted and summed by.
type Place<'a> = (&'a CustomerId, &'a ContractId, &'a ServiceName, &'a str);

/// Sums lines that differ in nothing but their devices, and sorts them.
pub(super) fn canonical(usage: &Usage) -> Vec<Line<'_>> {
    let mut sorted: Vec<(Place<'_>, &UsageLine)> =
        usage.lines.iter().map(|line| (place(line), line)).collect();
    sorted.sort_by_key(|(place, _)| *place);
    let mut lines: Vec<Line<'_>> = sorted
        .chunk_by(|(place, _), (next, _)| place == next)
        .filter_map(|same| {
            let (place, _) = same.first()?;
            let mut line = Line::empty(*place);
            for (_, part) in same {
                line.add(part);
            }
            Some(line.closed())
        })
        .collect();
    for of_customer in lines.chunk_by_mut(|line, next| line.customer == next.customer) {
        compare_references(of_customer);
    }
    lines
}

/// A customer whose usage names several clients is none of them in any line; one that names a single client is it in all.
fn compare_references(of_customer: &mut [Line<'_>]) {
    if of_customer.iter().any(|line| line.customer.is_blank()) {
        return;
    }
    let mut named = of_customer
        .iter()
        .filter_map(|line| line.reference)
        .map(client_id_in);
    let first = named.next();
    let differ = of_customer.iter().any(|line| line.references_differ)
        || named.any(|client| Some(client) != first);
    // A line without a reference is of the same customer: it is not left behind when the others find their client.
    let agreed = of_customer.iter().filter_map(|line| line.reference).min();
    for line in of_customer {
        line.references_differ = differ;
        if !differ {
            line.reference = line.reference.or(agreed);
        }
    }
}

fn place(line: &UsageLine) -> Place<'_> {
    (
        line.customer.as_ref().unwrap_or(&NO_CUSTOMER),
        &line.contract,
        line.service.as_ref().unwrap_or(&NO_SERVICE),
        line.unit.trim(),
    )
}

impl<'a> Line<'a> {
    /// A line without units yet.
    pub(super) fn empty((customer, contract, service, unit): Place<'a>) -> Self {
        Self {
            customer,
            customer_name: "",
            reference: None,
            contract,
            service,
            unit,
            quantity: Some(Decimal::ZERO),
            amount: Some(Decimal::ZERO),
            part_of: None,
            device_count: 0,
            devices: Vec::new(),
            references_differ: false,
        }
    }

    fn add(&mut self, part: &'a UsageLine) {
        self.quantity = self
            .quantity
            .and_then(|so_far| exact_sum(so_far, part.quantity));
        self.amount = self
            .amount
            .zip(price_of(part.quantity, part.amount))
            .and_then(|(so_far, amount)| exact_sum(so_far, amount));
        self.device_count = self.device_count.saturating_add(part.device_count);
        self.devices.extend(&part.devices);
        let name = part.customer_name.trim();
        if !name.is_empty() && (self.customer_name.is_empty() || name < self.customer_name) {
            self.customer_name = name;
        }
        let reference = part
            .customer_reference
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        match (self.reference, reference) {
            (None, _) => self.reference = reference,
            (Some(known), Some(text)) if known != text => {
                self.references_differ = true;
                self.reference = Some(known.min(text));
            }
            _ => {}
        }
    }

    /// The line as its units give it, whatever order they came in.
    fn closed(mut self) -> Self {
        self.quantity = self.quantity.map(|quantity| quantity.normalize());
        self.amount = self.amount.map(|amount| amount.normalize());
        self.devices
            .sort_by(|a, b| (&a.id, &a.name, a.quantity).cmp(&(&b.id, &b.name, b.quantity)));
        self
    }
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
