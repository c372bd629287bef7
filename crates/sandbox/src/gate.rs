//! The door every service request comes through: it is logged, faults are applied, and the answer is sent or lost.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::fault::FaultKind;
use crate::listener::Peer;
use crate::log::{LoggedRequest, Service, Ticket, mask};
use crate::reply;
use crate::state::{self, Shared};
use crate::switches::RetryAfter;
use crate::{halo, management};

const LARGEST_BODY: usize = 32 * 1024 * 1024;
/// Dates that HTTP can write end with the year 9999.
const LATEST: Duration = Duration::from_secs(253_402_300_800);
const LOGIN_PAGE: &str =
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>";

/// Ids of the records that a handler stored; set on its answer.
#[derive(Debug, Clone)]
pub(crate) struct Stored(pub(crate) Vec<i64>);

/// Set on a request whose list page is to repeat the one before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RepeatPage;

/// Set on an answer that is not to be sent.
#[derive(Debug, Clone, Copy)]
struct Lost;

pub(crate) async fn gate(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/_sandbox") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // Which method a call is for stands in its body, so that has to be read first.
    let (rpc, body) = match Service::of_path(parts.uri.path()) {
        Service::Management => read_call(body).await,
        _ => (None, Ok(body)),
    };
    let (ticket, faults) = arrive(&shared, &parts, rpc);
    let body = match body {
        Ok(body) => to_bytes(body, LARGEST_BODY).await,
        Err(error) => Err(error),
    };
    let response = match body {
        Ok(body) => {
            if let Some(entry) = shared.lock().log.entry(ticket) {
                entry.body = mask(&String::from_utf8_lossy(&body));
            }
            pass(&shared, ticket, faults, parts, body, next).await
        }
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let mut response = response;
    stamp(&shared, &mut response);
    let lost = response.extensions().get::<Lost>().is_some();
    if let Some(entry) = shared.lock().log.entry(ticket) {
        entry.status = if lost { 0 } else { response.status().as_u16() };
    }
    if lost {
        peer.break_connection();
    }
    response
}

/// Dates an answer where the switch says when it is.
fn stamp(shared: &Shared, response: &mut Response) {
    let date = shared.lock().switches.date;
    let date = date.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    if let Some(date) = date.filter(|date| *date < UNIX_EPOCH + LATEST)
        && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(date))
    {
        response.headers_mut().insert(DATE, date);
    }
}

/// The method that a JSON-RPC call names, and its body.
async fn read_call(body: Body) -> (Option<String>, Result<Body, axum::Error>) {
    let bytes = match to_bytes(body, LARGEST_BODY).await {
        Ok(bytes) => bytes,
        Err(error) => return (None, Err(error)),
    };
    let call: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    let method = call.and_then(|call| Some(call.get("method")?.as_str()?.to_owned()));
    (method, Ok(Body::from(bytes)))
}

fn arrive(shared: &Shared, parts: &Parts, rpc: Option<String>) -> (Ticket, Vec<FaultKind>) {
    let mut state = shared.lock();
    state.world.now = state.clock.unix();
    let path = parts.uri.path();
    let service = Service::of_path(path);
    let faults = match &rpc {
        Some(method) => state.faults.hit(service, &format!("{path}/{method}")),
        None => state.faults.hit(service, path),
    };
    let first_other = faults
        .iter()
        .find(|kind| !matches!(kind, FaultKind::Latency(_)));
    let ticket = state.log.push(LoggedRequest {
        index: 0,
        service,
        method: parts.method.to_string(),
        path: path.to_owned(),
        rpc,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: String::new(),
        status: 0,
        fault: first_other.or(faults.first()).cloned(),
        committed: false,
    });
    (ticket, faults)
}

