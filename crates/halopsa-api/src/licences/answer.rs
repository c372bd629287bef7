//! Reading what the server says it stored, whatever shape it says it in.

use serde_json::{Map, Value};

use super::SoftwareLicence;
use super::write::{LicenceWrite, WriteOutcome};
use crate::record::is_id;

type RawRecord = Map<String, Value>;

/// The outcome of each item after a 2xx answer.
pub(super) fn outcomes(items: &[LicenceWrite], body: &[u8]) -> Vec<WriteOutcome> {
    if body.trim_ascii().is_empty() {
        return vec![WriteOutcome::Confirmed(None); items.len()];
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return unknown(
            items,
            "the server accepted the request, but its answer is not JSON",
        );
    };
    let (records, complete) = match answer {
        Value::Array(rows) => (records(rows), true),
        Value::Object(mut object) => match object.remove("licences") {
            Some(Value::Array(rows)) => (records(rows), true),
            Some(_) | None if object.contains_key("id") => (vec![object], items.len() == 1),
            _ => return unknown(items, "the server's answer is an object that is no licence"),
        },
        _ => return unknown(items, "the server's answer is neither a record nor a list"),
    };
    match_all(items, records, complete)
}

fn records(rows: Vec<Value>) -> Vec<RawRecord> {
    rows.into_iter()
        .filter_map(|row| match row {
            Value::Object(record) => Some(record),
            _ => None,
        })
        .collect()
}

/// `complete`: the answer is meant to hold a record for every item, so a missing one says something.
fn match_all(
    items: &[LicenceWrite],
    mut records: Vec<RawRecord>,
    complete: bool,
) -> Vec<WriteOutcome> {
    let mut found: Vec<Option<RawRecord>> = items
        .iter()
        .map(|item| {
            let position = records.iter().position(|record| concerns(item, record))?;
            Some(records.swap_remove(position))
        })
        .collect();
    match_renamed(items, &mut found, records);
    items
        .iter()
        .zip(found)
        .map(|(item, record)| {
            let Some(record) = record else {
                return if complete {
                    WriteOutcome::Unknown {
                        why: "the server's answer does not hold this record".to_owned(),
                    }
                } else {
                    WriteOutcome::Confirmed(None)
                };
            };
            match contradiction(item, &record) {
                Some(why) => WriteOutcome::Unknown { why },
                None => WriteOutcome::Confirmed(
                    serde_json::from_value::<SoftwareLicence>(Value::Object(record))
                        .ok()
                        .map(Box::new),
                ),
            }
        })
        .collect()
}

/// A name may be stored otherwise than it was sent: a record that fits one new licence in all but its name, and no other one,
/// is shown for it.
fn match_renamed(items: &[LicenceWrite], found: &mut [Option<RawRecord>], records: Vec<RawRecord>) {
    let open: Vec<usize> = (0..items.len()).filter(|at| found[*at].is_none()).collect();
    let fit = |record: &RawRecord| -> Vec<usize> {
        let open = open.iter().copied();
        open.filter(|at| fits_but_for_its_name(&items[*at], record))
            .collect()
    };
    let mut shown: Vec<(usize, RawRecord)> = Vec::new();
    for record in records {
        if let [only] = fit(&record).as_slice() {
            shown.push((*only, record));
        }
    }
    for at in open {
        let of_it = shown.iter().filter(|(of, _)| *of == at).count();
        if of_it == 1
            && let Some(position) = shown.iter().position(|(of, _)| *of == at)
        {
            found[at] = Some(shown.swap_remove(position).1);
        }
    }
}

/// Whether a record of the answer is the item's.
fn concerns(item: &LicenceWrite, record: &RawRecord) -> bool {
    match item {
        LicenceWrite::SetCount { id, .. } | LicenceWrite::Update { id, .. } => {
            is(record, "id", id.get())
        }
        LicenceWrite::Create { name, .. } => {
            fits_but_for_its_name(item, record)
                && record.get("name").and_then(Value::as_str).map(str::trim) == Some(name)
        }
    }
}

/// Whether a record is what a new licence asks for, whatever it is called.
fn fits_but_for_its_name(item: &LicenceWrite, record: &RawRecord) -> bool {
    let LicenceWrite::Create {
        client_id,
        count,
        kind,
        ..
    } = item
    else {
        return false;
    };
    let id = record.get("id").and_then(Value::as_i64);
    id.is_some_and(|id| id > 0)
        && is(record, "client_id", client_id.get())
        && is(record, "count", *count)
        && record
            .get("type")
            .is_none_or(|value| value.is_null() || is_id(value, *kind))
}

fn is(record: &RawRecord, key: &str, id: i64) -> bool {
    record.get(key).is_some_and(|value| is_id(value, id))
}

/// Whether the answered record is not what was asked for.
fn contradiction(item: &LicenceWrite, record: &RawRecord) -> Option<String> {
    let asked = match item {
        LicenceWrite::SetCount { count, .. } => Some(*count),
        LicenceWrite::Update { fields, .. } => fields.get("count").and_then(Value::as_i64),
        LicenceWrite::Create { .. } => None,
    };
    let differs = |key: &str, id: i64| {
        record
            .get(key)
            .filter(|value| !value.is_null() && !is_id(value, id))
    };
    if let Some(found) = asked.and_then(|count| differs("count", count)) {
        return Some(format!(
            "asked for count {}, the server's answer shows {found}",
            asked.unwrap_or_default()
        ));
    }
    let client = item.client_id().get();
    differs("client_id", client)
        .map(|found| format!("meant for client {client}, the server's answer shows {found}"))
}

