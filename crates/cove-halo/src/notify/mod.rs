//! Tells people about a run: a webhook, one ticket in HaloPSA, an e-mail. Telling never changes what the run was.

mod about;
mod group;
#[cfg(feature = "email")]
mod mail;
mod notice;
mod ticket;
mod webhook;

pub use about::About;
pub use group::{Example, NoticeGroup};
pub use notice::Notice;
pub(crate) use webhook::address as webhook_address;
pub use webhook::webhook_body;

#[cfg(feature = "email")]
pub(crate) use mail::check_address as check_mail_address;

/// Without the feature `email` nothing can be sent, so no address is usable.
#[cfg(not(feature = "email"))]
pub(crate) fn check_mail_address(_address: &str) -> Result<(), String> {
    Err("cannot be written to: this program was built without e-mail".to_owned())
}

use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::metrics::Metrics;
use crate::outcome::SyncOutcome;
use crate::service::{PlanRequest, Service};
use crate::settings::{Audience, CoveSource, NotifySettings, NotifyWhen, Settings};
use api_core::{Clock as _, SystemClock};
use billing_sync::Period;
use futures_util::future::{self, Either};
use std::pin::pin;
use std::time::Duration;

/// How long telling may take in all, whoever is slow.
pub(crate) const LONGEST_TELLING: Duration = Duration::from_secs(10 * 60);
/// How often it is looked whether somebody asked to stop.
const LOOK: Duration = Duration::from_millis(100);

/// The ways that a note still has to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ways {
    webhook: bool,
    ticket: bool,
    email: bool,
}

impl Ways {
    /// The ways that the settings name, if whoever is there wants to know.
    pub(crate) fn of(notice: &Notice, settings: &NotifySettings) -> Self {
        if settings.when == NotifyWhen::Needed && !notice.needs_person() {
            return Self::default();
        }
        Self {
            webhook: !settings.webhook.is_empty(),
            ticket: settings.ticket,
            email: cfg!(feature = "email") && !settings.smtp_host.is_empty(),
        }
    }

    /// True when nobody is left to be told.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Service {
    /// Whose usage it bills, and where: with this a note and a number can be told from those of other pairs.
    pub fn about(&self) -> About {
        let usage = &self.settings().usage;
        About {
            vendor: if usage.is_set() {
                usage.vendor.clone()
            } else {
                String::new()
            },
            pair: self.pair().cloned(),
            subject: self.subject(),
        }
    }

    /// Tells whoever the settings name, if they want to know. Returns what could not be told and why, a line each; the
    /// others are told all the same. Ends in time, whoever is silent, and when the service is asked to stop.
    pub async fn tell(&self, notice: &Notice) -> Vec<String> {
        let mut ways = Ways::of(notice, &self.settings().notify);
        self.tell_by(notice, &mut ways, LONGEST_TELLING).await
    }

    /// Tells by these ways, at once, within so much time. What is left in `ways` was not told.
    pub(crate) async fn tell_by(
        &self,
        notice: &Notice,
        ways: &mut Ways,
        limit: Duration,
    ) -> Vec<String> {
        let Ways {
            webhook,
            ticket,
            email,
        } = ways;
        let ended = {
            let all = future::join3(
                Box::pin(self.tell_webhook(notice, webhook)),
                Box::pin(self.tell_ticket(notice, ticket)),
                Box::pin(self.tell_email(notice, email)),
            );
            let stopping = pin!(self.stopping());
            let over = future::select(stopping, SystemClock.sleep(limit));
            match future::select(all, over).await {
                Either::Left(((webhook, ticket, email), _)) => Ok([webhook, ticket, email]),
                Either::Right((Either::Left(_), _)) => Err("it was asked to stop"),
                Either::Right((Either::Right(_), _)) => Err("it took too long"),
            }
        };
        match ended {
            Ok(troubles) => troubles.into_iter().flatten().collect(),
            Err(_) if ways.is_empty() => Vec::new(),
            Err(why) => vec![format!("not everybody was told: {why}")],
        }
    }

