//! A store that fails when told to, and notes what it is asked.

use super::{Step, Trace, soon};
use crate::decision::{Decision, DecisionRecord, Question};
use crate::ids::RunId;
use crate::memory::{Memory, Owned};
use crate::period::Period;
use crate::run::RunStatus;
use crate::state::{
    JournalEntry, JournalRow, NewRun, RunLock, RunSummary, StateStore, StoreError, StoreErrorKind,
    StoredRun, UsageRow,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// That one call fails and changes nothing.
    Before(usize),
    /// That one call does what it should, and then fails all the same.
    After(usize),
    /// From that call on, every call fails.
    Gone(usize),
}

/// Wraps a store. Calls that change a run (begin, record, own, end) are counted from 0.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn StateStore>,
    fault: Option<StoreFault>,
    keeps_usage: bool,
    calls: AtomicUsize,
    trace: Trace,
}

impl FaultyStore {
    /// A wrapper that lets everything through.
    pub fn new(inner: Arc<dyn StateStore>) -> Self {
        Self {
            inner,
            fault: None,
            keeps_usage: true,
            calls: AtomicUsize::new(0),
            trace: Trace::new(),
        }
    }

    /// Fails like this.
    #[must_use]
    pub fn failing(mut self, fault: StoreFault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Every call that keeps a month's usage fails.
    #[must_use]
    pub fn without_usage(mut self) -> Self {
        self.keeps_usage = false;
        self
    }

    /// Notes here what was made durable.
    #[must_use]
    pub fn noting(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// How many calls came in that change a run.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    async fn through(
        &self,
        step: Step,
        work: impl Future<Output = Result<(), StoreError>> + Send,
    ) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        soon().await;
        let failure = || {
            Err(StoreError::new(
                StoreErrorKind::Unusable,
                format!("the store failed at call {call}"),
            ))
        };
        match self.fault {
            Some(StoreFault::Before(at)) if at == call => return failure(),
            Some(StoreFault::Gone(at)) if at <= call => return failure(),
            _ => {}
        }
        work.await?;
        self.trace.push(step);
        soon().await;
        match self.fault {
            Some(StoreFault::After(at)) if at == call => failure(),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl StateStore for FaultyStore {
    async fn lock(&self) -> Result<Box<dyn RunLock>, StoreError> {
        self.inner.lock().await
    }

    async fn memory(&self) -> Result<Memory, StoreError> {
        self.inner.memory().await
    }

    async fn begin_run(&self, run: &NewRun<'_>) -> Result<(), StoreError> {
        self.through(Step::Begun, self.inner.begin_run(run)).await
    }

    async fn record(&self, run: &RunId, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let outcomes = entries
            .iter()
            .map(|entry| (entry.record.position, entry.record.outcome))
            .collect();
        self.through(Step::Recorded(outcomes), self.inner.record(run, entries))
            .await
    }

    async fn own(&self, run: &RunId, owned: &[Owned], at: &str) -> Result<(), StoreError> {
        self.through(Step::Owned(owned.len()), self.inner.own(run, owned, at))
            .await
    }

    async fn finish_run(&self, run: &RunId, status: RunStatus, at: &str) -> Result<(), StoreError> {
        self.through(Step::Ended, self.inner.finish_run(run, status, at))
            .await
    }

    async fn unfinished_run(&self) -> Result<Option<StoredRun>, StoreError> {
        self.inner.unfinished_run().await
    }

    async fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.inner.run(run).await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        self.inner.runs(limit).await
    }

    async fn journal(&self, run: &RunId) -> Result<Vec<JournalRow>, StoreError> {
        self.inner.journal(run).await
    }

    async fn check_journal(&self) -> Result<u64, StoreError> {
        self.inner.check_journal().await
    }

    async fn subject(&self) -> Result<Option<String>, StoreError> {
        self.inner.subject().await
    }

    async fn bind(&self, subject: &str) -> Result<(), StoreError> {
        self.inner.bind(subject).await
    }

    async fn decide(&self, decisions: &[Decision], by: &str, at: &str) -> Result<(), StoreError> {
        self.inner.decide(decisions, by, at).await
    }

    async fn undecide(
        &self,
        questions: &[Question],
        by: &str,
        at: &str,
    ) -> Result<usize, StoreError> {
        self.inner.undecide(questions, by, at).await
    }

    async fn decisions(&self) -> Result<Vec<DecisionRecord>, StoreError> {
        self.inner.decisions().await
    }

    async fn save_usage(&self, period: Period, rows: &[UsageRow]) -> Result<(), StoreError> {
        if !self.keeps_usage {
            return Err(StoreError::new(
                StoreErrorKind::Unusable,
                format!("the usage of {period} cannot be kept"),
            ));
        }
        self.inner.save_usage(period, rows).await
    }

    async fn usage(&self, period: Period) -> Result<Vec<UsageRow>, StoreError> {
        self.inner.usage(period).await
    }
}
