//! Clients and their custom fields over HTTP.

use std::sync::{Arc, Mutex};

use api_core::testing::Scripted;
use api_core::{ErrorKind, Sent};
use halopsa_api::{ClientId, FieldInfo, FieldOwner, HaloClient, ListClients};
use serde_json::{Map, Value, json};

use crate::support::{
    answer, answer_status, fixture, halo, pairs, query, requests, scripted, server,
};

fn field() -> FieldInfo {
    serde_json::from_value(fixture!("fieldinfo.list.typeid2.response.json")[0].clone()).unwrap()
}

#[tokio::test]
async fn the_custom_field_is_resolved_and_the_list_asked_for_it_as_in_the_sample() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/FieldInfo",
        fixture!("fieldinfo.list.typeid2.response.json"),
    )
    .await;
    let mut list = fixture!("client.list.response.json");
    list["record_count"] = json!(2);
    answer(&server, "GET", "/api/Client", list).await;
    let halo = halo(&server);
    let field = halo
        .resolve_custom_field(FieldOwner::Client, "CoveCustomerId")
        .await
        .unwrap();
    assert_eq!(
        (
            field.id.get(),
            field.name.as_str(),
            field.new_storage_method
        ),
        (212, "CFCoveCustomerId", false)
    );
    assert_eq!(
        query(&requests(&server, "/api/FieldInfo").await[0]),
        pairs(&[("typeid", "2")])
    );
    let options = ListClients {
        custom_field: Some(&field),
        ..ListClients::default()
    };
    let clients = halo.clients().list(options).collect_all().await.unwrap();
    let values: Vec<Option<String>> = clients
        .items()
        .iter()
        .map(|client| client.good().unwrap().custom_field("CFCoveCustomerId"))
        .collect();
    assert_eq!(values, [Some("1048576".to_owned()), None]);
    let sample = fixture!("client.list.request.json");
    let expected: Vec<(String, String)> = sample["query"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .collect();
    assert_eq!(query(&requests(&server, "/api/Client").await[0]), expected);
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_not_found_with_the_steps_to_create_it() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/FieldInfo",
        fixture!("fieldinfo.list.typeid2.response.json"),
    )
    .await;
    let error = halo(&server)
        .resolve_custom_field(FieldOwner::Client, "CFNope")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.hint().unwrap().contains("field name \"Nope\""));
}

#[tokio::test]
async fn one_client_is_read_with_details() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/Client/12",
        fixture!("client.get.response.json"),
    )
    .await;
    let client = halo(&server)
        .clients()
        .get(ClientId::new(12))
        .await
        .unwrap();
    assert_eq!(client.name, "Acme Ltd");
    assert_eq!(
        client.custom_field("covecustomerid").as_deref(),
        Some("1048576")
    );
    assert_eq!(client.extra.get("colour"), Some(&json!("#2bd3c6")));
    assert_eq!(
        query(&requests(&server, "/api/Client/12").await[0]),
        pairs(&[("includedetails", "true")])
    );
}

