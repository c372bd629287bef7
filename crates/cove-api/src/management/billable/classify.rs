//! Decides what becomes of each device.

use std::collections::BTreeSet;

use super::device::{Device, DeviceKind, OsKind, Physicality};
use super::lines::Adding;
use super::policy::{DeletedDevices, Policy, Servers, UndefinedPhysicality};
use super::{
    Basis, BillableUsage, Class, ClassifiedDevice, CustomerTree, Excluded, Note, Unclassified,
    Verdict,
};

/// What the customers are billed for, by a policy. Every device ends in exactly one verdict; the order of the devices
/// does not matter to the lines.
pub fn classify(
    basis: Basis,
    devices: &[Device],
    customers: &CustomerTree,
    policy: &Policy,
) -> BillableUsage {
    let mut seen = BTreeSet::new();
    let mut adding = Adding::default();
    let (mut classified, mut notes) = (Vec::with_capacity(devices.len()), Vec::new());
    for device in devices {
        if !seen.insert(device.id) {
            notes.push(Note::Repeated(device.id));
            continue;
        }
        let (payer, stopped) = customers.payer(device.partner, policy);
        let verdict = stopped.unwrap_or_else(|| verdict(device, policy));
        let payer = payer.and_then(|info| Some((info.id?, info)));
        let mut gigabytes = None;
        if let (Verdict::Billed(class), Some(payer)) = (&verdict, payer) {
            gigabytes = adding.add(payer, device, *class, policy, &mut notes);
            if device.deleted {
                notes.push(Note::DeletedBilled(device.id));
            }
        }
        classified.push(ClassifiedDevice {
            device: device.id,
            partner: device.partner,
            customer: payer.map(|(id, _)| id),
            verdict,
            deleted: device.deleted,
            gigabytes,
        });
    }
    BillableUsage {
        basis,
        lines: adding.finish(policy),
        devices: classified,
        notes,
    }
}

fn verdict(device: &Device, policy: &Policy) -> Verdict {
    if device.deleted && policy.deleted == DeletedDevices::Exclude {
        return Verdict::Excluded(Excluded::Deleted);
    }
    match class(device, policy) {
        Ok(class) => Verdict::Billed(class),
        Err(why) => Verdict::Unclassified(why),
    }
}

fn class(device: &Device, policy: &Policy) -> Result<Class, Unclassified> {
    let has_users = device.m365_users.is_some_and(|users| !users.is_zero());
    // Where the source does not say what kind it is, a tenant is what has users and no operating system.
    let is_tenant = match device.kind {
        Some(kind) => kind == DeviceKind::Tenant,
        None => device.os == OsKind::Undefined && has_users,
    };
    if is_tenant {
        return device
            .m365_users
            .map(|_| Class::M365Tenant)
            .ok_or(Unclassified::UnknownUsers);
    }
    match device.os {
        OsKind::Undefined => Err(Unclassified::UndefinedSystem),
        OsKind::Server => server(device, policy),
        OsKind::Workstation => match device.product.as_deref() {
            None => Err(Unclassified::UnknownProduct),
            Some(product) if product == policy.documents_product => Ok(Class::Documents),
            Some(_) => Ok(Class::Workstation),
        },
    }
}

fn server(device: &Device, policy: &Policy) -> Result<Class, Unclassified> {
    if policy.servers == Servers::Combined {
        return Ok(Class::Server);
    }
    match (&device.physicality, policy.undefined_physicality) {
        (Some(Physicality::Physical), _) | (None, UndefinedPhysicality::Physical) => {
            Ok(Class::PhysicalServer)
        }
        (Some(Physicality::Virtual), _) | (None, UndefinedPhysicality::Virtual) => {
            Ok(Class::VirtualServer)
        }
        (Some(Physicality::Other(other)), _) => {
            Err(Unclassified::StrangePhysicality(other.clone()))
        }
        (None, UndefinedPhysicality::Unclassified) => Err(Unclassified::UndefinedPhysicality),
    }
}
