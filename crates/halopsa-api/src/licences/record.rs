//! The record: what decides is read strictly, what only describes must not make a subscription unreadable.

use api_core::wire;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SUBSCRIPTION;
use crate::ids::{ClientId, LicenceId};
use crate::list::Record;
use crate::moment::{self, HaloTime};

/// A software licence or subscription of a client.
///
/// Id, type, name, count, client, activity and deletion decide what is billed: one of an unexpected form makes the record
/// unreadable. The other fields only describe it: one of an unexpected form is left in `extra` as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire")]
pub struct SoftwareLicence {
    /// Its id. Recurring-invoice lines refer to it, so it must stay.
    pub id: LicenceId,
    /// The wire's `type`: 1 is a subscription (observed), 0 a software licence (inferred).
    #[serde(rename = "type")]
    pub kind: i64,
    /// Its name, up to 500 characters.
    pub name: String,
    /// How many; a 32-bit integer on the server. `None` where the server sends none.
    pub count: Option<i64>,
    /// Whose it is; zero or negative for nobody's.
    pub client_id: ClientId,
    /// The client's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Site; zero or negative for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<i64>,
    /// In use. Missing or null is in use (the database's default).
    pub is_active: bool,
    /// Deleted; HaloPSA keeps deleted records.
    pub deleted: bool,
    /// Free text; `Active` and `PendingCancel` were observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<HaloTime>,
    /// Last day; `None` where there is none, which some write as the year 9999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<HaloTime>,
    /// Notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The vendor's product code; some keep an own key here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_product_sku: Option<String>,
    /// Billing cycle; `Monthly` was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_cycle: Option<String>,
    /// Price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
    /// Price per month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_price: Option<Decimal>,
    /// Cost per month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_cost: Option<Decimal>,
    /// Purchase price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_price: Option<Decimal>,
    /// Every other field of the answer, and the describing ones that were of an unexpected form.
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

/// What decides, and the rest as sent.
#[derive(Deserialize)]
struct Wire {
    id: LicenceId,
    #[serde(rename = "type", deserialize_with = "required_kind")]
    kind: i64,
    #[serde(default, deserialize_with = "crate::record::text")]
    name: String,
    #[serde(default, deserialize_with = "wire::opt_i64")]
    count: Option<i64>,
    #[serde(default = "nobody", deserialize_with = "client_or_nobody")]
    client_id: ClientId,
    #[serde(default = "yes", deserialize_with = "active_unless_false")]
    is_active: bool,
    #[serde(default, deserialize_with = "crate::record::flag")]
    deleted: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl From<Wire> for SoftwareLicence {
    fn from(wire: Wire) -> Self {
        let mut rest = Rest(wire.rest);
        Self {
            id: wire.id,
            kind: wire.kind,
            name: wire.name,
            count: wire.count,
            client_id: wire.client_id,
            client_name: rest.text("client_name"),
            site_id: rest.take("site_id", |value| wire::opt_i64(value)),
            is_active: wire.is_active,
            deleted: wire.deleted,
            status: rest.text("status"),
            start_date: rest.time("start_date"),
            end_date: rest.time("end_date"),
            notes: rest.text("notes"),
            vendor_product_sku: rest.text("vendor_product_sku"),
            billing_cycle: rest.text("billing_cycle"),
            price: rest.decimal("price"),
            monthly_price: rest.decimal("monthly_price"),
            monthly_cost: rest.decimal("monthly_cost"),
            purchase_price: rest.decimal("purchase_price"),
            extra: rest.0,
        }
    }
}

/// Fields that describe; one that cannot be read stays where it is.
struct Rest(Map<String, Value>);

impl Rest {
    fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> serde_json::Result<Option<T>>,
    ) -> Option<T> {
        let found = read(self.0.get(name)?).ok()?;
        self.0.remove(name);
        found
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, |value| wire::opt_text(value))
    }

    fn time(&mut self, name: &str) -> Option<HaloTime> {
        self.take(name, |value| moment::opt_time(value))
    }

    fn decimal(&mut self, name: &str) -> Option<Decimal> {
        self.take(name, |value| wire::opt_decimal(value))
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

    #[test]
    fn what_only_describes_never_makes_a_record_unreadable() {
        for (field, odd) in [
            ("end_date", json!(5)),
            ("end_date", json!("never")),
            ("start_date", json!({})),
            ("price", json!("on request")),
            ("monthly_cost", json!([])),
            ("notes", json!({"html": "x"})),
            ("site_id", json!("main")),
        ] {
            let sent = json!({"id": 7, "type": 1, "client_id": 12, "count": 4, field: odd});
            let read = licence(sent.clone()).unwrap();
            assert_eq!((read.count, read.client_id.get()), (Some(4), 12), "{sent}");
            assert_eq!(read.extra.get(field), Some(&odd), "{sent}");
            // And it can be written down and read again.
            let text = serde_json::to_string(&read).unwrap();
            assert_eq!(text.matches(field).count(), 1, "{text}");
            assert_eq!(licence(serde_json::from_str(&text).unwrap()).unwrap(), read);
        }
        for (field, odd) in [
            ("count", json!("many")),
            ("client_id", json!({})),
            ("is_active", json!("perhaps")),
            ("deleted", json!([])),
        ] {
            let sent = json!({"id": 7, "type": 1, field: odd});
            assert!(licence(sent.clone()).is_err(), "{sent}");
        }
    }

    #[test]
    fn a_licence_that_never_ends_has_no_end() {
        for end in ["9999-12-31T00:00:00", "9999-12-31T23:59:59.9999999"] {
            let read = licence(json!({"id": 7, "type": 1, "end_date": end})).unwrap();
            assert_eq!(read.end_date, None);
            assert_eq!(read.extra.get("end_date"), None);
        }
    }
}
