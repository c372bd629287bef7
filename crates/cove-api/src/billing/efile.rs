//! The invoice's data file (EFile): the same usage as CSV, downloaded by hand from the vendor's portal.
//!
//! It is the only source of unit prices for indirect accounts. It names customers, not client ids.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use api_core::wire::Guarded;
use api_core::{Error, ErrorKind, Result};
use csv::ByteRecord;
use rust_decimal::Decimal;

use super::record::{self, Fault};
use super::{DateText, DetailId, InvoiceId, number};

mod usage;

pub use usage::{DeviceLine, EFileCustomer, EFileUsage, RepeatedDevice};

/// One line of an EFile (columns observed in public clients).
#[derive(Debug, Clone, PartialEq)]
pub struct EFileLine {
    /// Row of the file as a spreadsheet counts it, the header being 1.
    pub row: u64,
    /// `Account Name`.
    pub account_name: Option<String>,
    /// `Account Number`.
    pub account_number: Option<String>,
    /// `Invoice Number`.
    pub invoice_id: Option<InvoiceId>,
    /// `Invoice Date`.
    pub invoice_date: Option<DateText>,
    /// `Contract Number`.
    pub contract_number: Option<String>,
    /// `Tenant`.
    pub tenant: Option<String>,
    /// `Product`: "product | service", with its ending as sent.
    pub product: String,
    /// What the ending of `product` says.
    pub variant: EFileVariant,
    /// `UOM`.
    pub unit: Option<String>,
    /// `Quantity`, exact.
    pub quantity: Decimal,
    /// `Rate`; blank or 0 where usage stayed below the commitment.
    pub rate: Option<Decimal>,
    /// `Cost`.
    pub cost: Option<Decimal>,
    /// `List Price`.
    pub list_price: Option<Decimal>,
    /// `Usage Customer`; `None` on lines of the contract as a whole.
    pub customer: Option<String>,
    /// `Customer Site`.
    pub site: Option<String>,
    /// `Device Name`.
    pub device_name: Option<String>,
    /// `Device Type`.
    pub device_type: Option<String>,
    /// `Device ID`.
    pub device_id: Option<DetailId>,
    /// `Rating Method`: `Usage`, `Subscription` and others.
    pub rating_method: Option<String>,
    /// `Period From` (`MM-DD-YYYY`).
    pub period_from: Option<DateText>,
    /// `Period To`.
    pub period_to: Option<DateText>,
    /// Other columns, by their header.
    pub extra: BTreeMap<String, String>,
}

/// The variants that product names end in (observed in public clients).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EFileVariant {
    /// No known ending.
    #[default]
    Plain,
    /// `- Commitment`.
    Commitment,
    /// `- Postpaid Commitment`.
    PostpaidCommitment,
    /// `- Freemium`.
    Freemium,
}

const ENDINGS: [(&str, EFileVariant); 3] = [
    ("- Postpaid Commitment", EFileVariant::PostpaidCommitment),
    ("- Commitment", EFileVariant::Commitment),
    ("- Freemium", EFileVariant::Freemium),
];

fn variant_of(product: &str) -> EFileVariant {
    let ends_in = |ending: &str| {
        let cut = product.len().saturating_sub(ending.len());
        let split = product.split_at_checked(cut);
        split.is_some_and(|(_, tail)| tail.eq_ignore_ascii_case(ending))
    };
    let found = ENDINGS.into_iter().find(|(ending, _)| ends_in(ending));
    found.map_or(EFileVariant::Plain, |(_, variant)| variant)
}

/// Columns without which a file is no EFile.
const COLUMNS: [&str; 20] = [
    "Account Name",
    "Account Number",
    "Invoice Number",
    "Invoice Date",
    "Contract Number",
    "Tenant",
    "Product",
    "UOM",
    "Quantity",
    "Rate",
    "Cost",
    "List Price",
    "Usage Customer",
    "Customer Site",
    "Device Name",
    "Device Type",
    "Device ID",
    "Rating Method",
    "Period From",
    "Period To",
];

/// Largest line that is read, in bytes; a quote that is never closed must not read the file into one field.
const LINE_BYTES: usize = 1 << 20;

/// Refuses to read on when one line takes more than [`LINE_BYTES`].
#[derive(Debug)]
struct Bounded<R> {
    input: R,
    /// Bytes left for the line; shared with the reader, which sets it anew at each.
    left: Arc<AtomicUsize>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            let what = format!("a line is larger than {LINE_BYTES} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
        }
        let bytes = self.input.read(buffer)?;
        self.left
            .store(left.saturating_sub(bytes), Ordering::Relaxed);
        Ok(bytes)
    }
}

/// Reads an EFile line by line, in constant memory.
#[derive(Debug)]
pub struct EFileReader<R> {
    reader: csv::Reader<Bounded<R>>,
    left: Arc<AtomicUsize>,
    /// Name of each column, and its place among [`COLUMNS`] if it is one of them.
    header: Vec<(String, Option<usize>)>,
    record: ByteRecord,
    failed: bool,
}

