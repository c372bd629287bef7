//! Envelope, login, visas, errors inside 200, log and faults.

use std::time::Duration;

use sandbox::{
    Availability, EmptyList, Fault, FaultKind, MANAGEMENT_PASSWORD, ManagementSwitches, OldVisas,
    Sandbox, Service, When,
};
use serde_json::{Value, json};

use super::{Cove, assert_shape, login_call, post, start};
use crate::http::send;

const INFO: &str = "GetServerInfo";

#[tokio::test]
async fn login_gives_the_user_and_a_visa_outside_the_result() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let mut answer = post(&sandbox, &login_call()).await;
    assert_eq!(
        answer["result"]["result"]["PartnerId"],
        sandbox::RESELLER_ID
    );
    let visa = answer["visa"].as_str().unwrap();
    assert!(visa.starts_with("33491-50777-2-"), "{visa}");
    assert_eq!(visa.split('-').count(), 5);
    assert_shape(
        &answer.take(),
        include_str!("../../samples/cove/login.response.api-user.json"),
        &[],
        &[],
    );
}

#[tokio::test]
async fn whatever_is_wrong_with_the_login_the_answer_is_2100() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    for (field, value) in [
        ("partner", "Our MSP"),
        ("partner", "our msp (admin@ourmsp.example)"),
        ("username", "someone"),
        ("password", "guess"),
    ] {
        let mut call = login_call();
        call["params"][field] = value.into();
        let answer = post(&sandbox, &call).await;
        let sample = include_str!("../../samples/cove/error-2100.login.response.json");
        assert_eq!(answer, serde_json::from_str::<Value>(sample).unwrap());
    }
}

#[tokio::test]
async fn the_visa_counts_only_at_the_top_level() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let sample: Value = serde_json::from_str(include_str!(
        "../../samples/cove/error-1701.visa.response.json"
    ))
    .unwrap();
    let call =
        json!({"jsonrpc": "2.0", "id": "jsonrpc", "method": INFO, "params": {"visa": cove.visa}});
    assert_eq!(post(&sandbox, &call).await, sample);
    let call = json!({"jsonrpc": "2.0", "id": "jsonrpc", "visa": "33491-1-1-1-AA", "method": INFO});
    assert_eq!(post(&sandbox, &call).await, sample);
    let answer = cove.call(INFO, json!({})).await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/get-server-info.response.json"),
        &[],
        &[],
    );
    assert_ne!(answer["visa"], cove.visa.as_str());
}

#[tokio::test]
async fn the_id_of_a_call_is_echoed() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    for id in [json!("2"), json!(7), Value::Null] {
        let call =
            json!({"jsonrpc": "2.0", "id": id, "visa": cove.visa, "method": INFO, "params": {}});
        assert_eq!(post(&sandbox, &call).await["id"], id);
    }
}

#[tokio::test]
async fn a_visa_dies_after_fifteen_minutes_and_answers_bring_new_ones() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    sandbox.advance_clock(Duration::from_secs(890));
    let renewed = cove.call(INFO, json!({})).await["visa"].clone();
    sandbox.advance_clock(Duration::from_secs(20));
    assert_eq!(cove.refusal(INFO, json!({})).await, 1701);
    let cove = Cove {
        sandbox: &sandbox,
        visa: renewed.as_str().unwrap().to_owned(),
    };
    assert_eq!(cove.refusal(INFO, json!({})).await, Value::Null);
}

