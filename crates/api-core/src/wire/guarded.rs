//! Isolates a record that cannot be read, so that it neither fails the whole list nor goes missing.

use std::fmt::{self, Debug, Display};

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::shape::many;

/// A record, or the fact that there is one which cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Guarded<T> {
    /// The record.
    Good(T),
    /// It is there but cannot be read.
    Bad(BadRecord),
}

/// A record that cannot be read.
#[derive(Clone, PartialEq)]
pub struct BadRecord {
    /// Its place in the list it came in, from 0.
    pub index: usize,
    /// The field at fault, `.` for the record itself.
    pub path: String,
    /// What is wrong with it.
    pub error: String,
    /// The record as it came. It may hold customer data and is not shown in `Debug`.
    pub raw: Value,
}

impl<T> Guarded<T> {
    /// The record, if it can be read.
    pub fn good(&self) -> Option<&T> {
        match self {
            Self::Good(record) => Some(record),
            Self::Bad(_) => None,
        }
    }

    /// The fault, if it cannot be read.
    pub fn bad(&self) -> Option<&BadRecord> {
        match self {
            Self::Good(_) => None,
            Self::Bad(bad) => Some(bad),
        }
    }

    /// As a `Result`, for `?` and `collect`.
    ///
    /// # Errors
    /// The fault, if it cannot be read.
    pub fn into_result(self) -> Result<T, BadRecord> {
        match self {
            Self::Good(record) => Ok(record),
            Self::Bad(bad) => Err(bad),
        }
    }

    /// Reads one record from its JSON.
    pub fn read(index: usize, raw: Value) -> Self
    where
        T: DeserializeOwned,
    {
        match serde_path_to_error::deserialize(&raw) {
            Ok(record) => Self::Good(record),
            Err(error) => {
                let (path, error) = (error.path().to_string(), error.inner().to_string());
                Self::Bad(BadRecord {
                    index,
                    path,
                    error,
                    raw,
                })
            }
        }
    }
}

impl Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "record {} cannot be read at {}: {}",
            self.index, self.path, self.error
        )
    }
}

impl Debug for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            index,
            path,
            error,
            raw: _,
        } = self;
        f.debug_struct("BadRecord")
            .field("index", index)
            .field("path", path)
            .field("error", error)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for BadRecord {}

/// A list in which a record that cannot be read is kept as [`Guarded::Bad`]. Null is an empty list.
///
/// # Errors
/// If it is not a list at all: a single object may well be an error message.
pub fn guarded_list<'de, D, T>(deserializer: D) -> Result<Vec<Guarded<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let values = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(guard(values))
}

/// As [`guarded_list`], but a single object in place of a list of one is accepted.
///
/// # Errors
/// Only if it is not JSON.
pub fn guarded_one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<Guarded<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(guard(many(deserializer).map_err(D::Error::custom)?))
}

fn guard<T: DeserializeOwned>(values: Vec<Value>) -> Vec<Guarded<T>> {
    values
        .into_iter()
        .enumerate()
        .map(|(index, raw)| Guarded::read(index, raw))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Guarded;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Client {
        id: u32,
    }

    #[derive(Debug, Deserialize)]
    struct List {
        #[serde(default, deserialize_with = "crate::wire::guarded_list")]
        clients: Vec<Guarded<Client>>,
        #[serde(default, deserialize_with = "crate::wire::guarded_one_or_many")]
        lines: Vec<Guarded<Client>>,
    }

    #[test]
    fn one_unreadable_record_leaves_the_others_and_is_kept() {
        let json = r#"{"clients":[{"id":1},{"id":{"canary":2}},{"id":3}]}"#;
        let list: List = serde_json::from_str(json).unwrap();
        assert_eq!(list.clients[0], Guarded::Good(Client { id: 1 }));
        assert_eq!(list.clients[2].good(), Some(&Client { id: 3 }));
        let bad = list.clients[1].bad().unwrap();
        assert_eq!((bad.index, bad.path.as_str()), (1, "id"));
        assert_eq!(bad.raw["id"]["canary"], 2);
        assert!(!format!("{list:?}").contains("canary"));
    }

    #[test]
    fn only_a_list_is_a_list_unless_said_otherwise() {
        assert!(serde_json::from_str::<List>(r#"{"clients":{"error":"x"}}"#).is_err());
        assert!(
            serde_json::from_str::<List>(r#"{"clients":null}"#)
                .unwrap()
                .clients
                .is_empty()
        );
        let one: List = serde_json::from_str(r#"{"lines":{"id":4}}"#).unwrap();
        assert_eq!(one.lines, [Guarded::Good(Client { id: 4 })]);
    }
}
