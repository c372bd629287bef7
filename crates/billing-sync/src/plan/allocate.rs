//! Charges of a contract as a whole: left as own cost, or divided over the contract's customers by a declared rule.

use super::books::{Account, Heading, Load};
use super::column::Bucket;
use super::draft::{AS_IT_IS, Draft};
use super::evidence::Unplaced;
use super::lines::{Line, exact_sum};
use super::parts::Received;
use super::price::{divided, price_of};
use super::quantity::rounded;
use super::shares::shares;
use super::{Exception, ExceptionKind};
use crate::ids::{ContractId, ServiceName};
use crate::rules::{Method, Over, Round};
use crate::usage::ContractAmount;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a contract is charged for one service in one unit, with what is credited taken off.
#[derive(Clone, Copy, Debug)]
struct Charge<'a> {
    contract: &'a ContractId,
    service: &'a ServiceName,
    unit: &'a str,
    /// `None` when the sum cannot be written down exactly.
    quantity: Option<Decimal>,
    /// `None` when that is not known of every part that has units.
    amount: Option<Decimal>,
}

/// Sums what is charged in several amounts, so that neither their order nor how a vendor splits them reaches the plan.
fn summed(amounts: &[ContractAmount]) -> Vec<Charge<'_>> {
    let nothing = || (Some(Decimal::ZERO), Some(Decimal::ZERO));
    let mut sums: BTreeMap<_, (Option<Decimal>, Option<Decimal>)> = BTreeMap::new();
    for part in amounts {
        let place = (&part.contract, &part.service, part.unit.trim());
        let (quantity, amount) = sums.entry(place).or_insert_with(nothing);
        *quantity = quantity.and_then(|sum| exact_sum(sum, part.quantity));
        *amount = amount
            .zip(price_of(part.quantity, part.amount))
            .and_then(|(sum, amount)| exact_sum(sum, amount));
    }
    sums.into_iter()
        .map(|((contract, service, unit), (quantity, amount))| Charge {
            contract,
            service,
            unit,
            quantity: quantity.map(|quantity| quantity.normalize()),
            amount: amount.map(|amount| amount.normalize()),
        })
        .collect()
}

/// A declared division of one charge.
struct Division<'a> {
    over: &'a Over,
    name: Option<&'a str>,
    round: Option<Round>,
}

impl<'a> Draft<'a> {
    /// Books what belongs to no customer, and divides what is to be divided.
    pub(super) fn take_contract_amounts(&mut self) {
        let rules = self.input.rules;
        let period = self.input.usage.period;
        for charge in summed(&self.input.usage.contract_amounts) {
            let heading = Heading {
                contract: charge.contract,
                service: charge.service,
                unit: charge.unit,
            };
            let load = Load {
                quantity: charge.quantity.unwrap_or_default(),
                amount: charge.amount.filter(|_| charge.quantity.is_some()),
            };
            let account = self.books.receive(heading, load);
            let unplaced = Unplaced {
                contract: charge.contract,
                service: charge.service,
            };
            if charge.quantity.is_none() {
                self.evidence.unplaced.push(unplaced);
                self.evidence.held_contracts.insert(charge.contract);
                let detail = "its units are too large to be summed exactly".to_owned();
                self.except_charge(&charge, ExceptionKind::UnreadableRecord, detail);
                continue;
            }
            let declared = rules
                .allocations
                .iter()
                .find(|it| it.matches(charge.contract, charge.service, period))
                .map(|declared| &declared.method);
            // What is nobody's in particular is left out of a plan for one client.
            let divided = matches!(declared, Some(Method::Divide { .. }));
            // A charge that names no service may be for anything.
            let in_scope = charge.service.is_blank() || rules.covers(charge.service);
            let settled = match declared {
                Some(Method::OwnCost) => true,
                Some(Method::Divide { .. }) => in_scope,
                None => false,
            };
            if !settled && !load.quantity.is_zero() {
                self.evidence.unplaced.push(unplaced);
            }
            if !in_scope || !(divided || self.scope.is_everybody()) {
                self.books.book(account, Bucket::Ignored, load);
                continue;
            }
            match declared {
                Some(Method::OwnCost) => self.books.book(account, Bucket::ContractLevel, load),
                Some(Method::Divide { over, name, round }) => {
                    let division = Division {
                        over,
                        name: name.as_deref(),
                        round: *round,
                    };
                    if let Err((kind, detail)) = self.divide(&charge, account, load, &division) {
                        self.evidence.held_contracts.insert(charge.contract);
                        self.evidence.unplaced.push(unplaced);
                        if self.scope.is_everybody() {
                            self.books.book(account, Bucket::Blocked, load);
                            self.except_charge(&charge, kind, detail);
                        } else {
                            self.books.book(account, Bucket::Ignored, load);
                        }
                    }
                }
                None => {
                    self.books.book(account, Bucket::ContractLevel, load);
                    if !load.quantity.is_zero() {
                        let detail = format!(
                            "charged to contract {} as a whole, not to a customer",
                            charge.contract
                        );
                        self.except_charge(&charge, ExceptionKind::ContractLevel, detail);
                    }
                }
            }
        }
    }

