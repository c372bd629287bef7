//! Resources that are only kept and shown: products, suppliers, external links, tickets and their actions, the audit.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Map, Value};

use super::items::{self, Item};
use super::lists::{Ask, page, shaped};
use super::refusal::Refusal;
use crate::calendar::iso;
use crate::gate::{RepeatPage, Stored};
use crate::reply;
use crate::state::Shared;
use crate::world::psa::Psa;

/// What is particular about a resource.
#[derive(Debug)]
pub(super) struct Shelf {
    path: &'static str,
    /// Key of the list; two where nobody has shown it.
    keys: (&'static str, Option<&'static str>),
    /// What is searched and ordered by.
    text: &'static str,
    /// Query parameters that pick rows by the property of that name.
    filters: &'static [&'static str],
    writing: Writing,
}

#[derive(Debug, PartialEq, Eq)]
enum Writing {
    Never,
    /// The named properties are needed to create.
    Needs(&'static [&'static str]),
}

const SHELVES: [Shelf; 6] = [
    Shelf {
        path: "Item",
        keys: ("items", None),
        text: "name",
        filters: &["supplier_id"],
        writing: Writing::Needs(&["name"]),
    },
    Shelf {
        path: "Supplier",
        keys: ("suppliers", None),
        text: "name",
        filters: &[],
        writing: Writing::Needs(&["name"]),
    },
    Shelf {
        path: "ExternalLink",
        keys: ("links", Some("externallinks")),
        text: "third_party_desc",
        filters: &[
            "table_id",
            "module_id",
            "halo_id",
            "third_party_id",
            "details_id",
        ],
        writing: Writing::Needs(&["table_id", "module_id", "halo_id", "third_party_id"]),
    },
    Shelf {
        path: "Tickets",
        keys: ("tickets", None),
        text: "summary",
        filters: &["client_id", "tickettype_id"],
        writing: Writing::Needs(&["summary"]),
    },
    Shelf {
        path: "Actions",
        keys: ("actions", None),
        text: "note",
        filters: &["ticket_id"],
        writing: Writing::Needs(&["ticket_id", "note"]),
    },
    Shelf {
        path: "Audit",
        keys: ("audit", Some("audits")),
        text: "value",
        filters: &["id1"],
        writing: Writing::Never,
    },
];

pub(super) fn router() -> Router<Shared> {
    let mut router = Router::new();
    for shelf in &SHELVES {
        let (all, single) = if shelf.writing == Writing::Never {
            (get(list), get(one))
        } else {
            (get(list).post(post), get(one).delete(delete))
        };
        router = router
            .route(&format!("/{}", shelf.path), all.layer(Extension(shelf)))
            .route(
                &format!("/{}/{{id}}", shelf.path),
                single.layer(Extension(shelf)),
            );
    }
    router
}

type Record = Map<String, Value>;

fn text_of<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

async fn list(
    State(shared): State<Shared>,
    Extension(shelf): Extension<&'static Shelf>,
    Query(query): Query<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let passes = |record: &&Record| {
        let picked = shelf.filters.iter().all(|name| {
            let wanted = ask.text(name);
            let held = match record.get(*name) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            wanted.is_empty() || wanted == held
        });
        picked && ask.finds(text_of(record, shelf.text))
    };
    let empty = BTreeMap::new();
    let records = state.world.psa.shelves.get(shelf.path).unwrap_or(&empty);
    let mut rows: Vec<(i64, &Record)> = records
        .iter()
        .filter(|(_, record)| passes(record))
        .map(|(id, record)| (*id, record))
        .collect();
    rows.sort_by(|left, right| {
        let key = |row: &(i64, &Record)| (row.0, text_of(row.1, shelf.text).to_owned());
        let (left, right) = (key(left), key(right));
        ask.compare((left.0, &left.1), (right.0, &right.1))
    });
    let (rows, body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());
    let rows = rows
        .iter()
        .map(|(_, record)| Value::from((*record).clone()));
    shaped(
        body,
        shelf.keys,
        rows.collect(),
        state.switches.unshown_lists,
    )
}

