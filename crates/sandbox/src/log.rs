//! The record of every request, so that tests can count calls and see which of them changed something.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::FaultKind;

/// The service a request was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// N-able Billing API.
    Billing,
    /// Halo's authorisation server (`/halo/auth`).
    HaloAuth,
    /// Halo's resource server (`/halo/api`, `authinfo` included).
    Halo,
    /// Cove's JSON-RPC API, and the report beside it.
    Management,
    /// No service lives at that path.
    Unknown,
}

impl Service {
    pub(crate) fn of_path(path: &str) -> Self {
        if path.starts_with("/ws/") {
            Self::Billing
        } else if path.starts_with("/halo/auth") {
            Self::HaloAuth
        } else if path.starts_with("/halo/") {
            Self::Halo
        } else if path == "/jsonapi"
            || path.starts_with("/jsonapi/")
            || path.starts_with("/statistics-reporting/")
        {
            Self::Management
        } else {
            Self::Unknown
        }
    }
}

/// One request as the sandbox saw it. Headers are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// 1-based position among all requests, in order of arrival.
    pub index: u64,
    /// The service.
    pub service: Service,
    /// `GET`, `POST` …
    pub method: String,
    /// The path as sent, with the service's prefix.
    pub path: String,
    /// The method called, if the service is [`Service::Management`] and the body names one.
    pub rpc: Option<String>,
    /// The query string without `?`; secrets are masked.
    pub query: String,
    /// The body; secrets are masked.
    pub body: String,
    /// The status sent, 0 if no answer was sent.
    pub status: u16,
    /// The fault that was applied. One that found nothing to act on, as a repeated page where no list is, was not.
    pub fault: Option<FaultKind>,
    /// Whether the request changed a record.
    pub committed: bool,
    /// The licences that the request stored, each as it left them.
    pub stored: Vec<StoredLicence>,
    /// A digest of the answer, its secrets aside, to see whether two answers were the same. 0 if a fault was applied.
    pub answer: u64,
}

/// A licence as a request left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredLicence {
    /// Record id.
    pub id: i64,
    /// The client it belongs to.
    pub client_id: i64,
    /// Name.
    pub name: String,
    /// Count.
    pub count: i64,
    /// Whether the request made it.
    pub is_new: bool,
}

/// A place in the log; void once the log is cleared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    epoch: u64,
    position: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Vec<LoggedRequest>,
    epoch: u64,
}

impl Log {
    pub(crate) fn entries(&self) -> &[LoggedRequest] {
        &self.entries
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.epoch += 1;
    }

    pub(crate) fn push(&mut self, mut entry: LoggedRequest) -> Ticket {
        let position = self.entries.len();
        entry.index = position as u64 + 1;
        entry.query = mask(&entry.query);
        self.entries.push(entry);
        Ticket {
            epoch: self.epoch,
            position,
        }
    }

    pub(crate) fn entry(&mut self, ticket: Ticket) -> Option<&mut LoggedRequest> {
        if ticket.epoch == self.epoch {
            self.entries.get_mut(ticket.position)
        } else {
            None
        }
    }
}

/// Masks the values of form fields and JSON members that are secret.
pub(crate) fn mask(body: &str) -> String {
    const SECRET: [&str; 6] = [
        "client_secret",
        "password",
        "x-api-key",
        "access_token",
        "visa",
        "token",
    ];
    if !SECRET.iter().any(|name| body.contains(name)) {
        return body.to_owned();
    }
    if body.trim_start().starts_with('{') {
        return mask_json(body, &SECRET);
    }
    body.split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRET.contains(&name) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// An object that cannot be read may hold anything, so nothing of it is kept.
fn mask_json(body: &str, secret: &[&str]) -> String {
    let Ok(mut document) = serde_json::from_str(body) else {
        return "***".to_owned();
    };
    let mut rest = vec![&mut document];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(fields) => {
                for (name, value) in fields {
                    if secret.contains(&name.as_str()) {
                        *value = "***".into();
                    } else {
                        rest.push(value);
                    }
                }
            }
            _ => {}
        }
    }
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn secrets_in_forms_are_masked() {
        assert_eq!(
            mask("grant_type=x&client_secret=s3cret&scope=all"),
            "grant_type=x&client_secret=***&scope=all"
        );
        assert_eq!(mask(r#"[{"id":1}]"#), r#"[{"id":1}]"#);
    }

    #[test]
    fn secrets_in_calls_are_masked() {
        assert_eq!(
            mask(r#"{"method":"Login","params":{"password":"s3cret","username":"u"},"visa":"v"}"#),
            r#"{"method":"Login","params":{"password":"***","username":"u"},"visa":"***"}"#
        );
        assert_eq!(mask(r#"{"params":{"password":"s3cret"#), "***");
    }
}
