//! Numbers for monitoring: a text file that a collector reads, replaced whole so that it is never half read. It is OpenMetrics
//! and keeps to what the older Prometheus text format knows as well, because node_exporter drops a file that does not.

mod file;
mod page;

use crate::error::ServiceError;
use crate::notify::{About, Notice};
use crate::schedule::is_whole;
use crate::service::Service;
use jiff::Timestamp;
use page::{END, LAST_SUCCESS, NEXT, Page, families, is_own, labels_of, seconds, value_of};
use std::time::SystemTime;

/// Runs that are looked at for the last that succeeded.
const RUNS: usize = 100;

/// What monitoring is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Whose usage it is about, and where: labels of every number, so that a collector can tell several files apart.
    pub about: About,
    /// The last run and when it ended; `None` before the first.
    pub last: Option<(Notice, SystemTime)>,
    /// When a run last did what it should, exceptions or not.
    pub succeeded: Option<SystemTime>,
    /// When the next run starts, if this program starts it.
    pub next: Option<SystemTime>,
}

impl Metrics {
    /// The text, in the OpenMetrics format 1.0, with what this has not got taken over from an earlier text about the same:
    /// how the last run ended, as long as there was none since, when one last succeeded, and when the next one starts, while
    /// that lies ahead.
    pub fn text_after(&self, earlier: &str, now: SystemTime) -> String {
        let mut text = self.text();
        let own = labels_of(&self.about);
        let carried: String = families(earlier)
            .into_iter()
            .filter(|(name, lines)| is_own(name, lines, &own))
            .filter(|(name, lines)| match *name {
                NEXT => self.next.is_none() && value_of(lines) > seconds(now),
                LAST_SUCCESS => self.succeeded.is_none(),
                _ => self.last.is_none(),
            })
            .map(|(_, lines)| lines)
            .collect();
        text.truncate(text.len() - END.len());
        text + &carried + END
    }

    /// The text, in the OpenMetrics format 1.0.
    pub fn text(&self) -> String {
        let Self {
            about,
            last,
            succeeded,
            next,
        } = self;
        let mut page = Page::of(about);
        page.moment(NEXT, "When the next run starts.", *next);
        page.moment(
            LAST_SUCCESS,
            "When a run last ended as it should, with or without exceptions.",
            *succeeded,
        );
        page.moment(
            "last_run_timestamp_seconds",
            "When the last run ended.",
            last.as_ref().map(|(_, at)| *at),
        );
        if let Some((notice, _)) = last {
            page.of_run(notice);
        }
        page.end()
    }
}

impl Service {
    /// When a run over everybody last did what it should, by the state.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) async fn last_success(&self) -> Result<Option<SystemTime>, ServiceError> {
        // The newest come first.
        for run in self.history(RUNS).await? {
            let ended = run
                .finished_at
                .and_then(|at| at.parse::<Timestamp>().ok())
                .filter(|_| !run.status.is_unfinished());
            if let Some(ended) = ended
                && let Some(stored) = self.history_of(&run.run_id).await?
                && is_whole(&stored.plan)
            {
                return Ok(Some(ended.into()));
            }
        }
        Ok(None)
    }

    /// Writes the metrics file, if the settings name one. Returns what went wrong, if anything did. What is not known now is
    /// kept as it stands there: see [`Metrics::text_after`].
    ///
    /// The file holds no customer data and is readable as the process's umask allows, for a collector that runs as
    /// another user.
    pub fn write_metrics(&self, metrics: &Metrics) -> Option<String> {
        let path = &self.settings().metrics.file;
        if path.as_os_str().is_empty() {
            return None;
        }
        let text = metrics.text_after(&file::earlier(path), self.clock().wall());
        file::replace(path, &text)
            .err()
            .map(|error| format!("cannot write the metrics file {}: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests;
