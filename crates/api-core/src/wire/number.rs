//! Numbers and booleans in their many spellings. Text keeps its digits; a JSON number may have passed through a float before it
//! comes here.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserializer;
use serde::de::Error;

use super::{Scalar, scalar};

/// A decimal from a number or from text, also in scientific notation. Digits of text are kept as written (28 of them at most),
/// float noise included; see [`denoise`]. A JSON number keeps the 17 digits of a float, unless some crate switches on
/// serde_json's `arbitrary_precision`: read it as raw text where more matter.
///
/// # Errors
/// For null, blank text, anything that is no finite number, and numbers beyond 7.9e28.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    opt_decimal(deserializer)?.ok_or_else(|| D::Error::custom("expected a number, got nothing"))
}

/// A decimal that may be missing: null and blank text are `None`.
///
/// # Errors
/// As [`decimal`].
pub fn opt_decimal<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Decimal>, D::Error> {
    let scalar = scalar(deserializer)?;
    let text = match &scalar {
        Scalar::Null => return Ok(None),
        Scalar::Text(text) if text.trim().is_empty() => return Ok(None),
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(_) => return Err(D::Error::invalid_type(scalar.unexpected(), &"a number")),
    };
    parse_decimal(&text)
        .map(Some)
        .ok_or_else(|| D::Error::invalid_value(scalar.unexpected(), &"a decimal number"))
}

/// Reads a decimal from text: `12`, `-0.50`, `1e3`, `3.5e-15`. Blanks around it are ignored; group
/// separators, decimal commas, signs of currency, `NaN` and `inf` are not numbers.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    // `Decimal` also accepts underscores and a bare point.
    let digits = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        return None;
    }
    shift(mantissa.parse().ok()?, exponent)
}

/// Moves the point by `exponent` places, rounding what falls below 28 decimals.
fn shift(mut value: Decimal, exponent: i32) -> Option<Decimal> {
    if value.is_zero() {
        return Some(value);
    }
    let mut left = exponent.unsigned_abs();
    if exponent < 0 && left > 100 {
        return Some(Decimal::ZERO);
    }
    while left > 0 {
        let step = left.min(28);
        let factor = Decimal::from_i128_with_scale(10i128.checked_pow(step)?, 0);
        value = if exponent < 0 {
            value.checked_div(factor)
        } else {
            value.checked_mul(factor)
        }?;
        left -= step;
    }
    Some(value)
}

/// Takes float noise off: -1830.479000000003 becomes -1830.479.
///
/// A value with more than nine decimals is rounded to six; everything else stays as it is.
pub fn denoise(value: Decimal) -> Decimal {
    if value.scale() <= 9 {
        return value;
    }
    let rounded = value.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero);
    rounded.normalize()
}

/// A whole number that is not negative, from a number (also `5.0`) or text.
///
/// # Errors
/// For fractions, negative numbers, null and blank text.
pub fn u64_ish<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    opt_u64_ish(deserializer)?
        .ok_or_else(|| D::Error::custom("expected a whole number, got nothing"))
}

/// As [`u64_ish`], with null and blank text as `None`.
///
/// # Errors
/// For fractions and negative numbers.
pub fn opt_u64_ish<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    whole(deserializer)?
        .map(|value| {
            value
                .try_into()
                .map_err(|_| D::Error::custom("the number is negative or too large"))
        })
        .transpose()
}

/// A whole number from a number (also `5.0`) or text; null and blank text are `None`.
///
/// # Errors
/// For fractions and numbers beyond 64 bits.
pub fn opt_i64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    whole(deserializer)?
        .map(|value| {
            value
                .try_into()
                .map_err(|_| D::Error::custom("the number is too large"))
        })
        .transpose()
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i128>, D::Error> {
    let Some(value) = opt_decimal(deserializer)? else {
        return Ok(None);
    };
    if !value.fract().is_zero() {
        return Err(D::Error::custom("expected a whole number, got a fraction"));
    }
    let value = value.trunc();
    Ok(Some(value.mantissa() / 10i128.pow(value.scale())))
}

/// A boolean: `true`, `"True"`, `"yes"`, `1`, `"1"` and their opposites.
///
/// # Errors
/// For everything else, also null and blank text.
pub fn bool_ish<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    opt_bool_ish(deserializer)?
        .ok_or_else(|| D::Error::custom("expected true or false, got nothing"))
}

/// As [`bool_ish`], with null and blank text as `None`.
///
/// # Errors
/// For everything else.
pub fn opt_bool_ish<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let scalar = scalar(deserializer)?;
    let text = match &scalar {
        Scalar::Null => return Ok(None),
        Scalar::Bool(value) => return Ok(Some(*value)),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text.trim().to_ascii_lowercase(),
    };
    match text.as_str() {
        "" => Ok(None),
        "true" | "yes" | "y" | "1" | "1.0" => Ok(Some(true)),
        "false" | "no" | "n" | "0" | "0.0" => Ok(Some(false)),
        _ => Err(D::Error::invalid_value(
            scalar.unexpected(),
            &"true or false",
        )),
    }
}

#[cfg(test)]
mod tests;
