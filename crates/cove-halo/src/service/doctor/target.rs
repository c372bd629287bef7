//! What `doctor` finds in HaloPSA: login and scopes, clock, custom field, records, and how many requests reading takes.

use super::records::{check_claims, check_field, check_subscriptions};
use super::rights::{allows, check_login, check_rights};
use super::{Check, Service};
use crate::settings::MatchKey;
use billing_sync::ports::TargetReader;
use billing_sync::target::TargetSnapshot;
use halopsa_api::{FieldOwner, Grant};
use std::time::Duration;

/// A clock that differs more than this makes tokens and cut-over days wrong.
const MAX_SKEW: Duration = Duration::from_secs(120);

impl Service {
    pub(super) async fn check_halo(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        match self.inner.halo.client().connect().await {
            Ok(grant) => checks.extend(self.check_grant(&grant)),
            Err(error) => {
                checks.push(Check::problem("HaloPSA login", &error.into()));
                for name in ["custom field", "clients", "subscriptions"] {
                    checks.push(Check::skipped(name, "the login failed"));
                }
                return checks;
            }
        }
        let read = self.check_records().await;
        checks.push(self.check_clock());
        checks.extend(read);
        checks
    }

    /// What is read with the login: the custom field and the records.
    async fn check_records(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if self.inner.settings.matching.key == MatchKey::ClientId {
            let name = &self.inner.settings.halo.customer_field;
            let found = self
                .inner
                .halo
                .client()
                .resolve_custom_field(FieldOwner::Client, name)
                .await;
            match found {
                Ok(field) => checks.push(check_field(&field)),
                Err(error) => {
                    let check = Check::problem("custom field", &error.into());
                    checks.push(self.on_another_level(check).await);
                    for name in ["clients", "subscriptions"] {
                        checks.push(Check::skipped(name, "the custom field was not found"));
                    }
                    return checks;
                }
            }
        }
        let before = self.inner.halo.requests_sent();
        match self.inner.halo.snapshot().await {
            Ok(target) => {
                checks.extend(self.check_target(&target));
                let spent = self.inner.halo.requests_sent().saturating_sub(before);
                checks.push(self.check_budget(spent));
            }
            Err(error) => checks.push(Check::problem("clients", &error.into())),
        }
        checks
    }

    /// A field that is missing for customers may be there on another level, where it is of no use.
    async fn on_another_level(&self, mut check: Check) -> Check {
        let name = &self.inner.settings.halo.customer_field;
        for (owner, level) in [
            (FieldOwner::Site, "sites"),
            (FieldOwner::Ticket, "tickets"),
            (FieldOwner::Asset, "assets"),
        ] {
            let fields = self.inner.halo.client().custom_fields(owner).await;
            if fields.is_ok_and(|fields| fields.iter().any(|field| field.is_named(name))) {
                let hint = check.hint.unwrap_or_default();
                check.hint = Some(format!(
                    "a field of this name belongs to {level}; it has to be on the level of the customer: {hint}"
                ));
                break;
            }
        }
        check
    }

    fn check_grant(&self, grant: &Grant) -> Vec<Check> {
        let mut checks = vec![check_login(grant)];
        let asked = &self.inner.settings.halo.scopes;
        let missing: Vec<&str> = asked
            .iter()
            .filter(|scope| !allows(&grant.scopes, scope))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            checks.push(Check::warning(
                "scopes",
                format!("asked for but not granted: {}", missing.join(" ")),
                "tick them at the API application in HaloPSA, under Permissions",
            ));
        }
        checks.push(check_rights(&grant.scopes, &self.inner.settings));
        checks
    }

    fn check_clock(&self) -> Check {
        const NAME: &str = "clock";
        // Any answer tells the time, and not every server has a page that answers to everybody.
        let Some(ahead) = self.inner.halo.client().exchange().clock_ahead() else {
            return Check::skipped(NAME, "the server does not tell its time");
        };
        let skew = ahead.unsigned_abs();
        if skew > MAX_SKEW.as_secs() {
            Check::warning(
                NAME,
                format!("differs from the server's by {skew} s"),
                "set this machine's clock by a time server",
            )
        } else {
            Check::ok(NAME, "agrees with the server's")
        }
    }

    fn check_target(&self, target: &TargetSnapshot) -> Vec<Check> {
        let mut checks = Vec::new();
        if self.inner.settings.matching.key == MatchKey::ClientId {
            checks.push(check_claims(target, &self.inner.rules));
        } else {
            checks.push(Check::ok(
                "clients",
                format!(
                    "{} clients, matched by customer reference",
                    target.clients().len()
                ),
            ));
        }
        checks.push(check_subscriptions(target));
        if let Some(first) = target.unreadable().first() {
            checks.push(Check::warning(
                "records",
                format!(
                    "{} records cannot be read; {}",
                    target.unreadable().len(),
                    first.detail
                ),
                "correct them in HaloPSA: each holds up its client",
            ));
        }
        checks
    }

    fn check_budget(&self, spent: u64) -> Check {
        let halo = &self.inner.settings.halo;
        let detail = format!(
            "reading takes {spent} of {} requests per {} s",
            halo.requests_per_window, halo.window_seconds
        );
        if spent > u64::from(halo.requests_per_window) {
            Check::warning(
                "request budget",
                detail,
                "it will take longer than one window; customer_lookup = \"sql\" needs fewer requests",
            )
        } else {
            Check::ok("request budget", detail)
        }
    }
}
