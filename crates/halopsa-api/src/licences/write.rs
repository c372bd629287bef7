//! Writing licences: what may be written, checked before it is sent, and what became of it.

use std::collections::BTreeSet;

use api_core::{Error, ErrorKind, Result};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Licences, SoftwareLicence, answer};
use crate::client::post_array;
use crate::failure::Needs;
use crate::ids::{ClientId, LicenceId};
use crate::record::has_field;

/// The type of a subscription.
pub const SUBSCRIPTION: i64 = 1;

const POST: &str = "POST SoftwareLicence";

/// HaloPSA's own limit of a name, in the UTF-16 units that its database counts.
const LONGEST_NAME: usize = 500;

/// Fields that have their own place and must not come in through `fields`. `customfields` does not exist on licences.
const OWN_FIELDS: [&str; 6] = ["id", "type", "client_id", "name", "count", "customfields"];

/// One record to write. Counts and ids are 32-bit on the server and are checked before anything is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum LicenceWrite {
    /// A new record. HaloPSA does not look for one of the same name (no evidence that it does): a second `Create` makes a
    /// second record.
    Create {
        /// Whose it is.
        client_id: ClientId,
        /// Its name, without blanks around it.
        name: String,
        /// How many.
        count: i64,
        /// Its type; [`SUBSCRIPTION`] unless you know better.
        kind: i64,
        /// Further fields, by their wire names.
        fields: Map<String, Value>,
    },
    /// A new count for an existing record; nothing else of it changes. A count of 0 is sent like any other.
    SetCount {
        /// The record.
        id: LicenceId,
        /// Whose it is.
        client_id: ClientId,
        /// How many.
        count: i64,
    },
    /// Other fields of an existing record, by their wire names; what is not named stays.
    Update {
        /// The record.
        id: LicenceId,
        /// Whose it is.
        client_id: ClientId,
        /// The fields to change. `name` and `count` are allowed here.
        fields: Map<String, Value>,
    },
}

/// What became of one write.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WriteOutcome {
    /// The server accepted the request; with the stored record where the answer holds it. Without a record (an empty
    /// answer, or one object for several items) only reading back proves that this item was stored.
    Confirmed(Option<Box<SoftwareLicence>>),
    /// The server refused it, and nothing of it was stored.
    Rejected {
        /// The server's reason.
        why: String,
        /// The answer's status.
        status: StatusCode,
    },
    /// It may or may not be stored. Read before writing again.
    Unknown {
        /// What happened.
        why: String,
    },
    /// It never reached the server; it may be written later.
    NotSent {
        /// What happened.
        why: String,
    },
}

impl WriteOutcome {
    /// Whether the server took it.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed(_))
    }

    /// Whether only reading can tell what became of it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl LicenceWrite {
    /// A new subscription.
    pub fn create(client_id: ClientId, name: impl Into<String>, count: i64) -> Self {
        Self::Create {
            client_id,
            name: name.into(),
            count,
            kind: SUBSCRIPTION,
            fields: Map::new(),
        }
    }

    /// A new count for an existing record.
    #[must_use]
    pub fn set_count(id: LicenceId, client_id: ClientId, count: i64) -> Self {
        Self::SetCount {
            id,
            client_id,
            count,
        }
    }

    /// The record it goes to; `None` for a new one.
    #[must_use]
    pub fn id(&self) -> Option<LicenceId> {
        match self {
            Self::Create { .. } => None,
            Self::SetCount { id, .. } | Self::Update { id, .. } => Some(*id),
        }
    }

    /// The client it belongs to.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        match self {
            Self::Create { client_id, .. }
            | Self::SetCount { client_id, .. }
            | Self::Update { client_id, .. } => *client_id,
        }
    }

    /// The element of the request's array.
    fn to_json(&self) -> std::result::Result<Value, String> {
        let client_id = positive(self.client_id().get(), "client id")?;
        match self {
            Self::Create {
                name,
                count,
                kind,
                fields,
                ..
            } => {
                check_name(name)?;
                if let Some(field) = OWN_FIELDS.iter().find(|field| has_field(fields, field)) {
                    return Err(format!("`{field}` cannot be set as a further field"));
                }
                let mut record = fields.clone();
                record.insert("type".to_owned(), json!(int32(*kind, "type")?));
                record.insert("client_id".to_owned(), json!(client_id));
                record.insert("name".to_owned(), json!(name));
                record.insert("count".to_owned(), json!(count32(*count)?));
                Ok(Value::Object(record))
            }
            Self::SetCount { id, count, .. } => Ok(json!({
                "id": positive(id.get(), "licence id")?,
                "client_id": client_id,
                "count": count32(*count)?,
            })),
            Self::Update { id, fields, .. } => {
                for field in ["id", "type", "client_id", "customfields"] {
                    if has_field(fields, field) {
                        return Err(format!("`{field}` cannot be updated"));
                    }
                }
                for (field, value) in fields {
                    if field.eq_ignore_ascii_case("name") {
                        check_name(value.as_str().unwrap_or_default())?;
                    }
                    if field.eq_ignore_ascii_case("count") {
                        count32(value.as_i64().ok_or("a count must be a whole number")?)?;
                    }
                }
                let mut record = fields.clone();
                record.insert("id".to_owned(), json!(positive(id.get(), "licence id")?));
                record.insert("client_id".to_owned(), json!(client_id));
                Ok(Value::Object(record))
            }
        }
    }
}

fn int32(value: i64, what: &str) -> std::result::Result<i32, String> {
    i32::try_from(value).map_err(|_| format!("{what} {value} does not fit HaloPSA's 32-bit number"))
}

