//! What the units of the ledger cost at the vendor, per service and in total, and what the vendor stated.

use super::Page;
use super::ledger::name;
use crate::text::{number, plain, usual_prefix};
use billing_sync::plan::{Amounts, LedgerRow, Plan};
use rust_decimal::Decimal;

type Part = fn(&Amounts) -> Option<Decimal>;

const BUCKETS: [(&str, Part); 8] = [
    ("vendor", |it| it.vendor),
    ("billed", |it| it.billed),
    ("ignored", |it| it.ignored),
    ("free", |it| it.free),
    ("rounding", |it| it.rounding),
    ("unmatched", |it| it.unmatched),
    ("blocked", |it| it.blocked),
    ("contract", |it| it.contract_level),
];

/// True when there is anything to show.
pub(super) fn is_known(plan: &Plan) -> bool {
    let money = plan.money();
    money.total.is_some() || !money.contracts.is_empty() || !money.invoices.is_empty()
}

/// The money as a table. Buckets that hold nothing anywhere have no column.
pub(super) fn section(page: &mut Page, plan: &Plan) {
    let money = plan.money();
    page.heading(
        "Money",
        "what the vendor charged for these units; `?`: a line has no price",
    );
    if let Some(total) = &money.total {
        let rows: Vec<(&LedgerRow, &Amounts)> = plan
            .ledger()
            .rows()
            .iter()
            .filter_map(|row| Some((row, row.amount.as_ref()?)))
            .collect();
        let used: Vec<(&str, Part)> = BUCKETS
            .into_iter()
            .filter(|(name, part)| {
                matches!(*name, "vendor" | "billed")
                    || part(total).is_none_or(|amount| !amount.is_zero())
            })
            .collect();
        let mut columns = vec!["service".to_owned()];
        columns.extend(used.iter().map(|(name, _)| format!(">{name}")));
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut table = page.look().table(&columns);
        let prefix = usual_prefix(rows.iter().map(|(row, _)| row.service.as_str()));
        let cells = |of: &Amounts| -> Vec<String> {
            used.iter()
                .map(|(_, part)| part(of).map_or_else(|| "?".to_owned(), hundredths))
                .collect()
        };
        for (row, amounts) in &rows {
            let mut line = vec![name(row, prefix)];
            line.extend(cells(amounts));
            table.add_row(line);
        }
        let mut line = vec!["total".to_owned()];
        line.extend(cells(total));
        table.add_row(line);
        page.table(table);
    }
    for check in &money.contracts {
        let what = format!("contract {}", check.contract_id);
        page.line(held_against(&what, check.stated, check.summed));
    }
    for check in &money.invoices {
        let what = format!("invoice {}", check.invoice);
        page.line(held_against(&what, check.stated, check.summed));
    }
}

/// As on an invoice; JSON has every digit.
fn hundredths(amount: Decimal) -> String {
    number(amount.round_dp(2))
}

fn held_against(what: &str, stated: Decimal, summed: Option<Decimal>) -> String {
    let what = plain(what);
    match summed {
        Some(summed) if summed == stated => {
            format!("{what}: stated {}, as its lines sum to", number(stated))
        }
        Some(summed) => format!(
            "{what}: stated {}, BUT ITS LINES SUM TO {}",
            number(stated),
            number(summed)
        ),
        None => format!(
            "{what}: stated {}; not every line has a price",
            number(stated)
        ),
    }
}
