//! Reads the rows of a report from a table, whatever file the table was in.

use std::collections::BTreeMap;

use api_core::wire::{BadRecord, parse_decimal};
use api_core::{Error, ErrorKind, Result};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{HighWatermarkReport, HighWatermarkRow};

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, also of dates.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
}

impl Cell {
    /// The cell as text; blank, `-` and `N/A` are nothing (assumed).
    fn text(&self) -> Option<String> {
        let text = match self {
            Self::Empty => return None,
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
        };
        (!matches!(text.as_str(), "" | "-" | "N/A" | "n/a")).then_some(text)
    }
}

const REQUIRED: [&str; 4] = ["DeviceId", "CustomerId", "SelectedSizeGb", "O365Users"];

impl HighWatermarkReport {
    /// Reads a table whose first row that holds `DeviceId` names the columns. Rows without any value are skipped.
    ///
    /// # Errors
    /// `Decode`, when there is no such row, a column that billing needs is missing or a column is there twice.
    pub fn from_table(rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Self> {
        let mut rows = rows.into_iter();
        let columns = loop {
            let Some(row) = rows.next() else {
                return Err(unreadable(
                    "the report has no row that names its columns".to_owned(),
                ));
            };
            let columns = header(&row)?;
            if columns.contains_key("DeviceId") {
                break columns;
            }
        };
        if let Some(missing) = REQUIRED.iter().find(|name| !columns.contains_key(**name)) {
            return Err(unreadable(format!("the report has no column {missing}")));
        }
        let mut report = Self::default();
        for (index, cells) in rows.enumerate() {
            if cells.iter().all(|cell| cell.text().is_none()) {
                continue;
            }
            match (Row {
                columns: &columns,
                cells: &cells,
            })
            .read()
            {
                Ok(row) => report.rows.push(row),
                Err((column, what)) => report.bad.push(BadRecord {
                    index,
                    path: column.to_owned(),
                    error: format!("expected {what}"),
                    raw: raw(&columns, &cells),
                }),
            }
        }
        Ok(report)
    }
}

/// Where each column is.
fn header(row: &[Cell]) -> Result<BTreeMap<String, usize>> {
    let mut columns = BTreeMap::new();
    for (index, cell) in row.iter().enumerate() {
        if let Some(name) = cell.text()
            && columns.insert(name.clone(), index).is_some()
        {
            return Err(unreadable(format!("the report has two columns {name}")));
        }
    }
    Ok(columns)
}

struct Row<'a> {
    columns: &'a BTreeMap<String, usize>,
    cells: &'a [Cell],
}

type Fault = (&'static str, &'static str);

impl Row<'_> {
    fn read(&self) -> Result<HighWatermarkRow, Fault> {
        Ok(HighWatermarkRow {
            device_id: self.id("DeviceId")?.into(),
            customer_id: self.id("CustomerId")?.into(),
            customer_name: self.text("CustomerName"),
            customer_reference: self.text("CustomerReference"),
            customer_state: self.text("CustomerState"),
            os_type: self.text("OsType"),
            sku: self.text("CurrentMonthMvSKU"),
            device_name: self.text("DeviceName"),
            computer_name: self.text("ComputerName"),
            created: self.text("CreationDate"),
            deleted: self.text("DeviceDeletionDate"),
            used_gigabytes: self.number("UsedStorageGb")?,
            selected_gigabytes: self.number("SelectedSizeGb")?,
            m365_users: self.number("O365Users")?,
            recovery: self.text("RecoveryTesting"),
        })
    }

    fn text(&self, column: &str) -> Option<String> {
        self.cells.get(*self.columns.get(column)?)?.text()
    }

    fn number(&self, column: &'static str) -> Result<Option<Decimal>, Fault> {
        match self.text(column) {
            None => Ok(None),
            Some(text) => parse_decimal(&text).map(Some).ok_or((column, "a number")),
        }
    }

    fn id(&self, column: &'static str) -> Result<i64, Fault> {
        let number = self
            .number(column)?
            .filter(|number| number.fract().is_zero());
        number
            .and_then(|number| i64::try_from(number).ok())
            .ok_or((column, "an id"))
    }
}

