//! Decoders and field types that several answers share: fields nobody knows yet, secrets, lists that are null.

use std::collections::BTreeMap;
use std::fmt;

use api_core::{SecretString, wire};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What stands in the place of a secret.
const MASK: &str = "[redacted]";

/// The fields of an answer that this version does not know. `Debug` shows only their names, because nobody can
/// tell whether one of them is a secret.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Extra(Map<String, Value>);

impl Extra {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether every field was known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Whether a field of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "token", "passphrase", "visa", "secret"]
        .iter()
        .any(|secret| name.contains(secret))
}

/// Takes the secrets out of a record that is kept as it came because it cannot be read.
pub(crate) fn scrub(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_secret(name) && !value.is_null() {
                    *value = Value::from(MASK);
                } else {
                    scrub(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(scrub),
        _ => {}
    }
}

/// A secret that may be missing; null and blank text are `None`.
pub(crate) fn opt_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(wire::opt_text(deserializer)?.map(SecretString::from))
}

/// A value that may be missing; null and blank text are `None`.
pub(crate) fn opt<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    wire::opt_id(deserializer)
}

/// A list that may be null or missing.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    wire::null_default(deserializer)
}

/// A map, which the API writes as a list of pairs (documented). An object is read as well. Of a repeated key the
/// last value counts.
pub(crate) fn pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Shape {
        Pairs(Vec<(Value, Value)>),
        Object(BTreeMap<String, Value>),
    }
    Ok(match Option::<Shape>::deserialize(deserializer)? {
        None => BTreeMap::new(),
        Some(Shape::Object(object)) => object,
        Some(Shape::Pairs(pairs)) => pairs
            .into_iter()
            .map(|(key, value)| match key {
                Value::String(key) => (key, value),
                key => (key.to_string(), value),
            })
            .collect(),
    })
}

/// [`pairs`] as a value of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pairs(#[serde(deserialize_with = "pairs")] pub(crate) BTreeMap<String, Value>);

#[cfg(test)]
mod tests {
    use super::{Extra, scrub};
    use serde_json::json;

    #[test]
    fn unknown_fields_show_their_names_only() {
        let extra: Extra = serde_json::from_value(json!({"NewToken": "canary", "B": 1})).unwrap();
        assert_eq!(format!("{extra:?}"), r#"{"B", "NewToken"}"#);
        assert_eq!(extra.get("NewToken"), Some(&json!("canary")));
    }

    #[test]
    fn secrets_are_taken_out_at_any_depth() {
        let mut value = json!({"Id": 1, "Password": "canary", "In": [{"AccountToken": "canary", "Password": null}]});
        scrub(&mut value);
        assert_eq!(
            value,
            json!({"Id": 1, "Password": "[redacted]", "In": [{"AccountToken": "[redacted]", "Password": null}]})
        );
    }

    #[test]
    fn maps_are_lists_of_pairs_or_objects() {
        let read = |value| super::pairs(value).unwrap();
        assert_eq!(
            read(json!([["a", "1"], [7, 2]])),
            [("7".into(), json!(2)), ("a".into(), json!("1"))].into()
        );
        assert_eq!(read(json!({"a": 1})), [("a".into(), json!(1))].into());
        assert_eq!(read(json!(null)), [].into());
        assert!(super::pairs(json!([["a"]])).is_err());
    }
}
