//! Carrying out an approved plan so that it can be trusted: nothing is written unless everything is as planned, intent is
//! durable before a request leaves, nothing is sent twice on a guess, and the end is read back.

mod batch;
mod book;
mod judge;
mod lanes;
mod preimage;
mod readback;
mod resume;
mod settle;
mod verify;
mod view;

pub use verify::{DriftKind, DriftReport, Drifted, VerifyReport};

use crate::ids::{ClientId, LicenceId, RunId};
use crate::memory::Memory;
use crate::plan::{Approved, Plan, Refusal};
use crate::ports::{Clock, PortError, RunWatch, TargetReader, TargetWriter};
use crate::run::{ChangeRecord, Drift, Progress, RunReport, StopSignal};
use crate::state::{NewRun, RunLock, StateStore, StoreError};
use crate::target::TargetSnapshot;
use book::{Book, News};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use view::View;

/// What a run needs. Make it anew for each run.
#[derive(Clone, Copy, Debug)]
pub struct Apply<'a> {
    /// Reads the target.
    pub reader: &'a dyn TargetReader,
    /// Writes to it.
    pub writer: &'a dyn TargetWriter,
    /// Keeps the journal.
    pub store: &'a dyn StateStore,
    /// Tells the time of day.
    pub clock: &'a dyn Clock,
    /// Is told what happens.
    pub watch: &'a dyn RunWatch,
    /// Asks the run to stop between batches.
    pub stop: &'a StopSignal,
    /// How many requests may be out at the same time; 0 is taken as 1.
    pub concurrency: usize,
}

/// Why a run did not happen, or could not be carried to its end. What became of single changes is no error: the
/// [`RunReport`] says it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Records moved since the plan was made. Nothing was written, and no run was begun: plan again.
    #[error("{} not as the plan saw {}", quantity(.0.len()), if .0.len() == 1 { "it" } else { "them" })]
    Drift(Vec<Drift>),
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

impl ApplyError {
    /// What to do about it, in words.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Drift(_) => Some("nothing was written; make a new plan and look at it"),
            Self::Unfinished(_) => Some("run `resume` first: it settles them by reading"),
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

/// A run in progress.
#[derive(Debug)]
struct Running<'a> {
    apply: &'a Apply<'a>,
    plan: &'a Plan,
    book: Book<'a>,
    memory: Memory,
    /// As everything was when the run was begun or taken up again.
    view: View,
    /// The records there were before anything was sent.
    known: BTreeSet<LicenceId>,
    /// Set once sending more is pointless or not safe.
    gave_up: AtomicBool,
    done: AtomicUsize,
    of: AtomicUsize,
}

impl<'a> Apply<'a> {
    /// Carries out an approved plan. The lock shows that nobody else does.
    ///
    /// Dropping the future is like killing the process: nothing is lost, and [`Apply::resume`] or [`Apply::settle`] finds
    /// out what became of it.
    ///
    /// # Errors
    /// Before anything is begun: drift, an unsettled earlier run, a month that was closed since, a plan that contradicts
    /// itself, a target that cannot be read, a stop. Later only a failure of the state store.
    pub async fn run(
        &self,
        _lock: &dyn RunLock,
        run_id: RunId,
        approved: &Approved,
    ) -> Result<RunReport, ApplyError> {
        self.start(run_id, approved, None).await
    }

    /// As [`Apply::run`], but compares with a snapshot instead of a read of its own: for a plan that was made from it under
    /// this lock, a moment ago. The caller answers for "a moment"; for anything older use [`Apply::run`].
    ///
    /// A snapshot with records in it that cannot be read says too little about single clients, so it is not used.
    ///
    /// # Errors
    /// As [`Apply::run`].
    pub async fn run_on(
        &self,
        _lock: &dyn RunLock,
        run_id: RunId,
        approved: &Approved,
        seen: &TargetSnapshot,
    ) -> Result<RunReport, ApplyError> {
        let seen = seen.unreadable().is_empty().then_some(seen);
        self.start(run_id, approved, seen).await
    }

