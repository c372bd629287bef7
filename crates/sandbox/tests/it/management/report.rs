//! The high-watermark report: who may fetch it, and that it is a spreadsheet. What is in it is read by a client's tests.

use sandbox::{Availability, ManagementSwitches, RESELLER_ID, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Cove, start};

const MONTH: &str = "dateFrom=2026-10-01T00%3A00%3A00Z&dateTo=2026-10-31T23%3A59%3A59Z";

/// Status, content type and body; the body is no text.
async fn fetch(sandbox: &Sandbox, visa: &str, query: &str) -> (u16, String, Vec<u8>) {
    let url = sandbox.url();
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /statistics-reporting/high-watermark-usage-report?_=1&{query} HTTP/1.1\r\nHost: {address}\r\n\
         Connection: close\r\nAuthorization: Bearer {visa}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).await.unwrap();
    let end = raw.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(raw[..end].to_vec())
        .unwrap()
        .to_lowercase();
    let kind = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "))
        .unwrap_or_default();
    (
        head[9..12].parse().unwrap(),
        kind.to_owned(),
        raw[end + 4..].to_vec(),
    )
}

fn query(partner: u64) -> String {
    format!("{MONTH}&exportOutput=OneXlsxFile&partnerId={partner}")
}

#[tokio::test]
async fn the_report_is_a_spreadsheet_for_the_bearer_of_a_visa() {
    let sandbox = start(ManagementSwitches::default()).await;
    let visa = Cove::login(&sandbox).await.visa;
    let (status, kind, body) = fetch(&sandbox, &visa, &query(RESELLER_ID)).await;
    assert_eq!(status, 200);
    assert_eq!(
        kind,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    assert!(body.starts_with(b"PK") && body.len() > 5_000);
    assert_eq!(fetch(&sandbox, "no-visa", &query(RESELLER_ID)).await.0, 401);
    let logged = sandbox.requests();
    let last = logged.last().unwrap();
    assert_eq!(
        (last.service, last.rpc.as_deref()),
        (sandbox::Service::Management, None)
    );
}

#[tokio::test]
async fn a_report_that_the_console_would_not_ask_for_is_refused() {
    let sandbox = start(ManagementSwitches::default()).await;
    let visa = Cove::login(&sandbox).await.visa;
    for wrong in [
        format!("{MONTH}&exportOutput=Csv&partnerId={RESELLER_ID}"),
        format!("{MONTH}&exportOutput=OneXlsxFile"),
        query(RESELLER_ID).replace("2026-10-31", "2026-11-30"),
        query(RESELLER_ID).replace("2026-10", "2026-13"),
        query(RESELLER_ID).replace("T23%3A59%3A59Z", ""),
    ] {
        assert_eq!(fetch(&sandbox, &visa, &wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(
        fetch(&sandbox, &visa, &query(5)).await.0,
        403,
        "another's partner"
    );
}

#[tokio::test]
async fn whether_the_report_is_to_be_had_is_a_switch() {
    for (report, role, status) in [
        (Availability::Available, 5, 200),
        (Availability::Available, 6, 403),
        (Availability::Forbidden, 2, 403),
        (Availability::UnknownMethod, 2, 404),
    ] {
        let sandbox = start(ManagementSwitches {
            report,
            role,
            ..ManagementSwitches::default()
        })
        .await;
        let visa = Cove::login(&sandbox).await.visa;
        assert_eq!(
            fetch(&sandbox, &visa, &query(RESELLER_ID)).await.0,
            status,
            "{report:?} {role}"
        );
    }
}
