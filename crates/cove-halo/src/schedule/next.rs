//! When to wake next, and what for: a pure function of what is known and the time.

use super::Timetable;
use billing_sync::Period;
use std::time::{Duration, SystemTime};

/// First pause after a failure; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);
/// A run that begins later than this was missed: the process was down, or the machine asleep.
const TOLERANCE: Duration = Duration::from_secs(10 * 60);
/// The step from a moment to the one just before it.
const INSTANT: Duration = Duration::from_nanos(1);

/// What is known when the next wake is worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// When this process began to wait.
    pub since: SystemTime,
    /// An earlier process has tried before, so a run that is due and not done was missed. Without it, nothing starts
    /// before its time.
    pub begun: bool,
    /// The newest month that a run has finished.
    pub done: Option<Period>,
    /// The last try of this process.
    pub last: Option<Attempt>,
}

/// A try that this process made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: SystemTime,
    /// The month it was for.
    pub period: Period,
    /// How it ended.
    pub ended: Ended,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The month is done.
    Done,
    /// The month is not final yet.
    NotFinal,
    /// It needs a person: a guard stopped it.
    Stopped,
    /// It failed, or another run held the lock; so many times in a row.
    Failed(u32),
}

/// When to try next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// When; a moment that has passed means now.
    pub at: SystemTime,
    /// The month to sync.
    pub period: Period,
    /// Why then.
    pub why: Why,
    /// The newest earlier month that was due, is not done and is not tried any more, because this one comes first.
    pub passed_over: Option<Period>,
}

/// Why a try is made when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Its time on the schedule has come.
    Scheduled,
    /// Its time passed while nobody was there to start it.
    Missed {
        /// When it should have been.
        due: SystemTime,
    },
    /// The month was not final the last time: tried once a day.
    NotFinalYet,
    /// A guard stopped it the last time: tried once a day, in case the reason is gone.
    Stopped,
    /// It failed so many times in a row.
    Failed(u32),
}

impl Why {
    /// The reason, in words.
    pub fn words(self) -> String {
        match self {
            Self::Scheduled => "as scheduled".to_owned(),
            Self::Missed { .. } => "its time was missed".to_owned(),
            Self::NotFinalYet => "the month was not final yet".to_owned(),
            Self::Stopped => "a guard stopped it".to_owned(),
            Self::Failed(1) => "it failed".to_owned(),
            Self::Failed(times) => format!("it failed {times} times"),
        }
    }
}

/// The next wake. Every start is later by `offset`, so that many installations do not start in the same second.
///
/// A month is tried from its first hit on until it is done, and then nothing happens until the next month is due; of
/// several months that were missed only the newest is run, since its counts replace the older ones, and the wake says
/// which month it passes over. `None` where the timetable has no hit any more.
pub fn next_wake(
    table: &Timetable,
    offset: Duration,
    known: &Known,
    now: SystemTime,
) -> Option<Wake> {
    let shifted = now.checked_sub(offset)?;
    let due = table.at_or_before(shifted);
    let upcoming = coming(table, offset, known, shifted);
    let Some((due, period)) = due.and_then(|due| Some((due, table.period_of(due)?))) else {
        return upcoming;
    };
    if known.done.is_some_and(|done| done >= period) {
        return upcoming;
    }
    if let Some(last) = known.last.filter(|last| last.period == period) {
        let again = again(table, offset, due, &last)?;
        // The next month, once due, comes first.
        let other = upcoming.filter(|wake| wake.period > period && wake.at <= again.at);
        return Some(match other {
            Some(other) => Wake {
                passed_over: Some(period),
                ..other
            },
            None => again,
        });
    }
    let start = due.checked_add(offset)?;
    if !known.begun && start < known.since {
        return upcoming;
    }
    let late = now.duration_since(start).unwrap_or_default();
    let why = if late > TOLERANCE {
        Why::Missed { due }
    } else {
        Why::Scheduled
    };
    Some(Wake {
        at: start,
        period,
        why,
        passed_over: passed_over(table, known, period, due),
    })
}

/// The month before this one on the timetable, if it was tried or was to be, and is not done.
fn passed_over(
    table: &Timetable,
    known: &Known,
    period: Period,
    due: SystemTime,
) -> Option<Period> {
    let before = table.at_or_before(table.month_began(due)?.checked_sub(INSTANT)?)?;
    let before = table.period_of(before)?;
    let undone = known.done.is_none_or(|done| done < before);
    // Without a month that is done, only a try of this process tells that there was one to do.
    let was_to_be = known.done.is_some() || known.last.is_some_and(|last| last.period == before);
    (before < period && undone && was_to_be).then_some(before)
}