fn raw(columns: &BTreeMap<String, usize>, cells: &[Cell]) -> Value {
    let cell = |(name, index): (&String, &usize)| {
        Some((name.clone(), Value::from(cells.get(*index)?.text())))
    };
    Value::Object(columns.iter().filter_map(cell).collect::<Map<_, _>>())
}

pub(super) fn unreadable(message: String) -> Error {
    Error::new(ErrorKind::Decode, message).with_operation(super::fetch::OPERATION)
}

#[cfg(test)]
mod tests {
    use super::{Cell, HighWatermarkReport};
    use proptest::prelude::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    fn header() -> Vec<Cell> {
        [
            "SelectedSizeGb",
            "Unknown",
            "CustomerId",
            "O365Users",
            "DeviceId",
            "RecoveryTesting",
        ]
        .map(text)
        .to_vec()
    }

    #[test]
    fn columns_are_found_by_name_below_a_title() {
        let rows = vec![
            vec![text("High watermark usage")],
            header(),
            vec![
                Cell::Number(2611.2),
                text("x"),
                text("100100"),
                Cell::Number(0.0),
                Cell::Number(900_002.0),
                Cell::Bool(true),
            ],
            vec![Cell::Empty, text(" ")],
            vec![
                text("-"),
                Cell::Empty,
                Cell::Number(1.0),
                text("38"),
                Cell::Number(2.0),
            ],
        ];
        let report = HighWatermarkReport::from_table(rows).unwrap();
        assert!(report.bad.is_empty());
        let [first, second] = &report.rows[..] else {
            panic!("{report:?}")
        };
        assert_eq!(
            (first.device_id.get(), first.customer_id.get()),
            (900_002, 100_100)
        );
        assert_eq!(first.selected_gigabytes, Some("2611.2".parse().unwrap()));
        assert_eq!(first.recovery.as_deref(), Some("True"));
        assert_eq!(
            (second.selected_gigabytes, second.m365_users),
            (None, Some(38.into()))
        );
    }

    #[test]
    fn an_unreadable_row_is_isolated_and_named() {
        let row = |id: &str| vec![text("1"), Cell::Empty, text("1"), text("0"), text(id)];
        let report =
            HighWatermarkReport::from_table([header(), row("7"), row("x"), row("1.5"), row("")])
                .unwrap();
        assert_eq!(report.rows.len(), 1);
        let faults: Vec<(usize, &str)> = report
            .bad
            .iter()
            .map(|bad| (bad.index, bad.path.as_str()))
            .collect();
        assert_eq!(faults, [(1, "DeviceId"), (2, "DeviceId"), (3, "DeviceId")]);
    }

    #[test]
    fn a_table_that_is_no_report_is_refused() {
        let mut twice = header();
        twice.push(text("DeviceId"));
        let short = vec![text("DeviceId"), text("CustomerId"), text("O365Users")];
        for (rows, said) in [
            (vec![], "no row that names its columns"),
            (vec![vec![text("a")]], "no row that names its columns"),
            (vec![twice], "two columns DeviceId"),
            (vec![short], "no column SelectedSizeGb"),
        ] {
            let error = HighWatermarkReport::from_table(rows).unwrap_err();
            assert!(
                error.is_decode() && error.message().contains(said),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn numbers_of_any_kind_never_panic(number in any::<f64>(), other in any::<f64>()) {
            let row = vec![Cell::Number(number), Cell::Empty, Cell::Number(other), Cell::Number(1.0), Cell::Number(2.0)];
            let report = HighWatermarkReport::from_table([header(), row]).unwrap();
            prop_assert_eq!(report.rows.len() + report.bad.len(), 1);
        }
    }
}
