//! What faults make of answers.

use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::{LARGEST_BODY, LOGIN_PAGE, Lost};
use crate::fault::FaultKind;
use crate::reply;
use crate::state::{self, Shared};
use crate::switches::RetryAfter;

/// The answer to a request that never reaches the service.
pub(crate) async fn instead(shared: &Shared, kind: &FaultKind) -> Response {
    match kind {
        FaultKind::Status(code) => failure(*code),
        FaultKind::TooManyRequests { retry_after } => {
            let state = shared.lock();
            too_many(
                &state,
                retry_after.map(u64::from),
                state.switches.retry_after,
            )
        }
        FaultKind::Html200 => reply::html(StatusCode::OK, LOGIN_PAGE),
        FaultKind::HangMs(ms) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            lost()
        }
        _ => lost(),
    }
}

/// What becomes of the answer after the service has done its work, and whether that is another than it was.
pub(crate) async fn spoil(kind: &FaultKind, response: Response) -> (Response, bool) {
    let changed = match kind {
        FaultKind::StatusAfterCommit(code) => failure(*code),
        FaultKind::ResetAfterCommit => lost(),
        FaultKind::HangAfterCommitMs(ms) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            lost()
        }
        FaultKind::MalformedJson => {
            reply::json_text("{\"licences\": [{\"id\": 12, \"name\": \"half")
        }
        FaultKind::EmptyBody | FaultKind::TruncatedBody if is_empty(&response) => {
            return (response, false);
        }
        FaultKind::EmptyBody => reply::json_text(""),
        FaultKind::NullBody => reply::json_text("null"),
        FaultKind::UnreadableQuantity => return unreadable_quantity(response).await,
        FaultKind::ShortPage => return one_row_less(response).await,
        FaultKind::Drip => in_pieces(response, 16, true).await,
        FaultKind::TruncatedBody => in_pieces(response, 2, false).await,
        _ => return (response, false),
    };
    (changed, true)
}

/// Whether there is nothing in it to cut or to take away.
fn is_empty(response: &Response) -> bool {
    response.body().size_hint().exact() == Some(0)
}

/// Puts a word where the first quantity stands; an answer without one stays as it is.
async fn unreadable_quantity(response: Response) -> (Response, bool) {
    const NAME: &str = "\"Quantity\":";
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return (lost(), true);
    };
    let text = String::from_utf8_lossy(&body);
    let spoiled = text.split_once(NAME).and_then(|(before, after)| {
        let end = after.find([',', '}'])?;
        Some(format!("{before}{NAME}\"many\"{}", after.get(end..)?))
    });
    parts.headers.remove(CONTENT_LENGTH);
    let is_spoiled = spoiled.is_some();
    let text = spoiled.unwrap_or_else(|| text.into_owned());
    (Response::from_parts(parts, Body::from(text)), is_spoiled)
}

/// Takes the last row out of a list that is sent with its count; any other answer stays as it is.
async fn one_row_less(response: Response) -> (Response, bool) {
    let (mut parts, body) = response.into_parts();
    let Ok(mut body) = to_bytes(body, LARGEST_BODY).await else {
        return (lost(), true);
    };
    let mut is_short = false;
    let list = serde_json::from_slice(&body).ok();
    if let Some(serde_json::Value::Object(mut list)) = list
        && list.contains_key("record_count")
        && let Some(rows) = list.values_mut().find_map(serde_json::Value::as_array_mut)
    {
        is_short = rows.pop().is_some();
        body = serde_json::Value::Object(list).to_string().into();
    }
    parts.headers.remove(CONTENT_LENGTH);
    (Response::from_parts(parts, Body::from(body)), is_short)
}

/// Sends the body in `pieces`, with pauses; the last one only if the body is to be complete.
async fn in_pieces(response: Response, pieces: usize, complete: bool) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return lost();
    };
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let size = body.len().div_ceil(pieces).max(1);
    let stream = futures_util::stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(size.min(rest.len()));
        // Lets the piece before this one leave.
        tokio::time::sleep(Duration::from_millis(10)).await;
        if rest.is_empty() && !complete {
            return Some((
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                rest,
            ));
        }
        Some((Ok(piece), rest))
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

fn lost() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Lost);
    response
}

/// An error answer as gateways and ASP.NET write them.
fn failure(code: u16) -> Response {
    let final_status = StatusCode::from_u16(code)
        .ok()
        .filter(|status| !status.is_informational());
    let status = final_status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match code {
        500 => reply::json(
            status,
            &serde_json::json!({"Message": "An error has occurred."}),
        ),
        _ => reply::html(
            status,
            &format!("<html><body><h1>{status}</h1></body></html>"),
        ),
    }
}

/// Halo's 429 (text observed in public clients).
pub(crate) fn too_many(state: &state::State, seconds: Option<u64>, style: RetryAfter) -> Response {
    let (limit, span) = state.switches.rate_limit.unwrap_or((300, 300));
    let window = match span {
        0..=119 => format!("{span} second"),
        _ => format!("{} minute", span / 60),
    };
    let text = format!("Rate Limit Reached - {limit} Requests per rolling {window} window");
    let mut response = (StatusCode::TOO_MANY_REQUESTS, text).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    let value = match (seconds, style) {
        (None, _) => None,
        (Some(seconds), RetryAfter::HttpDate) => {
            let date = state.clock.date_in(state.switches.date, seconds);
            HeaderValue::try_from(date).ok()
        }
        (Some(seconds), RetryAfter::Off | RetryAfter::Seconds) => Some(HeaderValue::from(seconds)),
    };
    if let Some(value) = value {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}
