//! The month that is billed: part of every key, so that two months can never be mixed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A month, written `YYYYMM`: the month of activity, invoiced at the start of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    year: u16,
    month: u8,
}

/// The text or number given is not a month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month: write it as YYYYMM, for example 202610")]
pub struct InvalidPeriod(String);

impl Period {
    /// A month of a year from 2000 to 2999.
    ///
    /// # Errors
    /// When the month is not 1 to 12 or the year is out of range.
    pub fn new(year: u16, month: u8) -> Result<Self, InvalidPeriod> {
        if (2000..3000).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(InvalidPeriod(format!("{year:04}{month:02}")))
        }
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The period as the number `YYYYMM`.
    pub fn number(self) -> u32 {
        u32::from(self.year) * 100 + u32::from(self.month)
    }

    /// The month before, if it is in range.
    pub fn previous(self) -> Option<Self> {
        match self.month {
            1 => Self::new(self.year - 1, 12).ok(),
            month => Self::new(self.year, month - 1).ok(),
        }
    }

    /// The month after, if it is in range.
    pub fn next(self) -> Option<Self> {
        match self.month {
            12 => Self::new(self.year + 1, 1).ok(),
            month => Self::new(self.year, month + 1).ok(),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPeriod(text.chars().take(20).collect());
        if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let number: u32 = text.parse().map_err(|_| invalid())?;
        Self::try_from(number).map_err(|_| invalid())
    }
}

impl TryFrom<u32> for Period {
    type Error = InvalidPeriod;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        let year = u16::try_from(number / 100);
        let month = u8::try_from(number % 100);
        match (year, month) {
            (Ok(year), Ok(month)) => Self::new(year, month),
            _ => Err(InvalidPeriod(number.to_string())),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn six_digits_are_a_month_and_print_back() {
        let period: Period = "202610".parse().unwrap();
        assert_eq!((period.year(), period.month()), (2026, 10));
        assert_eq!(period.to_string(), "202610");
        assert_eq!(period.number(), 202_610);
        assert_eq!(serde_json::to_string(&period).unwrap(), "\"202610\"");
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in [
            "",
            "2026",
            "202613",
            "202600",
            "2026-10",
            "20261",
            "abcdef",
            "+20261",
            "199912",
            "٢٠٢٦١٠",
        ] {
            let error = text.parse::<Period>().unwrap_err().to_string();
            assert!(error.contains("YYYYMM"), "{text}: {error}");
        }
    }

    #[test]
    fn neighbours_cross_the_year() {
        let january: Period = "202601".parse().unwrap();
        let december: Period = "202512".parse().unwrap();
        assert_eq!(january.previous(), Some(december));
        assert_eq!(december.next(), Some(january));
        assert_eq!("200001".parse::<Period>().unwrap().previous(), None);
        assert_eq!("299912".parse::<Period>().unwrap().next(), None);
    }
}
