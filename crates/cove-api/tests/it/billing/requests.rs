//! What leaves the client, to the letter, over a real socket.

use api_core::SecretString;
use cove_api::billing::{
    AccountId, BillingClient, ContractId, DistributorClient, DistributorId, InvoiceId,
};
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::support::{ACCOUNT, KEY, builder, month};

async fn server(body: impl Into<Vec<u8>>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(405))
        .mount(&server)
        .await;
    server
}

fn client(server: &MockServer) -> BillingClient {
    builder(&format!("{}/ws/rest/V1/PSA_API", server.uri()))
        .build()
        .unwrap()
}

async fn only_request(server: &MockServer) -> Request {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.pop().unwrap()
}

fn headers<'r>(request: &'r Request, name: &str) -> Vec<&'r str> {
    request
        .headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_read_is_a_post_with_key_agent_and_an_empty_json_object() {
    let server = server("{}").await;
    client(&server).invoices_ready(month()).await.unwrap();
    let request = only_request(&server).await;
    assert_eq!(request.method.as_str(), "POST");
    assert_eq!(
        request.url.path(),
        format!("/ws/rest/V1/PSA_API/InvoicesReady/{ACCOUNT}/202508")
    );
    assert_eq!(request.url.query(), None);
    assert_eq!(headers(&request, "x-api-key"), [KEY]);
    assert_eq!(headers(&request, "accept"), ["application/json"]);
    assert_eq!(headers(&request, "content-type"), ["application/json"]);
    assert_eq!(headers(&request, "user-agent"), ["cove-halo-sync/0.1.0"]);
    assert_eq!(headers(&request, "authorization"), [""; 0]);
    assert_eq!(request.body, b"{}");
}

