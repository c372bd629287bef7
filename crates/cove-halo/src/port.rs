//! Translates what the clients report into the engine's errors, by what the caller can do next.

use api_core::ErrorKind;
use billing_sync::ports::{PortError, PortErrorKind};

/// The engine's error for an error of a client. Keeps its line and its hint.
pub(crate) fn port_error(error: api_core::Error) -> PortError {
    let kind = match error.kind() {
        ErrorKind::Config | ErrorKind::Auth | ErrorKind::Permission | ErrorKind::NotFound => {
            PortErrorKind::Settings
        }
        ErrorKind::Decode | ErrorKind::Incomplete | ErrorKind::Api => PortErrorKind::Unreadable,
        ErrorKind::Cancelled => PortErrorKind::Stopped,
        _ => PortErrorKind::Unavailable,
    };
    let hint = error.hint().map(str::to_owned);
    let port = PortError::new(kind, error.to_string());
    match hint {
        Some(hint) => port.with_hint(hint).with_source(error),
        None => port.with_source(error),
    }
}
