//! Tickets, as far as a billing run needs them: open one that tells what to look at, and add notes to it.

use api_core::wire;
use api_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::{Core, HaloClient, post_array};
use crate::failure::Needs;
use crate::ids::{ClientId, TicketId};
use crate::list::{Endpoint, List, Record};
use crate::record::has_field;

const POST: &str = "POST Tickets";
const POST_ACTION: &str = "POST Actions";

/// Fields that must not come in through `fields`: those with their own place, and the id, with which HaloPSA would change
/// another ticket instead of opening one.
const OWN_FIELDS: [&str; 5] = ["id", "summary", "details", "client_id", "tickettype_id"];

const LIST: Endpoint = Endpoint {
    operation: "GET Tickets",
    resource: "Tickets",
    keys: &["tickets"],
    needs: Needs::TICKETS,
};

/// A ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Its subject.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub summary: String,
    /// Whose it is.
    #[serde(default, deserialize_with = "wire::opt_id")]
    pub client_id: Option<ClientId>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Record for Ticket {
    fn record_id(&self) -> i64 {
        self.id.get()
    }
}

/// A ticket to open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewTicket {
    /// Its subject.
    pub summary: String,
    /// Its text.
    pub details: String,
    /// Whose it is.
    pub client_id: Option<ClientId>,
    /// Its type, as HaloPSA numbers them.
    pub ticket_type_id: Option<i64>,
    /// Further fields, by their wire names.
    pub fields: Map<String, Value>,
}

/// Tickets. Made by [`HaloClient::tickets`].
#[derive(Debug, Clone)]
pub struct Tickets {
    core: Core,
}

impl HaloClient {
    /// Tickets.
    pub fn tickets(&self) -> Tickets {
        Tickets {
            core: self.core().clone(),
        }
    }
}

impl Tickets {
    /// Tickets that match a text. Look for your own before opening another.
    pub fn search(&self, text: impl Into<String>) -> List<Ticket> {
        List::new(&self.core, LIST, vec![("search".to_owned(), text.into())])
    }

    /// Opens a ticket. One request, not repeated when it may have arrived. `None` when the server took it and did not tell
    /// its id.
    ///
    /// # Errors
    /// `Config` for a blank subject, and for a further field that has its own place here or is an id, which would change
    /// another ticket (nothing is sent); those of the exchange.
    pub async fn create(&self, ticket: &NewTicket) -> Result<Option<TicketId>> {
        let NewTicket {
            summary,
            details,
            client_id,
            ticket_type_id,
            fields,
        } = ticket;
        if summary.trim().is_empty() {
            return Err(
                Error::new(ErrorKind::Config, "a ticket needs a subject").with_operation(POST)
            );
        }
        if let Some(field) = OWN_FIELDS.iter().find(|field| has_field(fields, field)) {
            let message = format!("`{field}` cannot be set as a further field of a new ticket");
            return Err(Error::new(ErrorKind::Config, message).with_operation(POST));
        }
        let mut record = fields.clone();
        record.insert("summary".to_owned(), json!(summary));
        record.insert("details".to_owned(), json!(details));
        record.extend(client_id.map(|id| ("client_id".to_owned(), json!(id.get()))));
        record.extend(ticket_type_id.map(|id| ("tickettype_id".to_owned(), json!(id))));
        let call = post_array(POST, &["api", "Tickets"], &[record])?;
        let reply = self.core.send(call, POST, Needs::TICKETS).await?;
        Ok(created_id(&reply.body))
    }

    /// Adds a note to a ticket. One request, not repeated when it may have arrived.
    ///
    /// # Errors
    /// Those of the exchange.
    pub async fn add_note(
        &self,
        ticket: TicketId,
        note: &str,
        outcome: Option<&str>,
    ) -> Result<()> {
        let mut action = Map::new();
        action.insert("ticket_id".to_owned(), json!(ticket.get()));
        action.insert("note".to_owned(), json!(note));
        action.extend(outcome.map(|outcome| ("outcome".to_owned(), json!(outcome))));
        let call = post_array(POST_ACTION, &["api", "Actions"], &[action])?;
        self.core.send(call, POST_ACTION, Needs::TICKETS).await?;
        Ok(())
    }
}

/// The id in an answer that is an object or an array of one.
fn created_id(body: &[u8]) -> Option<TicketId> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let record = match &answer {
        Value::Array(records) => records.first()?,
        other => other,
    };
    record.get("id")?.as_i64().map(TicketId::new)
}
