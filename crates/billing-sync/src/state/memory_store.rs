//! A store that forgets when its process ends: for tests, for demonstrations, and as the pattern for other stores.

use super::audit::Audit;
use super::belongings::Belongings;
use super::belongs_elsewhere;
use super::journal::{Event, GENESIS, Stored};
use super::{
    JournalEntry, JournalRow, NewRun, RunLock, RunSummary, StateStore, StoreError, StoreErrorKind,
    StoredRun, UsageRow,
};
use crate::decision::{Decision, DecisionRecord, Question};
use crate::ids::RunId;
use crate::memory::{Memory, Owned};
use crate::period::Period;
use crate::run::{ChangeRecord, Outcome, RunStatus};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps everything in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    lock: FlagLock,
}

#[derive(Debug, Default)]
struct Tables {
    runs: Vec<StoredRun>,
    journal: Vec<Stored>,
    owned: Belongings,
    decisions: BTreeMap<Question, DecisionRecord>,
    subject: Option<String>,
    usage: BTreeMap<Period, Vec<UsageRow>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A panic cannot leave the tables half changed: everything that can fail is done before they are touched.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn append(&mut self, event: Event<'_>) {
        let previous = self
            .journal
            .last()
            .map_or_else(|| GENESIS.to_owned(), |row| row.hash.clone());
        let sequence = self.journal.len() as u64 + 1;
        self.journal.push(Stored::after(sequence, previous, event));
    }

    fn run_mut(&mut self, run: &RunId) -> Result<&mut StoredRun, StoreError> {
        self.runs
            .iter_mut()
            .find(|stored| stored.summary.run_id == *run)
            .ok_or_else(|| no_such_run(run))
    }
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn lock(&self) -> Result<Box<dyn RunLock>, StoreError> {
        self.lock.take()
    }

    async fn memory(&self) -> Result<Memory, StoreError> {
        let tables = self.tables();
        let mut memory = Memory {
            owned: tables.owned.list(),
            newest_run: tables.runs.last().map(|run| run.summary.run_id.clone()),
            ..Memory::default()
        };
        for record in tables.decisions.values() {
            match record.decision.clone() {
                Decision::Customer(decision) => memory.decisions.push(decision),
                Decision::Subscription(choice) => memory.choices.push(choice),
            }
        }
        Ok(memory)
    }

    async fn begin_run(&self, run: &NewRun<'_>) -> Result<(), StoreError> {
        let event = Event::begun(run)?;
        let mut tables = self.tables();
        if tables.run_mut(run.run_id).is_ok() {
            return Err(run_exists(run.run_id));
        }
        let changes = ChangeRecord::all_of(run.plan);
        tables.append(event);
        tables.runs.push(StoredRun {
            summary: RunSummary {
                run_id: run.run_id.clone(),
                plan_id: run.plan.id().clone(),
                period: run.plan.period(),
                status: RunStatus::Running,
                started_at: run.at.clone(),
                finished_at: None,
                approved_by: run.approved_by.to_owned(),
                changes: 0,
                applied: 0,
                failed: 0,
                unknown: 0,
            },
            plan: run.plan.clone(),
            changes,
            overrides: run.overrides.clone(),
        });
        Ok(())
    }