/// The first hit to come whose month is not done.
fn coming(table: &Timetable, offset: Duration, known: &Known, shifted: SystemTime) -> Option<Wake> {
    let mut moment = shifted;
    loop {
        let hit = table.after(moment)?;
        let period = table.period_of(hit)?;
        if known.done.is_none_or(|done| period > done) {
            return Some(Wake {
                at: hit.checked_add(offset)?,
                period,
                why: Why::Scheduled,
                passed_over: None,
            });
        }
        // Its month is done, and so are all further hits in it.
        moment = table.month_ended(hit)?.checked_sub(INSTANT)?;
    }
}

/// When a month is tried again that is not done.
fn again(table: &Timetable, offset: Duration, due: SystemTime, last: &Attempt) -> Option<Wake> {
    let daily = || {
        let moment = last.at.checked_sub(offset)?;
        table.daily(due, moment)?.checked_add(offset)
    };
    let (at, why) = match last.ended {
        Ended::NotFinal => (daily()?, Why::NotFinalYet),
        // A run that says it is done and left no trace of it is tried again like one that was stopped.
        Ended::Stopped | Ended::Done => (daily()?, Why::Stopped),
        Ended::Failed(times) => (last.at.checked_add(pause(times))?, Why::Failed(times)),
    };
    Some(Wake {
        at,
        period: last.period,
        why,
        passed_over: None,
    })
}

