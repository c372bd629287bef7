//! The high-watermark report against a server that shares no code with its reader.

use crate::cove_bench::{number, reseller, seeded};
use api_core::ErrorKind;
use cove_api::billing::TimeFrame;
use cove_api::management::billable::{Basis, Class, Device, Policy, Verdict, classify};
use cove_api::management::{
    Column, DeviceColumn, DeviceId, HighWatermarkReport, ManagementClient, StatisticsQuery,
    read_high_watermark,
};
use sandbox::{Availability, DeviceKind, ManagementSwitches, ReportSheet};
use std::collections::BTreeMap;

fn october() -> TimeFrame {
    TimeFrame::new(2026, 10).unwrap()
}

async fn report(cove: &ManagementClient) -> HighWatermarkReport {
    let bytes = cove
        .high_watermark_report(reseller(), october())
        .await
        .unwrap();
    read_high_watermark(&bytes).unwrap()
}

#[tokio::test]
async fn the_report_lists_every_device_of_the_month_whatever_the_sheet_looks_like() {
    let mut read = Vec::new();
    for report_sheet in [ReportSheet::Plain, ReportSheet::TitledAndReversed] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            report_sheet,
            ..ManagementSwitches::default()
        })
        .await;
        let report = report(&cove).await;
        assert!(report.bad.is_empty(), "{:?}", report.bad);
        let rows: BTreeMap<i64, _> = report
            .rows
            .iter()
            .map(|row| (row.device_id.get(), row))
            .collect();
        assert_eq!(rows.len(), report.rows.len(), "each device once");
        for account in sandbox.accounts() {
            // What was there before October and left in it is in the report; what left earlier is not.
            let start = 1_790_812_800;
            let gone = account.removed.is_some_and(|removed| removed < start);
            let Some(row) = rows.get(&number(account.id)) else {
                let newcomer = account.removed.is_none();
                assert!(gone || newcomer, "{account:?}");
                continue;
            };
            assert!(!gone, "{account:?}");
            assert_eq!(row.customer_id.get(), number(account.partner_id));
            assert_eq!(row.device_name.as_deref(), Some(account.name.as_str()));
            let users = row.m365_users.unwrap_or_default().to_string();
            if account.kind != DeviceKind::Microsoft365 {
                assert_eq!(users, "0");
            }
        }
        assert!(rows.len() > 300, "{}", rows.len());
        read.push(report);
    }
    assert_eq!(read[0], read[1], "columns are found by their names");
}

#[tokio::test]
async fn deleted_devices_are_in_the_report_and_billed_and_flagged() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let report = report(&cove).await;
    let deleted: Vec<_> = report
        .rows
        .iter()
        .filter(|row| row.deleted.is_some())
        .collect();
    assert!(!deleted.is_empty(), "somebody left in October");
    let known = sandbox.accounts();
    for row in &deleted {
        assert!(
            known
                .iter()
                .any(|one| number(one.id) == row.device_id.get())
        );
    }
    let statistics = cove
        .device_statistics(&StatisticsQuery::billing(reseller()))
        .await
        .unwrap();
    let devices = report.devices(&statistics.devices);
    let tree = cove.customer_tree(reseller()).await.unwrap();
    let usage = classify(Basis::HighWatermark, &devices, &tree, &Policy::default());
    assert_eq!(usage.devices.len(), report.rows.len());
    let servers = usage
        .devices
        .iter()
        .filter(|one| one.verdict == Verdict::Billed(Class::PhysicalServer));
    assert!(
        servers.count() > 40,
        "physicality comes from the statistics"
    );
    assert!(!usage.is_final());
}

#[tokio::test]
async fn a_report_that_is_not_to_be_had_says_so() {
    for (report, kind) in [
        (Availability::Forbidden, ErrorKind::Permission),
        (Availability::UnknownMethod, ErrorKind::NotFound),
    ] {
        let (_sandbox, cove) = seeded(ManagementSwitches {
            report,
            ..ManagementSwitches::default()
        })
        .await;
        let error = cove
            .high_watermark_report(reseller(), october())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
}

#[tokio::test]
async fn the_column_of_the_users_is_a_choice() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let tenants: BTreeMap<i64, i64> = sandbox
        .accounts()
        .into_iter()
        .filter(|one| one.kind == DeviceKind::Microsoft365 && one.removed.is_none())
        .map(|one| (number(one.id), one.users))
        .collect();
    for code in ["TM", "D09F20"] {
        let column: Column = code.parse().unwrap();
        let query = StatisticsQuery::billing(reseller())
            .column(column.clone())
            .column(DeviceColumn::Name);
        let statistics = cove.device_statistics(&query).await.unwrap();
        let counted: BTreeMap<i64, i64> = statistics
            .devices
            .iter()
            .map(|row| Device::from_row(row, &column))
            .filter_map(|device| {
                let id: DeviceId = device.id;
                Some((id.get(), i64::try_from(device.m365_users?).unwrap()))
            })
            .collect();
        assert_eq!(counted, tenants, "{code}");
    }
}
