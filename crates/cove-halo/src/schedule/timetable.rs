//! When a run is due: a cron expression in a time zone, safe where clocks are put forward and back.
//!
//! The expression is walked in local time and each hit is then placed in the zone: a time that does not exist (clocks go
//! forward) is moved past the gap, a time that exists twice (clocks go back) is the first of the two. So every hit is
//! one instant, and none is lost or doubled.

use billing_sync::Period;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;
use std::time::SystemTime;

/// How far a zone can put a clock forward at once (Samoa left out a day).
const LONGEST_GAP: SignedDuration = SignedDuration::from_hours(25);

/// The expression or the zone cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TimetableError {
    key: &'static str,
    message: String,
    hint: &'static str,
}

impl TimetableError {
    /// Which of the two: `cron` or `timezone`.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

/// A run to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upcoming {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The same as local time with offset and zone.
    pub local: String,
    /// The month it bills.
    pub period: Period,
}

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    cron: Cron,
    zone: TimeZone,
}

impl Timetable {
    /// Reads a cron expression of five fields (minute, hour, day of month, month, day of week) and the name of an IANA
    /// time zone.
    ///
    /// # Errors
    /// When either cannot be read, or the expression never comes true.
    ///
    /// ```
    /// use cove_halo::Timetable;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let sixth = Timetable::new("0 6 6 * *", "Europe/London")?;
    /// let new_year = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// assert_eq!(sixth.local(sixth.after(new_year).unwrap()), "2026-01-06T06:00:00+00:00[Europe/London]");
    /// # Ok::<(), cove_halo::TimetableError>(())
    /// ```
    pub fn new(cron: &str, zone: &str) -> Result<Self, TimetableError> {
        let unusable = |message: String| TimetableError {
            key: "cron",
            message,
            hint: "give minute, hour, day of month, month and day of week, for example \"0 6 6 * *\"",
        };
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build()
            .parse(cron)
            .map_err(|_| unusable(format!("`{cron}` is not a cron expression of five fields")))?;
        let zone = TimeZone::get(zone).map_err(|_| TimetableError {
            key: "timezone",
            message: format!("there is no time zone `{zone}`"),
            hint: "give a name of the IANA time zone database, for example \"Europe/London\" or \"UTC\"",
        })?;
        let table = Self { cron, zone };
        if table.hit_after(Timestamp::UNIX_EPOCH).is_none() {
            return Err(unusable(format!(
                "`{}` never comes true",
                table.cron.as_str()
            )));
        }
        Ok(table)
    }

    /// The first hit after this moment; `None` beyond the years a date can have.
    pub fn after(&self, moment: SystemTime) -> Option<SystemTime> {
        self.hit_after(moment.try_into().ok()?)
            .map(SystemTime::from)
    }

    /// The last hit at or before this moment.
    pub fn at_or_before(&self, moment: SystemTime) -> Option<SystemTime> {
        self.hit_until(moment.try_into().ok()?)
            .map(SystemTime::from)
    }

    /// The month that a hit bills: the one before its local date.
    pub fn period_of(&self, hit: SystemTime) -> Option<Period> {
        let date = self.zoned(hit)?.date();
        let year = u16::try_from(date.year()).ok()?;
        let month = u8::try_from(date.month()).ok()?;
        Period::new(year, month).ok()?.previous()
    }

    /// The same local time on the first later day on which it lies after `moment`: how a run is tried again daily.
    pub fn daily(&self, hit: SystemTime, moment: SystemTime) -> Option<SystemTime> {
        let time = self.zoned(hit)?.time();
        let now = self.zoned(moment)?;
        let mut date = now.date();
        loop {
            let next = self.place(date.to_datetime(time))?;
            if next > now.timestamp() {
                return Some(next.into());
            }
            date = date.tomorrow().ok()?;
        }
    }

    /// The next hits after a moment, one for each month that is billed.
    pub fn upcoming(&self, moment: SystemTime, number: usize) -> Vec<Upcoming> {
        let mut hits: Vec<Upcoming> = Vec::new();
        let mut moment = moment;
        while hits.len() < number
            && let Some(hit) = self.after(moment)
            && let Some(period) = self.period_of(hit)
            && let Ok(at) = Timestamp::try_from(hit)
        {
            moment = hit;
            if hits.last().is_none_or(|last| last.period != period) {
                hits.push(Upcoming {
                    at: at.to_string(),
                    local: self.local(hit),
                    period,
                });
            }
        }
        hits
    }

    /// A moment as local time with offset and zone: `2026-01-06T06:00:00+00:00[Europe/London]`.
    pub fn local(&self, moment: SystemTime) -> String {
        self.zoned(moment)
            .map_or_else(String::new, |moment| moment.to_string())
    }