/// The pause after so many failures: 5 minutes, doubled each time, at most a day.
pub(super) fn pause(failures: u32) -> Duration {
    let doubled = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    fn period(number: u32) -> Period {
        number.try_into().unwrap()
    }

    fn sixth() -> Timetable {
        Timetable::new("0 6 6 * *", "Europe/London").unwrap()
    }

    fn known(done: Option<u32>, last: Option<(&str, u32, Ended)>) -> Known {
        Known {
            since: at("2026-10-20T00:00:00Z"),
            begun: true,
            done: done.map(period),
            last: last.map(|(moment, number, ended)| Attempt {
                at: at(moment),
                period: period(number),
                ended,
            }),
        }
    }

    fn wake(known: &Known, now: &str) -> (String, u32, Why) {
        wake_of(&sixth(), Duration::ZERO, known, now)
    }

    fn wake_of(
        table: &Timetable,
        offset: Duration,
        known: &Known,
        now: &str,
    ) -> (String, u32, Why) {
        let wake = next_wake(table, offset, known, at(now)).unwrap();
        let moment = Timestamp::try_from(wake.at).unwrap().to_string();
        (moment, wake.period.number(), wake.why)
    }

    #[test]
    fn a_month_that_is_done_is_quiet_until_the_next() {
        let done = known(Some(202_609), None);
        for now in [
            "2026-10-06T06:00:01Z",
            "2026-10-31T00:00:00Z",
            "2026-11-06T05:59:59Z",
        ] {
            assert_eq!(
                wake(&done, now),
                ("2026-11-06T06:00:00Z".to_owned(), 202_610, Why::Scheduled),
                "{now}"
            );
        }
    }

    #[test]
    fn a_daily_schedule_is_quiet_too_once_its_month_is_done() {
        let table = Timetable::new("0 6 * * *", "UTC").unwrap();
        assert_eq!(
            wake_of(
                &table,
                Duration::ZERO,
                &known(Some(202_609), None),
                "2026-10-06T07:00:00Z"
            ),
            ("2026-11-01T06:00:00Z".to_owned(), 202_610, Why::Scheduled)
        );
    }

    #[test]
    fn the_moment_it_is_due_it_is_due_now() {
        let done = known(Some(202_609), None);
        for now in ["2026-11-06T06:00:00Z", "2026-11-06T06:09:59Z"] {
            assert_eq!(
                wake(&done, now),
                ("2026-11-06T06:00:00Z".to_owned(), 202_610, Why::Scheduled),
                "{now}"
            );
        }
    }

    #[test]
    fn a_run_that_was_missed_is_caught_up_once_and_only_the_newest() {
        let due = at("2026-11-06T06:00:00Z");
        assert_eq!(
            wake(&known(Some(202_607), None), "2026-11-09T11:00:00Z"),
            (
                "2026-11-06T06:00:00Z".to_owned(),
                202_610,
                Why::Missed { due }
            )
        );
        assert_eq!(
            wake(&known(Some(202_610), None), "2026-11-09T11:00:00Z").1,
            202_611,
            "once"
        );
    }

    #[test]
    fn a_first_start_waits_for_its_time() {
        let mut fresh = known(None, None);
        fresh.begun = false;
        fresh.since = at("2026-11-09T11:00:00Z");
        assert_eq!(
            wake(&fresh, "2026-11-09T11:00:00Z"),
            ("2026-12-06T06:00:00Z".to_owned(), 202_611, Why::Scheduled)
        );
        assert_eq!(
            wake(&fresh, "2026-12-06T09:00:00Z").2,
            Why::Missed {
                due: at("2026-12-06T06:00:00Z")
            },
            "its first time passed while the machine was asleep"
        );
    }

    #[test]
    fn a_month_that_is_not_final_is_tried_daily_and_gives_way_to_the_next() {
        let tried = known(
            Some(202_609),
            Some(("2026-11-06T06:00:30Z", 202_610, Ended::NotFinal)),
        );
        assert_eq!(
            wake(&tried, "2026-11-06T06:00:31Z"),
            ("2026-11-07T06:00:00Z".to_owned(), 202_610, Why::NotFinalYet)
        );
        let tried = known(
            Some(202_609),
            Some(("2026-12-05T06:00:30Z", 202_610, Ended::NotFinal)),
        );
        assert_eq!(
            wake(&tried, "2026-12-05T06:01:00Z"),
            ("2026-12-06T06:00:00Z".to_owned(), 202_611, Why::Scheduled)
        );
    }

    #[test]
    fn daily_tries_keep_the_local_time_when_clocks_change() {
        let mut tried = known(
            Some(202_601),
            Some(("2026-03-28T06:00:05Z", 202_602, Ended::NotFinal)),
        );
        tried.since = at("2026-03-01T00:00:00Z");
        assert_eq!(
            wake(&tried, "2026-03-28T06:00:06Z").0,
            "2026-03-29T05:00:00Z"
        );
    }

    #[test]
    fn failures_are_tried_again_after_a_growing_pause_of_at_most_a_day() {
        let minutes: Vec<u64> = (1..=11).map(|times| pause(times).as_secs() / 60).collect();
        assert_eq!(
            minutes,
            [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]
        );
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
        assert_eq!(pause(0), FIRST_PAUSE);
        let failed = known(
            Some(202_609),
            Some(("2026-11-06T06:01:00Z", 202_610, Ended::Failed(3))),
        );
        assert_eq!(
            wake(&failed, "2026-11-06T06:01:00Z"),
            ("2026-11-06T06:21:00Z".to_owned(), 202_610, Why::Failed(3))
        );
    }

    #[test]
    fn a_guard_is_tried_again_daily() {
        let stopped = known(
            Some(202_609),
            Some(("2026-11-06T08:00:00Z", 202_610, Ended::Stopped)),
        );
        assert_eq!(
            wake(&stopped, "2026-11-06T08:00:00Z"),
            ("2026-11-07T06:00:00Z".to_owned(), 202_610, Why::Stopped)
        );
    }

    #[test]
    fn every_start_is_later_by_the_offset() {
        let offset = Duration::from_secs(90);
        let done = known(Some(202_609), None);
        let wake = |known: &Known, now: &str| wake_of(&sixth(), offset, known, now);
        for now in ["2026-11-06T06:00:30Z", "2026-11-06T06:01:30Z"] {
            assert_eq!(
                wake(&done, now),
                ("2026-11-06T06:01:30Z".to_owned(), 202_610, Why::Scheduled),
                "{now}"
            );
        }
        let tried = known(
            Some(202_609),
            Some(("2026-11-06T06:02:00Z", 202_610, Ended::NotFinal)),
        );
        assert_eq!(
            wake(&tried, "2026-11-06T06:02:00Z").0,
            "2026-11-07T06:01:30Z"
        );
    }

    #[test]
    fn a_schedule_that_is_over_wakes_nobody() {
        let end = at("9999-12-30T00:00:00Z");
        let mut done = known(Some(299_911), None);
        done.begun = false;
        assert_eq!(next_wake(&sixth(), Duration::ZERO, &done, end), None);
    }
}
