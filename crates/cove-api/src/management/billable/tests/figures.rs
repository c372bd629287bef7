//! Sizes, fair use, users and recovery testing.

use rust_decimal::Decimal;
use serde_json::json;

use super::super::*;
use super::{dec, live, physical, quantities, server};
use crate::management::statistics::DeviceRow;

#[test]
fn cv04_fractions_of_a_gigabyte_are_kept() {
    let usage = live(
        &[physical(1, 10, "10.25"), physical(2, 10, "0.3")],
        &Policy::default(),
    );
    assert_eq!(
        quantities(&usage)[1],
        (10, Service::AdditionalGigabytes, "10.55".to_owned())
    );
    let policy = Policy {
        minimum_additional: Decimal::ONE,
        ..Policy::default()
    };
    let usage = live(&[physical(1, 10, "10.25"), physical(2, 10, "0.3")], &policy);
    assert_eq!(quantities(&usage)[1].2, "10.25");
}

#[test]
fn cv07_fair_use_is_one_value_per_device_whatever_the_order() {
    let policy = Policy {
        fair_use: FairUse::gigabytes(100, 10, 5),
        ..Policy::default()
    };
    let workstation = Device {
        os: OsKind::Workstation,
        ..physical(3, 10, "8")
    };
    let mut devices = [
        physical(1, 10, "130"),
        server(2, 10, Some(Physicality::Virtual), "130"),
        workstation,
    ];
    let forward = live(&devices, &policy);
    devices.reverse();
    assert_eq!(forward.lines, live(&devices, &policy).lines);
    assert_eq!(forward.lines.last().unwrap().quantity, dec("153"));
}

#[test]
fn pooled_fair_use_lets_one_device_help_another() {
    let devices = [
        physical(1, 10, "150"),
        physical(2, 10, "20"),
        physical(3, 20, "150"),
    ];
    let fair_use = FairUse::gigabytes(100, 100, 100);
    let of = |pool| {
        let policy = Policy {
            fair_use,
            pool,
            ..Policy::default()
        };
        let usage = live(&devices, &policy);
        let additional = usage
            .lines
            .into_iter()
            .filter(|line| line.service == Service::AdditionalGigabytes);
        additional
            .map(|line| (line.customer.get(), line.quantity))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(FairUsePool::PerDevice),
        [(10, dec("50")), (20, dec("50"))]
    );
    assert_eq!(of(FairUsePool::PerCustomer), [(20, dec("50"))]);
}

#[test]
fn cv20_users_come_from_one_column_and_are_never_summed() {
    let row: DeviceRow =
        serde_json::from_value(json!({"AccountId": 1, "PartnerId": 10, "Settings": [
            {"I59": "2"}, {"TM": "37"}, {"D19F20": "35"}, {"D20F20": "37"}, {"D05F20": "40"},
        ]}))
        .unwrap();
    let of = |code: &str| {
        let device = Device::from_row(&row, &code.parse().unwrap());
        quantities(&live(&[device], &Policy::default()))
    };
    assert_eq!(of("TM"), [(10, Service::M365Users, "37".to_owned())]);
    assert_eq!(of("D05F20"), [(10, Service::M365Users, "40".to_owned())]);
}

#[test]
fn cv21_a_gigabyte_is_what_the_policy_says() {
    let device = Device {
        selected: Some(Size::Bytes(dec("1073741824000"))),
        ..physical(1, 10, "0")
    };
    let of = |gigabyte| {
        live(
            std::slice::from_ref(&device),
            &Policy {
                gigabyte,
                ..Policy::default()
            },
        )
        .lines[1]
            .quantity
    };
    assert_eq!(of(Gigabyte::Binary), dec("1000"));
    assert_eq!(of(Gigabyte::Decimal), dec("1073.741824"));
}

#[test]
fn recovery_testing_is_read_in_every_form() {
    for (text, counted) in [
        ("1", true),
        ("2", true),
        ("True", true),
        ("0", false),
        ("False", false),
        ("", false),
    ] {
        let device = Device {
            recovery: Some(text.into()),
            ..physical(1, 10, "0")
        };
        let usage = live(&[device], &Policy::default());
        assert_eq!(
            usage
                .lines
                .iter()
                .any(|line| line.service == Service::RecoveryTesting),
            counted,
            "{text}"
        );
    }
    let device = Device {
        recovery: Some("maybe".into()),
        ..physical(1, 10, "0")
    };
    assert_eq!(
        live(&[device], &Policy::default()).notes,
        [Note::StrangeRecovery(DeviceId::new(1))]
    );
}

#[test]
fn missing_negative_huge_and_repeated_figures_are_noted() {
    let none = Device {
        selected: None,
        ..physical(1, 10, "0")
    };
    let huge = |id| Device {
        selected: Some(Size::Gigabytes(Decimal::MAX)),
        ..physical(id, 10, "0")
    };
    let usage = live(
        &[
            none,
            physical(2, 10, "-5"),
            huge(3),
            huge(4),
            physical(2, 20, "9"),
        ],
        &Policy::default(),
    );
    let id = DeviceId::new;
    assert_eq!(
        usage.notes,
        [
            Note::NoSize(id(1)),
            Note::Negative(id(2)),
            Note::TooLarge(id(4)),
            Note::Repeated(id(2))
        ]
    );
    assert_eq!(usage.devices.len(), 4);
}
