//! Notes on their way: one counts as told when it was delivered. Until then it is tried again, and no run waits for it.

use super::next::pause;
use crate::notify::{LONGEST_TELLING, Notice, Ways};
use crate::service::Service;
use api_core::{Clock as _, SystemClock};
use billing_sync::Period;
use std::time::{Duration, SystemTime};

/// The same trouble is told once in this time.
const TELL_AGAIN: Duration = Duration::from_secs(23 * 60 * 60);
/// A note that nobody took for so long is old news.
const KEPT: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// What has to be told, and what was.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    letters: Vec<Letter>,
    /// What was told last, and when.
    told: Option<(String, Option<Period>, SystemTime)>,
}

/// A note with the ways it still has to go.
#[derive(Debug)]
struct Letter {
    notice: Notice,
    ways: Ways,
    since: SystemTime,
    tries: u32,
    due: SystemTime,
}

impl Outbox {
    /// Takes a note to be told by these ways, as soon as there is time. It takes the place of an earlier one about its month
    /// that is still here. The same trouble is not told with every try: whoever heard of it is left alone for a day.
    pub(super) fn put(&mut self, notice: Notice, ways: Ways, now: SystemTime) {
        let mut owed = Ways::default();
        self.letters.retain(|letter| {
            if letter.notice.status == notice.status && letter.notice.period == notice.period {
                owed = letter.ways;
            }
            letter.notice.period != notice.period
        });
        let told = self.told.as_ref().is_some_and(|(status, period, at)| {
            *status == notice.status
                && *period == notice.period
                && now.duration_since(*at).unwrap_or_default() < TELL_AGAIN
        });
        let ways = if told { owed } else { ways };
        if !told && ways.is_empty() {
            // Nobody wants to know, and that was all.
            self.told = Some((notice.status, notice.period, now));
        } else if !ways.is_empty() {
            self.letters.push(Letter {
                notice,
                ways,
                since: now,
                tries: 0,
                due: now,
            });
        }
    }

    /// True when a note should be tried now.
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.letters.iter().any(|letter| letter.due <= now)
    }

    /// Tells what is due, within so much time. Returns what went wrong, a line each; it is tried again after a growing pause.
    pub(super) async fn deliver(&mut self, service: &Service, within: Duration) -> Vec<String> {
        let clock = service.clock();
        let until = SystemClock
            .monotonic()
            .saturating_add(within.min(LONGEST_TELLING));
        let mut troubles = Vec::new();
        for letter in &mut self.letters {
            let now = clock.wall();
            if letter.due > now {
                continue;
            }
            letter.tries = letter.tries.saturating_add(1);
            letter.due = now.checked_add(pause(letter.tries)).unwrap_or(now);
            let before = letter.ways;
            let left = until.saturating_sub(SystemClock.monotonic());
            let Letter { notice, ways, .. } = letter;
            troubles.extend(service.tell_by(notice, ways, left).await);
            if letter.ways != before {
                self.told = Some((letter.notice.status.clone(), letter.notice.period, now));
            }
        }
        let now = clock.wall();
        self.letters.retain(|letter| {
            let age = now.duration_since(letter.since).unwrap_or_default();
            !letter.ways.is_empty() && age < KEPT
        });
        troubles
    }
}

#[cfg(test)]
mod tests {
    use super::{Outbox, TELL_AGAIN};
    use crate::notify::{Notice, Ways};
    use crate::settings::NotifySettings;
    use billing_sync::Period;
    use std::time::{Duration, SystemTime};

    fn period(number: u32) -> Period {
        number.try_into().unwrap()
    }

    fn note(month: u32, status: &str) -> Notice {
        Notice {
            status: status.to_owned(),
            ..Notice::given_up(period(month), period(202_612))
        }
    }

    fn everybody(notice: &Notice) -> Ways {
        let settings = NotifySettings {
            webhook: "https://hooks.example.com/x".to_owned(),
            ticket: true,
            ..NotifySettings::default()
        };
        Ways::of(notice, &settings)
    }

    /// What waits in the box: month, status, and whether it still goes every way.
    fn waiting(outbox: &Outbox) -> Vec<(u32, String, bool)> {
        outbox
            .letters
            .iter()
            .map(|letter| {
                (
                    letter.notice.period.unwrap().number(),
                    letter.notice.status.clone(),
                    letter.ways == everybody(&letter.notice),
                )
            })
            .collect()
    }

    fn put(outbox: &mut Outbox, month: u32, status: &str, now: SystemTime) {
        let notice = note(month, status);
        let ways = everybody(&notice);
        outbox.put(notice, ways, now);
    }

    #[test]
    fn a_note_waits_until_the_next_one_about_its_month() {
        let mut outbox = Outbox::default();
        let now = SystemTime::UNIX_EPOCH;
        assert!(!outbox.is_due(now));
        put(&mut outbox, 202_610, "failed", now);
        put(&mut outbox, 202_609, "given_up", now);
        put(&mut outbox, 202_610, "guarded", now);
        assert!(outbox.is_due(now));
        assert_eq!(
            waiting(&outbox),
            [
                (202_609, "given_up".to_owned(), true),
                (202_610, "guarded".to_owned(), true)
            ]
        );
        outbox.put(note(202_610, "applied"), Ways::default(), now);
        assert_eq!(
            waiting(&outbox),
            [(202_609, "given_up".to_owned(), true)],
            "what is no longer so is not told any more"
        );
    }

    #[test]
    fn the_same_trouble_is_told_once_a_day_and_only_to_whoever_did_not_hear_of_it() {
        let mut outbox = Outbox::default();
        let now = SystemTime::UNIX_EPOCH + TELL_AGAIN;
        outbox.told = Some(("failed".to_owned(), Some(period(202_610)), now));
        put(&mut outbox, 202_610, "failed", now);
        assert_eq!(waiting(&outbox), []);
        put(&mut outbox, 202_611, "failed", now);
        assert_eq!(waiting(&outbox), [(202_611, "failed".to_owned(), true)]);
        outbox.letters.clear();
        put(&mut outbox, 202_610, "failed", now + TELL_AGAIN);
        assert_eq!(waiting(&outbox), [(202_610, "failed".to_owned(), true)]);

        // The ticket was written, the webhook did not answer.
        let only_webhook = NotifySettings {
            webhook: "https://hooks.example.com/x".to_owned(),
            ..NotifySettings::default()
        };
        let left = Ways::of(&note(202_610, "failed"), &only_webhook);
        outbox.letters[0].ways = left;
        outbox.told = Some(("failed".to_owned(), Some(period(202_610)), now));
        put(
            &mut outbox,
            202_610,
            "failed",
            now + Duration::from_secs(60),
        );
        assert_eq!(waiting(&outbox), [(202_610, "failed".to_owned(), false)]);
        assert_eq!(outbox.letters[0].ways, left);
    }
}
