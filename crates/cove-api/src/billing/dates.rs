//! Dates as the vendor writes them, because it writes them in four ways and none may stop a read.

use std::fmt;

use jiff::civil::{Date, DateTime};
use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// A date or date-time of the vendor: the text as sent and, where it is one of the known forms, its parts.
///
/// Known forms: `2024-11-01`, `2021-01-04 20:02:13.470`, `2024-02-09T15:04:06`, `December  01, 2024` (any run of
/// spaces) (documented), and `11-01-2024` (month first, EFile; observed in public clients). No time zone is ever
/// given, so none is assumed.
///
/// ```
/// use cove_api::billing::DateText;
///
/// let date = DateText::new("December  01, 2024");
/// assert_eq!(date.iso_date().as_deref(), Some("2024-12-01"));
/// assert_eq!(DateText::new("soon").iso_date(), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DateText {
    text: String,
    parsed: Option<DateTime>,
}

impl DateText {
    /// Keeps the text and reads it where it can.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let parsed = parse(&text);
        Self { text, parsed }
    }

    /// The text as the vendor sent it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Year, month (1 to 12) and day, when the text is a known form.
    pub fn ymd(&self) -> Option<(i16, i8, i8)> {
        self.parsed.map(|at| (at.year(), at.month(), at.day()))
    }

    /// `YYYY-MM-DD`, when the text is a known form.
    pub fn iso_date(&self) -> Option<String> {
        self.parsed.map(|at| at.date().to_string())
    }

    /// `YYYY-MM-DDTHH:MM:SS[.fff]`, when the text is a known form; midnight where it holds no time.
    pub fn iso_date_time(&self) -> Option<String> {
        self.parsed.map(|at| at.to_string())
    }
}

fn parse(text: &str) -> Option<DateTime> {
    // No known form is longer; a hostile megabyte is not worth reading.
    if text.len() > 64 {
        return None;
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Ok(at) = words.parse::<DateTime>() {
        return Some(at);
    }
    ["%B %d, %Y", "%b %d, %Y", "%m-%d-%Y", "%m/%d/%Y"]
        .iter()
        .find_map(|form| Date::strptime(form, &words).ok())
        .map(|date| date.at(0, 0, 0, 0))
}

impl fmt::Display for DateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DateText({:?})", self.text)
    }
}

impl Serialize for DateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for DateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_documented_form() {
        for (text, iso) in [
            ("2024-11-01", "2024-11-01T00:00:00"),
            ("2021-01-04 20:02:13.470", "2021-01-04T20:02:13.47"),
            ("2024-02-09T15:04:06", "2024-02-09T15:04:06"),
            ("December  01, 2024", "2024-12-01T00:00:00"),
            ("December 1, 2024", "2024-12-01T00:00:00"),
            ("  Dec   01,  2024 ", "2024-12-01T00:00:00"),
            ("11-30-2024", "2024-11-30T00:00:00"),
        ] {
            let date = DateText::new(text);
            assert_eq!(date.iso_date_time().as_deref(), Some(iso), "{text}");
            assert_eq!(date.as_str(), text);
        }
        assert_eq!(DateText::new("2024-11-01").ymd(), Some((2024, 11, 1)));
    }

    #[test]
    fn keeps_the_text_of_an_unknown_form() {
        for text in ["", "soon", "30-11-2024", "2024-13-01", "0000"] {
            let date = DateText::new(text);
            assert_eq!(date.iso_date(), None, "{text}");
            assert_eq!(date.as_str(), text);
        }
        assert_eq!(DateText::new("9".repeat(1 << 20)).ymd(), None);
    }
}
