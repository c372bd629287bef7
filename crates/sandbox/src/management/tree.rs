//! The tree of partners and their devices, derived from the usage so that both of Cove's APIs tell of one world.
//!
//! Live is the latest month that has usage. Who was there in an earlier month and is not any more was removed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar::{DAY, month_start};
use crate::world::World;
use crate::world::cove::{DeviceKind, RESELLER};
use crate::world::vendor::{Device, FIRST_ADDED, Month, PER_GB, PRODUCT, Record};
use crate::{MANAGEMENT_PARTNER, period};

/// Above every customer id that seeding gives.
const FIRST_SITE: u64 = 50_000_000;
const FIRST_NAMED: u64 = 90_000_000;
const CREATED: i64 = 1_600_000_000;
const GIB: i64 = 1 << 30;

/// A partner of Cove's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partner {
    /// Its id. For a customer: what the Billing API calls `ClientId`, if that is a number.
    pub id: u64,
    /// The partner above.
    pub parent_id: u64,
    /// Name.
    pub name: String,
    /// `Reseller`, `ServiceOrganization`, `EndCustomer` or `Site`.
    pub level: String,
    /// `InProduction`, `InTrial` and the like.
    pub state: String,
    /// External code; in the console: customer reference.
    pub external_code: String,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds, if it was removed.
    pub removed: Option<i64>,
}

/// A device ("account") of Cove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its id, the same as in the Billing API.
    pub id: u64,
    /// The partner that owns it.
    pub partner_id: u64,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Users of a Microsoft 365 tenant, otherwise 0.
    pub users: i64,
    /// Bytes selected for backup.
    pub selected_bytes: i64,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds, if it was removed.
    pub removed: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) partners: BTreeMap<u64, Partner>,
    pub(crate) accounts: BTreeMap<u64, Account>,
}

impl Tree {
    pub(crate) fn of(world: &World) -> Self {
        let mut tree = Self::default();
        tree.add_partner(world, RESELLER, 2, MANAGEMENT_PARTNER, "Reseller");
        for (id, record) in &world.cove.partners {
            tree.add_partner(world, *id, record.parent, &record.name, &record.level);
        }
        for (id, record) in &world.cove.devices {
            let (partner, name) = (record.partner, record.name.clone());
            let bytes = size(record.kind, *id);
            tree.add_account(*id, partner, name, record.kind, record.users, bytes);
        }
        let mut named = BTreeMap::new();
        let mut months = world.vendor.months.iter().rev();
        let live = months.by_ref().find(|(_, month)| !month.records.is_empty());
        let Some((_, month)) = live else {
            return tree;
        };
        tree.add_month(world, month, &mut named, None);
        for (past, month) in months {
            let removed = month_start(period::next(*past)) + 9 * DAY;
            tree.add_month(world, month, &mut named, Some(removed));
        }
        tree
    }

    pub(crate) fn partner(&self, id: u64) -> Option<&Partner> {
        self.partners
            .get(&id)
            .filter(|partner| partner.removed.is_none())
    }

    pub(crate) fn account(&self, id: u64) -> Option<&Account> {
        self.accounts
            .get(&id)
            .filter(|account| account.removed.is_none())
    }

    /// Whether a partner is `above` or somewhere below it.
    pub(crate) fn is_within(&self, mut id: u64, above: u64) -> bool {
        // No tree is deeper than its number of partners, whatever parents a test gave them.
        for _ in 0..=self.partners.len() {
            if id == above {
                return true;
            }
            let Some(partner) = self.partners.get(&id) else {
                return false;
            };
            id = partner.parent_id;
        }
        false
    }

    /// A partner and everything above it that may be seen.
    pub(crate) fn ancestors(&self, id: u64) -> Vec<&Partner> {
        let mut path = Vec::new();
        let mut next = self.partners.get(&id);
        while let Some(partner) = next.filter(|_| path.len() <= self.partners.len()) {
            path.push(partner);
            next = self.partners.get(&partner.parent_id);
        }
        path
    }

    fn add_partner(&mut self, world: &World, id: u64, parent: u64, name: &str, level: &str) {
        let own = |map: &BTreeMap<u64, String>| map.get(&id).cloned();
        let state = own(&world.cove.states).unwrap_or_else(|| "InProduction".to_owned());
        let partner = Partner {
            id,
            parent_id: parent,
            name: name.to_owned(),
            level: level.to_owned(),
            state,
            external_code: own(&world.cove.external_codes).unwrap_or_default(),
            created: CREATED + id.cast_signed() % 100_000_000,
            removed: None,
        };
        self.partners.insert(id, partner);
    }

    fn add_account(
        &mut self,
        id: u64,
        partner_id: u64,
        name: String,
        kind: DeviceKind,
        users: i64,
        selected_bytes: i64,
    ) {
        let account = Account {
            id,
            partner_id,
            name,
            kind,
            users,
            selected_bytes,
            created: CREATED + 50_000_000 + id.cast_signed() % 50_000_000,
            removed: None,
        };
        self.accounts.insert(id, account);
    }

