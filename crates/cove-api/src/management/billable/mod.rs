//! Billable usage from counts of devices: which class each device is in, and what each customer is billed for.
//!
//! Pure: devices, customers and a policy in, lines out. Counts from here are never final, because only the invoice
//! is; and no device goes missing, because every one ends in exactly one verdict.

mod classify;
mod customers;
mod device;
mod lines;
mod policy;

pub use customers::CustomerTree;
pub use device::{Device, DeviceKind, OsKind, Physicality, Size};
pub use lines::{LineUnit, Service, UsageLine};
pub use policy::{
    DeletedDevices, FairUse, FairUsePool, Gigabyte, Misplaced, Policy, Servers, Trials,
    UndefinedPhysicality,
};

use std::fmt;

use rust_decimal::Decimal;

use super::ids::{DeviceId, PartnerId};
use super::model::PartnerState;

/// Where the counts come from. Neither is the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Basis {
    /// What is there now.
    Live,
    /// The highest values of a month.
    HighWatermark,
}

/// What the customers are billed for, and what became of every device.
#[derive(Debug, Clone, PartialEq)]
pub struct BillableUsage {
    /// Where the counts come from.
    pub basis: Basis,
    /// The lines, by customer and service.
    pub lines: Vec<UsageLine>,
    /// Every device once, in the order given.
    pub devices: Vec<ClassifiedDevice>,
    /// What somebody should look at though it stopped nothing.
    pub notes: Vec<Note>,
}

impl BillableUsage {
    /// Counts of devices are never final: only the invoice is.
    pub const fn is_final(&self) -> bool {
        false
    }

    /// The devices that are on no line for want of knowledge, with the reason. They may well be on the invoice.
    pub fn unclassified(&self) -> impl Iterator<Item = (&ClassifiedDevice, &Unclassified)> {
        self.devices
            .iter()
            .filter_map(|device| match &device.verdict {
                Verdict::Unclassified(why) => Some((device, why)),
                Verdict::Billed(_) | Verdict::Excluded(_) => None,
            })
    }
}

/// What became of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifiedDevice {
    /// The device.
    pub device: DeviceId,
    /// The customer it belongs to, perhaps a site.
    pub partner: PartnerId,
    /// The customer that is billed for it, if one was found.
    pub customer: Option<PartnerId>,
    /// What became of it.
    pub verdict: Verdict,
    /// It is deleted: flagged, because it may still be on the invoice.
    pub deleted: bool,
    /// Its selected size in the policy's gigabytes, where it counts.
    pub gigabytes: Option<Decimal>,
}

/// What became of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is on the lines of its customer.
    Billed(Class),
    /// The policy leaves it out.
    Excluded(Excluded),
    /// Nobody can tell what it is.
    Unclassified(Unclassified),
}

/// What a device is billed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A server of its own.
    PhysicalServer,
    /// A server on a hypervisor.
    VirtualServer,
    /// A server, where the contract knows no difference.
    Server,
    /// A workstation.
    Workstation,
    /// A workstation of which only documents are backed up.
    Documents,
    /// A Microsoft 365 tenant, billed by users.
    M365Tenant,
}

/// Why the policy leaves a device out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Excluded {
    /// Its customer is the vendor's recycle bin.
    RecycleBin,
    /// Its customer was provisioned by the vendor.
    Provisioned,
    /// Its customer is on trial.
    Trial,
    /// Its customer is in a state that is not billed.
    State(PartnerState),
    /// It is deleted.
    Deleted,
}

/// Why nobody can tell what a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unclassified {
    /// Its customer is not in the tree.
    UnknownCustomer,
    /// No end customer stands above it: the usage hangs at a reseller.
    Misplaced,
    /// The state of its customer is not known.
    UnknownState,
    /// The kind of its operating system is not known: perhaps it was never installed.
    UndefinedSystem,
    /// It is a server, and nothing says whether physical or virtual.
    UndefinedPhysicality,
    /// It says something else than physical or virtual.
    StrangePhysicality(String),
    /// It is a workstation, and its product is not known.
    UnknownProduct,
    /// It is a tenant, and its number of users is not known.
    UnknownUsers,
}

impl fmt::Display for Unclassified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownCustomer => "its customer is not in the tree",
            Self::Misplaced => "no end customer stands above it",
            Self::UnknownState => "the state of its customer is not known",
            Self::UndefinedSystem => "the kind of its operating system is not known",
            Self::UndefinedPhysicality => "nothing says whether it is physical or virtual",
            Self::StrangePhysicality(other) => {
                return write!(
                    f,
                    "its physicality is {other:?}, neither physical nor virtual"
                );
            }
            Self::UnknownProduct => "its product is not known",
            Self::UnknownUsers => "its number of users is not known",
        })
    }
}

/// What somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The same device was given twice; the first counts.
    Repeated(DeviceId),
    /// The size of a device that counts against fair use is not known; taken as 0.
    NoSize(DeviceId),
    /// A figure of a device is negative; taken as 0.
    Negative(DeviceId),
    /// Its recovery testing cannot be read; taken as none.
    StrangeRecovery(DeviceId),
    /// Deleted, and billed all the same.
    DeletedBilled(DeviceId),
    /// A figure is too large to be added up; the line is not complete.
    TooLarge(DeviceId),
}

pub use classify::classify;

#[cfg(test)]
mod tests;
