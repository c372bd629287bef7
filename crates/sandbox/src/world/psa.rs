//! Halo's side of the world: clients with their custom fields, and licences.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value, json};

use super::invoices::Invoices;
use crate::calendar::iso;

/// Id of the custom field that holds the vendor's customer id.
pub(crate) const COVE_FIELD_ID: i64 = 212;
/// Id of the other custom field, `CFCoveIgnore`.
pub(crate) const IGNORE_FIELD_ID: i64 = 213;
/// Name of the other custom field. It is not a column of the database (`new_storage_method`).
pub(crate) const IGNORE_FIELD: &str = "CFCoveIgnore";

#[derive(Debug, Clone, Default)]
pub(crate) struct Psa {
    pub(crate) clients: BTreeMap<i64, ClientRecord>,
    pub(crate) licences: BTreeMap<i64, Licence>,
    pub(crate) invoices: Invoices,
    pub(crate) changes: Vec<Change>,
    /// Licences that no request may change.
    pub(crate) frozen: BTreeSet<i64>,
    /// Records of the other resources, as they are shown, by resource and id.
    pub(crate) shelves: BTreeMap<&'static str, BTreeMap<i64, Map<String, Value>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct ClientRecord {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) inactive: bool,
    /// Value of the field that holds the vendor's customer id: text, number or null.
    pub(crate) cove_id: Value,
    pub(crate) ignore: bool,
    /// What was posted through the API, which the judge does not go by.
    pub(crate) posted: Posted,
}

/// What the API made of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Posted {
    /// The client itself was made through the API.
    pub(crate) created: bool,
    pub(crate) cove_id: Option<Value>,
    pub(crate) inactive: Option<bool>,
    /// Other scalar properties.
    pub(crate) other: Map<String, Value>,
}

impl ClientRecord {
    /// Value of the field that holds the vendor's customer id, as it stands.
    pub(crate) fn cove_value(&self) -> &Value {
        self.posted.cove_id.as_ref().unwrap_or(&self.cove_id)
    }

    /// The field as the database column holds it.
    pub(crate) fn cove_text(&self) -> Option<String> {
        text_of(self.cove_value())
    }

    /// The same as seeding and edits left it.
    pub(crate) fn true_cove_text(&self) -> Option<String> {
        text_of(&self.cove_id).filter(|_| !self.posted.created)
    }

    pub(crate) fn is_inactive(&self) -> bool {
        self.posted.inactive.unwrap_or(self.inactive)
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A row of a licence's history. The ids of the fields are assumed, as is all of it but the columns' names.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) licence_id: i64,
    pub(crate) field_id: i64,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) who: &'static str,
    pub(crate) time: i64,
}

/// What a person's edits are signed with.
pub(crate) const PERSON: &str = "Christine Smith";
/// What writes through the API are signed with.
pub(crate) const API_AGENT: &str = "API Agent";

#[derive(Debug, Clone)]
pub(crate) struct Licence {
    pub(crate) id: i64,
    pub(crate) form: Form,
    pub(crate) count: i64,
    pub(crate) notes: String,
    pub(crate) price: Number,
    /// Other scalar properties that were posted.
    pub(crate) other: Map<String, Value>,
    /// What seeding or a test's edit made of it, which the judge goes by. `None`: made through the API.
    pub(crate) standing: Option<Form>,
}

/// What tells one licence from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) client_id: i64,
    pub(crate) name: String,
    pub(crate) kind: i64,
    pub(crate) is_active: bool,
    pub(crate) deleted: bool,
}

impl Form {
    /// An active subscription.
    pub(crate) fn subscription(client_id: i64, name: &str) -> Self {
        Self {
            client_id,
            name: name.to_owned(),
            kind: 1,
            is_active: true,
            deleted: false,
        }
    }

    /// Whether a sync may take it over.
    pub(crate) fn is_live_subscription(&self) -> bool {
        self.kind == 1 && self.is_active && !self.deleted
    }
}

impl Psa {
    /// Stores a record of another resource.
    pub(crate) fn put(&mut self, resource: &'static str, id: i64, mut record: Map<String, Value>) {
        record.insert("id".to_owned(), id.into());
        self.shelves.entry(resource).or_default().insert(id, record);
    }

    /// The id after the last one of a resource.
    pub(crate) fn next_on(&self, resource: &str) -> i64 {
        let last = self
            .shelves
            .get(resource)
            .and_then(BTreeMap::last_key_value);
        last.map_or(1, |(last, _)| last + 1)
    }

    /// Changes a licence and writes its history. False: no such record.
    pub(crate) fn change(
        &mut self,
        id: i64,
        who: &'static str,
        time: i64,
        change: impl FnOnce(&mut Licence),
    ) -> bool {
        let Some(licence) = self.licences.get_mut(&id) else {
            return false;
        };
        let shown = |licence: &Licence| {
            let form = &licence.form;
            [
                licence.count.to_string(),
                form.name.clone(),
                form.is_active.to_string(),
                form.deleted.to_string(),
                licence.price.to_string(),
            ]
        };
        let before = shown(licence);
        change(licence);
        let rows = (1..).zip(before.into_iter().zip(shown(licence)));
        let changed = rows.filter(|(_, (old, new))| old != new);
        self.changes
            .extend(changed.map(|(field_id, (old, new))| Change {
                licence_id: id,
                field_id,
                old,
                new,
                who,
                time,
            }));
        true
    }

    /// Writes a row of the audit trail.
    pub(crate) fn note(
        &mut self,
        time: i64,
        table: &str,
        id: i64,
        field: &str,
        values: (&str, &str),
    ) {
        let row = json!({
            "date": iso(time),
            "table_name": table,
            "id1": id,
            "value": field,
            "from": values.0,
            "to": values.1,
            "agent_id": 1,
            "username": API_AGENT,
        });
        if let Value::Object(row) = row {
            self.put("Audit", self.next_on("Audit"), row);
        }
    }

    /// Stores a licence that seeding or a test made.
    pub(crate) fn plant(&mut self, form: Form, count: i64, notes: &str) -> i64 {
        let standing = Some(form.clone());
        self.insert(form, count, notes, standing)
    }

    /// Stores a licence that came through the API.
    pub(crate) fn create(&mut self, form: Form) -> i64 {
        self.insert(form, 0, "", None)
    }

    fn insert(&mut self, form: Form, count: i64, notes: &str, standing: Option<Form>) -> i64 {
        let id = self
            .licences
            .last_key_value()
            .map_or(501, |(last, _)| last + 1);
        self.licences.insert(
            id,
            Licence {
                id,
                form,
                count,
                notes: notes.to_owned(),
                price: Number::from(0),
                other: Map::new(),
                standing,
            },
        );
        id
    }

    pub(crate) fn add_client(&mut self, name: &str, cove_id: Value) -> i64 {
        let id = self
            .clients
            .last_key_value()
            .map_or(12, |(last, _)| last + 1);
        self.clients.insert(
            id,
            ClientRecord {
                id,
                name: name.to_owned(),
                inactive: false,
                cove_id,
                ignore: false,
                posted: Posted::default(),
            },
        );
        id
    }
}
