//! The undocumented neighbours: the visa as bearer token, the report and the tenant's users.

use api_core::ErrorKind;
use api_core::testing::{Scripted, ScriptedTransport};
use cove_api::billing::TimeFrame;
use cove_api::management::billable::{
    Basis, CustomerTree, Policy, Service as Billed, UndefinedPhysicality, classify,
};
use cove_api::management::{DeviceId, PartnerId, read_high_watermark};
use std::sync::Arc;

use super::support::{Service, body, builder, fixture, logged_in};

fn report() -> Vec<u8> {
    let path = format!(
        "{}/tests/fixtures/management/high-watermark-report.xlsx",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).unwrap()
}

/// A client whose logins succeed and whose other requests are answered by `answer`.
fn client(
    mut answer: impl FnMut(&http::Request<bytes::Bytes>) -> Scripted + Send + 'static,
) -> (cove_api::management::ManagementClient, ScriptedTransport) {
    let mut logins = 0;
    let transport = ScriptedTransport::by(move |request| {
        if body(request)["method"] == "Login" {
            logins += 1;
            return Scripted::json(200, logged_in(&format!("canary-visa-{logins}")).to_string());
        }
        answer(request)
    });
    (
        builder()
            .transport(Arc::new(transport.clone()))
            .build()
            .unwrap(),
        transport,
    )
}

#[tokio::test]
async fn the_report_is_fetched_beside_the_rpc_path_with_the_visa_as_bearer() {
    let (client, transport) = client(|_| Scripted::json(200, report()));
    let month = TimeFrame::new(2028, 2).unwrap();
    let bytes = client
        .high_watermark_report(PartnerId::new(100_000), month)
        .await
        .unwrap();
    assert_eq!(bytes, report());
    let request = &transport.requests()[1];
    let uri = request.uri().to_string();
    assert!(
        uri.starts_with(
            "https://backup.example/statistics-reporting/high-watermark-usage-report?_="
        ),
        "{uri}"
    );
    let rest = uri.split_once('&').unwrap().1;
    assert_eq!(
        rest,
        "dateFrom=2028-02-01T00%3A00%3A00Z&dateTo=2028-02-29T23%3A59%3A59Z&exportOutput=OneXlsxFile&partnerId=100000"
    );
    assert_eq!(request.headers()["authorization"], "Bearer canary-visa-1");
    assert!(request.headers()["authorization"].is_sensitive());
}

#[tokio::test]
async fn a_refused_bearer_is_renewed_once() {
    let (client, transport) = client(
        |request| match request.headers()["authorization"].to_str() {
            Ok("Bearer canary-visa-2") => {
                Scripted::json(200, fixture("c2c-statistics-device.response.json"))
            }
            _ => Scripted::status(401),
        },
    );
    let users = client
        .protected_users(DeviceId::new(900_005))
        .await
        .unwrap();
    let billable: Vec<bool> = users
        .iter()
        .map(|user| user.good().unwrap().is_billable())
        .collect();
    assert_eq!(billable, [true, false]);
    let uri = transport.requests()[1].uri().to_string();
    assert_eq!(
        uri,
        "https://backup.example/c2c/statistics/devices/id/900005?expand=deleted%2Clicensed"
    );
    assert_eq!(transport.requests().len(), 4);
}

#[tokio::test]
async fn what_is_not_there_or_no_report_is_a_clear_error() {
    let month = TimeFrame::new(2026, 7).unwrap();
    for (status, kind) in [
        (404, ErrorKind::NotFound),
        (403, ErrorKind::Permission),
        (401, ErrorKind::Auth),
        (200, ErrorKind::Decode),
    ] {
        let (client, _) = client(move |request| {
            let said = request.headers()["authorization"]
                .to_str()
                .unwrap()
                .to_owned();
            Scripted::json(status, format!("<html>{said}</html>"))
        });
        let error = client
            .high_watermark_report(PartnerId::new(1), month)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (kind, Some("high-watermark-report"))
        );
        assert!(status == 200 || error.hint().is_some());
        let shown = format!("{error} {error:?} {:?}", error.body_snippet());
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn the_report_is_joined_with_statistics_and_billed() {
    let report = read_high_watermark(&report()).unwrap();
    assert!(report.bad.is_empty());
    let ids: Vec<i64> = report.rows.iter().map(|row| row.device_id.get()).collect();
    assert_eq!(ids, [900_002, 900_005, 900_099]);
    assert_eq!(
        report.rows[0].selected_gigabytes,
        Some("2611.2".parse().unwrap())
    );
    assert_eq!(report.rows[2].deleted.as_deref(), Some("2026-07-20"));

    let rows = |name: &str| {
        let answer: serde_json::Value = serde_json::from_str(&fixture(name)).unwrap();
        answer["result"]["result"].clone()
    };
    let live: Vec<cove_api::management::DeviceRow> =
        serde_json::from_value(rows("enumerate-account-statistics.billing.response.json")).unwrap();
    let tree = CustomerTree::new(
        serde_json::from_value::<Vec<_>>(rows("enumerate-partners.msp-tree.response.json"))
            .unwrap(),
    );
    // Without history the deleted server's physicality is not known.
    let usage = classify(
        Basis::HighWatermark,
        &report.devices(&live),
        &tree,
        &Policy::default(),
    );
    let unknown: Vec<i64> = usage
        .unclassified()
        .map(|(device, _)| device.device.get())
        .collect();
    assert_eq!(unknown, [900_099]);

    let then: Vec<cove_api::management::DeviceRow> =
        serde_json::from_value(rows("enumerate-account-history-statistics.response.json")).unwrap();
    let devices = report.devices(live.iter().chain(&then));
    let usage = classify(Basis::HighWatermark, &devices, &tree, &Policy::default());
    let lines: Vec<(Billed, String)> = usage
        .lines
        .iter()
        .map(|line| (line.service, line.quantity.to_string()))
        .collect();
    assert_eq!(
        lines,
        [
            (Billed::PhysicalServer, "1".to_owned()),
            (Billed::VirtualServer, "1".to_owned()),
            (Billed::M365Users, "38".to_owned()),
            (Billed::RecoveryTesting, "1".to_owned()),
            (Billed::AdditionalGigabytes, "2681.2".to_owned()),
        ]
    );
    let alone = Policy {
        undefined_physicality: UndefinedPhysicality::Physical,
        ..Policy::default()
    };
    let usage = classify(Basis::HighWatermark, &report.devices([]), &tree, &alone);
    assert_eq!(usage.unclassified().count(), 0);
}

#[test]
fn a_file_that_is_no_report_is_a_decode_error() {
    let report = report();
    for bytes in [
        &b""[..],
        b"PK",
        b"PK\x03\x04 not a zip",
        &report[..report.len() / 2],
    ] {
        assert!(read_high_watermark(bytes).unwrap_err().is_decode());
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let report = report();
    for index in 0..report.len() {
        let mut damaged = report.clone();
        damaged[index] ^= 0x55;
        let _ = read_high_watermark(&damaged);
    }
}

#[tokio::test]
async fn a_tenant_id_that_is_none_sends_nothing() {
    let service = Service::new([]);
    let error = service
        .client()
        .protected_users(DeviceId::new(0))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(service.sent().is_empty());
}
