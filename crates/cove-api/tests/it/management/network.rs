//! Over a real socket: the exact request, and answers that are not what they should be.

use api_core::ErrorKind;
use cove_api::management::{ManagementClient, PartnerId};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{PARTNER, PASSWORD, builder, fixture, logged_in};

async fn server() -> (MockServer, ManagementClient) {
    let server = MockServer::start().await;
    let login = json!({
        "jsonrpc": "2.0", "id": "jsonrpc", "method": "Login",
        "params": {"partner": PARTNER, "username": "halo-sync", "password": PASSWORD},
    });
    Mock::given(method("POST"))
        .and(path("/cove/jsonapi"))
        .and(body_json(login))
        .respond_with(ResponseTemplate::new(200).set_body_json(logged_in("canary-visa")))
        .expect(1)
        .mount(&server)
        .await;
    let client = builder()
        .base_url(&format!("{}/cove/jsonapi", server.uri()))
        .build()
        .unwrap();
    (server, client)
}

async fn answer(server: &MockServer, response: ResponseTemplate) {
    Mock::given(body_partial_json(json!({"method": "GetPartnerInfoById"})))
        .respond_with(response)
        .mount(server)
        .await;
}

#[tokio::test]
async fn the_envelope_is_exactly_as_reported() {
    let (server, client) = server().await;
    let expected = json!({
        "jsonrpc": "2.0", "visa": "canary-visa", "id": "jsonrpc", "method": "GetPartnerInfoById", "params": {"partnerId": 12345},
    });
    Mock::given(method("POST"))
        .and(path("/cove/jsonapi"))
        .and(header("content-type", "application/json"))
        .and(header("accept", "application/json"))
        .and(header(
            "user-agent",
            concat!("cove-halo-sync/", env!("CARGO_PKG_VERSION")),
        ))
        .and(body_json(expected))
        .respond_with(ResponseTemplate::new(200).set_body_raw(
            fixture("get-partner-info-by-id.response.json"),
            "application/json",
        ))
        .expect(1)
        .mount(&server)
        .await;
    let info = client.partner(PartnerId::new(12345)).await.unwrap();
    assert_eq!(info.name.as_deref(), Some("Zeus & Sons"));
    for request in server.received_requests().await.unwrap() {
        assert!(request.headers.get("authorization").is_none());
        let sent: Value = request.body_json().unwrap();
        assert_eq!(sent["params"].get("visa"), None);
    }
    assert_eq!(client.meter().read().sent, 2);
}

#[tokio::test]
async fn hostile_answers_are_typed_errors_that_name_the_operation() {
    let good = fixture("get-partner-info-by-id.response.json");
    let cut = good[..good.len() / 2].to_owned();
    let garbage = vec![0xff_u8; 100_000];
    for (response, said) in [
        (
            ResponseTemplate::new(200).set_body_raw("<html>sign in</html>", "text/html"),
            "HTML page",
        ),
        (ResponseTemplate::new(200), "empty body"),
        (
            ResponseTemplate::new(200).set_body_raw(cut, "application/json"),
            "unexpected JSON",
        ),
        (
            ResponseTemplate::new(200).set_body_raw(garbage, "application/json"),
            "unexpected JSON",
        ),
        (
            ResponseTemplate::new(200).set_body_string(r#"{"result":{"result":{"Id":1e400}}}"#),
            "`result.result.Id`",
        ),
        (
            ResponseTemplate::new(200).set_body_string(r#"{"result":{"result":{"Id":1,"Id":2}}}"#),
            "`result.result",
        ),
        (
            ResponseTemplate::new(200).set_body_string(r#"{"result":{"result":[]}}"#),
            "`result.result",
        ),
        (
            ResponseTemplate::new(200)
                .set_body_string(r#"{"result":{"result":{"CreationTime":true}}}"#),
            "`result.result",
        ),
    ] {
        let (server, client) = server().await;
        answer(&server, response).await;
        let error = client.partner(PartnerId::new(1)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Decode, Some("GetPartnerInfoById")),
            "{error}"
        );
        assert!(error.message().contains(said), "{error}");
    }
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read() {
    let (server, _) = server().await;
    answer(
        &server,
        ResponseTemplate::new(200).set_body_bytes(vec![b' '; 1_000_000]),
    )
    .await;
    let base = format!("{}/cove/jsonapi", server.uri());
    let client = builder()
        .base_url(&base)
        .max_answer_bytes(10_000)
        .build()
        .unwrap();
    let error = client.partner(PartnerId::new(1)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Decode, "the answer is larger than allowed")
    );
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let cases = [
        ManagementClient::builder(" ", "u", "p".into()),
        ManagementClient::builder("p", "", "p".into()),
        ManagementClient::builder("p", "u", " ".into()),
        builder().base_url("http://backup.example/jsonapi"),
        builder().base_url("nonsense"),
        builder().user_agent(" "),
        builder().timeout(std::time::Duration::ZERO),
    ];
    for case in cases {
        assert_eq!(case.build().unwrap_err().kind(), ErrorKind::Config);
    }
}
