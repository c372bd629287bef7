//! What the bodies of Halo's writes have in common: an array of objects, property names in any case, 32-bit ids.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::gate::Stored;
use crate::reply;
use crate::switches::PostAnswer;

/// The items of a body. An object that is not in an array is refused.
pub(super) fn read(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(items)) => Ok(items),
        Ok(_) => Err(Refusal::Message(
            "Cannot deserialize the current JSON object because the type requires a JSON array.",
        )),
        Err(_) => Err(Refusal::ResultCode("Bad request".to_owned())),
    }
}

/// The properties of an item that are not null. Names bind whatever their case (the runbook sends `Name`).
#[derive(Debug)]
pub(super) struct Item<'a>(pub(super) BTreeMap<String, &'a Value>);

impl<'a> Item<'a> {
    pub(super) fn read(item: &'a Value) -> Result<Self, Refusal> {
        let Value::Object(object) = item else {
            return Err(Refusal::ResultCode("Bad request".to_owned()));
        };
        let given = object.iter().filter(|(_, value)| !value.is_null());
        Ok(Self(
            given
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect(),
        ))
    }

    pub(super) fn typed<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(Refusal::ResultCode(format!(
                "Could not convert {value} to the type of '{name}'."
            ))),
        }
    }

    /// A 32-bit JSON integer; `95.0` and `"95"` are refused (observed in a public client).
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, |value| {
            value
                .as_i64()
                .filter(|number| i32::try_from(*number).is_ok())
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.typed(name, |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, Value::as_bool)
    }

    pub(super) fn array(&self, name: &str) -> Result<Option<&'a [Value]>, Refusal> {
        self.typed(name, |value| value.as_array().map(Vec::as_slice))
    }

    /// The plain properties beside the known ones.
    pub(super) fn others(&self, known: &[&str]) -> Map<String, Value> {
        let others = self.0.iter().filter(|(name, value)| {
            !known.contains(&name.as_str()) && !value.is_array() && !value.is_object()
        });
        others
            .map(|(name, value)| (name.clone(), (*value).clone()))
            .collect()
    }
}

/// The answer to a write: the stored rows as the switch says.
pub(super) fn answer(
    status: StatusCode,
    style: PostAnswer,
    rows: Vec<Value>,
    stored: Vec<i64>,
) -> Response {
    let mut response = match style {
        PostAnswer::Array => reply::json(status, &rows),
        PostAnswer::Object => reply::json(status, &rows.into_iter().next()),
        PostAnswer::Empty => status.into_response(),
    };
    response.extensions_mut().insert(Stored(stored));
    response
}
