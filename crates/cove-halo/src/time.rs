//! Dates from the injected clock. Time zones are UTC everywhere.

use billing_sync::Period;
use std::time::SystemTime;

/// The UTC date, `YYYY-MM-DD`; `None` outside the years a date can have.
pub(crate) fn utc_date(now: SystemTime) -> Option<String> {
    Some(utc(now)?.date().to_string())
}

/// The UTC time to the second, as part of a name; empty outside the years a date can have.
pub(crate) fn utc_compact(now: SystemTime) -> String {
    utc(now).map_or_else(String::new, |now| {
        now.strftime("%Y%m%dT%H%M%SZ").to_string()
    })
}

/// The UTC time to the second, RFC 3339; empty outside the years a date can have.
pub(crate) fn utc_time(now: SystemTime) -> String {
    utc(now).map_or_else(String::new, |now| {
        now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    })
}

/// The month before today (UTC).
pub(crate) fn last_month(now: SystemTime) -> Option<Period> {
    let date = utc(now)?.date();
    let year = u16::try_from(date.year()).ok()?;
    let month = u8::try_from(date.month()).ok()?;
    Period::new(year, month).ok()?.previous()
}

fn utc(now: SystemTime) -> Option<jiff::Zoned> {
    let timestamp = jiff::Timestamp::try_from(now).ok()?;
    Some(timestamp.to_zoned(jiff::tz::TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use super::{last_month, utc_compact, utc_date, utc_time};
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_month_before_new_year_is_december() {
        let new_year = SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_600);
        assert_eq!(utc_date(new_year).as_deref(), Some("2027-01-01"));
        assert_eq!(utc_compact(new_year), "20270101T000000Z");
        assert_eq!(utc_time(new_year), "2027-01-01T00:00:00Z");
        assert_eq!(last_month(new_year).unwrap().to_string(), "202612");
        let eve = new_year - Duration::from_secs(1);
        assert_eq!(last_month(eve).unwrap().to_string(), "202611");
    }
}
