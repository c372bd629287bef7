//! Numbers for monitoring: an OpenMetrics text file that a collector reads, replaced whole so that it is never half read.

use crate::error::ServiceError;
use crate::notify::Notice;
use crate::service::Service;
use billing_sync::plan::{ExceptionKind, GuardName};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// Runs that are looked at for the last that succeeded.
const RUNS: usize = 100;

/// How a run can have ended, for the state set.
const STATUSES: [&str; 12] = [
    "applied",
    "nothing",
    "partial",
    "unknown",
    "stopped",
    "running",
    "failed",
    "wrong_settings",
    "guarded",
    "not_final",
    "drifted",
    "locked",
];

/// Kinds of exceptions that always have a line, so that an alert need not wait for the first.
const EXCEPTIONS: [ExceptionKind; 12] = [
    ExceptionKind::UnmatchedCustomer,
    ExceptionKind::AmbiguousCustomer,
    ExceptionKind::InactiveClient,
    ExceptionKind::AmbiguousSubscription,
    ExceptionKind::FractionWithoutRule,
    ExceptionKind::ContractLevel,
    ExceptionKind::UnmappedService,
    ExceptionKind::UnreadableRecord,
    ExceptionKind::UnexpectedUnit,
    ExceptionKind::NameCollision,
    ExceptionKind::TotalsDisagree,
    ExceptionKind::ChangedSince,
];

/// How every family begins.
const FAMILY: &str = "# TYPE cove_halo_";
/// How every text ends.
const END: &str = "# EOF\n";
const NEXT: &str = "next_run_timestamp_seconds";
const LAST_SUCCESS: &str = "last_success_timestamp_seconds";

/// Longest metrics file that is taken over, in bytes. Ours have a few thousand.
const LONGEST: u64 = 1 << 20;

/// What monitoring is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// The last run and when it ended; `None` before the first.
    pub last: Option<(Notice, SystemTime)>,
    /// When a run last did what it should, exceptions or not.
    pub succeeded: Option<SystemTime>,
    /// When the next run starts, if this program starts it.
    pub next: Option<SystemTime>,
}

impl Metrics {
    /// The text, in the OpenMetrics format 1.0, with what this has not got taken over from an earlier text: how the last
    /// run ended, as long as there was none since, and when the next one starts, while that lies ahead.
    pub fn text_after(&self, earlier: &str, now: SystemTime) -> String {
        let mut text = self.text();
        let carried: String = families(earlier)
            .into_iter()
            .filter(|(name, lines)| match *name {
                NEXT => self.next.is_none() && value_of(lines) > seconds(now),
                LAST_SUCCESS => self.succeeded.is_none() && self.last.is_none(),
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
            last,
            succeeded,
            next,
        } = self;
        let mut page = Page(String::new());
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
        page.0.push_str(END);
        page.0
    }
}

/// The families of a text that was written here, by name, each with all its lines. Another text has none.
fn families(text: &str) -> Vec<(&str, &str)> {
    let Some(text) = text.strip_suffix(END) else {
        return Vec::new();
    };
    let mut starts: Vec<usize> = text.match_indices(FAMILY).map(|(place, _)| place).collect();
    starts.push(text.len());
    starts
        .windows(2)
        .filter_map(|ends| {
            let lines = text.get(*ends.first()?..*ends.last()?)?;
            let name = lines.strip_prefix(FAMILY)?.split(' ').next()?;
            Some((name, lines))
        })
        .collect()
}

/// The value of a family's last line, in whole seconds; 0 where there is none.
fn value_of(lines: &str) -> u64 {
    let value = lines.trim_end().rsplit(' ').next();
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn seconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A file being written, family by family.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, unit: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE cove_halo_{name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(self.0, "# UNIT cove_halo_{name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP cove_halo_{name} {help}");
    }

    fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl std::fmt::Display) {
        let _ = match label {
            Some((key, word)) => {
                writeln!(self.0, "cove_halo_{name}{{{key}=\"{word}\"}} {value}")
            }
            None => writeln!(self.0, "cove_halo_{name} {value}"),
        };
    }

    fn moment(&mut self, name: &str, help: &str, moment: Option<SystemTime>) {
        let since = moment.and_then(|moment| moment.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let Some(since) = since {
            self.family(name, "gauge", "seconds", help);
            self.sample(name, None, since.as_secs());
        }
    }

    fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        self.family(name, "gauge", "", help);
        for (word, value) in values {
            self.sample(name, Some((label, word)), value);
        }
    }

