//! Stays up and syncs by a timetable: each month once, tried again until it is final and done.

mod next;
mod outbox;
mod timetable;

pub use next::{Attempt, Ended, Known, Wake, Why, next_wake};
pub use timetable::{Timetable, TimetableError, Upcoming};

use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::metrics::Metrics;
use crate::notify::{LONGEST_TELLING, Notice, Ways};
use crate::outcome::SyncOutcome;
use crate::service::{PlanRequest, Service};
use crate::time;
use billing_sync::Period;
use billing_sync::ids::RunId;
use billing_sync::plan::{Approval, Plan};
use billing_sync::run::RunStatus;
use billing_sync::state::{JournalRow, StateStore};
use futures_util::future::{self, Either};
use outbox::Outbox;
use std::fmt::Debug;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, SystemTime};

/// Longest sleep at once: a machine that slept, or whose clock was set, is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Runs that are looked at for the newest month done. Older ones are of older months.
const RUNS: usize = 100;

/// What happens while the schedule is kept.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScheduleEvent<'a> {
    /// Nothing to do until then.
    Waiting(&'a Wake),
    /// A run begins.
    Starting(&'a Wake),
    /// A run ended.
    Ended(&'a Wake, Result<&'a SyncOutcome, &'a ServiceError>),
    /// A month was not billed and is not tried any more, because the next is due.
    GivenUp(&'a Notice),
    /// Somebody could not be told, the metrics file not be written, or the state not be read.
    Trouble(&'a str),
}

/// Is told what happens. Must not block.
pub trait ScheduleWatch: Debug + Send + Sync {
    /// Something happened.
    fn event(&self, event: &ScheduleEvent<'_>);
}

impl Service {
    /// The timetable of the settings.
    ///
    /// # Errors
    /// When the cron expression or the time zone cannot be read. Settings that were loaded were checked.
    pub fn timetable(&self) -> Result<Timetable, ServiceError> {
        let schedule = &self.settings().schedule;
        Timetable::new(&schedule.cron, &schedule.timezone).map_err(ServiceError::from)
    }

    /// The next runs of a timetable, counted from now, as if no month was done yet.
    pub fn upcoming(&self, table: &Timetable, number: usize) -> Vec<Upcoming> {
        table.upcoming(self.clock().wall(), number)
    }

    /// Keeps a timetable until `stopped` ends: waits, syncs, tells people and monitoring, waits again. A run under way is
    /// stopped between batches by the service's stop signal. Ends with the exit code of the run that was stopped, else
    /// with [`ExitCode::Done`].
    ///
    /// # Errors
    /// When the state cannot be read at the start, the timetable has come to its end, or Cove's management API refuses the
    /// login (its user would be locked). Everything else is tried again, a refused login or address of HaloPSA and of the
    /// Billing API among it, with the secrets as they are then
    /// ([`ServiceBuilder::read_secrets_again`](crate::ServiceBuilder::read_secrets_again)).
    pub async fn schedule(
        &self,
        table: &Timetable,
        approval: impl Fn() -> Approval,
        stopped: impl Future<Output = ()>,
        watch: &dyn ScheduleWatch,
    ) -> Result<ExitCode, ServiceError> {
        let mut stopped = pin!(stopped);
        let mut keeper = Keeper::new(self, watch).await?;
        loop {
            let now = self.clock().wall();
            if table.period_of(now).is_none() {
                keeper.doubt_the_clock(now);
                if self.sleep(LONGEST_SLEEP, stopped.as_mut()).await {
                    return Ok(ExitCode::Done);
                }
                // Counted from the first moment that can be believed, or months that were never due would look missed.
                keeper.known.since = self.clock().wall();
                continue;
            }
            let Some(wake) = next_wake(table, keeper.offset, &keeper.known, now) else {
                return Err(
                    ServiceError::new(ExitCode::Usage, "the schedule has no further run")
                        .with_hint("check cron and timezone in the section [schedule]"),
                );
            };
            if let Ok(left) = wake.at.duration_since(now)
                && !left.is_zero()
            {
                keeper.wait_for(&wake);
                if keeper.outbox.is_due(now) {
                    let told = pin!(keeper.deliver(left));
                    if let Either::Left(_) = future::select(stopped.as_mut(), told).await {
                        return Ok(ExitCode::Done);
                    }
                    continue;
                }
                if self.sleep(left.min(LONGEST_SLEEP), stopped.as_mut()).await {
                    return Ok(ExitCode::Done);
                }
                // A run by hand may have done the month meanwhile.
                if left <= LONGEST_SLEEP {
                    keeper.learn_done().await;
                }
                continue;
            }
            let code = Box::pin(keeper.run(&wake, approval())).await?;
            if self.is_stopped() {
                return Ok(code);
            }
        }
    }

    /// True when it was asked to stop.
    async fn sleep(&self, left: Duration, stopped: Pin<&mut impl Future<Output = ()>>) -> bool {
        let clock = self.clock();
        let slept = clock.sleep(left);
        matches!(future::select(stopped, slept).await, Either::Left(_)) || self.is_stopped()
    }

    /// The newest month that a run over everybody has finished, in the state; `None` while there is none.
    async fn newest_done(&self) -> Result<Option<Period>, ServiceError> {
        let mut newest = None;
        for run in self.history(RUNS).await? {
            let ended = matches!(run.status, RunStatus::Applied | RunStatus::Nothing);
            if ended
                && newest.is_none_or(|newest| run.period > newest)
                && let Some(stored) = self.history_of(&run.run_id).await?
                && is_whole(&stored.plan)
            {
                newest = Some(run.period);
            }
        }
        Ok(newest)
    }
}

/// True for a plan over all that was invoiced. One for a single client says nothing about the others; one that tries a run
/// again or takes it back has no ledger, and says nothing about the rest of its month.
pub(crate) fn is_whole(plan: &Plan) -> bool {
    plan.only().is_none() && !plan.ledger().rows().is_empty()
}

/// The state of keeping a schedule.
#[derive(Debug)]
struct Keeper<'a> {
    service: Service,
    /// The last run was refused a login or an address: the next one gets clients made anew.
    renews: bool,
    watch: &'a dyn ScheduleWatch,
    offset: Duration,
    known: Known,
    metrics: Metrics,
    /// The wake that was announced.
    announced: Option<Wake>,
    outbox: Outbox,
    /// The month that was told to be given up.
    given_up: Option<Period>,
    /// Whether it was told that the clock cannot be right.
    doubted: bool,
}

impl<'a> Keeper<'a> {
    async fn new(service: &Service, watch: &'a dyn ScheduleWatch) -> Result<Self, ServiceError> {
        let jitter = service.settings().schedule.jitter_seconds;
        let done = service.newest_done().await?;
        let begun = match service.state_to_compare().await? {
            Some(store) => has_tried(&*store).await?,
            None => false,
        };
        Ok(Self {
            service: service.clone(),
            renews: false,
            watch,
            offset: Duration::from_secs(u64::from(fastrand::u32(0..=jitter))),
            known: Known {
                since: service.clock().wall(),
                begun,
                done,
                last: None,
            },
            metrics: Metrics {
                about: service.about(),
                succeeded: service.last_success().await?,
                ..Metrics::default()
            },
            announced: None,
            outbox: Outbox::default(),
            given_up: None,
            doubted: false,
        })
    }

    /// Says once what is waited for.
    fn wait_for(&mut self, wake: &Wake) {
        if self.announced == Some(*wake) {
            return;
        }
        self.announced = Some(*wake);
        self.watch.event(&ScheduleEvent::Waiting(wake));
        self.metrics.next = Some(wake.at);
        self.publish();
    }

    fn publish(&self) {
        if let Some(trouble) = self.service.write_metrics(&self.metrics) {
            self.watch.event(&ScheduleEvent::Trouble(&trouble));
        }
    }

    /// Says once that the clock names no month: a machine may start in 1970, until it hears from a time server.
    fn doubt_the_clock(&mut self, now: SystemTime) {
        if self.doubted {
            return;
        }
        self.doubted = true;
        let date = time::utc_date(now).unwrap_or_default();
        let trouble = format!("this machine's clock says {date}: nothing is run until it is set");
        self.watch.event(&ScheduleEvent::Trouble(&trouble));
    }

    /// From the state, not from a result: what counts is what a later process would find. While the state cannot be read,
    /// what was known stays.
    async fn learn_done(&mut self) {
        match self.service.newest_done().await {
            Ok(done) => self.known.done = done,
            Err(error) => self
                .watch
                .event(&ScheduleEvent::Trouble(&error.to_string())),
        }
    }

    /// Says once that a month is not tried any more.
    fn give_up(&mut self, period: Period, next: Period) {
        if self.given_up == Some(period) {
            return;
        }
        self.given_up = Some(period);
        let notice = Notice::given_up_about(self.service.about(), period, next);
        self.watch.event(&ScheduleEvent::GivenUp(&notice));
        self.put(notice);
    }

    fn put(&mut self, notice: Notice) {
        let ways = Ways::of(&notice, &self.service.settings().notify);
        self.outbox.put(notice, ways, self.service.clock().wall());
    }

    /// Tells what is due to be told, within so much time.
    async fn deliver(&mut self, within: Duration) {
        for trouble in Box::pin(self.outbox.deliver(&self.service, within)).await {
            self.watch.event(&ScheduleEvent::Trouble(&trouble));
        }
    }

    /// Makes the clients anew, if the last run was refused a login or an address. What cannot be read now, a secret that is
    /// just being replaced, may be there the next time.
    fn renew(&mut self) {
        if !self.renews {
            return;
        }
        match self.service.renewed() {
            Ok(service) => self.service = service,
            Err(error) => self
                .watch
                .event(&ScheduleEvent::Trouble(&error.to_string())),
        }
    }

    async fn run(&mut self, wake: &Wake, approval: Approval) -> Result<ExitCode, ServiceError> {
        if let Some(period) = wake.passed_over {
            self.give_up(period, wake.period);
        }
        self.renew();
        self.watch.event(&ScheduleEvent::Starting(wake));
        let request = PlanRequest {
            period: Some(wake.period),
            ..PlanRequest::default()
        };
        let before = self.service.requests();
        let result = Box::pin(self.service.sync(&request, approval)).await;
        let at = self.service.clock().wall();
        let code = match &result {
            Ok(outcome) => outcome.exit_code(),
            Err(error) => error.exit_code(),
        };
        self.watch
            .event(&ScheduleEvent::Ended(wake, result.as_ref()));
        let mut notice = self.service.notice(result.as_ref(), Some(wake.period));
        if result.is_err() {
            notice.requests = self.service.requests().since(before);
        }
        if matches!(code, ExitCode::Done | ExitCode::Exceptions) {
            self.metrics.succeeded = Some(at);
        }
        self.metrics.last = Some((notice.clone(), at));
        // Until there is something to wait for. Should it end here, monitoring misses it after an hour.
        self.metrics.next = Some(at);
        self.publish();
        self.note(wake, code, at).await;
        self.put(notice);
        // Who asked it to stop knows.
        if !self.service.is_stopped() {
            self.deliver(LONGEST_TELLING).await;
        }
        self.renews = matches!(&result, Err(error) if error.is_refused_access());
        match result {
            Err(error) if error.is_locking_login() => Err(error),
            // Stopped before anything was written: that is what was asked for.
            Err(_) if self.service.is_stopped() => Ok(ExitCode::Done),
            _ => Ok(code),
        }
    }

    /// Keeps what the next wake depends on.
    async fn note(&mut self, wake: &Wake, code: ExitCode, at: SystemTime) {
        let failures = match self.known.last {
            Some(Attempt {
                period,
                ended: Ended::Failed(times),
                ..
            }) if period == wake.period => times,
            _ => 0,
        };
        let ended = match code {
            ExitCode::Done | ExitCode::Exceptions => Ended::Done,
            ExitCode::NotFinal => Ended::NotFinal,
            ExitCode::Guard => Ended::Stopped,
            _ => Ended::Failed(failures.saturating_add(1)),
        };
        self.known.last = Some(Attempt {
            at,
            period: wake.period,
            ended,
        });
        self.learn_done().await;
        self.announced = None;
    }
}

/// True when an earlier process has tried to bill, whether or not it came to a run. Whoever looks after the mapping first
/// leaves a state behind, too, but with decisions in its journal and no run.
async fn has_tried(store: &dyn StateStore) -> Result<bool, ServiceError> {
    if store.runs(1).await?.is_empty() {
        let bound = store.subject().await?.is_some();
        let outside = store.journal(&RunId::new("")).await?;
        let decided = |row: &JournalRow| ["decided", "chosen", "undecided"].contains(&&*row.event);
        return Ok(bound && !outside.iter().any(decided));
    }
    Ok(true)
}

impl From<TimetableError> for ServiceError {
    fn from(error: TimetableError) -> Self {
        let hint = error.hint();
        Self::new(ExitCode::Usage, error.to_string()).with_hint(hint)
    }
}
