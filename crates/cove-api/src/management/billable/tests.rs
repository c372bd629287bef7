mod figures;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::Service::{
    AdditionalGigabytes, Documents, M365Users, PhysicalServer, RecoveryTesting, VirtualServer,
    Workstation,
};
use super::*;
use crate::management::column::Column;
use crate::management::model::PartnerInfo;
use crate::management::statistics::DeviceRow;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn partner(id: i64, parent: i64, level: &str, name: &str, state: &str, code: &str) -> PartnerInfo {
    serde_json::from_value(json!({
        "Id": id, "ParentId": parent, "Level": level, "Name": name, "State": state, "ExternalCode": code,
    }))
    .unwrap()
}

/// A reseller (1) with two customers of the same name (10, 20), a site of the first (11), a trial (30), an expired one
/// (40), the recycle bin (50) and a provisioned one (60).
fn tree() -> CustomerTree {
    CustomerTree::new([
        partner(1, 0, "Reseller", "MSP", "InProduction", ""),
        partner(10, 1, "EndCustomer", "Contoso", "InProduction", "HALO:7"),
        partner(11, 10, "Site", "Contoso - Leeds", "InProduction", ""),
        partner(20, 1, "EndCustomer", "Contoso", "InProduction", "HALO:8"),
        partner(30, 1, "EndCustomer", "Trying", "InTrial", ""),
        partner(40, 1, "EndCustomer", "Gone", "Expired", ""),
        partner(
            50,
            1,
            "EndCustomer",
            "001AbCdEfGhIjKlMno- Recycle Bin",
            "InProduction",
            "",
        ),
        partner(
            60,
            1,
            "EndCustomer",
            "Shop",
            "InProduction",
            "[AbCdEfGhIj]x - 01234567-89ab-cdef-0123-456789abcdef",
        ),
    ])
}

fn server(id: i64, partner: i64, physicality: Option<Physicality>, gigabytes: &str) -> Device {
    Device {
        id: id.into(),
        partner: partner.into(),
        kind: Some(DeviceKind::Computer),
        os: OsKind::Server,
        physicality,
        product: Some("All-In".into()),
        selected: Some(Size::Gigabytes(dec(gigabytes))),
        m365_users: None,
        recovery: None,
        deleted: false,
    }
}

fn physical(id: i64, partner: i64, gigabytes: &str) -> Device {
    server(id, partner, Some(Physicality::Physical), gigabytes)
}

fn live(devices: &[Device], policy: &Policy) -> BillableUsage {
    classify(Basis::Live, devices, &tree(), policy)
}

fn quantities(usage: &BillableUsage) -> Vec<(i64, Service, String)> {
    usage
        .lines
        .iter()
        .map(|line| (line.customer.get(), line.service, line.quantity.to_string()))
        .collect()
}

fn verdicts(usage: &BillableUsage) -> Vec<Verdict> {
    usage
        .devices
        .iter()
        .map(|device| device.verdict.clone())
        .collect()
}

#[test]
fn the_sample_month_is_classified_device_by_device() {
    let answer = include_str!(
        "../../../tests/fixtures/management/enumerate-account-statistics.billing.response.json"
    );
    let customers = include_str!(
        "../../../tests/fixtures/management/enumerate-partners.msp-tree.response.json"
    );
    let rows = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).unwrap()["result"]["result"].clone()
    };
    let rows_of: Vec<DeviceRow> = serde_json::from_value(rows(answer)).unwrap();
    let customers: Vec<PartnerInfo> = serde_json::from_value(rows(customers)).unwrap();
    let devices: Vec<Device> = rows_of
        .iter()
        .map(|row| Device::from_row(row, &Column::M365Users))
        .collect();
    let policy = Policy {
        fair_use: FairUse::CLASSIC,
        ..Policy::default()
    };
    let usage = classify(
        Basis::Live,
        &devices,
        &CustomerTree::new(customers),
        &policy,
    );

    assert_eq!(
        quantities(&usage),
        [
            (100_100, PhysicalServer, "1".to_owned()),
            (100_100, VirtualServer, "1".to_owned()),
            (100_100, Workstation, "1".to_owned()),
            (100_100, Documents, "1".to_owned()),
            (100_100, M365Users, "37".to_owned()),
            (100_100, RecoveryTesting, "1".to_owned()),
            (
                100_100,
                AdditionalGigabytes,
                usage.lines[6].quantity.to_string()
            ),
        ]
    );
    // 2791728742400 bytes are 2600.0000953… GiB, of which 2000 are free.
    assert_eq!(usage.lines[6].quantity.round_dp(3), dec("600.000"));
    assert_eq!(usage.lines[0].reference.as_deref(), Some("HALO:1478"));
    assert_eq!(usage.lines[1].devices, [DeviceId::new(900_001)]);
    assert_eq!(usage.devices.len(), 6);
    assert_eq!(usage.devices[5].verdict, Verdict::Excluded(Excluded::Trial));
    assert!(!usage.is_final());
}

