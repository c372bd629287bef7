//! Live counts of Cove's management API as a source of usage: what is there now. Never final, because only the invoice is.

use crate::port_error;
use crate::settings::CoveSettings;
use crate::watch::{Relay, ServiceWatch, Unwatched};
use api_core::{Clock, SystemClock};
use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::usage::{Completeness, DeviceUsage, Finality, UnreadableUsage, Usage, UsageLine};
use cove_api::management::billable::{
    Basis, BillableUsage, Device, LineUnit, Note, Policy, Service, classify,
};
use cove_api::management::{
    Column, DeviceColumn, DeviceId, DeviceStatistics, ExternalCode, ManagementClient, PartnerId,
    StatisticsQuery,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stands for the contract: live counts know none.
const CONTRACT: &str = "live counts";

/// Live services are named like invoiced ones, so that the same prefix of `products` selects them.
const PRODUCT: &str = "Cove Data Protection";

/// What Cove counts now, by customer.
///
/// Every device ends on a line, is left out by the policy, or is an exception of its customer. The month that is asked for
/// is the one that the counts are booked to; the counts are today's.
#[derive(Debug, Clone)]
pub struct LiveUsage {
    client: ManagementClient,
    policy: Policy,
    users: Column,
    clock: Arc<dyn Clock>,
    relay: Relay,
}

impl LiveUsage {
    /// A source on top of a client, with the policies of the settings.
    ///
    /// # Errors
    /// When the column of the Microsoft 365 users is none.
    pub fn new(
        client: ManagementClient,
        settings: &CoveSettings,
    ) -> Result<Self, crate::SettingsError> {
        Ok(Self {
            client,
            policy: settings.management.policy(),
            users: settings.management.users_column()?,
            clock: Arc::new(SystemClock),
            relay: Relay(Arc::new(Unwatched)),
        })
    }

    /// The clock that says what day it is.
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
    pub fn client(&self) -> &ManagementClient {
        &self.client
    }

    async fn root(&self) -> Result<PartnerId, PortError> {
        self.relay.fetching("the login");
        let user = self.client.login().await.map_err(port_error)?;
        user.partner_id.ok_or_else(|| {
            PortError::new(
                PortErrorKind::Unreadable,
                "the answer to the login does not name the user's partner",
            )
        })
    }
}

#[async_trait]
impl UsageSource for LiveUsage {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        let root = self.root().await?;
        self.relay.fetching("customers");
        let tree = self.client.customer_tree(root).await.map_err(port_error)?;
        self.relay.fetching("devices");
        let query = StatisticsQuery::billing(root).column(self.users.clone());
        let statistics = self
            .client
            .device_statistics(&query)
            .await
            .map_err(port_error)?;
        let devices: Vec<Device> = statistics
            .devices
            .iter()
            .map(|row| Device::from_row(row, &self.users))
            .collect();
        let usage = classify(Basis::Live, &devices, &tree, &self.policy);
        let today = crate::time::utc_date(self.clock.wall()).unwrap_or_default();
        let mut gaps = Vec::new();
        if let Some(bad) = tree.bad().first() {
            let count = tree.bad().len();
            gaps.push(format!(
                "{count} customers could not be read: {}",
                bad.error
            ));
        }
        if let Some(bad) = statistics.bad.first() {
            let count = statistics.bad.len();
            gaps.push(format!("{count} devices could not be read: {}", bad.error));
        }
        Ok(Usage {
            period,
            lines: lines(&usage, &statistics, &devices),
            contract_amounts: Vec::new(),
            unreadable: unreadable(&usage),
            disagreements: Vec::new(),
            finality: Finality::Provisional(format!(
                "live counts of {today} are never final, only the invoice is"
            )),
            completeness: Completeness {
                contracts_expected: [ContractId::new(CONTRACT)].into(),
                contracts_seen: [ContractId::new(CONTRACT)].into(),
                gaps,
                ..Completeness::default()
            },
        })
    }
}

