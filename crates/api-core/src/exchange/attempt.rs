//! A single attempt: one request through the transport, and what its answer or failure means.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use http::header::{DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use super::{Call, Exchange, Prepared};
use crate::auth::Authorization;
use crate::error::{Error, ErrorKind};
use crate::events::{ExchangeEvent, WaitReason};
use crate::redact::mask_value;
use crate::retry::{Failure, parse_retry_after};
use crate::transport::{
    Body, ExchangeTimeout, Patience, RAN_OUT, Sent, TransportError, TransportErrorKind,
};

/// How much of a failed answer's body is read for its explanation.
const EXPLANATION_LIMIT: usize = 64 * 1024;

/// How much of the answer belongs to the attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// All of it, up to so many bytes.
    Whole(usize),
    /// Its head; the caller reads the body.
    Head,
}

/// An attempt that failed. Without a `failure` there is nothing to decide: it would fail again.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Option<Failure>,
    pub(super) error: Error,
}

impl Failed {
    /// Why the next attempt has to wait.
    pub(super) fn wait_reason(&self) -> WaitReason {
        match self.failure {
            Some(Failure::Status { code: 429, .. }) => WaitReason::Throttled,
            _ => WaitReason::Backoff,
        }
    }
}

impl From<TransportError> for Failed {
    fn from(error: TransportError) -> Self {
        let (sent, kind) = (error.sent(), error.kind());
        let timeout = kind == TransportErrorKind::Timeout;
        let failure = match kind {
            TransportErrorKind::TooLarge | TransportErrorKind::Other => None,
            _ => Some(Failure::Transport { sent, timeout }),
        };
        Self {
            failure,
            error: error.into(),
        }
    }
}

impl Exchange {
    pub(super) async fn attempt(
        &self,
        call: &Call,
        prepared: &Prepared,
        authorization: Option<&Authorization>,
        reading: Reading,
        number: u32,
    ) -> Result<http::Response<Body>, Failed> {
        let operation = call.operation;
        let timeout = call.timeout.unwrap_or(self.0.timeout);
        let began = self.0.clock.monotonic();
        tracing::debug!(
            service = self.0.service,
            operation,
            attempt = number,
            "request"
        );
        self.tell(&ExchangeEvent::Sent {
            operation,
            attempt: number,
        });
        let request = request(prepared, authorization, timeout);
        let secrets = secrets(request.headers());
        // The transport is told the limit as well; this one holds for any implementation of the port.
        let deadline = tokio::time::Instant::now().checked_add(timeout);
        let sent = within(deadline, Sent::Maybe, self.0.transport.send(request)).await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Err(self.lost(operation, error)),
        };
        self.note_date(response.headers());
        let status = response.status();
        let elapsed = self.0.clock.monotonic().saturating_sub(began);
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            operation,
            attempt = number,
            status = status.as_u16(),
            elapsed_ms,
            "answer"
        );
        self.tell(&ExchangeEvent::Answered {
            operation,
            status,
            elapsed,
        });
        if !status.is_success() {
            return Err(self.refused(response, deadline, &secrets).await);
        }
        let Reading::Whole(limit) = reading else {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(tokio::time::Instant::now())
            });
            return Ok(response.map(|body| bounded(body, Patience::new(left))));
        };
        let (parts, body) = response.into_parts();
        match within(deadline, Sent::Yes, body.collect(limit)).await {
            Ok(body) => Ok(http::Response::from_parts(parts, Body::from_bytes(body))),
            Err(error) => {
                // Part of an answer arrived, whatever the transport says.
                let error = TransportError::new(error.kind(), Sent::Yes, error.detail());
                let Failed { failure, error } = self.lost(operation, error);
                Err(Failed {
                    failure,
                    error: error.with_status(status),
                })
            }
        }
    }

    /// Compares the answer's date with the clock.
    fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| {
            jiff::fmt::rfc2822::DateTimeParser::new()
                .parse_timestamp(text)
                .ok()
        });
        let ours = jiff::Timestamp::try_from(self.0.clock.wall());
        if let (Some(theirs), Ok(ours)) = (date, ours) {
            let ahead = ours.as_second() - theirs.as_second();
            self.0.ahead.store(ahead, Ordering::Relaxed);
        }
    }

    fn lost(&self, operation: &'static str, error: TransportError) -> Failed {
        let (sent, detail) = (error.sent(), error.detail());
        tracing::debug!(operation, ?sent, kind = ?error.kind(), "no answer");
        self.tell(&ExchangeEvent::Failed {
            operation,
            sent,
            detail,
        });
        Failed::from(error)
    }

    /// Turns an answer that is no success into an error with its explanation.
    async fn refused(
        &self,
        response: http::Response<Body>,
        deadline: Deadline,
        secrets: &[String],
    ) -> Failed {
        let (parts, body) = response.into_parts();
        let status = parts.status;
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let retry_after =
            header(RETRY_AFTER).and_then(|value| parse_retry_after(value, self.0.clock.wall()));
        let body = without(&explanation(body, deadline).await, secrets);
        let said = self.0.error_message.and_then(|find| find(&body));
        let said = said
            .map(|said| said.trim().to_owned())
            .filter(|said| !said.is_empty());
        let message = match said {
            Some(said) => format!("status {status}: {said}"),
            None => format!("status {status}"),
        };
        let mut error = Error::new(kind_of(status), message)
            .with_status(status)
            .with_sent(Sent::Yes)
            .with_body_snippet(&body);
        if let Some(retry_after) = retry_after {
            error = error.with_retry_after(retry_after);
        }
        if let Some(hint) = hint(self.0.service, status, header(LOCATION)) {
            error = error.with_hint(hint);
        }
        Failed {
            failure: Some(Failure::Status {
                code: status.as_u16(),
                retry_after,
            }),
            error,
        }
    }
}

