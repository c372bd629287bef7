//! Rows with named cells out of a CSV or JSON file. Knows columns by what they mean, and nothing of units or customers.

use crate::settings::UsageSettings;
use billing_sync::ports::PortErrorKind;
use csv::{ReaderBuilder, StringRecord};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Longest JSON document that is read, in bytes. A CSV is read row by row and may be of any length.
const MAX_JSON: u64 = 256 << 20;

/// The file cannot be used.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: PortErrorKind,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    fn settings(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind: PortErrorKind::Settings,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    fn unreadable(message: impl Into<String>) -> Self {
        Self {
            kind: PortErrorKind::Unreadable,
            message: message.into(),
            hint: None,
        }
    }
}

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Customer,
    CustomerName,
    CustomerReference,
    Service,
    Quantity,
    Unit,
    Contract,
    Amount,
    Device,
}

/// The columns that the settings name, with their names in the file.
fn wanted(settings: &UsageSettings) -> Vec<(Column, &str)> {
    [
        (Column::Customer, &settings.customer),
        (Column::CustomerName, &settings.customer_name),
        (Column::CustomerReference, &settings.customer_reference),
        (Column::Service, &settings.service),
        (Column::Quantity, &settings.quantity),
        (Column::Unit, &settings.unit),
        (Column::Contract, &settings.contract),
        (Column::Amount, &settings.amount),
        (Column::Device, &settings.device),
    ]
    .into_iter()
    .filter(|(_, name)| !name.is_empty())
    .map(|(column, name)| (column, name.as_str()))
    .collect()
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Text, without blanks around it.
    Text(String),
    /// A number of JSON, digit by digit as it was written.
    Number(String),
}

impl Cell {
    /// As shown; a blank cell is none.
    pub(super) fn text(&self) -> Option<&str> {
        let (Self::Text(text) | Self::Number(text)) = self;
        (!text.is_empty()).then_some(text)
    }
}

/// A row by the meaning of its cells, with its place in the file.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) place: String,
    pub(super) cells: BTreeMap<Column, Cell>,
}

/// Takes the rows.
pub(super) trait Rows {
    fn row(&mut self, row: &Row);
    /// A row whose cells cannot be told apart.
    fn unreadable(&mut self, place: &str, why: &str);
}

pub(super) fn read(
    path: &Path,
    settings: &UsageSettings,
    rows: &mut impl Rows,
) -> Result<(), Fault> {
    let file = File::open(path).map_err(|error| {
        Fault::settings(
            error.to_string(),
            "put the month's file there, or check path in the section [usage]",
        )
    })?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        let mut text = String::new();
        file.take(MAX_JSON + 1)
            .read_to_string(&mut text)
            .map_err(|error| Fault::unreadable(error.to_string()))?;
        if text.len() as u64 > MAX_JSON {
            return Err(Fault::unreadable("the document is longer than 256 MiB"));
        }
        read_json(text.trim_start_matches('\u{feff}'), settings, rows)
    } else {
        read_csv(BufReader::new(file), settings, rows)
    }
}

pub(super) fn read_csv(
    input: impl Read,
    settings: &UsageSettings,
    rows: &mut impl Rows,
) -> Result<(), Fault> {
    let mut reader = ReaderBuilder::new()
        .delimiter(settings.delimiter().unwrap_or(b','))
        .flexible(true)
        .from_reader(input);
    let headers = reader.headers().map_err(|error| csv_fault(&error))?.clone();
    let headers: Vec<&str> = headers
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim())
        .collect();
    if headers.iter().all(|name| name.is_empty()) {
        return Err(Fault::unreadable("the file is empty"));
    }
    let mut places = Vec::new();
    for (column, name) in wanted(settings) {
        let mut found = headers
            .iter()
            .enumerate()
            .filter(|(_, header)| **header == name);
        match (found.next(), found.next()) {
            (Some((index, _)), None) => places.push((column, index)),
            (Some(_), Some(_)) => {
                return Err(Fault::settings(
                    format!("there are two columns `{name}`"),
                    "give each column its own name",
                ));
            }
            (None, _) => return Err(no_column(name, headers.iter().copied())),
        }
    }
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|error| csv_fault(&error))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let place = format!("line {line}");
        if record.len() != headers.len() {
            rows.unreadable(
                &place,
                &format!("{} cells below {} columns", record.len(), headers.len()),
            );
            continue;
        }
        let cells = places.iter().map(|(column, index)| {
            let text = record.get(*index).unwrap_or_default().trim();
            (*column, Cell::Text(text.to_owned()))
        });
        rows.row(&Row {
            place,
            cells: cells.collect(),
        });
    }
    Ok(())
}

