//! The usage that the EFiles of one month state, by customer and service.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use api_core::wire::{BadRecord, Guarded};
use api_core::{Error, ErrorKind, Result};
use rust_decimal::Decimal;

use super::{EFileLine, EFileReader};
use crate::billing::totals::{LineFacts, ServiceTotal, add};
use crate::billing::{DetailId, InvoiceId, TimeFrame};

/// The sums of one or several EFiles: an account may have two invoices in a month.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EFileUsage {
    /// Customers by name, spellings that differ only in capitals and spaces together.
    pub customers: Vec<EFileCustomer>,
    /// Lines without a customer: commitments and the like, which belong to no single one.
    pub contract_level: Vec<ServiceTotal>,
    /// Devices that are charged more than once for the same product. They are in the sums as invoiced; look at them
    /// before billing.
    pub repeated_devices: Vec<RepeatedDevice>,
    /// Invoices seen.
    pub invoices: BTreeSet<InvoiceId>,
    /// Months of activity seen, from `Period From`.
    pub months: BTreeSet<TimeFrame>,
    /// Lines read.
    pub lines: u64,
    /// Lines that could not be read, or not added exactly.
    pub unreadable: Vec<BadRecord>,
    /// Customer and quantity by device and product, to notice repetition.
    devices: BTreeMap<(DetailId, String), Vec<DeviceLine>>,
}

/// One customer of EFiles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EFileCustomer {
    /// The name as compared: lower case, single spaces.
    pub key: String,
    /// The name as spelled, each spelling once, in order of appearance.
    pub spellings: Vec<String>,
    /// Sums by product and unit; `amount` is the sum of `Cost`, `price` the `Rate`.
    pub services: Vec<ServiceTotal>,
    /// Different device ids.
    pub devices: BTreeSet<DetailId>,
}

/// A device with several lines of one product.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatedDevice {
    /// `Device ID`.
    pub device_id: DetailId,
    /// `Product`.
    pub product: String,
    /// Its lines.
    pub lines: Vec<DeviceLine>,
}

/// One of a device's lines.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceLine {
    /// `Usage Customer` as spelled.
    pub customer: Option<String>,
    /// `Quantity`.
    pub quantity: Decimal,
}

impl RepeatedDevice {
    /// Whether the lines name different customers: the same device charged to two, or one of them misspelled.
    pub fn has_several_customers(&self) -> bool {
        self.lines
            .windows(2)
            .any(|pair| pair[0].customer != pair[1].customer)
    }
}

impl EFileUsage {
    /// Adds a file. Lines that cannot be read are listed in `unreadable`.
    ///
    /// # Errors
    /// When the file as a whole cannot be read, and `Conflict` when it holds an invoice that another file held already.
    /// Nothing of it is added then.
    pub fn add_file(&mut self, input: impl Read) -> Result<()> {
        let mut with_it = self.clone();
        let mut invoices = BTreeSet::new();
        for line in EFileReader::new(input)? {
            match line? {
                Guarded::Good(line) => {
                    invoices.extend(line.invoice_id.clone());
                    with_it.add_line(line);
                }
                Guarded::Bad(record) => with_it.unreadable.push(record),
            }
        }
        if let Some(twice) = invoices.intersection(&self.invoices).next() {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("invoice {twice} is in two files"),
            )
            .with_operation("efile")
            .with_hint("give each EFile of the month once"));
        }
        with_it.invoices.extend(invoices);
        with_it.repeated_devices = with_it
            .devices
            .iter()
            .filter(|(_, lines)| lines.len() > 1)
            .map(|((device_id, product), lines)| RepeatedDevice {
                device_id: device_id.clone(),
                product: product.clone(),
                lines: lines.clone(),
            })
            .collect();
        *self = with_it;
        Ok(())
    }

    fn add_line(&mut self, line: EFileLine) {
        self.lines += 1;
        self.months
            .extend(line.period_from.as_ref().and_then(month_of));
        let facts = LineFacts {
            service: Some(&line.product),
            unit: line.unit.as_deref(),
            quantity: line.quantity,
            price: line.rate,
            amount: line.cost,
        };
        let added = match &line.customer {
            None => add(&mut self.contract_level, &facts),
            Some(name) => {
                let customer = self.customer(name);
                customer.devices.extend(line.device_id.clone());
                add(&mut customer.services, &facts)
            }
        };
        if let Err(reason) = added {
            let error = reason.why();
            let raw = line.quantity.to_string();
            let index = usize::try_from(line.row).unwrap_or(usize::MAX);
            let path = format!("row {}", line.row);
            self.unreadable
                .push(crate::billing::record::bad(&path, index, error, &raw));
        }
        if let Some(device_id) = line.device_id {
            self.devices
                .entry((device_id, line.product))
                .or_default()
                .push(DeviceLine {
                    customer: line.customer,
                    quantity: line.quantity,
                });
        }
    }

    fn customer(&mut self, name: &str) -> &mut EFileCustomer {
        let key = normalised(name);
        let place = match self.customers.binary_search_by(|known| known.key.cmp(&key)) {
            Ok(place) => place,
            Err(place) => {
                let customer = EFileCustomer {
                    key,
                    ..EFileCustomer::default()
                };
                self.customers.insert(place, customer);
                place
            }
        };
        let customer = &mut self.customers[place];
        if !customer.spellings.iter().any(|known| known == name) {
            customer.spellings.push(name.to_owned());
        }
        customer
    }
}

fn month_of(date: &crate::billing::DateText) -> Option<TimeFrame> {
    let (year, month, _) = date.ymd()?;
    TimeFrame::new(u32::try_from(year).ok()?, u32::try_from(month).ok()?)
}

/// Capitals and runs of spaces do not make another customer; anything else does.
fn normalised(name: &str) -> String {
    name.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}
