//! Decoding one record at a time, because one unreadable record must neither vanish nor take its neighbours along.

use api_core::wire::{BadRecord, Guarded};
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::Fields;

/// The raw text kept of an unreadable record; more would let hostile input decide our memory.
const RAW_KEPT: usize = 16 * 1024;

/// Why a record is unreadable: the member at fault (empty for the record itself), and what is wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) what: String,
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self {
            path: String::new(),
            what,
        }
    }
}

/// Decodes one record.
pub(crate) fn decode<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|plain| {
        // Decoded again only to learn the path: tracking it costs time that good records should not pay.
        let mut deserializer = serde_json::Deserializer::from_str(json);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(error) => Fault {
                path: match error.path().to_string() {
                    path if path == "." => String::new(),
                    path => path,
                },
                what: error.inner().to_string(),
            },
            Ok(_) => plain.to_string().into(),
        }
    })
}

/// The record as a guarded one; `path` is its place in the answer.
pub(crate) fn guard<T: DeserializeOwned>(path: &str, index: usize, json: &str) -> Guarded<T> {
    match decode(json) {
        Ok(record) => Guarded::Good(record),
        Err(fault) => Guarded::Bad(bad(path, index, fault, json)),
    }
}

/// Objects of a list called `name`, each as a guarded record.
pub(crate) fn guard_all<T: DeserializeOwned>(name: &str, found: &[Fields]) -> Vec<Guarded<T>> {
    found
        .iter()
        .enumerate()
        .map(|(index, fields)| guard(&format!("{name}[{index}]"), index, &fields.to_json()))
        .collect()
}

/// The report of an unreadable record: where it was, why it was refused, and its beginning at least.
pub(crate) fn bad(path: &str, index: usize, fault: impl Into<Fault>, json: &str) -> BadRecord {
    let fault = fault.into();
    let raw = if json.len() <= RAW_KEPT {
        serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
    } else {
        Value::String(json.chars().take(RAW_KEPT / 4).collect())
    };
    BadRecord {
        index,
        path: join(path, &fault.path),
        error: fault.what,
        raw,
    }
}

/// A path and the member below it.
pub(crate) fn join(path: &str, member: &str) -> String {
    match (path, member) {
        ("", _) => member.to_owned(),
        (_, "") => path.to_owned(),
        _ => format!("{path}.{member}"),
    }
}

/// The elements of an array; a single object counts as an array of one, null as an empty one.
pub(crate) fn elements(json: &str) -> Result<Vec<&str>, String> {
    match json.as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(json)
            .map(|items| items.into_iter().map(RawValue::get).collect())
            .map_err(|error| error.to_string()),
        Some(b'{') => Ok(vec![json]),
        Some(b'n') if json == "null" => Ok(Vec::new()),
        _ => Err("expected an array".to_owned()),
    }
}

/// Every element on its own; a single object is one element, null is none.
pub(crate) fn guarded_elements<T: DeserializeOwned>(json: &str) -> Result<Vec<Guarded<T>>, String> {
    let items = elements(json)?.into_iter().enumerate();
    Ok(items
        .map(|(index, json)| guard(&format!("[{index}]"), index, json))
        .collect())
}

/// For `deserialize_with`: an id from text or number; null, blank and (with `default`) missing are `None`.
pub(crate) fn optional_id<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
{
    match api_core::wire::opt_text(deserializer)? {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| D::Error::custom("not an id")),
    }
}
