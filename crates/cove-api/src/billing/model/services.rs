//! `PSABillableServices`: the services and clients on a contract; the only documented map from client id to name.

use api_core::wire::{BadRecord, Guarded};
use serde::Deserialize;

use super::ContractStatus;
use crate::billing::fields::{Extra, Fields};
use crate::billing::{ClientId, DateText, TimeFrame, record};

/// The catalogue of one contract in one month (documented).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BillableServices {
    /// `AccountName`.
    pub account_name: Option<String>,
    /// `BpAccountId`.
    pub bp_account_id: Option<String>,
    /// `Cid`: part of the contract number.
    pub cid: Option<String>,
    /// `ContractNumber`; its form varies, so it must not be parsed.
    pub contract_number: Option<String>,
    /// `ContractStatus`.
    pub contract_status: Option<ContractStatus>,
    /// `SfdcAccountId`.
    pub sfdc_account_id: Option<String>,
    /// `TenantId`.
    pub tenant_id: Option<String>,
    /// `TimeFrame`.
    pub time_frame: Option<TimeFrame>,
    /// `Created`.
    pub created: Option<DateText>,
    /// `Updated`.
    pub updated: Option<DateText>,
    /// `Billable Services` (with the space, as documented, or without).
    pub services: Vec<Guarded<BillableService>>,
    /// `Clients`.
    pub clients: Vec<Guarded<ListedClient>>,
    /// Members outside the lists that could not be read.
    pub bad: Vec<BadRecord>,
    /// Members without a name here.
    pub extra: Extra,
}

/// One service of the catalogue (documented).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct BillableService {
    /// `BillingServiceName`: "product | service"; joins to the usage lines. Never hard-code one: discover them.
    #[serde(
        rename = "BillingServiceName",
        deserialize_with = "api_core::wire::opt_text"
    )]
    pub billing_service_name: Option<String>,
    /// `ProductFeatureName`.
    #[serde(
        rename = "ProductFeatureName",
        deserialize_with = "api_core::wire::opt_text"
    )]
    pub product_feature_name: Option<String>,
    /// `Sku`.
    #[serde(rename = "Sku", deserialize_with = "api_core::wire::opt_text")]
    pub sku: Option<String>,
    /// `Uom`: unit of measure.
    #[serde(
        rename = "Uom",
        alias = "UOM",
        deserialize_with = "api_core::wire::opt_text"
    )]
    pub unit: Option<String>,
    /// Members without a name here.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One client of the catalogue (documented; both members may be blank).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ListedClient {
    /// `ClientId`; `None` when blank.
    #[serde(
        rename = "ClientId",
        alias = "ClientID",
        deserialize_with = "record::optional_id"
    )]
    pub client_id: Option<ClientId>,
    /// `Name`.
    #[serde(rename = "Name", deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// Members without a name here.
    #[serde(flatten)]
    pub extra: Extra,
}

impl BillableServices {
    /// `None` when both lists are missing: the documented soft failure for a wrong contract id or time frame.
    pub(crate) fn read(fields: Fields) -> Option<Self> {
        let listed = |name| fields.get(name).is_some_and(|json| json != "null");
        if !listed("Billable Services") && !listed("Clients") {
            return None;
        }
        let mut bad = Vec::new();
        let mut read = fields.reader("", &mut bad);
        let mut answer = Self {
            services: read.guarded_list("Billable Services"),
            clients: read.guarded_list("Clients"),
            account_name: read.text("AccountName"),
            bp_account_id: read.text("BpAccountId"),
            cid: read.text("Cid"),
            contract_number: read.text("ContractNumber"),
            contract_status: read.value("ContractStatus"),
            sfdc_account_id: read.text("SfdcAccountId"),
            tenant_id: read.text("TenantId"),
            time_frame: read.value("TimeFrame"),
            created: read.text("Created").map(DateText::new),
            updated: read.text("Updated").map(DateText::new),
            bad: Vec::new(),
            extra: read.rest(),
        };
        answer.bad = bad;
        Some(answer)
    }
}
