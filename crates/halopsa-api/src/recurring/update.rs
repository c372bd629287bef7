//! Changing lines of a recurring invoice so that no other line is lost or altered.
//!
//! It is not known whether HaloPSA keeps lines that an update leaves out. So all lines are sent as they were read, with the
//! edits in them, and the invoice is read again and compared.

use std::collections::BTreeMap;

use api_core::{Error, ErrorKind, Result, Sent};
use serde_json::{Map, Value, json};

use super::{QuantityType, RecurringInvoice, RecurringInvoices, read};
use crate::client::post_array;
use crate::failure::{Needs, unconfirmed};
use crate::ids::{InvoiceLineId, LicenceId, RecurringInvoiceId};
use crate::record::{has_field, is_id};

const POST: &str = "POST RecurringInvoice/updatelines";

/// What must not change on a line that nobody edited.
const WATCHED: [&str; 7] = [
    "_itemid",
    "item_shortdescription",
    "unit_price",
    "unit_cost",
    "isinactive",
    "recurring_invoice_quantity_type",
    "ihid",
];

/// A change of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct LineEdit {
    line: InvoiceLineId,
    fields: Map<String, Value>,
}

impl LineEdit {
    /// Sets fields by their wire names; what is not named stays.
    #[must_use]
    pub fn set(line: InvoiceLineId, fields: Map<String, Value>) -> Self {
        Self { line, fields }
    }

    /// Makes the line take its quantity from these subscriptions, without free units and without minimum.
    #[must_use]
    pub fn count_subscriptions(line: InvoiceLineId, subscriptions: &[LicenceId]) -> Self {
        let kind = QuantityType::Subscriptions.number();
        let linked: Vec<Value> = subscriptions
            .iter()
            .map(
                |id| json!({"licence_id": id.get(), "kind": kind, "qty_free": 0, "minimum_qty": 0}),
            )
            .collect();
        let fields = Map::from_iter([
            ("quantity_subscriptions".to_owned(), Value::Array(linked)),
            ("recurring_invoice_quantity_type".to_owned(), json!(kind)),
        ]);
        Self { line, fields }
    }
}

impl RecurringInvoices {
    /// Changes lines of a recurring invoice; all other lines stay. Three requests: read, write, read again. The write is not
    /// repeated when it may have arrived.
    ///
    /// # Errors
    /// `NotFound` for an edit of a line that does not exist, `Incomplete` when the server shows no lines, `Config` for an edit of
    /// an id (nothing is written in these cases); `Conflict` when lines are not as expected afterwards.
    /// [`Error::may_have_been_sent`] tells about the write: it is false when the reading before it failed, and true when only
    /// the reading after it did.
    pub async fn update_lines(
        &self,
        id: RecurringInvoiceId,
        edits: &[LineEdit],
    ) -> Result<RecurringInvoice> {
        let unsent = |error: Error| error.with_sent(Sent::No);
        let before = self.get_raw(id).await.map_err(unsent)?;
        let lines = lines_of(&before).ok_or_else(|| {
            error(
                ErrorKind::Incomplete,
                format!("the server shows no lines of recurring invoice {id}"),
            )
            .with_sent(Sent::No)
            .with_hint("nothing was written")
        })?;
        let wanted = apply(lines, id, edits).map_err(unsent)?;
        if wanted.is_empty() {
            return read(before, id).map_err(unsent);
        }
        let call = post_array(POST, &["api", "RecurringInvoice", "updatelines"], &wanted)?;
        self.core.send(call, POST, Needs::EDIT_INVOICES).await?;
        let after = self.get_raw(id).await;
        let after = after.map_err(|error| unconfirmed(&error, POST))?;
        let problems = compare(&wanted, lines_of(&after).unwrap_or_default(), edits);
        if !problems.is_empty() {
            return Err(error(
                ErrorKind::Conflict,
                format!(
                    "recurring invoice {id} was written, but is not as expected: {}",
                    problems.join("; ")
                ),
            )
            .with_hint("look at its lines in HaloPSA before the next invoice is made"));
        }
        read(after, id)
    }
}

fn error(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, message).with_operation(POST)
}

fn lines_of(invoice: &Map<String, Value>) -> Option<&[Value]> {
    invoice.get("lines")?.as_array().map(Vec::as_slice)
}

/// All lines, with the edits in them.
fn apply(lines: &[Value], invoice: RecurringInvoiceId, edits: &[LineEdit]) -> Result<Vec<Value>> {
    let mut wanted = lines.to_vec();
    for LineEdit { line, fields } in edits {
        if has_field(fields, "id") || has_field(fields, "ihid") {
            return Err(error(
                ErrorKind::Config,
                "a line's id cannot be edited".to_owned(),
            ));
        }
        let target = wanted
            .iter_mut()
            .find(|candidate| has_id(candidate, line.get()))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| {
                error(
                    ErrorKind::NotFound,
                    format!("recurring invoice {invoice} has no line {line}"),
                )
                .with_hint("nothing was written")
            })?;
        target.extend(fields.clone());
    }
    for line in wanted.iter_mut().filter_map(Value::as_object_mut) {
        line.entry("ihid").or_insert_with(|| json!(invoice.get()));
    }
    Ok(wanted)
}

