use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use super::{denoise, parse_decimal};

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default, deserialize_with = "crate::wire::opt_decimal")]
    amount: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::wire::opt_i64")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "crate::wire::opt_u64_ish")]
    count: Option<u64>,
    #[serde(default, deserialize_with = "crate::wire::opt_bool_ish")]
    on: Option<bool>,
}

fn row(json: &str) -> Result<Row, serde_json::Error> {
    let from_value = serde_json::from_str(json).and_then(serde_json::from_value::<Row>);
    let from_text = serde_json::from_str::<Row>(json);
    assert_eq!(from_text.is_ok(), from_value.is_ok(), "{json}");
    from_text
}

fn amount(json: &str) -> Option<String> {
    let row = row(&format!(r#"{{"amount":{json}}}"#)).ok()?;
    Some(
        row.amount
            .map_or_else(|| "none".to_owned(), |amount| amount.to_string()),
    )
}

#[test]
fn decimals_in_every_spelling() {
    for (json, expected) in [
        ("3", "3"),
        ("-0.50", "-0.5"),
        (r#""-0.50""#, "-0.50"),
        (r#"" 12.5 ""#, "12.5"),
        ("0.1", "0.1"),
        ("1e3", "1000"),
        (r#""1e3""#, "1000"),
        (r#""1.5E-3""#, "0.0015"),
        ("-1830.479000000003", "-1830.479000000003"),
        ("3.5527136788005009e-15", "0.0000000000000035527136788005"),
        ("1e-300", "0"),
        ("0e400", "0"),
        (r#"".5""#, "0.5"),
        ("null", "none"),
        (r#""""#, "none"),
        (r#""  ""#, "none"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let read = amount(json);
        let same = read.as_deref() == Some(expected)
            || read.as_deref().and_then(parse_decimal) == parse_decimal(expected);
        assert!(same, "{json}: {read:?}");
    }
}

#[test]
fn what_is_no_number_is_an_error() {
    for json in [
        r#""NaN""#,
        r#""inf""#,
        r#""1,234.5""#,
        r#""12,5""#,
        r#""$5""#,
        r#""0x10""#,
        r#""1_000""#,
        r#""1e""#,
        r#""--1""#,
        r#""+-1""#,
        r#"".""#,
        r#""abc""#,
        "true",
        "[]",
        "{}",
        r#"{"a":1}"#,
        "1e29",
        r#""1e99999999999""#,
        r#""99999999999999999999999999999999""#,
    ] {
        assert_eq!(amount(json), None, "{json}");
    }
}

#[test]
fn whole_numbers_refuse_fractions_and_overflow() {
    let id = |json: &str| row(&format!(r#"{{"id":{json}}}"#)).map(|row| row.id).ok();
    for (json, expected) in [
        ("5", Some(Some(5))),
        (r#""5""#, Some(Some(5))),
        ("5.0", Some(Some(5))),
        ("-5", Some(Some(-5))),
        ("1e3", Some(Some(1000))),
        ("null", Some(None)),
        (r#""""#, Some(None)),
        ("5.5", None),
        ("9223372036854775808", None),
        ("-9223372036854775808", Some(Some(i64::MIN))),
    ] {
        assert_eq!(id(json), expected, "{json}");
    }
    let count = |json: &str| {
        row(&format!(r#"{{"count":{json}}}"#))
            .map(|row| row.count)
            .ok()
    };
    assert_eq!(count("18446744073709551615"), Some(Some(u64::MAX)));
    assert_eq!(
        (count("-1"), count("0.5"), count("7.00")),
        (None, None, Some(Some(7)))
    );
}

#[test]
fn booleans_in_every_spelling() {
    let on = |json: &str| row(&format!(r#"{{"on":{json}}}"#)).map(|row| row.on).ok();
    for json in ["true", r#""True""#, r#"" yes ""#, "1", r#""1""#, "1.0"] {
        assert_eq!(on(json), Some(Some(true)), "{json}");
    }
    for json in ["false", r#""FALSE""#, r#""no""#, "0", r#""0""#] {
        assert_eq!(on(json), Some(Some(false)), "{json}");
    }
    for json in ["null", r#""""#] {
        assert_eq!(on(json), Some(None), "{json}");
    }
    for json in ["2", r#""on""#, "[]", "{}"] {
        assert_eq!(on(json), None, "{json}");
    }
}

#[test]
fn required_values_refuse_null_and_blank() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it reads matters")]
    struct Required {
        #[serde(deserialize_with = "crate::wire::decimal")]
        amount: Decimal,
        #[serde(deserialize_with = "crate::wire::u64_ish")]
        count: u64,
        #[serde(deserialize_with = "crate::wire::bool_ish")]
        on: bool,
    }
    let good = json!({"amount": "1", "count": 2, "on": 0});
    assert!(serde_json::from_value::<Required>(good.clone()).is_ok());
    for field in ["amount", "count", "on"] {
        for nothing in [json!(null), json!(" ")] {
            let mut bad = good.clone();
            bad[field] = nothing;
            assert!(serde_json::from_value::<Required>(bad).is_err(), "{field}");
        }
    }
}

#[test]
fn noise_is_taken_off_only_where_there_is_noise() {
    for (noisy, clean) in [
        ("-1830.479000000003", "-1830.479"),
        ("0.30000000000000004", "0.3"),
        ("2.9999999999996", "3"),
        ("0.123456789", "0.123456789"),
        ("12.50", "12.50"),
        ("0.0000000000000035", "0"),
    ] {
        assert_eq!(denoise(noisy.parse().unwrap()).to_string(), clean);
    }
}

proptest! {
    #[test]
    fn a_decimal_survives_as_text_and_as_number(units in any::<i64>(), scale in 0u32..12) {
        let value = Decimal::new(units, scale);
        let read = |json: String| row(&json).unwrap().amount;
        prop_assert_eq!(read(format!(r#"{{"amount":"{value}"}}"#)), Some(value));
        // As a JSON number it passes through a float, which keeps 15 digits.
        if units.unsigned_abs() < 1_000_000_000_000_000 {
            prop_assert_eq!(read(format!(r#"{{"amount":{value}}}"#)), Some(value));
        }
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in ".{0,40}") {
        let _ = parse_decimal(&text);
    }

    #[test]
    fn any_number_text_is_read_or_refused_without_panic(text in "[-+]?[0-9.]{0,40}([eE][-+]?[0-9]{0,12})?") {
        let _ = parse_decimal(&text);
        let json = serde_json::json!({"amount": text, "id": text, "count": text, "on": text});
        let _ = serde_json::from_value::<Row>(json);
    }

    #[test]
    fn every_finite_float_below_the_limit_is_read(value in -1e27f64..1e27) {
        let read = row(&format!(r#"{{"amount":{value:e}}}"#)).unwrap().amount.unwrap();
        let back: f64 = read.to_string().parse().unwrap();
        prop_assert!((back - value).abs() <= value.abs() * 1e-12 + 1e-27, "{value} {read}");
    }
}
