//! Why a run did not happen, and what to do about it.

use super::{Changed, Outdated};
use crate::ids::RunId;
use crate::plan::Refusal;
use crate::ports::PortError;
use crate::run::Drift;
use crate::state::StoreError;

/// Why a run did not happen, or could not be carried to its end. What became of single changes is no error: the
/// [`RunReport`](crate::run::RunReport) says it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Records moved since the plan was made. Nothing was written, and no run was begun: plan again.
    #[error("{} not as the plan saw {}", quantity(.0.len()), if .0.len() == 1 { "it" } else { "them" })]
    Drift(Vec<Drift>),
    /// What the plan was decided on does not hold any more. Nothing was written, and no run was begun: plan again.
    #[error(transparent)]
    Outdated(#[from] Outdated),
    /// The rest of a run was not sent, because its plan would be another one now. What was sent is settled, and the run is
    /// ended: plan the rest anew.
    #[error("{} of run {run} {} not sent: {why}", changes(*.unsent), if *.unsent == 1 { "was" } else { "were" })]
    LeftUnsent {
        /// The run.
        run: RunId,
        /// Changes that were not sent.
        unsent: usize,
        /// What changed since.
        why: Changed,
    },
    /// An earlier run has outcomes that are not settled: `resume` it first.
    #[error("it is not known what became of run {0}")]
    Unfinished(RunId),
    /// What the plan was approved on does not hold any more: a later month was applied since. Nothing was written: make a new
    /// plan, or override `closed_period` with a reason.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The plan contradicts itself. Nothing was written: make a new one.
    #[error("the plan cannot be carried out: {0}")]
    Malformed(String),
    /// There is no such run: `history` lists them.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// Asked to stop before anything was begun: nothing is to be done.
    #[error("stopped before anything was written")]
    Stopped,
    /// The target could not be read: do as its kind says.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The state store failed. From then on nothing more was sent: do as its kind says; `resume` settles what was.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn quantity(records: usize) -> String {
    match records {
        1 => "1 field is".to_owned(),
        many => format!("{many} fields are"),
    }
}

fn changes(unsent: usize) -> String {
    match unsent {
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    }
}

impl ApplyError {
    /// What to do about it, in words.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Drift(_) => Some("nothing was written; make a new plan and look at it"),
            Self::Outdated(_) => Some(
                "nothing was written; make a new plan and look at it: it holds what is still to do",
            ),
            Self::LeftUnsent { .. } => Some(
                "what was sent before is settled; `plan` or `sync` plans the rest anew (where the run took another one \
                 back: `revert`)",
            ),
            Self::Unfinished(_) => Some(
                "run `resume` first: it settles them by reading, and where reading cannot tell it says what to do",
            ),
            Self::Refused(_) => {
                Some("nothing was written; a guard is overridden by its name, with a reason")
            }
            Self::Malformed(_) => Some("make a new plan"),
            Self::NoSuchRun(_) => Some("`history` lists the runs"),
            Self::Stopped => None,
            Self::Port(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }
}
