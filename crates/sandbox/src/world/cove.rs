//! Cove's management side of the world: what people made of partners and devices beyond what is billed.
//!
//! The customers and their devices are not kept here: they are derived from the usage, so that both of Cove's APIs show
//! one world.

use std::collections::BTreeMap;

use serde::Serialize;

use super::World;

/// The partner that the credentials belong to; every customer is below it.
pub(crate) const RESELLER: u64 = 33_491;
/// Partners that no usage shows get ids from here on.
const FIRST_PARTNER: u64 = 41_000;
/// Devices that no usage shows get ids from here on, so that they are the newest.
const FIRST_DEVICE: u64 = 48_000_000;

/// What a device is to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A server on its own hardware.
    PhysicalServer,
    /// A server in a virtual machine.
    VirtualServer,
    /// A server whose physicality is `Undefined`.
    UndefinedServer,
    /// A server for which no physicality is given.
    UnknownServer,
    /// A workstation.
    Workstation,
    /// A workstation of the product `Documents`.
    Documents,
    /// A Microsoft 365 tenant.
    Microsoft365,
    /// A device that was created and never installed.
    NeverInstalled,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Cove {
    /// Partners that no usage shows.
    pub(crate) partners: BTreeMap<u64, PartnerRecord>,
    /// Devices that are not billed.
    pub(crate) devices: BTreeMap<u64, DeviceRecord>,
    /// Between the reseller and every fifth customer, if there is one.
    pub(crate) service_organization: Option<u64>,
    pub(crate) states: BTreeMap<u64, String>,
    pub(crate) external_codes: BTreeMap<u64, String>,
    /// By device and column.
    pub(crate) custom_values: BTreeMap<(u64, u64), String>,
    pub(crate) audit: Vec<AuditRecord>,
}

#[derive(Debug, Clone)]
pub(crate) struct PartnerRecord {
    pub(crate) parent: u64,
    pub(crate) name: String,
    pub(crate) level: String,
}

#[derive(Debug, Clone)]
pub(crate) struct DeviceRecord {
    pub(crate) partner: u64,
    pub(crate) name: String,
    pub(crate) kind: DeviceKind,
    /// Users of a Microsoft 365 tenant.
    pub(crate) users: i64,
}

/// Something that was done through the API.
#[derive(Debug, Clone)]
pub(crate) struct AuditRecord {
    pub(crate) time: i64,
    pub(crate) entity: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) partner: u64,
    pub(crate) details: String,
}

impl World {
    /// Adds a Cove partner below another one and returns its id. `level` is `EndCustomer`, `Site` and the like, `state`
    /// `InProduction`, `InTrial` and the like.
    pub fn add_partner(&mut self, parent: u64, name: &str, level: &str, state: &str) -> u64 {
        let id = next_id(&self.cove.partners, FIRST_PARTNER);
        let record = PartnerRecord {
            parent,
            name: name.to_owned(),
            level: level.to_owned(),
        };
        self.cove.partners.insert(id, record);
        self.set_partner_state(id, state);
        id
    }

    /// Adds a device that no invoice shows to a Cove partner and returns its id. `users` matters for a Microsoft 365 tenant.
    pub fn add_device(&mut self, partner: u64, name: &str, kind: DeviceKind, users: i64) -> u64 {
        let id = next_id(&self.cove.devices, FIRST_DEVICE);
        let record = DeviceRecord {
            partner,
            name: name.to_owned(),
            kind,
            users,
        };
        self.cove.devices.insert(id, record);
        id
    }

    /// Sets the state of a Cove partner (`InProduction`, `InTrial`, `Expired` and the like).
    pub fn set_partner_state(&mut self, partner: u64, state: &str) {
        self.cove.states.insert(partner, state.to_owned());
    }

    /// Sets the external code (in the console: customer reference) of a Cove partner.
    pub fn set_external_code(&mut self, partner: u64, code: &str) {
        self.cove.external_codes.insert(partner, code.to_owned());
    }
}

fn next_id<T>(known: &BTreeMap<u64, T>, first: u64) -> u64 {
    known.last_key_value().map_or(first, |(last, _)| last + 1)
}
