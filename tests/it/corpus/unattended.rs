//! What must hold for any schedule that somebody may write: shared by the corpus test and the fuzz targets.

use cove_halo::Timetable;
use std::time::{Duration, SystemTime};

/// Moments to count from: the beginning of the century, before clocks go forward and back in Europe, and one far ahead.
const MOMENTS: [u64; 4] = [978_307_200, 1_774_745_940, 1_792_886_340, 4_102_444_800];

/// An expression and a zone, each on its line, are refused, or hits follow each other and none is between two neighbours.
pub(crate) fn timetable(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (cron, zone) = text.split_once('\n').unwrap_or((&text, "Europe/London"));
    let table = match Timetable::new(cron, zone) {
        Ok(table) => table,
        Err(error) => {
            assert!(["cron", "timezone"].contains(&error.key()));
            assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            return;
        }
    };
    for seconds in MOMENTS {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let Some(next) = table.after(moment) else {
            continue;
        };
        assert!(next > moment);
        assert_eq!(table.at_or_before(next), Some(next), "{text:?} {seconds}");
        if let Some(last) = table.at_or_before(moment) {
            assert!(last <= moment);
            assert_eq!(table.after(last), Some(next), "{text:?} {seconds}");
        }
        let daily = table.daily(next, next).unwrap();
        let wait = daily.duration_since(next).unwrap();
        let day = 20..=50;
        assert!(day.contains(&(wait.as_secs() / 3600)), "{text:?} {wait:?}");
        assert!(table.period_of(next).is_some());
    }
}
