//! Methods that write: sent once, and only what was asked for.

use api_core::testing::Scripted;
use api_core::{ErrorKind, Sent};
use cove_api::management::{CustomColumnId, DeviceId, ExternalCode, PartnerId};
use serde_json::{Value, json};

use super::support::{Service, faulty, fixture, ok};

const CUSTOMER: PartnerId = PartnerId::new(100_100);

fn customer(code: &Value) -> Scripted {
    ok(&json!({"Id": 100_100, "Name": "Contoso", "ExternalCode": code}))
}

fn params(name: &str) -> Value {
    serde_json::from_str::<Value>(&fixture(name)).unwrap()["params"].clone()
}

fn written() -> Scripted {
    Scripted::json(200, fixture("modify-partner.response.json"))
}

#[tokio::test]
async fn linking_keeps_what_is_there_and_reads_back() {
    let service = Service::new([
        customer(&json!("PSA-ACME-2024 ")),
        written(),
        customer(&json!("PSA-ACME-2024 | HALO:1478")),
    ]);
    let change = service
        .client()
        .link_to_halo(CUSTOMER, " 1478 ")
        .await
        .unwrap();
    assert!(change.written);
    assert_eq!(change.before, ExternalCode::new("PSA-ACME-2024 "));
    assert_eq!(change.after.as_str(), "PSA-ACME-2024 | HALO:1478");
    assert_eq!(
        service.sent()[2]["params"],
        params("modify-partner.external-code.request.json")
    );
}

#[tokio::test]
async fn linking_again_writes_nothing() {
    let service = Service::new([customer(&json!("A | HALO:1478"))]);
    let change = service
        .client()
        .link_to_halo(CUSTOMER, "1478")
        .await
        .unwrap();
    assert!(!change.written);
    assert_eq!(service.count("ModifyPartner"), 0);
}

#[tokio::test]
async fn a_link_that_reads_back_otherwise_is_a_conflict() {
    let service = Service::new([
        customer(&json!(null)),
        written(),
        customer(&json!("HALO:14")),
    ]);
    let error = service
        .client()
        .link_to_halo(CUSTOMER, "1478")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn what_goes_wrong_before_the_write_was_not_sent_and_after_it_was() {
    let link = async |answers: Vec<Scripted>| {
        let service = Service::new(answers);
        let error = service.client().link_to_halo(CUSTOMER, "1478").await;
        (error.unwrap_err(), service.count("ModifyPartner"))
    };
    for reading in [|| Scripted::status(400), || Scripted::json(200, "<html>")] {
        let (error, writes) = link(vec![reading()]).await;
        assert_eq!((error.may_have_been_sent(), writes), (false, 0), "{error}");
        let (error, writes) = link(vec![customer(&json!("A")), written(), reading()]).await;
        assert_eq!((error.may_have_been_sent(), writes), (true, 1), "{error}");
        assert!(!error.was_refused(), "{error:?}");
    }
    let mut answers = vec![customer(&json!("A")), written()];
    answers.extend((0..6).map(|_| Scripted::broken(Sent::No)));
    let (error, writes) = link(answers).await;
    assert_eq!((error.may_have_been_sent(), writes), (true, 1), "{error}");
}

#[tokio::test]
async fn bad_input_and_strange_answers_write_nothing() {
    let service = Service::new([]);
    for id in ["", " ", "1|2"] {
        let error = service
            .client()
            .link_to_halo(CUSTOMER, id)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert!(service.sent().is_empty());
    for answer in [
        json!({"Id": 7, "ExternalCode": "x"}),
        json!({"ExternalCode": "x"}),
        json!({"Id": 100_100, "ExternalCode": 5}),
        json!(null),
    ] {
        let service = Service::new([ok(&answer)]);
        let error = service
            .client()
            .link_to_halo(CUSTOMER, "1")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(service.count("ModifyPartner"), 0);
    }
}

#[tokio::test]
async fn cv14_a_write_is_sent_once_when_its_answer_is_lost() {
    for (answer, kind) in [
        (Scripted::status(500), ErrorKind::Status),
        (Scripted::status(503), ErrorKind::Status),
        (Scripted::broken(Sent::Maybe), ErrorKind::Transport),
        (Scripted::json(200, "<html>"), ErrorKind::Decode),
    ] {
        let service = Service::new([answer, written()]);
        let error = service
            .client()
            .set_external_code(CUSTOMER, &"x".into())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.may_have_been_sent() && !error.is_retryable());
        assert_eq!(service.count("ModifyPartner"), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_read_is_repeated_when_its_answer_is_lost() {
    let service = Service::new([
        Scripted::status(503),
        Scripted::broken(Sent::Maybe),
        ok(&json!({"Version": "1"})),
    ]);
    service.client().server_info().await.unwrap();
    assert_eq!(service.count("GetServerInfo"), 3);
}

#[tokio::test]
async fn a_write_that_certainly_did_not_arrive_or_was_refused_is_repeated() {
    let service = Service::new([
        Scripted::broken(Sent::No),
        Scripted::status(429),
        faulty(1701),
        written(),
    ]);
    service
        .client()
        .set_external_code(CUSTOMER, &"x".into())
        .await
        .unwrap();
    assert_eq!(
        (service.count("ModifyPartner"), service.count("Login")),
        (4, 2)
    );
}

#[tokio::test]
async fn custom_column_values_travel_as_pairs() {
    let service = Service::new([
        Scripted::json(200, r#"{"result":{}}"#),
        ok(&json!([[3424, "a"], ["7", null]])),
    ]);
    let client = service.client();
    let values = [(CustomColumnId::new(3424), "billed 2026-07".to_owned())].into();
    client
        .set_custom_column_values(DeviceId::new(654_321), &values)
        .await
        .unwrap();
    assert_eq!(
        service.sent()[1]["params"],
        params("update-account-custom-column-values.request.json")
    );
    let read = client
        .custom_column_values(DeviceId::new(654_321))
        .await
        .unwrap();
    assert_eq!(
        read,
        [
            (CustomColumnId::new(7), String::new()),
            (CustomColumnId::new(3424), "a".to_owned())
        ]
        .into()
    );
}
