//! Carrying out an approved plan so that it can be trusted: nothing is written unless everything is as planned, intent is
//! durable before a request leaves, nothing is sent twice on a guess, and the end is read back.

mod batch;
mod book;
mod clients;
mod error;
mod judge;
mod lanes;
mod outdated;
mod preimage;
mod readback;
mod resume;
mod settle;
mod stray;
mod verify;
mod view;

pub use error::ApplyError;
pub use outdated::Outdated;
pub use resume::Changed;
pub use verify::{DriftKind, DriftReport, Drifted, VerifyReport};

use crate::ids::{ClientId, LicenceId, RunId};
use crate::memory::Memory;
use crate::plan::{Approved, Plan};
use crate::ports::{Clock, PortError, RunWatch, TargetReader, TargetWriter};
use crate::run::{ChangeRecord, Progress, RunReport, StopSignal};
use crate::state::{NewRun, RunLock, StateStore};
use crate::target::TargetSnapshot;
use book::{Book, News};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use stray::{Accounts, Before};
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

/// A run in progress.
#[derive(Debug)]
struct Running<'a> {
    apply: &'a Apply<'a>,
    plan: &'a Plan,
    book: Book<'a>,
    memory: Memory,
    /// As everything was when the run was begun or taken up again.
    view: View,
    /// What the plan was made from, where that was read a moment ago: for what the view does not show.
    made_from: Option<View>,
    /// The records there were before anything was sent.
    known: BTreeSet<LicenceId>,
    /// The same from before the run was begun, also where it is taken up again; `None` where that is not known.
    before: Option<Before>,
    /// Set once sending more is pointless or not safe.
    gave_up: AtomicBool,
    done: AtomicUsize,
    of: AtomicUsize,
}

/// What a run may take from the snapshot that its plan was made from.
#[derive(Clone, Copy)]
enum Seen<'a> {
    /// Nothing: the plan waited somewhere.
    Nothing,
    /// What the plan does not write.
    Rest(&'a TargetSnapshot),
    /// Everything.
    All(&'a TargetSnapshot),
}

impl<'a> Apply<'a> {
    /// Carries out an approved plan that may have waited: what it was decided on is compared with what holds now, the records
    /// it writes to are read again, and so are the clients it bills. The lock shows that nobody else does.
    ///
    /// Dropping the future is like killing the process: nothing is lost, and [`Apply::resume`] or [`Apply::settle`] finds
    /// out what became of it.
    ///
    /// # Errors
    /// Before anything is begun: drift, an outdated plan, an unsettled earlier run, a month that was closed since, a plan that
    /// contradicts itself, a target that cannot be read, a stop. Later only a failure of the state store.
    pub async fn run(
        &self,
        _lock: &dyn RunLock,
        run_id: RunId,
        approved: &Approved,
    ) -> Result<RunReport, ApplyError> {
        self.start(run_id, approved, Seen::Nothing).await
    }

    /// As [`Apply::run`], for a plan that was made from this snapshot under this lock, some minutes ago. What it writes to is
    /// read again; clients, and counts that are right already, are taken as the plan found them.
    ///
    /// # Errors
    /// As [`Apply::run`].
    pub async fn run_since(
        &self,
        _lock: &dyn RunLock,
        run_id: RunId,
        approved: &Approved,
        seen: &TargetSnapshot,
    ) -> Result<RunReport, ApplyError> {
        self.start(run_id, approved, Seen::Rest(seen)).await
    }

    /// As [`Apply::run`], but compares with a snapshot instead of a read of its own: for a plan that was made from it under
    /// this lock, a moment ago. The caller answers for "a moment"; for anything older use [`Apply::run_since`].
    ///
    /// A snapshot with records in it that cannot be read says too little about single clients, so what is written is read
    /// again then.
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
        let seen = if seen.unreadable().is_empty() {
            Seen::All(seen)
        } else {
            Seen::Rest(seen)
        };
        self.start(run_id, approved, seen).await
    }

    async fn start(
        &self,
        run_id: RunId,
        approved: &Approved,
        seen: Seen<'_>,
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
        self.must_hold(plan, &memory).await?;
        let view = self.must_be_as_planned(plan, &memory, seen).await?;
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
        if let Seen::Rest(seen) = seen {
            run.made_from = Some(View::of_snapshot(preimage::all(plan), seen));
        }
        let slots = run.book.slots(|_| true);
        self.carry_out(run, &slots).await
    }

    /// The records as they are, where nothing moved.
    async fn must_be_as_planned(
        &self,
        plan: &Plan,
        memory: &Memory,
        seen: Seen<'_>,
    ) -> Result<View, ApplyError> {
        let mut drift = Vec::new();
        let view = if let Seen::All(seen) = seen {
            let view = View::of_snapshot(preimage::all(plan), seen);
            drift.extend(preimage::drift_of_all(plan, &view, memory));
            view
        } else {
            self.watch.progress(&Progress::CheckingTarget);
            if let Seen::Nothing = seen
                && let Some(clients) = self.read_clients(plan, &plan.billed()).await?
            {
                drift.extend(clients.drift(plan, memory));
            }
            let view = self.read(preimage::touched(plan)).await?;
            drift.extend(preimage::drift(plan, &view, memory));
            view
        };
        if drift.is_empty() {
            Ok(view)
        } else {
            Err(ApplyError::Drift(drift))
        }
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
            made_from: None,
            known: BTreeSet::new(),
            before: None,
            gave_up: AtomicBool::new(false),
            done: AtomicUsize::new(0),
            of: AtomicUsize::new(0),
        }
    }

    /// Takes what was read as what was there before anything is sent. What is known from before the run was begun is never
    /// replaced: what was made since would look as if it had been there.
    fn learn_known(&mut self) {
        self.known = self.view.ids();
        if self.before.is_none() {
            self.before = Some(Before::of_view(&self.view));
        }
    }

    /// What tells a record that a create may have made from all others, as far as is known now.
    fn accounts(&self) -> Accounts<'_> {
        let records = self.book.all();
        Accounts::new(self.before.as_ref(), self.plan, &records, &self.memory)
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
