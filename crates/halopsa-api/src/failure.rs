//! What HaloPSA means by a failed answer: the seven shapes of error bodies, and which refusals are about permission.

use api_core::{Error, ErrorKind, Sent};
use serde_json::{Map, Value};

/// Longest server message that is passed on, in characters.
const LONGEST: usize = 300;

/// Runs of this many characters without a space look like a token or secret and are not repeated.
const SECRET_RUN: usize = 40;

/// Which rights a call needs, in the words of HaloPSA's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    /// Scope of the API application.
    pub(crate) scope: &'static str,
    /// Permission of the agent the application logs in as.
    pub(crate) agent: &'static str,
}

macro_rules! needs {
    ($($name:ident = $scope:literal, $agent:literal;)*) => {
        impl Needs { $(pub(crate) const $name: Needs = Needs { scope: $scope, agent: $agent };)* }
    };
}

needs! {
    CLIENTS = "read:customers", "Customers: Read";
    EDIT_CLIENTS = "edit:customers", "Customers: Read and Modify";
    FIELDS = "all", "Customers: Read, with access to custom field configuration";
    LICENCES = "read:softwarelicensing", "Software Licensing: Read";
    EDIT_LICENCES = "edit:softwarelicensing", "Software Licensing: Read and Modify";
    REPORTS = "read:reporting edit:reporting", "Reporting: Read and Modify";
    INVOICES = "read:invoices", "Invoices: Read";
    EDIT_INVOICES = "edit:invoices", "Invoices: Read and Modify";
    ITEMS = "read:items", "Products: Read";
    SUPPLIERS = "read:suppliers", "Suppliers: Read";
    TICKETS = "edit:tickets", "Tickets: Read and Modify";
    AUDIT = "admin", "administrator";
    ANY = "all", "the permission of that module";
}

/// Gives a refused call its meaning.
///
/// A second 401 with a fresh token is how HaloPSA answers when the module permission is missing (observed in
/// public clients), so 401 and 403 both become [`ErrorKind::Permission`], naming what is likely missing.
/// A failed token exchange is not a refused call and stays as it is.
pub(crate) fn explain(error: Error, operation: &'static str, needs: Needs) -> Error {
    let Some(status) = error.status() else {
        return error;
    };
    if !matches!(status.as_u16(), 401 | 403) || error.operation() == Some(crate::token::OPERATION) {
        return error;
    }
    let explained = Error::new(
        ErrorKind::Permission,
        format!("the server refuses this call: {}", error.message()),
    )
    .with_operation(operation)
    .with_status(status)
    .with_sent(error.sent())
    .with_attempts(error.attempts())
    .with_hint(format!(
        "give the HaloPSA API application the scope `{}` (or `all`) and its agent the permission \"{}\"",
        needs.scope, needs.agent
    ));
    match error.body_snippet() {
        Some(snippet) => explained.with_body_snippet(snippet.as_bytes()),
        None => explained,
    }
}

/// A write that the server accepted and that could then not be read back. Not the error of the reading itself: a status
/// in it would say that the write was refused.
pub(crate) fn unconfirmed(reading: &Error, operation: &'static str) -> Error {
    Error::new(
        reading.kind(),
        format!("it was written, but reading it back failed: {reading}"),
    )
    .with_operation(operation)
    .with_sent(Sent::Yes)
    .with_hint("read it before you write it again")
}

/// The server's own message in the body of a failed answer, in one line, capped and with anything that looks
/// like a secret taken out. `None` for an empty or unreadable body.
///
/// Shapes (all observed in public clients): `{"resultCode","errorMessage"}`, a serialised .NET exception
/// (`ClassName`, `Message`), `{"Message"}`, `{"error","error_description"}`, `{"message","errors":{…}}`, a bare
/// JSON string, plain text, and HTML. The case of the keys varies.
///
/// ```
/// use halopsa_api::error_message;
/// assert_eq!(error_message(br#"{"Message":"Please enter a name."}"#).as_deref(), Some("Please enter a name."));
/// assert_eq!(error_message(br#""Client not found""#).as_deref(), Some("Client not found"));
/// assert_eq!(error_message(b"").as_deref(), None);
/// ```
#[must_use]
pub fn error_message(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return None;
    }
    let message = match serde_json::from_str::<Value>(text) {
        Ok(Value::String(message)) => message,
        Ok(Value::Object(object)) => of_object(&object)?,
        Ok(Value::Array(items)) => items.iter().find_map(|item| match item {
            Value::String(message) => Some(message.clone()),
            Value::Object(object) => of_object(object),
            _ => None,
        })?,
        Ok(_) => return None,
        Err(_) if text.starts_with('<') => of_html(text),
        Err(_) => text.to_owned(),
    };
    one_line(&message)
}