    fn zoned(&self, moment: SystemTime) -> Option<Zoned> {
        Some(
            Timestamp::try_from(moment)
                .ok()?
                .to_zoned(self.zone.clone()),
        )
    }

    /// A local time as an instant: past a gap, the first of two.
    fn place(&self, local: DateTime) -> Option<Timestamp> {
        let placed = self.zone.to_ambiguous_zoned(local).compatible().ok()?;
        Some(placed.timestamp())
    }

    fn hit_after(&self, moment: Timestamp) -> Option<Timestamp> {
        // A time in a gap is placed later than it reads, so the walk begins before now and goes on until no hit can be
        // placed earlier than the best.
        let mut local = self.local_of(moment).checked_sub(LONGEST_GAP).ok()?;
        let mut best: Option<Timestamp> = None;
        loop {
            local = self.cron.find_next_occurrence(&local, false).ok()?;
            if best.is_some_and(|best| local > self.local_of(best)) {
                return best;
            }
            let placed = self.place(local)?;
            if placed > moment && best.is_none_or(|best| placed < best) {
                best = Some(placed);
            }
        }
    }

    fn hit_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut local = self.local_of(moment).checked_add(LONGEST_GAP).ok()?;
        let mut best: Option<Timestamp> = None;
        loop {
            let Ok(earlier) = self.cron.find_previous_occurrence(&local, false) else {
                return best;
            };
            local = earlier;
            let low = best.and_then(|best| self.local_of(best).checked_sub(LONGEST_GAP).ok());
            if low.is_some_and(|low| local < low) {
                return best;
            }
            let placed = self.place(local)?;
            if placed <= moment && best.is_none_or(|best| placed > best) {
                best = Some(placed);
            }
        }
    }

    fn local_of(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.zone.clone()).datetime()
    }
}

#[cfg(test)]
mod tests {
    use super::Timetable;
    use jiff::Timestamp;
    use std::time::{Duration, SystemTime};

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    fn text(moment: Option<SystemTime>) -> String {
        Timestamp::try_from(moment.unwrap()).unwrap().to_string()
    }

    /// The next hits after a moment, in UTC.
    fn hits(cron: &str, zone: &str, from: &str, number: usize) -> Vec<String> {
        let table = Timetable::new(cron, zone).unwrap();
        let mut moment = at(from);
        (0..number)
            .map(|_| {
                moment = table.after(moment).unwrap();
                text(Some(moment))
            })
            .collect()
    }

    #[test]
    fn the_local_time_stays_when_the_offset_changes() {
        assert_eq!(
            hits("0 6 6 * *", "Europe/London", "2026-03-01T00:00:00Z", 3),
            [
                "2026-03-06T06:00:00Z",
                "2026-04-06T05:00:00Z",
                "2026-05-06T05:00:00Z"
            ]
        );
        assert_eq!(
            hits("30 2 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", 1),
            ["2026-01-01T20:45:00Z"]
        );
    }

