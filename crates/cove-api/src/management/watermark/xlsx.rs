//! Reads the report's file. The only module that names calamine.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::panic::catch_unwind;

use api_core::Result;
use calamine::{DataRef, Reader, Xlsx};
use zip::ZipArchive;

use super::HighWatermarkReport;
use super::table::{Cell, unreadable};

/// A sheet with more columns is no report: it has about forty.
const MAX_COLUMNS: usize = 512;
/// Bytes that all parts may unpack to: about 200,000 devices. A few bytes can unpack to any number.
const MAX_UNPACKED: u64 = 256 << 20;
/// Cells that are kept, blank ones between others included: about 400,000 devices.
const MAX_CELLS: usize = 16 << 20;

/// Reads a report from an XLSX file: its first sheet.
///
/// The library that unpacks the sheet panics on some damaged files; that is caught here and becomes an error. In a program built
/// with `panic = "abort"` nothing can be caught: such a file ends it. Read untrusted files in a process of their own there.
///
/// # Errors
/// `Decode`, when it is no XLSX, its table is no report, or it unpacks to more than 256 MiB.
pub fn read_high_watermark(xlsx: &[u8]) -> Result<HighWatermarkReport> {
    read_within(xlsx, MAX_UNPACKED, MAX_CELLS)
}

fn read_within(xlsx: &[u8], bytes: u64, cells: usize) -> Result<HighWatermarkReport> {
    // The library overflows on cell references that no honest file has; a damaged file must be an error all the same.
    let rows = catch_unwind(|| unpacks_within(xlsx, bytes).and_then(|()| read(xlsx, cells)))
        .unwrap_or_else(|_| Err("its cells cannot be made sense of".to_owned()))
        .map_err(|error| unreadable(format!("the XLSX file cannot be read: {error}")))?;
    HighWatermarkReport::from_table(rows)
}

/// Unpacks every part to nowhere and counts: the sizes that a file states of itself may be wrong.
fn unpacks_within(xlsx: &[u8], limit: u64) -> Result<(), String> {
    let mut parts = ZipArchive::new(Cursor::new(xlsx)).map_err(|error| error.to_string())?;
    let mut left = limit;
    for index in 0..parts.len() {
        let part = parts.by_index(index).map_err(|error| error.to_string())?;
        let read = io::copy(&mut part.take(left + 1), &mut io::sink());
        let read = read.map_err(|error| error.to_string())?;
        left = left
            .checked_sub(read)
            .ok_or_else(|| format!("it unpacks to more than {limit} bytes"))?;
    }
    Ok(())
}

/// The rows that hold anything. Cell by cell, because a far-off cell would make a dense table of any size.
fn read(xlsx: &[u8], limit: usize) -> Result<Vec<Vec<Cell>>, String> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx)).map_err(|error| error.to_string())?;
    let first = book.sheet_names().into_iter().next();
    let first = first.ok_or("it has no sheet")?;
    let mut cells = book
        .worksheet_cells_reader(&first)
        .map_err(|error| error.to_string())?;
    let mut rows: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
    let mut kept = 0;
    while let Some(found) = cells.next_cell().map_err(|error| error.to_string())? {
        let (row, column) = found.get_position();
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= MAX_COLUMNS {
            return Err(format!("it has more than {MAX_COLUMNS} columns"));
        }
        let row = rows.entry(row).or_default();
        if row.len() <= column {
            kept += column + 1 - row.len();
            if kept > limit {
                return Err(format!("it has more than {limit} cells"));
            }
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

#[cfg(test)]
mod tests {
    use super::read_within;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const START: &str = r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const BOOK: &str = r#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="x" sheetId="1" r:id="r1"/></sheets></workbook>"#;
    const LINKS: &str = r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

    fn workbook(cells: &str) -> Vec<u8> {
        let sheet = format!("<worksheet><sheetData>{cells}</sheetData></worksheet>");
        let mut file = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, part) in [
            ("_rels/.rels", START),
            ("xl/workbook.xml", BOOK),
            ("xl/_rels/workbook.xml.rels", LINKS),
            ("xl/worksheets/sheet1.xml", &sheet),
        ] {
            file.start_file(name, SimpleFileOptions::default()).unwrap();
            file.write_all(part.as_bytes()).unwrap();
        }
        file.finish().unwrap().into_inner()
    }

    const ROW: &str = r#"<row r="1"><c r="A1" t="str"><v>DeviceId</v></c><c r="B1" t="str"><v>CustomerId</v></c><c r="C1" t="str"><v>SelectedSizeGb</v></c><c r="D1" t="str"><v>O365Users</v></c></row><row r="2"><c r="A2"><v>7</v></c><c r="B2"><v>8</v></c></row>"#;

    #[test]
    fn a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read() {
        let honest = workbook(ROW);
        assert_eq!(
            read_within(&honest, 4096, 6).unwrap().rows[0]
                .device_id
                .get(),
            7
        );
        let bomb = workbook(&format!("{ROW}{}", " ".repeat(1 << 20)));
        assert!(bomb.len() < 8192, "{}", bomb.len());
        let error = read_within(&bomb, 1 << 20, 6).unwrap_err();
        assert!(
            error.to_string().contains("unpacks to more than 1048576"),
            "{error}"
        );
        assert_eq!(read_within(&bomb, 2 << 20, 6).unwrap().rows.len(), 1);
    }

    #[test]
    fn a_sheet_whose_rows_are_wider_than_their_cells_is_refused() {
        let sparse = format!("{ROW}<row r=\"3\"><c r=\"SR3\"><v>1</v></c></row>");
        let error = read_within(&workbook(&sparse), 1 << 20, 500).unwrap_err();
        assert!(error.to_string().contains("more than 500 cells"), "{error}");
        assert!(read_within(&workbook(&sparse), 1 << 20, 518).is_ok());
    }
}
