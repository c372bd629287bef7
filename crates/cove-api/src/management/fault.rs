//! Errors that the service reports inside an answer of status 200, and what they mean to the caller.

use std::fmt;

use api_core::{Error, ErrorKind, Sent, wire};
use serde::Deserialize;

/// The visa is missing, misplaced, expired or damaged (observed in public clients).
pub(crate) const VISA: i64 = 1701;
/// Partner, user or password is wrong; which one is not said (observed in public clients).
pub(crate) const LOGIN: i64 = 2100;
/// The role may not do this (observed in public clients).
pub(crate) const SECURITY: i64 = 13501;

/// The `error` member of an answer. The service's own code is in `data`; `code` is nearly always -32603
/// (observed in public clients).
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fault {
    #[serde(deserialize_with = "lenient")]
    code: Option<String>,
    #[serde(deserialize_with = "lenient")]
    data: Option<String>,
    #[serde(deserialize_with = "lenient")]
    message: Option<String>,
}

/// An error must be readable whatever it looks like: another shape than text or number is kept as JSON.
fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let text =
        wire::opt_text(&value).unwrap_or_else(|_: serde_json::Error| Some(value.to_string()));
    Ok(text)
}

impl Fault {
    /// The service's own code, if it is a number.
    pub(crate) fn data(&self) -> Option<i64> {
        self.data.as_deref()?.parse().ok()
    }

    /// The error for the caller. Values in `secrets` are taken out of the service's text.
    pub(crate) fn into_error(self, method: &'static str, secrets: &[&str]) -> Error {
        let data = self.data();
        let Self {
            code,
            data: own,
            message,
        } = self;
        let said = mask(message.as_deref().unwrap_or("no message"), secrets);
        let number = own.or(code).map(|number| mask(&number, secrets));
        let (kind, text, hint) = match data {
            Some(VISA) => (
                ErrorKind::Auth,
                format!("the service does not accept its own visa (error {VISA}): {said}"),
                Some("the session could not be renewed; if another program logs in as the same API user, give each its own".to_owned()),
            ),
            Some(LOGIN) => (
                ErrorKind::Auth,
                format!("partner string, user name or password is wrong (error {LOGIN}): {said}"),
                Some(
                    "the partner string is the customer's name exactly as the console shows it, with the e-mail address in brackets if it is shown there; \
                     the user name of an API user is its login name, the password its token; not tried again, because failed logins lock the user"
                        .to_owned(),
                ),
            ),
            Some(SECURITY) => (
                ErrorKind::Permission,
                format!("the API user may not call {method} (error {SECURITY}): {said}"),
                Some(likely_cause(method)),
            ),
            _ => {
                let shown = number.as_deref().unwrap_or("without a code");
                (ErrorKind::Api, format!("error {shown}: {said}"), None)
            }
        };
        let mut error = Error::new(kind, text)
            .with_operation(method)
            .with_sent(Sent::Yes);
        if let Some(number) = number {
            error = error.with_code(number);
        }
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// What 13501 was seen to be about, by method (observed in public clients).
fn likely_cause(method: &str) -> String {
    let about = match method {
        "EnumerateAccountStatistics" => {
            "a column that this role may not see (the old D02 and D03 sources are refused), or a customer outside the user's own"
        }
        "EnumerateAccountHistoryStatistics" => {
            "history is not open to every user; ask N-able support, or do without"
        }
        "EnumerateAccounts" | "GetAutoLoginUrl" => {
            "this method is closed to some users whatever their role"
        }
        method
            if method.starts_with("Modify")
                || method.starts_with("Update")
                || method.starts_with("Add")
                || method.starts_with("Remove") =>
        {
            "writing needs the role Manager or higher"
        }
        _ => {
            "the role of the API user (Supporter or higher reads devices), or a customer outside the user's own"
        }
    };
    format!("likely cause: {about}")
}

/// Replaces secrets in text from the service; very short ones would shred it.
pub(crate) fn mask(text: &str, secrets: &[&str]) -> String {
    secrets
        .iter()
        .filter(|secret| secret.len() >= 6)
        .fold(text.to_owned(), |text, secret| {
            text.replace(secret, "[redacted]")
        })
}

/// Takes secrets out of the excerpt that an error keeps of the answer.
pub(crate) fn mask_error(error: Error, secrets: &[&str]) -> Error {
    match error.body_snippet().map(|snippet| mask(snippet, secrets)) {
        Some(masked) => error.with_body_snippet(masked.as_bytes()),
        None => error,
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text comes from the service and is shown only after masking.
        f.debug_struct("Fault")
            .field("code", &self.code)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, mask};
    use api_core::ErrorKind;
    use serde_json::json;

    fn error(value: serde_json::Value, method: &'static str) -> api_core::Error {
        serde_json::from_value::<Fault>(value)
            .unwrap()
            .into_error(method, &["canary-visa"])
    }

    #[test]
    fn the_three_known_codes_are_distinct_kinds() {
        let of = |data: i64, method| {
            error(
                json!({"code": -32603, "data": data, "message": "m"}),
                method,
            )
        };
        assert_eq!(of(1701, "EnumeratePartners").kind(), ErrorKind::Auth);
        assert_eq!(of(1701, "EnumeratePartners").code(), Some("1701"));
        let login = of(2100, "Login");
        assert_eq!(
            (login.kind(), login.code()),
            (ErrorKind::Auth, Some("2100"))
        );
        assert!(
            login
                .message()
                .contains("partner string, user name or password")
        );
        assert!(login.hint().unwrap().contains("e-mail address in brackets"));
        let denied = of(13501, "EnumerateAccounts");
        assert_eq!(
            (denied.kind(), denied.code()),
            (ErrorKind::Permission, Some("13501"))
        );
        assert_eq!(
            denied.to_string(),
            "EnumerateAccounts: the API user may not call EnumerateAccounts (error 13501): m"
        );
        assert!(denied.hint().unwrap().contains("closed to some users"));
    }

    #[test]
    fn unknown_codes_keep_number_and_text_in_every_shape() {
        for (value, code, message) in [
            (
                json!({"code": -32603, "data": 99999, "message": "Something new"}),
                Some("99999"),
                "error 99999: Something new",
            ),
            (
                json!({"code": -32603, "data": "99999", "message": "x"}),
                Some("99999"),
                "error 99999: x",
            ),
            (
                json!({"code": -32700, "message": "Parse error"}),
                Some("-32700"),
                "error -32700: Parse error",
            ),
            (
                json!({"code": -32001, "data": null, "message": "x"}),
                Some("-32001"),
                "error -32001: x",
            ),
            (
                json!({"data": {"a": 1}}),
                Some("{\"a\":1}"),
                "error {\"a\":1}: no message",
            ),
            (
                json!({"message": ["m"]}),
                None,
                "error without a code: [\"m\"]",
            ),
            (json!({}), None, "error without a code: no message"),
        ] {
            let error = error(value.clone(), "GetServerInfo");
            assert_eq!(
                (error.kind(), error.code(), error.message()),
                (ErrorKind::Api, code, message),
                "{value}"
            );
        }
    }

    #[test]
    fn a_secret_that_the_service_repeats_is_masked() {
        let error = error(
            json!({"data": 1701, "message": "bad: canary-visa!"}),
            "GetServerInfo",
        );
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert_eq!(mask("no", &["no"]), "no");
    }
}
