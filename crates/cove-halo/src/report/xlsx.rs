//! The tables as a workbook: text stays text, a number that a spreadsheet would round stays text, too.

use super::model::Report;
use super::tables::{Cell, Table};
use super::{RenderError, headline};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, Format, FormatAlign, Workbook, Worksheet, XlsxError};

/// The longest text a cell may hold, in UTF-16 units.
const LONGEST: usize = 32_767;

impl Report {
    /// The workbook: one sheet for each table that has rows, with a heading that stays and a filter.
    ///
    /// # Errors
    /// When a table has more rows than a sheet may have.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, RenderError> {
        self.workbook()
            .map_err(|error| RenderError::new("workbook", error))
    }

    fn workbook(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        book.set_properties(
            &DocProperties::new()
                .set_title(format!(
                    "Cove usage and billing, {}",
                    headline::spoken(self.period)
                ))
                .set_comment(format!("plan {}", self.plan_id)),
        );
        let summary = book.add_worksheet();
        summary.set_name("summary")?;
        for (row, (name, text)) in (0..).zip([
            ("period", self.period.to_string()),
            ("made at", self.made_at.clone()),
            ("plan", self.plan_id.to_string()),
            ("in short", self.headline.clone()),
        ]) {
            summary.write_string(row, 0, name)?;
            summary.write_string(row, 1, fitting(&text))?;
        }
        summary.set_column_width(1, 100)?;
        for table in self.tables() {
            if !table.rows.is_empty() {
                fill(book.add_worksheet(), &table)?;
            }
        }
        book.save_to_buffer()
    }
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    let head = Format::new().set_bold();
    let head_of_numbers = Format::new().set_bold().set_align(FormatAlign::Right);
    let plain = Format::new().set_num_format("#,##0.############");
    let signed = Format::new().set_num_format("+#,##0.############;-#,##0.############;0");
    let right = Format::new().set_align(FormatAlign::Right);
    sheet.set_name(table.name)?;
    for (at, column) in (0..).zip(&table.columns) {
        let format = if column.is_number {
            &head_of_numbers
        } else {
            &head
        };
        sheet.write_string_with_format(0, at, column.key, format)?;
    }
    let mut rows = 0;
    for (row, cells) in (1..).zip(&table.rows) {
        rows = row;
        for (at, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string(row, at, fitting(text))?;
                }
                Cell::Number(number) | Cell::Difference(number) => {
                    let format = if matches!(cell, Cell::Number(_)) {
                        &plain
                    } else {
                        &signed
                    };
                    match exact(*number) {
                        Some(number) => sheet.write_number_with_format(row, at, number, format)?,
                        None => sheet.write_string_with_format(row, at, cell.exact(), &right)?,
                    };
                }
            }
        }
    }
    let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, rows, last)?;
    sheet.autofit();
    Ok(())
}

/// The number as a spreadsheet keeps it, if it keeps all of it: 15 digits.
fn exact(number: Decimal) -> Option<f64> {
    let number = number.normalize();
    let digits = number.mantissa().unsigned_abs().to_string().len();
    (digits <= 15).then(|| number.to_f64()).flatten()
}

/// Text that fits into a cell.
fn fitting(text: &str) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|character| {
            used += character.len_utf16();
            used <= LONGEST
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, exact, fitting};

    #[test]
    fn a_number_that_a_spreadsheet_would_round_is_not_made_one() {
        assert_eq!(exact("1400.407".parse().unwrap()), Some(1400.407));
        assert_eq!(exact("-0.593".parse().unwrap()), Some(-0.593));
        assert_eq!(
            exact("123456789012345".parse().unwrap()),
            Some(123_456_789_012_345.0)
        );
        assert_eq!(exact("1234567890123456".parse().unwrap()), None);
        assert_eq!(exact("0.1234567890123456".parse().unwrap()), None);
    }

    #[test]
    fn a_text_too_long_for_a_cell_is_cut_between_characters() {
        let text = "💾".repeat(LONGEST);
        assert_eq!(fitting(&text).encode_utf16().count(), LONGEST - 1);
        assert_eq!(fitting("short"), "short");
    }
}
