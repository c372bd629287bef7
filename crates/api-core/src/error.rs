//! The one error type of the clients: what happened, in kinds that say what the caller can do next.

use std::error::Error as StdError;
use std::fmt::{self, Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::redact;
use crate::transport::{Sent, TransportError, TransportErrorKind};

/// Shorthand for results of this crate and the clients on top of it.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The longest message an error shows, in bytes.
const MESSAGE_LIMIT: usize = 600;

/// What went wrong, by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or unusable: correct the settings.
    Config,
    /// The service does not accept the credentials: correct them.
    Auth,
    /// The credentials are fine but may not do this: grant the scope or permission that the hint names.
    Permission,
    /// There is no such thing: correct the id or name.
    NotFound,
    /// The thing is in a state that forbids this: look at the record.
    Conflict,
    /// Too many requests; nothing was done: wait, something else may use the same limit.
    RateLimited,
    /// No connection; nothing was sent: try again.
    Connect,
    /// The connection broke; the request may have been received: read before you write again.
    Transport,
    /// No answer in time; the request may have been received: read before you write again.
    Timeout,
    /// Any other HTTP status than success: look at the message.
    Status,
    /// The service reported an error of its own inside a successful answer: look at the message.
    Api,
    /// The answer could not be read: look for a proxy or login page in between, else report it.
    Decode,
    /// The answer was readable but provably not the whole of it: try again.
    Incomplete,
    /// The caller asked to stop: nothing is to be done.
    Cancelled,
}

