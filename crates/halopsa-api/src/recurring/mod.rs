//! Recurring invoices: where a subscription's count becomes an amount. Read, and lines changed with care.
//!
//! `POST /RecurringInvoice/process` makes real invoices; this crate has no method for it.

mod update;

use api_core::wire;
use api_core::{Call, Error, ErrorKind, Result};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::client::{Core, HaloClient};
use crate::failure::Needs;
use crate::ids::{ClientId, InvoiceLineId, ItemId, LicenceId, RecurringInvoiceId};
use crate::list::{Endpoint, List, Record};
use crate::moment::{self, HaloTime};

pub use update::LineEdit;

const GET: &str = "GET RecurringInvoice/{id}";

const LIST: Endpoint = Endpoint {
    operation: "GET RecurringInvoice",
    resource: "RecurringInvoice",
    keys: &["invoices", "recurringinvoices"],
    needs: Needs::INVOICES,
};

/// Where a line's quantity comes from (observed in public code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuantityType {
    /// Entered by hand: every number that has no other meaning here.
    Manual(i64),
    /// Counted from software licences, 1.
    Licences,
    /// Counted from users, 2.
    Users,
    /// Counted from devices, 3.
    Devices,
    /// Counted from subscriptions, 4: the sum of (count - free) over the linked ones, at least the minimum.
    Subscriptions,
}

impl QuantityType {
    /// The wire's number.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Manual(number) => number,
            Self::Licences => 1,
            Self::Users => 2,
            Self::Devices => 3,
            Self::Subscriptions => 4,
        }
    }

    fn of(number: i64) -> Self {
        match number {
            1 => Self::Licences,
            2 => Self::Users,
            3 => Self::Devices,
            4 => Self::Subscriptions,
            other => Self::Manual(other),
        }
    }
}

impl Default for QuantityType {
    fn default() -> Self {
        Self::Manual(0)
    }
}

impl<'de> Deserialize<'de> for QuantityType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(wire::opt_i64(deserializer)?.unwrap_or(0)))
    }
}

impl Serialize for QuantityType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

/// A licence or subscription that a line takes its quantity from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineQuantity {
    /// The licence or subscription.
    #[serde(default, deserialize_with = "wire::opt_id")]
    pub licence_id: Option<LicenceId>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub licence_name: Option<String>,
    /// Units that are free.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub qty_free: Option<i64>,
    /// The least that is billed.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub minimum_qty: Option<i64>,
    /// Pro rata; the numbers are not documented.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub pro_rata: Option<i64>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A line of a recurring invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// Its id.
    pub id: InvoiceLineId,
    /// The product.
    #[serde(rename = "_itemid", default, deserialize_with = "wire::opt_id")]
    pub item_id: Option<ItemId>,
    /// What the invoice says.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub item_shortdescription: String,
    /// Quantity.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub qty_order: Option<Decimal>,
    /// Price of one.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub unit_price: Option<Decimal>,
    /// Cost of one.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub unit_cost: Option<Decimal>,
    /// Not billed.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub isinactive: bool,
    /// Quantity of the pro-rata part.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub prorata_quantity: Option<Decimal>,
    /// Where the quantity comes from.
    #[serde(rename = "recurring_invoice_quantity_type", default)]
    pub quantity_type: QuantityType,
    /// The subscriptions the quantity comes from.
    #[serde(default, deserialize_with = "wire::null_default")]
    pub quantity_subscriptions: Vec<LineQuantity>,
    /// The licences the quantity comes from.
    #[serde(default, deserialize_with = "wire::null_default")]
    pub quantity_licences: Vec<LineQuantity>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl InvoiceLine {
    /// The subscriptions or licences that really decide the quantity: those of the line's quantity type.
    pub fn linked(&self) -> impl Iterator<Item = LicenceId> {
        let linked: &[LineQuantity] = match self.quantity_type {
            QuantityType::Subscriptions => &self.quantity_subscriptions,
            QuantityType::Licences => &self.quantity_licences,
            _ => &[],
        };
        linked.iter().filter_map(|quantity| quantity.licence_id)
    }
}

