//! The Billing API for distributors and resellers (V2 `Channel_UP_API`).
//!
//! No reference of it is public: paths and members are those that one public client uses ("observed in public
//! clients"), everything else is kept in `extra`.

use api_core::wire::{BadRecord, Guarded, opt_text};
use api_core::{Error, ErrorKind, Meter, RequestBudget, Result, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::builder::{ClientBuilder, Line};
use super::client::{one_document, several, single, soft_failure, unrecognised};
use super::fields::Extra;
use super::fold::{FoldEnd, Totalling, UsageStream, UsageVisitor, Visiting};
use super::line::objects;
use super::model::UsageDocument;
use super::totals::{TotalsOptions, UsageTotals};
use super::{ContractId, DistributorId, InvoiceId, TimeFrame, record};

/// The production service for distributors (observed in public clients).
pub const DISTRIBUTOR_BASE_URL: &str =
    "https://prod-nableboomi.n-able.com/ws/rest/V2/Channel_UP_API";

const INVOICES: &str = "Invoices";
const DETAILS: &str = "InvoiceDetails";
const USAGE: &str = "UsageDetailsDevices";

/// Settings of a [`DistributorClient`].
pub type DistributorClientBuilder = ClientBuilder<DistributorId>;

/// A client of the distributor API for one distributor. Cheap to clone; clones share key, budget and meter.
#[derive(Debug, Clone)]
pub struct DistributorClient {
    distributor: DistributorId,
    line: Line,
}

/// One invoice of a distributor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DistributorInvoice {
    /// `InvoiceId`.
    #[serde(rename = "InvoiceId", alias = "InvoiceID")]
    pub invoice_id: InvoiceId,
    /// Members without a name here.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an invoice charges, by contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DistributorInvoiceDetails {
    /// `Contracts`.
    pub contracts: Vec<Guarded<DistributorContract>>,
    /// Members outside `Contracts` that could not be read.
    pub bad: Vec<BadRecord>,
    /// Members without a name here.
    pub extra: Extra,
}

/// One contract of an invoice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DistributorContract {
    /// `ContractId`.
    #[serde(rename = "ContractId", alias = "ContractID")]
    pub contract_id: ContractId,
    /// `DistributorInternalSfdcAccountId`: the distributor's own key of the reseller; `None` when null or blank.
    #[serde(
        rename = "DistributorInternalSfdcAccountId",
        default,
        deserialize_with = "opt_text"
    )]
    pub reseller: Option<String>,
    /// Members without a name here.
    #[serde(flatten)]
    pub extra: Extra,
}

impl DistributorClientBuilder {
    /// The client.
    ///
    /// # Errors
    /// `Config`, as [`BillingClientBuilder::build`](super::BillingClientBuilder::build).
    pub fn build(self) -> Result<DistributorClient> {
        let (distributor, line) = self.line("cove-distributor")?;
        if distributor.as_str().is_empty() {
            return Err(Error::new(ErrorKind::Config, "the distributor id is empty"));
        }
        Ok(DistributorClient { distributor, line })
    }
}

impl DistributorClient {
    /// Settings for a client at `base_url` ([`DISTRIBUTOR_BASE_URL`] in production).
    pub fn builder(
        base_url: &str,
        distributor: DistributorId,
        api_key: SecretString,
    ) -> DistributorClientBuilder {
        ClientBuilder::new(base_url, distributor, api_key)
    }

    /// The distributor this client asks for.
    pub fn distributor(&self) -> &DistributorId {
        &self.distributor
    }

    /// Counts of requests, retries and waits.
    pub fn meter(&self) -> &Meter {
        self.line.exchange.meter()
    }

    /// The request budget: how many requests are left in the window, and how long a number of them would take.
    pub fn budget(&self) -> &RequestBudget {
        self.line.exchange.budget()
    }

    /// As [`BillingClient::replace_api_key`](super::BillingClient::replace_api_key).
    ///
    /// # Errors
    /// `Config`, when the key is empty or cannot stand in a header; the present key then stays.
    pub fn replace_api_key(&self, api_key: &SecretString) -> Result<()> {
        self.line.key.replace(api_key)
    }

