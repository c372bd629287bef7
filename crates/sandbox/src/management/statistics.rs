//! `EnumerateAccountStatistics` and its history: filter, order, page, columns, totals.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::columns::{Column, Seen};
use super::filter::Filter;
use super::params::{Params, Refusal};
use super::tree::Account;
use super::{Answer, Call, Outcome};
use crate::gate::RepeatPage;
use crate::switches::{ManagementSwitches, TotalsShape};

/// Every device of the subtree that is there.
pub(super) fn live(call: &mut Call<'_>) -> Outcome {
    run(call, |account| account.removed.is_none())
}

/// Every device that was there at the moment, removed ones included (observed in public scripts).
pub(super) fn past(call: &mut Call<'_>) -> Outcome {
    let time = call.params.integer("timeslice")?;
    run(call, |account| {
        account.created <= time && account.removed.is_none_or(|removed| removed >= time)
    })
}

fn run(call: &Call<'_>, is_there: impl Fn(&Account) -> bool) -> Outcome {
    let switches = &call.state.switches.management;
    if switches.role > 5 {
        return Err(Refusal::security());
    }
    let query = call.params.object("query")?;
    let partner = call.reach(query.id("PartnerId")?)?.id;
    let excluded = query.ids("ExcludedPartners")?;
    let filter = query.get("Filter").map(|_| query.text("Filter"));
    let filter = Filter::parse(filter.transpose()?.unwrap_or_default());
    let filter = filter.ok_or_else(|| Refusal::parameter("Filter"))?;
    let columns = columns(query, switches)?;
    let order = Order::read(query)?;

    let tree = &call.tree;
    let is_below = |account: &Account, above: u64| tree.is_within(account.partner_id, above);
    let seen = |account| Seen {
        account,
        tree,
        world: &call.state.world,
        switches,
    };
    let mut rows: Vec<Seen<'_>> = tree
        .accounts
        .values()
        .filter(|account| {
            is_there(account)
                && is_below(account, partner)
                && !excluded.iter().any(|other| is_below(account, *other))
        })
        .map(seen)
        .filter(|row| filter.passes(row))
        .collect();
    if let Some(order) = &order {
        rows.sort_by_cached_key(|row| order.key(row));
        if order.descending {
            rows.reverse();
        }
    }
    let totals = totals(query, &rows, switches.totals)?;
    let page = page(query, &rows, switches.most_rows, call.repeat)?;
    let page = page.iter().map(|row| settings(row, &columns));
    Ok(Answer {
        result: Some(page.collect()),
        out: vec![("totalStatistics", totals)],
        stored: Vec::new(),
    })
}

/// The columns with the keys under which their values come back. Unknown ones are dropped without a word (observed),
/// forbidden ones fail the call (observed).
fn columns(
    query: Params<'_>,
    switches: &ManagementSwitches,
) -> Result<Vec<(String, Column)>, Refusal> {
    let mut columns = Vec::new();
    for code in query.texts("Columns")? {
        let is_forbidden = |start: &String| code.starts_with(start.as_str());
        if switches.forbidden_columns.iter().any(is_forbidden) {
            return Err(Refusal::security());
        }
        let known = Column::parse(code);
        let key =
            known.and_then(|column| Some((column.key(code, switches.unpadded_columns)?, column)));
        columns.extend(key);
    }
    columns.sort_by(|left, right| left.0.cmp(&right.0));
    columns.dedup();
    Ok(columns)
}

/// An array of objects with one key each, not in the order asked for (documented).
fn settings(row: &Seen<'_>, columns: &[(String, Column)]) -> Value {
    let settings = columns.iter().filter_map(|(key, column)| {
        let value = row.value(*column)?;
        Some(json!({ key.as_str(): value }))
    });
    json!({
        "AccountId": row.account.id,
        "PartnerId": row.account.partner_id,
        "Flags": if row.account.id.is_multiple_of(7) { json!(["AutoDeployed"]) } else { Value::Null },
        "Settings": settings.collect::<Value>(),
    })
}

