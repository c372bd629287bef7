//! `/RecurringInvoice`: lists, single ones with their lines, writes of lines; and the one call nobody may make.

mod draft;

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};

use self::draft::{HeaderDraft, LineDraft};
use super::items;
use super::licences::with_stored;
use super::lists::{Ask, page};
use super::refusal::Refusal;
use crate::calendar::{DAY, iso};
use crate::gate::RepeatPage;
use crate::reply;
use crate::state::{Shared, State as Sandbox};
use crate::switches::{ListShape, UpdateLines};
use crate::world::invoices::{
    BY_LICENCES, BY_SUBSCRIPTIONS, InvoiceLine, LinkedLicence, RecurringInvoice,
};
use crate::world::psa::Psa;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/RecurringInvoice", get(list).post(post_headers))
        .route("/RecurringInvoice/{id}", get(one).delete(delete))
        .route("/RecurringInvoice/updatelines", post(update_lines))
        .route("/RecurringInvoice/Lines", post(add_lines))
        .route("/RecurringInvoice/process", post(process))
}

/// Would make real invoices; here it is only remembered that somebody asked.
async fn process() -> Response {
    let body = json!({"Message": "The sandbox makes no invoices."});
    reply::json(StatusCode::FORBIDDEN, &body)
}

async fn list(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    repeat: Option<Extension<RepeatPage>>,
) -> Response {
    let ask = Ask::new(query);
    let state = shared.lock();
    let psa = &state.world.psa;
    let of = ask.number("client_id");
    let among: Vec<i64> = ask
        .text("client_ids")
        .split(',')
        .filter_map(|id| id.trim().parse().ok())
        .collect();
    let single: Option<i64> = ask.text("recurringinvoice_id").parse().ok();
    let name = |invoice: &RecurringInvoice| {
        let client = psa.clients.get(&invoice.client_id);
        client.map_or("", |client| client.name.as_str())
    };
    let mut rows: Vec<&RecurringInvoice> = psa
        .invoices
        .all
        .values()
        .filter(|invoice| {
            of.is_none_or(|id| id == invoice.client_id)
                && (among.is_empty() || among.contains(&invoice.client_id))
                && single.is_none_or(|id| id == invoice.id)
                && ask.finds(name(invoice))
        })
        .collect();
    rows.sort_by(|left, right| ask.compare((left.id, name(left)), (right.id, name(right))));
    let (rows, mut body) = page(&ask, &rows, state.switches.page_cap, repeat.as_deref());
    let with_lines = ask.is_true("includelines");
    let rows: Value = rows
        .iter()
        .map(|invoice| row(&state, invoice, with_lines))
        .collect();
    if state.switches.unpaged_invoices == ListShape::Bare && !body.contains_key("page_no") {
        return reply::ok(&rows);
    }
    body.insert("invoices".to_owned(), rows);
    reply::ok(&body)
}

