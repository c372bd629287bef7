//! The Billing API for direct and indirect customers (V1 `PSA_API`).

use api_core::wire::Guarded;
use api_core::{Error, ErrorKind, Meter, RequestBudget, Result, SecretString};
use serde_json::Value;

use super::builder::{ClientBuilder, Line};
use super::fields::Fields;
use super::fold::{FoldEnd, Totalling, UsageStream, UsageVisitor, Visiting};
use super::line::objects;
use super::model::{BillableServices, Invoice, UsageDocument};
use super::totals::{TotalsOptions, UsageTotals};
use super::{AccountId, ContractId, InvoiceId, TimeFrame, record};

/// The production service for direct and indirect customers (documented).
pub const DEFAULT_BASE_URL: &str = "https://prod-nableboomi.n-able.com/ws/rest/V1/PSA_API";

const INVOICES: &str = "InvoicesReady";
const SERVICES: &str = "PSABillableServices";
const DETAILS: &str = "PSAUsageDetailsDevices";
const BY_TIME_FRAME: &str = "PSAUsageByTimeFrame";

/// Settings of a [`BillingClient`].
pub type BillingClientBuilder = ClientBuilder<AccountId>;

/// A client of the Billing API for one account. Cheap to clone; clones share key, budget and meter.
///
/// An API key belongs to one account: for several accounts, build several clients, which may share
/// transport, budget and meter.
#[derive(Debug, Clone)]
pub struct BillingClient {
    account: AccountId,
    line: Line,
}

impl BillingClientBuilder {
    /// The client.
    ///
    /// # Errors
    /// `Config`, when the base URL is not https (or loopback), the account id or the key is empty, or the key cannot
    /// stand in a header.
    pub fn build(self) -> Result<BillingClient> {
        let (account, line) = self.line("cove-billing")?;
        if account.as_str().trim().is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "the account id (sfdcid) is empty",
            ));
        }
        Ok(BillingClient { account, line })
    }
}

impl BillingClient {
    /// Settings for a client at `base_url` ([`DEFAULT_BASE_URL`] in production).
    pub fn builder(
        base_url: &str,
        account: AccountId,
        api_key: SecretString,
    ) -> BillingClientBuilder {
        ClientBuilder::new(base_url, account, api_key)
    }

    /// The account this client asks for.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Counts of requests, retries and waits.
    pub fn meter(&self) -> &Meter {
        self.line.exchange.meter()
    }

    /// The request budget: how many requests are left in the window, and how long a number of them would take.
    pub fn budget(&self) -> &RequestBudget {
        self.line.exchange.budget()
    }

    /// Puts another key in the place of the present one, for this client and its clones.
    ///
    /// # Errors
    /// `Config`, when the key is empty or cannot stand in a header; the present key then stays.
    pub fn replace_api_key(&self, api_key: &SecretString) -> Result<()> {
        self.line.key.replace(api_key)
    }

