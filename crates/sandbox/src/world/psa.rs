//! Halo's side of the world: clients with their custom fields, and licences.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

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
}

#[derive(Debug, Clone)]
pub(crate) struct ClientRecord {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) inactive: bool,
    /// Value of the field that holds the vendor's customer id: text, number or null.
    pub(crate) cove_id: Value,
    pub(crate) ignore: bool,
}

impl ClientRecord {
    /// The field as the database column holds it.
    pub(crate) fn cove_text(&self) -> Option<String> {
        match &self.cove_id {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

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
            },
        );
        id
    }
}
