use super::Timetable;
use crate::schedule::{Known, next_wake};
use jiff::Timestamp;
use std::cell::Cell;
use std::time::{Duration, SystemTime};

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts a step along the expression.
pub(super) fn count_step() {
    STEPS.set(STEPS.get() + 1);
}

/// The steps that some work takes.
fn steps<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.get();
    let done = work();
    (done, STEPS.get() - before)
}

#[test]
fn an_expression_that_is_always_true_is_not_walked_minute_by_minute() {
    let table = Timetable::new("* * * * *", "Europe/London").unwrap();
    let (runs, taken) = steps(|| table.upcoming(at("2026-10-06T06:00:00Z"), 12));
    let first: Vec<&str> = runs.iter().take(3).map(|run| run.at.as_str()).collect();
    assert_eq!(
        first,
        [
            "2026-10-06T06:01:00Z",
            "2026-11-01T00:00:00Z",
            "2026-12-01T00:00:00Z"
        ]
    );
    assert_eq!(runs.len(), 12);
    // A year has half a million minutes; around each hit it looks as far as a clock can jump.
    assert!(taken < 12 * 2000, "{taken}");

    let done = Known {
        since: at("2026-10-01T00:00:00Z"),
        begun: true,
        done: Some("202609".parse().unwrap()),
        last: None,
    };
    let now = at("2026-10-06T06:00:00Z");
    let (wake, taken) = steps(|| next_wake(&table, Duration::ZERO, &done, now));
    assert_eq!(text(wake.map(|wake| wake.at)), "2026-11-01T00:00:00Z");
    assert!(taken < 10_000, "{taken}");
}

#[test]
fn a_month_is_late_from_the_tenth_of_the_next_on_by_the_local_date() {
    let table = Timetable::new("0 6 6 * *", "America/New_York").unwrap();
    let late = |moment: &str| table.is_late("202610".parse().unwrap(), 5, at(moment));
    assert!(!late("2026-11-10T04:59:59Z"), "still the 9th in New York");
    assert!(late("2026-11-10T05:00:00Z"));
    assert!(late("2027-02-01T00:00:00Z"));
    assert!(!late("2026-10-31T00:00:00Z"));
}

#[test]
fn a_month_is_not_late_before_the_settings_call_it_final() {
    let table = Timetable::new("0 6 6 * *", "UTC").unwrap();
    for (final_from, month, first) in [
        (0, "202610", "2026-11-10T00:00:00Z"),
        (8, "202610", "2026-11-10T00:00:00Z"),
        (9, "202610", "2026-11-11T00:00:00Z"),
        (15, "202610", "2026-11-17T00:00:00Z"),
        (28, "202610", "2026-11-30T00:00:00Z"),
        (28, "202701", "2027-03-02T00:00:00Z"),
    ] {
        let late = |moment| table.is_late(month.parse().unwrap(), final_from, moment);
        let second = Duration::from_secs(1);
        assert!(late(at(first)), "{final_from} {month}");
        assert!(!late(at(first) - second), "{final_from} {month}");
    }
}

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
