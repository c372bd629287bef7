//! The service's own count of devices, against which a list is checked. The shape of its answer is not known, so it
//! is read in every likely one, and told when it is in none.

use api_core::wire::parse_decimal;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use super::row::DeviceRow;
use crate::management::column::{Column, DeviceColumn};

/// Computers and tenants, as public clients count them (observed in public clients).
pub(super) const EXPRESSIONS: [&str; 2] = ["COUNT(AT==1)", "COUNT(AT==2)"];

/// Whether the service counts as many devices as came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CountEvidence {
    /// No count came.
    #[default]
    None,
    /// A count came that cannot be read, or the rows do not tell what they count as.
    Unreadable,
    /// As many.
    Agrees {
        /// Computers and tenants.
        devices: u64,
    },
    /// Another number.
    Differs {
        /// Computers and tenants that the service counts.
        stated: u64,
        /// Computers and tenants that came.
        listed: u64,
    },
}

/// Compares.
pub(super) fn check(totals: Option<&Value>, devices: &[DeviceRow]) -> CountEvidence {
    let Some(totals) = totals.filter(|totals| !totals.is_null()) else {
        return CountEvidence::None;
    };
    let kind = Column::from(DeviceColumn::AccountType);
    let (Some(computers), Some(tenants)) = (stated(totals, 0), stated(totals, 1)) else {
        return CountEvidence::Unreadable;
    };
    let listed = |code: &str| {
        devices
            .iter()
            .filter(|row| row.settings.text(&kind) == Some(code))
            .count()
    };
    let (listed_computers, listed_tenants) = (count(listed("1")), count(listed("2")));
    if listed_computers + listed_tenants == 0 && !devices.is_empty() {
        return CountEvidence::Unreadable;
    }
    if (computers, tenants) == (listed_computers, listed_tenants) {
        return CountEvidence::Agrees {
            devices: computers + tenants,
        };
    }
    CountEvidence::Differs {
        stated: computers.saturating_add(tenants),
        listed: listed_computers + listed_tenants,
    }
}

/// The value of one expression: under its own name at any depth, or in its place in a list of the same length.
fn stated(totals: &Value, index: usize) -> Option<u64> {
    let name = squeeze(EXPRESSIONS[index]);
    if let Some(value) = by_name(totals, &name, 0) {
        return Some(value);
    }
    let list = totals
        .as_array()
        .filter(|list| list.len() == EXPRESSIONS.len())?;
    scalar(&list[index])
}

fn by_name(value: &Value, name: &str, depth: u32) -> Option<u64> {
    if depth > 4 {
        return None;
    }
    match value {
        Value::Object(fields) => fields
            .iter()
            .find_map(|(key, value)| (squeeze(key) == name).then(|| scalar(value)).flatten())
            .or_else(|| {
                fields
                    .values()
                    .find_map(|value| by_name(value, name, depth + 1))
            }),
        // A pair of name and value, as maps are written elsewhere.
        Value::Array(pair)
            if pair.len() == 2 && pair[0].as_str().is_some_and(|key| squeeze(key) == name) =>
        {
            scalar(&pair[1])
        }
        Value::Array(values) => values
            .iter()
            .find_map(|value| by_name(value, name, depth + 1)),
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => parse_decimal(&number.to_string())?,
        Value::String(text) => parse_decimal(text)?,
        _ => return None,
    };
    (number.fract() == Decimal::ZERO)
        .then(|| number.to_u64())
        .flatten()
}

fn squeeze(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_uppercase()
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{CountEvidence, DeviceRow, check};
    use serde_json::{Value, json};

    fn rows(kinds: &[&str]) -> Vec<DeviceRow> {
        let row = |(id, kind): (usize, &&str)| json!({"AccountId": id, "PartnerId": 1, "Settings": [{"I59": kind}]});
        let rows = kinds.iter().enumerate().map(row);
        rows.map(|row| serde_json::from_value(row).unwrap())
            .collect()
    }

    #[test]
    fn a_count_is_read_in_every_likely_shape() {
        let devices = rows(&["1", "1", "2", "0"]);
        for totals in [
            json!({"COUNT(AT==1)": 2, "COUNT(AT==2)": 1}),
            json!({"COUNT(AT == 1)": "2", "count(at==2)": "1"}),
            json!([{"COUNT(AT==1)": "2"}, {"COUNT(AT==2)": "1"}]),
            json!({"Settings": [{"COUNT(AT==1)": "2"}, {"COUNT(AT==2)": 1.0}]}),
            json!([["COUNT(AT==1)", 2], ["COUNT(AT==2)", 1]]),
            json!([2, "1"]),
        ] {
            assert_eq!(
                check(Some(&totals), &devices),
                CountEvidence::Agrees { devices: 3 },
                "{totals}"
            );
        }
    }

    #[test]
    fn a_count_that_differs_is_told_with_both_numbers() {
        let totals = json!([5, 1]);
        let expected = CountEvidence::Differs {
            stated: 6,
            listed: 3,
        };
        assert_eq!(check(Some(&totals), &rows(&["1", "1", "2"])), expected);
        // The sums agree, the kinds do not.
        let expected = CountEvidence::Differs {
            stated: 2,
            listed: 2,
        };
        assert_eq!(check(Some(&json!([1, 1])), &rows(&["1", "1"])), expected);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_a_count() {
        for totals in [
            json!({}),
            json!([1]),
            json!([1, 2, 3]),
            json!("2"),
            json!([-1, 1]),
            json!([1.5, 1]),
            json!({"n": [2, 1]}),
        ] {
            assert_eq!(
                check(Some(&totals), &rows(&["1"])),
                CountEvidence::Unreadable,
                "{totals}"
            );
        }
        assert_eq!(
            check(Some(&json!([1, 0])), &rows(&["BackupManager"])),
            CountEvidence::Unreadable
        );
        assert_eq!(check(None, &[]), CountEvidence::None);
        assert_eq!(check(Some(&Value::Null), &[]), CountEvidence::None);
        assert_eq!(
            check(Some(&json!([0, 0])), &[]),
            CountEvidence::Agrees { devices: 0 }
        );
    }
}
