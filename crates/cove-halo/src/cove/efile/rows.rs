//! Sums the rows of EFiles by contract, customer and service. What cannot be placed is named, never dropped.

use super::identity::{Directory, Known, key_of};
use crate::cove::collect::Document;
use crate::cove::draft::Draft;
use api_core::wire::{BadRecord, denoise};
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::usage::{ContractAmount, DeviceUsage, UnreadableUsage, UsageLine};
use cove_api::billing::{DetailId, EFileLine, InvoiceId, TimeFrame};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// The rows of all files of a month.
#[derive(Debug)]
pub(super) struct Rows {
    month: TimeFrame,
    /// The invoices that the files belong to.
    pub(super) invoices: BTreeSet<InvoiceId>,
    file: String,
    of_month: u64,
    others: BTreeSet<String>,
    lines: Vec<(String, EFileLine)>,
    bad: Vec<String>,
}

/// What makes rows one line. A customer without an id is told apart by its name.
type Key = (Option<CustomerId>, String, String, String, Option<String>);

#[derive(Debug, Default)]
struct Sum {
    name: String,
    /// `None` once it cannot be written down exactly.
    quantity: Option<Decimal>,
    /// `None` once a row had no cost.
    amount: Option<Decimal>,
    devices: BTreeMap<(String, String), Decimal>,
}

/// One contract in the making.
#[derive(Debug, Default)]
struct Contract {
    sums: BTreeMap<Key, Sum>,
    amounts: Vec<ContractAmount>,
    unreadable: Vec<UnreadableUsage>,
    /// The names under which each device is charged for each product.
    names: BTreeMap<(DetailId, String), BTreeMap<String, Option<CustomerId>>>,
}

impl Rows {
    pub(super) fn new(month: TimeFrame) -> Self {
        Self {
            month,
            invoices: BTreeSet::new(),
            file: String::new(),
            of_month: 0,
            others: BTreeSet::new(),
            lines: Vec::new(),
            bad: Vec::new(),
        }
    }

    /// The rows that follow are of this file.
    pub(super) fn begin(&mut self, file: &str) {
        file.clone_into(&mut self.file);
        self.of_month = 0;
        self.others.clear();
    }

    pub(super) fn add(&mut self, line: EFileLine) {
        match month_of(&line) {
            Some(month) if month == self.month => self.of_month += 1,
            Some(other) => drop(self.others.insert(other.to_string())),
            None => {}
        }
        self.lines.push((self.file.clone(), line));
    }

    pub(super) fn bad(&mut self, record: &BadRecord) {
        self.bad
            .push(format!("{}, {}: {}", self.file, record.path, record.error));
    }

    /// A file that has nothing of the month is the wrong one.
    pub(super) fn end(&mut self) -> Result<(), String> {
        if self.of_month > 0 {
            return Ok(());
        }
        Err(if self.others.is_empty() {
            format!("has no row about {}", self.month)
        } else {
            let others: Vec<&str> = self.others.iter().map(String::as_str).collect();
            format!("is about {}, not {}", others.join(" and "), self.month)
        })
    }

    /// Hands everything to the draft, contract by contract.
    pub(super) fn into_documents(self, directory: &Directory, draft: &mut Draft) {
        let mut contracts: BTreeMap<ContractId, Contract> = BTreeMap::new();
        for detail in self.bad {
            draft.gap(format!("a row of an EFile could not be read: {detail}"));
        }
        for (file, line) in self.lines {
            let number = line.contract_number.clone().unwrap_or_default();
            let id = directory.contract(&number);
            if !draft.is_wanted(&id) {
                continue;
            }
            let place = format!("{file}, row {}", line.row);
            let contract = contracts.entry(id).or_default();
            match month_of(&line) {
                Some(month) if month == self.month => contract.add(line, &place, directory, draft),
                other => {
                    let about =
                        other.map_or_else(|| "no month".to_owned(), |other| other.to_string());
                    let customer = directory.customer(&line).unwrap_or_default().customer;
                    contract.unreadable.push(UnreadableUsage {
                        contract: None,
                        customer,
                        detail: format!("{place} is about {about}, not {}", self.month),
                    });
                }
            }
        }
        for (id, contract) in contracts {
            let mut document = contract.finish();
            document.assign(&id);
            draft.take(document);
        }
    }
}

