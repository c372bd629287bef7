//! Software licences and subscriptions: the record, reading, writing, deleting.

mod answer;
mod batch;
mod change;
mod write;

use api_core::wire;
use api_core::{Call, Error, ErrorKind, Result};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::{Core, HaloClient};
use crate::failure::Needs;
use crate::ids::{ClientId, LicenceId};
use crate::list::{Endpoint, List, Record};
use crate::moment::{self, HaloTime};

pub use batch::Batch;
pub use change::LicenceChange;
pub use write::{LicenceWrite, Posted, SUBSCRIPTION, WriteOutcome};

const GET: &str = "GET SoftwareLicence/{id}";
const DELETE: &str = "DELETE SoftwareLicence/{id}";

const LIST: Endpoint = Endpoint {
    operation: "GET SoftwareLicence",
    resource: "SoftwareLicence",
    // `licences` and nothing else: clients that looked for another key took every list for empty.
    keys: &["licences"],
    needs: Needs::LICENCES,
};

/// A software licence or subscription of a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoftwareLicence {
    /// Its id. Recurring-invoice lines refer to it, so it must stay.
    pub id: LicenceId,
    /// The wire's `type`: 1 is a subscription (observed), 0 a software licence (inferred).
    #[serde(rename = "type", deserialize_with = "required_kind")]
    pub kind: i64,
    /// Its name, up to 500 characters.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// How many; a 32-bit integer on the server. `None` where the server sends none.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub count: Option<i64>,
    /// Whose it is; zero or negative for nobody's.
    #[serde(default = "nobody", deserialize_with = "client_or_nobody")]
    pub client_id: ClientId,
    /// The client's name.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub client_name: Option<String>,
    /// Site; zero or negative for none.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub site_id: Option<i64>,
    /// In use. Missing or null is in use (the database's default).
    #[serde(default = "yes", deserialize_with = "active_unless_false")]
    pub is_active: bool,
    /// Deleted; HaloPSA keeps deleted records.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub deleted: bool,
    /// Free text; `Active` and `PendingCancel` were observed.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub status: Option<String>,
    /// First day.
    #[serde(default, deserialize_with = "moment::opt_time")]
    pub start_date: Option<HaloTime>,
    /// Last day.
    #[serde(default, deserialize_with = "moment::opt_time")]
    pub end_date: Option<HaloTime>,
    /// Notes.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub notes: Option<String>,
    /// The vendor's product code; some keep an own key here.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub vendor_product_sku: Option<String>,
    /// Billing cycle; `Monthly` was observed.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub billing_cycle: Option<String>,
    /// Price.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub price: Option<Decimal>,
    /// Price per month.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub monthly_price: Option<Decimal>,
    /// Cost per month.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub monthly_cost: Option<Decimal>,
    /// Purchase price.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub purchase_price: Option<Decimal>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl SoftwareLicence {
    /// Whether it is a subscription (type 1).
    #[must_use]
    pub fn is_subscription(&self) -> bool {
        self.kind == SUBSCRIPTION
    }

    /// Active and not deleted.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_active && !self.deleted
    }
}

impl Record for SoftwareLicence {
    fn record_id(&self) -> i64 {
        self.id.get()
    }

    fn drop_extra(&mut self) {
        self.extra = Map::new();
    }
}

/// A record whose type is unknown could be a subscription taken for none, so it is unreadable instead.
fn required_kind<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    wire::opt_i64(deserializer)?
        .ok_or_else(|| serde::de::Error::custom("the licence has no `type`"))
}

fn nobody() -> ClientId {
    ClientId::new(0)
}

fn client_or_nobody<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<ClientId, D::Error> {
    Ok(ClientId::new(wire::opt_i64(deserializer)?.unwrap_or(0)))
}

fn yes() -> bool {
    true
}

fn active_unless_false<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<bool, D::Error> {
    Ok(wire::opt_bool_ish(deserializer)?.unwrap_or(true))
}

/// Which licences to list.
#[derive(Debug, Clone, Default)]
pub struct ListLicences {
    /// Only those of this client.
    pub client: Option<ClientId>,
    /// Only those of this site.
    pub site: Option<i64>,
    /// Only this type: 1 for subscriptions.
    pub licence_type: Option<i64>,
    /// Inactive ones too. Whether deleted ones then come along is not known: look at `deleted`.
    pub include_inactive: bool,
    /// Text to search for.
    pub search: Option<String>,
    /// Only those of this Microsoft tenant.
    pub tenant_id: Option<String>,
    /// Only those of clients of this top level.
    pub toplevel_id: Option<i64>,
    /// The counts of licences in use too (observed in one public client).
    pub include_usage: bool,
}

/// Software licences and subscriptions. Made by [`HaloClient::licences`].
#[derive(Debug, Clone)]
pub struct Licences {
    pub(super) core: Core,
}

