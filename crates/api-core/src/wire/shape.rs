//! Lists and objects that are sometimes something else.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list, a single object in place of a list of one, or null for an empty list.
///
/// # Errors
/// If an element is not a `T`.
pub fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    many(deserializer)?
        .into_iter()
        .map(|value| T::deserialize(value).map_err(D::Error::custom))
        .collect()
}

/// The elements of a list, of a single value in its place, or of null.
pub(super) fn many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        single => vec![single],
    })
}

/// A value, or its default for null.
///
/// # Errors
/// What `T` does not accept.
pub fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        #[serde(default, deserialize_with = "crate::wire::one_or_many")]
        lines: Vec<u32>,
        #[serde(default, deserialize_with = "crate::wire::null_default")]
        name: String,
    }

    #[test]
    fn one_many_none_and_missing_are_all_lists() {
        for (json, expected) in [
            (r#"{"lines":[1,2]}"#, vec![1, 2]),
            (r#"{"lines":3}"#, vec![3]),
            (r#"{"lines":null}"#, vec![]),
            ("{}", vec![]),
        ] {
            assert_eq!(
                serde_json::from_str::<Row>(json).unwrap().lines,
                expected,
                "{json}"
            );
        }
        assert!(serde_json::from_str::<Row>(r#"{"lines":[1,"x"]}"#).is_err());
    }

    #[test]
    fn null_becomes_the_default_and_nothing_else_does() {
        assert_eq!(
            serde_json::from_str::<Row>(r#"{"name":null}"#)
                .unwrap()
                .name,
            ""
        );
        assert!(serde_json::from_str::<Row>(r#"{"name":3}"#).is_err());
    }
}