fn has_id(line: &Value, id: i64) -> bool {
    line.get("id").is_some_and(|found| is_id(found, id))
}

/// What is wrong after the write: missing lines, and fields that differ from what was sent.
fn compare(wanted: &[Value], found: &[Value], edits: &[LineEdit]) -> Vec<String> {
    let by_id: BTreeMap<i64, &Value> = found
        .iter()
        .filter_map(|line| Some((line.get("id")?.as_i64()?, line)))
        .collect();
    let mut problems = Vec::new();
    for line in wanted {
        let Some(id) = line.get("id").and_then(Value::as_i64) else {
            continue;
        };
        let Some(now) = by_id.get(&id) else {
            problems.push(format!("line {id} is gone"));
            continue;
        };
        let edited: Vec<&str> = edits
            .iter()
            .filter(|edit| edit.line.get() == id)
            .flat_map(|edit| edit.fields.keys().map(String::as_str))
            .collect();
        let fields = WATCHED.into_iter().chain(edited.iter().copied());
        for field in fields {
            if !same(line.get(field), now.get(field)) {
                problems.push(format!("line {id} has another {field}"));
            }
        }
        if linked(line) != linked(now) {
            problems.push(format!("line {id} counts other subscriptions"));
        }
    }
    if found.len() > wanted.len() {
        problems.push(format!(
            "there are {} lines instead of {}",
            found.len(),
            wanted.len()
        ));
    }
    problems.sort();
    problems.dedup();
    problems
}

/// Equal, where numbers of different form are equal and what is nested (compared elsewhere) does not count.
fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null)) {
        (Value::Array(_) | Value::Object(_), _) => true,
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

fn linked(line: &Value) -> Vec<(&'static str, i64)> {
    let mut linked: Vec<(&'static str, i64)> = ["quantity_subscriptions", "quantity_licences"]
        .into_iter()
        .flat_map(|key| {
            line.get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(move |quantity| Some((key, quantity.get("licence_id")?.as_i64()?)))
        })
        .collect();
    linked.sort_unstable();
    linked
}

#[cfg(test)]
mod tests {
    use super::{LineEdit, apply, compare};
    use crate::ids::{InvoiceLineId, LicenceId, RecurringInvoiceId};
    use api_core::ErrorKind;
    use serde_json::{Map, Value, json};

    const INVOICE: RecurringInvoiceId = RecurringInvoiceId::new(-94);

    fn lines() -> Vec<Value> {
        vec![
            json!({"id": 3310, "ihid": -94, "unit_price": 12.5, "isinactive": false, "x": {"deep": 1}}),
            json!({"id": 3311, "unit_price": 3, "quantity_subscriptions": [{"licence_id": 7}]}),
        ]
    }

    fn edit(line: i64) -> LineEdit {
        LineEdit::count_subscriptions(InvoiceLineId::new(line), &[LicenceId::new(501)])
    }

    #[test]
    fn all_lines_go_out_and_only_the_edited_one_differs() {
        let wanted = apply(&lines(), INVOICE, &[edit(3310)]).unwrap();
        assert_eq!(
            wanted,
            [
                json!({
                    "id": 3310, "ihid": -94, "unit_price": 12.5, "isinactive": false, "x": {"deep": 1},
                    "recurring_invoice_quantity_type": 4,
                    "quantity_subscriptions": [{"licence_id": 501, "kind": 4, "qty_free": 0, "minimum_qty": 0}],
                }),
                json!({"id": 3311, "ihid": -94, "unit_price": 3, "quantity_subscriptions": [{"licence_id": 7}]}),
            ]
        );
    }

    #[test]
    fn an_edit_of_a_missing_line_or_of_an_id_writes_nothing() {
        let error = apply(&lines(), INVOICE, &[edit(1)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        for name in ["id", "ID", "ihid", "IhId"] {
            let id = LineEdit::set(
                InvoiceLineId::new(3310),
                Map::from_iter([(name.to_owned(), json!(1))]),
            );
            let error = apply(&lines(), INVOICE, &[id]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        }
    }

    #[test]
    fn a_lost_or_altered_line_is_noticed() {
        let edits = [edit(3310)];
        let wanted = apply(&lines(), INVOICE, &edits).unwrap();
        assert_eq!(compare(&wanted, &wanted, &edits), Vec::<String>::new());
        assert_eq!(
            compare(&wanted, &wanted[..1], &edits),
            ["line 3311 is gone"]
        );
        let mut found = wanted.clone();
        found[0]["quantity_subscriptions"] = json!([]);
        found[1]["unit_price"] = json!(4);
        assert_eq!(
            compare(&wanted, &found, &edits),
            [
                "line 3310 counts other subscriptions",
                "line 3311 has another unit_price"
            ]
        );
    }

    #[test]
    fn a_number_written_differently_is_no_change() {
        let mut found = lines();
        found[1]["unit_price"] = json!(3.0);
        assert_eq!(compare(&lines(), &found, &[]), Vec::<String>::new());
    }
}