impl HaloClient {
    /// Software licences and subscriptions.
    pub fn licences(&self) -> Licences {
        Licences {
            core: self.core().clone(),
        }
    }
}

impl Licences {
    /// Lists licences.
    pub fn list(&self, options: ListLicences) -> List<SoftwareLicence> {
        let ListLicences {
            client,
            site,
            licence_type,
            include_inactive,
            search,
            tenant_id,
            toplevel_id,
            include_usage,
        } = options;
        let mut query = vec![("includeinactive".to_owned(), include_inactive.to_string())];
        let mut add = |name: &str, value: Option<String>| {
            query.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("client_id", client.map(|id| id.to_string()));
        add("site_id", site.map(|id| id.to_string()));
        add("licence_type", licence_type.map(|kind| kind.to_string()));
        add("search", search);
        add("tenant_id", tenant_id);
        add("toplevelid", toplevel_id.map(|id| id.to_string()));
        add(
            "include_licence_usage",
            include_usage.then(|| "true".to_owned()),
        );
        List::new(&self.core, LIST, query)
    }

    /// One licence. One request.
    ///
    /// # Errors
    /// `NotFound` when there is none with that id.
    pub async fn get(&self, id: LicenceId) -> Result<SoftwareLicence> {
        self.fetch(id, None).await
    }

    /// One licence of a known client. Some servers may want the client named (observed in one public client).
    ///
    /// # Errors
    /// `NotFound` when there is none with that id.
    pub async fn get_of_client(&self, id: LicenceId, client: ClientId) -> Result<SoftwareLicence> {
        self.fetch(id, Some(client)).await
    }

    async fn fetch(&self, id: LicenceId, client: Option<ClientId>) -> Result<SoftwareLicence> {
        let call = Call::get(GET, &["api", "SoftwareLicence", &id.to_string()])
            .query([("includedetails", "true".to_owned())])
            .query(client.map(|client| ("client_id", client.to_string())));
        let reply = self.core.send(call, GET, Needs::LICENCES).await?;
        let unreadable = |problem: String| {
            Error::new(ErrorKind::Decode, problem)
                .with_operation(GET)
                .with_body_snippet(&reply.body)
        };
        let record = crate::record::single(reply.json()?, id.get()).map_err(unreadable)?;
        serde_json::from_value(Value::Object(record))
            .map_err(|error| unreadable(format!("licence {id} is unreadable: {error}")))
    }

    /// Deletes a licence. HaloPSA marks it as deleted and keeps it; a recurring-invoice line that takes its quantity from it
    /// loses that quantity, so set the count to 0 instead wherever a line may refer to it.
    ///
    /// # Errors
    /// Those of the exchange. It is not repeated when it may have arrived.
    pub async fn delete(&self, id: LicenceId) -> Result<()> {
        let call = Call::new(
            http::Method::DELETE,
            DELETE,
            &["api", "SoftwareLicence", &id.to_string()],
        );
        self.core
            .send(call, DELETE, Needs::EDIT_LICENCES)
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::SoftwareLicence;
    use serde_json::{Value, json};

    fn licence(value: Value) -> Result<SoftwareLicence, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn a_missing_or_null_activity_is_active() {
        for (value, active) in [
            (json!({"id": 1, "type": 1}), true),
            (json!({"id": 1, "type": 1, "is_active": null}), true),
            (json!({"id": 1, "type": 1, "is_active": true}), true),
            (json!({"id": 1, "type": 1, "is_active": false}), false),
            (json!({"id": 1, "type": 1, "is_active": 0}), false),
        ] {
            assert_eq!(licence(value.clone()).unwrap().is_active, active, "{value}");
        }
    }

    #[test]
    fn a_licence_without_id_or_type_is_unreadable() {
        for value in [
            json!({"id": 1}),
            json!({"id": 1, "type": null}),
            json!({"type": 1}),
            json!(null),
            json!([]),
        ] {
            assert!(licence(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn nulls_and_no_dates_are_read_as_absence() {
        let licence = licence(json!({
            "id": 7, "type": 0, "name": null, "count": null, "client_id": null, "deleted": null,
            "status": "", "start_date": "1900-01-01T00:00:00", "end_date": "1901-01-01T00:00:00",
            "price": null, "monthly_price": 2.5, "snowid": "s",
        }))
        .unwrap();
        assert_eq!(licence.count, None);
        assert_eq!(licence.client_id.get(), 0);
        assert_eq!(licence.start_date, None);
        assert_eq!(licence.end_date, None);
        assert_eq!(licence.status, None);
        assert_eq!(licence.monthly_price.unwrap().to_string(), "2.5");
        assert!(!licence.is_subscription());
        assert_eq!(licence.extra.get("snowid"), Some(&json!("s")));
    }
}
