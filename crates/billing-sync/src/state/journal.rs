//! The journal's rows and their hash chain, the same for every store, so that a change from outside is seen.

use super::belongings::Belongings;
use super::{JournalEntry, NewRun, StoreError, StoreErrorKind};
use crate::ids::{ClientId, LicenceId, PlanId};
use crate::memory::{MappingDecision, Owned};
use crate::period::Period;
use crate::plan::ChangeKind;
use crate::run::{Outcome, RunStatus};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// What the first row is chained to.
pub(super) const GENESIS: &str = "billing-sync journal, schema 1";

pub(super) const RUN_BEGUN: &str = "run_begun";
pub(super) const RUN_ENDED: &str = "run_ended";
pub(super) const OWNED: &str = "owned";
pub(super) const DECIDED: &str = "decided";

/// A row about to be appended.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
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
struct Ended {
    status: RunStatus,
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

    pub(super) fn decided(at: &'a str, decision: &MappingDecision) -> Result<Self, StoreError> {
        Self::new(at, "", DECIDED, decision)
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

fn digest(previous: &str, sequence: u64, fields: [&str; 4]) -> String {
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

/// Walks the journal and then compares what the other tables say with it.
#[derive(Debug)]
pub(super) struct Audit {
    rows: u64,
    previous: String,
    outcomes: HashMap<(String, u64), String>,
    statuses: HashMap<String, RunStatus>,
    owned: Belongings,
}

#[derive(Deserialize)]
struct Position {
    position: u64,
}

impl Audit {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            previous: GENESIS.to_owned(),
            outcomes: HashMap::new(),
            statuses: HashMap::new(),
            owned: Belongings::default(),
        }
    }

    /// Takes the next row.
    pub(super) fn row(&mut self, row: &Stored) -> Result<(), StoreError> {
        if row.sequence != self.rows + 1 {
            return Err(tampered(self.rows + 1, "it is missing"));
        }
        if row.previous != self.previous {
            return Err(tampered(
                row.sequence,
                "it does not follow from the row before",
            ));
        }
        let fields = [
            row.at.as_str(),
            row.run.as_str(),
            row.event.as_str(),
            row.body.as_str(),
        ];
        if digest(&row.previous, row.sequence, fields) != row.hash {
            return Err(tampered(row.sequence, "its content does not fit its hash"));
        }
        let unreadable = |error: serde_json::Error| {
            tampered(row.sequence, "its body cannot be read").with_source(error)
        };
        match row.event.as_str() {
            RUN_BEGUN => {
                self.statuses.insert(row.run.clone(), RunStatus::Running);
            }
            RUN_ENDED => {
                let ended: Ended = serde_json::from_str(&row.body).map_err(unreadable)?;
                self.statuses.insert(row.run.clone(), ended.status);
            }
            OWNED => {
                let owned: Owned = serde_json::from_str(&row.body).map_err(unreadable)?;
                self.owned.put(owned);
            }
            DECIDED => {}
            word => {
                let Position { position } = serde_json::from_str(&row.body).map_err(unreadable)?;
                self.outcomes
                    .insert((row.run.clone(), position), word.to_owned());
            }
        }
        self.rows = row.sequence;
        self.previous.clone_from(&row.hash);
        Ok(())
    }

    /// The outcome that is stored for a change must be the last one in the journal.
    pub(super) fn change(
        &self,
        run: &str,
        position: u64,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let journalled = self
            .outcomes
            .get(&(run.to_owned(), position))
            .map_or(Outcome::Planned.word(), String::as_str);
        if journalled == outcome.word() {
            return Ok(());
        }
        Err(contradicted(format!(
            "change {position} of run {run} is stored as {}, but the journal says {journalled}",
            outcome.word()
        )))
    }

    /// The status that is stored for a run must be the last one in the journal.
    pub(super) fn run(&self, run: &str, status: RunStatus) -> Result<(), StoreError> {
        let journalled = self.statuses.get(run);
        if journalled == Some(&status) {
            return Ok(());
        }
        Err(contradicted(format!(
            "run {run} is stored as {}, but the journal says {}",
            status.word(),
            journalled.map_or("nothing of it", |status| status.word())
        )))
    }

    /// What is stored as owned must be what the journal says.
    pub(super) fn owned(&self, stored: &[Owned]) -> Result<(), StoreError> {
        if let Some(odd) = stored
            .iter()
            .find(|owned| self.owned.of(&owned.key) != Some(owned))
        {
            return Err(contradicted(format!(
                "the owned subscription of {} is not as the journal says",
                odd.key
            )));
        }
        if stored.len() != self.owned.len() {
            return Err(contradicted(format!(
                "{} owned subscriptions are stored, but the journal says {}",
                stored.len(),
                self.owned.len()
            )));
        }
        Ok(())
    }

    /// Rows seen.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

fn tampered(sequence: u64, why: &str) -> StoreError {
    contradicted(format!("row {sequence} of the journal: {why}"))
}

fn contradicted(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Tampered, message).with_hint(
        "the state was changed by something other than this program: compare with a backup; \
         `verify` and a new plan read the billing system itself",
    )
}

#[cfg(test)]
mod tests {
    use super::{Audit, Event, GENESIS, Stored, hash};
    use crate::run::RunStatus;

    fn rows() -> Vec<Stored> {
        let mut previous = GENESIS.to_owned();
        (1..=3)
            .map(|sequence| {
                let event =
                    Event::ended("run", "2026-11-06T06:00:00Z", RunStatus::Applied).unwrap();
                let row = Stored::after(sequence, previous.clone(), event);
                previous.clone_from(&row.hash);
                row
            })
            .collect()
    }

    fn audit(rows: &[Stored]) -> Result<u64, String> {
        let mut audit = Audit::new();
        for row in rows {
            audit.row(row).map_err(|error| error.to_string())?;
        }
        Ok(audit.rows())
    }

    #[test]
    fn the_hash_of_a_row_is_fixed() {
        let event = Event::ended("run", "2026-11-06T06:00:00Z", RunStatus::Applied).unwrap();
        let once = hash(GENESIS, 1, &event);
        assert_eq!(once.len(), 64);
        assert_eq!(once, hash(GENESIS, 1, &event));
        assert_ne!(once, hash(GENESIS, 2, &event));
        assert_ne!(once, hash("", 1, &event));
    }

    #[test]
    fn an_untouched_chain_passes() {
        assert_eq!(audit(&rows()), Ok(3));
        assert_eq!(audit(&[]), Ok(0));
    }

    #[test]
    fn every_field_of_every_row_is_covered() {
        for row in 0..3 {
            for field in 0..6 {
                let mut rows = rows();
                let it = &mut rows[row];
                let text = match field {
                    0 => &mut it.at,
                    1 => &mut it.run,
                    2 => &mut it.event,
                    3 => &mut it.body,
                    4 => &mut it.previous,
                    _ => &mut it.hash,
                };
                text.push(' ');
                let error = audit(&rows).unwrap_err();
                assert!(
                    error.starts_with(&format!("row {} of the journal", row + 1)),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_missing_or_swapped_row_is_named() {
        let mut gap = rows();
        gap.remove(1);
        assert_eq!(
            audit(&gap),
            Err("row 2 of the journal: it is missing".to_owned())
        );
        let mut swapped = rows();
        swapped.swap(0, 1);
        assert_eq!(
            audit(&swapped),
            Err("row 1 of the journal: it is missing".to_owned())
        );
    }
}