    /// The invoices of a month. Direct customers only (documented). A month without invoices is an empty list,
    /// in each of the forms in which the service may say so: `{}`, `[]`, an empty list in its wrapper, an empty body, 404.
    ///
    /// # Errors
    /// As any call; `Api` with code `unrecognised_answer` when the answer holds something else than invoices.
    pub async fn invoices_ready(&self, month: TimeFrame) -> Result<Vec<Guarded<Invoice>>> {
        let month = month.to_string();
        let reply = match self
            .line
            .send(INVOICES, &[INVOICES, self.account.as_str(), &month])
            .await
        {
            Ok(reply) => reply,
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let found = objects(&reply, INVOICES, &[INVOICES])?;
        if let Some(stranger) = found.iter().find(|fields| !is_invoice(fields)) {
            return Err(unrecognised(INVOICES, stranger));
        }
        Ok(record::guard_all(INVOICES, &found))
    }

    /// The services and clients on a contract in a month.
    ///
    /// # Errors
    /// As any call; `Api` with code `soft_failure` when the service answers 200 with account data but neither services
    /// nor clients: its documented way to say that the contract id or the month is wrong.
    pub async fn billable_services(
        &self,
        month: TimeFrame,
        contract: &ContractId,
    ) -> Result<BillableServices> {
        let month = month.to_string();
        let segments = [SERVICES, self.account.as_str(), &month, contract.as_str()];
        let reply = self.line.send(SERVICES, &segments).await?;
        let mut found = objects(&reply, SERVICES, &[SERVICES])?;
        if found.len() > 1 {
            return Err(several(SERVICES, found.len()));
        }
        found
            .pop()
            .and_then(BillableServices::read)
            .ok_or_else(|| soft_failure(SERVICES))
    }

    /// The usage of one contract on one invoice, with prices. Direct customers only (documented).
    ///
    /// # Errors
    /// As any call; `Api` with code `soft_failure` when the answer holds no usage at all, not even an empty list:
    /// wrong ids look like that.
    pub async fn usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
        invoice: &InvoiceId,
    ) -> Result<UsageDocument> {
        let month = month.to_string();
        let segments = [
            DETAILS,
            self.account.as_str(),
            &month,
            contract.as_str(),
            invoice.as_str(),
        ];
        single(DETAILS, self.line.documents(DETAILS, &segments).await?)
    }

    /// The usage of all contracts in a month, also of one without an invoice yet. Prices are probably missing.
    ///
    /// An empty list means "no usage" or wrong ids: the answer does not tell which.
    ///
    /// # Errors
    /// As any call.
    pub async fn usage_by_timeframe(&self, month: TimeFrame) -> Result<Vec<UsageDocument>> {
        let month = month.to_string();
        let segments = [BY_TIME_FRAME, self.account.as_str(), &month];
        self.line.documents(BY_TIME_FRAME, &segments).await
    }

    /// As [`usage_details`](Self::usage_details), folded while it arrives.
    ///
    /// # Errors
    /// As there; and what the visitor was given before an error is not the usage.
    pub async fn fold_usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
        invoice: &InvoiceId,
        visitor: &mut impl UsageVisitor,
    ) -> Result<FoldEnd> {
        let month = month.to_string();
        let segments = [
            DETAILS,
            self.account.as_str(),
            &month,
            contract.as_str(),
            invoice.as_str(),
        ];
        let end = self
            .line
            .fold(DETAILS, &segments, &mut Visiting::new(visitor))
            .await?;
        one_document(DETAILS, &end)?;
        Ok(end)
    }

    /// As [`usage_details`](Self::usage_details), summed while it arrives: the leanest way, whatever the size.
    ///
    /// # Errors
    /// As there.
    pub async fn total_usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
        invoice: &InvoiceId,
        options: TotalsOptions,
    ) -> Result<(UsageTotals, FoldEnd)> {
        let month = month.to_string();
        let segments = [
            DETAILS,
            self.account.as_str(),
            &month,
            contract.as_str(),
            invoice.as_str(),
        ];
        let mut totalling = Totalling::new(options);
        let end = self.line.fold(DETAILS, &segments, &mut totalling).await?;
        one_document(DETAILS, &end)?;
        Ok((totalling.into_totals(), end))
    }

    /// As [`usage_by_timeframe`](Self::usage_by_timeframe), summed while it arrives: the leanest way, whatever the size.
    ///
    /// # Errors
    /// As there.
    pub async fn total_usage_by_timeframe(
        &self,
        month: TimeFrame,
        options: TotalsOptions,
    ) -> Result<(UsageTotals, FoldEnd)> {
        let month = month.to_string();
        let segments = [BY_TIME_FRAME, self.account.as_str(), &month];
        let mut totalling = Totalling::new(options);
        let end = self
            .line
            .fold(BY_TIME_FRAME, &segments, &mut totalling)
            .await?;
        Ok((totalling.into_totals(), end))
    }

    /// As [`usage_by_timeframe`](Self::usage_by_timeframe), folded while it arrives.
    ///
    /// # Errors
    /// As any call; what the visitor was given before an error is not the usage.
    pub async fn fold_usage_by_timeframe(
        &self,
        month: TimeFrame,
        visitor: &mut impl UsageVisitor,
    ) -> Result<FoldEnd> {
        let month = month.to_string();
        let segments = [BY_TIME_FRAME, self.account.as_str(), &month];
        self.line
            .fold(BY_TIME_FRAME, &segments, &mut Visiting::new(visitor))
            .await
    }

    /// As [`usage_details`](Self::usage_details), client by client at the caller's pace.
    ///
    /// # Errors
    /// As any call, before the first byte; what goes wrong later is an error of [`UsageStream::next`]. Wrong ids show at the
    /// end only: a document with account data and no clients.
    pub async fn stream_usage_details(
        &self,
        month: TimeFrame,
        contract: &ContractId,
        invoice: &InvoiceId,
    ) -> Result<UsageStream> {
        let month = month.to_string();
        let segments = [
            DETAILS,
            self.account.as_str(),
            &month,
            contract.as_str(),
            invoice.as_str(),
        ];
        self.line.stream(DETAILS, &segments).await
    }

    /// As [`usage_by_timeframe`](Self::usage_by_timeframe), client by client at the caller's pace.
    ///
    /// # Errors
    /// As any call, before the first byte; what goes wrong later is an error of [`UsageStream::next`].
    pub async fn stream_usage_by_timeframe(&self, month: TimeFrame) -> Result<UsageStream> {
        let month = month.to_string();
        let segments = [BY_TIME_FRAME, self.account.as_str(), &month];
        self.line.stream(BY_TIME_FRAME, &segments).await
    }

    /// Any call of this API, answered as plain JSON: `operation`, then the account id, then `segments`.
    ///
    /// # Errors
    /// As any call; `Decode` when the answer is no JSON.
    pub async fn raw(&self, operation: &str, segments: &[&str]) -> Result<Value> {
        let mut path = vec![operation, self.account.as_str()];
        path.extend_from_slice(segments);
        self.line.send("raw", &path).await?.json()
    }
}

