//! Stays up and syncs by a timetable: each month once, tried again until it is final and done.

mod next;
mod timetable;

pub use next::{Attempt, Ended, Known, Wake, Why, next_wake};
pub use timetable::{Timetable, TimetableError, Upcoming};

use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::metrics::Metrics;
use crate::notify::Notice;
use crate::outcome::SyncOutcome;
use crate::service::{PlanRequest, Service};
use billing_sync::Period;
use billing_sync::plan::Approval;
use billing_sync::run::RunStatus;
use futures_util::future::{self, Either};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// Longest sleep at once: a machine that slept, or whose clock was set, is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The same trouble is told once in this time.
const TELL_AGAIN: Duration = Duration::from_secs(23 * 60 * 60);
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
    /// Somebody could not be told, or the metrics file not be written.
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
    /// When the settings cannot be used (a wrong login among them) or the timetable has come to its end. Everything else is
    /// tried again.
    pub async fn schedule(
        &self,
        table: &Timetable,
        approval: impl Fn() -> Approval,
        stopped: impl Future<Output = ()>,
        watch: &dyn ScheduleWatch,
    ) -> Result<ExitCode, ServiceError> {
        let mut stopped = std::pin::pin!(stopped);
        let mut keeper = Keeper::new(self, watch).await?;
        loop {
            let now = self.clock().wall();
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
                if self.sleep(left.min(LONGEST_SLEEP), stopped.as_mut()).await {
                    return Ok(ExitCode::Done);
                }
                // A run by hand may have done the month meanwhile.
                if left <= LONGEST_SLEEP {
                    keeper.known.done = self.newest_done().await?;
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

    /// The newest month that a run has finished, in the state; `None` while there is none.
    async fn newest_done(&self) -> Result<Option<Period>, ServiceError> {
        let runs = self.history(RUNS).await?;
        let done = runs
            .iter()
            .filter(|run| matches!(run.status, RunStatus::Applied | RunStatus::Nothing));
        Ok(done.map(|run| run.period).max())
    }
}

/// The state of keeping a schedule.
#[derive(Debug)]
struct Keeper<'a> {
    service: &'a Service,
    watch: &'a dyn ScheduleWatch,
    offset: Duration,
    known: Known,
    metrics: Metrics,
    /// The wake that was announced.
    announced: Option<Wake>,
    /// What was told last, and when.
    told: Option<(String, Option<Period>, SystemTime)>,
}

impl<'a> Keeper<'a> {
    async fn new(service: &'a Service, watch: &'a dyn ScheduleWatch) -> Result<Self, ServiceError> {
        let jitter = service.settings().schedule.jitter_seconds;
        let done = service.newest_done().await?;
        // A state that belongs to somebody was made by a try, whether or not it came to a run.
        let begun = match service.state_to_compare().await? {
            Some(store) => store.subject().await?.is_some(),
            None => false,
        };
        Ok(Self {
            service,
            watch,
            offset: Duration::from_secs(u64::from(fastrand::u32(0..=jitter))),
            known: Known {
                since: service.clock().wall(),
                begun,
                done,
                last: None,
            },
            metrics: Metrics {
                succeeded: service.last_success().await?,
                ..Metrics::default()
            },
            announced: None,
            told: None,
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

    async fn run(&mut self, wake: &Wake, approval: Approval) -> Result<ExitCode, ServiceError> {
        self.watch.event(&ScheduleEvent::Starting(wake));
        let request = PlanRequest {
            period: Some(wake.period),
            ..PlanRequest::default()
        };
        let result = Box::pin(self.service.sync(&request, approval)).await;
        let at = self.service.clock().wall();
        let code = match &result {
            Ok(outcome) => outcome.exit_code(),
            Err(error) => error.exit_code(),
        };
        self.watch
            .event(&ScheduleEvent::Ended(wake, result.as_ref()));
        let notice = Notice::of(result.as_ref(), Some(wake.period));
        // Who asked it to stop knows.
        if !self.service.is_stopped() && self.is_news(&notice, at) {
            for trouble in self.service.tell(&notice).await {
                self.watch.event(&ScheduleEvent::Trouble(&trouble));
            }
        }
        if matches!(code, ExitCode::Done | ExitCode::Exceptions) {
            self.metrics.succeeded = Some(at);
        }
        self.metrics.last = Some((notice, at));
        self.metrics.next = None;
        self.publish();
        self.note(wake, code, at).await?;
        match result {
            Err(error) if code == ExitCode::Usage => Err(error),
            // Stopped before anything was written: that is what was asked for.
            Err(_) if self.service.is_stopped() => Ok(ExitCode::Done),
            _ => Ok(code),
        }
    }

    /// Keeps what the next wake depends on.
    async fn note(
        &mut self,
        wake: &Wake,
        code: ExitCode,
        at: SystemTime,
    ) -> Result<(), ServiceError> {
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
        // From the state, not from the result: what counts is what a later process would find.
        self.known.done = self.service.newest_done().await?;
        self.announced = None;
        Ok(())
    }

    /// The same trouble is not told with every try.
    fn is_news(&mut self, notice: &Notice, at: SystemTime) -> bool {
        let same = self.told.as_ref().is_some_and(|(status, period, told)| {
            *status == notice.status
                && *period == notice.period
                && at.duration_since(*told).unwrap_or_default() < TELL_AGAIN
        });
        if !same {
            self.told = Some((notice.status.clone(), notice.period, at));
        }
        !same
    }
}

impl From<TimetableError> for ServiceError {
    fn from(error: TimetableError) -> Self {
        let hint = error.hint();
        Self::new(ExitCode::Usage, error.to_string()).with_hint(hint)
    }
}
