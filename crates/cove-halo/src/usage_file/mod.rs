//! Usage of any vendor from a CSV or JSON file. Knows what the settings say about its columns, and no vendor.

mod lines;
mod table;

#[cfg(test)]
mod tests;

use crate::settings::UsageSettings;
use crate::watch::{Relay, ServiceWatch, Unwatched};
use api_core::{Clock, SystemClock};
use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::usage::{Finality, Usage};
use lines::Lines;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads a month's usage from the file that the settings name.
///
/// The file is there or the fetch fails; a file without rows is an error, never "nobody used anything". A row that cannot be
/// read holds up its customer. Whether a month is final, and whether the file lists everybody, is what the settings declare.
#[derive(Debug, Clone)]
pub struct FileUsage {
    settings: UsageSettings,
    clock: Arc<dyn Clock>,
    relay: Relay,
}

impl FileUsage {
    /// A source of the files that the settings name.
    pub fn new(settings: &UsageSettings) -> Self {
        Self {
            settings: settings.clone(),
            clock: Arc::new(SystemClock),
            relay: Relay(Arc::new(Unwatched)),
        }
    }

    /// Another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Who is told what is being read.
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn ServiceWatch>) -> Self {
        self.relay = Relay(watch);
        self
    }

    /// The file of a month.
    fn path(&self, period: Period) -> PathBuf {
        PathBuf::from(of_month(&self.settings.path, period))
    }

    fn finality(&self, period: Period) -> Finality {
        let Some(day) = self.settings.final_from_day else {
            return Finality::Provisional(
                "the settings do not say when a file is final: final_from_day in [usage]"
                    .to_owned(),
            );
        };
        if day == 0 {
            return Finality::Final;
        }
        let from = period
            .next()
            .map(|next| format!("{:04}-{:02}-{day:02}", next.year(), next.month()));
        match (from, crate::time::utc_date(self.clock.wall())) {
            // Both are written YYYY-MM-DD, so their order as text is their order in time.
            (Some(from), Some(today)) if today >= from => Finality::Final,
            (Some(from), _) => {
                Finality::Provisional(format!("{period} counts as final from {from}"))
            }
            (None, _) => Finality::Provisional(format!("{period} has no month after it")),
        }
    }
}

/// The path of a month's file, with what stands for the month replaced.
pub(crate) fn of_month(path: &str, period: Period) -> String {
    path.replace("{period}", &period.to_string())
        .replace("{year}", &format!("{:04}", period.year()))
        .replace("{month}", &format!("{:02}", period.month()))
}

#[async_trait]
impl UsageSource for FileUsage {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        let path = self.path(period);
        let name = path.display().to_string();
        self.relay.fetching_from(&self.settings.vendor, &name);
        let mut lines = Lines::new(&self.settings);
        table::read(&path, &self.settings, &mut lines).map_err(|fault| {
            let error = PortError::new(fault.kind, format!("{name}: {}", fault.message));
            match fault.hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })?;
        lines
            .finish(period, self.finality(period))
            .map_err(|message| {
                PortError::new(PortErrorKind::Unreadable, format!("{name} {message}"))
                    .with_hint("nothing was taken from it; get the file anew")
            })
    }
}
