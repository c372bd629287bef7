//! Reads what the last mile is judged by, in few requests: the licences, the recurring invoices with their lines.

use super::{LintInput, LintOutcome, LintSubscription, UnreadableInvoice, lint};
use crate::error::ServiceError;
use crate::outcome::RequestCounts;
use crate::service::{PlanRequest, Service};
use api_core::wire::Guarded;
use billing_sync::Memory;
use billing_sync::ids::{ClientId, Key, LicenceId};
use billing_sync::plan::Plan;
use billing_sync::state::{StateStore, UsageRow};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use halopsa_api::{
    HaloClient, ListLicences, ListRecurringInvoices, RecurringInvoice, SoftwareLicence,
};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Invoices read one by one at once, where the list shows no lines.
const CONCURRENCY: usize = 4;

/// Which records are looked at, and what the vendor charged for them.
#[derive(Debug)]
struct Kept {
    records: BTreeSet<LicenceId>,
    /// Inactive records of these keys are looked at, too: a line may still count the one of last year.
    keys: BTreeSet<Key>,
    /// Without a state every record of these names is looked at.
    names: BTreeSet<String>,
    costs: BTreeMap<Key, Decimal>,
}

impl Kept {
    /// What the state says is owned; costs are those of its newest run.
    async fn of_state(store: &dyn StateStore, memory: &Memory) -> Result<Self, ServiceError> {
        let mut costs = BTreeMap::new();
        let newest = store.runs(1).await?.into_iter().next();
        if let Some(run) = newest
            && let Some(run) = store.run(&run.run_id).await?
        {
            costs = costs_of(&run.plan, &store.usage(run.summary.period).await?);
        }
        Ok(Self {
            records: memory.owned.iter().map(|owned| owned.licence).collect(),
            keys: memory.owned.iter().map(|owned| owned.key.clone()).collect(),
            names: BTreeSet::new(),
            costs,
        })
    }

    /// What a plan would keep, by the names the rules make of what the vendor invoiced.
    fn of_plan(plan: &Plan, usage: &[UsageRow]) -> Self {
        Self {
            records: BTreeSet::new(),
            keys: BTreeSet::new(),
            names: plan
                .changes()
                .iter()
                .map(|change| change.name.clone())
                .collect(),
            costs: costs_of(plan, usage),
        }
    }

    fn subscription(&self, record: &SoftwareLicence) -> Option<LintSubscription> {
        let licence_id = LicenceId::new(record.id.get());
        let client_id = ClientId::new(record.client_id.get());
        let key = Key {
            client: client_id,
            name: record.name.clone(),
        };
        let live = record.is_live();
        let chosen = self.records.contains(&licence_id)
            || record.is_subscription()
                && (self.names.contains(&record.name) || !live && self.keys.contains(&key));
        chosen.then(|| LintSubscription {
            licence_id,
            client_id,
            client_name: record.client_name.clone().unwrap_or_default(),
            name: record.name.clone(),
            live: live && record.is_subscription(),
            vendor_cost: self.costs.get(&key).copied(),
        })
    }
}

/// What the vendor charged for one of each count. Left out where an amount is not known, and where nothing is counted.
fn costs_of(plan: &Plan, usage: &[UsageRow]) -> BTreeMap<Key, Decimal> {
    let mut amounts: BTreeMap<(&str, &str), Option<Decimal>> = BTreeMap::new();
    for row in usage {
        let (Some(customer), Some(service)) = (&row.customer, &row.service) else {
            continue;
        };
        let sum = amounts
            .entry((customer.as_str(), service.as_str()))
            .or_insert(Some(Decimal::ZERO));
        *sum = match (*sum, row.amount) {
            (Some(sum), Some(amount)) => sum.checked_add(amount),
            _ => None,
        };
    }
    let mut costs = BTreeMap::new();
    for change in plan.changes().iter().filter(|change| change.after > 0) {
        let parts: BTreeSet<(&str, &str)> = change
            .sources
            .iter()
            .map(|source| (source.customer_id.as_str(), source.service.as_str()))
            .collect();
        let amount = parts.iter().try_fold(Decimal::ZERO, |sum, part| {
            sum.checked_add(amounts.get(part).copied().flatten()?)
        });
        if !parts.is_empty()
            && let Some(cost) = amount.and_then(|sum| sum.checked_div(change.after.into()))
        {
            costs.insert(change.key(), cost);
        }
    }
    costs
}

