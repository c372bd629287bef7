//! What `doctor` finds at the vendor: the login, and the invoices of the month.

use super::{Check, Service};
use crate::service::source::Probe;
use crate::settings::Audience;
use crate::time;
use api_core::wire::Guarded;
use billing_sync::ids::ContractId;
use cove_api::billing::{Invoice, TimeFrame};
use std::collections::BTreeSet;

impl Service {
    pub(super) async fn check_source(&self) -> Vec<Check> {
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
}