    /// The invoices of a month, of every element of the answer's outer array (one public client reads only the first).
    ///
    /// # Errors
    /// As any call; `Api` with code `unrecognised_answer` when the answer holds something else than invoices.
    pub async fn invoices(&self, month: TimeFrame) -> Result<Vec<Guarded<DistributorInvoice>>> {
        let month = month.to_string();
        let segments = [INVOICES, self.distributor.as_str(), &month];
        let reply = self.line.send(INVOICES, &segments).await?;
        let found = objects(&reply, INVOICES, &[INVOICES])?;
        if let Some(stranger) = found
            .iter()
            .find(|fields| fields.get("InvoiceId").is_none())
        {
            return Err(unrecognised(INVOICES, stranger));
        }
        Ok(record::guard_all(INVOICES, &found))
    }

    /// The contracts that an invoice charges.
    ///
    /// # Errors
    /// As any call; `Api` with code `soft_failure` when the answer names no contracts, not even an empty list.
    pub async fn invoice_details(&self, invoice: &InvoiceId) -> Result<DistributorInvoiceDetails> {
        let segments = [DETAILS, self.distributor.as_str(), invoice.as_str()];
        let reply = self.line.send(DETAILS, &segments).await?;
        let mut found = objects(&reply, DETAILS, &[DETAILS])?;
        if found.len() > 1 {
            return Err(several(DETAILS, found.len()));
        }
        let fields = found
            .pop()
            .filter(|fields| fields.get("Contracts").is_some_and(|json| json != "null"))
            .ok_or_else(|| soft_failure(DETAILS))?;
        let mut bad = Vec::new();
        let mut read = fields.reader("", &mut bad);
        let contracts = read.guarded_list("Contracts");
        let extra = read.rest();
        Ok(DistributorInvoiceDetails {
            contracts,
            bad,
            extra,
        })
    }

    /// The usage of one contract in a month; charges that belong to no client are in `committed_charges`.
    ///
    /// # Errors
    /// As [`BillingClient::usage_details`](super::BillingClient::usage_details).
    pub async fn usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
    ) -> Result<UsageDocument> {
        let month = month.to_string();
        let segments = self.usage(&month, contract);
        single(USAGE, self.line.documents(USAGE, &segments).await?)
    }

    /// As [`usage_details`](Self::usage_details), folded while it arrives.
    ///
    /// # Errors
    /// As there; what the visitor was given before an error is not the usage.
    pub async fn fold_usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
        visitor: &mut impl UsageVisitor,
    ) -> Result<FoldEnd> {
        let month = month.to_string();
        let segments = self.usage(&month, contract);
        let end = self
            .line
            .fold(USAGE, &segments, &mut Visiting::new(visitor))
            .await?;
        one_document(USAGE, &end)?;
        Ok(end)
    }

    /// As [`usage_details`](Self::usage_details), summed while it arrives.
    ///
    /// # Errors
    /// As there.
    pub async fn total_usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
        options: TotalsOptions,
    ) -> Result<(UsageTotals, FoldEnd)> {
        let month = month.to_string();
        let segments = self.usage(&month, contract);
        let mut totalling = Totalling::new(options);
        let end = self.line.fold(USAGE, &segments, &mut totalling).await?;
        one_document(USAGE, &end)?;
        Ok((totalling.into_totals(), end))
    }

    /// As [`usage_details`](Self::usage_details), client by client at the caller's pace.
    ///
    /// # Errors
    /// As any call, before the first byte; what goes wrong later is an error of [`UsageStream::next`].
    pub async fn stream_usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
    ) -> Result<UsageStream> {
        let month = month.to_string();
        let segments = self.usage(&month, contract);
        self.line.stream(USAGE, &segments).await
    }

    /// Any call of this API, answered as plain JSON: `operation`, then the distributor id, then `segments`.
    ///
    /// # Errors
    /// As any call; `Decode` when the answer is no JSON.
    pub async fn raw(&self, operation: &str, segments: &[&str]) -> Result<Value> {
        let mut path = vec![operation, self.distributor.as_str()];
        path.extend_from_slice(segments);
        self.line.send("raw", &path).await?.json()
    }

    fn usage<'a>(&'a self, month: &'a str, contract: &'a ContractId) -> [&'a str; 4] {
        [USAGE, self.distributor.as_str(), month, contract.as_str()]
    }
}