#[test]
fn cv01_customers_of_the_same_name_stay_apart() {
    let usage = live(
        &[
            physical(1, 10, "0"),
            physical(2, 20, "0"),
            physical(3, 20, "0"),
        ],
        &Policy::default(),
    );
    assert_eq!(
        quantities(&usage),
        [
            (10, Service::PhysicalServer, "1".to_owned()),
            (20, Service::PhysicalServer, "2".to_owned())
        ]
    );
    assert_eq!(usage.lines[0].name, usage.lines[1].name);
}

#[test]
fn cv02_trial_expired_and_recycle_bin_are_absent_from_sums() {
    let devices = [30, 40, 50, 60, 10].map(|customer| physical(customer, customer, "5"));
    let usage = live(&devices, &Policy::default());
    assert_eq!(
        usage
            .lines
            .iter()
            .map(|line| line.customer.get())
            .collect::<Vec<_>>(),
        [10, 10]
    );
    assert_eq!(
        verdicts(&usage)[..4],
        [
            Verdict::Excluded(Excluded::Trial),
            Verdict::Excluded(Excluded::State(PartnerState::Expired)),
            Verdict::Excluded(Excluded::RecycleBin),
            Verdict::Excluded(Excluded::Provisioned),
        ]
    );
    let policy = Policy {
        trials: Trials::Include,
        skip_recycle_bin: false,
        skip_provisioned: false,
        ..Policy::default()
    };
    let customers: std::collections::BTreeSet<i64> = live(&devices, &policy)
        .lines
        .iter()
        .map(|line| line.customer.get())
        .collect();
    assert_eq!(customers, [10, 30, 50, 60].into());
}

#[test]
fn cv03_every_device_has_one_verdict_and_what_is_not_known_is_reported() {
    let strange = server(3, 10, Some(Physicality::Other("7".into())), "1");
    let never_installed = Device {
        os: OsKind::Undefined,
        physicality: None,
        ..physical(4, 10, "0")
    };
    let no_product = Device {
        os: OsKind::Workstation,
        product: None,
        ..physical(5, 10, "0")
    };
    let no_users = Device {
        kind: Some(DeviceKind::Tenant),
        os: OsKind::Undefined,
        ..physical(6, 10, "0")
    };
    let stranger = physical(7, 999, "1");
    let at_reseller = physical(8, 1, "1");
    let devices = [
        physical(1, 11, "1"),
        server(2, 10, None, "1"),
        strange,
        never_installed,
        no_product,
        no_users,
        stranger,
        at_reseller,
    ];
    let usage = live(&devices, &Policy::default());
    assert_eq!(usage.devices.len(), devices.len());
    let why: Vec<Unclassified> = usage.unclassified().map(|(_, why)| why.clone()).collect();
    assert_eq!(
        why,
        [
            Unclassified::UndefinedPhysicality,
            Unclassified::StrangePhysicality("7".into()),
            Unclassified::UndefinedSystem,
            Unclassified::UnknownProduct,
            Unclassified::UnknownUsers,
            Unclassified::UnknownCustomer,
            Unclassified::Misplaced,
        ]
    );
    assert_eq!(usage.devices[0].customer, Some(PartnerId::new(10)));
}

#[test]
fn undefined_physicality_follows_the_policy() {
    for (choice, service) in [
        (UndefinedPhysicality::Physical, Service::PhysicalServer),
        (UndefinedPhysicality::Virtual, Service::VirtualServer),
    ] {
        let policy = Policy {
            undefined_physicality: choice,
            ..Policy::default()
        };
        assert_eq!(
            live(&[server(1, 10, None, "0")], &policy).lines[0].service,
            service
        );
    }
    let policy = Policy {
        servers: Servers::Combined,
        ..Policy::default()
    };
    let usage = live(&[server(1, 10, None, "0"), physical(2, 10, "0")], &policy);
    assert_eq!(quantities(&usage), [(10, Service::Server, "2".to_owned())]);
}

