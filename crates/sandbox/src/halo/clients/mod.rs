//! `/Client`: lists, with or without custom fields, and single records.

mod write;

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) use write::post;

use super::lists::{Ask, page};
use crate::gate::RepeatPage;
use crate::state::Shared;
use crate::switches::{CustomFieldValue, CustomFieldsInLists};
use crate::world::psa::{COVE_FIELD_ID, ClientRecord, IGNORE_FIELD, IGNORE_FIELD_ID};
use crate::{CUSTOM_FIELD, reply};

pub(super) async fn list(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let inactive_too = ask.is_true("includeinactive");
    let clients = state.world.psa.clients.values();
    let mut rows: Vec<&ClientRecord> = clients
        .filter(|client| (inactive_too || !client.is_inactive()) && ask.finds(&client.name))
        .collect();
    rows.sort_by(|left, right| ask.compare((left.id, &left.name), (right.id, &right.name)));
    let (rows, mut body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());

    let asked: Vec<&str> = ask
        .text("include_custom_fields")
        .split(',')
        .map(str::trim)
        .collect();
    let listed = |id: i64| match state.switches.custom_fields_in_lists {
        CustomFieldsInLists::Always => true,
        CustomFieldsInLists::WhenAsked => asked.iter().any(|text| text.parse() == Ok(id)),
        CustomFieldsInLists::Never => false,
    };
    let shown: Vec<i64> = [COVE_FIELD_ID, IGNORE_FIELD_ID]
        .into_iter()
        .filter(|id| listed(*id))
        .collect();
    let style = state.switches.custom_field_value;
    let rows = rows.iter().map(|client| {
        let mut row = head(client);
        if !shown.is_empty() {
            row["customfields"] = shown
                .iter()
                .map(|id| custom_field(client, *id, style))
                .collect();
        }
        row
    });
    body.insert("clients".to_owned(), rows.collect());
    if body.contains_key("page_no") {
        body.insert("include_children".to_owned(), json!(false));
    }
    reply::ok(&body)
}

pub(super) async fn one(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let state = shared.lock();
    let found = id
        .parse()
        .ok()
        .and_then(|id: i64| state.world.psa.clients.get(&id));
    let Some(client) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    reply::ok(&full(client, state.switches.custom_field_value))
}

/// A client with everything.
fn full(client: &ClientRecord, style: CustomFieldValue) -> Value {
    let mut row = head(client);
    row["customfields"] = json!([
        custom_field(client, COVE_FIELD_ID, style),
        custom_field(client, IGNORE_FIELD_ID, style),
    ]);
    row
}

fn head(client: &ClientRecord) -> Value {
    let mut row = json!({
        "id": client.id,
        "name": client.name,
        "toplevel_id": 1,
        "toplevel_name": "Customers",
        "inactive": client.is_inactive(),
        "colour": "#2bd3c6",
        "confirmemail": 0,
        "actionemail": 0,
        "clearemail": 0,
        "messagegroup_id": -1,
        "override_org_logo": false,
        "mailbox_override": 0,
        "calldate": "1900-01-01T00:00:00",
        "pritech": 0,
        "sectech": 0,
        "accountmanagertech": 0,
        "xeroid": "",
        "use": "Client",
        "key": client.id,
        "table": 1,
        "client_to_invoice": 0,
        "itglue_id": "",
        "xero_tenant_id": "",
        "accountsid": "",
        "stopped": 0,
        "customertype": 0,
        "ref": "",
        "is_vip": false,
        "is_account": false,
    });
    for (name, value) in &client.posted.other {
        row[name.as_str()] = value.clone();
    }
    row
}

fn custom_field(client: &ClientRecord, id: i64, style: CustomFieldValue) -> Value {
    let cove = id == COVE_FIELD_ID;
    let (name, label, kind) = if cove {
        (CUSTOM_FIELD, "Cove Customer ID", 0)
    } else {
        (IGNORE_FIELD, "Skip Cove billing", 6)
    };
    let value = if cove {
        cove_value(client, style)
    } else {
        client.ignore.into()
    };
    let display = if cove {
        client.cove_text().unwrap_or_default()
    } else {
        client.ignore.to_string()
    };
    json!({
        "id": id,
        "name": name,
        "label": label,
        "summary": "",
        "type": kind,
        "value": value,
        "display": display,
        "characterlimit": 0,
        "characterlimittype": 0,
        "inputtype": 0,
        "copytochild": false,
        "copytoparent": false,
        "searchable": cove,
        "ordervalues": false,
        "usage": 2,
        "new_storage_method": !cove,
    })
}

fn cove_value(client: &ClientRecord, style: CustomFieldValue) -> Value {
    let number = match (style, client.cove_value()) {
        (CustomFieldValue::Number, Value::String(text)) => text.trim().parse::<u64>().ok(),
        _ => None,
    };
    number.map_or_else(|| client.cove_value().clone(), Value::from)
}
