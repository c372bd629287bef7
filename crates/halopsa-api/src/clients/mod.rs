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
        self.customfields
            .iter()
            .find(|field| field.is_named(name))
            .and_then(CustomField::text)
    }

    /// Whether the answer carried this field at all, filled in or not.
    #[must_use]
    pub fn carries_custom_field(&self, name: &str) -> bool {
        self.customfields.iter().any(|field| field.is_named(name))
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
    use super::Client;
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
