//! What the samples hold beyond what the tests of each area compare.

use api_core::testing::{Scripted, ScriptedTransport};
use halopsa_api::{ClientId, LicenceWrite, ReportId};
use serde_json::{Map, Value, json};
use std::sync::Arc;

use crate::support::{builder, fixture, scripted, scripted_auth};

/// Method, path and query of a request, in the form of the samples.
fn shape(request: &http::Request<bytes::Bytes>) -> Value {
    let url = url::Url::parse(&request.uri().to_string()).unwrap();
    let query: Map<String, Value> = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect();
    json!({"method": request.method().as_str(), "path": url.path(), "query": query})
}

#[tokio::test]
async fn a_saved_report_is_asked_for_as_in_the_sample() {
    let (halo, transport) =
        scripted(|_, _, _| Scripted::json(200, fixture!("report.sql.response.json").to_string()));
    halo.reports().saved(ReportId::new(267)).await.unwrap();
    assert_eq!(
        shape(transport.requests().last().unwrap()),
        fixture!("report.saved.get.request.json")
    );
}

#[tokio::test]
async fn a_create_is_what_the_runbook_sends_but_for_the_case_of_a_key() {
    let (halo, transport) = scripted(|_, _, _| Scripted::json(200, ""));
    let write = LicenceWrite::create(ClientId::new(12), "Cove - Servers", 4);
    halo.licences().write(write).await.unwrap();
    let sent: Value = serde_json::from_slice(transport.requests().last().unwrap().body()).unwrap();
    let mut sample = fixture!("softwarelicence.create.runbook.request.json");
    let name = sample[0].as_object_mut().unwrap().remove("Name").unwrap();
    sample[0]["name"] = name;
    assert_eq!(sent, sample);
}

#[tokio::test]
async fn the_token_is_fetched_where_the_samples_of_discovery_say() {
    for sample in [
        fixture!("authinfo.response.json"),
        fixture!("authinfo.hosted.response.json"),
    ] {
        let answer = sample.to_string();
        let transport = ScriptedTransport::by(move |request| match request.uri().path() {
            "/api/authinfo" => Scripted::json(200, answer.clone()),
            path if path.ends_with("/token") => {
                Scripted::json(200, include_str!("../fixtures/token.response.json"))
            }
            _ => scripted_auth(request).unwrap_or_else(|| Scripted::status(404)),
        });
        let halo = builder("https://acme.halopsa.com")
            .transport(Arc::new(transport.clone()))
            .build()
            .unwrap();
        halo.connect().await.unwrap();
        let sent = transport.requests();
        let url = url::Url::parse(&sent[1].uri().to_string()).unwrap();
        let auth_url = sample["auth_url"].as_str().unwrap();
        let mut want = url::Url::parse(&format!("{auth_url}/token")).unwrap();
        match sample["tenant_id"].as_str().unwrap() {
            "" => {}
            tenant => want.set_query(Some(&format!("tenant={tenant}"))),
        }
        assert_eq!((sent.len(), url), (2, want));
    }
}
