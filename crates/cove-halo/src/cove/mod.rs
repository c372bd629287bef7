//! Cove as a source of usage: which calls tell a month, in which order, and what makes it final and whole.

mod collect;
mod draft;
mod efile;
mod listing;
mod live;

#[cfg(test)]
mod tests;

use crate::port_error;
use crate::settings::{Audience, CoveSettings};
use crate::watch::{Relay, ServiceWatch, Unwatched};
use api_core::wire::Guarded;
use api_core::{Clock, SystemClock};
use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::ids::ContractId;
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::usage::{Finality, Usage, UsageLine};
use collect::{Collector, Document};
use cove_api::billing::{self, BillingClient, Invoice, InvoiceId, TimeFrame};
use draft::Draft;
pub use efile::EFileSource;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use listing::list_customers;
pub use live::LiveUsage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Calls to the vendor under way at once. It documents no limit, so little is taken.
const CONCURRENCY: usize = 2;

/// What N-able invoiced, from its Billing API.
///
/// A direct account is read invoice by invoice: usage details per contract, and the month as a whole only for contracts
/// that no invoice names. An indirect account has no invoices to read: its month is read as a whole, and the calendar
/// says when it is final.
#[derive(Debug, Clone)]
pub struct CoveUsage {
    client: BillingClient,
    audience: Audience,
    wanted: BTreeSet<ContractId>,
    products: Vec<String>,
    cutover_day: u8,
    clock: Arc<dyn Clock>,
    relay: Relay,
}

impl CoveUsage {
    /// A source on top of a client, with the account's audience, contracts and products from the settings.
    pub fn new(client: BillingClient, settings: &CoveSettings) -> Self {
        Self {
            client,
            audience: settings.audience,
            wanted: settings.contract_ids.iter().map(ContractId::new).collect(),
            products: settings.products.clone(),
            cutover_day: settings.cutover_day,
            clock: Arc::new(SystemClock),
            relay: Relay(Arc::new(Unwatched)),
        }
    }

