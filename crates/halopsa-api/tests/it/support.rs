//! A HaloPSA that answers what a test tells it to.

use std::sync::Arc;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{RetryPolicy, SecretString};
use bytes::Bytes;
use halopsa_api::{HaloClient, HaloClientBuilder};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const CLIENT_ID: &str = "00000000-0000-0000-0000-000000000000";
pub(crate) const SECRET: &str = "canary-11111111-1111-1111-1111-111111111111-22222222";

/// The content of a fixture file as JSON.
macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<serde_json::Value>(include_str!(concat!("../fixtures/", $name)))
            .unwrap()
    };
}
pub(crate) use fixture;

/// A server with discovery and a token endpoint.
pub(crate) async fn server() -> MockServer {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    serve_token(&server, fixture!("token.response.json")).await;
    server
}

pub(crate) async fn serve_authinfo(server: &MockServer) {
    let auth_url = format!("{}/auth", server.uri());
    answer(
        server,
        "GET",
        "/api/authinfo",
        json!({"auth_url": auth_url, "tenant_id": ""}),
    )
    .await;
}

pub(crate) async fn serve_token(server: &MockServer, token: Value) {
    answer(server, "POST", "/auth/token", token).await;
}

/// Answers 200 with a JSON body.
pub(crate) async fn answer(server: &MockServer, verb: &str, at: &str, body: Value) {
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

/// Answers with a status and a text.
pub(crate) async fn answer_status(
    server: &MockServer,
    verb: &str,
    at: &str,
    status: u16,
    body: &str,
) {
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(ResponseTemplate::new(status).set_body_string(body))
        .mount(server)
        .await;
}

pub(crate) fn builder(base: &str) -> HaloClientBuilder {
    HaloClient::builder(base, CLIENT_ID, SecretString::from(SECRET))
        .clock(Arc::new(ManualClock::default()))
}

pub(crate) fn halo(server: &MockServer) -> HaloClient {
    builder(&server.uri()).build().unwrap()
}

/// The requests the server got for a path, without its own bookkeeping.
pub(crate) async fn requests(server: &MockServer, at: &str) -> Vec<Request> {
    let all = server.received_requests().await.unwrap_or_default();
    all.into_iter()
        .filter(|request| request.url.path() == at)
        .collect()
}

/// The query of a request as sorted pairs.
pub(crate) fn query(request: &Request) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    pairs.sort();
    pairs
}

/// The form of a token request as sorted pairs.
pub(crate) fn form(body: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    pairs.sort();
    pairs
}

/// A scripted server: `answer` sees method, path and query, and body; discovery and token are answered already.
pub(crate) fn scripted(
    mut answer: impl FnMut(&str, &str, &[u8]) -> Scripted + Send + 'static,
) -> (HaloClient, ScriptedTransport) {
    let transport = ScriptedTransport::by(move |request| {
        scripted_auth(request).unwrap_or_else(|| call(&mut answer, request))
    });
    let halo = builder("https://acme.example")
        .transport(Arc::new(transport.clone()))
        .retry(RetryPolicy::default())
        .build()
        .unwrap();
    (halo, transport)
}

pub(crate) fn scripted_auth(request: &http::Request<Bytes>) -> Option<Scripted> {
    match request.uri().path() {
        "/api/authinfo" => Some(Scripted::json(
            200,
            r#"{"auth_url":"https://acme.example/auth"}"#,
        )),
        "/auth/token" => Some(Scripted::json(
            200,
            include_str!("../fixtures/token.response.json"),
        )),
        _ => None,
    }
}

fn call(
    answer: &mut impl FnMut(&str, &str, &[u8]) -> Scripted,
    request: &http::Request<Bytes>,
) -> Scripted {
    let target = request
        .uri()
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    answer(request.method().as_str(), target, request.body())
}

/// The value of a query parameter in a path with query.
pub(crate) fn parameter(target: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(&format!("https://x{target}")).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// How many requests went to a path.
pub(crate) fn count(transport: &ScriptedTransport, at: &str) -> usize {
    transport
        .requests()
        .iter()
        .filter(|request| request.uri().path() == at)
        .count()
}