/// A recurring invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecurringInvoice {
    /// Its id; negative.
    pub id: RecurringInvoiceId,
    /// Who is billed.
    #[serde(default, deserialize_with = "wire::opt_id")]
    pub client_id: Option<ClientId>,
    /// The client's name.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub client_name: Option<String>,
    /// Not used any more.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub disabled: bool,
    /// Some line's quantity is calculated.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub contains_calculated_quantity: bool,
    /// When the next invoice is made.
    #[serde(default, deserialize_with = "moment::opt_time")]
    pub nextcreationdate: Option<HaloTime>,
    /// Its lines; `None` where the answer has none to show, as in lists.
    #[serde(default)]
    pub lines: Option<Vec<InvoiceLine>>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Record for RecurringInvoice {
    fn record_id(&self) -> i64 {
        self.id.get()
    }
}

/// Which recurring invoices to list.
#[derive(Debug, Clone, Default)]
pub struct ListRecurringInvoices {
    /// Only those of this client.
    pub client: Option<ClientId>,
    /// With their lines.
    pub include_lines: bool,
    /// Text to search for.
    pub search: Option<String>,
}

/// Recurring invoices. Made by [`HaloClient::recurring_invoices`].
#[derive(Debug, Clone)]
pub struct RecurringInvoices {
    core: Core,
}

impl HaloClient {
    /// Recurring invoices.
    pub fn recurring_invoices(&self) -> RecurringInvoices {
        RecurringInvoices {
            core: self.core().clone(),
        }
    }
}

impl RecurringInvoices {
    /// Lists recurring invoices.
    pub fn list(&self, options: ListRecurringInvoices) -> List<RecurringInvoice> {
        let ListRecurringInvoices {
            client,
            include_lines,
            search,
        } = options;
        let mut query = vec![("includelines".to_owned(), include_lines.to_string())];
        query.extend(client.map(|id| ("client_id".to_owned(), id.to_string())));
        query.extend(search.map(|text| ("search".to_owned(), text)));
        List::new(&self.core, LIST, query)
    }

    /// One recurring invoice with its lines. One request.
    ///
    /// # Errors
    /// `NotFound` when there is none with that id.
    pub async fn get(&self, id: RecurringInvoiceId) -> Result<RecurringInvoice> {
        read(self.get_raw(id).await?, id)
    }

    async fn get_raw(&self, id: RecurringInvoiceId) -> Result<Map<String, Value>> {
        let call = Call::get(GET, &["api", "RecurringInvoice", &id.to_string()])
            .query([("includedetails", "true")]);
        let reply = self.core.send(call, GET, Needs::INVOICES).await?;
        crate::record::single(reply.json()?, id.get()).map_err(|problem| {
            Error::new(ErrorKind::Decode, problem)
                .with_operation(GET)
                .with_body_snippet(&reply.body)
        })
    }
}

fn read(record: Map<String, Value>, id: RecurringInvoiceId) -> Result<RecurringInvoice> {
    serde_json::from_value(Value::Object(record)).map_err(|error| {
        Error::new(
            ErrorKind::Decode,
            format!("recurring invoice {id} is unreadable: {error}"),
        )
        .with_operation(GET)
    })
}

#[cfg(test)]
mod tests {
    use super::{InvoiceLine, QuantityType};
    use crate::ids::LicenceId;
    use serde_json::json;

    #[test]
    fn a_line_is_linked_to_what_its_quantity_type_counts() {
        let line = |quantity_type| -> InvoiceLine {
            serde_json::from_value(json!({
                "id": 3310, "recurring_invoice_quantity_type": quantity_type,
                "quantity_subscriptions": [{"licence_id": 501}], "quantity_licences": [{"licence_id": 77}],
            }))
            .unwrap()
        };
        let linked = |line: InvoiceLine| line.linked().map(LicenceId::get).collect::<Vec<_>>();
        assert_eq!(linked(line(json!(4))), [501]);
        assert_eq!(linked(line(json!(1))), [77]);
        assert_eq!(linked(line(json!(0))), Vec::<i64>::new());
        assert_eq!(linked(line(json!(null))), Vec::<i64>::new());
        assert_eq!(line(json!(9)).quantity_type, QuantityType::Manual(9));
    }
}
