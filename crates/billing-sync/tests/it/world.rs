//! Small worlds for planner tests: one side is changed at a time, the plan is looked at whole.

use billing_sync::ids::{ClientId, ContractId, CustomerId, Key, LicenceId, ServiceName};
use billing_sync::plan::{Plan, PlanInput, RequestSizes, plan};
use billing_sync::rules::Rules;
use billing_sync::target::{
    Client, CompleteList, Standing, Subscription, TargetSnapshot, UnreadableRecord,
};
use billing_sync::usage::{Completeness, DeviceUsage, Finality, Usage, UsageLine};
use billing_sync::{Memory, Owned, Period};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

pub(crate) const SERVER: &str = "Cove Data Protection | Server";
pub(crate) const PER_GB: &str = "Cove Data Protection | Per GB";

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Usage, target, rules and memory, easy to change.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) usage: Usage,
    pub(crate) clients: Vec<Client>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) unreadable: Vec<UnreadableRecord>,
    pub(crate) rules: Rules,
    pub(crate) memory: Memory,
    pub(crate) only: Option<ClientId>,
}

impl World {
    /// Nothing at all, in a final and complete period.
    pub(crate) fn new() -> Self {
        Self {
            usage: Usage {
                period: period("202610"),
                lines: Vec::new(),
                contract_amounts: Vec::new(),
                unreadable: Vec::new(),
                disagreements: Vec::new(),
                finality: Finality::Final,
                completeness: Completeness {
                    contracts_expected: BTreeSet::from([contract()]),
                    contracts_seen: BTreeSet::from([contract()]),
                    contracts_listed: BTreeSet::from([contract()]),
                    ..Completeness::default()
                },
            },
            clients: Vec::new(),
            subscriptions: Vec::new(),
            unreadable: Vec::new(),
            rules: Rules::default(),
            memory: Memory::default(),
            only: None,
        }
    }

    pub(crate) fn client(mut self, id: i64, vendor_id: &str) -> Self {
        let vendor_ids = if vendor_id.is_empty() {
            vec![]
        } else {
            vec![vendor_id.to_owned()]
        };
        self.clients.push(Client {
            id: ClientId::new(id),
            name: format!("Client {id}"),
            active: true,
            vendor_ids,
        });
        self
    }

    pub(crate) fn inactive_client(self, id: i64, vendor_id: &str) -> Self {
        let mut world = self.client(id, vendor_id);
        world.clients.last_mut().unwrap().active = false;
        world
    }

    pub(crate) fn uses(self, customer: &str, service: &str, quantity: &str) -> Self {
        self.uses_unit(customer, service, "Each", quantity)
    }

    pub(crate) fn uses_unit(
        mut self,
        customer: &str,
        service: &str,
        unit: &str,
        quantity: &str,
    ) -> Self {
        self.usage
            .lines
            .push(line(customer, service, unit, quantity));
        self
    }

    pub(crate) fn has(mut self, id: i64, client: i64, name: &str, count: i64) -> Self {
        self.subscriptions.push(Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(client),
            name: name.to_owned(),
            count,
            standing: Standing::Active,
        });
        self
    }

    pub(crate) fn standing(mut self, standing: Standing) -> Self {
        self.subscriptions.last_mut().unwrap().standing = standing;
        self
    }

    /// The last subscription added is owned, with the usage of `customer` behind it.
    pub(crate) fn owned_for(mut self, customer: &str) -> Self {
        let record = self.subscriptions.last().unwrap();
        self.memory.owned.push(Owned {
            key: record.key(),
            licence: record.id,
            count: record.count,
            period: period("202609"),
            customers: BTreeSet::from([CustomerId::new(customer)]),
            contracts: BTreeSet::from([contract()]),
        });
        self
    }

    pub(crate) fn target(&self) -> TargetSnapshot {
        TargetSnapshot::new(
            CompleteList::proven(self.clients.clone(), 0, None).unwrap(),
            CompleteList::proven(self.subscriptions.clone(), 0, None).unwrap(),
            self.unreadable.clone(),
        )
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(PlanInput {
            usage: &self.usage,
            target: &self.target(),
            rules: &self.rules,
            memory: &self.memory,
            only: self.only,
            read_requests: 4,
            sizes: RequestSizes::default(),
        })
    }
}

pub(crate) fn period(text: &str) -> Period {
    text.parse().unwrap()
}

pub(crate) fn contract() -> ContractId {
    ContractId::new("238877")
}

pub(crate) fn key(client: i64, name: &str) -> Key {
    Key {
        client: ClientId::new(client),
        name: name.to_owned(),
    }
}

pub(crate) fn line(customer: &str, service: &str, unit: &str, quantity: &str) -> UsageLine {
    UsageLine {
        customer: (!customer.is_empty()).then(|| CustomerId::new(customer)),
        customer_name: format!("Customer {customer}"),
        customer_reference: None,
        contract: contract(),
        service: (!service.is_empty()).then(|| ServiceName::new(service)),
        unit: unit.to_owned(),
        quantity: d(quantity),
        amount: None,
        device_count: 1,
        devices: vec![DeviceUsage {
            id: format!("{customer}-{quantity}"),
            name: "srv01".to_owned(),
            quantity: d(quantity),
        }],
    }
}
