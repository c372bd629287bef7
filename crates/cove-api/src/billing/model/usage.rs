//! Usage of one client: its devices, their service lines, and what the vendor states as the client's totals.

use api_core::wire::{BadRecord, Guarded};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::billing::fields::{Extra, Fields};
use crate::billing::record::join;
use crate::billing::{ClientId, DetailId, number};

/// One usage line: a service and its quantity (documented in prose; member names observed in public clients).
///
/// `price` and `amount` are carried as sent and never derived from each other: whether the price is before
/// discount, tax or commitment is not documented.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ServiceUsage {
    /// `BillingServiceName`: "product | service".
    #[serde(
        rename = "BillingServiceName",
        default,
        deserialize_with = "api_core::wire::opt_text"
    )]
    pub billing_service_name: Option<String>,
    /// `Quantity`, exact; fractional for services counted in gigabytes. A line without one is unreadable.
    #[serde(rename = "Quantity", deserialize_with = "number::required")]
    pub quantity: Decimal,
    /// `Price` per unit, if sent. No currency is ever named.
    #[serde(rename = "Price", default, deserialize_with = "number::optional")]
    pub price: Option<Decimal>,
    /// `Amount`, if sent.
    #[serde(rename = "Amount", default, deserialize_with = "number::optional")]
    pub amount: Option<Decimal>,
    /// `Uom`: unit of measure, if sent.
    #[serde(
        rename = "Uom",
        alias = "UOM",
        default,
        deserialize_with = "api_core::wire::opt_text"
    )]
    pub unit: Option<String>,
    /// `Sku`, if sent.
    #[serde(rename = "Sku", default, deserialize_with = "api_core::wire::opt_text")]
    pub sku: Option<String>,
    /// `ProductFeatureName`, if sent.
    #[serde(
        rename = "ProductFeatureName",
        default,
        deserialize_with = "api_core::wire::opt_text"
    )]
    pub product_feature_name: Option<String>,
    /// Members without a name here.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One device (or seat) with its usage lines.
///
/// Members that only describe it never make it unreadable: one of an unexpected form is left in `extra` as sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceUsage {
    /// `Detail`: the device's name, or a user's for products counted by seat (documented).
    pub detail: Option<String>,
    /// `DetailId` (documented; its relation to Cove's own device id is not).
    pub detail_id: Option<DetailId>,
    /// `UsageCompanyName`: the end customer's name (documented).
    pub company_name: Option<String>,
    /// `UsageSiteName` (observed in public clients).
    pub site_name: Option<String>,
    /// `Customer Site Name` (documented): a member of its own beside `UsageSiteName`.
    pub customer_site_name: Option<String>,
    /// `UsageLevel_3` … `UsageLevel_8` (3 to 6 observed in public clients, 7 and 8 assumed); see [`level`](Self::level).
    pub levels: [Option<String>; 6],
    /// `Customer_Reference_L3` … `_L8` (observed in public clients); see [`customer_reference`](Self::customer_reference).
    pub customer_references: [Option<String>; 6],
    /// `TotalByService`: this device's lines; one service may have several.
    pub total_by_service: Vec<Guarded<ServiceUsage>>,
    /// Whether `TotalByService` was sent as a list, be it empty. A device without it says nothing about what it used, which is not
    /// the same as nothing.
    pub services_listed: bool,
    /// Members without a name here.
    pub extra: Extra,
}

/// Lowest level of the vendor's customer tree that devices carry.
const FIRST_LEVEL: u8 = 3;

impl DeviceUsage {
    /// The name at a level: 3 distributor, 4 sub-distributor, 5 reseller, 6 service organisation.
    pub fn level(&self, level: u8) -> Option<&str> {
        at_level(&self.levels, level)
    }

    /// The "Customer Reference" set in Cove at a level: 7 is the end customer, 8 the site.
    pub fn customer_reference(&self, level: u8) -> Option<&str> {
        at_level(&self.customer_references, level)
    }

    /// The lines that could be read.
    pub fn lines(&self) -> impl Iterator<Item = &ServiceUsage> {
        self.total_by_service.iter().filter_map(Guarded::good)
    }
}

fn at_level(values: &[Option<String>; 6], level: u8) -> Option<&str> {
    let index = usize::from(level.checked_sub(FIRST_LEVEL)?);
    values.get(index)?.as_deref()
}

/// One client's usage on one contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClientUsage {
    /// `ClientId`; `None` when blank, missing, unreadable or given twice with different values (then see `bad`).
    pub client_id: Option<ClientId>,
    /// `Devices`.
    pub devices: Vec<Guarded<DeviceUsage>>,
    /// `TotalByService` beside `Devices`, if sent (assumed: the documentation promises it only in prose).
    pub stated_totals: Vec<ServiceUsage>,
    /// Whether `Devices` or `TotalByService` was sent, be it an empty list. A client without either says nothing about what it used.
    pub usage_listed: bool,
    /// Members that could not be read; a client with any is not to be billed unseen.
    pub bad: Vec<BadRecord>,
    /// Members without a name here.
    pub extra: Extra,
}

impl ClientUsage {
    /// The devices that could be read.
    pub fn readable_devices(&self) -> impl Iterator<Item = &DeviceUsage> {
        self.devices.iter().filter_map(Guarded::good)
    }

    /// Everything in it that could not be read: own members, devices, and lines of devices.
    pub fn unreadable(&self) -> impl Iterator<Item = &BadRecord> {
        let devices = self.devices.iter().filter_map(Guarded::bad);
        let lines = self
            .readable_devices()
            .flat_map(|device| &device.total_by_service)
            .filter_map(Guarded::bad);
        self.bad.iter().chain(devices).chain(lines)
    }

    /// Everything but the devices, which arrive on their own.
    pub(crate) fn read_head(
        fields: Fields,
        path: &str,
        mut bad: Vec<BadRecord>,
        devices_listed: bool,
    ) -> Self {
        let stated = fields.get("TotalByService");
        let usage_listed = devices_listed || stated.is_some_and(|json| json != "null");
        let mut read = fields.reader(path, &mut bad);
        let mut client = Self {
            client_id: read.id("ClientId"),
            stated_totals: read.list("TotalByService"),
            usage_listed,
            devices: Vec::new(),
            bad: Vec::new(),
            extra: read.rest(),
        };
        if !usage_listed && bad.is_empty() {
            bad.extend(client.usage_elsewhere(path));
        }
        client.bad = bad;
        client
    }

    /// The key of a client's totals is not documented. One with neither devices nor totals, but with a list or object under
    /// another name, would count as zero units while its units may be in there.
    fn usage_elsewhere(&self, path: &str) -> Option<BadRecord> {
        let (name, value) = self.extra.iter().find(|(_, value)| match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => false,
        })?;
        Some(BadRecord {
            index: 0,
            path: join(path, name),
            error: "the client has no `Devices` and no `TotalByService`; its usage may be here"
                .to_owned(),
            raw: value.clone(),
        })
    }
}