/// An error of an exchange with a service.
///
/// `Display` is one line without secrets: `{operation}: {message}`. What to do next is in
/// [`hint`](Self::hint), the start of the server's answer in [`body_snippet`](Self::body_snippet).
///
/// ```
/// use api_core::{Error, ErrorKind, Sent};
///
/// let error = Error::new(ErrorKind::Timeout, "no answer within 30 s")
///     .with_operation("licences.write")
///     .with_sent(Sent::Maybe);
/// assert_eq!(error.to_string(), "licences.write: no answer within 30 s");
/// assert!(error.may_have_been_sent());
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    status: Option<StatusCode>,
    sent: Sent,
    hint: Option<String>,
    snippet: Option<String>,
    attempts: u32,
    retry_after: Option<Duration>,
    retryable: bool,
    code: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`. The message is lower case, one line, without a full stop and without
    /// secrets; text from a server is cut to a line.
    ///
    /// Until set otherwise, [`sent`](Self::sent) follows from the kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (sent, retryable) = match kind {
            ErrorKind::Config | ErrorKind::Cancelled => (Sent::No, false),
            ErrorKind::Connect => (Sent::No, true),
            ErrorKind::RateLimited => (Sent::Yes, true),
            ErrorKind::Transport | ErrorKind::Timeout => (Sent::Maybe, false),
            ErrorKind::Auth
            | ErrorKind::Permission
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Status
            | ErrorKind::Api
            | ErrorKind::Decode
            | ErrorKind::Incomplete => (Sent::Yes, false),
        };
        Self(Box::new(Inner {
            kind,
            message: redact::one_line(&message.into(), MESSAGE_LIMIT),
            operation: None,
            status: None,
            sent,
            hint: None,
            snippet: None,
            attempts: 0,
            retry_after: None,
            retryable,
            code: None,
            source: None,
        }))
    }

    /// Names the operation, such as `licences.write`.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Says whether the request reached the server.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// Adds what the reader should do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the start of the server's answer: at most 2 KiB, printable, secret-looking fields masked.
    #[must_use]
    pub fn with_body_snippet(mut self, body: &[u8]) -> Self {
        self.0.snippet = Some(redact::snippet(body)).filter(|snippet| !snippet.is_empty());
        self
    }

    /// Says how many times the request was sent or tried.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Adds how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.0.retry_after = Some(retry_after);
        self
    }

    /// Says whether trying again could help; see [`is_retryable`](Self::is_retryable).
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Adds the service's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(redact::one_line(&code.into(), 100));
        self
    }

    /// Adds the cause. It must not hold secrets: it appears in error chains.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// What went wrong, by what the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The explanation without the operation.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that failed.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Whether the request reached the server.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// What to do next, for people.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The start of the server's answer: at most 2 KiB, printable, secret-looking fields masked.
    /// It may hold customer data, therefore it is in neither `Display` nor `Debug`.
    pub fn body_snippet(&self) -> Option<&str> {
        self.0.snippet.as_deref()
    }

    /// How many times the request was tried; 0 if it never came to that.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The service's own error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Whether the same call may be made again and could succeed.
    ///
    /// False once retries are used up, and always false for a write that may have arrived: such a
    /// call must not be repeated, its outcome must be read.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The credentials were not accepted.
    ///
    /// # Troubleshooting
    /// Check that key, client id and secret are complete, belong to this host, and are not expired.
    pub fn is_auth(&self) -> bool {
        self.kind() == ErrorKind::Auth
    }

    /// The credentials do not allow this.
    ///
    /// # Troubleshooting
    /// Check the permissions of the API application and of the agent it logs in as.
    pub fn is_permission(&self) -> bool {
        self.kind() == ErrorKind::Permission
    }

    /// The thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// The service refused because of too many requests.
    ///
    /// # Troubleshooting
    /// Something else may use the same limit; lower the request budget or wait.
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// No answer in the time allowed.
    ///
    /// # Troubleshooting
    /// Raise the timeout if the service is known to be slow for this call.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// The answer could not be read.
    ///
    /// # Troubleshooting
    /// The message names the place in the JSON. An HTML page means a proxy or login page answered.
    pub fn is_decode(&self) -> bool {
        self.kind() == ErrorKind::Decode
    }

    /// Whether the server may have received the request. For a write that was not
    /// [refused](Self::was_refused), the outcome is then unknown.
    pub fn may_have_been_sent(&self) -> bool {
        self.sent() != Sent::No
    }

    /// The server answered that it did not do it: a 4xx other than 408 (Request Timeout).
    pub fn was_refused(&self) -> bool {
        self.status()
            .is_some_and(|status| status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT)
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.operation {
            Some(operation) => write!(f, "{operation}: {}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The snippet may hold customer data: whoever wants it asks for it.
        let Inner {
            kind,
            message,
            operation,
            status,
            sent,
            hint,
            snippet: _,
            attempts,
            retry_after,
            retryable,
            code,
            source,
        } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("message", message)
            .field("operation", operation)
            .field("status", status)
            .field("sent", sent)
            .field("hint", hint)
            .field("attempts", attempts)
            .field("retry_after", retry_after)
            .field("retryable", retryable)
            .field("code", code)
            .field("source", source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let (kind, message, hint) = match error.kind() {
            TransportErrorKind::Connect => (
                ErrorKind::Connect,
                "no connection to the server",
                Some("check the base URL, the network, the proxy and the trusted certificates"),
            ),
            TransportErrorKind::Timeout => (
                ErrorKind::Timeout,
                "no complete answer in the time allowed",
                None,
            ),
            TransportErrorKind::Broken => (ErrorKind::Transport, "the connection broke", None),
            TransportErrorKind::TooLarge => (
                ErrorKind::Decode,
                "the answer is larger than allowed",
                Some(
                    "raise `max_answer_bytes` where the client is built, or ask for less at a time",
                ),
            ),
            TransportErrorKind::Other => (
                ErrorKind::Config,
                "the request cannot be sent",
                Some("check the base URL; a transport to this machine only sends nowhere else"),
            ),
        };
        let sent = error.sent();
        let built = Self::new(kind, message).with_sent(sent).with_source(error);
        match hint {
            Some(hint) => built.with_hint(hint),
            None => built,
        }
    }
}

#[cfg(test)]
mod tests;