fn positive(value: i64, what: &str) -> std::result::Result<i32, String> {
    match int32(value, what)? {
        id if id > 0 => Ok(id),
        _ => Err(format!("{what} {value} is not the id of a record")),
    }
}

fn count32(count: i64) -> std::result::Result<i32, String> {
    match int32(count, "count")? {
        count if count >= 0 => Ok(count),
        _ => Err(format!("count {count} is negative")),
    }
}

/// A name that the server would store differently could not be found again, and the next run would create it twice.
fn check_name(name: &str) -> std::result::Result<(), String> {
    if name.is_empty() || name.trim() != name {
        return Err(format!(
            "the name {name:?} is blank or has blanks around it"
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("the name {name:?} has control characters"));
    }
    if name.encode_utf16().count() > LONGEST_NAME {
        return Err(format!("a name is longer than {LONGEST_NAME} characters"));
    }
    Ok(())
}

/// The request's array; an error names the item that cannot be written.
pub(super) fn body_of(items: &[LicenceWrite]) -> Result<Vec<Value>> {
    let invalid = |index: usize, problem: String| {
        Error::new(
            ErrorKind::Config,
            format!("item {index} cannot be written: {problem}"),
        )
        .with_operation(POST)
        .with_hint("nothing was sent")
    };
    let mut ids = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut body = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        body.push(item.to_json().map_err(|problem| invalid(index, problem))?);
        let repeated = match item {
            LicenceWrite::Create {
                client_id,
                name,
                kind,
                ..
            } => !names.insert((*client_id, name.as_str(), *kind)),
            LicenceWrite::SetCount { id, .. } | LicenceWrite::Update { id, .. } => !ids.insert(*id),
        };
        if repeated {
            return Err(invalid(index, "it repeats an earlier item".to_owned()));
        }
    }
    Ok(body)
}

/// What one request to write came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Posted {
    /// What became of each item, in order.
    Settled(Vec<WriteOutcome>),
    /// Several items were refused together; whether the server had stored some of them by then is not known. Holds why.
    RefusedBatch(String),
}

impl Licences {
    /// Writes records with **one** request and says for each what became of it. Nothing that may have arrived is repeated.
    ///
    /// The answer may be an array, one object or nothing (all three occur or are documented); records in it are matched by id, or by
    /// client, name and count. When several items were refused together, it is not known whether HaloPSA had stored some of
    /// them: all are `Unknown`. Use [`write_all`](Licences::write_all) to have that sorted out.
    ///
    /// # Errors
    /// `Config` when an item cannot be written (count outside 0 to 2,147,483,647, blank name, repeated item): nothing was sent.
    pub async fn write_many(&self, items: &[LicenceWrite]) -> Result<Vec<WriteOutcome>> {
        Ok(match self.post(items).await? {
            Posted::Settled(outcomes) => outcomes,
            Posted::RefusedBatch(why) => all(items, &WriteOutcome::Unknown { why }),
        })
    }

    /// Writes one record. One request.
    ///
    /// # Errors
    /// As for [`write_many`](Licences::write_many).
    pub async fn write(&self, item: LicenceWrite) -> Result<WriteOutcome> {
        let mut outcomes = self.write_many(&[item]).await?;
        outcomes.pop().ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the write has no outcome").with_operation(POST)
        })
    }

    /// Marks a record as inactive. A setting of HaloPSA may then make the invoice lines that refer to it inactive too.
    ///
    /// # Errors
    /// As for [`write_many`](Licences::write_many).
    pub async fn deactivate(&self, id: LicenceId, client_id: ClientId) -> Result<WriteOutcome> {
        let fields = Map::from_iter([("is_active".to_owned(), Value::Bool(false))]);
        self.write(LicenceWrite::Update {
            id,
            client_id,
            fields,
        })
        .await
    }

    /// As [`write_many`](Licences::write_many), but tells items that were refused together from lost ones: for callers
    /// that sort a refused batch out themselves, by reading and sending smaller parts, and keep a record of it.
    ///
    /// # Errors
    /// As for [`write_many`](Licences::write_many).
    pub async fn post(&self, items: &[LicenceWrite]) -> Result<Posted> {
        if items.is_empty() {
            return Ok(Posted::Settled(Vec::new()));
        }
        let call = post_array(POST, &["api", "SoftwareLicence"], &body_of(items)?)?;
        let sent = self.core.send(call, POST, Needs::EDIT_LICENCES).await;
        Ok(match sent {
            Ok(reply) => Posted::Settled(answer::outcomes(items, &reply.body)),
            Err(error) => failed(items, &error),
        })
    }
}

/// What a failed request means for its items.
fn failed(items: &[LicenceWrite], error: &Error) -> Posted {
    let why = match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    };
    // A 429 is given before any work is done.
    if !error.may_have_been_sent() || error.is_rate_limited() {
        return Posted::Settled(all(items, &WriteOutcome::NotSent { why }));
    }
    let Some(status) = error.status().filter(|_| error.was_refused()) else {
        return Posted::Settled(all(items, &WriteOutcome::Unknown { why }));
    };
    // These are given before the first item is looked at: nobody may write, or nobody can read the request.
    let before_any_item = matches!(status.as_u16(), 401 | 403 | 405 | 411 | 413 | 415);
    if items.len() == 1 || before_any_item {
        return Posted::Settled(all(items, &WriteOutcome::Rejected { why, status }));
    }
    Posted::RefusedBatch(why)
}

fn all(items: &[LicenceWrite], outcome: &WriteOutcome) -> Vec<WriteOutcome> {
    vec![outcome.clone(); items.len()]
}

#[cfg(test)]
mod tests;