type Deadline = Option<tokio::time::Instant>;

/// Bounds `work`; no deadline is one too far away to be a point in time.
async fn within<T>(
    deadline: Deadline,
    sent: Sent,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    tokio::time::timeout_at(deadline, work)
        .await
        .unwrap_or_else(|_| Err(ran_out(sent)))
}

fn request(
    prepared: &Prepared,
    authorization: Option<&Authorization>,
    timeout: Duration,
) -> http::Request<Bytes> {
    let mut request = http::Request::new(prepared.body.clone());
    *request.method_mut() = prepared.method.clone();
    *request.uri_mut() = prepared.uri.clone();
    *request.headers_mut() = prepared.headers.clone();
    if let Some(Authorization {
        header,
        value,
        generation: _,
    }) = authorization
    {
        request.headers_mut().insert(header.clone(), value.clone());
    }
    request.extensions_mut().insert(ExchangeTimeout(timeout));
    request
}

/// As much of a failed answer's body as arrives; the status counts even if it breaks off.
async fn explanation(mut body: Body, deadline: Deadline) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < EXPLANATION_LIMIT {
        let next = async { body.next().await.transpose() };
        match within(deadline, Sent::Yes, next).await {
            Ok(Some(chunk)) => text.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    text.truncate(EXPLANATION_LIMIT);
    text
}

/// What a server must not make us show: the values of sensitive headers.
fn secrets(headers: &HeaderMap) -> Vec<String> {
    let sensitive = headers.values().filter(|value| value.is_sensitive());
    let values = sensitive.filter_map(|value| value.to_str().ok());
    // The scheme in front of a token is no secret, and a server may repeat the token without it.
    values
        .flat_map(|value| [Some(value), value.split_whitespace().next_back()])
        .flatten()
        .map(ToOwned::to_owned)
        .collect()
}

/// A body without the secrets that the server repeats from the request.
fn without(body: &[u8], secrets: &[String]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    secrets
        .iter()
        .fold(text.into_owned(), |text, secret| mask_value(&text, secret))
        .into_bytes()
}

/// A body that the server must end while the reader's patience lasts.
fn bounded(body: Body, patience: Patience) -> Body {
    let start = (body, patience);
    Body::from_stream(try_unfold(start, |(mut body, mut patience)| async move {
        let Some(chunk) = patience.wait(Duration::MAX, body.next()).await else {
            return Err(ran_out(Sent::Yes));
        };
        Ok(chunk.transpose()?.map(|chunk| (chunk, (body, patience))))
    }))
}

fn ran_out(sent: Sent) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, sent, RAN_OUT)
}

fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Auth,
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        _ => ErrorKind::Status,
    }
}

fn hint(service: &str, status: StatusCode, location: Option<&str>) -> Option<String> {
    match status.as_u16() {
        300..=399 => {
            let target = location.and_then(|location| url::Url::parse(location).ok());
            let target = target.map(|url| url.origin().ascii_serialization());
            Some(match target {
                Some(origin) => format!(
                    "{service} sends callers on to {origin}; redirects are not followed, check the base URL"
                ),
                None => "redirects are not followed, check the base URL".to_owned(),
            })
        }
        401 => Some(format!("check the credentials for {service}")),
        403 => Some(format!("check what the credentials for {service} may do")),
        429 => Some(format!(
            "{service} takes no more requests now; something else may use the same limit"
        )),
        _ => None,
    }
}
