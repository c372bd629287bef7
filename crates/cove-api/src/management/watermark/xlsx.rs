//! Reads the report's file. The only module that names calamine.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::catch_unwind;

use api_core::Result;
use calamine::{DataRef, Reader, Xlsx};

use super::HighWatermarkReport;
use super::table::{Cell, unreadable};

/// A sheet with more columns is no report: it has about forty.
const MAX_COLUMNS: usize = 512;

/// Reads a report from an XLSX file: its first sheet.
///
/// # Errors
/// `Decode`, when it is no XLSX or its table is no report.
pub fn read_high_watermark(xlsx: &[u8]) -> Result<HighWatermarkReport> {
    // The library overflows on cell references that no honest file has; a damaged file must be an error all the same.
    let rows = catch_unwind(|| read(xlsx))
        .unwrap_or_else(|_| Err("its cells cannot be made sense of".to_owned()))
        .map_err(|error| unreadable(format!("the XLSX file cannot be read: {error}")))?;
    HighWatermarkReport::from_table(rows)
}

/// The rows that hold anything. Cell by cell, because a far-off cell would make a dense table of any size.
fn read(xlsx: &[u8]) -> Result<Vec<Vec<Cell>>, String> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx)).map_err(|error| error.to_string())?;
    let first = book.sheet_names().into_iter().next();
    let first = first.ok_or("it has no sheet")?;
    let mut cells = book
        .worksheet_cells_reader(&first)
        .map_err(|error| error.to_string())?;
    let mut rows: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
    while let Some(found) = cells.next_cell().map_err(|error| error.to_string())? {
        let (row, column) = found.get_position();
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= MAX_COLUMNS {
            return Err(format!("it has more than {MAX_COLUMNS} columns"));
        }
        let row = rows.entry(row).or_default();
        if row.len() <= column {
            row.resize(column + 1, Cell::Empty);
        }
        row[column] = cell(found.get_value());
    }
    Ok(rows.into_values().collect())
}

fn cell(data: &DataRef<'_>) -> Cell {
    match data {
        DataRef::Empty => Cell::Empty,
        #[expect(
            clippy::cast_precision_loss,
            reason = "the file's own numbers are floats"
        )]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(value) => Cell::Bool(*value),
        DataRef::DateTime(time) => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            Cell::Text(format!("{year:04}-{month:02}-{day:02}"))
        }
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::Text(text.clone())
        }
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Error(error) => Cell::Text(error.to_string()),
    }
}
