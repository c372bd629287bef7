//! The journal's rows and their hash chain, the same for every store, so that a change from outside is seen.

use super::{JournalEntry, NewRun, StoreError, StoreErrorKind, UsageRow};
use crate::decision::{Decision, DecisionRecord, MappingDecision, Question, SubscriptionChoice};
use crate::ids::{ClientId, LicenceId, PlanId};
use crate::memory::Owned;
use crate::period::Period;
use crate::plan::ChangeKind;
use crate::run::RunStatus;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What the first row is chained to.
pub(super) const GENESIS: &str = "billing-sync journal, schema 1";

pub(super) const RUN_BEGUN: &str = "run_begun";
pub(super) const RUN_ENDED: &str = "run_ended";
pub(super) const OWNED: &str = "owned";
pub(super) const DECIDED: &str = "decided";
pub(super) const CHOSEN: &str = "chosen";
pub(super) const UNDECIDED: &str = "undecided";
pub(super) const BOUND: &str = "bound";
pub(super) const USAGE_KEPT: &str = "usage_kept";

/// A row about to be appended.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    /// Empty where the port tells no time.
    pub(super) at: &'a str,
    /// The run; empty for what belongs to none.
    pub(super) run: &'a str,
    /// What happened.
    pub(super) word: &'static str,
    /// JSON. Hashed as this text.
    pub(super) body: String,
}

#[derive(Serialize)]
struct Begun<'a> {
    plan_id: &'a PlanId,
    period: Period,
    approved_by: &'a str,
    overrides: &'a BTreeMap<String, String>,
    changes: usize,
}

/// A change in the journal: what identifies it and what became of it. The usage behind it stands in the plan, whose
/// id, the digest of its content, is in the run's first row.
#[derive(Serialize)]
struct Change<'a> {
    position: usize,
    kind: ChangeKind,
    client_id: ClientId,
    name: &'a str,
    licence_id: Option<LicenceId>,
    before: Option<i64>,
    after: i64,
    written_id: Option<LicenceId>,
    note: &'a str,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) status: RunStatus,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Bound {
    pub(super) subject: String,
}

/// What was kept of a month's usage: enough to see that it is still that.
#[derive(Serialize, Deserialize)]
pub(super) struct UsageKept {
    pub(super) period: Period,
    pub(super) rows: usize,
    pub(super) digest: String,
}

/// Something that a person did.
#[derive(Serialize, Deserialize)]
struct By<T> {
    #[serde(flatten)]
    what: T,
    /// Absent in the journal of earlier versions.
    #[serde(default)]
    by: String,
}

