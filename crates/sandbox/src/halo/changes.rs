//! `/LicenceChange`: the history of a licence.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::lists::{Ask, page, shaped};
use crate::calendar::iso;
use crate::gate::RepeatPage;
use crate::state::Shared;
use crate::world::psa::Change;

const FIRST: i64 = 9001;

pub(super) async fn list(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let of = ask.number("licence_id");
    let mut rows: Vec<(i64, &Change)> = (FIRST..)
        .zip(&state.world.psa.changes)
        .filter(|(_, change)| of.is_none_or(|id| id == change.licence_id))
        .collect();
    if ask.is_true("orderdesc") {
        rows.reverse();
    }
    let (rows, body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());
    let rows = rows.iter().map(row).collect();
    let keys = ("changes", Some("licencechanges"));
    shaped(body, keys, rows, state.switches.unshown_lists)
}

fn row((id, change): &(i64, &Change)) -> Value {
    json!({
        "id": id,
        "licence_id": change.licence_id,
        "field_id": change.field_id,
        "old_value": change.old,
        "new_value": change.new,
        "who": change.who,
        "change_date": iso(change.time),
        "user_id": 0,
    })
}