/// Without the text at fault: it may be a customer's.
fn csv_fault(error: &csv::Error) -> Fault {
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(1, csv::Position::line);
            Fault::settings(
                format!("line {line} is not UTF-8"),
                "save the file as CSV UTF-8",
            )
        }
        _ => Fault::unreadable(error.to_string()),
    }
}

fn no_column<'a>(name: &str, there: impl Iterator<Item = &'a str>) -> Fault {
    let there: Vec<String> = there.take(40).map(|name| format!("`{name}`")).collect();
    Fault::settings(
        format!("there is no column `{name}`"),
        format!(
            "the columns are {}; say which means what in the section [usage]",
            there.join(", ")
        ),
    )
}

pub(super) fn read_json(
    text: &str,
    settings: &UsageSettings,
    rows: &mut impl Rows,
) -> Result<(), Fault> {
    let mut list = text.trim();
    let steps = settings.rows.split('.').filter(|step| !step.is_empty());
    for step in steps {
        let members: BTreeMap<String, &RawValue> = parsed(list, "an object")?;
        let Some(inner) = members.get(step) else {
            let there: Vec<&str> = members.keys().map(String::as_str).take(40).collect();
            return Err(Fault::settings(
                format!("there is no member `{step}` on the way to the rows"),
                format!("the members there are {}", there.join(", ")),
            ));
        };
        list = inner.get();
    }
    let list: Vec<&RawValue> = parsed(list, "a list of rows")?;
    let wanted = wanted(settings);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut read = Vec::new();
    for (index, row) in list.iter().enumerate() {
        let place = format!("row {}", index + 1);
        match serde_json::from_str::<BTreeMap<String, &RawValue>>(row.get()) {
            Ok(members) => {
                for name in members.keys() {
                    if !seen.contains(name) {
                        seen.insert(name.clone());
                    }
                }
                read.push((place, Some(members)));
            }
            Err(_) => read.push((place, None)),
        }
    }
    if let Some((_, name)) = wanted.iter().find(|(_, name)| !seen.contains(*name))
        && !seen.is_empty()
    {
        return Err(no_column(name, seen.iter().map(String::as_str)));
    }
    for (place, members) in read {
        let Some(members) = members else {
            rows.unreadable(&place, "it is no object");
            continue;
        };
        let cells: Result<_, &str> = wanted
            .iter()
            .filter_map(|(column, name)| Some((*column, members.get(*name)?)))
            .map(|(column, value)| Ok((column, cell(value.get())?)))
            .collect();
        match cells {
            Ok(cells) => rows.row(&Row { place, cells }),
            Err(why) => rows.unreadable(&place, why),
        }
    }
    Ok(())
}

fn parsed<'a, T: serde::Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            Fault::settings(
                format!("there is not {what} where the rows should be"),
                "say the way to the list with rows in the section [usage], for example rows = \"data.items\"",
            )
        } else {
            Fault::unreadable(format!("it is no whole JSON document: line {}", error.line()))
        }
    })
}

fn cell(json: &str) -> Result<Cell, &'static str> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(json)
            .map(|text| Cell::Text(text.trim().to_owned()))
            .map_err(|_| "a text in it cannot be read"),
        Some(b'n') => Ok(Cell::Text(String::new())),
        Some(b'{' | b'[') => Err("a mapped member holds an object or a list"),
        Some(b't' | b'f') => Ok(Cell::Text(json.to_owned())),
        _ => Ok(Cell::Number(json.to_owned())),
    }
}
