//! `doctor`: what would get in the way of a run, found before one. Reads only, and goes on after a problem.

mod records;
mod rights;

use super::Service;
use super::source::Probe;
use crate::error::ServiceError;
use crate::settings::{Audience, MatchKey};
use crate::time;
use api_core::wire::Guarded;
use billing_sync::ids::ContractId;
use billing_sync::ports::TargetReader;
use billing_sync::target::TargetSnapshot;
use cove_api::billing::{Invoice, TimeFrame};
use halopsa_api::{FieldOwner, Grant};
use records::{check_claims, check_field, check_subscriptions};
use rights::{check_addresses, check_rights};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// A clock that differs more than this makes tokens and cut-over days wrong.
const MAX_SKEW: Duration = Duration::from_secs(120);

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// What was found, in one line.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a checked thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Works, but wants a look.
    Warning,
    /// Does not work.
    Problem,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    fn warning(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Warning,
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }

    fn problem(name: &'static str, error: &ServiceError) -> Self {
        Self {
            name,
            state: CheckState::Problem,
            detail: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
        }
    }

    fn skipped(name: &'static str, because: &str) -> Self {
        Self {
            name,
            state: CheckState::Warning,
            detail: format!("not checked, because {because}"),
            hint: None,
        }
    }
}

impl Service {
    /// Checks settings, credentials, scopes, custom field, duplicates, clock and state. Never writes, and goes on after a
    /// problem.
    pub async fn doctor(&self) -> Vec<Check> {
        let mut checks = vec![self.check_settings(), check_addresses(&self.inner.settings)];
        checks.extend(self.check_source().await);
        checks.extend(self.check_halo().await);
        checks.push(self.check_state().await);
        checks
    }

    fn check_settings(&self) -> Check {
        let settings = &self.inner.settings;
        let contracts = match settings.cove.contract_ids.as_slice() {
            [] => "every contract".to_owned(),
            [one] => format!("contract {one}"),
            many => format!("{} contracts", many.len()),
        };
        Check::ok(
            "settings",
            format!(
                "{}, {contracts}, {} rules, {}",
                self.account(),
                settings.rules.len(),
                settings.halo.base_url
            ),
        )
    }

    async fn check_source(&self) -> Vec<Check> {
        let month = time::last_month(self.inner.clock.wall())
            .and_then(|period| Some((period, TimeFrame::try_from(period.number()).ok()?)));
        let name = match &self.inner.source.probe {
            Probe::Billing(_) => "N-able login",
            Probe::Live(_) => "Cove login",
            Probe::Files => "EFiles",
            Probe::Table => "usage file",
            Probe::Given => "usage",
        };
        let Some((period, month)) = month else {
            return vec![Check::skipped(name, "the clock does not tell the month")];
        };
        match &self.inner.source.probe {
            Probe::Billing(client) if self.inner.settings.cove.audience == Audience::Direct => {
                match client.invoices_ready(month).await {
                    Ok(invoices) => {
                        let detail = format!("{} invoices for {month}", invoices.len());
                        let mut checks = vec![Check::ok(name, detail)];
                        checks.extend(self.check_invoices(month, &invoices));
                        checks
                    }
                    Err(error) => vec![Check::problem(name, &error.into())],
                }
            }
            Probe::Live(client) => vec![match client.login().await {
                Ok(user) => {
                    let id = user
                        .partner_id
                        .map_or_else(String::new, |id| format!(" ({id})"));
                    let partner = self.inner.settings.cove.partner.as_deref();
                    let detail = format!("sees {}{id}", partner.unwrap_or_default());
                    Check::warning(
                        name,
                        detail,
                        "live counts are never final, only the invoice is",
                    )
                }
                Err(error) => Check::problem(name, &error.into()),
            }],
            Probe::Billing(_) | Probe::Files | Probe::Table | Probe::Given => {
                vec![match self.inner.source.usage.fetch(period).await {
                    Ok(usage) => Check::ok(
                        name,
                        format!("{} usage lines in {period}", usage.lines.len()),
                    ),
                    Err(error) => Check::problem(name, &error.into()),
                }]
            }
        }
    }