async fn pass(
    shared: &Shared,
    ticket: Ticket,
    faults: Vec<FaultKind>,
    mut parts: Parts,
    body: Bytes,
    next: Next,
) -> Response {
    let mut fault = None;
    for kind in faults {
        match kind {
            FaultKind::Latency(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            other => fault = fault.or(Some(other)),
        }
    }
    if let Some(kind) = fault.as_ref().filter(|kind| kind.is_before_commit()) {
        return instead(shared, kind).await;
    }
    let is_read = parts.method == Method::GET;
    let of_licences = parts.uri.path().contains("/SoftwareLicence");
    match &fault {
        Some(FaultKind::TokenRevoked) => {
            let mut state = shared.lock();
            state.tokens.revoke_all();
            state.visas.revoke_all();
        }
        Some(FaultKind::DuplicatePage) => {
            parts.extensions.insert(RepeatPage);
        }
        Some(FaultKind::ShiftPage) => {
            let world = &mut shared.lock().world;
            halo::shift(world, parts.uri.path());
            management::shift(world, parts.uri.path());
        }
        Some(FaultKind::EditCount) if is_read => {
            let query = parts.uri.query().unwrap_or_default();
            halo::edit_before_read(&mut shared.lock().world, parts.uri.path(), query);
        }
        _ => {}
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let stored = response
        .extensions()
        .get::<Stored>()
        .map_or(&[][..], |stored| &stored.0);
    if !stored.is_empty() {
        let mut state = shared.lock();
        if let Some(entry) = state.log.entry(ticket) {
            entry.committed = true;
        }
        if fault == Some(FaultKind::EditCount) && of_licences {
            halo::edit_after_write(&mut state.world, stored);
        }
    }
    match fault {
        Some(kind) => spoil(&kind, response).await,
        None => response,
    }
}

/// The answer to a request that never reaches the service.
async fn instead(shared: &Shared, kind: &FaultKind) -> Response {
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

/// What becomes of the answer after the service has done its work.
async fn spoil(kind: &FaultKind, response: Response) -> Response {
    match kind {
        FaultKind::StatusAfterCommit(code) => failure(*code),
        FaultKind::ResetAfterCommit => lost(),
        FaultKind::HangAfterCommitMs(ms) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            lost()
        }
        FaultKind::MalformedJson => {
            reply::json_text("{\"licences\": [{\"id\": 12, \"name\": \"half")
        }
        FaultKind::EmptyBody => reply::json_text(""),
        FaultKind::NullBody => reply::json_text("null"),
        FaultKind::UnreadableQuantity => unreadable_quantity(response).await,
        FaultKind::ShortPage => one_row_less(response).await,
        FaultKind::Drip => in_pieces(response, 16, true).await,
        FaultKind::TruncatedBody => in_pieces(response, 2, false).await,
        _ => response,
    }
}

/// Puts a word where the first quantity stands; an answer without one stays as it is.
async fn unreadable_quantity(response: Response) -> Response {
    const NAME: &str = "\"Quantity\":";
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return lost();
    };
    let text = String::from_utf8_lossy(&body);
    let spoiled = text.split_once(NAME).and_then(|(before, after)| {
        let end = after.find([',', '}'])?;
        Some(format!("{before}{NAME}\"many\"{}", after.get(end..)?))
    });
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(
        parts,
        Body::from(spoiled.unwrap_or_else(|| text.into_owned())),
    )
}

/// Takes the last row out of a list that is sent with its count; any other answer stays as it is.
async fn one_row_less(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(mut body) = to_bytes(body, LARGEST_BODY).await else {
        return lost();
    };
    let list = serde_json::from_slice(&body).ok();
    if let Some(serde_json::Value::Object(mut list)) = list
        && list.contains_key("record_count")
        && let Some(rows) = list.values_mut().find_map(serde_json::Value::as_array_mut)
    {
        rows.pop();
        body = serde_json::Value::Object(list).to_string().into();
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
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
            HeaderValue::try_from(state.clock.http_date_in(seconds)).ok()
        }
        (Some(seconds), RetryAfter::Off | RetryAfter::Seconds) => Some(HeaderValue::from(seconds)),
    };
    if let Some(value) = value {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}
