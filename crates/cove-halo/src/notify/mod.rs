//! Tells people about a run: a webhook, one ticket in HaloPSA, an e-mail. Telling never changes what the run was.

#[cfg(feature = "email")]
mod mail;
mod notice;
mod ticket;
mod webhook;

pub use notice::{Example, Notice, NoticeGroup};
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
use crate::metrics::Metrics;
use crate::outcome::SyncOutcome;
use crate::service::Service;
use crate::settings::NotifyWhen;
use billing_sync::Period;

/// How the ticket and the e-mail begin.
const SUBJECT: &str = "Cove usage sync";

impl Service {
    /// Tells whoever the settings name, if they want to know. Returns what could not be told and why, a line each; the
    /// others are told all the same.
    pub async fn tell(&self, notice: &Notice) -> Vec<String> {
        let settings = &self.settings().notify;
        if settings.when == NotifyWhen::Needed && !notice.needs_person() {
            return Vec::new();
        }
        let mut problems = Vec::new();
        if !settings.webhook.is_empty() {
            let body = webhook_body(notice, settings.webhook_shape, settings.names);
            let sent = webhook::send(&settings.webhook, &body, self.transport(), self.clock());
            if let Err(why) = Box::pin(sent).await {
                problems.push(format!("the webhook was not told: {why}"));
            }
        }
        if settings.ticket {
            let written = ticket::write(
                self.halo().client(),
                notice,
                settings.ticket_client,
                settings.ticket_type,
            );
            if let Err(why) = Box::pin(written).await {
                problems.push(format!("the ticket was not written: {why}"));
            }
        }
        #[cfg(feature = "email")]
        if !settings.smtp_host.is_empty() {
            let at = self.clock().wall();
            let sent = mail::send(settings, self.smtp_password(), notice, at);
            if let Err(why) = Box::pin(sent).await {
                problems.push(format!("the e-mail was not sent: {why}"));
            }
        }
        problems
    }

    /// What follows an unattended run: people are told how it ended, and monitoring. Returns what went wrong with that, a
    /// line each; it never changes what the run was.
    pub async fn announce(
        &self,
        result: Result<&SyncOutcome, &ServiceError>,
        period: Option<Period>,
    ) -> Vec<String> {
        let notice = Notice::of(result, period);
        let at = self.clock().wall();
        // Who asked it to stop knows.
        let mut problems = if self.is_stopped() {
            Vec::new()
        } else {
            self.tell(&notice).await
        };
        let metrics = Metrics {
            // A state that cannot be read is what the run failed with already.
            succeeded: self.last_success().await.unwrap_or_default(),
            last: Some((notice, at)),
            next: None,
        };
        problems.extend(self.write_metrics(&metrics));
        problems
    }
}
