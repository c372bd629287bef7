//! `/Site`: every client has one.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::lists::{Ask, page};
use crate::gate::RepeatPage;
use crate::reply;
use crate::state::Shared;
use crate::world::psa::ClientRecord;

/// A client's site has the client's id plus this.
const OFFSET: i64 = 1_000_000;
const NAME: &str = "Main";

pub(super) async fn list(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let inactive_too = ask.is_true("includeinactive");
    let of = ask.number("client_id");
    let mut rows: Vec<&ClientRecord> = state
        .world
        .psa
        .clients
        .values()
        .filter(|client| {
            (inactive_too || !client.is_inactive())
                && of.is_none_or(|id| id == client.id)
                && ask.finds(NAME)
        })
        .collect();
    rows.sort_by(|left, right| ask.compare((left.id, NAME), (right.id, NAME)));
    let (rows, mut body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());
    let rows = rows.iter().map(|client| row(client));
    body.insert("sites".to_owned(), rows.collect());
    reply::ok(&body)
}

pub(super) async fn one(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let state = shared.lock();
    let client = id.parse().ok().map(|id: i64| id - OFFSET);
    match client.and_then(|id| state.world.psa.clients.get(&id)) {
        Some(client) => reply::ok(&row(client)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn row(client: &ClientRecord) -> Value {
    json!({
        "id": client.id + OFFSET,
        "name": NAME,
        "client_id": client.id,
        "client_name": client.name,
        "clientsite_name": format!("{}/{NAME}", client.name),
        "inactive": client.is_inactive(),
        "colour": "#2bd3c6",
        "timezone": "",
    })
}
