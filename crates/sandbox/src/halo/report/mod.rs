//! `POST /Report` with ad hoc SQL, as far as looking up clients by a custom field goes.

mod sql;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use self::sql::{Column, Query, Row};
use super::refusal::Refusal;
use crate::state::Shared;
use crate::world::psa::ClientRecord;
use crate::{CUSTOM_FIELD, reply};

/// Answers 200 even when the query fails: then `load_error` is set (observed in public clients).
pub(super) async fn run(State(shared): State<Shared>, body: Bytes) -> Response {
    let asked = match serde_json::from_slice(&body) {
        Ok(Value::Array(items)) => items.into_iter().next().unwrap_or(Value::Null),
        Ok(object @ Value::Object(_)) => object,
        _ => Value::Null,
    };
    let Some(text) = asked.get("sql").and_then(Value::as_str) else {
        return Refusal::ResultCode("Bad request".to_owned()).answer();
    };
    let state = shared.lock();
    let clients = state.world.psa.clients.values().map(AsRow);
    let result = Query::parse(text).and_then(|query| Ok((query.run(clients)?, query)));
    match result {
        Ok((rows, query)) => reply::ok(&json!({
            "id": 0,
            "name": "",
            "available_columns": query.columns.iter().map(column).collect::<Vec<_>>(),
            "report": {"loaded": true, "load_error": null, "rows": rows},
        })),
        Err(error) => reply::ok(&json!({
            "id": 0,
            "name": "",
            "report": {"loaded": false, "load_error": error, "rows": []},
        })),
    }
}

fn column(column: &Column) -> Value {
    let kind = match column.name.to_ascii_lowercase().as_str() {
        "aarea" => "int",
        "aisinactive" => "bit",
        _ => "nvarchar",
    };
    json!({"name": column.alias, "data_type": kind})
}

/// A client as a row of the table AREA (column names from a published schema).
struct AsRow<'a>(&'a ClientRecord);

impl Row for AsRow<'_> {
    fn value(&self, column: &str) -> Option<Value> {
        let client = self.0;
        match column.to_ascii_lowercase().as_str() {
            "aarea" => Some(client.id.into()),
            "aareadesc" => Some(client.name.as_str().into()),
            "aisinactive" => Some(client.inactive.into()),
            name if name == CUSTOM_FIELD.to_ascii_lowercase() => Some(client.cove_text().into()),
            _ => None,
        }
    }
}
