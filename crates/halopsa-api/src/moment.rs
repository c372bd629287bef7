//! HaloPSA's dates: written without a zone, meant as UTC, with magic values for "no date" at both ends of time.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time as HaloPSA stores it: UTC.
///
/// HaloPSA writes `2026-02-01T00:00:00` without a zone (documented for the database, observed in answers).
/// Values before 1902 (`1900-01-01T00:00:00` and `1901-01-01T00:00:00` are in use) mean "no date", and so do those of the year
/// 9999 (.NET's largest date, the usual "never ends" of subscriptions; assumed); the records of this crate show them as `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HaloTime(Timestamp);

/// The first year that counts as a date; both "no date" values lie before it.
const FIRST_YEAR: i16 = 1902;

/// The last year that counts as a date; what lies behind it never comes.
const LAST_YEAR: i16 = 9998;

impl HaloTime {
    /// Reads a date or a date and time, with or without zone or offset; `None` where the text is neither. The last day of the
    /// year 9999 is beyond what a point in time can be here, so the last one that can be stands for it.
    ///
    /// ```
    /// use halopsa_api::HaloTime;
    /// let time = HaloTime::parse("2026-01-03T02:00:11.27").map(|time| time.to_string());
    /// assert_eq!(time.as_deref(), Some("2026-01-03T02:00:11.27Z"));
    /// assert!(HaloTime::parse("yesterday").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(zoned) = text.parse::<Timestamp>() {
            return Some(Self(zoned));
        }
        let bare = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        let civil = match bare.parse::<DateTime>() {
            Ok(civil) => civil,
            Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
        };
        let time = match civil.to_zoned(TimeZone::UTC) {
            Ok(zoned) => zoned.timestamp(),
            Err(_) if civil.year() > LAST_YEAR => Timestamp::MAX,
            Err(_) => return None,
        };
        Some(Self(time))
    }

    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    fn is_no_date(self) -> bool {
        let year = self.0.to_zoned(TimeZone::UTC).year();
        !(FIRST_YEAR..=LAST_YEAR).contains(&year)
    }
}

impl fmt::Display for HaloTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for HaloTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Decodes a date field: missing, `null`, blank and the "no date" values are `None`; other text that is no
/// date is an error.
pub(crate) fn opt_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<HaloTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let time = HaloTime::parse(&text)
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a date")))?;
    Ok((!time.is_no_date()).then_some(time))
}

#[cfg(test)]
mod tests {
    use super::{HaloTime, opt_time};
    use serde_json::{Value, json};

    fn read(value: &Value) -> Result<Option<HaloTime>, serde_json::Error> {
        opt_time(value)
    }

    #[test]
    fn the_no_date_values_are_none() {
        for text in [
            "9999-01-01",
            "9999-12-31",
            "9999-12-31T00:00:00",
            "9999-12-31T23:59:59.9999999",
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31T23:59:59+00:00",
            "1900-01-01T00:00:00",
            "1901-01-01T00:00:00",
            "0001-01-01T00:00:00",
            "",
            " ",
        ] {
            assert_eq!(read(&json!(text)).unwrap(), None, "{text:?}");
        }
        assert_eq!(read(&Value::Null).unwrap(), None);
    }

    #[test]
    fn the_last_day_of_all_is_the_last_point_in_time() {
        let last = HaloTime::parse("9999-12-31T23:59:59.9999999").unwrap();
        assert_eq!(HaloTime::parse("9999-12-31T00:00:00Z"), Some(last));
        assert!(last > HaloTime::parse("9998-12-31T23:59:59").unwrap());
        let before = read(&json!("9998-12-31T23:59:59")).unwrap().unwrap();
        assert_eq!(before.to_string(), "9998-12-31T23:59:59Z");
    }

    #[test]
    fn dates_without_a_zone_are_utc() {
        let time = read(&json!("2026-02-01T00:00:00")).unwrap().unwrap();
        assert_eq!(time.to_string(), "2026-02-01T00:00:00Z");
        assert_eq!(time.unix_seconds(), 1_769_904_000);
        assert_eq!(read(&json!("2026-02-01")).unwrap(), Some(time));
        assert_eq!(
            read(&json!("2026-02-01T01:00:00+01:00")).unwrap(),
            Some(time)
        );
        assert_eq!(
            read(&json!("2026-02-01T00:00:00.000Z")).unwrap(),
            Some(time)
        );
    }

    #[test]
    fn text_that_is_no_date_is_an_error_and_never_a_panic() {
        for text in ["soon", "2026-13-01", "9999-99-99T99:99:99", "-", "Z"] {
            assert!(read(&json!(text)).is_err(), "{text:?}");
        }
        assert!(read(&json!(12)).is_err());
    }
}
