//! Days and seconds without a date library: the sandbox writes a few dates and reads none.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Unix seconds of the first moment (UTC) of a month written as `YYYYMM`.
pub(crate) fn month_start(period: u32) -> i64 {
    days_before(i64::from(period / 100), i64::from(period % 100), 1) * DAY
}

/// `2026-10-06T04:05:09`: how Halo writes a moment, UTC and without a zone.
pub(crate) fn iso(unix: i64) -> String {
    let (year, month, day) = date(unix.div_euclid(DAY));
    let second = unix.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years are counted from March, so that the leap day is last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{iso, month_start};

    #[test]
    fn moments_are_written_as_utc() {
        assert_eq!(iso(0), "1970-01-01T00:00:00");
        assert_eq!(iso(1_709_251_199), "2024-02-29T23:59:59");
        assert_eq!(iso(1_785_542_399), "2026-07-31T23:59:59");
    }

    #[test]
    fn months_start_at_midnight() {
        assert_eq!(month_start(202_608), 1_785_542_400);
        assert_eq!(iso(month_start(202_403)), "2024-03-01T00:00:00");
        assert_eq!(iso(month_start(202_701)), "2027-01-01T00:00:00");
    }
}
