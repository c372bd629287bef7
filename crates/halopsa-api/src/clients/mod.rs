//! Clients (the PSA's customers): the record, and reading them.

mod custom_field;
mod lookup;
mod write;

use api_core::wire;
use api_core::{Call, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::{Core, HaloClient};
use crate::failure::Needs;
use crate::fields::FieldInfo;
use crate::ids::ClientId;
use crate::list::{Endpoint, List, Record};

pub use custom_field::CustomField;
pub use lookup::{ClientIndex, FieldMatch, FindClients, Lookup};

const GET: &str = "GET Client/{id}";

const LIST: Endpoint = Endpoint {
    operation: "GET Client",
    resource: "Client",
    keys: &["clients"],
    needs: Needs::CLIENTS,
};

/// A client: a customer in HaloPSA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its name, as written in HaloPSA. May hold any character.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// Not in use any more.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub inactive: bool,
    /// Custom fields, as far as the answer carried them: lists may leave them out.
    #[serde(default, deserialize_with = "wire::null_default")]
    pub customfields: Vec<CustomField>,
    /// Id of the top level (group of clients).
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub toplevel_id: Option<i64>,
    /// Name of the top level.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub toplevel_name: Option<String>,
    /// The free reference field.
    #[serde(rename = "ref", default, deserialize_with = "wire::opt_text")]
    pub reference: Option<String>,
    /// Id in the accounting system.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub accountsid: Option<String>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Client {
    /// The text of a custom field, trimmed; `None` when the client does not have it, it is empty, or it is neither text nor
    /// number. `name` with or without `CF`, in any case. HaloPSA may send digits as text or as a number.
    #[must_use]
    pub fn custom_field(&self, name: &str) -> Option<String> {
        self.field_named(name).and_then(CustomField::text)
    }

    /// As [`custom_field`](Self::custom_field), of a field whose description is at hand: by its id, else by its exact name, so
    /// that another one whose name only looks the same is never taken for it.
    #[must_use]
    pub fn custom_field_of(&self, field: &FieldInfo) -> Option<String> {
        self.field_of(field).and_then(CustomField::text)
    }

    /// Whether the answer carried this field at all, filled in or not.
    #[must_use]
    pub fn carries_custom_field(&self, name: &str) -> bool {
        self.field_named(name).is_some()
    }

    /// As [`carries_custom_field`](Self::carries_custom_field), of a field whose description is at hand.
    #[must_use]
    pub fn carries_custom_field_of(&self, field: &FieldInfo) -> bool {
        self.field_of(field).is_some()
    }

    fn field_of(&self, field: &FieldInfo) -> Option<&CustomField> {
        let mut fields = self.customfields.iter();
        let same = fields.clone().find(|entry| entry.id == field.id);
        same.or_else(|| fields.find(|entry| entry.name == field.name))
    }

    /// An exact name goes before one that only means the same, as where a field is resolved.
    fn field_named(&self, name: &str) -> Option<&CustomField> {
        let mut fields = self.customfields.iter();
        let exact = fields.clone().find(|field| field.name == name.trim());
        exact.or_else(|| fields.find(|field| field.is_named(name)))
    }
}

impl Record for Client {
    fn record_id(&self) -> i64 {
        self.id.get()
    }

    fn drop_extra(&mut self) {
        self.extra = Map::new();
        for field in &mut self.customfields {
            field.extra = Map::new();
        }
    }
}

/// Which clients to list.
#[derive(Debug, Clone, Default)]
pub struct ListClients<'a> {
    /// Inactive clients too.
    pub include_inactive: bool,
    /// A custom field that the rows shall carry (`include_custom_fields`; documented 2025-09, unknown to older servers).
    pub custom_field: Option<&'a FieldInfo>,
    /// Text to search for.
    pub search: Option<String>,
    /// Search in names only.
    pub search_name_only: bool,
    /// Only clients of this top level.
    pub toplevel_id: Option<i64>,
}

/// The clients of the tenant. Made by [`HaloClient::clients`].
#[derive(Debug, Clone)]
pub struct Clients {
    core: Core,
    halo: HaloClient,
}

impl HaloClient {
    /// Clients (customers).
    pub fn clients(&self) -> Clients {
        Clients {
            core: self.core().clone(),
            halo: self.clone(),
        }
    }
}

impl Clients {
    /// Lists clients.
    pub fn list(&self, options: ListClients<'_>) -> List<Client> {
        let ListClients {
            include_inactive,
            custom_field,
            search,
            search_name_only,
            toplevel_id,
        } = options;
        let mut query = vec![("includeinactive".to_owned(), include_inactive.to_string())];
        let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
        if let Some(field) = custom_field {
            add("include_custom_fields", field.id.to_string());
        }
        if let Some(text) = search {
            add("search", text);
        }
        if search_name_only {
            add("search_name_only", "true".to_owned());
        }
        if let Some(id) = toplevel_id {
            add("toplevel_id", id.to_string());
        }
        List::new(&self.core, LIST, query)
    }

