//! Custom fields as HaloPSA describes them (`FieldInfo`), and finding one by its name.

use api_core::wire;
use api_core::{Call, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::HaloClient;
use crate::failure::Needs;
use crate::ids::FieldId;
use crate::list::rows_of;

const OPERATION: &str = "GET FieldInfo";

/// What a custom field belongs to: the `typeid` of `FieldInfo` (observed in public clients).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldOwner {
    /// Tickets, 1.
    Ticket,
    /// Clients (customers), 2.
    Client,
    /// Sites, 3.
    Site,
    /// Assets, 5.
    Asset,
}

impl FieldOwner {
    /// The number HaloPSA uses on the wire.
    #[must_use]
    pub fn type_id(self) -> i64 {
        match self {
            Self::Ticket => 1,
            Self::Client => 2,
            Self::Site => 3,
            Self::Asset => 5,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Ticket => "Ticket",
            Self::Client => "Customer",
            Self::Site => "Site",
            Self::Asset => "Asset",
        }
    }
}

/// A custom field's description.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldInfo {
    /// Its id; lists ask for a field by it.
    pub id: FieldId,
    /// Its name, with the `CF` prefix.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// What people see.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub label: String,
    /// Its type; 0 is text (reconstructed from the schema).
    #[serde(rename = "type", default, deserialize_with = "wire::opt_i64")]
    pub kind: Option<i64>,
    /// Stored elsewhere than in a column of the owner's table, so not reachable by a simple SQL report (inferred).
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub new_storage_method: bool,
    /// Whatever else the server says about the field.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl FieldInfo {
    /// Whether this is the field people mean by `name`: with or without `CF`, in any case.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        same_field(&self.name, name)
    }
}

/// Whether two names mean the same custom field: `CF` in front and case make no difference.
///
/// ```
/// assert!(halopsa_api::same_field("CFCoveCustomerId", " covecustomerid "));
/// assert!(!halopsa_api::same_field("CFCoveCustomerId", "CFCove"));
/// ```
#[must_use]
pub fn same_field(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    // "CF" is taken off one side only when the other lacks it, so that a field called CFCF… stays itself.
    one.eq_ignore_ascii_case(other)
        || without_prefix(one).is_some_and(|one| one.eq_ignore_ascii_case(other))
        || without_prefix(other).is_some_and(|other| other.eq_ignore_ascii_case(one))
}

fn without_prefix(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked(2)?;
    (prefix.eq_ignore_ascii_case("CF") && !rest.is_empty()).then_some(rest)
}

impl HaloClient {
    /// The custom fields of one kind of record. One request.
    ///
    /// # Errors
    /// Those of the exchange; `Decode` when a description is unreadable.
    pub async fn custom_fields(&self, owner: FieldOwner) -> Result<Vec<FieldInfo>> {
        let rows = self.field_rows(owner).await?;
        rows.iter()
            .enumerate()
            .map(|(index, row)| described(index, row))
            .collect()
    }

    async fn field_rows(&self, owner: FieldOwner) -> Result<Vec<Value>> {
        let call = Call::get(OPERATION, &["api", "FieldInfo"])
            .query([("typeid", owner.type_id().to_string())]);
        let reply = self.core().send(call, OPERATION, Needs::FIELDS).await?;
        let decode = |message: String| {
            Error::new(ErrorKind::Decode, message)
                .with_operation(OPERATION)
                .with_body_snippet(&reply.body)
        };
        let (rows, _) =
            rows_of(reply.json()?, &["fields", "fieldinfo", "customfields"]).map_err(decode)?;
        Ok(rows)
    }

    /// The custom field called `name`, with or without the `CF` prefix, in any case. One request.
    ///
    /// # Errors
    /// `NotFound`, with the steps that create the field, when there is none; `Conflict` when two fields answer to the name;
    /// `Decode` when its own description is unreadable, or may be the one that is. Those of other fields do not matter.
    pub async fn resolve_custom_field(&self, owner: FieldOwner, name: &str) -> Result<FieldInfo> {
        resolve(&self.field_rows(owner).await?, owner, name)
    }
}

/// The field called `name`. A description that cannot be read is an error only where it may be that field's.
fn resolve(rows: &[Value], owner: FieldOwner, name: &str) -> Result<FieldInfo> {
    let mut fields = Vec::new();
    let mut nameless = None;
    for (index, row) in rows.iter().enumerate() {
        match (
            described(index, row),
            row.get("name").and_then(Value::as_str),
        ) {
            (Ok(field), _) => fields.push(field),
            (Err(error), Some(other)) if same_field(other, name) => return Err(error),
            (Err(_), Some(_)) => {
                tracing::debug!(
                    index,
                    "the description of another custom field is unreadable"
                );
            }
            (Err(error), None) => nameless = nameless.or(Some(error)),
        }
    }
    match (pick(fields, owner, name), nameless) {
        (Err(error), Some(nameless)) if error.is_not_found() => Err(nameless),
        (found, _) => found,
    }
}