#[tokio::test]
async fn old_visas_stay_valid_or_not() {
    for (old_visas, second) in [
        (OldVisas::StayValid, Value::Null),
        (OldVisas::Invalidated, json!(1701)),
    ] {
        let sandbox = start(ManagementSwitches {
            old_visas,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        assert_eq!(cove.refusal(INFO, json!({})).await, Value::Null);
        assert_eq!(cove.refusal(INFO, json!({})).await, second, "{old_visas:?}");
    }
}

#[tokio::test]
async fn errors_bring_a_visa_or_not() {
    for visa_in_errors in [true, false] {
        let sandbox = start(ManagementSwitches {
            visa_in_errors,
            accounts: Availability::Forbidden,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let answer = cove
            .call("EnumerateAccounts", json!({"partnerId": 1}))
            .await;
        let absent: &[&str] = if visa_in_errors { &[] } else { &["$.visa"] };
        assert_shape(
            &answer,
            include_str!("../../samples/cove/error-13501.security.response.json"),
            &[],
            absent,
        );
        assert_eq!(answer["error"]["data"], 13_501);
        assert_eq!(answer.get("visa").is_some(), visa_in_errors);
    }
}

#[tokio::test]
async fn names_are_case_sensitive_and_parameters_are_checked() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    for method in [
        "getServerInfo",
        "GetAccountStatisticsTotals",
        "EnumerateAuditEvents",
        "",
    ] {
        let error = cove.call(method, json!({})).await["error"].clone();
        assert_eq!(
            (&error["code"], error.get("data")),
            (&json!(-32_601), None),
            "{method}"
        );
    }
    for params in [
        json!({}),
        json!({"PartnerId": 33_491}),
        json!({"partnerId": "x"}),
        json!([1]),
    ] {
        assert_eq!(cove.refusal("GetPartnerInfoById", params).await, 1001);
    }
    // The server is lenient about numbers as text.
    let name = cove
        .result("GetPartnerInfoById", json!({"partnerId": "33491"}))
        .await;
    assert_eq!(name["Name"], sandbox::MANAGEMENT_PARTNER);
}

#[tokio::test]
async fn what_is_no_call_is_a_parse_error() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let sample = include_str!("../../samples/cove/error-no-data.response.json");
    for body in ["", "{", "[]", "null", "\u{0}"] {
        let answer = send(&sandbox, "POST", "/jsonapi", &[], body).await.unwrap();
        assert_eq!(answer.status, 200);
        assert_shape(&answer.json(), sample, &[], &[]);
    }
    let answer = send(&sandbox, "GET", "/jsonapi", &[], "").await.unwrap();
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn an_empty_list_may_be_null() {
    for (empty_list, expected) in [
        (EmptyList::Empty, json!([])),
        (EmptyList::Null, Value::Null),
    ] {
        let sandbox = start(ManagementSwitches {
            empty_list,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let answer = cove.call("EnumerateUsers", json!({"partnerIds": []})).await;
        assert_eq!(answer["result"]["result"], expected);
    }
}

#[tokio::test]
async fn calls_are_logged_with_their_method_and_without_their_secrets() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let write = json!({"partnerInfo": {"Id": 33_491, "ExternalCode": "x"}});
    cove.call("ModifyPartner", write).await;
    let log = sandbox.requests();
    let seen: Vec<_> = log
        .iter()
        .map(|one| (one.service, one.rpc.as_deref().unwrap(), one.committed))
        .collect();
    assert_eq!(
        seen,
        [
            (Service::Management, "Login", false),
            (Service::Management, "ModifyPartner", true),
        ]
    );
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains(MANAGEMENT_PASSWORD) && !text.contains(&cove.visa));
}

#[tokio::test]
async fn faults_hit_single_methods() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    sandbox.set_faults(vec![
        Fault::new(
            When::NthOf {
                service: Service::Management,
                path_contains: "EnumerateUserRoles".into(),
                nth: 2,
            },
            FaultKind::Status(503),
        ),
        Fault::new(When::Nth(4), FaultKind::TokenRevoked),
    ]);
    let roles = "EnumerateUserRoles";
    assert_eq!(cove.refusal(roles, json!({})).await, Value::Null);
    assert_eq!(cove.refusal(INFO, json!({})).await, Value::Null);
    let call = json!({"visa": cove.visa, "method": roles}).to_string();
    let failed = send(&sandbox, "POST", "/jsonapi", &[], &call)
        .await
        .unwrap();
    assert_eq!(failed.status, 503);
    assert_eq!(cove.refusal(INFO, json!({})).await, 1701);
}

#[tokio::test]
async fn a_lost_answer_to_a_write_leaves_it_written() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    sandbox.set_faults(vec![Fault::new(When::Nth(1), FaultKind::ResetAfterCommit)]);
    let call = json!({
        "visa": cove.visa,
        "method": "ModifyPartner",
        "params": {"partnerInfo": {"Id": 33_491, "ExternalCode": "HALO:1"}},
    });
    assert!(
        send(&sandbox, "POST", "/jsonapi", &[], &call.to_string())
            .await
            .is_err()
    );
    let partners = sandbox.partners();
    let own = partners.iter().find(|one| one.id == 33_491).unwrap();
    assert_eq!(own.external_code, "HALO:1");
    assert!(sandbox.requests().last().unwrap().committed);
}
