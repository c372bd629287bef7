//! `/_sandbox`: the Rust interface over HTTP, for programs in other languages. Never logged, never faulty.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::lint::LintFinding;
use crate::management::Tree;
use crate::seed::Oddity;
use crate::state::Shared;
use crate::switches::Switches;
use crate::{efile, judge, lint, reply};

/// One edit, as a person would make it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Edit {
    SetCount {
        id: i64,
        count: i64,
    },
    SetActive {
        id: i64,
        active: bool,
    },
    AddSubscription {
        client_id: i64,
        name: String,
        count: i64,
    },
    DeleteSubscription {
        id: i64,
    },
    AddClient {
        name: String,
        cove_id: Value,
    },
    SetCustomField {
        client_id: i64,
        value: Value,
    },
    SetClientInactive {
        client_id: i64,
        inactive: bool,
    },
    RemoveClientUsage {
        period: u32,
        customer_id: String,
    },
    RemoveAllUsage {
        period: u32,
    },
    AddInvoiceLine {
        licence_id: i64,
    },
    SetPartnerState {
        partner: u64,
        state: String,
    },
    SetExternalCode {
        partner: u64,
        code: String,
    },
    OpenInvoice {
        period: u32,
    },
    CloseInvoice {
        period: u32,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

pub(crate) fn router(
    shared: &Shared,
    oddities: Vec<Oddity>,
    invoice_oddities: Vec<LintFinding>,
) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/edit", post(edit))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/switches", get(switches).post(set_switches))
        .route("/clock", post(clock))
        .route("/expected/{period}", get(expected))
        .route("/efiles/{period}", get(efiles))
        .route("/efiles/{period}/{file_name}", get(efile))
        .route("/recurring_invoices", get(recurring_invoices))
        .route("/expected_lint", get(expected_lint))
        .route("/partners", get(partners))
        .route("/accounts", get(accounts))
        .with_state(shared.clone())
        .route(
            "/invoice_oddities",
            get(async move || reply::ok(&invoice_oddities)),
        )
        .route("/oddities", get(async move || reply::ok(&oddities)))
}

async fn state(State(shared): State<Shared>) -> Response {
    let state = shared.lock();
    reply::ok(&json!({
        "clients": state.world.clients(),
        "subscriptions": state.world.subscriptions(),
        "switches": state.switches,
    }))
}

async fn recurring_invoices(State(shared): State<Shared>) -> Response {
    reply::ok(&shared.lock().world.recurring_invoices())
}

async fn expected_lint(State(shared): State<Shared>) -> Response {
    reply::ok(&lint::lint(&shared.lock().world))
}

async fn partners(State(shared): State<Shared>) -> Response {
    let partners = Tree::of(&shared.lock().world).partners;
    reply::ok(&partners.into_values().collect::<Vec<_>>())
}

async fn accounts(State(shared): State<Shared>) -> Response {
    let accounts = Tree::of(&shared.lock().world).accounts;
    reply::ok(&accounts.into_values().collect::<Vec<_>>())
}

/// Answers what the edit made (an id), how many it touched, or whether it found its record.
async fn edit(State(shared): State<Shared>, Json(edit): Json<Edit>) -> Response {
    let mut state = shared.lock();
    state.world.now = state.clock.unix();
    let world = &mut state.world;
    let done: Value = match edit {
        Edit::SetCount { id, count } => world.set_count(id, count).into(),
        Edit::SetActive { id, active } => world.set_active(id, active).into(),
        Edit::AddSubscription {
            client_id,
            name,
            count,
        } => world.add_subscription(client_id, &name, count).into(),
        Edit::DeleteSubscription { id } => world.delete_subscription(id).into(),
        Edit::AddClient { name, cove_id } => world.add_client(&name, cove_id).into(),
        Edit::SetCustomField { client_id, value } => {
            world.set_custom_field(client_id, value).into()
        }
        Edit::SetClientInactive {
            client_id,
            inactive,
        } => world.set_client_inactive(client_id, inactive).into(),
        Edit::RemoveClientUsage {
            period,
            customer_id,
        } => world.remove_client_usage(period, &customer_id).into(),
        Edit::RemoveAllUsage { period } => {
            world.remove_all_usage(period);
            true.into()
        }
        Edit::AddInvoiceLine { licence_id } => world.add_invoice_line(licence_id).into(),
        Edit::SetPartnerState { partner, state } => {
            world.set_partner_state(partner, &state);
            true.into()
        }
        Edit::SetExternalCode { partner, code } => {
            world.set_external_code(partner, &code);
            true.into()
        }
        Edit::OpenInvoice { period } => world.open_invoice(period).into(),
        Edit::CloseInvoice { period } => world.close_invoice(period).into(),
    };
    reply::ok(&done)
}

async fn requests(State(shared): State<Shared>) -> Response {
    reply::ok(&shared.lock().log.entries())
}

async fn clear_requests(State(shared): State<Shared>) -> StatusCode {
    shared.lock().clear_requests();
    StatusCode::NO_CONTENT
}

async fn faults(State(shared): State<Shared>) -> Response {
    reply::ok(&shared.lock().faults.list())
}

async fn set_faults(State(shared): State<Shared>, Json(faults): Json<Vec<Fault>>) -> StatusCode {
    shared.lock().faults.set(faults);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.lock().faults.set(Vec::new());
    StatusCode::NO_CONTENT
}

async fn switches(State(shared): State<Shared>) -> Response {
    reply::ok(&shared.lock().switches)
}

/// Switches that are left out go back to their default.
async fn set_switches(State(shared): State<Shared>, Json(switches): Json<Switches>) -> StatusCode {
    shared.lock().switches = switches;
    StatusCode::NO_CONTENT
}

async fn clock(State(shared): State<Shared>, Json(advance): Json<Advance>) -> StatusCode {
    shared
        .lock()
        .clock
        .advance(Duration::from_secs(advance.advance_seconds));
    StatusCode::NO_CONTENT
}

/// The month's files, each with its name, invoice and content.
async fn efiles(State(shared): State<Shared>, Path(period): Path<String>) -> Response {
    match files_of(&shared, &period) {
        Some(files) => reply::ok(&files),
        None => bad_period(),
    }
}

/// One file, as the portal sends it.
async fn efile(
    State(shared): State<Shared>,
    Path((period, file_name)): Path<(String, String)>,
) -> Response {
    let Some(files) = files_of(&shared, &period) else {
        return bad_period();
    };
    match files.into_iter().find(|file| file.file_name == file_name) {
        Some(file) => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], file.csv).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}

fn files_of(shared: &Shared, period: &str) -> Option<Vec<efile::EFile>> {
    let period = period_of(period)?;
    let state = shared.lock();
    Some(efile::efiles(&state.world.vendor, period, &state.switches))
}

fn period_of(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|period| crate::period::is_valid(*period))
}

fn bad_period() -> Response {
    (StatusCode::BAD_REQUEST, "the period must be YYYYMM").into_response()
}

async fn expected(State(shared): State<Shared>, Path(period): Path<String>) -> Response {
    match period_of(&period) {
        Some(period) => reply::ok(&judge::judge(&shared.lock().world, period)),
        None => bad_period(),
    }
}
