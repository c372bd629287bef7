//! The text of the metrics file: how a family and a number are written, and how a text of ours is read again.

use crate::notify::{About, Notice};
use crate::text::clean;
use billing_sync::plan::{ExceptionKind, GuardName};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::SystemTime;

/// How a run can have ended: each has a line, and one of them is 1.
pub(super) const STATUSES: [&str; 12] = [
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
pub(super) const EXCEPTIONS: [ExceptionKind; 12] = [
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
pub(super) const END: &str = "# EOF\n";
pub(super) const NEXT: &str = "next_run_timestamp_seconds";
pub(super) const LAST_SUCCESS: &str = "last_success_timestamp_seconds";
/// The type of every family: both formats know it.
const GAUGE: &str = "gauge";

/// The families of a text that was written here, by name, each with all its lines. Another text has none.
pub(super) fn families(text: &str) -> Vec<(&str, &str)> {
    let Some(text) = text.strip_suffix(END) else {
        return Vec::new();
    };
    let mut starts: Vec<usize> = text
        .match_indices(FAMILY)
        .map(|(place, _)| place)
        .filter(|place| {
            let before = text.get(..*place).unwrap_or_default();
            before.is_empty() || before.ends_with('\n')
        })
        .collect();
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
pub(super) fn value_of(lines: &str) -> u64 {
    let value = lines.trim_end().rsplit(' ').next();
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

pub(super) fn seconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The labels that every number bears: `pair="north",subject="account 001 and tenant acme"`, as far as they are known.
pub(super) fn labels_of(about: &About) -> String {
    let pair = about.pair.as_ref().map(|pair| ("pair", pair.as_str()));
    let subject = Some(("subject", about.subject.as_str())).filter(|(_, text)| !text.is_empty());
    let labels = pair.into_iter().chain(subject);
    let labels: Vec<String> = labels
        .map(|(key, text)| {
            let text = clean(text).replace('\\', "\\\\").replace('"', "\\\"");
            format!("{key}=\"{text}\"")
        })
        .collect();
    labels.join(",")
}

/// True when these lines of an earlier text are about the same, and of a kind that is written today: a file must not hold a
/// number twice, once with its labels and once without.
pub(super) fn is_own(name: &str, lines: &str, labels: &str) -> bool {
    let begin = match labels {
        "" => format!("cove_halo_{name}"),
        labels => format!("cove_halo_{name}{{{labels}"),
    };
    lines.starts_with(&format!("{FAMILY}{name} {GAUGE}\n"))
        && lines
            .lines()
            .filter(|line| !line.starts_with('#'))
            .all(|line| line.starts_with(&begin))
}

/// A file being written, family by family.
pub(super) struct Page {
    text: String,
    /// The labels of every number.
    labels: String,
}

impl Page {
    pub(super) fn of(about: &About) -> Self {
        Self {
            text: String::new(),
            labels: labels_of(about),
        }
    }

    /// The whole text.
    pub(super) fn end(self) -> String {
        self.text + END
    }

    fn family(&mut self, name: &str, unit: &str, help: &str) {
        let _ = writeln!(self.text, "{FAMILY}{name} {GAUGE}");
        if !unit.is_empty() {
            let _ = writeln!(self.text, "# UNIT cove_halo_{name} {unit}");
        }
        let _ = writeln!(self.text, "# HELP cove_halo_{name} {help}");
    }

    fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl std::fmt::Display) {
        let own = (!self.labels.is_empty()).then(|| self.labels.clone());
        let label = label.map(|(key, word)| format!("{key}=\"{word}\""));
        let labels: Vec<String> = own.into_iter().chain(label).collect();
        let _ = match labels.as_slice() {
            [] => writeln!(self.text, "cove_halo_{name} {value}"),
            labels => writeln!(
                self.text,
                "cove_halo_{name}{{{}}} {value}",
                labels.join(",")
            ),
        };
    }

    pub(super) fn moment(&mut self, name: &str, help: &str, moment: Option<SystemTime>) {
        let since = moment.and_then(|moment| moment.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let Some(since) = since {
            self.family(name, "seconds", help);
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
        self.family(name, "", help);
        for (word, value) in values {
            self.sample(name, Some((label, word)), value);
        }
    }

    pub(super) fn of_run(&mut self, notice: &Notice) {
        let name = "last_run_status";
        self.family(name, "", "1 for how the last run ended.");
        for status in STATUSES {
            let ended = u8::from(status == notice.status);
            self.sample(name, Some(("status", status)), ended);
        }
        let name = "last_run_exit_code";
        self.family(name, "", "Exit code of the last run.");
        self.sample(name, None, notice.exit.code());
        if let Some(period) = notice.period {
            let name = "last_run_period";
            self.family(name, "", "Month of the last run, as YYYYMM.");
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
