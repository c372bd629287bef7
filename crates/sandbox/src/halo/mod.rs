//! HaloPSA: routes, the rate limit and the token check in front of them.

mod auth;
mod changes;
mod clients;
mod disturb;
mod fields;
mod items;
mod licences;
mod lists;
mod recurring;
mod refusal;
mod report;
mod shelves;
mod sites;

pub(crate) use disturb::{edit_after_write, edit_before_read, shift};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::state::Shared;
use crate::{gate, reply};

/// Prefix of both servers; a real tenant has them at the root of its host.
pub(crate) const PATH: &str = "/halo";

pub(crate) fn router(shared: &Shared) -> Router {
    let api = Router::new()
        .route("/FieldInfo", get(fields::list))
        .route("/FieldInfo/{id}", get(fields::one))
        .route("/Client", get(clients::list).post(clients::post))
        .route("/Client/{id}", get(clients::one))
        .route("/SoftwareLicence", get(licences::list).post(licences::post))
        .route(
            "/SoftwareLicence/{id}",
            get(licences::one).delete(licences::delete),
        )
        .route("/LicenceChange", get(changes::list))
        .route("/Site", get(sites::list))
        .route("/Site/{id}", get(sites::one))
        .route("/Report", get(report::list).post(report::run))
        .route("/Report/{id}", get(report::one))
        .merge(recurring::router())
        .merge(shelves::router())
        .layer(middleware::from_fn_with_state(shared.clone(), check_token))
        .route("/authinfo", get(auth_info))
        .route("/ReportData/{id}", get(report::published)) // a name and password of its own
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
    let needed = area_of(path, request.method())?;
    let allowed = scopes.iter().any(|scope| auth::grants(scope, needed));
    (!allowed).then(|| StatusCode::FORBIDDEN.into_response())
}

/// The scope that a call needs. Reports are run by `POST`, which is reading.
fn area_of(path: &str, method: &Method) -> Option<&'static str> {
    let reads = method == Method::GET;
    let resource = path.trim_start_matches('/').split('/').next();
    let (read, edit) = match resource.unwrap_or_default() {
        "Client" | "Site" | "ExternalLink" => ("read:customers", "edit:customers"),
        "SoftwareLicence" | "LicenceChange" => ("read:softwarelicensing", "edit:softwarelicensing"),
        "RecurringInvoice" => ("read:invoices", "edit:invoices"),
        "Report" => ("read:reporting", "read:reporting"),
        "Item" => ("read:items", "edit:items"),
        "Supplier" => ("read:suppliers", "edit:suppliers"),
        "Tickets" | "Actions" => ("read:tickets", "edit:tickets"),
        _ => return None,
    };
    Some(if reads { read } else { edit })
}