async fn one(
    State(shared): State<Shared>,
    Extension(shelf): Extension<&'static Shelf>,
    Path(id): Path<String>,
) -> Response {
    let state = shared.lock();
    let records = state.world.psa.shelves.get(shelf.path);
    let id: Option<i64> = id.parse().ok();
    match records.and_then(|records| records.get(&id?)) {
        Some(record) => reply::ok(record),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn delete(
    State(shared): State<Shared>,
    Extension(shelf): Extension<&'static Shelf>,
    Path(id): Path<String>,
) -> Response {
    let mut state = shared.lock();
    let id: Option<i64> = id.parse().ok();
    let records = state.world.psa.shelves.get_mut(shelf.path);
    let gone = records.and_then(|records| records.remove(&id?));
    match (gone, id) {
        (Some(record), Some(id)) => {
            let mut response = reply::ok(&record);
            response.extensions_mut().insert(Stored(vec![id]));
            response
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn post(
    State(shared): State<Shared>,
    Extension(shelf): Extension<&'static Shelf>,
    body: Bytes,
) -> Response {
    let items = match items::read(&body) {
        Ok(items) => items,
        Err(refusal) => return refusal.answer(),
    };
    let mut state = shared.lock();
    let now = state.world.now;
    let psa = &mut state.world.psa;
    let checked = items.iter().map(|item| check(shelf, psa, item));
    let checked = match checked.collect::<Result<Vec<_>, _>>() {
        Ok(checked) => checked,
        Err(refusal) => return refusal.answer(),
    };
    let mut stored = Vec::new();
    for (id, fields) in checked {
        let id = id.unwrap_or_else(|| psa.next_on(shelf.path));
        let known = psa.shelves.get(shelf.path).and_then(|all| all.get(&id));
        let mut record = known.cloned().unwrap_or_else(|| blank(shelf, now));
        record.extend(fields);
        psa.put(shelf.path, id, record);
        stored.push(id);
    }
    let records = psa.shelves.get(shelf.path);
    let rows = stored.iter().filter_map(|id| records?.get(id));
    let rows = rows.map(|record| Value::from(record.clone())).collect();
    items::answer(
        StatusCode::CREATED,
        state.switches.post_answer,
        rows,
        stored,
    )
}

fn check(shelf: &Shelf, psa: &Psa, item: &Value) -> Result<(Option<i64>, Record), Refusal> {
    let item = Item::read(item)?;
    let id = item.integer("id")?.filter(|id| *id > 0);
    let has = |shelf: &str, id: i64| {
        psa.shelves
            .get(shelf)
            .is_some_and(|all| all.contains_key(&id))
    };
    if id.is_some_and(|id| !has(shelf.path, id)) {
        return Err(Refusal::Message("Record not found"));
    }
    let needed = match (id, &shelf.writing) {
        (None, Writing::Needs(needed)) => *needed,
        _ => &[],
    };
    if let Some(missing) = needed.iter().find(|name| !item.0.contains_key(**name)) {
        return Err(Refusal::ResultCode(format!("'{missing}' is required.")));
    }
    if shelf.path == "Actions"
        && !item
            .integer("ticket_id")?
            .is_some_and(|id| has("Tickets", id))
    {
        return Err(Refusal::Text("Ticket not found"));
    }
    let client = item.integer("client_id")?.filter(|id| *id > 0);
    if client.is_some_and(|id| !psa.clients.contains_key(&id)) {
        return Err(Refusal::Text("Client not found"));
    }
    Ok((id, item.others(&["id"])))
}

/// What a new record has of itself.
fn blank(shelf: &Shelf, now: i64) -> Record {
    let mut record = Record::new();
    match shelf.path {
        "Tickets" => {
            record.insert("dateoccurred".to_owned(), iso(now).into());
            record.insert("status_id".to_owned(), 1.into());
            record.insert("tickettype_id".to_owned(), 1.into());
        }
        "Actions" => {
            record.insert("datetime".to_owned(), iso(now).into());
            record.insert("outcome".to_owned(), "Note".into());
        }
        _ => {}
    }
    record
}
