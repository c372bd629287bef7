//! What is not known about the vendor's billing, or differs by contract, as options with names.

use rust_decimal::Decimal;

use super::device::{Physicality, Size};
use super::{Class, Device};

/// How devices are counted. The default bills what is in production, keeps deleted devices and flags them, grants no
/// fair use, and guesses nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether the contract tells physical from virtual servers.
    pub servers: Servers,
    /// What to make of a server that is neither physical nor virtual.
    pub undefined_physicality: UndefinedPhysicality,
    /// Gigabytes that are free, by class.
    pub fair_use: FairUse,
    /// Whether one device's unused gigabytes help another.
    pub pool: FairUsePool,
    /// What a gigabyte is.
    pub gigabyte: Gigabyte,
    /// Additional gigabytes below this are not billed: per device, or per customer when pooled. Default 0; public
    /// scripts bill from 1 on.
    pub minimum_additional: Decimal,
    /// What to do with deleted devices.
    pub deleted: DeletedDevices,
    /// What to do with customers on trial.
    pub trials: Trials,
    /// What to do with usage that no end customer stands above.
    pub misplaced: Misplaced,
    /// Whether customers that are the vendor's recycle bin are left out. Default: yes.
    pub skip_recycle_bin: bool,
    /// Whether customers that the vendor provisioned are left out. Default: yes.
    pub skip_provisioned: bool,
    /// The product whose workstations are billed as documents. Default `Documents`.
    pub documents_product: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            servers: Servers::Split,
            undefined_physicality: UndefinedPhysicality::Unclassified,
            fair_use: FairUse::NONE,
            pool: FairUsePool::PerDevice,
            gigabyte: Gigabyte::Binary,
            minimum_additional: Decimal::ZERO,
            deleted: DeletedDevices::Include,
            trials: Trials::Exclude,
            misplaced: Misplaced::Report,
            skip_recycle_bin: true,
            skip_provisioned: true,
            documents_product: "Documents".to_owned(),
        }
    }
}

/// Whether the contract tells physical from virtual servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Servers {
    /// Two classes ("DPP" contracts).
    Split,
    /// One class ("legacy" contracts).
    Combined,
}

/// What to make of a server that is neither physical nor virtual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UndefinedPhysicality {
    /// Report it.
    Unclassified,
    /// Bill it as physical, as public scripts of 2026 do for deleted devices.
    Physical,
    /// Bill it as virtual.
    Virtual,
}

/// Gigabytes that are free for each device of a class. The figures are part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FairUse {
    /// Of a physical server, also of one that is neither.
    pub physical_server: Decimal,
    /// Of a virtual server.
    pub virtual_server: Decimal,
    /// Of a workstation.
    pub workstation: Decimal,
}

impl FairUse {
    /// Every gigabyte is billed (the default of public scripts of 2026).
    pub const NONE: Self = Self::gigabytes(0, 0, 0);

    /// 2000 for each server and 500 for each workstation (the default of public scripts of 2024).
    pub const CLASSIC: Self = Self::gigabytes(2000, 2000, 500);

    /// Whole gigabytes.
    pub const fn gigabytes(physical_server: u32, virtual_server: u32, workstation: u32) -> Self {
        Self {
            physical_server: Decimal::from_parts(physical_server, 0, 0, false, 0),
            virtual_server: Decimal::from_parts(virtual_server, 0, 0, false, 0),
            workstation: Decimal::from_parts(workstation, 0, 0, false, 0),
        }
    }

    /// What is free for one device: decided by the device alone, whatever else there is. `None` where size is not billed.
    pub(super) fn of(&self, class: Class, device: &Device) -> Option<Decimal> {
        match class {
            Class::VirtualServer => Some(self.virtual_server),
            Class::Server if device.physicality == Some(Physicality::Virtual) => {
                Some(self.virtual_server)
            }
            Class::PhysicalServer | Class::Server => Some(self.physical_server),
            Class::Workstation => Some(self.workstation),
            Class::Documents | Class::M365Tenant => None,
        }
    }
}

/// Whether one device's unused gigabytes help another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FairUsePool {
    /// No: every device is billed for what it has over its own.
    PerDevice,
    /// Yes, within a customer.
    PerCustomer,
}

/// What a gigabyte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gigabyte {
    /// 1,073,741,824 bytes.
    Binary,
    /// 1,000,000,000 bytes.
    Decimal,
}

impl Gigabyte {
    /// A size in gigabytes; what is stated in gigabytes is taken as it is.
    pub(super) fn of(self, size: Size) -> Option<Decimal> {
        match (size, self) {
            (Size::Gigabytes(gigabytes), _) => Some(gigabytes),
            (Size::Bytes(bytes), Self::Binary) => bytes.checked_div(Decimal::from(1_u64 << 30)),
            (Size::Bytes(bytes), Self::Decimal) => {
                bytes.checked_div(Decimal::from(1_000_000_000_u64))
            }
        }
    }
}

/// What to do with deleted devices. The vendor's report lists them with their month's maximum, so they are probably
/// invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeletedDevices {
    /// Bill and flag them.
    Include,
    /// Leave them out.
    Exclude,
}

/// What to do with customers on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trials {
    /// Bill them.
    Include,
    /// Leave them out.
    Exclude,
}

/// What to do with usage that no end customer stands above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misplaced {
    /// Report it.
    Report,
    /// Bill it to the customer it hangs at.
    BillHolder,
}
