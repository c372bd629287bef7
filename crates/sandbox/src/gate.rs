//! The door every service request comes through: it is logged, faults are applied, and the answer is sent or lost.

mod spoil;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, DATE, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use self::spoil::{instead, spoil};
use crate::fault::FaultKind;
use crate::listener::Peer;
use crate::log::{LoggedRequest, Service, StoredLicence, Ticket, mask};
use crate::state::{Shared, State as Sandbox};
use crate::{halo, management};

pub(crate) use self::spoil::too_many;

const LARGEST_BODY: usize = 32 * 1024 * 1024;
const LOGIN_PAGE: &str =
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>";

/// Ids of the records that a handler stored; set on its answer.
#[derive(Debug, Clone)]
pub(crate) struct Stored(pub(crate) Vec<i64>);

/// The licences that a handler stored, as it left them; set on its answer.
#[derive(Debug, Clone)]
pub(crate) struct StoredLicences(pub(crate) Vec<StoredLicence>);

/// Set on a request whose list page is to repeat the one before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RepeatPage(Arc<AtomicBool>);

impl RepeatPage {
    /// Says that there was a page before it.
    pub(crate) fn done(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was_done(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

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
    let state = shared.lock();
    if let Some(date) = state.switches.date
        && let Ok(date) = HeaderValue::from_str(&state.clock.date_in(Some(date), 0))
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
        stored: Vec::new(),
        answer: 0,
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
    let mut latency = None;
    for kind in faults {
        match kind {
            FaultKind::Latency(ms) => {
                latency.get_or_insert(kind);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            other => fault = fault.or(Some(other)),
        }
    }
    if let Some(kind) = fault.as_ref().filter(|kind| kind.is_before_commit()) {
        return instead(shared, kind).await;
    }
    let repeat = RepeatPage::default();
    if fault == Some(FaultKind::DuplicatePage) {
        parts.extensions.insert(repeat.clone());
    }
    let acted_before = fault
        .as_ref()
        .is_some_and(|kind| disturb(&mut shared.lock(), kind, &parts));
    let of_licences = parts.uri.path().contains("/SoftwareLicence");
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let edits = fault == Some(FaultKind::EditCount) && of_licences;
    let acted_after = note_stored(&mut shared.lock(), ticket, &response, edits);
    let Some(kind) = fault else {
        return noted(shared, ticket, response).await;
    };
    let (response, is_spoiled) = spoil(&kind, response).await;
    if !(acted_before || acted_after || is_spoiled || repeat.was_done())
        && let Some(entry) = shared.lock().log.entry(ticket)
    {
        entry.fault = latency;
    }
    response
}

/// What a fault does before the service handles the request. False: it found nothing to act on.
fn disturb(state: &mut Sandbox, kind: &FaultKind, parts: &Parts) -> bool {
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    match kind {
        // Both, so not `||`, which would leave the second out.
        FaultKind::TokenRevoked => state.tokens.revoke_all() | state.visas.revoke_all(),
        FaultKind::ScopeLost => take_scope(state, parts),
        FaultKind::ShiftPage => {
            halo::shift(&mut state.world, path) | management::shift(&mut state.world, path)
        }
        FaultKind::EditCount if parts.method == Method::GET => {
            halo::edit_before_read(&mut state.world, path, query)
        }
        _ => false,
    }
}

/// Takes the scope from the token of a request, and from those to come. False: the caller is none of Halo's.
fn take_scope(state: &mut Sandbox, parts: &Parts) -> bool {
    let header = parts.headers.get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    let had = token.is_some_and(|token| state.tokens.take_scope(token));
    let asks = Service::of_path(parts.uri.path()) == Service::HaloAuth;
    state.faults.scope_is_lost |= had || asks;
    had || asks
}

/// Notes what a handler stored; then a person edits it, if that is the fault. True: one did.
fn note_stored(state: &mut Sandbox, ticket: Ticket, response: &Response, edits: bool) -> bool {
    let Some(Stored(ids)) = response.extensions().get::<Stored>() else {
        return false;
    };
    if let Some(entry) = state.log.entry(ticket).filter(|_| !ids.is_empty()) {
        entry.committed = true;
        if let Some(StoredLicences(stored)) = response.extensions().get() {
            entry.stored.clone_from(stored);
        }
    }
    edits && halo::edit_after_write(&mut state.world, ids)
}

/// Notes the digest of an answer that is sent as it is.
async fn noted(shared: &Shared, ticket: Ticket, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut digest = DefaultHasher::new();
    parts.status.as_u16().hash(&mut digest);
    for (name, value) in &parts.headers {
        (name.as_str(), value.as_bytes()).hash(&mut digest);
    }
    mask(&String::from_utf8_lossy(&body)).hash(&mut digest);
    if let Some(entry) = shared.lock().log.entry(ticket) {
        entry.answer = digest.finish();
    }
    Response::from_parts(parts, Body::from(body))
}
