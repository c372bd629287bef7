//! Who shares a charge of a contract: its customers that have usage which is billed to a client.

use super::parts::Received;
use crate::ids::{ContractId, CustomerId, ServiceName};
use crate::rules::Over;
use crate::target::Client;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Usage that is billed, by contract and in the order of the customers.
#[derive(Debug, Default)]
pub(super) struct Recipients<'a>(BTreeMap<&'a ContractId, Vec<Billed<'a>>>);

#[derive(Debug)]
struct Billed<'a> {
    customer: &'a CustomerId,
    name: &'a str,
    service: &'a ServiceName,
    quantity: Decimal,
    client: &'a Client,
}

/// A customer that gets a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipient<'a> {
    pub(super) customer: &'a CustomerId,
    pub(super) name: &'a str,
    pub(super) client: &'a Client,
    /// What its part is in proportion to; never zero.
    pub(super) weight: Decimal,
}

impl<'a> Recipients<'a> {
    /// Takes note of usage that is billed. Lines come sorted by customer and service.
    pub(super) fn note(&mut self, received: &Received<'a>, client: &'a Client) {
        let line = &received.line;
        self.0.entry(line.contract).or_default().push(Billed {
            customer: line.customer,
            name: line.customer_name,
            service: line.service,
            quantity: received.quantity,
            client,
        });
    }

    /// The customers of the contract, by id.
    pub(super) fn of(&self, contract: &ContractId, over: &Over) -> Vec<Recipient<'a>> {
        let billed = self.0.get(contract).map(Vec::as_slice).unwrap_or_default();
        billed
            .chunk_by(|line, next| line.customer == next.customer)
            .filter_map(|lines| {
                let first = lines.first()?;
                let weight = weight(lines, over);
                (!weight.is_zero()).then_some(Recipient {
                    customer: first.customer,
                    name: first.name,
                    client: first.client,
                    weight,
                })
            })
            .collect()
    }
}

fn weight(lines: &[Billed<'_>], over: &Over) -> Decimal {
    let mut services = lines.chunk_by(|line, next| line.service == next.service);
    let weight = match over {
        Over::Customers if services.any(|lines| !units(lines).is_zero()) => Decimal::ONE,
        Over::Customers => Decimal::ZERO,
        Over::UsageOf(service) => services
            .find(|lines| lines.iter().any(|line| line.service == service))
            .map(units)
            .unwrap_or_default(),
    };
    weight.max(Decimal::ZERO)
}

fn units(lines: &[Billed<'_>]) -> Decimal {
    lines
        .iter()
        .fold(Decimal::ZERO, |sum, line| sum.saturating_add(line.quantity))
}
