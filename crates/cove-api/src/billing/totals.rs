//! Usage summed by client and service, because that is what gets billed; devices are only counted, unless asked for.

use api_core::Error;
use api_core::wire::{BadRecord, Guarded};
use rust_decimal::Decimal;

use super::fields::Extra;
use super::fold::{FoldEnd, Limits, Totalling, fold_slice};
use super::model::{ClientUsage, DeviceUsage, ServiceUsage, UsageDocument};
use super::{ClientId, DetailId};

mod sum;

pub(crate) use sum::{ClientSums, DeviceFacts, LineFacts, add};

/// What is kept beside the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalsOptions {
    /// Keep one [`DeviceEvidence`] per device and line. Memory then grows with the devices.
    pub evidence: bool,
    /// The level whose customer references are gathered per client. Default 7, the end customer.
    pub reference_level: u8,
}

impl Default for TotalsOptions {
    fn default() -> Self {
        Self {
            evidence: false,
            reference_level: 7,
        }
    }
}

/// The sums of a whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsageTotals {
    /// The documents in the order sent.
    pub documents: Vec<DocumentTotals>,
    /// What stood among the documents and is none.
    pub unreadable_documents: Vec<BadRecord>,
}

/// The sums of one document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DocumentTotals {
    /// Everything outside the clients; its `clients` are empty.
    pub head: UsageDocument,
    /// The clients in the order sent. One client id may occur twice.
    pub clients: Vec<ClientTotals>,
    /// What stood among the clients and is none.
    pub unreadable_clients: Vec<BadRecord>,
}

/// The sums of one client on one contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClientTotals {
    /// `ClientId`; as in [`ClientUsage::client_id`].
    pub client_id: Option<ClientId>,
    /// Devices read.
    pub devices: u64,
    /// Those of them that say nothing about services: see [`DeviceUsage::services_listed`].
    pub devices_without_services: u64,
    /// What is to be counted: the sums over the devices or, where the client has none, the stated totals.
    pub services: Vec<ServiceTotal>,
    /// Where `services` came from.
    pub basis: Basis,
    /// The client's stated totals that disagree with the sums over its devices.
    pub differences: Vec<TotalsDifference>,
    /// The different `UsageCompanyName`s of the devices, in order of appearance, at most [`NAMES_KEPT`]. More than
    /// one is a warning: one client id may stand for two customers.
    pub company_names: Vec<String>,
    /// The different customer references at the chosen level, in order of appearance, at most [`NAMES_KEPT`].
    pub customer_references: Vec<String>,
    /// Devices whose reference at that level is blank.
    pub devices_without_reference: u64,
    /// What of this client could not be read: its sums are not the whole truth then.
    pub unreadable: Vec<BadRecord>,
    /// One entry per device and line, if asked for.
    pub evidence: Vec<DeviceEvidence>,
    /// Members of the client without a name here.
    pub extra: Extra,
}

/// Names kept per client; a client with more has a problem that the first few show well enough.
pub const NAMES_KEPT: usize = 8;

/// Where a client's sums came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Basis {
    /// Summed over the client's devices.
    #[default]
    Devices,
    /// Stated by the vendor for a client that was sent without devices.
    Stated,
}

/// One service of a client. Lines of the same service in different units are kept apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceTotal {
    /// `BillingServiceName`; `None` for lines without one.
    pub service: Option<String>,
    /// `Uom`.
    pub unit: Option<String>,
    /// Sum of the quantities, exact.
    pub quantity: Decimal,
    /// Sum of the amounts, exact; `None` unless every line stated one.
    pub amount: Option<Decimal>,
    /// The unit price, or that there were several.
    pub price: PriceSeen,
    /// Lines summed.
    pub lines: u64,
}

/// The unit prices of the lines of one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PriceSeen {
    /// No line stated one.
    #[default]
    None,
    /// Every line stated this one.
    One(Decimal),
    /// Lines differ, or some stated none.
    Mixed,
}

/// A stated total and the sum that does not agree with it.
#[derive(Debug, Clone, PartialEq)]
pub struct TotalsDifference {
    /// `BillingServiceName`.
    pub service: Option<String>,
    /// The quantity the vendor states for the client, summed over its lines; `None` when it states none.
    pub stated: Option<Decimal>,
    /// The quantity summed over the client's devices; `None` when no device has the service.
    pub summed: Option<Decimal>,
}

/// Which device a unit came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceEvidence {
    /// `DetailId`.
    pub detail_id: Option<DetailId>,
    /// `Detail`: the device's name.
    pub detail: Option<String>,
    /// `UsageCompanyName`.
    pub company_name: Option<String>,
    /// `UsageSiteName`, else `Customer Site Name`.
    pub site_name: Option<String>,
    /// `BillingServiceName` of the line.
    pub service: Option<String>,
    /// `Uom` of the line.
    pub unit: Option<String>,
    /// `Quantity` of the line.
    pub quantity: Decimal,
    /// `Amount` of the line.
    pub amount: Option<Decimal>,
}

/// Sums a usage answer that is all there, such as one kept in a file.
///
/// # Errors
/// As [`fold_usage_bytes`](super::fold_usage_bytes).
pub fn total_usage_bytes(
    json: &[u8],
    limits: Limits,
    options: TotalsOptions,
) -> Result<(UsageTotals, FoldEnd), Error> {
    let mut totalling = Totalling::new(options);
    let end = fold_slice("usage", json, limits, &mut totalling)?;
    Ok((totalling.into_totals(), end))
}

impl ClientTotals {
    /// Whether these sums can be billed without a person looking at them first.
    pub fn is_sound(&self) -> bool {
        self.unreadable.is_empty()
            && self.differences.is_empty()
            && self.devices_without_services == 0
            && self.company_names.len() < 2
    }
}

impl ClientUsage {
    /// The sums of this client, as a fold into totals gives them.
    pub fn totals(&self, options: TotalsOptions) -> ClientTotals {
        let mut sums = ClientSums::new(options);
        for device in &self.devices {
            sums.guarded_device(device);
        }
        let head = Self {
            devices: Vec::new(),
            ..self.clone()
        };
        sums.finish(head)
    }
}

impl ClientSums {
    /// A device that was decoded in full, or could not be.
    pub(crate) fn guarded_device(&mut self, device: &Guarded<DeviceUsage>) {
        match device {
            Guarded::Good(device) => self.typed_device(device),
            Guarded::Bad(record) => self.unreadable(record.clone()),
        }
    }

    fn typed_device(&mut self, device: &DeviceUsage) {
        self.device(&DeviceFacts {
            company_name: device.company_name.as_deref(),
            customer_reference: device.customer_reference(self.options().reference_level),
            services_listed: device.services_listed,
        });
        for line in &device.total_by_service {
            match line {
                Guarded::Good(line) => {
                    self.line(&LineFacts::of(line));
                    if self.options().evidence {
                        self.evidence(evidence(device, line));
                    }
                }
                Guarded::Bad(record) => self.unreadable(record.clone()),
            }
        }
    }
}

fn evidence(device: &DeviceUsage, line: &ServiceUsage) -> DeviceEvidence {
    let site_name = device
        .site_name
        .as_ref()
        .or(device.customer_site_name.as_ref());
    DeviceEvidence {
        detail_id: device.detail_id.clone(),
        detail: device.detail.clone(),
        company_name: device.company_name.clone(),
        site_name: site_name.cloned(),
        service: line.billing_service_name.clone(),
        unit: line.unit.clone(),
        quantity: line.quantity,
        amount: line.amount,
    }
}
