//! Charges of a contract as a whole: left as own cost, or divided over the contract's customers by a declared rule.

use super::amounts::{divided, price_of};
use super::draft::Draft;
use super::ledger::{Account, Bucket, Load};
use super::lines::Line;
use super::quantity::rounded;
use super::shares::shares;
use super::{Exception, ExceptionKind};
use crate::ids::{CustomerId, ServiceName};
use crate::rules::{Method, Over, Round, Terms};
use crate::target::Client;
use crate::usage::ContractAmount;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The customers of a contract that have usage which is billed to a client.
#[derive(Debug, Default)]
pub(super) struct Recipients<'a>(BTreeMap<CustomerId, Recipient<'a>>);

#[derive(Debug)]
struct Recipient<'a> {
    client: &'a Client,
    name: String,
    units: BTreeMap<ServiceName, Decimal>,
}

impl<'a> Recipients<'a> {
    /// Takes note of usage that is billed.
    pub(super) fn note(&mut self, line: &Line, quantity: Decimal, client: &'a Client) {
        let recipient = self
            .0
            .entry(line.customer.clone())
            .or_insert_with(|| Recipient {
                client,
                name: line.customer_name.clone(),
                units: BTreeMap::new(),
            });
        let units = recipient.units.entry(line.service.clone()).or_default();
        *units = units.saturating_add(quantity);
    }
}

impl Recipient<'_> {
    fn weight(&self, over: &Over) -> Decimal {
        let weight = match over {
            Over::Customers if self.units.values().any(|units| !units.is_zero()) => Decimal::ONE,
            Over::Customers => Decimal::ZERO,
            Over::UsageOf(service) => self.units.get(service).copied().unwrap_or_default(),
        };
        weight.max(Decimal::ZERO)
    }
}

/// A declared division of one charge.
struct Division<'r> {
    over: &'r Over,
    name: Option<&'r String>,
    round: Option<Round>,
}

impl Draft<'_> {
    /// Books what belongs to no customer, and divides what is to be divided.
    pub(super) fn take_contract_amounts(&mut self) {
        let rules = self.input.rules;
        let period = self.input.usage.period;
        for charge in &self.input.usage.contract_amounts {
            let account = Account::new(&charge.contract, &charge.service, &charge.unit);
            let load = Load {
                quantity: charge.quantity,
                amount: price_of(charge.quantity, charge.amount),
            };
            self.books.receive(&account, load);
            let declared = rules
                .allocations
                .iter()
                .find(|it| it.matches(&charge.contract, &charge.service, period))
                .map(|declared| &declared.method);
            // What is nobody's in particular is left out of a plan for one client.
            let divided = matches!(declared, Some(Method::Divide { .. }));
            if !self.in_scope(&charge.service) || !(divided || self.scope.is_everybody()) {
                self.books.book(&account, Bucket::Ignored, load);
                continue;
            }
            match declared {
                Some(Method::OwnCost) => self.books.book(&account, Bucket::ContractLevel, load),
                Some(Method::Divide { over, name, round }) => {
                    let division = Division {
                        over,
                        name: name.as_ref(),
                        round: *round,
                    };
                    if let Err((kind, detail)) = self.divide(charge, &account, load, &division) {
                        self.held_contracts.insert(charge.contract.clone());
                        if self.scope.is_everybody() {
                            self.books.book(&account, Bucket::Blocked, load);
                            self.except_charge(charge, kind, detail);
                        } else {
                            self.books.book(&account, Bucket::Ignored, load);
                        }
                    }
                }
                None => {
                    self.books.book(&account, Bucket::ContractLevel, load);
                    if !charge.quantity.is_zero() {
                        let detail = format!(
                            "charged to contract {} as a whole, not to a customer",
                            charge.contract
                        );
                        self.except_charge(charge, ExceptionKind::ContractLevel, detail);
                    }
                }
            }
        }
    }

    /// Places a part of the charge for each customer; changes nothing when it cannot be divided.
    fn divide(
        &mut self,
        charge: &ContractAmount,
        account: &Account,
        load: Load,
        division: &Division<'_>,
    ) -> Result<(), (ExceptionKind, String)> {
        let contract = &charge.contract;
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
        let recipients: Vec<(Decimal, Line, &Client)> = self
            .recipients
            .get(contract)
            .into_iter()
            .flat_map(|recipients| &recipients.0)
            .map(|(customer, it)| {
                (
                    it.weight(division.over),
                    line(charge, customer, it),
                    it.client,
                )
            })
            .filter(|(weight, ..)| !weight.is_zero())
            .collect();
        let weights: Vec<Decimal> = recipients.iter().map(|(weight, ..)| *weight).collect();
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
        let terms = Terms {
            name: division.name.cloned(),
            ..Terms::default()
        };
        let prices = divided(divisible, &parts);
        for (((_, mut line, client), part), price) in recipients.into_iter().zip(parts).zip(prices)
        {
            line.quantity = Some(part);
            line.amount = price;
            line.part_of = Some(part_of.clone());
            self.place(line, part, client, terms.clone());
        }
        Ok(())
    }

    fn except_charge(&mut self, charge: &ContractAmount, kind: ExceptionKind, detail: String) {
        self.exceptions.push(Exception {
            kind,
            customer_id: None,
            customer_name: String::new(),
            service: Some(charge.service.clone()),
            quantity: Some(charge.quantity),
            detail,
        });
    }
}

/// A line of the charge's service for one customer, without units yet.
fn line(charge: &ContractAmount, customer: &CustomerId, of: &Recipient<'_>) -> Line {
    Line {
        customer: customer.clone(),
        customer_name: of.name.clone(),
        reference: None,
        contract: charge.contract.clone(),
        service: charge.service.clone(),
        unit: charge.unit.clone(),
        quantity: None,
        amount: None,
        part_of: None,
        device_count: 0,
        devices: Vec::new(),
        references_differ: false,
    }
}
