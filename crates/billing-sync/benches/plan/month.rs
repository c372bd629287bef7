//! A month of made-up usage and the records it goes to, as large as wanted.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

use billing_sync::ids::{ClientId, ContractId, CustomerId, LicenceId, ServiceName};
use billing_sync::plan::{Plan, PlanInput, RequestSizes, plan};
use billing_sync::rules::Rules;
use billing_sync::target::{Client, CompleteList, Standing, Subscription, TargetSnapshot};
use billing_sync::usage::{Completeness, DeviceUsage, Finality, Usage, UsageLine};
use billing_sync::{Memory, Owned};
use rust_decimal::Decimal;

/// Services of each client.
const SERVICES: usize = 5;
/// Devices behind each service of a client.
const DEVICES: usize = 10;

/// Whether the usage lines carry their devices, or only say how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Devices {
    Kept,
    Folded,
}

/// Everything a plan is made from.
#[derive(Debug)]
pub(crate) struct Month {
    usage: Usage,
    target: TargetSnapshot,
    rules: Rules,
    memory: Memory,
}

impl Month {
    /// A first month for so many devices: a fiftieth as many clients, each with a record for each of its services.
    pub(crate) fn first(devices: usize, kept: Devices) -> Self {
        let clients = devices / (SERVICES * DEVICES);
        let contract = ContractId::new("238877");
        let mut lines = Vec::new();
        let mut people = Vec::new();
        let mut records = Vec::new();
        for client in 0..clients {
            let id = ClientId::new(i64::try_from(client).unwrap() + 1);
            people.push(Client {
                id,
                name: format!("Client {client}"),
                active: true,
                vendor_ids: vec![format!("9{client:07}")],
            });
            for service in 0..SERVICES {
                let name = format!("Cove Data Protection | Service {service}");
                records.push(Subscription {
                    id: LicenceId::new(i64::try_from(client * 10 + service).unwrap() + 1),
                    client: id,
                    name: name.clone(),
                    count: i64::try_from(DEVICES).unwrap(),
                    standing: Standing::Active,
                });
                let devices = (0..DEVICES).map(|device| DeviceUsage {
                    id: format!("{client}{service}{device}"),
                    name: format!("device-{device}"),
                    quantity: Decimal::ONE,
                });
                lines.push(UsageLine {
                    customer: Some(CustomerId::new(format!("9{client:07}"))),
                    customer_name: format!("Customer {client}"),
                    customer_reference: None,
                    contract: contract.clone(),
                    service: Some(ServiceName::new(name)),
                    unit: "Each".to_owned(),
                    quantity: Decimal::from(DEVICES),
                    amount: None,
                    device_count: u64::try_from(DEVICES).unwrap(),
                    devices: devices.filter(|_| kept == Devices::Kept).collect(),
                });
            }
        }
        Self {
            usage: Usage {
                period: "202610".parse().unwrap(),
                lines,
                contract_amounts: Vec::new(),
                unreadable: Vec::new(),
                disagreements: Vec::new(),
                finality: Finality::Final,
                completeness: Completeness {
                    contracts_expected: [contract.clone()].into(),
                    contracts_seen: [contract.clone()].into(),
                    contracts_listed: [contract].into(),
                    ..Completeness::default()
                },
            },
            target: TargetSnapshot::new(
                CompleteList::proven(people, 0, None).unwrap(),
                CompleteList::proven(records, 0, None).unwrap(),
                Vec::new(),
            ),
            rules: Rules::default(),
            memory: Memory::default(),
        }
    }

    /// The same, a month later and as it is met: every record is owned, and the lines come in no order.
    pub(crate) fn later(devices: usize, kept: Devices) -> Self {
        let mut month = Self::first(devices, kept);
        let contracts = &month.usage.completeness.contracts_seen;
        month.memory.owned = month
            .target
            .subscriptions()
            .iter()
            .zip(&month.usage.lines)
            .map(|(record, line)| Owned {
                key: record.key(),
                licence: record.id,
                count: record.count,
                period: "202609".parse().unwrap(),
                customers: line.customer.iter().cloned().collect(),
                contracts: contracts.clone(),
            })
            .collect();
        let mut state = 1u64;
        month.usage.lines.sort_by_cached_key(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 16
        });
        month
    }

    /// Plans it.
    pub(crate) fn plan(&self) -> Plan {
        let made = plan(PlanInput {
            usage: &self.usage,
            target: &self.target,
            rules: &self.rules,
            memory: &self.memory,
            only: None,
            read_requests: 0,
            sizes: RequestSizes::default(),
        });
        assert_eq!(made.summary().keep, self.usage.lines.len());
        made
    }
}