fn customer_id(partner: PartnerId) -> CustomerId {
    CustomerId::new(partner.to_string())
}

fn lines(
    usage: &BillableUsage,
    statistics: &DeviceStatistics,
    devices: &[Device],
) -> Vec<UsageLine> {
    let column = Column::from(DeviceColumn::Name);
    let names: BTreeMap<DeviceId, String> = statistics
        .devices
        .iter()
        .map(|row| {
            let name = row.settings.text(&column).unwrap_or_default();
            (row.device_id, name.to_owned())
        })
        .collect();
    let users: BTreeMap<DeviceId, Option<Decimal>> = devices
        .iter()
        .map(|device| (device.id, device.m365_users))
        .collect();
    let line = |line: &cove_api::management::billable::UsageLine| {
        let units = |device: &DeviceId| match line.service {
            Service::M365Users => users.get(device).copied().flatten(),
            // What one device adds depends on the others where fair use is pooled.
            Service::AdditionalGigabytes => None,
            _ => Some(Decimal::ONE),
        };
        let evidence = line.devices.iter().filter_map(|device| {
            Some(DeviceUsage {
                id: device.to_string(),
                name: names.get(device).cloned().unwrap_or_default(),
                quantity: units(device)?,
            })
        });
        UsageLine {
            customer: Some(customer_id(line.customer)),
            customer_name: line.name.clone().unwrap_or_default(),
            customer_reference: line.reference.as_deref().and_then(reference),
            contract: ContractId::new(CONTRACT),
            service: Some(ServiceName::new(format!("{PRODUCT} | {}", line.service))),
            unit: unit(line.unit).to_owned(),
            quantity: line.quantity,
            amount: None,
            device_count: line.devices.len() as u64,
            devices: evidence.collect(),
        }
    };
    usage.lines.iter().map(line).collect()
}

/// The one HaloPSA id in an external code, else the code as it is: two ids are not one.
fn reference(code: &str) -> Option<String> {
    let code = ExternalCode::new(code.trim());
    if code.as_str().is_empty() {
        return None;
    }
    match code.halo_ids().as_slice() {
        [id] => Some(format!("HALO:{id}")),
        _ => Some(code.as_str().to_owned()),
    }
}

/// The units of the invoice.
fn unit(unit: LineUnit) -> &'static str {
    match unit {
        LineUnit::Device => "Each",
        LineUnit::User => "User",
        LineUnit::Gigabyte => "GB",
    }
}

/// What cannot be counted holds up its customer, because a line of it would be too small.
fn unreadable(usage: &BillableUsage) -> Vec<UnreadableUsage> {
    let customers: BTreeMap<DeviceId, Option<PartnerId>> = usage
        .devices
        .iter()
        .map(|device| (device.device, device.customer))
        .collect();
    let record = |customer: Option<PartnerId>, detail: String| UnreadableUsage {
        contract: Some(ContractId::new(CONTRACT)),
        customer: customer.map(customer_id),
        detail,
    };
    let unclassified = usage.unclassified().map(|(device, why)| {
        record(
            device.customer,
            format!(
                "device {} of partner {} cannot be counted: {why}",
                device.device, device.partner
            ),
        )
    });
    let noted = usage.notes.iter().filter_map(|note| {
        let (device, what) = match note {
            Note::Repeated(_) | Note::DeletedBilled(_) => return None,
            Note::NoSize(device) => (device, "its selected size is not known"),
            Note::Negative(device) => (device, "one of its figures is negative"),
            Note::StrangeRecovery(device) => (device, "its recovery testing cannot be read"),
            Note::TooLarge(device) => (device, "its figures are too large to be added up"),
            _ => return Some(record(None, format!("{note:?}"))),
        };
        let customer = customers.get(device).copied().flatten();
        Some(record(customer, format!("device {device}: {what}")))
    });
    unclassified.chain(noted).collect()
}
