//! Contract-level usage: the storage pool of a contract, which belongs to no single client.

use api_core::wire::BadRecord;
use rust_decimal::Decimal;

use crate::billing::fields::{Extra, Fields, Reader};
use crate::billing::record::Fault;
use crate::billing::{ContractId, InvoiceId, TimeFrame};

/// `TotalByContracts[]`: what a contract used beside its clients (documented as far as the samples reach).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContractTotal {
    /// `ContractId`.
    pub contract_id: Option<ContractId>,
    /// `InvoiceId`.
    pub invoice_id: Option<InvoiceId>,
    /// `ContractNumber`.
    pub contract_number: Option<String>,
    /// `AccountName`.
    pub account_name: Option<String>,
    /// `BpAccountId`: text here, a number in the document.
    pub bp_account_id: Option<String>,
    /// `AdditionalCapacity`: the pool, with price and quantity where a price applies.
    pub additional_capacity: Vec<AdditionalCapacity>,
    /// Members without a name here; the documentation's table breaks off before its end.
    pub extra: Extra,
}

/// `AdditionalCapacity[]`: storage used beyond what the devices' allowances give (documented).
///
/// Take the vendor's figures: the documented samples show that they cannot be computed from one another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdditionalCapacity {
    /// `Quantity` that is charged; `None` when the answer holds no charge (as by time frame).
    pub quantity: Option<Decimal>,
    /// `Price` per unit.
    pub price: Option<Decimal>,
    /// `Amount`.
    pub amount: Option<Decimal>,
    /// `Uom`, if sent. The service catalogue says `GB`.
    pub unit: Option<String>,
    /// `Sku`.
    pub sku: Option<String>,
    /// `ProductFeatureName`.
    pub product_feature_name: Option<String>,
    /// `BillingServiceName`, if sent (assumed).
    pub billing_service_name: Option<String>,
    /// The inner `AdditionalCapacity`, in GB; negative is headroom. With the vendor's float noise: see
    /// [`api_core::wire::denoise`].
    pub capacity: Option<Decimal>,
    /// `SelectedGbUsageQuantity`.
    pub selected_gb: Option<Decimal>,
    /// `UsedGbUsageQuantity`.
    pub used_gb_quantity: Option<Decimal>,
    /// `UsedGB`.
    pub used_gb: Option<Decimal>,
    /// `TotalPool`, in GB.
    pub total_pool: Option<Decimal>,
    /// `TimeFrame`.
    pub time_frame: Option<TimeFrame>,
    /// `Servers`.
    pub servers: Option<CapacityGroup>,
    /// `VirtualServers`; without allowance and pool in the samples.
    pub virtual_servers: Option<CapacityGroup>,
    /// `Workstations`.
    pub workstations: Option<CapacityGroup>,
    /// Members without a name here.
    pub extra: Extra,
}

/// One kind of device in the pool's sum (documented).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityGroup {
    /// `CommittedCount`.
    pub committed_count: Option<Decimal>,
    /// `DeviceCount`.
    pub device_count: Option<Decimal>,
    /// `UsageCount`.
    pub usage_count: Option<Decimal>,
    /// `FUP`: allowance per device in GB.
    pub fair_use_gb: Option<Decimal>,
    /// `Pool`, in GB.
    pub pool: Option<Decimal>,
    /// Members without a name here.
    pub extra: Extra,
}

impl ContractTotal {
    pub(crate) fn read(json: &str, path: &str, bad: &mut Vec<BadRecord>) -> Result<Self, Fault> {
        let mut read = Fields::parse(json)?.reader(path, bad);
        Ok(Self {
            contract_id: read.id("ContractId"),
            invoice_id: read.id("InvoiceId"),
            contract_number: read.text("ContractNumber"),
            account_name: read.text("AccountName"),
            bp_account_id: read.text("BpAccountId"),
            additional_capacity: read.map_list("AdditionalCapacity", AdditionalCapacity::read),
            extra: read.rest(),
        })
    }
}

impl AdditionalCapacity {
    fn read(json: &str, path: &str, bad: &mut Vec<BadRecord>) -> Result<Self, Fault> {
        let mut read = Fields::parse(json)?.reader(path, bad);
        Ok(Self {
            quantity: read.decimal("Quantity"),
            price: read.decimal("Price"),
            amount: read.decimal("Amount"),
            unit: read.text("Uom"),
            sku: read.text("Sku"),
            product_feature_name: read.text("ProductFeatureName"),
            billing_service_name: read.text("BillingServiceName"),
            capacity: read.decimal("AdditionalCapacity"),
            selected_gb: read.decimal("SelectedGbUsageQuantity"),
            used_gb_quantity: read.decimal("UsedGbUsageQuantity"),
            used_gb: read.decimal("UsedGB"),
            total_pool: read.decimal("TotalPool"),
            time_frame: read.value("TimeFrame"),
            servers: CapacityGroup::read(&mut read, "Servers"),
            virtual_servers: CapacityGroup::read(&mut read, "VirtualServers"),
            workstations: CapacityGroup::read(&mut read, "Workstations"),
            extra: read.rest(),
        })
    }
}

impl CapacityGroup {
    fn read(parent: &mut Reader<'_>, name: &str) -> Option<Self> {
        parent
            .map_list(name, |json, path, bad| {
                let mut read = Fields::parse(json)?.reader(path, bad);
                Ok(Self {
                    committed_count: read.decimal("CommittedCount"),
                    device_count: read.decimal("DeviceCount"),
                    usage_count: read.decimal("UsageCount"),
                    fair_use_gb: read.decimal("FUP"),
                    pool: read.decimal("Pool"),
                    extra: read.rest(),
                })
            })
            .into_iter()
            .next()
    }
}
