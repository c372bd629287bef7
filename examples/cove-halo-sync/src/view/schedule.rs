//! The runs to come.

use super::{Look, Page};
use crate::text::plain;
use cove_halo::{ScheduleSettings, Upcoming};
use serde_json::{Value, json};

/// The page of the runs to come.
pub(crate) fn page(schedule: &ScheduleSettings, upcoming: &[Upcoming], look: Look) -> String {
    let mut page = Page::new(look);
    let when = format!("{}, {}", plain(&schedule.cron), plain(&schedule.timezone));
    page.heading("Next runs", &when);
    let mut table = page.look().table(&["at", "bills"]);
    for run in upcoming {
        table.add_row([run.local.clone(), run.period.to_string()]);
    }
    page.table(table);
    if schedule.jitter_seconds > 0 {
        page.line(format!(
            "each starts up to {} seconds later",
            schedule.jitter_seconds
        ));
    }
    page.finish()
}

/// The document: `{"schema", "cron", "timezone", "jitter_seconds", "next": [{"at", "local", "period"}]}`.
pub(crate) fn document(schedule: &ScheduleSettings, upcoming: &[Upcoming]) -> Value {
    json!({
        "schema": 1,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "jitter_seconds": schedule.jitter_seconds,
        "next": upcoming,
    })
}

/// The runs, one a row.
pub(crate) fn rows(upcoming: &[Upcoming]) -> csv::Result<String> {
    super::rows::sheet(
        &["at", "local", "period"],
        upcoming
            .iter()
            .map(|run| vec![run.at.clone(), run.local.clone(), run.period.to_string()]),
    )
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::view::Look;
    use crate::view::samples::period;
    use cove_halo::{ScheduleSettings, Upcoming};
    use insta::assert_snapshot;

    #[test]
    fn the_runs_to_come_stand_with_the_month_they_bill() {
        let upcoming = [Upcoming {
            at: "2026-11-06T06:00:00Z".to_owned(),
            local: "2026-11-06T06:00:00+00:00[Europe/London]".to_owned(),
            period: period(),
        }];
        let schedule = ScheduleSettings {
            jitter_seconds: 90,
            ..ScheduleSettings::default()
        };
        assert_snapshot!(page(&schedule, &upcoming, Look::PLAIN), @r"
        Next runs (0 6 6 * *, Europe/London)
        at                                        bills
        ──────────────────────────────────────────────────
        2026-11-06T06:00:00+00:00[Europe/London]  202610
        each starts up to 90 seconds later
        ");
    }
}
