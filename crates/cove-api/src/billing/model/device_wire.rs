//! How a device is read: by hand, because a describing member of an unexpected form must not cost the device its
//! quantities, and must not vanish either.

use std::fmt;

use api_core::wire::Guarded;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{DeviceUsage, ServiceUsage};
use crate::billing::fields::same_name;
use crate::billing::{DetailId, record};

impl<'de> Deserialize<'de> for DeviceUsage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// The lines; `None` for null, which says nothing about services.
struct Lines(Option<Vec<Guarded<ServiceUsage>>>);

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get() == "null" {
            return Ok(Self(None));
        }
        let lines = record::guarded_elements(raw.get()).map_err(D::Error::custom)?;
        Ok(Self(Some(lines)))
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = DeviceUsage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a device")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DeviceUsage, A::Error> {
        let mut device = DeviceUsage::default();
        let mut detail_id = None;
        let mut lines = None;
        while let Some(name) = map.next_key::<String>()? {
            if same_name(&name, "TotalByService") {
                if lines.is_some() {
                    return Err(A::Error::duplicate_field("TotalByService"));
                }
                lines = Some(map.next_value::<Lines>()?);
                continue;
            }
            let value: Value = map.next_value()?;
            let slot = match name.as_str() {
                "DetailId" | "DetailID" => Some(&mut detail_id),
                _ => describing(&mut device, &name),
            };
            let taken = slot.is_some_and(|slot| slot.is_none() && text(&value, slot));
            if !taken {
                device.extra.insert(name, value);
            }
        }
        device.detail_id = detail_id.map(DetailId::new);
        let lines = lines.and_then(|Lines(lines)| lines);
        device.services_listed = lines.is_some();
        device.total_by_service = lines.unwrap_or_default();
        Ok(device)
    }
}

/// Where the text of a describing member goes.
fn describing<'d>(device: &'d mut DeviceUsage, name: &str) -> Option<&'d mut Option<String>> {
    match name {
        "Detail" => Some(&mut device.detail),
        "UsageCompanyName" => Some(&mut device.company_name),
        "UsageSiteName" => Some(&mut device.site_name),
        "Customer Site Name" => Some(&mut device.customer_site_name),
        _ => {
            let (values, level) = match name.strip_prefix("Customer_Reference_L") {
                Some(level) => (&mut device.customer_references, level),
                None => (&mut device.levels, name.strip_prefix("UsageLevel_")?),
            };
            let index = level.parse::<usize>().ok()?.checked_sub(3)?;
            values.get_mut(index)
        }
    }
}

/// Puts text, or a number as text, into the slot; null and blank are no text. `false` for anything else.
fn text(value: &Value, slot: &mut Option<String>) -> bool {
    match value {
        Value::Null => {}
        Value::String(text) => {
            *slot = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        Value::Number(number) => *slot = Some(number.to_string()),
        _ => return false,
    }
    true
}
