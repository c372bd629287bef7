//! `POST /Client`: scalars are updated in part, custom fields are replaced as a whole (both observed in public clients).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use crate::CUSTOM_FIELD;
use crate::halo::items::{self, Item};
use crate::halo::refusal::Refusal;
use crate::state::Shared;
use crate::world::psa::{COVE_FIELD_ID, IGNORE_FIELD, IGNORE_FIELD_ID, Posted, Psa};

/// Answers 201 and, although the body is an array, one object (documented), or what the switch says.
pub(crate) async fn post(State(shared): State<Shared>, body: Bytes) -> Response {
    let items = match items::read(&body) {
        Ok(items) => items,
        Err(refusal) => return refusal.answer(),
    };
    let mut state = shared.lock();
    let now = state.world.now;
    let psa = &mut state.world.psa;
    let drafts = items.iter().map(|item| Draft::read(psa, item));
    let drafts = match drafts.collect::<Result<Vec<_>, _>>() {
        Ok(drafts) => drafts,
        Err(refusal) => return refusal.answer(),
    };
    let stored: Vec<i64> = drafts
        .into_iter()
        .map(|draft| draft.store(psa, now))
        .collect();
    let (switches, psa) = (&state.switches, &state.world.psa);
    let rows = stored.iter().filter_map(|id| psa.clients.get(id));
    let rows = rows.map(|client| super::full(client, switches.custom_field_value));
    items::answer(
        StatusCode::CREATED,
        switches.post_answer,
        rows.collect(),
        stored,
    )
}

#[derive(Debug)]
struct Draft {
    id: Option<i64>,
    name: Option<String>,
    inactive: Option<bool>,
    /// The fields that were named; the others will be empty.
    fields: Option<Fields>,
    other: Map<String, Value>,
}

#[derive(Debug, Default)]
struct Fields {
    cove_id: Value,
    ignore: bool,
}

impl Draft {
    fn read(psa: &Psa, item: &Value) -> Result<Self, Refusal> {
        let item = Item::read(item)?;
        let draft = Self {
            id: item.integer("id")?.filter(|id| *id > 0),
            name: item.text("name")?,
            inactive: item.flag("inactive")?,
            fields: item.array("customfields")?.map(Fields::read).transpose()?,
            other: item.others(&["id", "name", "inactive"]),
        };
        if draft.id.is_some_and(|id| !psa.clients.contains_key(&id)) {
            return Err(Refusal::Text("Client not found"));
        }
        let blank = draft
            .name
            .as_ref()
            .is_some_and(|name| name.trim().is_empty());
        if blank || (draft.id.is_none() && draft.name.is_none()) {
            return Err(Refusal::Exception("Please enter a name."));
        }
        Ok(draft)
    }

    fn store(self, psa: &mut Psa, now: i64) -> i64 {
        let id = self.id.unwrap_or_else(|| {
            let id = psa.add_client("", Value::Null);
            if let Some(client) = psa.clients.get_mut(&id) {
                client.posted.created = true;
            }
            id
        });
        let Some(client) = psa.clients.get_mut(&id) else {
            return id;
        };
        if let Some(name) = self.name {
            client.name = name;
        }
        let before = client.cove_text();
        let posted: &mut Posted = &mut client.posted;
        posted.inactive = self.inactive.or(posted.inactive);
        posted.other.extend(self.other);
        if let Some(fields) = self.fields {
            posted.cove_id = Some(fields.cove_id);
            client.ignore = fields.ignore;
        }
        let after = client.cove_text();
        if before != after {
            let (from, to) = (before.unwrap_or_default(), after.unwrap_or_default());
            psa.note(now, "AREA", id, CUSTOM_FIELD, (&from, &to));
        }
        id
    }
}

impl Fields {
    /// A field is named by its id or its name.
    fn read(entries: &[Value]) -> Result<Self, Refusal> {
        let mut fields = Self::default();
        for entry in entries {
            let entry = Item::read(entry)?;
            let (id, name) = (entry.integer("id")?, entry.text("name")?);
            let is = |field: i64, called: &str| {
                id == Some(field)
                    || id.is_none()
                        && name
                            .as_ref()
                            .is_some_and(|name| name.eq_ignore_ascii_case(called))
            };
            let value = entry.0.get("value").map(|value| (*value).clone());
            if is(COVE_FIELD_ID, CUSTOM_FIELD) {
                fields.cove_id = value.unwrap_or_default();
            } else if is(IGNORE_FIELD_ID, IGNORE_FIELD) {
                fields.ignore = match value {
                    Some(Value::Bool(flag)) => flag,
                    Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
                    _ => false,
                };
            } else {
                return Err(Refusal::Message("Custom field not found"));
            }
        }
        Ok(fields)
    }
}
