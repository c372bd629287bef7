//! `/SoftwareLicence`: lists, single records, soft delete, and `POST` with its switches.

mod draft;

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use self::draft::Draft;
use super::items;
use super::lists::{Ask, page};
use super::refusal::Refusal;
use crate::gate::{RepeatPage, Stored, StoredLicences};
use crate::log::StoredLicence;
use crate::reply;
use crate::state::{Shared, State as Sandbox};
use crate::switches::BatchFailure;
use crate::world::psa::{API_AGENT, Licence, Psa};

const NO_DATE: &str = "1900-01-01T00:00:00";

pub(super) async fn list(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let inactive_too = ask.is_true("includeinactive");
    let deleted_too = inactive_too && state.switches.includeinactive_returns_deleted;
    let (client, kind) = (ask.number("client_id"), ask.number("licence_type"));
    let shows = |licence: &&Licence| {
        let form = &licence.form;
        (inactive_too || form.is_active)
            && (deleted_too || !form.deleted)
            && client.is_none_or(|id| id == form.client_id)
            && kind.is_none_or(|kind| kind == form.kind)
            && ask.finds(&form.name)
    };
    let mut rows: Vec<&Licence> = state.world.psa.licences.values().filter(shows).collect();
    rows.sort_by(|left, right| {
        ask.compare((left.id, &left.form.name), (right.id, &right.form.name))
    });
    let (rows, mut body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());
    let rows = rows
        .iter()
        .map(|licence| row(&state.world.psa, licence))
        .collect();
    body.insert("licences".to_owned(), rows);
    reply::ok(&body)
}

pub(super) async fn one(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let state = shared.lock();
    let found = id
        .parse()
        .ok()
        .and_then(|id: i64| state.world.psa.licences.get(&id));
    let Some(licence) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut body = row(&state.world.psa, licence);
    body["licences_in_use"] = 0.into();
    body["licences_in_use_user"] = 0.into();
    body["licences_available"] = licence.count.into();
    body["licence_roles"] = json!([]);
    reply::ok(&body)
}

/// Soft: the record stays and is marked (observed in a published schema).
pub(super) async fn delete(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut state = shared.lock();
    let id: Option<i64> = id.parse().ok();
    let world = &mut state.world;
    let found = id
        .and_then(|id| world.psa.licences.get(&id))
        .filter(|one| !one.form.deleted);
    let Some(licence) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let id = licence.id;
    let psa = &mut world.psa;
    psa.change(id, API_AGENT, world.now, |licence| {
        licence.form.deleted = true;
    });
    let row = psa.licences.get(&id).map(|licence| row(psa, licence));
    with_stored(reply::ok(&row), vec![id])
}

pub(super) async fn post(State(shared): State<Shared>, body: Bytes) -> Response {
    let items = match items::read(&body) {
        Ok(items) => items,
        Err(refusal) => return refusal.answer(),
    };
    let mut state = shared.lock();
    let last = state.world.psa.licences.last_key_value();
    let last = last.map(|(id, _)| *id);
    match store(&mut state, &items) {
        (stored, None) => {
            let psa = &state.world.psa;
            let left = as_left(psa, &stored, last);
            let rows = stored.iter().filter_map(|id| psa.licences.get(id));
            let rows = rows.map(|one| row(psa, one)).collect();
            let answer = items::answer(StatusCode::OK, state.switches.post_answer, rows, stored);
            with_licences(answer, left)
        }
        (stored, Some(refusal)) => {
            let left = as_left(&state.world.psa, &stored, last);
            with_licences(with_stored(refusal.answer(), stored), left)
        }
    }
}

/// What was stored, for the log. `last`: the highest id before.
fn as_left(psa: &Psa, stored: &[i64], last: Option<i64>) -> Vec<StoredLicence> {
    let stored = stored.iter().filter_map(|id| psa.licences.get(id));
    let left = stored.map(|licence| StoredLicence {
        id: licence.id,
        client_id: licence.form.client_id,
        name: licence.form.name.clone(),
        count: licence.count,
        is_new: last.is_none_or(|last| licence.id > last),
    });
    left.collect()
}

fn with_licences(mut response: Response, left: Vec<StoredLicence>) -> Response {
    response.extensions_mut().insert(StoredLicences(left));
    response
}

/// Stores the items as the switches say. The refusal is set if the answer is to be one.
fn store(state: &mut Sandbox, items: &[Value]) -> (Vec<i64>, Option<Refusal>) {
    let matching = state.switches.post_without_id;
    let now = state.world.now;
    let psa = &mut state.world.psa;
    // No record of a batch can refer to another one of it, so all can be checked first.
    let mut drafts = Vec::new();
    let mut refusal = None;
    for item in items {
        match (Draft::read(psa, item), state.switches.batch_failure) {
            (Ok(draft), _) => drafts.push(draft),
            (Err(reason), BatchFailure::AllOrNothing) => return (Vec::new(), Some(reason)),
            (Err(reason), BatchFailure::StopsAtFirstError) => {
                refusal = Some(reason);
                break;
            }
            (Err(reason), BatchFailure::SkipsBadOnes) => {
                refusal.get_or_insert(reason);
            }
        }
    }
    let stored: Vec<i64> = drafts
        .into_iter()
        .map(|draft| draft.store(psa, matching, now))
        .collect();
    let skips = state.switches.batch_failure == BatchFailure::SkipsBadOnes;
    let refusal = refusal.filter(|_| !skips || stored.is_empty());
    (stored, refusal)
}

pub(super) fn with_stored(mut response: Response, stored: Vec<i64>) -> Response {
    response.extensions_mut().insert(Stored(stored));
    response
}

/// A record as lists have it.
fn row(psa: &Psa, licence: &Licence) -> Value {
    let form = &licence.form;
    let client_name = psa
        .clients
        .get(&form.client_id)
        .map_or("", |client| client.name.as_str());
    let mut row = json!({
        "id": licence.id,
        "type": form.kind,
        "name": form.name,
        "count": licence.count,
        "client_id": form.client_id,
        "site_id": -1,
        "client_name": client_name,
        "site_name": "",
        "purchase_price": 0.0,
        "start_date": NO_DATE,
        "snowid": "",
        "manufacturer": "",
        "notes": licence.notes,
        "supplier_id": 0,
        "supplier_name": "",
        "licence_client_name": client_name,
        "vendor": "",
        "end_date": NO_DATE,
        "tenant_id": "",
        "tenant_name": "",
        "name_extra": "",
        "deleted": form.deleted,
        "assigned_at_deletion": 0,
        "billing_cycle": "",
        "term_duration": "",
        "status": "",
        "autorenew": false,
        "price": licence.price,
        "monthly_price": 0.0,
        "monthly_cost": 0.0,
        "distributor": "",
        "is_active": form.is_active,
        "azure_connection_id": 0,
        "requested_quantity": 0,
        "requested_quantity_date": NO_DATE,
        "product_sku": "",
        "vendor_product_sku": "",
        "parent_id": 0,
    });
    for (name, value) in &licence.other {
        row[name.as_str()] = value.clone();
    }
    row
}