    async fn record(&self, run: &RunId, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let events = entries
            .iter()
            .map(|entry| Event::outcome(run.as_str(), entry))
            .collect::<Result<Vec<_>, _>>()?;
        let mut tables = self.tables();
        let stored = tables.run_mut(run)?;
        let slots = entries
            .iter()
            .map(|entry| {
                stored
                    .changes
                    .iter()
                    .position(|known| known.position == entry.record.position)
                    .ok_or_else(|| no_such_change(run, entry.record.position))
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (slot, entry) in slots.into_iter().zip(entries) {
            if let Some(known) = stored.changes.get_mut(slot) {
                known.outcome = entry.record.outcome;
                known.written_id = entry.record.written_id;
                known.note.clone_from(&entry.record.note);
            }
        }
        for event in events {
            tables.append(event);
        }
        Ok(())
    }

    async fn own(&self, run: &RunId, owned: &[Owned], at: &str) -> Result<(), StoreError> {
        let events = owned
            .iter()
            .map(|owned| Event::owned(run.as_str(), at, owned))
            .collect::<Result<Vec<_>, _>>()?;
        let mut tables = self.tables();
        tables.run_mut(run)?;
        for (event, owned) in events.into_iter().zip(owned) {
            tables.append(event);
            tables.owned.put(owned.clone());
        }
        Ok(())
    }

    async fn finish_run(&self, run: &RunId, status: RunStatus, at: &str) -> Result<(), StoreError> {
        let event = Event::ended(run.as_str(), at, status)?;
        let mut tables = self.tables();
        let stored = tables.run_mut(run)?;
        stored.summary.status = status;
        stored.summary.finished_at = Some(at.to_owned());
        tables.append(event);
        Ok(())
    }

    async fn unfinished_run(&self) -> Result<Option<StoredRun>, StoreError> {
        Ok(self
            .tables()
            .runs
            .last()
            .filter(|run| run.summary.status.is_unfinished())
            .map(counted))
    }

    async fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        Ok(self
            .tables()
            .runs
            .iter()
            .find(|stored| stored.summary.run_id == *run)
            .map(counted))
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        Ok(self
            .tables()
            .runs
            .iter()
            .rev()
            .take(limit)
            .map(|run| counted(run).summary)
            .collect())
    }

    async fn journal(&self, run: &RunId) -> Result<Vec<JournalRow>, StoreError> {
        self.tables()
            .journal
            .iter()
            .filter(|row| row.run == run.as_str())
            .map(|row| row.clone().into_row())
            .collect()
    }

    async fn check_journal(&self) -> Result<u64, StoreError> {
        let tables = self.tables();
        let mut audit = Audit::new();
        for row in &tables.journal {
            audit.row(row)?;
        }
        let runs = tables.runs.iter().map(|run| run.summary.run_id.clone());
        audit.runs().listed(&runs.collect::<Vec<_>>())?;
        for run in &tables.runs {
            audit.runs().stored(run)?;
        }
        audit.owned(&tables.owned.list())?;
        let decisions: Vec<_> = tables.decisions.values().cloned().collect();
        audit.decisions(&decisions)?;
        audit.subject(tables.subject.as_deref())?;
        let usage = tables.usage.iter();
        audit.usage(usage.map(|(period, rows)| (*period, rows.as_slice())))?;
        Ok(audit.rows())
    }

    async fn subject(&self) -> Result<Option<String>, StoreError> {
        Ok(self.tables().subject.clone())
    }

    async fn bind(&self, subject: &str) -> Result<(), StoreError> {
        let event = Event::bound(subject)?;
        let mut tables = self.tables();
        match &tables.subject {
            Some(bound) if bound != subject => Err(belongs_elsewhere(bound, subject)),
            Some(_) => Ok(()),
            None => {
                tables.append(event);
                tables.subject = Some(subject.to_owned());
                Ok(())
            }
        }
    }

    async fn decide(&self, decisions: &[Decision], by: &str, at: &str) -> Result<(), StoreError> {
        let events = decisions
            .iter()
            .map(|decision| Event::decided(at, decision, by))
            .collect::<Result<Vec<_>, _>>()?;
        let mut tables = self.tables();
        for (event, decision) in events.into_iter().zip(decisions) {
            tables.append(event);
            let record = DecisionRecord {
                decision: decision.clone(),
                by: by.to_owned(),
                at: at.to_owned(),
            };
            tables.decisions.insert(decision.question(), record);
        }
        Ok(())
    }

    async fn undecide(
        &self,
        questions: &[Question],
        by: &str,
        at: &str,
    ) -> Result<usize, StoreError> {
        let events = questions
            .iter()
            .map(|question| Event::undecided(at, question, by))
            .collect::<Result<Vec<_>, _>>()?;
        let mut tables = self.tables();
        let mut taken_back = 0;
        for (event, question) in events.into_iter().zip(questions) {
            if tables.decisions.remove(question).is_some() {
                tables.append(event);
                taken_back += 1;
            }
        }
        Ok(taken_back)
    }

    async fn decisions(&self) -> Result<Vec<DecisionRecord>, StoreError> {
        Ok(self.tables().decisions.values().cloned().collect())
    }

    async fn save_usage(&self, period: Period, rows: &[UsageRow]) -> Result<(), StoreError> {
        let event = Event::usage_kept(period, rows)?;
        let mut tables = self.tables();
        tables.append(event);
        tables.usage.insert(period, rows.to_vec());
        Ok(())
    }

    async fn usage(&self, period: Period) -> Result<Vec<UsageRow>, StoreError> {
        let mut rows = self
            .tables()
            .usage
            .get(&period)
            .cloned()
            .unwrap_or_default();
        sort_usage(&mut rows);
        Ok(rows)
    }
}

/// By customer, service and unit.
pub(super) fn sort_usage(rows: &mut [UsageRow]) {
    rows.sort_by(|a, b| {
        (&a.customer, &a.service, &a.unit).cmp(&(&b.customer, &b.service, &b.unit))
    });
}

/// The run with the counts of its summary filled in.
fn counted(run: &StoredRun) -> StoredRun {
    let mut run = run.clone();
    let count = |test: fn(Outcome) -> bool| {
        run.changes
            .iter()
            .filter(|change| test(change.outcome))
            .count() as u64
    };
    let (applied, failed, unknown) = (
        count(Outcome::is_done),
        count(Outcome::is_failed),
        count(Outcome::is_open),
    );
    run.summary.changes = run.changes.len() as u64;
    run.summary.applied = applied;
    run.summary.failed = failed;
    run.summary.unknown = unknown;
    run
}

pub(super) fn run_exists(run: &RunId) -> StoreError {
    StoreError::new(
        StoreErrorKind::Misuse,
        format!("there is a run {run} already"),
    )
}

pub(super) fn no_such_run(run: &RunId) -> StoreError {
    StoreError::new(StoreErrorKind::Misuse, format!("there is no run {run}"))
}

pub(super) fn no_such_change(run: &RunId, position: usize) -> StoreError {
    StoreError::new(
        StoreErrorKind::Misuse,
        format!("run {run} has no change {position}"),
    )
}

/// A lock inside one process.
#[derive(Clone, Debug, Default)]
pub(super) struct FlagLock(Arc<AtomicBool>);

#[derive(Debug)]
struct HeldFlag(Arc<AtomicBool>);

impl RunLock for HeldFlag {}

impl Drop for HeldFlag {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl FlagLock {
    pub(super) fn take(&self) -> Result<Box<dyn RunLock>, StoreError> {
        if self.0.swap(true, Ordering::AcqRel) {
            return Err(
                StoreError::new(StoreErrorKind::Locked, "another run holds the lock")
                    .with_hint("wait until it has ended"),
            );
        }
        Ok(Box::new(HeldFlag(Arc::clone(&self.0))))
    }
}