fn of_object(object: &Map<String, Value>) -> Option<String> {
    let field = |name: &str| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    if let Some(error) = field("error") {
        return Some(match field("error_description") {
            Some(description) => format!("{error}: {description}"),
            None => error.to_owned(),
        });
    }
    let main = [
        "errorMessage",
        "message",
        "error_description",
        "title",
        "detail",
    ]
    .into_iter()
    .find_map(field);
    let details = object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("errors"))
        .map(|(_, value)| leaves(value))
        .filter(|leaves| !leaves.is_empty())
        .map(|leaves| leaves.join("; "));
    match (main, details) {
        (Some(main), Some(details)) => Some(format!("{main}: {details}")),
        (Some(main), None) => Some(main.to_owned()),
        (None, details) => details,
    }
}

/// `{"name": ["is required"]}` as `["name is required"]`.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| {
                leaves(value)
                    .into_iter()
                    .map(move |text| format!("{key} {text}"))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn of_html(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        let end = start + lower.get(start..)?.find("</title>")?;
        text.get(start..end).map(str::trim)
    });
    match title {
        Some(title) if !title.is_empty() => format!("an HTML page, \"{title}\""),
        _ => "an HTML page".to_owned(),
    }
}

fn one_line(message: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for word in message.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        words.push(if word.chars().count() >= SECRET_RUN {
            "[redacted]"
        } else {
            word
        });
    }
    let line = words.join(" ");
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= LONGEST {
        return Some(line);
    }
    Some(line.chars().take(LONGEST).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use super::error_message;
    use proptest::prelude::{any, proptest};

    fn said(body: &str) -> Option<String> {
        error_message(body.as_bytes())
    }

    #[test]
    fn every_observed_shape_gives_the_servers_message() {
        let cases = [
            (
                r#"{"resultCode":"400","errorMessage":"Bad request"}"#,
                "Bad request",
            ),
            (
                r#"{"ClassName":"System.Exception","Message":"Please enter a name.","Data":null}"#,
                "Please enter a name.",
            ),
            (
                r#"{"Message":"Invalid advanced search parameter: nosuchfield"}"#,
                "Invalid advanced search parameter: nosuchfield",
            ),
            (
                r#"{"error":"invalid_client","error_description":"The specified 'client_id' parameter is invalid."}"#,
                "invalid_client: The specified 'client_id' parameter is invalid.",
            ),
            (r#"{"error":"invalid_scope"}"#, "invalid_scope"),
            (
                r#"{"message":"The request is invalid.","errors":{"name":["is required"]}}"#,
                "The request is invalid.: name is required",
            ),
            (r#""Client not found""#, "Client not found"),
            (
                "Rate Limit Reached - 300 Requests per rolling 5 minute window",
                "Rate Limit Reached - 300 Requests per rolling 5 minute window",
            ),
            (
                "<!DOCTYPE html><html><head><Title>Runtime Error</title></head></html>",
                "an HTML page, \"Runtime Error\"",
            ),
            ("<html></html>", "an HTML page"),
        ];
        for (body, message) in cases {
            assert_eq!(said(body).as_deref(), Some(message), "{body}");
        }
    }

    #[test]
    fn keys_are_found_whatever_their_case() {
        assert_eq!(said(r#"{"MESSAGE":"no"}"#), said(r#"{"message":"no"}"#));
        assert_eq!(said(r#"{"ErrorMessage":"no"}"#).as_deref(), Some("no"));
    }

    #[test]
    fn bodies_without_a_message_give_none() {
        for body in [
            "",
            "  ",
            "null",
            "12",
            "{}",
            "[]",
            r#"{"Message":""}"#,
            r#"{"Message":5}"#,
        ] {
            assert_eq!(said(body), None, "{body:?}");
        }
    }

    #[test]
    fn a_message_is_one_line_capped_and_without_long_runs() {
        let secret = "00000000-0000-0000-0000-000000000000-00000000-0000-0000-0000-000000000000";
        assert_eq!(
            said(&format!("bad\r\nclient_secret {secret}\u{1b}[31m here")).as_deref(),
            Some("bad client_secret [redacted] [31m here")
        );
        let long = said(&"word ".repeat(1000)).unwrap();
        assert_eq!(long.chars().count(), 301);
        assert!(long.ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in any::<Vec<u8>>()) {
            let _ = error_message(&body);
        }

        #[test]
        fn no_text_makes_it_panic(body in "[<{\\[\"a-zA-ZßİKtile/>:,}\\]]{0,60}") {
            let _ = error_message(body.as_bytes());
        }
    }
}