#[tokio::test]
async fn plain_fields_are_updated_as_an_array_and_custom_fields_not_like_this() {
    let server = server().await;
    answer_status(&server, "POST", "/api/Client", 201, r#"{"id":12}"#).await;
    let clients = halo(&server).clients();
    let fields = Map::from_iter([("ref".to_owned(), json!("A-1"))]);
    clients.update(ClientId::new(12), &fields).await.unwrap();
    let sent = requests(&server, "/api/Client").await;
    assert_eq!(
        sent[0].body_json::<Value>().unwrap(),
        json!([{"id": 12, "ref": "A-1"}])
    );
    for name in ["customfields", "CustomFields", "id", "ID"] {
        let fields = Map::from_iter([(name.to_owned(), json!([]))]);
        let error = clients
            .update(ClientId::new(12), &fields)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
    }
    assert_eq!(requests(&server, "/api/Client").await.len(), 1);
}

type Stored = Arc<Mutex<Value>>;

/// A server with client 12, which replaces custom fields as a whole, as HaloPSA does.
fn one_client(customfields: &Value) -> (HaloClient, Stored) {
    let stored: Stored = Arc::new(Mutex::new(
        json!({"id": 12, "name": "Acme Ltd", "customfields": customfields}),
    ));
    let inside = Arc::clone(&stored);
    let (halo, _) = scripted(move |method, _, body| {
        let mut client = inside.lock().unwrap();
        if method == "POST" {
            let sent: Value = serde_json::from_slice(body).unwrap();
            client["customfields"] = sent[0]["customfields"].clone();
            return Scripted::json(201, client.to_string());
        }
        Scripted::json(200, client.to_string())
    });
    (halo, stored)
}

fn two_fields() -> Value {
    json!([
        {"id": 212, "name": "CFCoveCustomerId", "type": 0, "value": "1", "display": "1"},
        {"id": 213, "name": "CFCoveIgnore", "type": 6, "value": true},
    ])
}

#[tokio::test]
async fn setting_one_custom_field_keeps_the_others() {
    let (halo, stored) = one_client(&two_fields());
    let client = halo
        .clients()
        .set_custom_field(ClientId::new(12), &field(), &json!("2712428"))
        .await
        .unwrap();
    assert_eq!(
        client.custom_field("CoveCustomerId").as_deref(),
        Some("2712428")
    );
    let fields = stored.lock().unwrap()["customfields"].clone();
    assert_eq!(fields[1], two_fields()[1]);
    assert_eq!(fields[0]["value"], "2712428");
}

#[tokio::test]
async fn setting_the_value_that_is_there_writes_nothing() {
    let (halo, _) = one_client(&two_fields());
    halo.connect().await.unwrap();
    let before = halo.meter().read().sent;
    halo.clients()
        .set_custom_field(ClientId::new(12), &field(), &json!(1))
        .await
        .unwrap();
    assert_eq!(halo.meter().read().sent, before + 1);
}

#[tokio::test]
async fn without_the_present_custom_fields_nothing_is_written() {
    let (halo, stored) = one_client(&Value::Null);
    let error = halo
        .clients()
        .set_custom_field(ClientId::new(12), &field(), &json!("2"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert_eq!(stored.lock().unwrap()["customfields"], Value::Null);
}

/// Sets the field of client 12 at a server whose reading number `fails` (from 1) goes wrong like that.
async fn set_with_a_failed_reading(
    fails: usize,
    how: impl Fn() -> Scripted + Send + 'static,
) -> (api_core::Error, usize) {
    let mut reads = 0;
    let writes = Arc::new(Mutex::new(0));
    let written = Arc::clone(&writes);
    let (halo, _) = scripted(move |method, _, _| {
        if method == "POST" {
            *written.lock().unwrap() += 1;
            return Scripted::json(200, "");
        }
        reads += 1;
        if reads >= fails {
            return how();
        }
        Scripted::json(
            200,
            json!({"id": 12, "customfields": two_fields()}).to_string(),
        )
    });
    let error = halo
        .clients()
        .set_custom_field(ClientId::new(12), &field(), &json!("2"))
        .await
        .unwrap_err();
    let writes = *writes.lock().unwrap();
    (error, writes)
}

#[tokio::test]
async fn what_goes_wrong_before_the_write_was_not_sent_and_after_it_was() {
    for status in [404, 503] {
        let (error, writes) = set_with_a_failed_reading(1, move || Scripted::status(status)).await;
        assert_eq!((error.may_have_been_sent(), writes), (false, 0), "{status}");
        let (error, writes) = set_with_a_failed_reading(2, move || Scripted::status(status)).await;
        assert_eq!((error.may_have_been_sent(), writes), (true, 1), "{status}");
        assert!(!error.was_refused(), "{error:?}");
    }
    let (error, writes) = set_with_a_failed_reading(2, || Scripted::broken(Sent::No)).await;
    assert_eq!((error.may_have_been_sent(), writes), (true, 1));
    assert!(error.message().starts_with("it was written"), "{error}");
}

#[tokio::test]
async fn a_field_that_is_lost_by_the_write_is_noticed() {
    let mut reads = 0;
    let (halo, _) = scripted(move |method, _, _| {
        if method == "POST" {
            return Scripted::json(200, "");
        }
        reads += 1;
        let mut fields = two_fields();
        if reads > 1 {
            fields[0]["value"] = json!("2");
            fields[1]["value"] = Value::Null;
        }
        Scripted::json(200, json!({"id": 12, "customfields": fields}).to_string())
    });
    let error = halo
        .clients()
        .set_custom_field(ClientId::new(12), &field(), &json!("2"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().ends_with("cfcoveignore"), "{error}");
}
