//! What comes back from a call that succeeded, and how JSON is read from it.

use std::fmt::{self, Debug};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Body, Sent};

/// A complete answer of status 2xx.
#[derive(Clone)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
    /// How many requests it took, token renewal included.
    pub attempts: u32,
    /// The operation of the call.
    pub operation: &'static str,
}

/// An answer of status 2xx whose body is still to be read.
#[derive(Debug)]
pub struct StreamReply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The chunks of its body; a broken one ends with an error.
    pub body: Body,
    /// How many requests it took, token renewal included.
    pub attempts: u32,
}

impl Reply {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`], naming the place in the JSON; an empty body and an HTML page get their
    /// own explanation. The value at fault is not repeated in the message.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.body);
        match serde_json::from_slice(body) {
            Ok(value) => Ok(value),
            // A second, slower parse tells where; success stays cheap.
            Err(error) => Err(self.unreadable::<T>(body, &error)),
        }
    }

    fn unreadable<T: DeserializeOwned>(&self, body: &[u8], first: &serde_json::Error) -> Error {
        let start = body.trim_ascii_start();
        let error = if start.is_empty() {
            Error::new(ErrorKind::Decode, "expected JSON, got an empty body")
        } else if start.starts_with(b"<") || self.is_html() {
            Error::new(ErrorKind::Decode, "expected JSON, got an HTML page").with_hint(
                "a login page, a proxy or a wrong base URL answers in place of the service",
            )
        } else {
            let mut json = serde_json::Deserializer::from_slice(body);
            let message = match serde_path_to_error::deserialize::<_, T>(&mut json) {
                Err(error) => {
                    let path = error.path().to_string();
                    let place = if path == "." {
                        String::new()
                    } else {
                        format!(" at `{path}`")
                    };
                    format!(
                        "unexpected JSON{place}: {}",
                        without_values(&error.inner().to_string())
                    )
                }
                // Only what follows the value is wrong.
                Ok(_) => format!("unexpected JSON: {}", without_values(&first.to_string())),
            };
            Error::new(ErrorKind::Decode, message)
        };
        error
            .with_operation(self.operation)
            .with_status(self.status)
            .with_sent(Sent::Yes)
            .with_attempts(self.attempts)
            .with_body_snippet(body)
    }

    fn is_html(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_some_and(|value| {
            value
                .as_bytes()
                .to_ascii_lowercase()
                .starts_with(b"text/html")
        })
    }
}

/// Serde repeats the string it did not like between double quotes; it could be a secret.
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}…{}", &message[..=first], &message[last..])
        }
        _ => message.to_owned(),
    }
}

impl Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("body", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;
    use crate::error::ErrorKind;
    use http::{HeaderMap, StatusCode};
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Page {
        clients: Vec<Client>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Client {
        id: i64,
    }

    fn reply(body: &str) -> Reply {
        Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
            attempts: 1,
            operation: "clients.list",
        }
    }

    #[test]
    fn reads_json_also_after_a_byte_order_mark() {
        let expected = Page {
            clients: vec![Client { id: 3 }],
        };
        assert_eq!(
            reply(r#"{"clients":[{"id":3}]}"#).json::<Page>().unwrap(),
            expected
        );
        assert_eq!(
            reply("\u{feff}{\"clients\":[{\"id\":3}]}")
                .json::<Page>()
                .unwrap(),
            expected
        );
    }

    #[test]
    fn names_the_place_and_hides_the_value() {
        let error = reply(r#"{"clients":[{"id":1},{"id":"canary"}]}"#)
            .json::<Page>()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(
            error
                .to_string()
                .starts_with("clients.list: unexpected JSON at `clients[1].id`: ")
        );
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert_eq!(error.status(), Some(StatusCode::OK));
        assert!(error.may_have_been_sent());
    }

    #[test]
    fn explains_empty_html_cut_and_trailing_bodies() {
        for (body, message) in [
            ("", "expected JSON, got an empty body"),
            (" \r\n", "expected JSON, got an empty body"),
            ("\n<!DOCTYPE html><html>", "expected JSON, got an HTML page"),
            (r#"{"clients":[{"id":1}"#, "unexpected JSON at `clients"),
            (
                r#"{"clients":[]}garbage"#,
                "unexpected JSON: trailing characters",
            ),
            ("null", "unexpected JSON"),
        ] {
            let error = reply(body).json::<Page>().unwrap_err();
            assert!(error.message().starts_with(message), "{body}: {error}");
        }
        let mut page = reply("Sign in");
        page.headers
            .insert("content-type", "Text/HTML; charset=utf-8".parse().unwrap());
        assert!(page.json::<Page>().unwrap_err().hint().is_some());
    }
}