    /// The clock that says whether the cut-over day has come.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Who is told what is being read.
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn ServiceWatch>) -> Self {
        self.relay = Relay(watch);
        self
    }

    /// The client below.
    pub fn client(&self) -> &BillingClient {
        &self.client
    }

    async fn direct(&self, month: TimeFrame, draft: &mut Draft) -> Result<(), PortError> {
        self.relay.fetching(&format!("invoices of {month}"));
        let invoices = self
            .client
            .invoices_ready(month)
            .await
            .map_err(port_error)?;
        if invoices.is_empty() {
            draft.finality = Finality::Provisional(format!("no invoice for {month} yet"));
            self.whole_month(month, draft).await?;
            return Ok(());
        }
        let Relevant {
            pairs,
            open,
            unreadable,
            unnamed,
        } = relevant(&invoices, draft);
        for (contract, _) in &pairs {
            draft.expect(ContractId::new(contract.as_str()));
        }
        self.details(month, &pairs, draft).await?;
        if unnamed {
            let read = draft.completeness.contracts_seen.clone();
            let shown = self.whole_month(month, draft).await?;
            // The answer for the whole month must hold what is known to be there; if it does not, more may be missing.
            for contract in read.difference(&shown) {
                draft.gap(format!(
                    "the usage of the whole of {month} does not show contract {contract}, so it may lack others"
                ));
            }
        }
        for detail in &unreadable {
            draft.gap(format!("an invoice of {month} could not be read: {detail}"));
        }
        draft.finality = if open.is_empty() && unreadable.is_empty() {
            Finality::Final
        } else if open.is_empty() {
            Finality::Provisional(format!("an invoice of {month} could not be read"))
        } else {
            Finality::Provisional(open.join("; "))
        };
        Ok(())
    }

    /// Usage details of each (contract, invoice), in order.
    async fn details(
        &self,
        month: TimeFrame,
        pairs: &BTreeSet<(billing::ContractId, InvoiceId)>,
        draft: &mut Draft,
    ) -> Result<(), PortError> {
        let answers: Vec<_> = stream::iter(pairs.iter().cloned())
            .map(|(contract, invoice)| async move {
                self.relay.fetching(&format!(
                    "usage of contract {contract} on invoice {invoice}"
                ));
                let documents = self.details_of(month, &contract, &invoice).await?;
                Ok::<_, PortError>((contract, invoice, documents))
            })
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        let mut invoices: BTreeMap<&billing::ContractId, usize> = BTreeMap::new();
        for (contract, _) in pairs {
            *invoices.entry(contract).or_default() += 1;
        }
        let mut shared: BTreeMap<ContractId, Vec<(InvoiceId, Vec<UsageLine>)>> = BTreeMap::new();
        for (contract, invoice, documents) in answers {
            let several = invoices.get(&contract).is_some_and(|count| *count > 1);
            let contract = ContractId::new(contract.as_str());
            if several && documents.is_empty() {
                // The other invoice's document makes the contract seen, so nothing else says that this part is missing.
                draft.gap(format!(
                    "contract {contract} has no usage document on invoice {invoice}"
                ));
            }
            for mut document in documents {
                if let Some(stated) = document
                    .contract
                    .as_ref()
                    .filter(|stated| **stated != contract)
                {
                    draft.gap(format!(
                        "contract {contract} was asked for, but its usage document says {stated}"
                    ));
                }
                document.assign(&contract);
                if several {
                    let others = shared.entry(contract.clone()).or_default();
                    // Invoices may share a contract, but the same usage on two is more likely one usage twice.
                    let same = |(_, lines): &&(InvoiceId, Vec<UsageLine>)| {
                        !lines.is_empty() && *lines == document.lines
                    };
                    if let Some((other, _)) = others.iter().find(same) {
                        draft.gap(format!(
                            "contract {contract} has the very same usage on the invoices {other} and {invoice}"
                        ));
                    }
                    others.push((invoice.clone(), document.lines.clone()));
                }
                draft.take(document);
            }
        }
        Ok(())
    }

    /// The documents of one (contract, invoice): one, or none when the vendor answers without usage, which is how it
    /// answers wrong ids. The contract then stays expected and unseen.
    async fn details_of(
        &self,
        month: TimeFrame,
        contract: &billing::ContractId,
        invoice: &InvoiceId,
    ) -> Result<Vec<Document>, PortError> {
        let mut collector = Collector::default();
        match self
            .client
            .fold_usage_details(month, contract, invoice, &mut collector)
            .await
        {
            Ok(_) => {
                let (documents, unreadable) = collector.finish();
                match unreadable.into_iter().next() {
                    Some((_, detail)) => Err(PortError::new(
                        PortErrorKind::Unreadable,
                        format!("the usage of contract {contract} cannot be read: {detail}"),
                    )
                    .with_hint("nothing was written; keep the vendor's answer and report it")),
                    None => Ok(documents),
                }
            }
            Err(error) if error.code() == Some("soft_failure") => Ok(Vec::new()),
            Err(error) => Err(port_error(error)),
        }
    }

    /// The month as a whole; takes only contracts that are wanted and were not read yet. Returns every contract shown.
    async fn whole_month(
        &self,
        month: TimeFrame,
        draft: &mut Draft,
    ) -> Result<BTreeSet<ContractId>, PortError> {
        self.relay
            .fetching(&format!("usage of the whole of {month}"));
        let mut collector = Collector::default();
        self.client
            .fold_usage_by_timeframe(month, &mut collector)
            .await
            .map_err(port_error)?;
        let (documents, unreadable) = collector.finish();
        let read_before = draft.has_read_any();
        let shown: BTreeSet<ContractId> = documents
            .iter()
            .filter_map(|document| document.contract.clone())
            .collect();
        let to_take: BTreeSet<ContractId> = shown
            .iter()
            .filter(|contract| draft.is_wanted(contract) && !draft.has_read(contract))
            .cloned()
            .collect();
        for (index, mut document) in documents.into_iter().enumerate() {
            match &document.contract {
                Some(contract) if to_take.contains(contract) => draft.take(document),
                Some(_) => {}
                // It may be a contract that was read already or is not wanted: taking it could count it twice.
                None if read_before || !draft.wants_all() => {
                    draft.gap(format!("usage document {} names no contract", index + 1));
                }
                None => {
                    let stand_in = document
                        .number
                        .clone()
                        .unwrap_or_else(|| format!("(document {} without contract)", index + 1));
                    draft.gap(format!("usage document {} names no contract", index + 1));
                    document.assign(&ContractId::new(stand_in));
                    draft.take(document);
                }
            }
        }
        for (contract, detail) in unreadable {
            if contract
                .as_ref()
                .is_none_or(|contract| !draft.has_read(contract))
            {
                draft.unreadable_document(contract, detail);
            }
        }
        Ok(shown)
    }

    /// Whether an indirect account's month is final: the vendor has no call that tells, only a usual day.
    fn indirect_finality(&self, period: Period) -> Finality {
        let not_yet = |day: String| {
            Finality::Provisional(format!(
                "an indirect account's {period} counts as final from {day}"
            ))
        };
        let Some(next) = period.next() else {
            return not_yet("the month after".to_owned());
        };
        let cutover = format!(
            "{:04}-{:02}-{:02}",
            next.year(),
            next.month(),
            self.cutover_day
        );
        match crate::time::utc_date(self.clock.wall()) {
            // Both are written YYYY-MM-DD, so their order as text is their order in time.
            Some(today) if today >= cutover => Finality::Final,
            _ => not_yet(cutover),
        }
    }
}