async fn one(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let state = shared.lock();
    let found = id
        .parse()
        .ok()
        .and_then(|id: i64| state.world.psa.invoices.all.get(&id));
    match found {
        Some(invoice) => reply::ok(&row(&state, invoice, true)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn delete(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut state = shared.lock();
    let id: Option<i64> = id.parse().ok();
    let gone = id.and_then(|id| state.world.psa.invoices.all.remove(&id));
    match gone {
        Some(invoice) => with_stored(StatusCode::OK.into_response(), vec![invoice.id]),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Lines that come with a header replace all of its lines (observed in a public script).
async fn post_headers(State(shared): State<Shared>, body: Bytes) -> Response {
    let mut state = shared.lock();
    let psa = &state.world.psa;
    let read = |item: &Value| HeaderDraft::read(psa, item);
    let drafts = match items::read(&body)
        .and_then(|items| items.iter().map(read).collect::<Result<Vec<_>, Refusal>>())
    {
        Ok(drafts) => drafts,
        Err(refusal) => return refusal.answer(),
    };
    let invoices = &mut state.world.psa.invoices;
    let stored: Vec<i64> = drafts
        .into_iter()
        .map(|draft| draft.store(invoices))
        .collect();
    answer(&state, StatusCode::CREATED, stored)
}

async fn update_lines(State(shared): State<Shared>, body: Bytes) -> Response {
    let mut state = shared.lock();
    let drafts = match lines_of(&state, &body) {
        Ok(drafts) => drafts,
        Err(refusal) => return refusal.answer(),
    };
    if drafts.iter().any(|draft| draft.id.is_none()) {
        return Refusal::Message("Line not found").answer();
    }
    let drops = state.switches.update_lines == UpdateLines::DropsOthers;
    let now = state.world.now;
    let psa = &mut state.world.psa;
    let mut stored: Vec<i64> = Vec::new();
    let named: Vec<i64> = drafts.iter().filter_map(|draft| draft.id).collect();
    for draft in drafts {
        let invoice_id = draft.invoice_id;
        psa.note(
            now,
            "InvoiceDetail",
            draft.id.unwrap_or(0),
            "line",
            ("", ""),
        );
        draft.store(&mut psa.invoices);
        if !stored.contains(&invoice_id) {
            stored.push(invoice_id);
        }
    }
    for invoice in stored.iter().filter(|_| drops) {
        if let Some(invoice) = psa.invoices.all.get_mut(invoice) {
            invoice.lines.retain(|line| named.contains(&line.id));
        }
    }
    answer(&state, StatusCode::OK, stored)
}

async fn add_lines(State(shared): State<Shared>, body: Bytes) -> Response {
    let mut state = shared.lock();
    let drafts = match lines_of(&state, &body) {
        Ok(drafts) => drafts,
        Err(refusal) => return refusal.answer(),
    };
    if drafts.iter().any(|draft| draft.id.is_some()) {
        return Refusal::Message("Line exists").answer();
    }
    let invoices = &mut state.world.psa.invoices;
    let mut stored: Vec<i64> = Vec::new();
    for draft in drafts {
        stored.push(draft.invoice_id);
        draft.store(invoices);
    }
    stored.dedup();
    answer(&state, StatusCode::CREATED, stored)
}

fn lines_of(state: &Sandbox, body: &[u8]) -> Result<Vec<LineDraft>, Refusal> {
    let psa = &state.world.psa;
    let items = items::read(body)?;
    items
        .iter()
        .map(|item| LineDraft::read(psa, item, None))
        .collect()
}

fn answer(state: &Sandbox, status: StatusCode, stored: Vec<i64>) -> Response {
    let all = &state.world.psa.invoices.all;
    let rows = stored.iter().filter_map(|id| all.get(id));
    let rows = rows.map(|invoice| row(state, invoice, true)).collect();
    items::answer(status, state.switches.post_answer, rows, stored)
}

fn row(state: &Sandbox, invoice: &RecurringInvoice, with_lines: bool) -> Value {
    let psa = &state.world.psa;
    let client = psa.clients.get(&invoice.client_id);
    let mut row: Map<String, Value> = invoice.other.clone();
    row.insert("id".to_owned(), invoice.id.into());
    row.insert("client_id".to_owned(), invoice.client_id.into());
    let name = client.map_or("", |client| client.name.as_str());
    row.insert("client_name".to_owned(), name.into());
    if invoice.disabled {
        row.insert("disabled".to_owned(), true.into());
    }
    if with_lines {
        let calculated = |line: &InvoiceLine| matches!(line.quantity_type, 1..=4);
        let lines = invoice
            .lines
            .iter()
            .map(|line| line_row(psa, invoice.id, line));
        let more = json!({
            "is_recurring_invoice": true,
            "contains_calculated_quantity": invoice.lines.iter().any(calculated),
            "period": 2,
            "nextcreationdate": iso((state.world.now / DAY + 9) * DAY),
            "invoice_prorata_periods_ahead": 1,
            "lines": lines.collect::<Value>(),
        });
        if let Value::Object(more) = more {
            row.extend(more);
        }
    }
    row.into()
}

fn line_row(psa: &Psa, invoice_id: i64, line: &InvoiceLine) -> Value {
    let mut row: Map<String, Value> = line.other.clone();
    let own = json!({
        "id": line.id,
        "ihid": invoice_id,
        "_itemid": line.item_id,
        "item_shortdescription": line.name,
        "qty_order": psa.quantity_of(line).as_f64(),
        "unit_price": line.price,
        "unit_cost": line.cost,
        "isinactive": line.inactive,
        "recurring_invoice_quantity_type": line.quantity_type,
        "quantity_subscriptions": links(psa, line, &line.subscriptions, BY_SUBSCRIPTIONS),
        "quantity_licences": links(psa, line, &line.licences, BY_LICENCES),
    });
    if let Value::Object(own) = own {
        row.extend(own);
    }
    row.into()
}

fn links(psa: &Psa, line: &InvoiceLine, links: &[LinkedLicence], kind: i64) -> Value {
    let links = links.iter().map(|link| {
        let licence = psa.licences.get(&link.licence_id);
        json!({
            "id": link.id,
            "invoice_line_id": line.id,
            "kind": kind,
            "licence_id": link.licence_id,
            "licence_name": licence.map_or("", |licence| licence.form.name.as_str()),
            "assigned_licences": false,
            "qty_free": link.free,
            "minimum_qty": link.minimum,
            "pro_rata": link.pro_rata,
            "use_linked_subscription_price": false,
            "use_linked_subscription_cost": false,
        })
    });
    links.collect()
}
