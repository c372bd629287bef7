//! Reports: ad hoc SQL as far as looking up clients and licences goes, saved ones, published ones.

mod sql;

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query as Params, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use self::sql::{Column, Query, Row, Table};
use super::licences::with_stored;
use super::lists::{Ask, page, shaped};
use super::refusal::Refusal;
use crate::gate::RepeatPage;
use crate::state::Shared;
use crate::world::psa::{ClientRecord, Licence, Psa};
use crate::{CUSTOM_FIELD, reply};

const SHELF: &str = "Report";
/// `sandbox-report:sandbox-report-password`, the two constants of the crate, as HTTP writes them.
const LOGIN: &str = "Basic c2FuZGJveC1yZXBvcnQ6c2FuZGJveC1yZXBvcnQtcGFzc3dvcmQ=";

/// Answers 200 even when the query fails: then `load_error` is set (observed in public clients). Without `_loadreportonly`
/// and with a name the report is saved.
pub(super) async fn run(State(shared): State<Shared>, body: Bytes) -> Response {
    let asked = match serde_json::from_slice(&body) {
        Ok(Value::Array(items)) => items.into_iter().next().unwrap_or(Value::Null),
        Ok(object @ Value::Object(_)) => object,
        _ => Value::Null,
    };
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some(sql) = asked.get("sql").and_then(Value::as_str) else {
        return Refusal::ResultCode("Bad request".to_owned()).answer();
    };
    let mut state = shared.lock();
    let psa = &mut state.world.psa;
    let only_loads = asked.get("_loadreportonly").and_then(Value::as_bool) == Some(true);
    if only_loads || text("name").trim().is_empty() {
        return reply::ok(&loaded(psa, 0, "", sql));
    }
    let id = psa.next_on(SHELF);
    let record =
        json!({"name": text("name"), "sql": sql, "is_published": false, "published_id": ""});
    if let Value::Object(record) = record {
        psa.put(SHELF, id, record);
    }
    with_stored(reply::ok(&loaded(psa, id, text("name"), sql)), vec![id])
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Params(query): Params<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let empty = BTreeMap::new();
    let saved = state.world.psa.shelves.get(SHELF).unwrap_or(&empty);
    let rows: Vec<Value> = saved
        .values()
        .filter(|record| ask.finds(text_of(record, "name")))
        .map(|record| {
            let mut row = record.clone();
            row.remove("sql");
            row.into()
        })
        .collect();
    let (rows, body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());
    let keys = ("reports", Some("reports"));
    shaped(body, keys, rows.into(), state.switches.unshown_lists)
}

/// A saved report; its rows come with `loadreport=true` (observed in public code).
pub(super) async fn one(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Params(query): Params<BTreeMap<String, String>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let psa = &state.world.psa;
    let id: Option<i64> = id.parse().ok();
    let Some((id, record)) = id.and_then(|id| Some((id, psa.shelves.get(SHELF)?.get(&id)?))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut body: Value = record.clone().into();
    if ask.is_true("loadreport") {
        let (name, sql) = (text_of(record, "name"), text_of(record, "sql"));
        body["report"] = loaded(psa, id, name, sql)["report"].take();
    }
    reply::ok(&body)
}

/// The rows alone; what surrounds them for real is not known.
pub(super) async fn published(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let login = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if login != Some(LOGIN) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let state = shared.lock();
    let psa = &state.world.psa;
    let mut saved = psa
        .shelves
        .get(SHELF)
        .into_iter()
        .flat_map(BTreeMap::values);
    let found = saved.find(|record| {
        record.get("is_published") == Some(&Value::Bool(true))
            && text_of(record, "published_id") == id
    });
    match found {
        Some(record) => reply::ok(&loaded(psa, 0, "", text_of(record, "sql"))["report"]["rows"]),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn text_of<'a>(record: &'a Map<String, Value>, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn loaded(psa: &Psa, id: i64, name: &str, sql: &str) -> Value {
    let result = Query::parse(sql).and_then(|query| {
        let rows = match query.table {
            Table::Clients => query.run(psa.clients.values().map(ClientRow))?,
            Table::Licences => query.run(psa.licences.values().map(LicenceRow))?,
        };
        Ok((rows, query))
    });
    match result {
        Ok((rows, query)) => json!({
            "id": id,
            "name": name,
            "available_columns": query.columns.iter().map(column).collect::<Vec<_>>(),
            "report": {"loaded": true, "load_error": null, "rows": rows},
        }),
        Err(error) => json!({
            "id": id,
            "name": name,
            "report": {"loaded": false, "load_error": error, "rows": []},
        }),
    }
}

fn column(column: &Column) -> Value {
    let kind = match column.name.to_ascii_lowercase().as_str() {
        "aarea" | "lid" | "ltype" | "lcount" | "larea" | "lsite" => "int",
        "aisinactive" | "lisactive" | "ldeleted" => "bit",
        _ => "nvarchar",
    };
    json!({"name": column.alias, "data_type": kind})
}

/// A client as a row of the table AREA (column names from a published schema).
struct ClientRow<'a>(&'a ClientRecord);

impl Row for ClientRow<'_> {
    fn value(&self, column: &str) -> Option<Value> {
        let client = self.0;
        match column.to_ascii_lowercase().as_str() {
            "aarea" => Some(client.id.into()),
            "aareadesc" => Some(client.name.as_str().into()),
            "aisinactive" => Some(client.is_inactive().into()),
            name if name == CUSTOM_FIELD.to_ascii_lowercase() => Some(client.cove_text().into()),
            _ => None,
        }
    }
}

/// A licence as a row of the table Licence (column names from a published schema).
struct LicenceRow<'a>(&'a Licence);

impl Row for LicenceRow<'_> {
    fn value(&self, column: &str) -> Option<Value> {
        let licence = self.0;
        let form = &licence.form;
        match column.to_ascii_lowercase().as_str() {
            "lid" => Some(licence.id.into()),
            "ltype" => Some(form.kind.into()),
            "ldesc" => Some(form.name.as_str().into()),
            "lcount" => Some(licence.count.into()),
            "larea" => Some(form.client_id.into()),
            "lsite" => Some((-1).into()),
            "lisactive" => Some(form.is_active.into()),
            "ldeleted" => Some(form.deleted.into()),
            "lnotes" => Some(licence.notes.as_str().into()),
            "lvendorproductsku" => {
                let sku = licence.other.get("vendor_product_sku");
                Some(sku.cloned().unwrap_or_else(|| "".into()))
            }
            _ => None,
        }
    }
}