    /// Places a part of the charge for each customer; changes nothing when it cannot be divided.
    fn divide(
        &mut self,
        charge: &Charge<'a>,
        account: Account,
        load: Load,
        division: &Division<'a>,
    ) -> Result<(), (ExceptionKind, String)> {
        let Charge {
            contract,
            service,
            unit,
            ..
        } = *charge;
        let cannot = |why: &str| {
            let detail = format!("the charge of contract {contract} cannot be divided: {why}");
            Err((ExceptionKind::ContractLevel, detail))
        };
        if load.quantity.is_zero() && load.amount.is_some_and(|amount| amount.is_zero()) {
            return Ok(());
        }
        if load.quantity <= Decimal::ZERO {
            return cannot("it has no units");
        }
        let Some(whole) = rounded(load.quantity, division.round) else {
            let detail = format!(
                "the charge of contract {contract} is {}: say how to round it before it is divided",
                load.quantity
            );
            return Err((ExceptionKind::FractionWithoutRule, detail));
        };
        let recipients = self.recipients.of(contract, division.over);
        let weights: Vec<Decimal> = recipients.iter().map(|it| it.weight).collect();
        if weights.is_empty() {
            return cannot("no customer with a client has usage to divide it by");
        }
        let Some(parts) = shares(whole, &weights, 0) else {
            return cannot("the numbers are too large");
        };
        let money = divided(load.amount, &[whole, load.quantity - whole]);
        let mut money = money.into_iter();
        let divisible = money.next().flatten();
        let rounding = Load {
            quantity: load.quantity - whole,
            amount: money.next().flatten(),
        };
        self.books.book(account, Bucket::Rounding, rounding);
        let how = match division.over {
            Over::Customers => "an equal part".to_owned(),
            Over::UsageOf(service) => format!("a part by usage of `{service}`"),
        };
        let part_of = format!(
            "{how} of {} units charged to contract {contract}, over {} customers",
            whole.normalize(),
            parts.len()
        );
        self.evidence.used.insert((service, division.name));
        let prices = divided(divisible, &parts);
        for ((recipient, quantity), amount) in recipients.into_iter().zip(parts).zip(prices) {
            let place = (recipient.customer, contract, service, unit);
            let line = Line {
                customer_name: recipient.name,
                quantity: Some(quantity),
                amount,
                part_of: Some(part_of.clone()),
                ..Line::empty(place)
            };
            let part = Received {
                line,
                quantity,
                account,
            };
            self.place(part, recipient.client, &AS_IT_IS, division.name);
        }
        Ok(())
    }

    fn except_charge(&mut self, charge: &Charge<'_>, kind: ExceptionKind, detail: String) {
        self.exceptions.push(Exception {
            service: (!charge.service.is_blank()).then(|| charge.service.clone()),
            quantity: charge.quantity,
            ..Exception::new(kind, detail)
        });
    }
}
