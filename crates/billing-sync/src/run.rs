//! What a run did: outcomes that are true, from the journal and the read-back.

use crate::ids::{ClientId, Key, LicenceId, PlanId, RunId};
use crate::period::Period;
use crate::plan::{Change, ChangeKind, Plan};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What became of one change of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not begun.
    Planned,
    /// Its request may have left; nothing else is known.
    Started,
    /// The system said so, or a read showed it.
    Applied,
    /// Read back at the end of the run and found as planned.
    Verified,
    /// The system refused it.
    Rejected,
    /// The request never left, or a read showed that it did not arrive.
    NotApplied,
    /// Even reading could not tell.
    Unknown,
    /// Read back, and found different.
    Mismatch,
}

impl Outcome {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Started => "started",
            Self::Applied => "applied",
            Self::Verified => "verified",
            Self::Rejected => "rejected",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
            Self::Mismatch => "mismatch",
        }
    }

    /// The outcome with that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Planned,
            Self::Started,
            Self::Applied,
            Self::Verified,
            Self::Rejected,
            Self::NotApplied,
            Self::Unknown,
            Self::Mismatch,
        ]
        .into_iter()
        .find(|outcome| outcome.word() == word)
    }

    /// True when the count is there as planned.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Applied | Self::Verified)
    }

    /// True when it is known that the count is not there as planned.
    pub fn is_failed(self) -> bool {
        !self.is_done() && !self.is_open()
    }

    /// True when it is not known whether the write arrived.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Started | Self::Unknown)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Not ended: in progress, or its process died.
    Running,
    /// Everything is there as planned, and was read back.
    Applied,
    /// Some changes failed; their outcome is known.
    Partial,
    /// The outcome of a write is not known.
    Unknown,
    /// Asked to stop before the end.
    Stopped,
    /// There was nothing to write.
    Nothing,
}

impl RunStatus {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Applied => "applied",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
            Self::Stopped => "stopped",
            Self::Nothing => "nothing",
        }
    }

    /// The status with that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Running,
            Self::Applied,
            Self::Partial,
            Self::Unknown,
            Self::Stopped,
            Self::Nothing,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }

    /// True when `resume` may have something to do.
    pub fn is_unfinished(self) -> bool {
        match self {
            Self::Running | Self::Partial | Self::Unknown | Self::Stopped => true,
            Self::Applied | Self::Nothing => false,
        }
    }
}

/// One change of a run with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Its position in the plan's list of changes.
    pub position: usize,
    /// The change as planned.
    #[serde(flatten)]
    pub change: Change,
    /// What became of it.
    pub outcome: Outcome,
    /// The record that holds the count, once known.
    pub written_id: Option<LicenceId>,
    /// What the system or the engine said about it; empty when there is nothing to say.
    pub note: String,
}

impl ChangeRecord {
    /// True when it is not known, or only said by the system, that the count is there.
    pub(crate) fn is_unproved(&self) -> bool {
        self.outcome.is_open() || self.outcome == Outcome::Applied
    }

    /// True when it is not there and may be sent, if its record is still as the plan saw it.
    pub(crate) fn may_go_again(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Planned | Outcome::NotApplied | Outcome::Rejected
        )
    }

    /// The changes of a plan that need a write, as a run begins with them.
    pub(crate) fn all_of(plan: &Plan) -> Vec<Self> {
        plan.changes()
            .iter()
            .enumerate()
            .filter(|(_, change)| change.kind != ChangeKind::Keep)
            .map(|(position, change)| Self {
                position,
                change: change.clone(),
                outcome: Outcome::Planned,
                written_id: None,
                note: String::new(),
            })
            .collect()
    }
}

/// A run, with everything it did.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// The run.
    pub run_id: RunId,
    /// The plan it applied.
    pub plan_id: PlanId,
    /// The month.
    pub period: Period,
    /// How it ended.
    pub status: RunStatus,
    /// Every change that needed a write, in the plan's order.
    pub changes: Vec<ChangeRecord>,
    /// Exceptions of the plan.
    pub exceptions: usize,
    /// Records this run took over without a write.
    pub adopted: usize,
}

impl RunReport {
    /// Changes that are there as planned.
    pub fn applied(&self) -> usize {
        self.count(Outcome::is_done)
    }

    /// Changes that are known not to be there as planned.
    pub fn failed(&self) -> usize {
        self.count(Outcome::is_failed)
    }

    /// Changes of which that is not known.
    pub fn unknown(&self) -> usize {
        self.count(Outcome::is_open)
    }

    /// Changes that were read back and found as planned.
    pub fn verified(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Verified)
    }

    /// True when `resume` has something to do: to settle, or to send again. A change whose record moved is left to a new
    /// plan.
    pub fn goes_on(&self) -> bool {
        self.status == RunStatus::Running
            || self
                .changes
                .iter()
                .any(|it| it.is_unproved() || it.may_go_again())
    }

    fn count(&self, test: impl Fn(Outcome) -> bool) -> usize {
        self.changes
            .iter()
            .filter(|record| test(record.outcome))
            .count()
    }
}

/// A record that is not as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The subscription.
    pub key: Key,
    /// The client's name.
    pub client_name: String,
    /// The record, if the plan had one.
    pub licence_id: Option<LicenceId>,
    /// Which field moved: `count`, `name`, `client`, `state`, `record`.
    pub field: String,
    /// As the plan saw it.
    pub planned: String,
    /// As it is.
    pub found: String,
}

impl Drift {
    /// What moved of a change's record or client.
    pub(crate) fn of(change: &Change, field: &str, planned: String, found: String) -> Self {
        Self {
            key: change.key(),
            client_name: change.client_name.clone(),
            licence_id: change.licence_id,
            field: field.to_owned(),
            planned,
            found,
        }
    }
}

/// What a run is doing, for those who watch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The target is read to check that nothing moved.
    CheckingTarget,
    /// Writing begins.
    Writing {
        /// Changes to write.
        changes: usize,
        /// Requests it will take at least.
        batches: usize,
    },
    /// A batch came back.
    BatchDone {
        /// Changes dealt with so far.
        done: usize,
        /// Changes in all.
        of: usize,
    },
    /// What became of one change.
    ChangeDone {
        /// What kind of change.
        kind: ChangeKind,
        /// Its client.
        client: ClientId,
        /// The subscription's name.
        name: &'a str,
        /// What became of it.
        outcome: Outcome,
    },
    /// Unknown outcomes are settled by reading.
    Settling {
        /// How many.
        changes: usize,
    },
    /// Everything written is read back.
    ReadingBack {
        /// How many.
        changes: usize,
    },
}

/// Asks a run to stop at the next safe point. Clones share the signal.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// A signal that was not given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once somebody asked.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
