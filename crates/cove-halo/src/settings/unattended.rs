//! Settings of unattended use: when a run starts, who is told, and what monitoring reads.

use super::Settings;
use super::problem::{Problem, problem};
use crate::schedule::Timetable;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Longest jitter: a day, so that a run never slips into the next occurrence of a daily schedule.
const MAX_JITTER: u32 = 86_400;

/// `[schedule]`: when an unattended run starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleSettings {
    /// Cron expression with five fields: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA time zone the expression is read in.
    pub timezone: String,
    /// Each process starts its runs later by a fixed time of up to so many seconds, picked when it begins.
    pub jitter_seconds: u32,
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        Self {
            cron: "0 6 6 * *".to_owned(),
            timezone: "Europe/London".to_owned(),
            jitter_seconds: 0,
        }
    }
}

/// `[notify]`: who is told about a run. The webhook's address opens it, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifySettings {
    /// Whether to tell about every run, or only when a person is needed.
    pub when: NotifyWhen,
    /// Address that gets a note about the run; empty for none.
    pub webhook: String,
    /// What the webhook understands.
    pub webhook_shape: WebhookShape,
    /// Customers' names go out in webhooks and e-mails. Without it only their ids do.
    pub names: bool,
    /// One ticket in HaloPSA holds what needs a person; it is updated as long as it is open.
    pub ticket: bool,
    /// The client the ticket is for, usually the MSP itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_client: Option<i64>,
    /// The ticket's type, as HaloPSA numbers them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_type: Option<i64>,
    /// Mail server; empty for no e-mail.
    pub smtp_host: String,
    /// Its port. 465 is TLS from the first byte, any other upgrades with STARTTLS; only this machine is spoken to in plain.
    pub smtp_port: u16,
    /// User name, if the server wants one; the password is `SMTP_PASSWORD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_user: Option<String>,
    /// Sender of the e-mail.
    pub from: String,
    /// Its receivers.
    pub to: Vec<String>,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            when: NotifyWhen::Needed,
            webhook: String::new(),
            webhook_shape: WebhookShape::Json,
            names: false,
            ticket: false,
            ticket_client: None,
            ticket_type: None,
            smtp_host: String::new(),
            smtp_port: 587,
            smtp_user: None,
            from: String::new(),
            to: Vec::new(),
        }
    }
}

impl fmt::Debug for NotifySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            when,
            webhook,
            webhook_shape,
            names,
            ticket,
            ticket_client,
            ticket_type,
            smtp_host,
            smtp_port,
            smtp_user,
            from,
            to,
        } = self;
        let webhook = if webhook.is_empty() { "" } else { "[redacted]" };
        f.debug_struct("NotifySettings")
            .field("when", when)
            .field("webhook", &webhook)
            .field("webhook_shape", webhook_shape)
            .field("names", names)
            .field("ticket", ticket)
            .field("ticket_client", ticket_client)
            .field("ticket_type", ticket_type)
            .field("smtp_host", smtp_host)
            .field("smtp_port", smtp_port)
            .field("smtp_user", smtp_user)
            .field("from", from)
            .field("to", to)
            .finish()
    }
}

/// When to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyWhen {
    /// Only when a person is needed: exceptions, a guard, a failure.
    Needed,
    /// After every run.
    Always,
}

/// What a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookShape {
    /// The note as a JSON document.
    Json,
    /// A message with an adaptive card, as Microsoft Teams workflows take it.
    Teams,
    /// A text, as Slack's incoming webhooks take it.
    Slack,
}

/// `[metrics]`: what monitoring reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSettings {
    /// OpenMetrics text file, replaced whole after every run; empty for none.
    pub file: PathBuf,
}

impl Settings {
    pub(super) fn tidy_unattended(&mut self) {
        let notify = &mut self.notify;
        for text in [
            &mut self.schedule.cron,
            &mut self.schedule.timezone,
            &mut notify.webhook,
            &mut notify.smtp_host,
            &mut notify.from,
        ]
        .into_iter()
        .chain(&mut notify.to)
        {
            *text = text.trim().to_owned();
        }
        notify.smtp_user = notify
            .smtp_user
            .take()
            .map(|user| user.trim().to_owned())
            .filter(|user| !user.is_empty());
    }

    pub(super) fn check_unattended(&self) -> Result<(), Problem> {
        let schedule = &self.schedule;
        for (key, value) in [
            ("schedule.cron", &schedule.cron),
            ("schedule.timezone", &schedule.timezone),
        ] {
            if value.is_empty() {
                return Err(problem(
                    key,
                    "it is empty",
                    "leave the key out for the default",
                ));
            }
        }
        Timetable::new(&schedule.cron, &schedule.timezone).map_err(|error| Problem {
            path: format!("schedule.{}", error.key()),
            message: error.to_string(),
            hint: Some(error.hint().to_owned()),
        })?;
        if schedule.jitter_seconds > MAX_JITTER {
            return Err(problem(
                "schedule.jitter_seconds",
                format!("{} is more than a day", schedule.jitter_seconds),
                format!("give a number from 0 to {MAX_JITTER}"),
            ));
        }
        self.check_notify()
    }

    fn check_notify(&self) -> Result<(), Problem> {
        let notify = &self.notify;
        if !notify.webhook.is_empty() {
            crate::notify::webhook_address(&notify.webhook).map_err(|why| {
                problem(
                    "notify.webhook",
                    why,
                    "write it as https://host/path; plain http is only for this machine",
                )
            })?;
        }
        if notify.ticket && notify.ticket_client.is_none() {
            return Err(problem(
                "notify.ticket",
                "a ticket needs a client, and ticket_client is not set",
                "set ticket_client to the id of the client the ticket is for, usually your own",
            ));
        }
        for (key, value) in [
            ("notify.ticket_client", notify.ticket_client),
            ("notify.ticket_type", notify.ticket_type),
        ] {
            if value.is_some_and(|id| id < 1) {
                return Err(problem(
                    key,
                    "an id is 1 or more",
                    "take the id that HaloPSA shows, or leave the key out",
                ));
            }
        }
        if notify.smtp_host.is_empty() {
            if !notify.from.is_empty() || !notify.to.is_empty() || notify.smtp_user.is_some() {
                return Err(problem(
                    "notify.smtp_host",
                    "an e-mail needs a mail server, and smtp_host is not set",
                    "set smtp_host, or leave from, to and smtp_user out",
                ));
            }
            return Ok(());
        }
        if notify.smtp_port == 0 {
            return Err(problem(
                "notify.smtp_port",
                "0 is not a port",
                "the usual ones are 587 and 465",
            ));
        }
        if notify.to.is_empty() {
            return Err(problem(
                "notify.to",
                "an e-mail needs a receiver",
                "set to = [\"billing@example.com\"]",
            ));
        }
        let senders = [("notify.from", &notify.from)];
        let receivers = notify.to.iter().map(|to| ("notify.to", to));
        for (key, address) in senders.into_iter().chain(receivers) {
            crate::notify::check_mail_address(address).map_err(|why| {
                problem(
                    key,
                    format!("`{address}` {why}"),
                    "write it as name@example.com or \"Name <name@example.com>\"",
                )
            })?;
        }
        Ok(())
    }
}