impl<T> By<T> {
    fn new(what: T, by: &str) -> Self {
        Self {
            what,
            by: by.to_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Undecided<Q> {
    question: Q,
}

/// What a row says about decisions.
pub(super) enum Ruling {
    Decided(DecisionRecord),
    Undecided(Question),
}

impl<'a> Event<'a> {
    pub(super) fn begun(run: &'a NewRun<'_>) -> Result<Self, StoreError> {
        let body = Begun {
            plan_id: run.plan.id(),
            period: run.plan.period(),
            approved_by: run.approved_by,
            overrides: run.overrides,
            changes: run.plan.writes().count(),
        };
        Self::new(&run.at, run.run_id.as_str(), RUN_BEGUN, &body)
    }

    pub(super) fn outcome(run: &'a str, entry: &'a JournalEntry) -> Result<Self, StoreError> {
        let record = &entry.record;
        let body = Change {
            position: record.position,
            kind: record.change.kind,
            client_id: record.change.client_id,
            name: &record.change.name,
            licence_id: record.change.licence_id,
            before: record.change.before,
            after: record.change.after,
            written_id: record.written_id,
            note: &record.note,
        };
        Self::new(&entry.at, run, record.outcome.word(), &body)
    }

    pub(super) fn owned(run: &'a str, at: &'a str, owned: &Owned) -> Result<Self, StoreError> {
        Self::new(at, run, OWNED, owned)
    }

    pub(super) fn ended(run: &'a str, at: &'a str, status: RunStatus) -> Result<Self, StoreError> {
        Self::new(at, run, RUN_ENDED, &Ended { status })
    }

    pub(super) fn decided(at: &'a str, decision: &Decision, by: &str) -> Result<Self, StoreError> {
        match decision {
            Decision::Customer(decision) => Self::new(at, "", DECIDED, &By::new(decision, by)),
            Decision::Subscription(choice) => Self::new(at, "", CHOSEN, &By::new(choice, by)),
        }
    }

    pub(super) fn undecided(
        at: &'a str,
        question: &Question,
        by: &str,
    ) -> Result<Self, StoreError> {
        Self::new(at, "", UNDECIDED, &By::new(Undecided { question }, by))
    }

    pub(super) fn bound(subject: &str) -> Result<Self, StoreError> {
        let subject = subject.to_owned();
        Self::new("", "", BOUND, &Bound { subject })
    }

    pub(super) fn usage_kept(period: Period, rows: &[UsageRow]) -> Result<Self, StoreError> {
        let kept = UsageKept {
            period,
            rows: rows.len(),
            digest: UsageRow::digest_of(rows),
        };
        Self::new("", "", USAGE_KEPT, &kept)
    }

    fn new(
        at: &'a str,
        run: &'a str,
        word: &'static str,
        body: &impl Serialize,
    ) -> Result<Self, StoreError> {
        let body = serde_json::to_string(body).map_err(|error| {
            StoreError::new(
                StoreErrorKind::Misuse,
                format!("a journal row of kind {word} cannot be written down"),
            )
            .with_source(error)
        })?;
        Ok(Self {
            at,
            run,
            word,
            body,
        })
    }
}

/// A row as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) at: String,
    pub(super) run: String,
    pub(super) event: String,
    pub(super) body: String,
    pub(super) previous: String,
    pub(super) hash: String,
}

impl Stored {
    /// The event as the row after `previous`.
    pub(super) fn after(sequence: u64, previous: String, event: Event<'_>) -> Self {
        let hash = hash(&previous, sequence, &event);
        Self {
            sequence,
            at: event.at.to_owned(),
            run: event.run.to_owned(),
            event: event.word.to_owned(),
            body: event.body,
            previous,
            hash,
        }
    }

    /// What the row says about decisions; `None` when it is about something else.
    pub(super) fn ruling(&self) -> serde_json::Result<Option<Ruling>> {
        let decided = |decision, by| {
            let at = self.at.clone();
            Some(Ruling::Decided(DecisionRecord { decision, by, at }))
        };
        Ok(match self.event.as_str() {
            DECIDED => {
                let row: By<MappingDecision> = serde_json::from_str(&self.body)?;
                decided(Decision::Customer(row.what), row.by)
            }
            CHOSEN => {
                let row: By<SubscriptionChoice> = serde_json::from_str(&self.body)?;
                decided(Decision::Subscription(row.what), row.by)
            }
            UNDECIDED => {
                let row: By<Undecided<Question>> = serde_json::from_str(&self.body)?;
                Some(Ruling::Undecided(row.what.question))
            }
            _ => None,
        })
    }

    /// The row as the port shows it.
    pub(super) fn into_row(self) -> Result<super::JournalRow, StoreError> {
        let body = serde_json::from_str(&self.body)
            .map_err(|error| tampered(self.sequence, "its body is not JSON").with_source(error))?;
        Ok(super::JournalRow {
            sequence: self.sequence,
            at: self.at,
            event: self.event,
            body,
            hash: self.hash,
        })
    }
}

/// SHA-256 in hex over the previous hash and this row.
pub(super) fn hash(previous: &str, sequence: u64, event: &Event<'_>) -> String {
    digest(
        previous,
        sequence,
        [event.at, event.run, event.word, &event.body],
    )
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(super) fn digest(previous: &str, sequence: u64, fields: [&str; 4]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(sequence.to_le_bytes());
    for field in [previous].into_iter().chain(fields) {
        // With its length before it, so that text cannot wander from one field into the next.
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    hasher
        .finalize()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A row of the journal is not as it was written.
pub(super) fn tampered(sequence: u64, why: &str) -> StoreError {
    contradicted(format!("row {sequence} of the journal: {why}"))
}

/// The journal and the other tables do not say the same.
pub(super) fn contradicted(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Tampered, message).with_hint(
        "the state was changed by something other than this program: compare with a backup; \
         `verify` and a new plan read the billing system itself",
    )
}