    async fn start(
        &self,
        run_id: RunId,
        approved: &Approved,
        seen: Option<&TargetSnapshot>,
    ) -> Result<RunReport, ApplyError> {
        let plan = approved.plan();
        preimage::well_formed(plan)?;
        if let Some(stored) = self.store.unfinished_run().await?
            && settle::needs_settling(&stored)
        {
            return Err(ApplyError::Unfinished(stored.summary.run_id));
        }
        let memory = self.store.memory().await?;
        preimage::still_open(approved, &memory)?;
        let view = if let Some(seen) = seen {
            View::of_snapshot(preimage::touched(plan), seen)
        } else {
            self.watch.progress(&Progress::CheckingTarget);
            self.read(preimage::touched(plan)).await?
        };
        let drift = preimage::drift(plan, &view);
        if !drift.is_empty() {
            return Err(ApplyError::Drift(drift));
        }
        if self.stop.is_stopped() {
            return Err(ApplyError::Stopped);
        }
        let book = self.book(run_id, ChangeRecord::all_of(plan));
        let begun = NewRun {
            run_id: &book.run_id,
            plan,
            approved_by: approved.approved_by(),
            overrides: &approved.overrides(),
            at: book.at(),
        };
        self.store.begin_run(&begun).await?;
        tracing::info!(run = %book.run_id, plan = %plan.id(), "run begun");
        let mut run = Running::new(self, plan, book, memory, view);
        run.learn_known();
        let slots = run.book.slots(|_| true);
        self.carry_out(run, &slots).await
    }

    /// Sends, settles, reads back and ends the run.
    async fn carry_out(&self, run: Running<'_>, slots: &[usize]) -> Result<RunReport, ApplyError> {
        lanes::send(&run, slots).await?;
        settle::settle_open(&run).await?;
        readback::read_back(&run).await?;
        readback::finish(run).await
    }

    fn book(&self, run_id: RunId, records: Vec<ChangeRecord>) -> Book<'a> {
        Book::new(run_id, self.store, self.clock, records)
    }

    async fn read(&self, clients: BTreeSet<ClientId>) -> Result<View, PortError> {
        if clients.is_empty() {
            return Ok(View::default());
        }
        let read = self.reader.subscriptions_of(&clients).await?;
        Ok(View::new(clients, read))
    }
}

impl<'a> Running<'a> {
    fn new(
        apply: &'a Apply<'a>,
        plan: &'a Plan,
        book: Book<'a>,
        memory: Memory,
        view: View,
    ) -> Self {
        Self {
            apply,
            plan,
            book,
            memory,
            view,
            known: BTreeSet::new(),
            gave_up: AtomicBool::new(false),
            done: AtomicUsize::new(0),
            of: AtomicUsize::new(0),
        }
    }

    /// Takes what was read as what was there before anything is sent.
    fn learn_known(&mut self) {
        self.known = self.view.ids();
    }

    fn begin_sending(&self, changes: usize) {
        self.of.store(changes, Ordering::Relaxed);
    }

    /// False once somebody asked to stop, the target takes no writes, or intent cannot be made durable any more.
    fn may_send(&self) -> bool {
        !self.apply.stop.is_stopped() && !self.gave_up()
    }

    fn gave_up(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.gave_up.store(true, Ordering::Relaxed);
    }

    /// Shows those that are dealt with; those that go again are not.
    fn announce(&self, news: &[News], again: &[usize]) {
        let dealt_with: Vec<&News> = news
            .iter()
            .filter(|news| !again.contains(&news.slot))
            .collect();
        for news in &dealt_with {
            for (_, record) in self.book.copies(&[news.slot]) {
                self.apply.watch.progress(&Progress::ChangeDone {
                    kind: record.change.kind,
                    client: record.change.client_id,
                    name: &record.change.name,
                    outcome: news.outcome,
                });
            }
        }
        let done = dealt_with.len() + self.done.fetch_add(dealt_with.len(), Ordering::Relaxed);
        self.apply.watch.progress(&Progress::BatchDone {
            done,
            of: self.of.load(Ordering::Relaxed),
        });
    }
}
