//! Your own state store: here one that writes every outcome into a log of yours before it counts, on top of a store that
//! exists. A store on another database has the same methods and passes the same suite.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use async_trait::async_trait;
use billing_sync::ids::RunId;
use billing_sync::plan::Approval;
use billing_sync::run::RunStatus;
use billing_sync::state::{
    JournalEntry, JournalRow, MemoryStore, NewRun, RunLock, RunSummary, StateStore, StoreError,
    StoreErrorKind, StoredRun, UsageRow,
};
use billing_sync::testing::contract;
use billing_sync::{Decision, DecisionRecord, Memory, Owned, Period, Question};
use cove_halo::{PlanRequest, Service};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A store that keeps your log as well.
#[derive(Debug, Default)]
struct Logged {
    inner: MemoryStore,
    /// Stands for a file or a queue of yours.
    log: Mutex<Vec<String>>,
    is_full: bool,
}

impl Logged {
    /// What cannot be made durable must be an error: nothing is sent then.
    fn append(&self, lines: impl Iterator<Item = String>) -> Result<(), StoreError> {
        match self.log.lock() {
            Ok(mut log) if !self.is_full => {
                log.extend(lines);
                Ok(())
            }
            _ => Err(StoreError::new(
                StoreErrorKind::Unusable,
                "the log cannot be written",
            )),
        }
    }
}

#[async_trait]
impl StateStore for Logged {
    async fn begin_run(&self, run: &NewRun<'_>) -> Result<(), StoreError> {
        self.append([format!("begin, approved by {}", run.approved_by)].into_iter())?;
        self.inner.begin_run(run).await
    }

    /// Called before a request leaves (`started`) and after its answer. All of the entries or none: the log comes first, so
    /// that an entry that could not be logged is not stored either.
    async fn record(&self, run: &RunId, entries: &[JournalEntry]) -> Result<(), StoreError> {
        self.append(
            entries
                .iter()
                .map(|entry| entry.record.outcome.word().to_owned()),
        )?;
        self.inner.record(run, entries).await
    }

    async fn finish_run(&self, run: &RunId, status: RunStatus, at: &str) -> Result<(), StoreError> {
        self.append([format!("end, {}", status.word())].into_iter())?;
        self.inner.finish_run(run, status, at).await
    }

    // The rest is handed on.

    async fn lock(&self) -> Result<Box<dyn RunLock>, StoreError> {
        self.inner.lock().await
    }

    async fn memory(&self) -> Result<Memory, StoreError> {
        self.inner.memory().await
    }

    async fn own(&self, run: &RunId, owned: &[Owned], at: &str) -> Result<(), StoreError> {
        self.inner.own(run, owned, at).await
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
        self.inner.save_usage(period, rows).await
    }

    async fn usage(&self, period: Period) -> Result<Vec<UsageRow>, StoreError> {
        self.inner.usage(period).await
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // What the engine relies on: it panics with a sentence when a store does not keep to it.
    contract::state_store(Logged::default).await;
    println!("the store keeps the contract");

    let sandbox = recipes::start().await?;
    let request = PlanRequest {
        period: Some(recipes::MONTH.parse()?),
        ..PlanRequest::default()
    };
    let service_with = |store| -> anyhow::Result<Service> {
        let (settings, secrets) = (recipes::settings(&sandbox)?, recipes::secrets()?);
        Ok(Service::builder(settings, secrets).store(store).build()?)
    };

    // A log that cannot be written: nothing is stored, and nothing is sent.
    let full = Arc::new(Logged {
        is_full: true,
        ..Logged::default()
    });
    let service = service_with(full.clone())?;
    let plan = service.plan(&request).await?;
    let refused = service.apply(plan, Approval::by("recipe")).await;
    anyhow::ensure!(refused.is_err() && full.inner.runs(1).await?.is_empty());
    let sent = sandbox.requests();
    anyhow::ensure!(sent.iter().all(|request| !request.committed));

    let store = Arc::new(Logged::default());
    let service = service_with(store.clone())?;
    let plan = service.plan(&request).await?;
    let run = service.apply(plan, Approval::by("recipe")).await?;
    println!(
        "{}, {} applied",
        run.report.status.word(),
        run.report.applied()
    );

    let Ok(log) = store.log.lock() else {
        anyhow::bail!("the log is gone")
    };
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log.iter() {
        *times.entry(line).or_default() += 1;
    }
    for (line, times) in times {
        println!("{times:>4} x {line}");
    }
    Ok(())
}
