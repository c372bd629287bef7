//! The report as plain tables, the same for the page, the workbook and the sheets.

mod billing;
mod usage;

pub(crate) use billing::{exceptions_table, guards_table, ledger_table};
pub(super) use usage::source;

use super::model::Report;
use crate::text;
use rust_decimal::Decimal;
use std::fmt::Display;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words. Never a formula.
    Text(String),
    /// A number. Exact.
    Number(Decimal),
    /// A number shown with its sign.
    Difference(Decimal),
    /// Nothing is known, or nothing applies.
    Empty,
}

impl Cell {
    /// The cell as an exact text: what a sheet holds.
    pub fn exact(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) | Self::Difference(number) => number.normalize().to_string(),
            Self::Empty => String::new(),
        }
    }

    /// The cell as a person reads it: control characters as escapes, thousands grouped.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text::plain(text).into_owned(),
            Self::Difference(number) if number.is_sign_positive() && !number.is_zero() => {
                format!("+{}", text::number(*number))
            }
            Self::Number(number) | Self::Difference(number) => text::number(*number),
            Self::Empty => String::new(),
        }
    }

    fn text(text: impl Display) -> Self {
        Self::Text(text.to_string())
    }

    fn id(id: Option<&impl Display>) -> Self {
        id.map_or(Self::Empty, Self::text)
    }

    fn number(number: impl Into<Decimal>) -> Self {
        Self::Number(number.into())
    }

    fn known(number: Option<Decimal>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    fn difference(number: Option<impl Into<Decimal>>) -> Self {
        number.map_or(Self::Empty, |number| Self::Difference(number.into()))
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in a sheet.
    pub key: &'static str,
    /// Its heading on a page.
    pub label: &'static str,
    /// True for numbers, which stand to the right.
    pub is_number: bool,
}

const fn words(key: &'static str, label: &'static str) -> Column {
    Column {
        key,
        label,
        is_number: false,
    }
}

const fn figures(key: &'static str, label: &'static str) -> Column {
    Column {
        key,
        label,
        is_number: true,
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name: of the sheet, of the file, in a page's address.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, one cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table as comma-separated values, safe to open in a spreadsheet.
    ///
    /// # Errors
    /// When a row has another number of cells than there are columns.
    pub fn to_csv(&self) -> Result<String, super::RenderError> {
        let header: Vec<&str> = self.columns.iter().map(|column| column.key).collect();
        let rows = self.rows.iter().map(|row| {
            row.iter()
                // A number needs no defence, and a minus must stay one.
                .map(|cell| match cell {
                    Cell::Text(text) => text::cell(text).into_owned(),
                    number => number.exact(),
                })
                .collect::<Vec<String>>()
        });
        text::raw_sheet(&header, rows).map_err(|error| super::RenderError::new("sheet", error))
    }
}

impl Report {
    /// Everything the report says, as tables. Their names and columns are stable.
    pub fn tables(&self) -> Vec<Table> {
        vec![
            self.services_table(),
            self.months_table(),
            self.new_and_gone_table(),
            self.movements_table(),
            self.changes_table(),
            self.exceptions_table(),
            self.ledger_table(),
            self.guards_table(),
            self.runs_table(),
            self.billed_then_table(),
            self.used_then_table(),
            self.customers_table(),
            self.devices_table(),
        ]
    }
}
