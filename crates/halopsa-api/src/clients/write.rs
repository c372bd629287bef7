//! Writing a client's custom field without emptying the others.
//!
//! HaloPSA replaces `customfields` as a whole (observed in public clients: a partial list empties the missing ones), so they
//! are read, merged and sent whole, and read again to see that only the one changed.

use std::collections::BTreeMap;

use api_core::{Error, ErrorKind, Result, Sent};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Client, Clients};
use crate::client::post_array;
use crate::failure::{Needs, unconfirmed};
use crate::fields::FieldInfo;
use crate::ids::ClientId;
use crate::record::{has_field, is_id};

const POST: &str = "POST Client";

impl Clients {
    /// Sets one custom field of a client and leaves the others as they are. Three requests; one when the field has that
    /// value already.
    ///
    /// # Errors
    /// `Incomplete` when the server does not show the client's custom fields (nothing is written then); `Conflict` when the
    /// client does not look as expected afterwards; those of the exchange, where a write that may have arrived is not
    /// repeated. [`Error::may_have_been_sent`] tells about the write: it is false when the reading before it failed, and true
    /// when only the reading after it did.
    pub async fn set_custom_field(
        &self,
        id: ClientId,
        field: &FieldInfo,
        value: &Value,
    ) -> Result<Client> {
        let unsent = |error: Error| error.with_sent(Sent::No);
        let before = self.get_raw(id).await.map_err(unsent)?;
        let fields = custom_fields_of(&before).ok_or_else(|| {
            Error::new(
                ErrorKind::Incomplete,
                format!("the server does not show the custom fields of client {id}; writing one would empty the others"),
            )
            .with_operation(POST)
            .with_sent(Sent::No)
            .with_hint("nothing was written")
        })?;
        let merged = merge(fields, field, value);
        let wanted = values(&merged);
        if wanted == values(fields) {
            return read(&Value::Object(before), id).map_err(unsent);
        }
        let record = json!({"id": id.get(), "customfields": merged});
        let call = post_array(POST, &["api", "Client"], &[record])?;
        self.core.send(call, POST, Needs::EDIT_CLIENTS).await?;
        let after = self.get_raw(id).await;
        let after = after.map_err(|error| unconfirmed(&error, POST))?;
        let kept = custom_fields_of(&after).map(values);
        if kept.as_ref() != Some(&wanted) {
            let names = differences(&wanted, &kept.unwrap_or_default());
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "client {id} was written, but these custom fields are not as expected: {names}"
                ),
            )
            .with_operation(POST)
            .with_hint(
                "someone may have edited the client at the same time; look at it in HaloPSA",
            ));
        }
        read(&Value::Object(after), id)
    }

    /// Changes plain fields of a client, by their wire names; what is not named stays. One request.
    ///
    /// # Errors
    /// `Config` for `customfields` (see [`set_custom_field`](Clients::set_custom_field)) and `id`; those of the exchange.
    pub async fn update(&self, id: ClientId, fields: &Map<String, Value>) -> Result<()> {
        for refused in ["id", "customfields"] {
            if has_field(fields, refused) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("`{refused}` cannot be updated like this"),
                )
                .with_operation(POST)
                .with_hint("custom fields are replaced as a whole; use `set_custom_field`"));
            }
        }
        let mut record = fields.clone();
        record.insert("id".to_owned(), json!(id.get()));
        let call = post_array(POST, &["api", "Client"], &[record])?;
        self.core.send(call, POST, Needs::EDIT_CLIENTS).await?;
        Ok(())
    }
}

fn read(value: &Value, id: ClientId) -> Result<Client> {
    Client::deserialize(value).map_err(|source| {
        Error::new(
            ErrorKind::Decode,
            format!("client {id} is unreadable: {source}"),
        )
        .with_operation(super::GET)
    })
}

fn custom_fields_of(client: &Map<String, Value>) -> Option<&[Value]> {
    client.get("customfields")?.as_array().map(Vec::as_slice)
}

fn is_field(entry: &Value, field: &FieldInfo) -> bool {
    match entry.get("id") {
        Some(id) => is_id(id, field.id.get()),
        None => entry
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name == field.name),
    }
}

/// The fields as the server sent them, with one value replaced or one field added.
fn merge(fields: &[Value], field: &FieldInfo, value: &Value) -> Vec<Value> {
    let mut merged = fields.to_vec();
    match merged
        .iter_mut()
        .find(|entry| is_field(entry, field))
        .and_then(Value::as_object_mut)
    {
        Some(entry) => {
            entry.insert("value".to_owned(), value.clone());
            // What is displayed belongs to the old value.
            entry.remove("display");
        }
        None => merged.push(json!({
            "id": field.id.get(),
            "name": field.name,
            "value": value,
        })),
    }
    merged
}

/// Values by field name, with "nothing" in one form only.
fn values(fields: &[Value]) -> BTreeMap<String, String> {
    fields
        .iter()
        .filter_map(|entry| {
            let name = entry.get("name")?.as_str()?.trim().to_ascii_lowercase();
            let value = entry.get("value").unwrap_or(&Value::Null);
            let text = match super::custom_field::text_of(value) {
                Some(text) => text,
                None if value.is_null() || value.is_string() => return None,
                None => value.to_string(),
            };
            Some((name, text))
        })
        .collect()
}

fn differences(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> String {
    let names: std::collections::BTreeSet<&str> = wanted
        .keys()
        .chain(found.keys())
        .filter(|name| wanted.get(*name) != found.get(*name))
        .map(String::as_str)
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{merge, values};
    use crate::fields::FieldInfo;
    use serde_json::{Value, json};

    fn field() -> FieldInfo {
        serde_json::from_value(json!({"id": 212, "name": "CFCoveCustomerId"})).unwrap()
    }

    fn fields() -> Vec<Value> {
        vec![
            json!({"id": 212, "name": "CFCoveCustomerId", "type": 0, "value": "1", "display": "1"}),
            json!({"id": 213, "name": "CFCoveIgnore", "type": 6, "value": true, "guid": "g"}),
        ]
    }

    #[test]
    fn every_other_field_goes_out_as_it_came_in() {
        let merged = merge(&fields(), &field(), &json!("2"));
        assert_eq!(
            merged,
            [
                json!({"id": 212, "name": "CFCoveCustomerId", "type": 0, "value": "2"}),
                json!({"id": 213, "name": "CFCoveIgnore", "type": 6, "value": true, "guid": "g"}),
            ]
        );
    }

    #[test]
    fn a_field_the_client_lacks_is_added() {
        let merged = merge(&fields()[1..], &field(), &json!("2"));
        assert_eq!(merged.len(), 2);
        assert_eq!(
            merged[1],
            json!({"id": 212, "name": "CFCoveCustomerId", "value": "2"})
        );
    }

    #[test]
    fn nothing_and_empty_are_the_same_value() {
        let with = |value: Value| values(&[json!({"id": 1, "name": "CFa", "value": value})]);
        assert_eq!(with(json!(null)), with(json!(" ")));
        assert_eq!(with(json!(5)), with(json!("5")));
        assert_ne!(with(json!("5")), with(json!("6")));
        assert_eq!(
            with(json!(true)).get("cfa").map(String::as_str),
            Some("true")
        );
    }
}