fn unknown(items: &[LicenceWrite], why: &str) -> Vec<WriteOutcome> {
    vec![
        WriteOutcome::Unknown {
            why: why.to_owned()
        };
        items.len()
    ]
}

#[cfg(test)]
mod tests {
    use super::outcomes;
    use crate::ids::{ClientId, LicenceId};
    use crate::licences::{LicenceWrite, WriteOutcome};
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    fn items() -> Vec<LicenceWrite> {
        vec![
            LicenceWrite::set_count(LicenceId::new(501), ClientId::new(12), 5),
            LicenceWrite::create(ClientId::new(13), "Cove - Servers", 1),
        ]
    }

    fn updated() -> Value {
        json!({"id": 501, "type": 1, "name": "Cove - Servers", "count": 5, "client_id": 12})
    }

    fn created() -> Value {
        json!({"id": 504, "type": 1, "name": "Cove - Servers", "count": 1, "client_id": 13})
    }

    fn read(items: &[LicenceWrite], answer: &Value) -> Vec<WriteOutcome> {
        outcomes(items, answer.to_string().as_bytes())
    }

    /// The id of a confirmed record, 0 for confirmed without one, None otherwise.
    fn ids(outcomes: &[WriteOutcome]) -> Vec<Option<i64>> {
        outcomes
            .iter()
            .map(|outcome| match outcome {
                WriteOutcome::Confirmed(Some(record)) => Some(record.id.get()),
                WriteOutcome::Confirmed(None) => Some(0),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn records_of_an_array_are_matched_in_any_order() {
        assert_eq!(
            ids(&read(&items(), &json!([created(), updated()]))),
            [Some(501), Some(504)]
        );
        assert_eq!(
            ids(&read(
                &items(),
                &json!({"licences": [updated(), created()]})
            )),
            [Some(501), Some(504)]
        );
    }

    #[test]
    fn one_object_confirms_the_item_it_shows_and_accepts_the_rest() {
        assert_eq!(ids(&read(&items(), &updated())), [Some(501), Some(0)]);
        assert_eq!(ids(&read(&items()[1..], &created())), [Some(504)]);
    }

    #[test]
    fn an_empty_answer_confirms_without_records() {
        assert_eq!(ids(&outcomes(&items(), b" \r\n")), [Some(0), Some(0)]);
    }

    #[test]
    fn a_record_that_is_missing_from_a_list_is_unknown() {
        assert_eq!(ids(&read(&items(), &json!([updated()]))), [Some(501), None]);
        assert_eq!(ids(&read(&items(), &json!([]))), [None, None]);
        assert_eq!(ids(&read(&items()[..1], &created())), [None]);
    }

    #[test]
    fn an_answer_with_another_count_or_client_is_unknown() {
        let mut record = updated();
        record["count"] = json!(4);
        assert_eq!(ids(&read(&items()[..1], &json!([record]))), [None]);
        let mut record = updated();
        record["client_id"] = json!(99);
        assert_eq!(ids(&read(&items()[..1], &json!([record]))), [None]);
    }

    #[test]
    fn an_unreadable_answer_after_success_is_unknown() {
        for body in [
            "<html></html>",
            "[{\"id\":501",
            "null",
            "7",
            "{}",
            "{\"error\":\"x\"}",
        ] {
            assert_eq!(
                ids(&outcomes(&items(), body.as_bytes())),
                [None, None],
                "{body}"
            );
        }
    }

    #[test]
    fn a_slim_record_confirms_without_a_record() {
        assert_eq!(ids(&read(&items()[..1], &json!([{"id": 501}]))), [Some(0)]);
    }

    #[test]
    fn two_creates_do_not_share_a_record() {
        let twins = [
            LicenceWrite::create(ClientId::new(13), "A", 1),
            LicenceWrite::create(ClientId::new(14), "A", 1),
        ];
        let one = json!([{"id": 1, "type": 1, "name": "A", "count": 1, "client_id": 13}]);
        assert_eq!(ids(&read(&twins, &one)), [Some(1), None]);
    }

    #[test]
    fn a_name_that_is_stored_otherwise_is_shown_where_only_one_can_be_meant() {
        let create = |name| LicenceWrite::create(ClientId::new(13), name, 1);
        let named =
            |id, name| json!({"id": id, "type": 1, "name": name, "count": 1, "client_id": 13});
        let renamed = [create("Gr\u{f6}\u{df}e")];
        assert_eq!(ids(&read(&renamed, &named(7, "Gr??e"))), [Some(7)]);
        let beside = [create("Gr\u{f6}\u{df}e"), create("A")];
        let answer = json!([named(7, "Gr??e"), named(8, "A")]);
        assert_eq!(ids(&read(&beside, &answer)), [Some(7), Some(8)]);
        let two = [create("\u{e4}"), create("\u{f6}")];
        let answer = json!([named(7, "?"), named(8, "?")]);
        assert_eq!(ids(&read(&two, &answer)), [None, None], "either of them");
        let answer = json!([named(7, "?"), named(8, "B")]);
        assert_eq!(ids(&read(&two[..1], &answer)), [None], "either record");
        let mut others = named(7, "?");
        others["client_id"] = json!(14);
        assert_eq!(ids(&read(&two[..1], &others)), [None]);
    }

    proptest! {
        #[test]
        fn every_item_has_an_outcome_whatever_the_body(body in any::<Vec<u8>>()) {
            assert_eq!(outcomes(&items(), &body).len(), 2);
        }
    }
}
