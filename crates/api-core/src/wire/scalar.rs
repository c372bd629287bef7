//! Reads a JSON scalar, whatever features serde_json was built with. Fractions in JSON numbers are floats to it unless one of them is
//! `arbitrary_precision`; whole numbers and text keep every digit.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// A JSON value that is neither list nor object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
}

impl Scalar {
    /// What it is, for error messages; never its content.
    pub(crate) fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Number(_) => Unexpected::Other("number"),
            Self::Text(_) => Unexpected::Other("text"),
        }
    }
}

/// Reads any scalar.
pub(crate) fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
    deserializer.deserialize_any(ScalarVisitor)
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        scalar(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        Number::from_f64(value)
            .map(Scalar::Number)
            .ok_or_else(|| E::invalid_value(Unexpected::Float(value), &"a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        // With serde_json's `arbitrary_precision`, which any crate may switch on for all, numbers
        // arrive as a map with a private key; only serde_json knows how to read it.
        match Value::deserialize(MapAccessDeserializer::new(map))? {
            Value::Number(number) => Ok(Scalar::Number(number)),
            _ => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}

/// Text that is there: a string, trimmed, or a number as it is written.
///
/// # Errors
/// For blank text, null and everything else.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let scalar = scalar(deserializer)?;
    into_text(&scalar)?
        .ok_or_else(|| D::Error::invalid_value(scalar.unexpected(), &"text that is not blank"))
}

/// Text that may be missing: null and blank text are `None`. Trimmed; a number is taken as written.
///
/// # Errors
/// For booleans, lists and objects.
pub fn opt_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    into_text(&scalar(deserializer)?)
}

fn into_text<E: Error>(scalar: &Scalar) -> Result<Option<String>, E> {
    match scalar {
        Scalar::Null => Ok(None),
        Scalar::Text(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Scalar::Number(number) => Ok(Some(number.to_string())),
        Scalar::Bool(_) => Err(E::invalid_type(scalar.unexpected(), &"text")),
    }
}

/// An id that may be missing: null and blank text are `None`, everything else must be a `T`.
///
/// # Errors
/// What `T` does not accept.
pub fn opt_id<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = match scalar(deserializer)? {
        Scalar::Null => return Ok(None),
        Scalar::Text(text) if text.trim().is_empty() => return Ok(None),
        Scalar::Text(text) => Value::String(text),
        Scalar::Number(number) => Value::Number(number),
        Scalar::Bool(value) => Value::Bool(value),
    };
    T::deserialize(value).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        #[serde(deserialize_with = "crate::wire::text")]
        name: String,
        #[serde(default, deserialize_with = "crate::wire::opt_text")]
        note: Option<String>,
    }

    fn row(value: serde_json::Value) -> Result<Row, serde_json::Error> {
        let from_text = serde_json::from_str::<Row>(&value.to_string());
        let from_value = serde_json::from_value::<Row>(value);
        assert_eq!(from_text.is_ok(), from_value.is_ok());
        from_value
    }

    #[test]
    fn text_is_trimmed_and_numbers_count_as_text() {
        let read = row(json!({"name": " Acme ", "note": 12.5})).unwrap();
        assert_eq!(
            read,
            Row {
                name: "Acme".into(),
                note: Some("12.5".into())
            }
        );
        assert_eq!(row(json!({"name": 7})).unwrap().name, "7");
    }

    #[test]
    fn null_blank_and_missing_are_none() {
        for note in [json!(null), json!(""), json!(" \t")] {
            assert_eq!(row(json!({"name": "x", "note": note})).unwrap().note, None);
        }
        assert_eq!(row(json!({"name": "x"})).unwrap().note, None);
    }

    #[test]
    fn what_is_no_text_is_an_error_that_does_not_repeat_it() {
        for name in [
            json!(null),
            json!(" "),
            json!(true),
            json!([]),
            json!({"a": 1}),
        ] {
            assert!(row(json!({"name": name})).is_err(), "{name}");
        }
        assert!(row(json!({"name": "x", "note": ["canary"]})).is_err());
    }
}
