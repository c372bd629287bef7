//! The month a call is about, because the API takes it as `YYYYMM` and nothing else.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::{Serialize, Serializer};

/// One billing month, `YYYYMM`: the month of activity, whose invoice is dated the first of the next.
///
/// ```
/// use cove_api::billing::TimeFrame;
///
/// let december: TimeFrame = "202512".parse()?;
/// assert_eq!(december.next().to_string(), "202601");
/// assert_eq!(TimeFrame::new(2025, 13), None);
/// # Ok::<(), cove_api::billing::InvalidTimeFrame>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeFrame(u32);

/// The text or number given is not a month in the form `YYYYMM`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a month in the form YYYYMM, such as 202508")]
pub struct InvalidTimeFrame {
    given: String,
}

impl TimeFrame {
    /// A month from its year (1000 to 9999) and month (1 to 12).
    pub fn new(year: u32, month: u32) -> Option<Self> {
        ((1000..=9999).contains(&year) && (1..=12).contains(&month))
            .then_some(Self(year * 100 + month))
    }

    /// A month from the number `YYYYMM`.
    ///
    /// # Errors
    /// When the year is not of four digits or the month not 1 to 12.
    pub fn try_from_number(yyyymm: u32) -> Result<Self, InvalidTimeFrame> {
        Self::new(yyyymm / 100, yyyymm % 100).ok_or_else(|| InvalidTimeFrame {
            given: yyyymm.to_string(),
        })
    }

    /// The number `YYYYMM`.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The year, four digits.
    pub const fn year(self) -> u32 {
        self.0 / 100
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u32 {
        self.0 % 100
    }

    /// The month before. January 1000 is its own predecessor, because nothing earlier can be written.
    #[must_use]
    pub fn previous(self) -> Self {
        if self.month() == 1 {
            Self::new(self.year() - 1, 12).unwrap_or(self)
        } else {
            Self(self.0 - 1)
        }
    }

    /// The month after. December 9999 is its own successor, because nothing later can be written.
    #[must_use]
    pub fn next(self) -> Self {
        if self.month() == 12 {
            Self::new(self.year() + 1, 1).unwrap_or(self)
        } else {
            Self(self.0 + 1)
        }
    }
}

impl TryFrom<u32> for TimeFrame {
    type Error = InvalidTimeFrame;

    fn try_from(yyyymm: u32) -> Result<Self, InvalidTimeFrame> {
        Self::try_from_number(yyyymm)
    }
}

impl FromStr for TimeFrame {
    type Err = InvalidTimeFrame;

    fn from_str(text: &str) -> Result<Self, InvalidTimeFrame> {
        let trimmed = text.trim();
        let six_digits = trimmed.len() == 6 && trimmed.bytes().all(|b| b.is_ascii_digit());
        six_digits
            .then(|| trimmed.parse().ok())
            .flatten()
            .and_then(|number| Self::try_from_number(number).ok())
            .ok_or_else(|| InvalidTimeFrame {
                // What was typed is shown to the person who typed it, but not at any length.
                given: text.chars().take(40).collect(),
            })
    }
}

impl fmt::Display for TimeFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for TimeFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeFrame({self})")
    }
}

impl Serialize for TimeFrame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for TimeFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = TimeFrame;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a month YYYYMM, as number or text")
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<TimeFrame, E> {
                u32::try_from(value)
                    .ok()
                    .and_then(|number| TimeFrame::try_from_number(number).ok())
                    .ok_or_else(|| E::custom(format_args!("{value} is not a month YYYYMM")))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<TimeFrame, E> {
                self.visit_u64(u64::try_from(value).unwrap_or(0))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<TimeFrame, E> {
                value.to_string().parse().map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<TimeFrame, E> {
                value.parse().map_err(E::custom)
            }
        }

        deserializer
            .deserialize_any(NumberOrText)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_number_and_text_and_prints_six_digits() {
        for json in ["202508", "\"202508\"", "\" 202508 \"", "202508.0"] {
            let month: TimeFrame = serde_json::from_str(json).unwrap();
            assert_eq!(month.to_string(), "202508", "{json}");
        }
        assert_eq!(
            serde_json::to_string(&TimeFrame::new(2025, 8)).unwrap(),
            "202508"
        );
    }

    #[test]
    fn refuses_what_is_not_a_month() {
        for text in [
            "", "2025", "202500", "202513", "20258", "2025-08", "+20258", "2025088",
        ] {
            assert!(text.parse::<TimeFrame>().is_err(), "{text}");
        }
        for json in ["-1", "0", "99999999999", "null", "[]", "1e300"] {
            assert!(serde_json::from_str::<TimeFrame>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn steps_over_the_turn_of_the_year() {
        let january = TimeFrame::new(2026, 1).unwrap();
        assert_eq!(january.previous().number(), 202_512);
        assert_eq!(january.previous().next(), january);
        let last = TimeFrame::new(9999, 12).unwrap();
        assert_eq!(last.next(), last);
        let first = TimeFrame::new(1000, 1).unwrap();
        assert_eq!(first.previous(), first);
    }
}
