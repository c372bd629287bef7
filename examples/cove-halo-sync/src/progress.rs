//! One line on stderr that says what is going on: reading, writing, and above all what is waited for.

use crate::text::{plain, wait};
use billing_sync::run::Progress as RunProgress;
use cove_halo::{ServiceWatch, Status};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Redraw interval of the line.
const TICK: Duration = Duration::from_millis(120);

/// Shows the progress of a service. Not shown at all when stderr is not a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    line: Mutex<Option<Line>>,
}

#[derive(Debug)]
struct Line {
    bar: ProgressBar,
    waiting: Arc<Mutex<Waiting>>,
    counts: bool,
}

/// Write requests that came back, of those that will at least be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Batches {
    done: usize,
    of: usize,
}

/// What is shown after the words: a wait, as long as it lasts, and the batches while something is written.
#[derive(Debug, Default)]
struct Waiting {
    /// Until when, in the life of the bar.
    until: Duration,
    why: String,
    batches: Option<Batches>,
}

impl Waiting {
    /// `, waiting 42 s for HaloPSA's request window, 3 of 12 batches done`.
    fn words(&self, elapsed: Duration) -> String {
        let mut words = String::new();
        let left = self.until.saturating_sub(elapsed);
        if !left.is_zero() {
            let _ = write!(words, ", waiting {} {}", wait(left), self.why);
        }
        if let Some(Batches { done, of }) = self.batches {
            let _ = write!(words, ", {done} of {of} batches done");
        }
        words
    }
}

impl Progress {
    /// Shown or silent.
    pub(crate) fn new(shown: bool) -> Self {
        Self {
            shown,
            line: Mutex::new(None),
        }
    }

    /// Takes the line away until something happens again.
    pub(crate) fn clear(&self) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = line.take() {
            line.bar.finish_and_clear();
        }
    }

    /// Says something that stays.
    pub(crate) fn say(&self, text: &str) {
        use std::io::Write;
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || {
            let _ = writeln!(std::io::stderr(), "{text}");
        };
        match line.as_ref() {
            Some(line) => line.bar.suspend(write),
            None => write(),
        }
    }

    fn with_line(&self, act: impl FnOnce(&mut Line)) {
        if self.shown {
            let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            act(line.get_or_insert_with(Line::new));
        }
    }
}

impl Line {
    fn new() -> Self {
        let line = Self {
            bar: ProgressBar::new_spinner(),
            waiting: Arc::default(),
            counts: false,
        };
        line.style();
        line.bar.enable_steady_tick(TICK);
        line
    }

    fn style(&self) {
        let waiting = self.waiting.clone();
        let template = if self.counts {
            "{spinner} {msg} [{bar:24}] {pos}/{len}{wait}"
        } else {
            "{spinner} {msg}{wait}"
        };
        // The template is a constant; should it not parse, the default style shows the same numbers.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.with_key(
                "wait",
                move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    let _ = out.write_str(&waiting.words(state.elapsed()));
                },
            ));
        }
    }

    fn batches(&self, of: Option<usize>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.batches = of.map(|of| Batches { done: 0, of });
    }

    fn count(&mut self, of: Option<u64>) {
        self.counts = of.is_some();
        self.style();
        self.bar.set_length(of.unwrap_or_default());
        self.bar.set_position(0);
    }
}

impl ServiceWatch for Progress {
    fn status(&self, status: &Status<'_>) {
        match status {
            Status::Waiting { for_, service, why } => self.with_line(|line| {
                let mut waiting = line.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.until = line.bar.elapsed().saturating_add(*for_);
                waiting.why = why.words(&plain(service));
            }),
            Status::Run(RunProgress::BatchDone { done, .. }) => self.with_line(|line| {
                line.bar.set_position(*done as u64);
                let mut waiting = line.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(batches) = &mut waiting.batches {
                    batches.done += 1;
                    // A batch that was refused is taken apart, so there can be more than expected.
                    batches.of = batches.of.max(batches.done);
                }
            }),
            _ => {
                let Some(words) = words(status) else { return };
                self.with_line(|line| {
                    line.count(match status {
                        Status::Run(RunProgress::Writing { changes, .. }) => Some(*changes as u64),
                        _ => None,
                    });
                    line.batches(match status {
                        Status::Run(RunProgress::Writing { batches, .. }) => Some(*batches),
                        _ => None,
                    });
                    line.bar.set_message(words);
                });
            }
        }
    }
}

