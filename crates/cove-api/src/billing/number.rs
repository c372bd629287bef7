//! Exact decimals from JSON, because a quantity that went through a float is no longer what was invoiced.
//!
//! Numbers are read from their own text (`serde_json`'s raw value), so that neither a float nor a feature which
//! another crate switches on for `serde_json` or `rust_decimal` can change them.

use api_core::wire::parse_decimal;
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

/// Reads plain (`312.407`) or scientific (`1e3`) notation; anything else, also NaN and blank, is `None`, and so is what is
/// not zero and too small for a decimal. Of float residue (`5.684341886080802E-14`) 28 decimals are kept.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let text = text.trim();
    if let Some(value) = plain(text) {
        return Some(value);
    }
    let value = parse_decimal(text)?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.bytes().any(|b| matches!(b, b'1'..=b'9'));
    (is_zero || !value.is_zero()).then_some(value)
}

/// Digits with at most one point among them, as nearly all quantities are; few enough to fit an integer.
fn plain(text: &str) -> Option<Decimal> {
    if text.len() > 18 {
        return None;
    }
    let mut digits: i64 = 0;
    let mut point = None;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() && index > 0 => point = Some(index + 1),
            _ => return None,
        }
    }
    let scale = match point {
        Some(after) => text.len() - after,
        None => 0,
    };
    // "", "." and "5." are left to the general rule.
    if text.is_empty() || point.is_some_and(|after| after == text.len()) {
        return None;
    }
    Some(Decimal::new(digits, u32::try_from(scale).ok()?))
}

/// What one JSON value says about a decimal.
enum Reading {
    Absent,
    Value(Decimal),
}

/// `json` is one JSON value as text.
fn read(json: &str) -> Result<Reading, String> {
    let refuse = || format!("{} is not a decimal number", shorten(json));
    match json.as_bytes().first() {
        Some(b'n') => Ok(Reading::Absent),
        Some(b'"') => {
            let text: String = serde_json::from_str(json).map_err(|_| refuse())?;
            if text.trim().is_empty() {
                return Ok(Reading::Absent);
            }
            parse(&text).map(Reading::Value).ok_or_else(refuse)
        }
        Some(b'-' | b'0'..=b'9') => parse(json).map(Reading::Value).ok_or_else(refuse),
        _ => Err(refuse()),
    }
}

fn shorten(json: &str) -> String {
    json.chars().take(60).collect()
}

/// For `deserialize_with`: a number or numeric text; null, blank and (with `default`) missing are `None`.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Decimal>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    match read(raw.get()).map_err(D::Error::custom)? {
        Reading::Absent => Ok(None),
        Reading::Value(value) => Ok(Some(value)),
    }
}

/// For `deserialize_with`: a number or numeric text; null and blank are errors, because absent is not zero.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    optional(deserializer)?.ok_or_else(|| D::Error::custom("a quantity that is null or blank"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_text_agree_and_lose_nothing() {
        for (text, want) in [
            ("0", "0"),
            ("-1830.479000000003", "-1830.479000000003"),
            ("312.407", "312.407"),
            ("2714.937999999998", "2714.937999999998"),
            ("1e3", "1000"),
            ("1.5E-2", "0.015"),
            // Ten digits more than a float can hold.
            ("0.1234567890123456789012345", "0.1234567890123456789012345"),
        ] {
            let want: Decimal = want.parse().unwrap();
            for json in [
                text.to_owned(),
                format!("\"{text}\""),
                format!("\" {text} \""),
            ] {
                let got = required(&mut serde_json::Deserializer::from_str(&json)).unwrap();
                assert_eq!(got, want, "{json}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn the_quick_reading_agrees_with_the_general_one(text in "[0-9]{0,10}[.]?[0-9]{0,10}") {
            if let Some(quick) = plain(&text) {
                let general: Decimal = text.parse().unwrap();
                proptest::prop_assert_eq!(quick.to_string(), general.to_string());
            }
        }
    }

    #[test]
    fn absent_is_not_zero_and_nonsense_is_an_error() {
        for json in ["null", "\"\"", "\"  \""] {
            let mut de = serde_json::Deserializer::from_str(json);
            assert_eq!(optional(&mut de).unwrap(), None, "{json}");
            let mut de = serde_json::Deserializer::from_str(json);
            assert!(required(&mut de).is_err(), "{json}");
        }
        for json in [
            "\"NaN\"",
            "\"1,5\"",
            "\"1_000\"",
            "\"inf\"",
            "true",
            "[]",
            "{}",
            "1e999",
            "\"0x10\"",
            "123456789012345678901234567890123",
        ] {
            let mut de = serde_json::Deserializer::from_str(json);
            assert!(optional(&mut de).is_err(), "{json}");
        }
    }
}