    fn of_run(&mut self, notice: &Notice) {
        let name = "last_run_status";
        self.family(name, "stateset", "", "How the last run ended.");
        for status in STATUSES {
            let label = ("cove_halo_last_run_status", status);
            self.sample(name, Some(label), u8::from(status == notice.status));
        }
        let name = "last_run_exit_code";
        self.family(name, "gauge", "", "Exit code of the last run.");
        self.sample(name, None, notice.exit.code());
        if let Some(period) = notice.period {
            let name = "last_run_period";
            self.family(name, "gauge", "", "Month of the last run, as YYYYMM.");
            self.sample(name, None, period);
        }
        let planned = notice.summary.unwrap_or_default();
        self.gauges(
            "planned_changes",
            "Changes of the last plan by kind.",
            "kind",
            [
                ("create", planned.create as u64),
                ("update", planned.update as u64),
                ("zero", planned.zero as u64),
                ("keep", planned.keep as u64),
            ],
        );
        let (applied, failed, unknown) = notice.changes.unwrap_or_default();
        self.gauges(
            "changes",
            "Changes of the last run by outcome.",
            "outcome",
            [
                ("applied", applied as u64),
                ("failed", failed as u64),
                ("unknown", unknown as u64),
            ],
        );
        let mut exceptions: BTreeMap<&str, u64> =
            EXCEPTIONS.iter().map(|kind| (kind.word(), 0)).collect();
        for group in &notice.exceptions {
            exceptions.insert(group.kind.word(), group.count as u64);
        }
        self.gauges(
            "exceptions",
            "Usage of the last run that was not billed and needs a person, by kind.",
            "kind",
            exceptions,
        );
        let tripped = |name: GuardName| notice.guards.iter().any(|guard| guard.guard == name);
        self.gauges(
            "guard_tripped",
            "1 for each guard that stopped the last run.",
            "guard",
            GuardName::ALL.map(|name| (name.word(), u64::from(tripped(name)))),
        );
        let requests = notice.requests;
        self.gauges(
            "requests",
            "Requests of the last run by service.",
            "service",
            [("cove", requests.cove), ("halo", requests.halo)],
        );
        self.gauges(
            "request_troubles",
            "Requests of the last run that were repeated, and that were refused because the limit was reached.",
            "kind",
            [("retries", requests.retries), ("throttled", requests.throttled)],
        );
    }
}

impl Service {
    /// When a run last did everything it should, by the state.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) async fn last_success(&self) -> Result<Option<SystemTime>, ServiceError> {
        let runs = self.history(RUNS).await?;
        let ends = runs
            .iter()
            .filter(|run| !run.status.is_unfinished())
            .filter_map(|run| run.finished_at.as_deref()?.parse::<Timestamp>().ok());
        Ok(ends.max().map(SystemTime::from))
    }

    /// Writes the metrics file, if the settings name one. Returns what went wrong, if anything did. What is not known now is
    /// kept as it stands there: see [`Metrics::text_after`].
    ///
    /// The file holds no customer data and is readable as the process's umask allows, for a collector that runs as
    /// another user.
    pub fn write_metrics(&self, metrics: &Metrics) -> Option<String> {
        let file = &self.settings().metrics.file;
        if file.as_os_str().is_empty() {
            return None;
        }
        let text = metrics.text_after(&earlier(file), self.clock().wall());
        replace(file, &text)
            .err()
            .map(|error| format!("cannot write the metrics file {}: {error}", file.display()))
    }
}

/// What the file holds; nothing where it cannot be read, or cannot be ours.
fn earlier(path: &Path) -> String {
    use io::Read as _;
    let mut text = String::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    match read {
        Ok(_) => text,
        Err(_) => String::new(),
    }
}

/// Written beside its place, made durable and renamed. The name beside ends with `.tmp`, which collectors leave alone.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    use io::Write as _;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = Path::new(&beside);
    let written = std::fs::File::create(beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(beside, path)
    });
    if written.is_err() {
        // Best effort: what could not be written may not be removable either.
        let _ = std::fs::remove_file(beside);
    }
    written
}

#[cfg(test)]
mod tests;