    async fn tell_webhook(&self, notice: &Notice, open: &mut bool) -> Option<String> {
        if !*open {
            return None;
        }
        let settings = &self.settings().notify;
        let body = webhook_body(notice, settings.webhook_shape, settings.names);
        let sent = webhook::send(&settings.webhook, &body, self.transport(), self.clock()).await;
        trouble(sent, open, "the webhook was not told")
    }

    async fn tell_ticket(&self, notice: &Notice, open: &mut bool) -> Option<String> {
        if !*open {
            return None;
        }
        let NotifySettings {
            ticket_client,
            ticket_type,
            ..
        } = self.settings().notify;
        let halo = self.halo().client();
        let written = ticket::write(halo, notice, ticket_client, ticket_type).await;
        trouble(written, open, "the ticket was not written")
    }

    #[cfg(feature = "email")]
    async fn tell_email(&self, notice: &Notice, open: &mut bool) -> Option<String> {
        if !*open {
            return None;
        }
        let at = self.clock().wall();
        let settings = &self.settings().notify;
        let sent = mail::send(settings, self.smtp_password(), notice, at).await;
        trouble(sent, open, "the e-mail was not sent")
    }

    #[cfg(not(feature = "email"))]
    async fn tell_email(&self, _: &Notice, _: &mut bool) -> Option<String> {
        None
    }

    /// Ends once somebody asked to stop.
    async fn stopping(&self) {
        while !self.is_stopped() {
            SystemClock.sleep(LOOK).await;
        }
    }

    /// The note about how a sync ended, as of now: a month that is not final needs a person once it is late, by the
    /// schedule's zone.
    pub(crate) fn notice(
        &self,
        result: Result<&SyncOutcome, &ServiceError>,
        period: Option<Period>,
    ) -> Notice {
        let mut notice = Notice::of_about(self.about(), result, period);
        if let (Some(period), Ok(table)) = (notice.period, self.timetable()) {
            let day = calendar_day(self.settings());
            notice.late = notice.exit == ExitCode::NotFinal
                && table.is_late(period, day, self.clock().wall());
        }
        notice
    }

    /// What follows an unattended run: monitoring is told how it ended, and people. Returns what went wrong with that, a
    /// line each; it never changes what the run was.
    ///
    /// `period` is the month the run was for; `None` for the one that is billed by default. The requests of a run that
    /// failed are those since the service was built.
    pub async fn announce(
        &self,
        result: Result<&SyncOutcome, &ServiceError>,
        period: Option<Period>,
    ) -> Vec<String> {
        let period = period.or_else(|| self.period_of(&PlanRequest::default()).ok());
        let mut notice = self.notice(result, period);
        if result.is_err() {
            notice.requests = self.requests();
        }
        let metrics = Metrics {
            about: self.about(),
            // A state that cannot be read is what the run failed with already.
            succeeded: self.last_success().await.unwrap_or_default(),
            last: Some((notice.clone(), self.clock().wall())),
            next: None,
        };
        // First, because it is quick: whoever is slow to be told must not keep monitoring in the dark.
        let unwritten = self.write_metrics(&metrics);
        // Who asked it to stop knows.
        let mut troubles = if self.is_stopped() {
            Vec::new()
        } else {
            self.tell(&notice).await
        };
        troubles.extend(unwritten);
        troubles
    }
}

/// What went wrong with a way of telling; a way that was gone is closed.
fn trouble(told: Result<(), String>, open: &mut bool, what: &str) -> Option<String> {
    match told {
        Ok(()) => {
            *open = false;
            None
        }
        Err(why) => Some(format!("{what}: {why}")),
    }
}

/// The day of the next month from which the settings call a month final; 0 where it is not the calendar that says so.
fn calendar_day(settings: &Settings) -> u8 {
    let Settings { cove, usage, .. } = settings;
    if usage.is_set() {
        return usage.final_from_day.unwrap_or(0);
    }
    match (cove.source, cove.audience) {
        (CoveSource::BillingApi, Audience::Indirect) => cove.cutover_day,
        _ => 0,
    }
}