    #[test]
    fn a_time_that_does_not_exist_runs_once_right_after_the_gap() {
        // Clocks go from 01:00 to 02:00 on 2026-03-29 in London, from 02:00 to 03:00 on 2026-03-08 in New York.
        assert_eq!(
            hits("30 1 * * *", "Europe/London", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            hits("30 2 8 3 *", "America/New_York", "2026-01-01T00:00:00Z", 2),
            ["2026-03-08T07:30:00Z", "2027-03-08T07:30:00Z"]
        );
        assert_eq!(
            hits("30 1 * * *", "Europe/London", "2026-03-29T01:10:00Z", 1),
            ["2026-03-29T01:30:00Z"],
            "asked between the gap's end and the moved hit"
        );
    }

    #[test]
    fn a_time_that_exists_twice_runs_once() {
        // 01:30 comes at 00:30Z and at 01:30Z on 2026-10-25 in London.
        assert_eq!(
            hits("30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            hits("30 1 * * *", "Europe/London", "2026-10-25T00:45:00Z", 1),
            ["2026-10-26T01:30:00Z"]
        );
    }

    #[test]
    fn hits_that_fall_together_after_a_gap_are_one() {
        assert_eq!(
            hits(
                "0,30 1,2 29 3 *",
                "Europe/London",
                "2026-03-29T00:00:00Z",
                3
            ),
            [
                "2026-03-29T01:00:00Z",
                "2026-03-29T01:30:00Z",
                "2027-03-29T00:00:00Z"
            ]
        );
    }

    #[test]
    fn a_day_that_a_zone_left_out_is_no_trap() {
        // Samoa had no 2011-12-30.
        assert_eq!(
            hits("0 6 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 2),
            ["2011-12-30T16:00:00Z", "2012-12-29T16:00:00Z"]
        );
    }

    #[test]
    fn looking_back_finds_what_looking_ahead_found() {
        for (cron, zone) in [
            ("0 6 6 * *", "Europe/London"),
            ("30 1 * * *", "Europe/London"),
            ("30 2 * * *", "America/New_York"),
            ("0 0 1 * *", "Australia/Lord_Howe"),
            ("*/20 * * * *", "UTC"),
            ("0 6 30 * *", "Pacific/Apia"),
        ] {
            let table = Timetable::new(cron, zone).unwrap();
            for start in [
                "2011-12-28T00:00:00Z",
                "2026-03-07T00:00:00Z",
                "2026-10-24T00:00:00Z",
            ] {
                let mut moment = at(start);
                for _ in 0..40 {
                    let next = table.after(moment).unwrap();
                    assert!(next > moment, "{cron} {zone}");
                    assert_eq!(table.at_or_before(next), Some(next), "{cron} {zone}");
                    let just_before = next - Duration::from_secs(1);
                    assert!(table.at_or_before(just_before).unwrap() < next);
                    assert_eq!(table.after(just_before), Some(next), "{cron} {zone}");
                    moment = next;
                }
            }
        }
    }

    #[test]
    fn the_month_that_is_billed_goes_by_the_local_date() {
        let table = Timetable::new("0 0 1 * *", "Europe/Berlin").unwrap();
        let hit = table.after(at("2026-11-15T00:00:00Z")).unwrap();
        assert_eq!(
            text(Some(hit)),
            "2026-11-30T23:00:00Z",
            "still November in UTC"
        );
        assert_eq!(table.period_of(hit).unwrap().to_string(), "202611");
        let new_year = table.after(at("2026-12-15T00:00:00Z")).unwrap();
        assert_eq!(table.period_of(new_year).unwrap().to_string(), "202612");
    }

    #[test]
    fn trying_again_daily_keeps_the_local_time() {
        let table = Timetable::new("30 1 * * *", "Europe/London").unwrap();
        let hit = at("2026-03-28T01:30:00Z");
        let again = |moment: &str| text(table.daily(hit, at(moment)));
        assert_eq!(
            again("2026-03-28T01:31:00Z"),
            "2026-03-29T01:30:00Z",
            "moved past the gap"
        );
        assert_eq!(again("2026-03-29T01:31:00Z"), "2026-03-30T00:30:00Z");
        assert_eq!(
            again("2026-04-01T00:10:00Z"),
            "2026-04-01T00:30:00Z",
            "later today"
        );
    }

    #[test]
    fn the_runs_to_come_are_one_for_each_month() {
        let table = Timetable::new("0 6 5-7 * *", "Europe/London").unwrap();
        let runs = table.upcoming(at("2026-03-06T12:00:00Z"), 3);
        let shown: Vec<_> = runs
            .iter()
            .map(|run| (run.at.as_str(), run.local.as_str(), run.period.number()))
            .collect();
        assert_eq!(
            shown,
            [
                (
                    "2026-03-07T06:00:00Z",
                    "2026-03-07T06:00:00+00:00[Europe/London]",
                    202_602
                ),
                (
                    "2026-04-05T05:00:00Z",
                    "2026-04-05T06:00:00+01:00[Europe/London]",
                    202_603
                ),
                (
                    "2026-05-05T05:00:00Z",
                    "2026-05-05T06:00:00+01:00[Europe/London]",
                    202_604
                ),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_with_what_to_do() {
        for cron in [
            "",
            "x",
            "0 6 6 *",
            "0 0 6 6 * *",
            "60 6 * * *",
            "0 6 32 * *",
            "0 6 30 2 *",
        ] {
            let error = Timetable::new(cron, "UTC").unwrap_err();
            assert_eq!(error.key(), "cron", "{cron}: {error}");
            assert!(error.hint().contains("0 6 6 * *"));
        }
        let error = Timetable::new("0 6 6 * *", "Europe/Londn").unwrap_err();
        assert_eq!(
            (error.key(), error.to_string()),
            (
                "timezone",
                "there is no time zone `Europe/Londn`".to_owned()
            )
        );
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        let table = Timetable::new("0 6 6 * *", "UTC").unwrap();
        let end = at("9999-12-30T00:00:00Z");
        assert_eq!(table.after(end), None);
        assert_eq!(table.period_of(at("1999-01-01T00:00:00Z")), None);
    }
}
