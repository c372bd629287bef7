//! `[usage]`: usage of any vendor from a CSV or JSON file, by saying which column means what. No code is needed.

use super::Settings;
use super::problem::{Problem, problem};
use serde::{Deserialize, Serialize};

/// `[usage]`: with `path` set, a month's usage is read from a file, and `[cove]` is not asked for anything.
///
/// A column that the vendor does not have is `""`. In a JSON file a column is a member of each row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageSettings {
    /// The file of a month: `{period}` stands for `202610`, `{year}` and `{month}` for `2026` and `10`. The month must be in it, so
    /// that one month's file is never billed for another. CSV, or JSON when it ends in `.json`.
    pub path: String,
    /// Whose usage it is, in a word. The state belongs to it. Required with `path`.
    pub vendor: String,
    /// The day (1 to 28, UTC) of the next month from which a month's file is final; 0: as soon as it is there. Left out: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_from_day: Option<u8>,
    /// Whether the file lists everybody: then a customer that is missing in it has left, and counts of 0 may follow.
    pub lists_everybody: bool,
    /// What stands in the customer's column of the row that states the total quantity; `""`: there is no such row. With it, a file
    /// that was cut short is an error.
    pub total_row: String,
    /// What stands between two columns of a CSV: one character, or `\t`.
    pub delimiter: String,
    /// What stands before the decimals: `.` or `,`.
    pub decimal: String,
    /// JSON: the way to the list of rows, for example `data.items`; `""`: the document is the list.
    pub rows: String,
    /// The column of the vendor's customer id.
    pub customer: String,
    /// The column of the customer's name.
    pub customer_name: String,
    /// The column of the reference that the vendor keeps for the customer, for `[match] key = "reference"`.
    pub customer_reference: String,
    /// The column of the service. One of this and `service_name`.
    pub service: String,
    /// The service of every row, where the file is about one.
    pub service_name: String,
    /// The column of the quantity.
    pub quantity: String,
    /// The column of the unit.
    pub unit: String,
    /// The column of the contract; without one, the vendor is the contract.
    pub contract: String,
    /// The column of the amount that the vendor charges.
    pub amount: String,
    /// The column of the device.
    pub device: String,
}

impl Default for UsageSettings {
    fn default() -> Self {
        Self {
            path: String::new(),
            vendor: String::new(),
            final_from_day: None,
            lists_everybody: false,
            total_row: String::new(),
            delimiter: ",".to_owned(),
            decimal: ".".to_owned(),
            rows: String::new(),
            customer: "customer".to_owned(),
            customer_name: String::new(),
            customer_reference: String::new(),
            service: String::new(),
            service_name: String::new(),
            quantity: "quantity".to_owned(),
            unit: String::new(),
            contract: String::new(),
            amount: String::new(),
            device: String::new(),
        }
    }
}

impl UsageSettings {
    /// Whether usage comes from a file.
    pub fn is_set(&self) -> bool {
        !self.path.is_empty()
    }

    /// The delimiter of a CSV, if it can be one.
    pub(crate) fn delimiter(&self) -> Option<u8> {
        match self.delimiter.as_bytes() {
            b"\\t" | b"tab" => Some(b'\t'),
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => {
                Some(*byte)
            }
            _ => None,
        }
    }

    pub(super) fn tidy(&mut self) {
        let Self {
            path,
            vendor,
            final_from_day: _,
            lists_everybody: _,
            total_row,
            delimiter: _,
            decimal,
            rows,
            customer,
            customer_name,
            customer_reference,
            service,
            service_name,
            quantity,
            unit,
            contract,
            amount,
            device,
        } = self;
        for text in [
            path,
            vendor,
            total_row,
            decimal,
            rows,
            customer,
            customer_name,
            customer_reference,
            service,
            service_name,
            quantity,
            unit,
            contract,
            amount,
            device,
        ] {
            *text = text.trim().to_owned();
        }
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        for (key, value) in [
            ("usage.vendor", &self.vendor),
            ("usage.customer", &self.customer),
            ("usage.quantity", &self.quantity),
        ] {
            if value.is_empty() {
                return Err(problem(
                    key,
                    format!("{key} is not set"),
                    "with a path, the section [usage] needs vendor, customer and quantity",
                ));
            }
        }
        if self.service.is_empty() == self.service_name.is_empty() {
            return Err(problem(
                "usage.service",
                "one of service and service_name says what the service is",
                "give service = \"COLUMN\", or service_name = \"NAME\" where every row is of one service",
            ));
        }
        self.check_path()?;
        if self.final_from_day.is_some_and(|day| day > 28) {
            return Err(problem(
                "usage.final_from_day",
                "this is not a day that every month has",
                "give a day from 1 to 28, or 0 when a file is final as soon as it is there",
            ));
        }
        if self.delimiter().is_none() {
            return Err(problem(
                "usage.delimiter",
                format!("`{}` cannot stand between columns", self.delimiter),
                "use one of , ; | or \\t",
            ));
        }
        if ![".", ","].contains(&self.decimal.as_str()) {
            return Err(problem(
                "usage.decimal",
                format!("`{}` cannot stand before decimals", self.decimal),
                "use . or ,",
            ));
        }
        Ok(())
    }

    fn check_path(&self) -> Result<(), Problem> {
        let rest = ["{period}", "{year}", "{month}"]
            .iter()
            .fold(self.path.clone(), |path, known| path.replace(known, ""));
        if rest.contains(['{', '}']) {
            return Err(problem(
                "usage.path",
                format!("`{}` has a placeholder that does not exist", self.path),
                "the placeholders are {period}, {year} and {month}",
            ));
        }
        let has = |placeholder: &str| self.path.contains(placeholder);
        if has("{period}") || (has("{year}") && has("{month}")) {
            return Ok(());
        }
        Err(problem(
            "usage.path",
            "the month is not in the path: one month's file would be billed for another",
            "name the files by month, for example usage-{period}.csv or {year}/{month}.json",
        ))
    }
}

impl Settings {
    /// The prefixes of the services that are synced. They are Cove's: a file holds what it holds.
    pub(super) fn products(&self) -> Vec<String> {
        if self.usage.is_set() {
            Vec::new()
        } else {
            self.cove.products.clone()
        }
    }
}
