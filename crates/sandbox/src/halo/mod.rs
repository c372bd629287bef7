//! HaloPSA: routes, the rate limit and the token check in front of them.

mod auth;
mod clients;
mod disturb;
mod licences;
mod lists;
mod refusal;
mod report;

pub(crate) use disturb::{edit_after_write, edit_before_read, shift};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::state::Shared;
use crate::world::psa::{COVE_FIELD_ID, IGNORE_FIELD, IGNORE_FIELD_ID};
use crate::{CUSTOM_FIELD, gate, reply};

/// Prefix of both servers; a real tenant has them at the root of its host.
pub(crate) const PATH: &str = "/halo";

pub(crate) fn router(shared: &Shared) -> Router {
    let api = Router::new()
        .route("/FieldInfo", get(field_info))
        .route("/Client", get(clients::list))
        .route("/Client/{id}", get(clients::one))
        .route("/SoftwareLicence", get(licences::list).post(licences::post))
        .route(
            "/SoftwareLicence/{id}",
            get(licences::one).delete(licences::delete),
        )
        .route("/Report", post(report::run))
        .layer(middleware::from_fn_with_state(shared.clone(), check_token))
        .route("/authinfo", get(auth_info))
        .layer(middleware::from_fn_with_state(shared.clone(), check_rate));
    Router::new()
        .nest("/api", api)
        .route("/auth/token", post(auth::token))
        .with_state(shared.clone())
}

/// Anonymous discovery of the token endpoint (observed in public clients).
async fn auth_info(State(shared): State<Shared>) -> Response {
    let auth_url = format!("{}{PATH}/auth", shared.lock().origin);
    reply::ok(&json!({"auth_url": auth_url, "tenant_id": ""}))
}

async fn check_rate(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if let Some(refused) = over_limit(&shared) {
        return refused;
    }
    next.run(request).await
}

fn over_limit(shared: &Shared) -> Option<Response> {
    let mut state = shared.lock();
    let limit = state.switches.rate_limit?;
    let now = state.clock.now();
    let wait = state.window.admit(now, limit).err()?;
    let style = state.switches.retry_after;
    let seconds = (style != crate::RetryAfter::Off)
        .then(|| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    Some(gate::too_many(&state, seconds, style))
}

async fn check_token(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if let Some(refused) = not_allowed(&shared, &request) {
        return refused;
    }
    next.run(request).await
}

/// 401 without a live token or with one that has no scope (observed); 403 where the scope does not reach (assumed).
fn not_allowed(shared: &Shared, request: &Request) -> Option<Response> {
    let state = shared.lock();
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    let scopes = token.and_then(|token| state.tokens.scopes(token, state.clock.now()));
    let scopes = match scopes {
        None | Some([]) => return Some(StatusCode::UNAUTHORIZED.into_response()),
        Some(scopes) => scopes,
    };
    let path = request.uri().path();
    let needed = match (path, request.method()) {
        (path, _) if path.contains("/Client") => "read:customers",
        (path, &Method::GET) if path.contains("/SoftwareLicence") => "read:softwarelicensing",
        (path, _) if path.contains("/SoftwareLicence") => "edit:softwarelicensing",
        (path, _) if path.contains("/Report") => "read:reporting",
        _ => return None,
    };
    let allowed = scopes.iter().any(|scope| auth::grants(scope, needed));
    (!allowed).then(|| StatusCode::FORBIDDEN.into_response())
}

/// A bare array (observed in public clients); only `typeid=2`, clients, has fields here.
async fn field_info(request: Request) -> Response {
    let of_clients = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .any(|pair| pair == "typeid=2");
    let fields = if of_clients { fields() } else { json!([]) };
    reply::ok(&fields)
}

fn fields() -> Value {
    json!([
        {
            "id": COVE_FIELD_ID,
            "guid": "7f1f7d18-3a0f-4f06-9a2f-0a6d1d4e0c11",
            "name": CUSTOM_FIELD,
            "label": "Cove Customer ID",
            "labellong": "",
            "type": 0,
            "custom": 1,
            "usage": 2,
            "inputtype": 0,
            "characterlimit": 0,
            "searchable": true,
            "visibility": 0,
            "new_storage_method": false,
        },
        {
            "id": IGNORE_FIELD_ID,
            "guid": "7f1f7d18-3a0f-4f06-9a2f-0a6d1d4e0c12",
            "name": IGNORE_FIELD,
            "label": "Skip Cove billing",
            "type": 6,
            "custom": 1,
            "usage": 2,
            "inputtype": 0,
            "new_storage_method": true,
        },
    ])
}