impl Contract {
    fn add(&mut self, line: EFileLine, place: &str, directory: &Directory, draft: &mut Draft) {
        if line.customer.is_none() && line.device_id.is_none() {
            let amount = line.cost.map(denoise);
            if !line.quantity.is_zero() || amount.is_some_and(|amount| !amount.is_zero()) {
                self.amounts.push(ContractAmount {
                    contract: ContractId::new(""),
                    service: ServiceName::new(&line.product),
                    unit: line.unit.unwrap_or_default(),
                    quantity: denoise(line.quantity),
                    amount,
                });
            }
            return;
        }
        let known = directory.customer(&line).unwrap_or_else(|why| {
            draft.gap(format!("the customer of {place} is not known: {why}"));
            Known::default()
        });
        let name = line.customer.unwrap_or_default();
        if let Some(id) = &line.device_id {
            self.names
                .entry((id.clone(), line.product.clone()))
                .or_default()
                .entry(key_of(&name))
                .or_insert_with(|| known.customer.clone());
        }
        let key = (
            known.customer.clone(),
            if known.customer.is_some() {
                String::new()
            } else {
                key_of(&name)
            },
            line.product,
            line.unit.unwrap_or_default(),
            known.reference,
        );
        let sum = self.sums.entry(key).or_insert_with(|| Sum {
            name,
            quantity: Some(Decimal::ZERO),
            amount: Some(Decimal::ZERO),
            ..Sum::default()
        });
        sum.quantity = add(sum.quantity, Some(line.quantity));
        sum.amount = add(sum.amount, line.cost);
        let id = line.device_id.map(|id| id.as_str().to_owned());
        let device = (id.unwrap_or_default(), line.device_name.unwrap_or_default());
        let units = sum.devices.entry(device).or_default();
        *units = units.saturating_add(line.quantity);
    }

    fn finish(self) -> Document {
        let Self {
            sums,
            amounts,
            mut unreadable,
            names,
        } = self;
        // The same device charged to two names is charged twice, or one of the names is wrong: a person must look.
        for ((device, product), names) in names {
            if names.len() < 2 {
                continue;
            }
            let spelled: Vec<&str> = names.keys().map(String::as_str).collect();
            let detail = format!(
                "device {device} is charged for `{product}` under the names {}",
                spelled.join(" and ")
            );
            let customers: BTreeSet<Option<CustomerId>> = names.into_values().collect();
            unreadable.extend(customers.into_iter().map(|customer| UnreadableUsage {
                contract: None,
                customer,
                detail: detail.clone(),
            }));
        }
        let mut lines = Vec::with_capacity(sums.len());
        for ((customer, _, service, unit, customer_reference), sum) in sums {
            let Some(quantity) = sum.quantity else {
                unreadable.push(UnreadableUsage {
                    contract: None,
                    customer,
                    detail: format!(
                        "the units of `{service}` add up to more than can be written down"
                    ),
                });
                continue;
            };
            let devices: Vec<DeviceUsage> = sum
                .devices
                .into_iter()
                .map(|((id, name), quantity)| DeviceUsage { id, name, quantity })
                .collect();
            lines.push(UsageLine {
                customer,
                customer_name: sum.name,
                customer_reference,
                contract: ContractId::new(""),
                service: Some(ServiceName::new(service)),
                unit,
                quantity: denoise(quantity),
                amount: sum.amount.map(denoise),
                device_count: devices.len() as u64,
                devices,
            });
        }
        Document {
            contract: None,
            number: None,
            // A file has no product of its own; its lines and amounts say what it is about.
            product: Some(String::new()),
            month: None,
            clients_listed: true,
            lines,
            amounts,
            unreadable,
            disagreements: Vec::new(),
            nobodys: Vec::new(),
        }
    }
}

fn add(a: Option<Decimal>, b: Option<Decimal>) -> Option<Decimal> {
    a?.checked_add(b?)
}

fn month_of(line: &EFileLine) -> Option<TimeFrame> {
    let (year, month, _) = line.period_from.as_ref()?.ymd()?;
    TimeFrame::new(u32::try_from(year).ok()?, u32::try_from(month).ok()?)
}
