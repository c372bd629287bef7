//! Adds devices up to lines: one for each customer and service.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use super::policy::FairUsePool;
use super::{Class, Device, Note, Policy};
use crate::management::ids::{DeviceId, PartnerId};
use crate::management::model::PartnerInfo;

/// What a customer is billed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Physical servers.
    PhysicalServer,
    /// Virtual servers.
    VirtualServer,
    /// Servers of either kind.
    Server,
    /// Workstations.
    Workstation,
    /// Workstations of which only documents are backed up.
    Documents,
    /// Microsoft 365 users.
    M365Users,
    /// Devices with recovery testing or a standby image.
    RecoveryTesting,
    /// Gigabytes over fair use.
    AdditionalGigabytes,
}

impl Service {
    /// Its name on lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PhysicalServer => "Physical Server",
            Self::VirtualServer => "Virtual Server",
            Self::Server => "Server",
            Self::Workstation => "Workstation",
            Self::Documents => "Documents",
            Self::M365Users => "Microsoft 365 User",
            Self::RecoveryTesting => "Recovery Testing",
            Self::AdditionalGigabytes => "Additional GB",
        }
    }

    /// What it is counted in.
    pub const fn unit(self) -> LineUnit {
        match self {
            Self::M365Users => LineUnit::User,
            Self::AdditionalGigabytes => LineUnit::Gigabyte,
            _ => LineUnit::Device,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a line is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineUnit {
    /// Devices.
    Device,
    /// Users.
    User,
    /// Gigabytes, by the policy.
    Gigabyte,
}

impl LineUnit {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::User => "user",
            Self::Gigabyte => "GB",
        }
    }
}

/// So much of a service for a customer. Not rounded: that is for whoever bills.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageLine {
    /// The customer.
    pub customer: PartnerId,
    /// Its name, for people.
    pub name: Option<String>,
    /// Its external code.
    pub reference: Option<String>,
    /// What for.
    pub service: Service,
    /// In what it is counted.
    pub unit: LineUnit,
    /// How much.
    pub quantity: Decimal,
    /// The devices it comes from, by id.
    pub devices: Vec<DeviceId>,
}

#[derive(Default)]
struct Sum {
    quantity: Decimal,
    devices: Vec<DeviceId>,
}

#[derive(Default)]
struct Pool {
    used: Decimal,
    free: Decimal,
    devices: Vec<DeviceId>,
}

/// Lines in the making.
#[derive(Default)]
pub(super) struct Adding<'a> {
    customers: BTreeMap<PartnerId, &'a PartnerInfo>,
    sums: BTreeMap<(PartnerId, Service), Sum>,
    pools: BTreeMap<PartnerId, Pool>,
}

impl<'a> Adding<'a> {
    /// Adds a device; returns its gigabytes where they count.
    pub(super) fn add(
        &mut self,
        (customer, info): (PartnerId, &'a PartnerInfo),
        device: &Device,
        class: Class,
        policy: &Policy,
        notes: &mut Vec<Note>,
    ) -> Option<Decimal> {
        self.customers.insert(customer, info);
        let (service, quantity) = match class {
            Class::PhysicalServer => (Service::PhysicalServer, Decimal::ONE),
            Class::VirtualServer => (Service::VirtualServer, Decimal::ONE),
            Class::Server => (Service::Server, Decimal::ONE),
            Class::Workstation => (Service::Workstation, Decimal::ONE),
            Class::Documents => (Service::Documents, Decimal::ONE),
            Class::M365Tenant => (Service::M365Users, device.m365_users.unwrap_or_default()),
        };
        let quantity = not_negative(quantity, device.id, notes);
        self.sum(customer, service, quantity, device.id, notes);
        match device.recovers() {
            Ok(true) => self.sum(
                customer,
                Service::RecoveryTesting,
                Decimal::ONE,
                device.id,
                notes,
            ),
            Ok(false) => {}
            Err(()) => notes.push(Note::StrangeRecovery(device.id)),
        }
        let free = policy.fair_use.of(class, device)?;
        let Some(used) = device.selected.and_then(|size| policy.gigabyte.of(size)) else {
            notes.push(Note::NoSize(device.id));
            return None;
        };
        let used = not_negative(used, device.id, notes);
        match policy.pool {
            FairUsePool::PerDevice => {
                let over = used.saturating_sub(free);
                if over > Decimal::ZERO && over >= policy.minimum_additional {
                    self.sum(
                        customer,
                        Service::AdditionalGigabytes,
                        over,
                        device.id,
                        notes,
                    );
                }
            }
            FairUsePool::PerCustomer => {
                let pool = self.pools.entry(customer).or_default();
                match (pool.used.checked_add(used), pool.free.checked_add(free)) {
                    (Some(used), Some(free)) => (pool.used, pool.free) = (used, free),
                    _ => notes.push(Note::TooLarge(device.id)),
                }
                pool.devices.push(device.id);
            }
        }
        Some(used)
    }

    fn sum(
        &mut self,
        customer: PartnerId,
        service: Service,
        quantity: Decimal,
        device: DeviceId,
        notes: &mut Vec<Note>,
    ) {
        let sum = self.sums.entry((customer, service)).or_default();
        match sum.quantity.checked_add(quantity) {
            Some(total) => sum.quantity = total,
            None => notes.push(Note::TooLarge(device)),
        }
        sum.devices.push(device);
    }

    /// The lines, by customer and service.
    pub(super) fn finish(mut self, policy: &Policy) -> Vec<UsageLine> {
        for (customer, pool) in std::mem::take(&mut self.pools) {
            let over = pool.used.saturating_sub(pool.free);
            if over > Decimal::ZERO && over >= policy.minimum_additional {
                let sum = Sum {
                    quantity: over,
                    devices: pool.devices,
                };
                self.sums
                    .insert((customer, Service::AdditionalGigabytes), sum);
            }
        }
        let Self {
            customers,
            sums,
            pools: _,
        } = self;
        let line = |((customer, service), sum): ((PartnerId, Service), Sum)| {
            let info = customers.get(&customer);
            let mut devices = sum.devices;
            devices.sort_unstable();
            UsageLine {
                customer,
                name: info.and_then(|info| info.name.clone()),
                reference: info.and_then(|info| info.external_code.clone()),
                service,
                unit: service.unit(),
                quantity: sum.quantity.normalize(),
                devices,
            }
        };
        sums.into_iter().map(line).collect()
    }
}

fn not_negative(figure: Decimal, device: DeviceId, notes: &mut Vec<Note>) -> Decimal {
    if figure < Decimal::ZERO {
        notes.push(Note::Negative(device));
        return Decimal::ZERO;
    }
    figure
}
