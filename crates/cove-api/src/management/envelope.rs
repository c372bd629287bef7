//! The JSON-RPC envelope: how a request is written and what an answer holds. Pure functions, no connection.

use std::collections::BTreeMap;
use std::fmt;

use api_core::wire::Guarded;
use api_core::{Error, ErrorKind, Reply, Result, SecretString};
use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::fault::Fault;
use super::fields::scrub;

/// The parameters of a method as JSON.
///
/// # Errors
/// `Config`, when they are not an object: the API takes named parameters only (documented).
pub(crate) fn params<P>(method: &'static str, params: &P) -> Result<Box<RawValue>>
where
    P: Serialize + ?Sized,
{
    let unusable = |message: &str| Error::new(ErrorKind::Config, message).with_operation(method);
    let no_json = |_| unusable("the parameters have no JSON form");
    let mut params = to_raw_value(params).map_err(no_json)?;
    if params.get() == "null" {
        params = to_raw_value(&serde_json::Map::new()).map_err(no_json)?;
    }
    if !params.get().starts_with('{') {
        return Err(unusable("the parameters must be named: a struct or a map"));
    }
    Ok(params)
}

/// Writes a request. The visa stands at the top level: inside `params` it is not found (observed in public clients).
///
/// # Errors
/// `Config`, which no valid JSON leads to.
pub(crate) fn request(
    method: &'static str,
    params: &RawValue,
    visa: Option<&str>,
) -> Result<Bytes> {
    #[derive(Serialize)]
    struct Request<'a> {
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        visa: Option<&'a str>,
        // Documented as this text, and echoed; nothing is matched by it.
        id: &'static str,
        method: &'static str,
        params: &'a RawValue,
    }
    let request = Request {
        jsonrpc: "2.0",
        visa,
        id: "jsonrpc",
        method,
        params,
    };
    serde_json::to_vec(&request).map(Bytes::from).map_err(|_| {
        Error::new(ErrorKind::Config, "the request has no JSON form").with_operation(method)
    })
}

/// An answer, taken apart but not interpreted.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) visa: Option<SecretString>,
    pub(crate) body: Result<Outcome, Fault>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "super::fields::opt_secret")]
    visa: Option<SecretString>,
    #[serde(default)]
    error: Option<Fault>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Outcome>,
}

/// Reads an answer of status 2xx.
///
/// # Errors
/// `Decode`, when it is no JSON-RPC answer.
pub(crate) fn answer(reply: &Reply) -> Result<Answer> {
    let envelope: Envelope = reply.json()?;
    let body = match (envelope.error, envelope.result) {
        (Some(fault), _) => Err(fault),
        (None, Some(outcome)) => Ok(outcome),
        (None, None) => {
            return Err(Error::new(
                ErrorKind::Decode,
                "the answer has neither a result nor an error",
            )
            .with_operation(reply.operation)
            .with_status(reply.status)
            .with_attempts(reply.attempts)
            .with_body_snippet(&reply.body)
            .with_hint(
                "check the base URL: something else than the management service may answer",
            ));
        }
    };
    Ok(Answer {
        visa: envelope.visa,
        body,
    })
}

/// Tells a field that is null from one that is missing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Outcome>, D::Error> {
    Option::<Outcome>::deserialize(deserializer).map(|outcome| Some(outcome.unwrap_or_default()))
}

/// What a method returned: its value (`result.result`) and, beside it, its OUT parameters (documented).
#[derive(Default)]
pub(crate) struct Outcome {
    value: Option<Box<RawValue>>,
    out: BTreeMap<String, Box<RawValue>>,
}

impl Outcome {
    /// The value. A missing one reads as null.
    pub(crate) fn value<T: DeserializeOwned>(&self, method: &'static str) -> Result<T> {
        decode(method, "result.result", self.raw())
    }

    /// The value as a list; null is an empty one. A record that cannot be read is kept as such, without its secrets.
    pub(crate) fn list<T: DeserializeOwned>(
        &self,
        method: &'static str,
    ) -> Result<Vec<Guarded<T>>> {
        let values: Option<Vec<Value>> = decode(method, "result.result", self.raw())?;
        Ok(guarded(values.unwrap_or_default()))
    }

    /// An OUT parameter; null and missing are `None`.
    pub(crate) fn out<T: DeserializeOwned>(
        &self,
        method: &'static str,
        name: &str,
    ) -> Result<Option<T>> {
        match self.out.get(name) {
            None => Ok(None),
            Some(raw) => decode(method, &format!("result.{name}"), raw.get()),
        }
    }

    fn raw(&self) -> &str {
        self.value.as_ref().map_or("null", |raw| raw.get())
    }
}

/// Reads records one by one.
pub(crate) fn guarded<T: DeserializeOwned>(values: Vec<Value>) -> Vec<Guarded<T>> {
    let read = |(index, raw)| match Guarded::read(index, raw) {
        Guarded::Bad(mut bad) => {
            scrub(&mut bad.raw);
            Guarded::Bad(bad)
        }
        good @ Guarded::Good(_) => good,
    };
    values.into_iter().enumerate().map(read).collect()
}

fn decode<T: DeserializeOwned>(method: &'static str, place: &str, json: &str) -> Result<T> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json)).map_err(
        |error| {
            let path = error.path().to_string();
            let path = match path.as_str() {
                "." => place.to_owned(),
                path if path.starts_with('[') => format!("{place}{path}"),
                path => format!("{place}.{path}"),
            };
            // Serde repeats text it did not like; it could be a secret.
            let inner = error.inner().to_string();
            let message = inner.split('"').next().unwrap_or_default().trim_end();
            Error::new(
                ErrorKind::Decode,
                format!("unexpected JSON at `{path}`: {message}"),
            )
            .with_operation(method)
        },
    )
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out: Vec<&String> = self.out.keys().collect();
        f.debug_struct("Outcome")
            .field("value", &self.raw().len())
            .field("out", &out)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Outcome;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that holds the method's result")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outcome, A::Error> {
                let mut outcome = Outcome::default();
                let mut seen = false;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "result" {
                        if seen {
                            return Err(A::Error::duplicate_field("result"));
                        }
                        seen = true;
                        outcome.value = Some(map.next_value()?);
                    } else if outcome.out.insert(name, map.next_value()?).is_some() {
                        return Err(A::Error::custom("an OUT parameter is there twice"));
                    }
                }
                Ok(outcome)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests;
