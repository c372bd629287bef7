//! One usage document: a contract's usage in one month.

use api_core::wire::{BadRecord, Guarded};

use super::{ClientUsage, ContractStatus, ContractTotal, ServiceUsage};
use crate::billing::fields::{Extra, Fields};
use crate::billing::{ContractId, DateText, TimeFrame};

/// A contract's usage in one month (documented).
///
/// A fold hands it out after its last client, with `clients` empty: those went to the visitor one by one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsageDocument {
    /// Position among the documents of the answer, from 0.
    pub index: usize,
    /// `ContractId`: a number here, text in `TotalByContracts`.
    pub contract_id: Option<ContractId>,
    /// `ContractNumber`.
    pub contract_number: Option<String>,
    /// `ContractStatus`.
    pub contract_status: Option<ContractStatus>,
    /// `ProductName`.
    pub product_name: Option<String>,
    /// `PgaCode`: product group; `0100` is Cove Data Protection. Text, for its leading zero.
    pub pga_code: Option<String>,
    /// `TimeFrame`.
    pub time_frame: Option<TimeFrame>,
    /// `AccountName`.
    pub account_name: Option<String>,
    /// `BpAccountId`.
    pub bp_account_id: Option<String>,
    /// `Cid`.
    pub cid: Option<String>,
    /// `Pid`: product id.
    pub pid: Option<String>,
    /// `RateClassId`.
    pub rate_class_id: Option<String>,
    /// `SfdcAccountId`.
    pub sfdc_account_id: Option<String>,
    /// `TenantId`.
    pub tenant_id: Option<String>,
    /// `Created`.
    pub created: Option<DateText>,
    /// `Updated`.
    pub updated: Option<DateText>,
    /// `TotalByContracts`.
    pub totals_by_contract: Vec<ContractTotal>,
    /// `Clients`.
    pub clients: Vec<Guarded<ClientUsage>>,
    /// `CommittedCharges`: lines of the contract, not of a client (seen only in the distributor API).
    pub committed_charges: Vec<ServiceUsage>,
    /// Whether `Clients` was sent as a list, be it empty. A document without it may answer wrong ids: never read
    /// it as "nobody used anything".
    pub clients_listed: bool,
    /// Members outside `Clients` that could not be read.
    pub bad: Vec<BadRecord>,
    /// Members without a name here.
    pub extra: Extra,
}

impl UsageDocument {
    /// Everything but the clients, which arrive on their own.
    pub(crate) fn read_head(index: usize, fields: Fields, clients_listed: bool) -> Self {
        let mut bad = Vec::new();
        let mut read = fields.reader("", &mut bad);
        let mut document = Self {
            index,
            clients: Vec::new(),
            contract_id: read.id("ContractId"),
            contract_number: read.text("ContractNumber"),
            contract_status: read.value("ContractStatus"),
            product_name: read.text("ProductName"),
            pga_code: read.text("PgaCode"),
            time_frame: read.value("TimeFrame"),
            account_name: read.text("AccountName"),
            bp_account_id: read.text("BpAccountId"),
            cid: read.text("Cid"),
            pid: read.text("Pid"),
            rate_class_id: read.text("RateClassId"),
            sfdc_account_id: read.text("SfdcAccountId"),
            tenant_id: read.text("TenantId"),
            created: read.text("Created").map(DateText::new),
            updated: read.text("Updated").map(DateText::new),
            totals_by_contract: read.map_list("TotalByContracts", ContractTotal::read),
            committed_charges: read.list("CommittedCharges"),
            clients_listed,
            bad: Vec::new(),
            extra: read.rest(),
        };
        document.bad = bad;
        document
    }

    /// Whether the answer holds nothing but account data: the documented sign of wrong ids.
    pub fn is_account_data_only(&self) -> bool {
        !self.clients_listed
            && self.totals_by_contract.is_empty()
            && self.committed_charges.is_empty()
            && self.bad.is_empty()
    }
}