impl Service {
    /// Looks whether the counts become amounts: every subscription that is kept, against the recurring invoices. Without a
    /// state, the names come from a plan of the request's month. Never writes.
    ///
    /// # Errors
    /// When a list could not be read to its end.
    pub async fn lint(&self, request: &PlanRequest) -> Result<LintOutcome, ServiceError> {
        let before = self.requests();
        let kept = self.kept(request).await?;
        let halo = self.halo().client();
        self.relay().reading("subscriptions");
        let licences = halo
            .licences()
            .list(ListLicences {
                include_inactive: true,
                ..ListLicences::default()
            })
            .collect_all()
            .await?;
        self.relay().reading("recurring invoices");
        let (invoices, unreadable) = read_invoices(halo).await?;
        let subscriptions = licences
            .into_items()
            .iter()
            .filter_map(|row| match row {
                Guarded::Good(record) => kept.subscription(record),
                // A record that cannot be read is an exception of every plan; here it would only repeat that.
                Guarded::Bad(_) => None,
            })
            .collect();
        let input = LintInput {
            subscriptions,
            invoices,
            unreadable,
        };
        Ok(self.linted(&input, before))
    }

    async fn kept(&self, request: &PlanRequest) -> Result<Kept, ServiceError> {
        if let Some(store) = self.state_to_compare().await? {
            let memory = store.memory().await?;
            if !memory.owned.is_empty() {
                return Kept::of_state(&*store, &memory).await;
            }
        }
        let (plan, usage) = Box::pin(self.plan_with(request, &Memory::default())).await?;
        Ok(Kept::of_plan(&plan, &UsageRow::all_of(&usage)))
    }

    fn linted(&self, input: &LintInput, before: RequestCounts) -> LintOutcome {
        LintOutcome {
            checked: input.subscriptions.len(),
            invoices: input.invoices.len(),
            findings: lint(input),
            requests: self.requests().since(before),
        }
    }
}

/// Every recurring invoice with its lines; one that the list shows without lines is read by itself.
async fn read_invoices(
    halo: &HaloClient,
) -> Result<(Vec<RecurringInvoice>, Vec<UnreadableInvoice>), ServiceError> {
    let listed = halo
        .recurring_invoices()
        .list(ListRecurringInvoices {
            include_lines: true,
            ..ListRecurringInvoices::default()
        })
        .collect_all()
        .await?;
    let mut unreadable = Vec::new();
    let mut invoices = Vec::new();
    for row in listed.into_items() {
        match row {
            Guarded::Good(invoice) => invoices.push(invoice),
            Guarded::Bad(bad) => {
                let number = |key: &str| bad.raw.get(key).and_then(serde_json::Value::as_i64);
                let which = number("id")
                    .map_or_else(|| format!("number {}", bad.index + 1), |id| id.to_string());
                unreadable.push(UnreadableInvoice {
                    client_id: number("client_id").map(ClientId::new),
                    detail: format!("recurring invoice {which} cannot be read: {}", bad.error),
                });
            }
        }
    }
    let (whole, bare): (Vec<_>, Vec<_>) = invoices
        .into_iter()
        .partition(|invoice| invoice.lines.is_some());
    let mut invoices = whole;
    let more: Vec<RecurringInvoice> = stream::iter(bare)
        .map(|invoice| async move { halo.recurring_invoices().get(invoice.id).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    invoices.extend(more);
    Ok((invoices, unreadable))
}