#[tokio::test]
async fn each_call_puts_its_ids_into_the_path_in_the_documented_order() {
    let contract = ContractId::new("238877");
    let invoice = InvoiceId::new("348888");

    let answers = server(r#"{"Billable Services":[]}"#).await;
    client(&answers)
        .billable_services(month(), &contract)
        .await
        .unwrap();
    assert_eq!(
        only_request(&answers).await.url.path(),
        format!("/ws/rest/V1/PSA_API/PSABillableServices/{ACCOUNT}/202508/238877")
    );

    let answers = server(r#"{"Clients":[]}"#).await;
    client(&answers)
        .usage_details(month(), &contract, &invoice)
        .await
        .unwrap();
    assert_eq!(
        only_request(&answers).await.url.path(),
        format!("/ws/rest/V1/PSA_API/PSAUsageDetailsDevices/{ACCOUNT}/202508/238877/348888"),
        "the fourth segment is the invoice id"
    );

    let answers = server("[]").await;
    client(&answers).usage_by_timeframe(month()).await.unwrap();
    assert_eq!(
        only_request(&answers).await.url.path(),
        format!("/ws/rest/V1/PSA_API/PSAUsageByTimeFrame/{ACCOUNT}/202508")
    );

    let answers = server(r#"{"any":[1]}"#).await;
    let raw = client(&answers)
        .raw("SomethingNew", &["202508", "x"])
        .await
        .unwrap();
    assert_eq!(raw, serde_json::json!({"any": [1]}));
    assert_eq!(
        only_request(&answers).await.url.path(),
        format!("/ws/rest/V1/PSA_API/SomethingNew/{ACCOUNT}/202508/x")
    );
}

#[tokio::test]
async fn ids_are_percent_encoded_so_that_none_changes_the_path() {
    let answers = server(r#"{"Billable Services":[]}"#).await;
    let contract = ContractId::new("a/b?c#d e%");
    client(&answers)
        .billable_services(month(), &contract)
        .await
        .unwrap();
    let request = only_request(&answers).await;
    assert_eq!(
        request.url.path(),
        format!("/ws/rest/V1/PSA_API/PSABillableServices/{ACCOUNT}/202508/a%2Fb%3Fc%23d%20e%25")
    );
    assert_eq!(request.url.query(), None);
}

#[tokio::test]
async fn the_distributor_calls_have_their_own_paths() {
    let base = |server: &MockServer| format!("{}/ws/rest/V2/Channel_UP_API", server.uri());
    let distributor = |server: &MockServer| {
        DistributorClient::builder(&base(server), DistributorId::new("D1"), KEY.into())
            .build()
            .unwrap()
    };
    let answers = server("[]").await;
    distributor(&answers).invoices(month()).await.unwrap();
    let request = only_request(&answers).await;
    assert_eq!(
        request.url.path(),
        "/ws/rest/V2/Channel_UP_API/Invoices/D1/202508"
    );
    assert_eq!(headers(&request, "x-api-key"), [KEY]);
    assert_eq!(request.body, b"{}");

    let answers = server(r#"{"Contracts":[]}"#).await;
    distributor(&answers)
        .invoice_details(&InvoiceId::new("348888"))
        .await
        .unwrap();
    assert_eq!(
        only_request(&answers).await.url.path(),
        "/ws/rest/V2/Channel_UP_API/InvoiceDetails/D1/348888"
    );

    let answers = server(r#"{"Clients":[]}"#).await;
    distributor(&answers)
        .usage_details(month(), &ContractId::new("9"))
        .await
        .unwrap();
    assert_eq!(
        only_request(&answers).await.url.path(),
        "/ws/rest/V2/Channel_UP_API/UsageDetailsDevices/D1/202508/9"
    );
}

#[tokio::test]
async fn credential_sets_side_by_side_never_mix() {
    let answers = server("[]").await;
    let base = format!("{}/ws/rest/V1/PSA_API", answers.uri());
    let client = |account: &str, key: &str| {
        BillingClient::builder(
            &base,
            AccountId::new(account),
            SecretString::from(key.to_owned()),
        )
        .build()
        .unwrap()
    };
    let (one, two) = (client("acct-1", "key-1"), client("acct-2", "key-2"));
    let calls: Vec<_> = (0..10)
        .flat_map(|_| [one.clone(), two.clone()])
        .map(|client| tokio::spawn(async move { client.invoices_ready(month()).await }))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    for request in answers.received_requests().await.unwrap() {
        let account = request.url.path().split('/').nth(6).unwrap().to_owned();
        let key = headers(&request, "x-api-key")[0].to_owned();
        assert_eq!(account.strip_prefix("acct-"), key.strip_prefix("key-"));
    }
}

#[tokio::test]
async fn a_replaced_key_is_used_by_all_clones() {
    let answers = server("[]").await;
    let first = client(&answers);
    let clone = first.clone();
    first.replace_api_key(&"key-2".into()).unwrap();
    clone.invoices_ready(month()).await.unwrap();
    assert_eq!(
        headers(&only_request(&answers).await, "x-api-key"),
        ["key-2"]
    );
    assert!(first.replace_api_key(&"two\nlines".into()).is_err());
    assert!(first.replace_api_key(&"  ".into()).is_err());
}

#[tokio::test]
async fn base_url_and_agent_are_settings() {
    let answers = server("[]").await;
    builder(&format!("{}/qa:9093/V1/", answers.uri()))
        .user_agent("acme-billing/7")
        .build()
        .unwrap()
        .invoices_ready(month())
        .await
        .unwrap();
    let request = only_request(&answers).await;
    assert_eq!(
        request.url.path(),
        format!("/qa:9093/V1/InvoicesReady/{ACCOUNT}/202508")
    );
    assert_eq!(headers(&request, "user-agent"), ["acme-billing/7"]);
}

#[tokio::test]
async fn the_documentations_own_account_id_is_accepted() {
    assert_eq!(
        ACCOUNT.len(),
        17,
        "neither 15 nor 18, as such ids are said to be"
    );
    let answers = server("[]").await;
    let client = client(&answers);
    assert_eq!(client.account().as_str(), "001H234578asdfIAS");
    client.invoices_ready(month()).await.unwrap();
    assert!(
        only_request(&answers)
            .await
            .url
            .path()
            .contains("/001H234578asdfIAS/")
    );
}

#[tokio::test]
async fn a_large_answer_is_summed_over_a_real_socket() {
    let devices =
        vec![r#"{"TotalByService":[{"BillingServiceName":"A","Quantity":"0.125"}]}"#; 20_000];
    let body = format!(
        r#"{{"UsageDetailDevices":[{{"Clients":[{{"ClientId":1,"Devices":[{}]}}]}}]}}"#,
        devices.join(",")
    );
    let answers = server(body).await;
    let (totals, end) = client(&answers)
        .total_usage_by_timeframe(month(), cove_api::billing::TotalsOptions::default())
        .await
        .unwrap();
    assert_eq!(end.devices, 20_000);
    assert_eq!(
        totals.documents[0].clients[0].services[0]
            .quantity
            .to_string(),
        "2500.000"
    );
}
