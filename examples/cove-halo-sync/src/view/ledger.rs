//! Where every vendor unit went, per service and in total.

use super::Page;
use super::names::prefix_remark;
use crate::text::{fit, number, usual_prefix};
use billing_sync::plan::LedgerRow;
use rust_decimal::Decimal;

type Part = fn(&LedgerRow) -> Decimal;

/// The buckets a unit can end up in, by the word for them.
pub(super) const BUCKETS: [(&str, Part); 7] = [
    ("billed", |row| row.billed),
    ("ignored", |row| row.ignored),
    ("free", |row| row.free),
    ("rounding", |row| row.rounding),
    ("unmatched", |row| row.unmatched),
    ("blocked", |row| row.blocked),
    ("contract", |row| row.contract_level),
];

/// The ledger as a table. Buckets that hold nothing anywhere have no column.
pub(super) fn section(page: &mut Page, rows: &[&LedgerRow]) {
    let used: Vec<(&str, Part)> = BUCKETS
        .into_iter()
        .filter(|(name, part)| *name == "billed" || rows.iter().any(|row| !part(row).is_zero()))
        .collect();
    let prefix = usual_prefix(rows.iter().map(|row| row.service.as_str()));
    page.heading("Ledger", &prefix_remark(prefix));
    page.line(if rows.iter().all(|row| row.balances()) {
        "units; in every row, vendor is the sum of the columns after it"
    } else {
        "units; IT DOES NOT ADD UP, this plan is never applied"
    });
    let mut columns = vec!["service".to_owned(), ">vendor".to_owned()];
    columns.extend(used.iter().map(|(name, _)| format!(">{name}")));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = page.look().table(&columns);
    for row in rows {
        let mut cells = vec![name(row, prefix), number(row.vendor)];
        cells.extend(used.iter().map(|(_, part)| number(part(row))));
        table.add_row(cells);
    }
    if rows.len() > 1 {
        let total = |part: Part| {
            rows.iter()
                .try_fold(Decimal::ZERO, |sum, row| sum.checked_add(part(row)))
                .map_or_else(|| "?".to_owned(), number)
        };
        let mut cells = vec!["total".to_owned(), total(|row| row.vendor)];
        cells.extend(used.iter().map(|(_, part)| total(*part)));
        table.add_row(cells);
    }
    page.table(table);
}

pub(super) fn name(row: &LedgerRow, prefix: &str) -> String {
    let service = row.service.as_str();
    let mut name = match service.strip_prefix(prefix).unwrap_or(service) {
        "" => "(none)".to_owned(),
        service => service.to_owned(),
    };
    if !row.unit.is_empty() {
        name = format!("{name}, {}", row.unit);
    }
    let mark = if row.balances() { "" } else { " (!)" };
    format!("{}{mark}", fit(&name, 40))
}