fn described(index: usize, row: &Value) -> Result<FieldInfo> {
    FieldInfo::deserialize(row).map_err(|error| {
        Error::new(
            ErrorKind::Decode,
            format!("field {index} is unreadable: {error}"),
        )
        .with_operation(OPERATION)
        .with_body_snippet(row.to_string().as_bytes())
    })
}

/// Chooses the field: an exact name wins over one that only means the same.
fn pick(fields: Vec<FieldInfo>, owner: FieldOwner, name: &str) -> Result<FieldInfo> {
    let name = name.trim();
    let mut found: Vec<FieldInfo> = fields
        .into_iter()
        .filter(|field| field.is_named(name))
        .collect();
    if found.len() > 1 && found.iter().filter(|field| field.name == name).count() == 1 {
        found.retain(|field| field.name == name);
    }
    match (found.pop(), found.is_empty()) {
        (Some(field), true) => Ok(field),
        (Some(_), false) => Err(Error::new(
            ErrorKind::Conflict,
            format!("more than one custom field answers to {name:?}"),
        )
        .with_operation(OPERATION)
        .with_hint("name the field exactly as HaloPSA lists it, with its CF prefix and case")),
        (None, _) => Err(not_found(owner, name)),
    }
}

fn not_found(owner: FieldOwner, name: &str) -> Error {
    let bare = without_prefix(name).unwrap_or(name);
    let noun = owner.noun();
    Error::new(
        ErrorKind::NotFound,
        format!("there is no {} custom field called {name:?}", noun.to_lowercase()),
    )
    .with_operation(OPERATION)
    .with_hint(format!(
        "create it in HaloPSA: Configuration > Custom Objects > Custom Fields > {noun} > New, field name \"{bare}\" \
         (HaloPSA puts CF in front), type Text, input type Anything, then add it to the {noun} screen and fill it in; \
         or name the existing field in the settings"
    ))
}

#[cfg(test)]
mod tests {
    use super::{FieldInfo, FieldOwner, pick, resolve, same_field};
    use api_core::ErrorKind;
    use serde_json::json;

    fn field(id: i64, name: &str) -> FieldInfo {
        serde_json::from_value(json!({"id": id, "name": name, "label": "x", "type": 0})).unwrap()
    }

    #[test]
    fn a_field_is_found_with_or_without_prefix_and_in_any_case() {
        for name in [
            "CFCoveCustomerId",
            "CoveCustomerId",
            "cfcovecustomerid",
            " covecustomerID ",
        ] {
            let fields = vec![field(212, "CFCoveCustomerId"), field(213, "CFCoveIgnore")];
            let found = pick(fields, FieldOwner::Client, name).unwrap();
            assert_eq!(found.id.get(), 212, "{name}");
        }
    }

    #[test]
    fn an_unreadable_description_matters_only_if_it_may_be_the_field_looked_for() {
        let find = |unreadable: serde_json::Value, name: &str| {
            let rows = [
                json!({"id": {}, "name": unreadable}),
                json!({"id": 212, "name": "CFCoveCustomerId"}),
            ];
            resolve(&rows, FieldOwner::Client, name)
        };
        for other in [json!("CFOther"), json!(null), json!(7)] {
            let found = find(other.clone(), "CoveCustomerId").unwrap();
            assert_eq!(found.id.get(), 212, "{other}");
        }
        for (unreadable, name) in [
            (json!("covecustomerid"), "CFCoveCustomerId"),
            (json!("CFWanted"), "Wanted"),
            (json!(null), "Wanted"),
        ] {
            let error = find(unreadable, name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{name}");
            assert!(error.message().starts_with("field 0 "), "{error}");
        }
        let error = find(json!("CFOther"), "Wanted").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_missing_field_tells_how_to_create_it() {
        let error = pick(vec![], FieldOwner::Client, "CFCoveCustomerId").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let hint = error.hint().unwrap();
        assert!(hint.contains("Configuration > Custom Objects > Custom Fields > Customer > New"));
        assert!(hint.contains("\"CoveCustomerId\""), "{hint}");
    }

    #[test]
    fn the_exact_name_wins_and_a_tie_is_a_conflict() {
        let fields = || vec![field(1, "CFCove"), field(2, "cfcove")];
        assert_eq!(
            pick(fields(), FieldOwner::Client, "CFCove")
                .unwrap()
                .id
                .get(),
            1
        );
        let error = pick(fields(), FieldOwner::Client, "cove").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }

    #[test]
    fn names_of_any_text_are_compared_without_panic() {
        assert!(!same_field("é", "CF"));
        assert!(same_field("CF", "cf"));
        assert!(!same_field("CF", ""));
        assert!(same_field("CFCFx", "cfx"));
    }
}
