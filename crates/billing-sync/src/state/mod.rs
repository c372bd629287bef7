//! The state store port: what must survive a crash, a lost connection and the next month.

mod audit;
mod belongings;
mod journal;
mod journalled;
mod memory_store;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod usage_row;

pub use memory_store::MemoryStore;
pub use usage_row::UsageRow;

use crate::decision::{Decision, DecisionRecord, Question};
use crate::ids::{PlanId, RunId};
use crate::memory::{Memory, Owned};
use crate::period::Period;
use crate::plan::Plan;
use crate::run::{ChangeRecord, RunReport, RunStatus};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Keeps runs, plans, the journal, owned subscriptions and mapping decisions. Every method that changes something
/// returns only after it is durable.
#[async_trait]
pub trait StateStore: Debug + Send + Sync {
    /// Takes the lock that makes two runs at once impossible. Held until the guard is dropped; a dead process holds none.
    ///
    /// # Errors
    /// [`StoreErrorKind::Locked`] when another run holds it.
    async fn lock(&self) -> Result<Box<dyn RunLock>, StoreError>;

    /// What the planner needs to remember, with the newest run there is.
    async fn memory(&self) -> Result<Memory, StoreError>;

    /// Begins a run: the plan and every change that needs a write, as `Planned`. Durable before it returns.
    async fn begin_run(&self, run: &NewRun<'_>) -> Result<(), StoreError>;

    /// Records outcomes, all or none, and appends them to the journal. Durable before it returns: intent
    /// (`Started`) is recorded this way before a request leaves.
    async fn record(&self, run: &RunId, entries: &[JournalEntry]) -> Result<(), StoreError>;

    /// Remembers subscriptions as owned; a key or a record known already is replaced.
    async fn own(&self, run: &RunId, owned: &[Owned], at: &str) -> Result<(), StoreError>;

    /// Ends a run. `at` is RFC 3339 in UTC, here as everywhere in this port.
    async fn finish_run(&self, run: &RunId, status: RunStatus, at: &str) -> Result<(), StoreError>;

    /// The newest run that has not ended, or ended with an unknown outcome, stopped or partial, and was not followed
    /// by another run.
    async fn unfinished_run(&self) -> Result<Option<StoredRun>, StoreError>;

    /// One run; `None` when there is none with that id.
    async fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError>;

    /// The newest runs first.
    async fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError>;

    /// The journal of a run, oldest first; of an empty id, what belongs to no run.
    async fn journal(&self, run: &RunId) -> Result<Vec<JournalRow>, StoreError>;

    /// Checks the hash chain over the whole journal, and that everything else is stored as it says; returns the number of
    /// rows.
    ///
    /// # Errors
    /// [`StoreErrorKind::Tampered`] naming the first thing that does not fit.
    async fn check_journal(&self) -> Result<u64, StoreError>;

    /// Whose state this is, in the words it was bound with; `None` while it is nobody's yet.
    async fn subject(&self) -> Result<Option<String>, StoreError>;

    /// Binds the state to a vendor account and a target. Ids of records mean nothing elsewhere, so a state that is
    /// bound to one subject is never used for another.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misuse`] when it is bound to another subject.
    async fn bind(&self, subject: &str) -> Result<(), StoreError>;

    /// Remembers decisions of a person, all or none, and appends them to the journal. A decision on a question that was
    /// decided before replaces it; of two on the same question here, the last counts.
    async fn decide(&self, decisions: &[Decision], by: &str, at: &str) -> Result<(), StoreError>;

    /// Takes decisions back, all or none, and says so in the journal. A question that nobody decided is passed over.
    /// Returns how many were taken back.
    async fn undecide(
        &self,
        questions: &[Question],
        by: &str,
        at: &str,
    ) -> Result<usize, StoreError>;

    /// The decisions in force, with when and by whom: customers first, then subscriptions, each in order.
    async fn decisions(&self) -> Result<Vec<DecisionRecord>, StoreError>;

    /// Keeps what was used in a period, for comparison with later months. Replaces what was kept for it.
    async fn save_usage(&self, period: Period, rows: &[UsageRow]) -> Result<(), StoreError>;

    /// What was used in a period, by customer, service and unit; empty when nothing was kept.
    async fn usage(&self, period: Period) -> Result<Vec<UsageRow>, StoreError>;
}

/// Held while a run is in progress. Only a store makes one; apply asks for it, so that nobody can forget to lock.
pub trait RunLock: Debug + Send + Sync {}

/// A run about to begin.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Its id.
    pub run_id: &'a RunId,
    /// The plan it applies.
    pub plan: &'a Plan,
    /// Who or what approved it.
    pub approved_by: &'a str,
    /// Overridden guards with the reason given.
    pub overrides: &'a BTreeMap<String, String>,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// A new outcome of one change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The change, with the outcome it has now.
    pub record: ChangeRecord,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalRow {
    /// Its number in the whole journal, from 1.
    pub sequence: u64,
    /// When, RFC 3339 in UTC; empty for `bound` and `usage_kept`.
    pub at: String,
    /// What happened: `run_begun`, an outcome's word, `owned`, `run_ended`, `decided`, `chosen`, `undecided`, `bound`,
    /// `usage_kept`.
    pub event: String,
    /// The particulars.
    pub body: serde_json::Value,
    /// Hash over this row and the hash of the row before.
    pub hash: String,
}

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Its place in the list.
    pub summary: RunSummary,
    /// The whole plan it applied.
    pub plan: Plan,
    /// Every change that needed a write, with its latest outcome.
    pub changes: Vec<ChangeRecord>,
    /// Overridden guards with the reason given.
    pub overrides: BTreeMap<String, String>,
}

impl StoredRun {
    /// What it did, as far as it is stored: how many records it took over is not.
    pub fn report(&self) -> RunReport {
        RunReport {
            run_id: self.summary.run_id.clone(),
            plan_id: self.summary.plan_id.clone(),
            period: self.summary.period,
            status: self.summary.status,
            changes: self.changes.clone(),
            exceptions: self.plan.exceptions().len(),
            adopted: 0,
        }
    }
}

/// A run in a list of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its id.
    pub run_id: RunId,
    /// The plan it applied.
    pub plan_id: PlanId,
    /// The month.
    pub period: Period,
    /// How it ended.
    pub status: RunStatus,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// When it ended; `None` when it did not.
    pub finished_at: Option<String>,
    /// Who or what approved it.
    pub approved_by: String,
    /// Changes that needed a write.
    pub changes: u64,
    /// Of these, done.
    pub applied: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Of these, of unknown outcome.
    pub unknown: u64,
}

/// The state store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    hint: Option<String>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Store errors by what the caller can do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another run holds the lock: wait for it.
    Locked,
    /// The file cannot be opened, read or written, and nothing is sent without it: correct file, folder or disk.
    Unusable,
    /// The file was made by a newer version, or is not a state file: use the newer program, or name another file.
    Foreign,
    /// The journal was changed from outside: compare it with a backup.
    Tampered,
    /// What was asked for does not fit what is stored: look at the message.
    Misuse,
}

/// The refusal to use a state for another subject than its own.
pub(crate) fn belongs_elsewhere(bound: &str, asked: &str) -> StoreError {
    StoreError::new(
        StoreErrorKind::Misuse,
        format!("the state belongs to {bound}, not to {asked}"),
    )
    .with_hint(
        "keep one state file for each account and tenant; a new file takes the subscriptions over by their exact names",
    )
}

impl StoreError {
    /// An error with a one-line message.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What the caller can do.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What to do about it, in words.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
