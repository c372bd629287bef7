//! Billable usage from live counts, against the sandbox's own tree: every device in exactly one class, and the sums right.

use crate::cove_bench::{everything, listed, live_devices, number, reseller, seeded};
use cove_api::management::Column;
use cove_api::management::billable::{
    Basis, BillableUsage, Class, Device, Excluded, Policy, Servers, Service, Trials, Unclassified,
    UndefinedPhysicality, Verdict, classify,
};
use cove_api::management::{ManagementClient, PartnerState};
use rust_decimal::Decimal;
use sandbox::{ActiveSources, DeviceKind, ManagementSwitches, Partner, Physicality, Sandbox};
use std::collections::BTreeMap;

async fn usage(cove: &ManagementClient, policy: &Policy) -> BillableUsage {
    let statistics = cove.device_statistics(&everything()).await.unwrap();
    let devices: Vec<Device> = statistics
        .devices
        .iter()
        .map(|row| Device::from_row(row, &Column::M365Users))
        .collect();
    assert_eq!(devices.len(), listed(&statistics).len());
    let tree = cove.customer_tree(reseller()).await.unwrap();
    assert!(tree.bad().is_empty());
    classify(Basis::Live, &devices, &tree, policy)
}

/// The customer that pays for a device, and what is to become of the device, from the sandbox's own tree.
fn truth(
    partners: &BTreeMap<u64, Partner>,
    device: &sandbox::Account,
    named: bool,
) -> (Option<u64>, Verdict) {
    let mut chain = Vec::new();
    let mut next = partners.get(&device.partner_id);
    while let Some(partner) = next {
        chain.push(partner);
        next = partners.get(&partner.parent_id);
    }
    if chain.iter().any(|one| one.name.ends_with("- Recycle Bin")) {
        return (None, Verdict::Excluded(Excluded::RecycleBin));
    }
    let Some(end) = chain.iter().position(|one| one.level == "EndCustomer") else {
        return (None, Verdict::Unclassified(Unclassified::Misplaced));
    };
    let payer = Some(chain[end].id);
    for one in &chain[..=end] {
        let excluded = match one.state.as_str() {
            "InProduction" => continue,
            "InTrial" => Excluded::Trial,
            other => Excluded::State(PartnerState::from(other)),
        };
        return (payer, Verdict::Excluded(excluded));
    }
    let strange =
        |number: &str| Verdict::Unclassified(Unclassified::StrangePhysicality(number.to_owned()));
    let verdict = match device.kind {
        // What the numbers would mean is not known, and nothing is guessed.
        DeviceKind::PhysicalServer if !named => strange("1"),
        DeviceKind::VirtualServer if !named => strange("2"),
        DeviceKind::UndefinedServer if !named => strange("0"),
        DeviceKind::PhysicalServer => Verdict::Billed(Class::PhysicalServer),
        DeviceKind::VirtualServer => Verdict::Billed(Class::VirtualServer),
        DeviceKind::Workstation => Verdict::Billed(Class::Workstation),
        DeviceKind::Documents => Verdict::Billed(Class::Documents),
        DeviceKind::Microsoft365 => Verdict::Billed(Class::M365Tenant),
        DeviceKind::UndefinedServer | DeviceKind::UnknownServer => {
            Verdict::Unclassified(Unclassified::UndefinedPhysicality)
        }
        DeviceKind::NeverInstalled => Verdict::Unclassified(Unclassified::UndefinedSystem),
    };
    (payer, verdict)
}

type Lines = BTreeMap<(i64, Service), Decimal>;

