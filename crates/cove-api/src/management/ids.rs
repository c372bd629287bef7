//! Identifiers and times of the management API as types of their own, so that a device id cannot be passed
//! where a customer id belongs.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use api_core::{Error, ErrorKind, int_id, wire};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

int_id!(
    /// A customer (a "partner" in the API): reseller, end customer or site.
    PartnerId;
    /// A device (an "account" in the API): a computer or a Microsoft 365 tenant.
    DeviceId;
    /// A user of the console or of the API.
    UserId;
    /// A product: a plan of retention and features.
    ProductId;
    /// A custom column. Statistics name it `AA` and this number.
    CustomColumnId
);

/// A moment in whole seconds since 1970-01-01T00:00:00Z, as the API gives all times (documented).
///
/// 0 stands for "never" in several fields.
///
/// ```
/// use cove_api::management::UnixTime;
///
/// let time: UnixTime = "2026-07-20T00:00:00Z".parse()?;
/// assert_eq!((time.get(), time.to_string().as_str()), (1_784_505_600, "2026-07-20T00:00:00Z"));
/// # Ok::<(), api_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Wraps seconds.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The seconds.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The moment, unless it is 0, which means never.
    pub const fn if_ever(self) -> Option<Self> {
        if self.0 == 0 { None } else { Some(self) }
    }
}

impl From<SystemTime> for UnixTime {
    fn from(time: SystemTime) -> Self {
        let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs());
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => seconds(after).unwrap_or(i64::MAX),
            Err(before) => seconds(before.duration()).map_or(i64::MIN, |seconds| -seconds),
        })
    }
}

impl FromStr for UnixTime {
    type Err = Error;

    /// Reads an RFC 3339 time.
    fn from_str(text: &str) -> Result<Self, Error> {
        text.trim()
            .parse::<jiff::Timestamp>()
            .map(|time| Self(time.as_second()))
            .map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    "a time is written like 2026-07-20T00:00:00Z",
                )
                .with_source(error)
            })
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => fmt::Display::fmt(&time, f),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnixTime({self})")
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::opt_i64(deserializer)?
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected seconds since 1970, got nothing"))
    }
}

#[cfg(test)]
mod tests {
    use super::UnixTime;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_time_reads_from_numbers_and_text_and_shows_in_utc() {
        for json in ["1784505600", "\"1784505600\"", "1784505600.0"] {
            let time: UnixTime = serde_json::from_str(json).unwrap();
            assert_eq!(
                format!("{time} {time:?}"),
                "2026-07-20T00:00:00Z UnixTime(2026-07-20T00:00:00Z)"
            );
        }
        assert_eq!(
            UnixTime::new(i64::MAX).to_string(),
            format!("@{}", i64::MAX)
        );
        assert_eq!(
            UnixTime::from(UNIX_EPOCH + Duration::from_millis(1999)).get(),
            1
        );
        assert_eq!(
            UnixTime::from(UNIX_EPOCH - Duration::from_secs(2)).get(),
            -2
        );
        assert_eq!(UnixTime::new(0).if_ever(), None);
        assert!("20 July".parse::<UnixTime>().is_err());
    }
}
