//! Single records: HaloPSA answers with the bare object, some endpoints with an array of one.

use serde_json::{Map, Value};

/// The record in an answer to a request for one, if it is the one that was asked for.
pub(crate) fn single(answer: Value, id: i64) -> Result<Map<String, Value>, String> {
    let answer = match answer {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        other => other,
    };
    let Value::Object(record) = answer else {
        return Err(format!("expected the record {id}, got no object"));
    };
    match record.get("id") {
        Some(found) if is_id(found, id) => Ok(record),
        Some(found) => Err(format!("expected the record {id}, got {found}")),
        None => Err(format!(
            "expected the record {id}, got an object without id"
        )),
    }
}

/// Whether a JSON value is this id, as a number or as text.
pub(crate) fn is_id(value: &Value, id: i64) -> bool {
    match value {
        Value::Number(number) => number.as_i64() == Some(id),
        Value::String(text) => text.trim().parse() == Ok(id),
        _ => false,
    }
}

/// Whether a record has a field of this name, in any case: to HaloPSA `ID` is presumably the same as `id`.
pub(crate) fn has_field(record: &Map<String, Value>, name: &str) -> bool {
    record.keys().any(|key| key.eq_ignore_ascii_case(name))
}

/// Decodes text; missing, null and blank are empty.
pub(crate) fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(api_core::wire::opt_text(deserializer)?.unwrap_or_default())
}

/// Decodes a flag; missing, null and blank are `false`.
pub(crate) fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(api_core::wire::opt_bool_ish(deserializer)?.unwrap_or_default())
}

/// Decodes an id that has no type of its own.
pub(crate) fn id_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<i64, D::Error> {
    api_core::wire::opt_i64(deserializer)?
        .ok_or_else(|| serde::de::Error::custom("the record has no id"))
}

#[cfg(test)]
mod tests {
    use super::single;
    use serde_json::json;

    #[test]
    fn an_object_or_an_array_of_one_is_the_record() {
        for answer in [json!({"id": 5, "a": 1}), json!([{"id": "5", "a": 1}])] {
            assert_eq!(single(answer, 5).unwrap().get("a"), Some(&json!(1)));
        }
    }

    #[test]
    fn another_record_or_no_record_is_refused() {
        for answer in [
            json!({"id": 6}),
            json!({}),
            json!(null),
            json!([]),
            json!([{"id": 5}, {"id": 5}]),
            json!("x"),
        ] {
            assert!(single(answer.clone(), 5).is_err(), "{answer}");
        }
    }
}
