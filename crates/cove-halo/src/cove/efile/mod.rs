//! The invoice's data files (EFiles) as a source of usage: the figures are the files', and who a customer is comes from
//! where ids are known, because a file only names its customers.

mod identity;
mod rows;

#[cfg(test)]
mod tests;

use super::draft::Draft;
use super::listing::list_customers;
use crate::port_error;
use crate::settings::{Audience, CoveSettings};
use crate::usage_file::of_month;
use crate::watch::{Relay, ServiceWatch, Unwatched};
use api_core::wire::Guarded;
use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::ids::ContractId;
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::usage::{Finality, Usage};
use cove_api::billing::{BillingClient, EFileReader, InvoiceId, TimeFrame};
use identity::Directory;
use rows::Rows;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

/// What N-able invoiced, from the data files of the month's invoices.
///
/// A file names its customers and does not give their ids, and a name decides nothing here. So the ids come from the
/// Billing API, which tells them for the devices that the file lists, or from a table of names that a person has written.
///
/// An EFile belongs to an invoice that was issued, so its month counts as final; where the account's invoices can be
/// read, the files' invoices must be among them, closed and approved, and each of them needs its file (a decision: nothing is documented about it).
#[derive(Debug, Clone)]
pub struct EFileSource {
    files: Vec<PathBuf>,
    names: Option<PathBuf>,
    client: Option<BillingClient>,
    audience: Audience,
    wanted: BTreeSet<ContractId>,
    products: Vec<String>,
    relay: Relay,
}

impl EFileSource {
    /// A source of the files that the settings name. With a client the customers' ids come from the Billing API; without
    /// one from the table `efile_customers` of the settings.
    pub fn new(client: Option<BillingClient>, settings: &CoveSettings) -> Self {
        Self {
            files: settings.efile.clone(),
            names: settings.efile_customers.clone(),
            client,
            audience: settings.audience,
            wanted: settings.contract_ids.iter().map(ContractId::new).collect(),
            products: settings.products.clone(),
            relay: Relay(Arc::new(Unwatched)),
        }
    }

    /// Who is told what is being read.
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn ServiceWatch>) -> Self {
        self.relay = Relay(watch);
        self
    }

    /// The rows of all files.
    fn read(&self, period: Period, month: TimeFrame) -> Result<Rows, PortError> {
        let mut rows = Rows::new(month);
        let mut files: BTreeMap<InvoiceId, PathBuf> = BTreeMap::new();
        for path in &self.files {
            let path = match path.to_str() {
                Some(path) => PathBuf::from(of_month(path, period)),
                None => path.clone(),
            };
            let name = path.display().to_string();
            self.relay.fetching(&format!("EFile {name}"));
            let unreadable = |why: String| {
                PortError::new(
                    PortErrorKind::Settings,
                    format!("the EFile {name} cannot be read: {why}"),
                )
            };
            let file = File::open(&path).map_err(|error| {
                unreadable(error.to_string())
                    .with_hint("check the paths of `efile` in the section [cove]")
            })?;
            let client_error = |error: api_core::Error| {
                let port = unreadable(error.message().to_owned());
                match error.hint() {
                    Some(hint) => port.with_hint(hint),
                    None => port,
                }
            };
            let reader = EFileReader::new(BufReader::new(file)).map_err(client_error)?;
            let mut invoices = BTreeSet::new();
            rows.begin(&name);
            for line in reader {
                match line.map_err(client_error)? {
                    Guarded::Good(line) => {
                        invoices.extend(line.invoice_id.clone());
                        rows.add(line);
                    }
                    Guarded::Bad(record) => rows.bad(&record),
                }
            }
            rows.end().map_err(|why| {
                PortError::new(PortErrorKind::Settings, format!("the EFile {name} {why}"))
                    .with_hint(format!("give the EFiles of the invoices for {month}"))
            })?;
            for invoice in invoices {
                if let Some(other) = files.insert(invoice.clone(), path.clone()) {
                    let message = format!(
                        "invoice {invoice} is in the EFile {} and in {name}",
                        other.display()
                    );
                    return Err(PortError::new(PortErrorKind::Settings, message)
                        .with_hint("give each EFile of the month once"));
                }
            }
        }
        rows.invoices = files.into_keys().collect();
        Ok(rows)
    }

    /// What the account's invoices say about the files: whether each is there, and final.
    async fn invoices(
        &self,
        client: &BillingClient,
        month: TimeFrame,
        rows: &Rows,
        draft: &mut Draft,
    ) -> Result<(), PortError> {
        if self.audience == Audience::Indirect {
            return Ok(());
        }
        self.relay.fetching(&format!("invoices of {month}"));
        let mut open = Vec::new();
        let mut listed = BTreeSet::new();
        for invoice in client.invoices_ready(month).await.map_err(port_error)? {
            if let Guarded::Good(invoice) = &invoice {
                listed.insert(invoice.invoice_id.clone());
            }
            match invoice {
                Guarded::Bad(record) => draft.gap(format!(
                    "an invoice of {month} could not be read: {}",
                    record.error
                )),
                Guarded::Good(invoice) if !rows.invoices.contains(&invoice.invoice_id) => {
                    let contracts = invoice.contracts.iter();
                    let wanted = !invoice.contracts_known()
                        || contracts
                            .map(|one| ContractId::new(one.contract_id.as_str()))
                            .any(|one| draft.is_wanted(&one));
                    if wanted {
                        draft.gap(format!(
                            "no EFile was given for invoice {} of {month}",
                            invoice.invoice_id
                        ));
                    }
                }
                Guarded::Good(invoice) if !invoice.is_final() => {
                    open.push(super::describe(&invoice));
                }
                Guarded::Good(_) => {}
            }
        }
        let unlisted = rows.invoices.iter().filter(|id| !listed.contains(*id));
        open.extend(unlisted.map(|id| format!("invoice {id} is not listed as ready")));
        if !open.is_empty() {
            draft.finality = Finality::Provisional(open.join("; "));
        }
        Ok(())
    }
}

#[async_trait]
impl UsageSource for EFileSource {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        let month = TimeFrame::try_from(period.number())
            .map_err(|error| PortError::new(PortErrorKind::Settings, error.to_string()))?;
        let rows = self.read(period, month)?;
        let directory = match (&self.client, &self.names) {
            (Some(client), _) => {
                self.relay.fetching(&format!("customer ids of {month}"));
                Directory::of_devices(client, month).await?
            }
            (None, Some(path)) => Directory::of_names(path)?,
            (None, None) => {
                return Err(PortError::new(
                    PortErrorKind::Settings,
                    "nothing tells the ids of the customers that an EFile names",
                )
                .with_hint("set COVE_API_KEY, or efile_customers in the section [cove]"));
            }
        };
        let mut draft = Draft::new(period, month, self.wanted.clone(), self.products.clone());
        draft.finality = Finality::Final;
        if let Some(client) = &self.client {
            self.invoices(client, month, &rows, &mut draft).await?;
        }
        for gap in directory.gaps() {
            draft.gap(gap);
        }
        rows.into_documents(&directory, &mut draft);
        // Without the API nobody lists customers.
        if let Some(client) = &self.client {
            list_customers(client, &self.relay, month, &mut draft).await?;
        }
        Ok(draft.into_usage())
    }
}