fn check(sandbox: &Sandbox, usage: &BillableUsage, named: bool, position: &str) {
    let partners: BTreeMap<u64, Partner> = sandbox
        .partners()
        .into_iter()
        .map(|one| (one.id, one))
        .collect();
    let live = live_devices(sandbox);
    let mut verdicts = BTreeMap::new();
    let mut lines = Lines::new();
    for device in &live {
        let (payer, verdict) = truth(&partners, device, named);
        let service = match &verdict {
            Verdict::Billed(Class::PhysicalServer) => Some(Service::PhysicalServer),
            Verdict::Billed(Class::VirtualServer) => Some(Service::VirtualServer),
            Verdict::Billed(Class::Workstation) => Some(Service::Workstation),
            Verdict::Billed(Class::Documents) => Some(Service::Documents),
            Verdict::Billed(Class::M365Tenant) => Some(Service::M365Users),
            _ => None,
        };
        if let (Some(payer), Some(service)) = (payer, service) {
            let quantity = match service {
                Service::M365Users => Decimal::from(device.users),
                _ => Decimal::ONE,
            };
            *lines.entry((number(payer), service)).or_default() += quantity;
            if service == Service::PhysicalServer && device.id.is_multiple_of(9) {
                let tested = (number(payer), Service::RecoveryTesting);
                *lines.entry(tested).or_default() += Decimal::ONE;
            }
        }
        verdicts.insert(number(device.id), verdict);
    }
    let found: BTreeMap<i64, Verdict> = usage
        .devices
        .iter()
        .map(|one| (one.device.get(), one.verdict.clone()))
        .collect();
    assert_eq!(usage.devices.len(), live.len(), "{position}");
    assert_eq!(found, verdicts, "{position}");
    let found: Lines = usage
        .lines
        .iter()
        .filter(|line| line.service != Service::AdditionalGigabytes)
        .map(|line| ((line.customer.get(), line.service), line.quantity))
        .collect();
    assert_eq!(found, lines, "{position}");
    assert!(!usage.is_final(), "only the invoice is final");
}

#[tokio::test]
async fn every_live_device_is_in_one_class_and_the_sums_equal_the_tree() {
    for physicality in [Physicality::Name, Physicality::Number] {
        for active_sources in [ActiveSources::Packed, ActiveSources::List] {
            let position = format!("{physicality:?} {active_sources:?}");
            let (sandbox, cove) = seeded(ManagementSwitches {
                physicality,
                active_sources,
                ..ManagementSwitches::default()
            })
            .await;
            let named = physicality == Physicality::Name;
            let usage = usage(&cove, &Policy::default()).await;
            check(&sandbox, &usage, named, &position);
        }
    }
}

#[tokio::test]
async fn policies_move_devices_between_classes_and_lose_none() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let plain = usage(&cove, &Policy::default()).await;
    let unclear = plain.unclassified().count();
    let combined = Policy {
        servers: Servers::Combined,
        ..Policy::default()
    };
    let combined = usage(&cove, &combined).await;
    let count = |usage: &BillableUsage, wanted: &[Class]| {
        let verdicts = usage.devices.iter().map(|one| &one.verdict);
        verdicts
            .filter(|verdict| matches!(verdict, Verdict::Billed(class) if wanted.contains(class)))
            .count()
    };
    let undefined = plain
        .unclassified()
        .filter(|(_, why)| **why == Unclassified::UndefinedPhysicality)
        .count();
    assert!(
        undefined > 0,
        "the seeded world has servers of unknown kind"
    );
    let servers = [Class::PhysicalServer, Class::VirtualServer];
    assert_eq!(
        count(&combined, &[Class::Server]),
        count(&plain, &servers) + undefined
    );
    assert_eq!(combined.unclassified().count(), unclear - undefined);
    let guessed = Policy {
        undefined_physicality: UndefinedPhysicality::Virtual,
        trials: Trials::Include,
        ..Policy::default()
    };
    let guessed = usage(&cove, &guessed).await;
    let trial = |usage: &BillableUsage| {
        let verdicts = usage.devices.iter().map(|one| &one.verdict);
        verdicts
            .filter(|verdict| **verdict == Verdict::Excluded(Excluded::Trial))
            .count()
    };
    assert_eq!((trial(&plain), trial(&guessed)), (6, 0));
    for usage in [plain, combined, guessed] {
        assert_eq!(usage.devices.len(), live_devices(&sandbox).len());
    }
}