#[test]
fn usage_at_a_reseller_is_billed_to_it_only_on_request() {
    let policy = Policy {
        misplaced: Misplaced::BillHolder,
        ..Policy::default()
    };
    assert_eq!(
        quantities(&live(&[physical(1, 1, "0")], &policy)),
        [(1, Service::PhysicalServer, "1".to_owned())]
    );
}

#[test]
fn cv08_deleted_devices_are_billed_and_flagged_unless_excluded() {
    let devices = [physical(1, 10, "0").deleted()];
    let usage = live(&devices, &Policy::default());
    assert_eq!(
        quantities(&usage),
        [(10, Service::PhysicalServer, "1".to_owned())]
    );
    assert!(usage.devices[0].deleted);
    assert_eq!(usage.notes, [Note::DeletedBilled(DeviceId::new(1))]);
    let policy = Policy {
        deleted: DeletedDevices::Exclude,
        ..Policy::default()
    };
    let usage = live(&devices, &policy);
    assert!(usage.lines.is_empty());
    assert_eq!(verdicts(&usage), [Verdict::Excluded(Excluded::Deleted)]);
}

#[test]
fn what_lies_anywhere_below_the_recycle_bin_is_left_out() {
    let tree = CustomerTree::new([
        partner(
            5,
            1,
            "Reseller",
            "001AbCdEfGhIjKlMno- Recycle Bin",
            "InProduction",
            "",
        ),
        partner(6, 5, "EndCustomer", "Binned", "InProduction", ""),
    ]);
    let devices = [physical(1, 5, "0"), physical(2, 6, "0")];
    let usage = classify(Basis::Live, &devices, &tree, &Policy::default());
    let binned = Verdict::Excluded(Excluded::RecycleBin);
    assert_eq!(verdicts(&usage), [binned.clone(), binned]);
}

#[test]
fn a_tree_with_a_loop_ends() {
    let tree = CustomerTree::new([
        partner(1, 2, "Site", "a", "InProduction", ""),
        partner(2, 1, "Site", "b", "InProduction", ""),
    ]);
    let usage = classify(
        Basis::Live,
        &[physical(1, 1, "0")],
        &tree,
        &Policy::default(),
    );
    assert_eq!(
        verdicts(&usage),
        [Verdict::Unclassified(Unclassified::Misplaced)]
    );
}

proptest! {
    #[test]
    fn every_device_is_once_in_the_result_and_lines_hold_only_billed_ones(
        raw in proptest::collection::vec((0i64..40, prop_oneof![Just(10i64), Just(11), Just(30), Just(1), Just(99)], 0u8..4, any::<Option<i64>>()), 0..40),
        pooled in any::<bool>(),
    ) {
        let devices: Vec<Device> = raw.into_iter().map(|(id, partner, kind, size)| Device {
            os: if kind == 0 { OsKind::Undefined } else { OsKind::Server },
            physicality: if kind == 1 { None } else { Some(Physicality::Virtual) },
            selected: size.map(|size| Size::Bytes(size.into())),
            ..physical(id, partner, "0")
        }).collect();
        let pool = if pooled { FairUsePool::PerCustomer } else { FairUsePool::PerDevice };
        let usage = live(&devices, &Policy { pool, ..Policy::default() });
        let given: std::collections::BTreeSet<DeviceId> = devices.iter().map(|device| device.id).collect();
        let told: Vec<DeviceId> = usage.devices.iter().map(|device| device.device).collect();
        prop_assert_eq!(told.len(), given.len());
        prop_assert_eq!(told.into_iter().collect::<std::collections::BTreeSet<_>>(), given);
        let billed: std::collections::BTreeSet<DeviceId> = usage.devices.iter()
            .filter(|device| matches!(device.verdict, Verdict::Billed(_))).map(|device| device.device).collect();
        let on_servers: Vec<DeviceId> = usage.lines.iter()
            .filter(|line| line.service != Service::AdditionalGigabytes).flat_map(|line| line.devices.clone()).collect();
        prop_assert_eq!(on_servers.len(), billed.len());
        prop_assert!(usage.lines.iter().all(|line| line.quantity >= Decimal::ZERO));
    }
}