#[async_trait]
impl UsageSource for CoveUsage {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        let month = TimeFrame::try_from(period.number())
            .map_err(|error| PortError::new(PortErrorKind::Settings, error.to_string()))?;
        let mut draft = Draft::new(period, month, self.wanted.clone(), self.products.clone());
        match self.audience {
            Audience::Direct => self.direct(month, &mut draft).await?,
            Audience::Indirect => {
                self.whole_month(month, &mut draft).await?;
                draft.finality = self.indirect_finality(period);
            }
        }
        list_customers(&self.client, &self.relay, month, &mut draft).await?;
        Ok(draft.into_usage())
    }
}

/// What the invoices of a month say about which calls to make.
struct Relevant {
    /// Each (contract, invoice) to read.
    pairs: BTreeSet<(billing::ContractId, InvoiceId)>,
    /// Invoices that are not closed and approved, in words.
    open: Vec<String>,
    /// What is wrong with invoices that could not be read.
    unreadable: Vec<String>,
    /// Some wanted usage is on an invoice that does not name its contracts.
    unnamed: bool,
}

fn relevant(invoices: &[Guarded<Invoice>], draft: &Draft) -> Relevant {
    let mut found = Relevant {
        pairs: BTreeSet::new(),
        open: Vec::new(),
        unreadable: Vec::new(),
        unnamed: false,
    };
    let good: Vec<&Invoice> = invoices.iter().filter_map(Guarded::good).collect();
    for invoice in &good {
        for contract in &invoice.contracts {
            let id = &contract.contract_id;
            if draft.is_wanted(&ContractId::new(id.as_str())) {
                found.pairs.insert((id.clone(), invoice.invoice_id.clone()));
            }
        }
    }
    let named: BTreeSet<ContractId> = found
        .pairs
        .iter()
        .map(|(contract, _)| ContractId::new(contract.as_str()))
        .collect();
    // An invoice without contracts matters only while a wanted contract has not been found on another.
    let missing = draft.wants_all() || !draft.wanted().is_subset(&named);
    for invoice in &good {
        let has_pair = found.pairs.iter().any(|(_, id)| *id == invoice.invoice_id);
        let unnamed = !invoice.contracts_known() && missing;
        found.unnamed |= unnamed;
        if (has_pair || unnamed) && !invoice.is_final() {
            found.open.push(describe(invoice));
        }
    }
    for bad in invoices.iter().filter_map(Guarded::bad) {
        if missing {
            found.unnamed = true;
            found.unreadable.push(bad.error.clone());
        }
    }
    found
}

fn describe(invoice: &Invoice) -> String {
    let status = invoice
        .status
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let approval = invoice
        .approval_status
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), ToString::to_string);
    format!(
        "invoice {} has status {status} and approval {approval}",
        invoice.invoice_id
    )
}
