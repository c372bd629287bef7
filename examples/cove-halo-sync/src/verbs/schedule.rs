//! `schedule`: stays up and syncs each month when it is due.

use crate::app::{App, approval};
use crate::failure::Failure;
use crate::globals::Format;
use crate::progress::Progress;
use crate::view;
use cove_halo::{
    ExitCode, Notice, ScheduleEvent, ScheduleWatch, ServiceError, Settings, Timetable, Wake,
};
use std::sync::Arc;

/// Runs that are shown before the wait begins.
const SHOWN: usize = 3;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each month is synced once, as `sync --yes` does it: a month that is not final is tried again daily until it is, then it
is quiet until the next. A failure is tried again after a growing pause, at most a day. A run that was missed while the
process was down or the machine asleep is caught up once. Guards stop it as ever. SIGTERM ends it between batches.
It stays up for one pair of the settings: where there are several, start one with --pair NAME for each.

Examples:
  cove-halo-sync schedule
  cove-halo-sync schedule --cron '30 6 5-20 * *' --timezone Europe/Berlin
  cove-halo-sync schedule --next 12")]
pub(crate) struct Args {
    /// Minute, hour, day of month, month, day of week [default: as in the settings]
    #[arg(long, value_name = "EXPR")]
    cron: Option<String>,
    /// IANA time zone the expression is read in [default: as in the settings]
    #[arg(long, value_name = "TZ")]
    timezone: Option<String>,
    /// Show that many runs to come and end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    next: Option<u16>,
}

impl Args {
    /// Whether it is for all pairs where there are some: staying up is for one.
    pub(crate) fn is_for_all(&self) -> bool {
        self.next.is_some()
    }

    fn change(&self, settings: &mut Settings) {
        if let Some(cron) = &self.cron {
            settings.schedule.cron.clone_from(cron);
        }
        if let Some(timezone) = &self.timezone {
            settings.schedule.timezone.clone_from(timezone);
        }
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let service = if args.next.is_some() {
        app.offline_service_with(|settings| args.change(settings))?
    } else {
        app.service_or_tell(None, |settings| args.change(settings))
            .await?
    };
    let table = service.timetable()?;
    let upcoming = service.upcoming(&table, args.next.map_or(SHOWN, usize::from));
    let schedule = &service.settings().schedule;
    match app.out.format() {
        Format::Table => {
            let page = view::schedule::page(schedule, &upcoming, app.out.look());
            app.out.result(&page)?;
        }
        Format::Json => {
            let document = view::schedule::document(schedule, &upcoming);
            app.out.document(&document)?;
        }
        Format::Csv => app.out.result(&view::schedule::rows(&upcoming)?)?,
    }
    if args.next.is_some() {
        return Ok(ExitCode::Done);
    }
    let log = Log {
        progress: app.progress(),
        table: table.clone(),
        quiet: app.is_quiet(),
    };
    let stopped = app.signals.clone();
    let approve = || approval("schedule", &[]);
    let kept = service.schedule(&table, approve, stopped.reached(1), &log);
    let code = Box::pin(kept).await?;
    app.clear_progress();
    Ok(code)
}

/// Says on stderr what happens.
#[derive(Debug)]
struct Log {
    progress: Arc<Progress>,
    table: Timetable,
    quiet: bool,
}

impl Log {
    fn remark(&self, text: &str) {
        if !self.quiet {
            self.progress.say(text);
        }
    }
}

impl ScheduleWatch for Log {
    fn event(&self, event: &ScheduleEvent<'_>) {
        match event {
            ScheduleEvent::Waiting(wake) => self.remark(&waiting(&self.table, wake)),
            ScheduleEvent::Starting(wake) => {
                self.remark(&format!("{}: starts, {}", wake.period, wake.why.words()));
            }
            ScheduleEvent::Ended(wake, result) => {
                self.progress.clear();
                let notice = Notice::of(*result, Some(wake.period));
                self.remark(&crate::text::plain(&notice.headline()));
                if let Some(hint) = result.err().and_then(ServiceError::hint) {
                    self.remark(&format!("hint: {}", crate::text::plain(hint)));
                }
            }
            ScheduleEvent::GivenUp(notice) => {
                let headline = notice.headline();
                let what = crate::text::plain(&headline);
                self.progress.say(&format!("warning: {what}"));
                for to_do in &notice.to_do {
                    self.remark(&format!("hint: {}", crate::text::plain(to_do)));
                }
            }
            ScheduleEvent::Trouble(what) => {
                let what = crate::text::plain(what);
                self.progress.say(&format!("warning: {what}"));
            }
            _ => {}
        }
    }
}

fn waiting(table: &Timetable, wake: &Wake) -> String {
    format!(
        "{}: waiting until {}, {}",
        wake.period,
        table.local(wake.at),
        wake.why.words()
    )
}