/// Without `RecordsCount` one row comes back (observed in a public script).
fn page<'a, T>(
    query: Params<'_>,
    rows: &'a [T],
    most: Option<u32>,
    repeat: Option<&RepeatPage>,
) -> Result<&'a [T], Refusal> {
    let number = |name, absent| {
        let number = query.maybe_integer(name)?.unwrap_or(absent);
        usize::try_from(number).map_err(|_| Refusal::parameter(name))
    };
    let (start, count) = (number("StartRecordNumber", 0)?, number("RecordsCount", 1)?);
    let count = count.min(most.map_or(usize::MAX, |most| most as usize));
    let start = match repeat {
        Some(repeat) if start > 0 => {
            repeat.done();
            start.saturating_sub(count)
        }
        _ => start,
    };
    let start = start.min(rows.len());
    let end = start.saturating_add(count).min(rows.len());
    Ok(rows.get(start..end).unwrap_or_default())
}

/// `<column> ASC|DESC`
#[derive(Debug)]
struct Order {
    column: Column,
    descending: bool,
}

impl Order {
    fn read(query: Params<'_>) -> Result<Option<Self>, Refusal> {
        let text = match query.get("OrderBy") {
            None => return Ok(None),
            Some(_) => query.text("OrderBy")?,
        };
        let mut words = text.split_whitespace();
        let Some(code) = words.next() else {
            return Ok(None);
        };
        let column = Column::parse(code).ok_or_else(|| Refusal::parameter("OrderBy"))?;
        let descending = match words.next() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("ASC") => false,
            Some(word) if word.eq_ignore_ascii_case("DESC") => true,
            Some(_) => return Err(Refusal::parameter("OrderBy")),
        };
        Ok(Some(Self { column, descending }))
    }

    fn key(&self, row: &Seen<'_>) -> Key {
        Key(row.value(self.column).unwrap_or_default(), row.account.id)
    }
}

/// Numbers by value, other text by its letters.
#[derive(Debug, PartialEq, Eq)]
struct Key(String, u64);

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |key: &Self| key.0.parse::<i64>().ok();
        (number(self), &self.0, self.1).cmp(&(number(other), &other.0, other.1))
    }
}

fn totals(query: Params<'_>, rows: &[Seen<'_>], shape: TotalsShape) -> Result<Value, Refusal> {
    let asked = query.texts("Totals")?;
    if asked.is_empty() {
        return Ok(Value::Null);
    }
    let mut totals = Vec::new();
    for text in asked {
        totals.push((
            text,
            total(text, rows).ok_or_else(|| Refusal::parameter("Totals"))?,
        ));
    }
    Ok(match shape {
        TotalsShape::Null => Value::Null,
        TotalsShape::Settings => totals
            .into_iter()
            .map(|(text, total)| json!({ text: total.to_string() }))
            .collect(),
        TotalsShape::Object => totals
            .into_iter()
            .map(|(text, total)| (text.to_owned(), json!(total)))
            .collect::<Map<_, _>>()
            .into(),
    })
}

/// `COUNT(condition)`, `SUM(column)`, `MIN(column)`, `MAX(column)`
fn total(text: &str, rows: &[Seen<'_>]) -> Option<i64> {
    let (name, inside) = text.strip_suffix(')')?.split_once('(')?;
    if name == "COUNT" {
        let filter = Filter::parse(inside)?;
        let count = rows.iter().filter(|row| filter.passes(row)).count();
        return i64::try_from(count).ok();
    }
    let column = Column::parse(inside.trim())?;
    let values = rows
        .iter()
        .filter_map(|row| row.value(column)?.parse::<i64>().ok());
    match name {
        "SUM" => Some(values.fold(0, i64::saturating_add)),
        "MIN" => Some(values.min().unwrap_or(0)),
        "MAX" => Some(values.max().unwrap_or(0)),
        _ => None,
    }
}