/// What a status says; `None` when it changes no words.
fn words(status: &Status<'_>) -> Option<String> {
    Some(match status {
        Status::Fetching { vendor, what } => {
            format!("{}: reading {}", plain(vendor), plain(what))
        }
        Status::Reading { what } => format!("HaloPSA: reading {}", plain(what)),
        Status::Run(RunProgress::CheckingTarget) => {
            "HaloPSA: checking that nothing moved since the plan".to_owned()
        }
        Status::Run(RunProgress::Writing { .. }) => "HaloPSA: writing".to_owned(),
        Status::Run(RunProgress::Settling { changes }) => {
            format!("HaloPSA: reading what became of {changes} writes")
        }
        Status::Run(RunProgress::ReadingBack { changes }) => {
            format!("HaloPSA: reading {changes} changes back")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cove_halo::WaitWhy;

    #[test]
    fn reads_and_writes_are_told_in_words() {
        assert_eq!(
            words(&Status::Fetching {
                vendor: "N-able",
                what: "contract 1\u{1b}"
            })
            .as_deref(),
            Some("N-able: reading contract 1\\u{1b}")
        );
        let settling = RunProgress::Settling { changes: 3 };
        assert_eq!(
            words(&Status::Run(&settling)).as_deref(),
            Some("HaloPSA: reading what became of 3 writes")
        );
    }

    #[test]
    fn a_wait_is_told_beside_what_is_going_on_and_only_while_it_lasts() {
        let progress = Progress::new(true);
        progress.status(&Status::Reading { what: "clients" });
        progress.status(&Status::Waiting {
            service: "HaloPSA",
            for_: Duration::from_secs(42),
            why: WaitWhy::Window,
        });
        let line = progress.line.lock().unwrap();
        let line = line.as_ref().unwrap();
        assert_eq!(line.bar.message(), "HaloPSA: reading clients");
        let waiting = line.waiting.lock().unwrap();
        assert!(waiting.until >= Duration::from_secs(42));
        let until = waiting.until;
        assert_eq!(
            waiting.words(until.saturating_sub(Duration::from_secs(42))),
            ", waiting 42 s for HaloPSA's request window"
        );
        assert_eq!(waiting.words(until), "", "over");
    }

    #[test]
    fn a_wait_while_writing_says_how_many_batches_are_done() {
        let progress = Progress::new(true);
        let run = |step: &RunProgress<'_>| progress.status(&Status::Run(step));
        run(&RunProgress::Writing {
            changes: 300,
            batches: 12,
        });
        for done in [25, 50, 75] {
            run(&RunProgress::BatchDone { done, of: 300 });
        }
        progress.status(&Status::Waiting {
            service: "HaloPSA",
            for_: Duration::from_secs(42),
            why: WaitWhy::Window,
        });
        {
            let line = progress.line.lock().unwrap();
            let line = line.as_ref().unwrap();
            let waiting = line.waiting.lock().unwrap();
            assert_eq!(line.bar.message(), "HaloPSA: writing");
            assert_eq!(line.bar.position(), 75);
            assert_eq!(
                waiting.words(waiting.until.saturating_sub(Duration::from_secs(42))),
                ", waiting 42 s for HaloPSA's request window, 3 of 12 batches done"
            );
        }
        run(&RunProgress::ReadingBack { changes: 300 });
        let line = progress.line.lock().unwrap();
        let waiting = line.as_ref().unwrap().waiting.lock().unwrap();
        assert_eq!(
            waiting.words(waiting.until),
            "",
            "nothing is written any more"
        );
    }

    #[test]
    fn a_silent_progress_makes_no_line() {
        let progress = Progress::new(false);
        progress.status(&Status::Fetching {
            vendor: "N-able",
            what: "invoices",
        });
        assert!(progress.line.lock().unwrap().is_none());
    }
}
