//! `/FieldInfo`: the custom fields of tickets, clients, sites and assets, a bare array each (observed in public clients).

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::world::psa::{COVE_FIELD_ID, IGNORE_FIELD, IGNORE_FIELD_ID};
use crate::{CUSTOM_FIELD, reply};

/// Kinds of records that have custom fields: tickets, clients, sites, assets (observed).
const KINDS: [i64; 4] = [1, 2, 3, 5];

pub(super) async fn list(request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let kind = pairs.find(|(name, _)| *name == "typeid");
    let kind = kind.and_then(|(_, value)| value.parse().ok());
    reply::ok(&kind.map_or_else(Vec::new, of_kind))
}

pub(super) async fn one(Path(id): Path<String>) -> Response {
    let id: Option<i64> = id.parse().ok();
    let mut fields = KINDS.into_iter().flat_map(of_kind);
    match fields.find(|field| field["id"].as_i64() == id) {
        Some(field) => reply::ok(&field),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn of_kind(kind: i64) -> Vec<Value> {
    match kind {
        1 => vec![plain(201, "CFBackupJob", "Backup job", 1)],
        2 => of_clients(),
        3 => vec![plain(221, "CFSiteCode", "Site code", 3)],
        5 => vec![plain(231, "CFBackupAgent", "Backup agent", 5)],
        _ => Vec::new(),
    }
}

fn plain(id: i64, name: &str, label: &str, usage: i64) -> Value {
    json!({
        "id": id,
        "guid": format!("7f1f7d18-3a0f-4f06-9a2f-0a6d1d4e0{id}"),
        "name": name,
        "label": label,
        "type": 0,
        "custom": 1,
        "usage": usage,
        "inputtype": 0,
        "searchable": false,
        "new_storage_method": false,
    })
}

fn of_clients() -> Vec<Value> {
    vec![
        json!({
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
        }),
        json!({
            "id": IGNORE_FIELD_ID,
            "guid": "7f1f7d18-3a0f-4f06-9a2f-0a6d1d4e0c12",
            "name": IGNORE_FIELD,
            "label": "Skip Cove billing",
            "type": 6,
            "custom": 1,
            "usage": 2,
            "inputtype": 0,
            "new_storage_method": true,
        }),
    ]
}