fn is_invoice(fields: &Fields) -> bool {
    [
        "InvoiceID",
        "ActivityStartDate",
        "ApprovalStatus",
        "EFileID",
        "Contracts",
    ]
    .iter()
    .any(|known| fields.get(known).is_some())
}

pub(crate) fn single(
    operation: &'static str,
    mut documents: Vec<UsageDocument>,
) -> Result<UsageDocument> {
    if documents.len() > 1 {
        return Err(several(operation, documents.len()));
    }
    documents
        .pop()
        .filter(|document| !document.is_account_data_only())
        .ok_or_else(|| soft_failure(operation))
}

pub(crate) fn one_document(operation: &'static str, end: &FoldEnd) -> Result<()> {
    if end.documents > 1 {
        let count = usize::try_from(end.documents).unwrap_or(usize::MAX);
        return Err(several(operation, count));
    }
    if end.account_data_only > 0 || (end.documents == 0 && end.unreadable == 0) {
        return Err(soft_failure(operation));
    }
    Ok(())
}

pub(crate) fn soft_failure(operation: &'static str) -> Error {
    Error::new(
        ErrorKind::Api,
        "the service answered without any usage or services",
    )
    .with_operation(operation)
    .with_code("soft_failure")
    .with_hint("that is how it answers a wrong contract id, invoice id or month; check them")
}

pub(crate) fn several(operation: &'static str, count: usize) -> Error {
    Error::new(
        ErrorKind::Api,
        format!("expected one document, got {count}"),
    )
    .with_operation(operation)
    .with_code("several_documents")
}

pub(crate) fn unrecognised(operation: &'static str, fields: &Fields) -> Error {
    let members: Vec<&str> = fields.names().take(8).collect();
    Error::new(
        ErrorKind::Api,
        format!("the answer is not what was asked for; its members are {members:?}"),
    )
    .with_operation(operation)
    .with_code("unrecognised_answer")
    .with_body_snippet(fields.to_json().as_bytes())
}