    /// Active clients that match a text.
    pub fn search(&self, text: impl Into<String>) -> List<Client> {
        self.list(ListClients {
            search: Some(text.into()),
            ..ListClients::default()
        })
    }

    /// One client with all its custom fields. One request.
    ///
    /// # Errors
    /// `NotFound` when there is none with that id.
    pub async fn get(&self, id: ClientId) -> Result<Client> {
        let value = self.get_raw(id).await?;
        Client::deserialize(&value).map_err(|source| {
            Error::new(
                ErrorKind::Decode,
                format!("client {id} is unreadable: {source}"),
            )
            .with_operation(GET)
        })
    }

    /// One client as the server sent it.
    pub(crate) async fn get_raw(&self, id: ClientId) -> Result<Map<String, Value>> {
        let call =
            Call::get(GET, &["api", "Client", &id.to_string()]).query([("includedetails", "true")]);
        let reply = self.core.send(call, GET, Needs::CLIENTS).await?;
        let answer: Value = reply.json()?;
        match crate::record::single(answer, id.get()) {
            Ok(record) => Ok(record),
            Err(problem) => Err(Error::new(ErrorKind::Decode, problem)
                .with_operation(GET)
                .with_body_snippet(&reply.body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, FieldInfo};
    use serde_json::{Value, json};

    fn client(fields: &Value) -> Client {
        serde_json::from_value(json!({"id": 12, "name": "Acme Ltd", "customfields": fields}))
            .unwrap()
    }

    #[test]
    fn a_custom_field_is_trimmed_text_whether_text_or_number() {
        for value in [
            json!("1048576"),
            json!(" 1048576 "),
            json!(1_048_576),
            json!("1048576\n"),
        ] {
            let client = client(&json!([{"id": 212, "name": "CFCoveCustomerId", "value": value}]));
            assert_eq!(
                client.custom_field("CoveCustomerId").as_deref(),
                Some("1048576")
            );
            assert_eq!(
                client.custom_field("cfcovecustomerid").as_deref(),
                Some("1048576")
            );
        }
    }

    #[test]
    fn a_field_whose_name_looks_the_same_is_never_taken_for_the_one_that_was_resolved() {
        let field: FieldInfo = serde_json::from_value(json!({"id": 1, "name": "CFCove"})).unwrap();
        for other in ["CFCFCove", "cfcove"] {
            let mut entries = vec![
                json!({"id": 9, "name": other, "value": "7"}),
                json!({"id": 1, "name": "CFCove", "value": "5"}),
            ];
            for _ in 0..2 {
                let client = client(&json!(entries));
                assert_eq!(client.custom_field_of(&field).as_deref(), Some("5"));
                assert_eq!(client.custom_field("CFCove").as_deref(), Some("5"));
                assert!(client.carries_custom_field_of(&field));
                entries.reverse();
            }
            let lacking = client(&json!([{"id": 9, "name": other, "value": "7"}]));
            assert_eq!(lacking.custom_field_of(&field), None);
            assert!(!lacking.carries_custom_field_of(&field));
        }
        // A server may number what a record carries otherwise than what it describes.
        let numbered = client(&json!([{"id": 0, "name": "CFCove", "value": "5"}]));
        assert_eq!(numbered.custom_field_of(&field).as_deref(), Some("5"));
    }

    #[test]
    fn an_empty_or_odd_value_is_no_value() {
        for value in [
            json!(null),
            json!(""),
            json!("  "),
            json!(true),
            json!([1]),
            json!({}),
        ] {
            let client = client(&json!([{"id": 212, "name": "CFCoveCustomerId", "value": value}]));
            assert_eq!(client.custom_field("CFCoveCustomerId"), None);
            assert!(client.carries_custom_field("CoveCustomerId"));
        }
        assert!(!client(&json!([])).carries_custom_field("CoveCustomerId"));
        assert!(!client(&json!(null)).carries_custom_field("CoveCustomerId"));
    }

    #[test]
    fn unknown_fields_are_kept() {
        let client: Client = serde_json::from_value(
            json!({"id": "12", "name": null, "inactive": null, "stopped": 0, "ref": "", "x": [1.5]}),
        )
        .unwrap();
        assert_eq!(client.id.get(), 12);
        assert_eq!(client.name, "");
        assert!(!client.inactive);
        assert_eq!(client.extra.get("x"), Some(&json!([1.5])));
        assert_eq!(client.reference, None);
    }
}