    /// Adds what a month has and no later one: alive if that is the latest, otherwise removed at that moment.
    fn add_month(
        &mut self,
        world: &World,
        month: &Month,
        named: &mut BTreeMap<String, u64>,
        removed: Option<i64>,
    ) {
        for record in &month.records {
            if !world.vendor.is_in_scope(record.contract) {
                continue;
            }
            let owner = self.customer(world, record, named, removed);
            for device in &record.devices {
                self.add_device(world, owner, device, removed);
            }
        }
    }

    /// The customer of a record. Usage without a customer is the reseller's own.
    fn customer(
        &mut self,
        world: &World,
        record: &Record,
        named: &mut BTreeMap<String, u64>,
        removed: Option<i64>,
    ) -> u64 {
        let text = record.customer_id.trim();
        if text.is_empty() {
            return RESELLER;
        }
        let id = text.parse().ok().filter(|id| *id != RESELLER && *id != 0);
        let id = id.unwrap_or_else(|| {
            let next = FIRST_NAMED + named.len() as u64;
            *named.entry(text.to_owned()).or_insert(next)
        });
        if !self.partners.contains_key(&id) {
            let organization = world.cove.service_organization.filter(|_| id % 5 == 0);
            let parent = organization.unwrap_or(RESELLER);
            self.add_partner(world, id, parent, &record.customer_name, "EndCustomer");
            if let Some(partner) = self.partners.get_mut(&id) {
                partner.removed = removed;
                if !world.cove.external_codes.contains_key(&id) {
                    record.reference.clone_into(&mut partner.external_code);
                }
            }
        }
        id
    }

    fn add_device(&mut self, world: &World, owner: u64, device: &Device, removed: Option<i64>) {
        let Some((kind, users)) = kind_of(device) else {
            return;
        };
        let mut id = device.id;
        // Devices that tests add may share an id with one of another customer in another month.
        let same = self.accounts.get(&id);
        if removed.is_some() && same.is_some_and(|one| self.is_within(one.partner_id, owner)) {
            return;
        }
        while self.accounts.contains_key(&id) {
            id += 10_000_000;
        }
        let partner = self.site(world, owner, device.site);
        let gigabytes: i64 = device
            .lines
            .iter()
            .filter(|line| line.service == PER_GB)
            .map(|line| line.quantity.thousandths())
            .fold(0, i64::saturating_add);
        let bytes = if gigabytes > 0 {
            gigabytes.saturating_mul(GIB / 1000)
        } else {
            size(kind, id)
        };
        self.add_account(id, partner, device.name.clone(), kind, users, bytes);
        if let Some(account) = self.accounts.get_mut(&id) {
            account.removed = removed;
        }
    }

    /// The site that a device stands at. The head office is the customer itself.
    fn site(&mut self, world: &World, owner: u64, name: &str) -> u64 {
        let offset = match name {
            "Branch" => 0,
            "Warehouse" => 1,
            _ => return owner,
        };
        let Some(customer) = self
            .partners
            .get(&owner)
            .filter(|one| one.level == "EndCustomer")
        else {
            return owner;
        };
        let (title, removed) = (format!("{} - {name}", customer.name), customer.removed);
        let id = FIRST_SITE + owner % 10_000_000 * 2 + offset;
        if !self.partners.contains_key(&id) {
            self.add_partner(world, id, owner, &title, "Site");
            if let Some(site) = self.partners.get_mut(&id) {
                site.removed = removed;
            }
        }
        id
    }
}

/// What a billed device is, and its number of users. `None`: nothing that has a backup client, such as a vault.
fn kind_of(device: &Device) -> Option<(DeviceKind, i64)> {
    device.lines.iter().find_map(|line| {
        let service = line
            .service
            .strip_prefix(PRODUCT)?
            .trim_start_matches(" | ");
        // One server in seventeen is one that the vendor could not classify; devices that tests add are plain.
        let unclear = device.id % 34;
        let kind = match service {
            "Server" if unclear == 3 && device.id < FIRST_ADDED => DeviceKind::UndefinedServer,
            "Server" if unclear == 20 && device.id < FIRST_ADDED => DeviceKind::UnknownServer,
            "Server" => DeviceKind::PhysicalServer,
            "Virtual Machine Server" => DeviceKind::VirtualServer,
            "Workstation" => DeviceKind::Workstation,
            "Documents" => DeviceKind::Documents,
            "Microsoft 365" => return Some((DeviceKind::Microsoft365, line.quantity.ceil())),
            _ => return None,
        };
        Some((kind, 0))
    })
}

/// A made-up size where the usage gives none.
fn size(kind: DeviceKind, id: u64) -> i64 {
    match kind {
        DeviceKind::NeverInstalled => 0,
        _ => (20 + id.cast_signed() % 300) * GIB + id.cast_signed() % 4096,
    }
}
