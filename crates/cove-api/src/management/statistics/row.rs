//! One device in the statistics: a bag of columns, each a text under the code it was asked by.

use std::collections::BTreeMap;
use std::fmt;

use api_core::wire::{self, parse_decimal};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::management::column::Column;
use crate::management::ids::{DeviceId, PartnerId, UnixTime};

/// One device in the statistics.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeviceRow {
    /// The device.
    #[serde(rename = "AccountId")]
    pub device_id: DeviceId,
    /// The customer it belongs to; may be a site.
    pub partner_id: PartnerId,
    /// Marks of the service.
    #[serde(default, deserialize_with = "wire::null_default")]
    pub flags: Vec<String>,
    /// The columns.
    #[serde(default)]
    pub settings: Settings,
}

/// The columns of a device. A column without a value is absent (documented). `Debug` shows only their codes.
#[derive(Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<Column, String>);

impl Settings {
    /// The text of a column; blank is none.
    pub fn text(&self, column: &Column) -> Option<&str> {
        let text = self.0.get(column)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The number in a column; `None` if it is absent or holds no number, see [`has`](Self::has).
    pub fn decimal(&self, column: &Column) -> Option<Decimal> {
        parse_decimal(self.text(column)?)
    }

    /// The moment in a column; 0 is none.
    pub fn time(&self, column: &Column) -> Option<UnixTime> {
        UnixTime::new(self.text(column)?.parse().ok()?).if_ever()
    }

    /// Whether a column has a value.
    pub fn has(&self, column: &Column) -> bool {
        self.text(column).is_some()
    }

    /// The columns that are there.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.0.keys()
    }

    fn insert(&mut self, code: &str, value: &Value) -> Result<(), String> {
        let text = match value {
            Value::Null => return Ok(()),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("column {code} holds no text"));
            }
        };
        // A code that cannot be one is dropped, and the password too: it was not asked for and is not kept.
        let Ok(column) = code.parse::<Column>() else {
            return Ok(());
        };
        if column.is_secret() {
            return Ok(());
        }
        match self.0.insert(column, text.clone()) {
            Some(before) if before.trim() != text.trim() => {
                Err(format!("column {code} has two values"))
            }
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Settings {
    /// A list of objects with one column each (documented); one object with all of them is read as well.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns: Vec<Map<String, Value>> = wire::one_or_many(deserializer)?;
        let mut settings = Self::default();
        for (code, value) in columns.iter().flatten() {
            settings.insert(code, value).map_err(D::Error::custom)?;
        }
        Ok(settings)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names, addresses and sizes of customers are not for logs.
        f.debug_set()
            .entries(self.0.keys().map(Column::code))
            .finish()
    }
}

impl FromIterator<(Column, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (Column, String)>>(columns: I) -> Self {
        Self(
            columns
                .into_iter()
                .filter(|(column, _)| !column.is_secret())
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, DeviceRow};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn row(settings: &Value) -> Result<DeviceRow, serde_json::Error> {
        serde_json::from_value(
            json!({"AccountId": "7", "PartnerId": 8, "Flags": null, "Settings": settings}),
        )
    }

    fn column(code: &str) -> Column {
        code.parse().unwrap()
    }

    #[test]
    fn columns_are_found_under_any_of_their_codes() {
        let row = row(&json!([{"T3": "1024"}, {"D5F20": 37}, {"I8": " Acme "}, {"CD": "1710000000"}, {"I5": "0"}])).unwrap();
        assert_eq!((row.device_id.get(), row.partner_id.get()), (7, 8));
        assert_eq!(row.settings.decimal(&column("D09F03")), Some(1024.into()));
        assert_eq!(row.settings.decimal(&column("D05F20")), Some(37.into()));
        assert_eq!(row.settings.text(&column("AR")), Some("Acme"));
        assert_eq!(
            row.settings.time(&column("I4")).unwrap().get(),
            1_710_000_000
        );
        assert_eq!(row.settings.time(&column("I5")), None);
        assert!(!row.settings.has(&column("I14")));
    }

    #[test]
    fn secrets_are_not_kept_and_values_not_shown() {
        let row = row(&json!([{"I3": "canary"}, {"I82": "canary"}, {"I1": "canary-name"}, {"bad code": "canary"}])).unwrap();
        assert_eq!(
            row.settings.columns().map(Column::code).collect::<Vec<_>>(),
            ["I1"]
        );
        assert!(!format!("{row:?}").contains("canary"));
    }

    #[test]
    fn two_values_for_one_column_make_the_row_unreadable() {
        assert!(row(&json!([{"T3": "1"}, {"D09F03": "2"}])).is_err());
        assert!(row(&json!([{"T3": "1"}, {"D09F03": "1"}])).is_ok());
        assert!(row(&json!([{"T3": [1]}])).is_err());
        assert!(row(&json!("x")).is_err());
        assert!(row(&json!(null)).is_ok());
    }

    proptest! {
        #[test]
        fn numbers_and_their_text_read_alike(number in any::<i64>()) {
            let of = |value: Value| row(&json!([{ "T3": value }])).unwrap();
            prop_assert_eq!(of(json!(number)), of(json!(number.to_string())));
            let _ = of(json!(number)).settings.time(&column("T3"));
        }

        #[test]
        fn reading_values_never_panics(text in ".{0,40}") {
            let row = row(&json!([{ "T3": text }])).unwrap();
            let _ = (row.settings.decimal(&column("T3")), row.settings.time(&column("T3")));
        }
    }
}
