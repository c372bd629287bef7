//! When a run is due: a cron expression in a time zone, safe where clocks are put forward and back.
//!
//! The expression is walked in local time and each hit is then placed in the zone: a time that does not exist (clocks go
//! forward) is moved past the gap, a time that exists twice (clocks go back) is the first of the two. So every hit is
//! one instant, and none is lost or doubled.

#[cfg(test)]
mod tests;

use billing_sync::Period;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;
use std::time::{Duration, SystemTime};

/// The day from which on a month that is not final needs a person, at the earliest.
const LATE: u8 = 10;
/// How long after the day from which a month is final by the settings it is not late yet: that day is counted in UTC, and
/// a try a day must have had the chance to see it.
const GRACE: u8 = 2;

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
    /// let next = sixth.after(new_year).map(|at| sixth.local(at));
    /// assert_eq!(next.as_deref(), Some("2026-01-06T06:00:00+00:00[Europe/London]"));
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
        let mut moment = Some(moment);
        while hits.len() < number
            && let Some(hit) = moment.and_then(|moment| self.after(moment))
            && let Some(period) = self.period_of(hit)
            && let Ok(at) = Timestamp::try_from(hit)
        {
            hits.push(Upcoming {
                at: at.to_string(),
                local: self.local(hit),
                period,
            });
            // A hit in the first instant of the next month counts.
            let ended = self.month_ended(hit);
            moment = ended.and_then(|ended| ended.checked_sub(Duration::from_nanos(1)));
        }
        hits
    }

    /// The first instant of the local month that this moment lies in.
    pub(super) fn month_began(&self, moment: SystemTime) -> Option<SystemTime> {
        let first = self.zoned(moment)?.date().first_of_month();
        Some(self.place(first.to_datetime(Time::midnight()))?.into())
    }

    /// The first instant of the local month after the one that this moment lies in.
    pub(super) fn month_ended(&self, moment: SystemTime) -> Option<SystemTime> {
        let next = self.zoned(moment)?.date().last_of_month().tomorrow().ok()?;
        Some(self.place(next.to_datetime(Time::midnight()))?.into())
    }

    /// True when a month should long have been final: from the 10th of the month after it on, by the local date, or from two
    /// days after the day from which the settings call it final, where that is later.
    pub(crate) fn is_late(&self, period: Period, final_from: u8, moment: SystemTime) -> bool {
        let Some(now) = self.zoned(moment).map(|now| now.date()) else {
            return false;
        };
        let billed = period.next().and_then(|next| {
            let (year, month) = (next.year().try_into().ok()?, next.month().try_into().ok()?);
            let days = LATE.max(final_from.saturating_add(GRACE)).saturating_sub(1);
            let first = Date::new(year, month, 1).ok()?;
            first
                .checked_add(SignedDuration::from_hours(24 * i64::from(days)))
                .ok()
        });
        billed.is_some_and(|late| now >= late)
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
            local = self.next_local(&local)?;
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
            let Some(earlier) = self.previous_local(&local) else {
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

    fn next_local(&self, local: &DateTime) -> Option<DateTime> {
        #[cfg(test)]
        tests::count_step();
        self.cron.find_next_occurrence(local, false).ok()
    }

    fn previous_local(&self, local: &DateTime) -> Option<DateTime> {
        #[cfg(test)]
        tests::count_step();
        self.cron.find_previous_occurrence(local, false).ok()
    }

    fn local_of(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.zone.clone()).datetime()
    }
}