    fn check_invoices(&self, month: TimeFrame, invoices: &[Guarded<Invoice>]) -> Vec<Check> {
        let good: Vec<&Invoice> = invoices.iter().filter_map(Guarded::good).collect();
        let open = good.iter().filter(|invoice| !invoice.is_final()).count();
        let mut checks = vec![if invoices.is_empty() {
            Check::warning(
                "invoices",
                format!("there is no invoice for {month}"),
                "invoices are usually final about the 4th of the next month",
            )
        } else if open > 0 || good.len() < invoices.len() {
            Check::warning(
                "invoices",
                format!(
                    "{open} of {} invoices are not closed and approved, {} cannot be read",
                    invoices.len(),
                    invoices.len() - good.len()
                ),
                "a month is applied only when it is final",
            )
        } else {
            Check::ok(
                "invoices",
                format!("all of {month} are closed and approved"),
            )
        }];
        let named: BTreeSet<ContractId> = good
            .iter()
            .flat_map(|invoice| &invoice.contracts)
            .map(|contract| ContractId::new(contract.contract_id.as_str()))
            .collect();
        let missing: Vec<&str> = self
            .inner
            .settings
            .cove
            .contract_ids
            .iter()
            .filter(|id| !named.contains(&ContractId::new(id)))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() && !invoices.is_empty() {
            checks.push(Check::warning(
                "contracts",
                format!(
                    "no invoice of {month} names contract {}",
                    missing.join(", ")
                ),
                "contract_ids holds contract ids, not the contract numbers of the portal",
            ));
        }
        checks
    }

    async fn check_halo(&self) -> Vec<Check> {
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
        checks.push(self.check_clock().await);
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
        let scopes = grant.scopes.join(" ");
        let mut checks = vec![Check::ok(
            "HaloPSA login",
            format!("granted scopes: {scopes}"),
        )];
        let asked = &self.inner.settings.halo.scopes;
        let missing: Vec<&str> = asked
            .iter()
            .filter(|scope| !grant.scopes.contains(*scope))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            checks.push(Check::warning(
                "scopes",
                format!("asked for but not granted: {}", missing.join(" ")),
                "tick them at the API application in HaloPSA, under Permissions",
            ));
        }
        let matches_by_field = self.inner.settings.matching.key == MatchKey::ClientId;
        checks.push(check_rights(&grant.scopes, matches_by_field));
        checks
    }

    async fn check_clock(&self) -> Check {
        const NAME: &str = "clock";
        let call = api_core::Call::get("GET authinfo", &["api", "authinfo"]).anonymous();
        let reply = match self.inner.halo.client().request(call).await {
            Ok(reply) => reply,
            Err(error) => return Check::problem(NAME, &error.into()),
        };
        let date = reply
            .headers
            .get("date")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
            .map(|date| std::time::SystemTime::from(date.timestamp()));
        let Some(theirs) = date else {
            return Check::skipped(NAME, "the server does not tell its time");
        };
        let ours = self.inner.clock.wall();
        let skew = ours
            .duration_since(theirs)
            .unwrap_or_else(|earlier| earlier.duration());
        if skew > MAX_SKEW {
            Check::warning(
                NAME,
                format!("differs from the server's by {} s", skew.as_secs()),
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

    async fn check_state(&self) -> Check {
        const NAME: &str = "state";
        let path = self.inner.stores.path().display();
        let store = match self.state_to_compare().await {
            Ok(Some(store)) => store,
            Ok(None) => return check_place(NAME, self.inner.stores.path()),
            Err(error) => return Check::problem(NAME, &error),
        };
        let rows = match store.check_journal().await {
            Ok(rows) => rows,
            Err(error) => return Check::problem(NAME, &error.into()),
        };
        match store.unfinished_run().await {
            Ok(Some(run)) => Check::warning(
                NAME,
                format!(
                    "run {} is unfinished ({})",
                    run.summary.run_id,
                    run.summary.status.word()
                ),
                if run.report().goes_on() {
                    "`resume` goes on with it"
                } else {
                    "its failed changes cannot go again as planned: `sync` plans them anew, `retry` those alone"
                },
            ),
            Ok(None) => Check::ok(NAME, format!("{path}, {rows} journal rows, untouched")),
            Err(error) => Check::problem(NAME, &error.into()),
        }
    }
}

/// Whether a state file can be made there, as far as looking tells.
fn check_place(name: &'static str, path: &Path) -> Check {
    let shown = path.display();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Check {
            name,
            state: CheckState::Problem,
            detail: format!(
                "{shown} cannot be made: there is no folder {}",
                folder.display()
            ),
            hint: Some("make the folder, or name another file with [state] path".to_owned()),
        },
        _ => Check::ok(name, format!("{shown} will be made by the first run")),
    }
}
