//! The N-able Billing API: who may call, and which of the four documented operations is meant.

pub(crate) mod distributor;
mod shapes;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::state::{Shared, State as Sandbox};
use crate::switches::BillingWrapper;
use crate::world::vendor::Month;
use crate::{ACCOUNT_ID, API_KEY, period, reply};

/// Where the API lives, as on the real host (documented).
pub(crate) const PATH: &str = "/ws/rest/V1/PSA_API";

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/InvoicesReady/{account}/{period}", post(invoices_ready))
        .route(
            "/PSABillableServices/{account}/{period}/{contract}",
            post(billable_services),
        )
        .route(
            "/PSAUsageDetailsDevices/{account}/{period}/{contract}/{invoice}",
            post(usage_details),
        )
        .route(
            "/PSAUsageByTimeFrame/{account}/{period}",
            post(usage_by_time_frame),
        )
        .layer(middleware::from_fn(check_caller))
        .with_state(shared.clone())
}

async fn check_caller(request: Request, next: Next) -> Response {
    match refusal(request.headers(), API_KEY) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// 403 without a User-Agent or with one that is blocked, 401 for a wrong key (both observed in a public client).
fn refusal(headers: &HeaderMap, key: &str) -> Option<Response> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let agent = header("user-agent").unwrap_or_default();
    if agent.is_empty() || agent.starts_with("python-requests") {
        let page = "<html><body><h1>403 Forbidden</h1></body></html>";
        return Some(reply::html(StatusCode::FORBIDDEN, page));
    }
    (header("x-api-key") != Some(key)).then(unauthorized)
}

fn unauthorized() -> Response {
    reply::text(StatusCode::UNAUTHORIZED, "Unauthorized")
}

/// Checks what every path begins with. A malformed month is a 400 (observed in a public client).
fn month_of(account: &str, month: &str) -> Result<u32, Box<Response>> {
    if account != ACCOUNT_ID {
        return Err(Box::new(unauthorized()));
    }
    period_of(month)
}

fn period_of(month: &str) -> Result<u32, Box<Response>> {
    let number = month
        .parse()
        .ok()
        .filter(|number| month.len() == 6 && period::is_valid(*number));
    number.ok_or_else(|| {
        Box::new(reply::text(
            StatusCode::BAD_REQUEST,
            "Invalid path variables",
        ))
    })
}

async fn invoices_ready(
    State(shared): State<Shared>,
    Path((account, month)): Path<(String, String)>,
) -> Response {
    match month_of(&account, &month) {
        Ok(period) => reply::ok(&shapes::invoices_ready(&shared.lock().world.vendor, period)),
        Err(refusal) => *refusal,
    }
}

async fn billable_services(
    State(shared): State<Shared>,
    Path((account, month, contract)): Path<(String, String, String)>,
) -> Response {
    let period = match month_of(&account, &month) {
        Ok(period) => period,
        Err(refusal) => return *refusal,
    };
    let state = shared.lock();
    let vendor = &state.world.vendor;
    let found = find(&state, period, &contract);
    let body = match found {
        Some((contract, month)) => shapes::billable_services(vendor, contract, month, period),
        None => shapes::billable_services_head(None, period),
    };
    reply::ok(&wrap(&state, "PSABillableServices", body))
}

async fn usage_details(
    State(shared): State<Shared>,
    Path((account, month, contract, invoice)): Path<(String, String, String, String)>,
) -> Response {
    let period = match month_of(&account, &month) {
        Ok(period) => period,
        Err(refusal) => return *refusal,
    };
    let state = shared.lock();
    let found = find(&state, period, &contract).and_then(|(id, month)| {
        let contract = state.world.vendor.contract(id)?;
        let bills =
            |one: &&crate::world::vendor::Invoice| one.id == invoice && one.contracts.contains(&id);
        month
            .invoices
            .iter()
            .find(bills)
            .map(|invoice| (contract, month, invoice))
    });
    let body = match found {
        Some((contract, month, invoice)) => shapes::usage_details(contract, month, invoice, period),
        None => shapes::usage_head(None, period),
    };
    reply::ok(&wrap(&state, "PSAUsageDetailsDevices", body))
}

async fn usage_by_time_frame(
    State(shared): State<Shared>,
    Path((account, month)): Path<(String, String)>,
) -> Response {
    match month_of(&account, &month) {
        Ok(period) => reply::ok(&shapes::usage_by_time_frame(
            &shared.lock().world.vendor,
            period,
        )),
        Err(refusal) => *refusal,
    }
}

/// The contract and the month, if both are known and the contract has something in that month.
fn find<'a>(state: &'a Sandbox, period: u32, contract: &str) -> Option<(u64, &'a Month)> {
    let contract = contract.parse().ok()?;
    state.world.vendor.contract(contract)?;
    state
        .world
        .vendor
        .months
        .get(&period)
        .map(|month| (contract, month))
}

fn wrap(state: &Sandbox, operation: &str, body: Value) -> Value {
    match state.switches.billing_wrapper {
        BillingWrapper::Bare => body,
        BillingWrapper::Wrapped => json!({ operation: body }),
        BillingWrapper::Array => json!([body]),
    }
}
