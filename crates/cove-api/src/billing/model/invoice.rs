//! `InvoicesReady`: which invoices a month has, which contracts they cover, and whether they are final.

use api_core::wire::BadRecord;
use serde::Deserialize;

use super::{ApprovalStatus, InvoiceStatus};
use crate::billing::fields::{Extra, Fields};
use crate::billing::{ContractId, DateText, EFileId, InvoiceId};

/// One invoice of a month (documented; field names with capital `ID` here, `Id` elsewhere: both are read).
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    /// `InvoiceID`.
    pub invoice_id: InvoiceId,
    /// `Contracts`; empty when the invoice names none, which happens (observed in public clients).
    pub contracts: Vec<InvoiceContract>,
    /// `ApprovalStatus`; `None` when missing.
    pub approval_status: Option<ApprovalStatus>,
    /// `Status`; `None` when missing.
    pub status: Option<InvoiceStatus>,
    /// `ActivityStartDate`: first day of the month of activity.
    pub activity_start_date: Option<DateText>,
    /// `InvoiceDate`.
    pub invoice_date: Option<DateText>,
    /// `AccountID`.
    pub billing_account_id: Option<String>,
    /// `BillingProfileID`.
    pub billing_profile_id: Option<String>,
    /// `EFileID`: the invoice's data file.
    pub efile_id: Option<EFileId>,
    /// `FileName` of the data file.
    pub efile_name: Option<String>,
    /// `Name`: the account's name.
    pub name: Option<String>,
    /// Members of this invoice that could not be read, contracts without an id among them.
    pub bad: Vec<BadRecord>,
    /// Members without a name here.
    pub extra: Extra,
}

/// One contract of an invoice (documented).
#[derive(Debug, Clone, PartialEq)]
pub struct InvoiceContract {
    /// `ContractID`.
    pub contract_id: ContractId,
    /// `ContractNumber`: what the vendor's portal shows as "Contract ID".
    pub contract_number: Option<String>,
    /// `Name`: product or rate plan.
    pub name: Option<String>,
    /// `AccountName`.
    pub account_name: Option<String>,
    /// Members without a name here.
    pub extra: Extra,
}

impl Invoice {
    /// Whether the vendor will not change it any more: closed **and** approved (documented).
    pub fn is_final(&self) -> bool {
        self.status == Some(InvoiceStatus::Closed)
            && self.approval_status == Some(ApprovalStatus::Approved)
    }

    /// Whether its contracts are known: it names at least one, and each could be read. If not, the usage of the
    /// month must be asked for by time frame.
    pub fn contracts_known(&self) -> bool {
        !self.contracts.is_empty() && self.bad.is_empty()
    }
}

impl<'de> Deserialize<'de> for Invoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let mut bad = Vec::new();
        let mut read = fields.reader("", &mut bad);
        let invoice_id = read.id("InvoiceID");
        let contracts = read.list("Contracts");
        let mut invoice = Self {
            invoice_id: InvoiceId::new(""),
            contracts,
            approval_status: read.value("ApprovalStatus"),
            status: read.value("Status"),
            activity_start_date: read.text("ActivityStartDate").map(DateText::new),
            invoice_date: read.text("InvoiceDate").map(DateText::new),
            billing_account_id: read.text("AccountID"),
            billing_profile_id: read.text("BillingProfileID"),
            efile_id: read.id("EFileID"),
            efile_name: read.text("FileName"),
            name: read.text("Name"),
            bad: Vec::new(),
            extra: read.rest(),
        };
        invoice.bad = bad;
        invoice.invoice_id =
            invoice_id.ok_or_else(|| serde::de::Error::custom("no readable InvoiceID"))?;
        Ok(invoice)
    }
}

impl<'de> Deserialize<'de> for InvoiceContract {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let mut bad = Vec::new();
        let mut read = fields.reader("", &mut bad);
        let contract_id = read.id("ContractID");
        Ok(Self {
            contract_id: contract_id
                .ok_or_else(|| serde::de::Error::custom("no readable ContractID"))?,
            contract_number: read.text("ContractNumber"),
            name: read.text("Name"),
            account_name: read.text("AccountName"),
            extra: read.rest(),
        })
    }
}