impl<R: Read> EFileReader<R> {
    /// Reads the header. Columns may come in any order, and others beside the known ones.
    ///
    /// # Errors
    /// `Decode` when a column is missing or the input is no CSV; `Transport` when it cannot be read.
    pub fn new(input: R) -> Result<Self> {
        let left = Arc::new(AtomicUsize::new(LINE_BYTES));
        let bounded = Bounded {
            input,
            left: Arc::clone(&left),
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(bounded);
        let names = reader.byte_headers().map_err(unreadable)?;
        let mut header: Vec<(String, Option<usize>)> = Vec::new();
        for name in names {
            let text = String::from_utf8_lossy(name);
            let name = text.trim_start_matches('\u{feff}').trim().trim_matches('"');
            let known = COLUMNS
                .iter()
                .position(|column| super::fields::same_name(name, column));
            if let Some(known) = known
                && header.iter().any(|(_, other)| *other == Some(known))
            {
                return Err(no_efile(&format!("column {name:?} is there twice")));
            }
            header.push((name.to_owned(), known));
        }
        let missing: Vec<&str> = COLUMNS
            .iter()
            .enumerate()
            .filter(|(place, _)| !header.iter().any(|(_, known)| *known == Some(*place)))
            .map(|(_, column)| *column)
            .collect();
        if !missing.is_empty() {
            return Err(no_efile(&format!(
                "columns are missing: {}",
                missing.join(", ")
            )));
        }
        Ok(Self {
            reader,
            left,
            header,
            record: ByteRecord::new(),
            failed: false,
        })
    }

    /// Reads the next row that holds anything. Spreadsheets end a file they save with rows of nothing but commas.
    fn read_row(&mut self) -> Result<bool, csv::Error> {
        loop {
            self.left.store(LINE_BYTES, Ordering::Relaxed);
            if !self.reader.read_byte_record(&mut self.record)? {
                return Ok(false);
            }
            if !self
                .record
                .iter()
                .all(|field| field.trim_ascii().is_empty())
            {
                return Ok(true);
            }
        }
    }

    fn line(&self, row: u64) -> Result<EFileLine, Fault> {
        let mut known: [Option<&str>; COLUMNS.len()] = [None; COLUMNS.len()];
        let mut extra = BTreeMap::new();
        if self.record.len() != self.header.len() {
            let (has, wants) = (self.record.len(), self.header.len());
            return Err(format!("{has} columns where the header has {wants}").into());
        }
        for (bytes, (name, place)) in self.record.iter().zip(&self.header) {
            let fault = |_| Fault {
                path: name.clone(),
                what: "not UTF-8".to_owned(),
            };
            let text = std::str::from_utf8(bytes).map_err(fault)?.trim();
            match place {
                _ if text.is_empty() => {}
                Some(place) => known[*place] = Some(text),
                None => drop(extra.insert(name.clone(), text.to_owned())),
            }
        }
        let text = |column: &str| {
            let place = COLUMNS.iter().position(|known| *known == column)?;
            known[place].map(str::to_owned)
        };
        let decimal = |column: &str| match text(column) {
            None => Ok(None),
            Some(text) => number::parse(&text).map(Some).ok_or_else(|| Fault {
                path: column.to_owned(),
                what: format!(
                    "{:?} is not a decimal number",
                    text.chars().take(60).collect::<String>()
                ),
            }),
        };
        let required = |column: &str| Fault {
            path: column.to_owned(),
            what: "blank".to_owned(),
        };
        let product = text("Product").ok_or_else(|| required("Product"))?;
        Ok(EFileLine {
            row,
            variant: variant_of(&product),
            quantity: decimal("Quantity")?.ok_or_else(|| required("Quantity"))?,
            rate: decimal("Rate")?,
            cost: decimal("Cost")?,
            list_price: decimal("List Price")?,
            account_name: text("Account Name"),
            account_number: text("Account Number"),
            invoice_id: text("Invoice Number").map(InvoiceId::new),
            invoice_date: text("Invoice Date").map(DateText::new),
            contract_number: text("Contract Number"),
            tenant: text("Tenant"),
            product,
            unit: text("UOM"),
            customer: text("Usage Customer"),
            site: text("Customer Site"),
            device_name: text("Device Name"),
            device_type: text("Device Type"),
            device_id: text("Device ID").map(DetailId::new),
            rating_method: text("Rating Method"),
            period_from: text("Period From").map(DateText::new),
            period_to: text("Period To").map(DateText::new),
            extra,
        })
    }
}

impl<R: Read> Iterator for EFileReader<R> {
    /// A line, or one that cannot be read, or the end of all reading.
    type Item = Result<Guarded<EFileLine>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.read_row() {
            Ok(false) => None,
            Ok(true) => {
                let row = self.record.position().map_or(0, |at| at.record() + 1);
                Some(Ok(match self.line(row) {
                    Ok(line) => Guarded::Good(line),
                    Err(fault) => {
                        let raw = serde_json::Value::from(
                            self.record
                                .iter()
                                .map(|field| String::from_utf8_lossy(field))
                                .collect::<Vec<_>>(),
                        );
                        let index = usize::try_from(row).unwrap_or(usize::MAX);
                        Guarded::Bad(record::bad(
                            &format!("row {row}"),
                            index,
                            fault,
                            &raw.to_string(),
                        ))
                    }
                }))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(unreadable(error)))
            }
        }
    }
}

fn no_efile(what: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("no EFile: {what}"))
        .with_operation("efile")
        .with_hint(
            "take the invoice's Data Usage file as comma-separated CSV, not as a spreadsheet",
        )
}

fn unreadable(error: csv::Error) -> Error {
    let kind = match error.kind() {
        csv::ErrorKind::Io(io) if io.kind() != std::io::ErrorKind::InvalidData => {
            ErrorKind::Transport
        }
        _ => ErrorKind::Decode,
    };
    Error::new(kind, "the EFile cannot be read")
        .with_operation("efile")
        .with_source(error)
}

#[cfg(test)]
mod tests;
