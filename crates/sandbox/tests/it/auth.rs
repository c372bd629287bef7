//! Halo's discovery, tokens and scopes.

use std::time::Duration;

use sandbox::{HALO_CLIENT_SECRET, Sandbox, Switches, TENANT};
use serde_json::json;

use crate::http::{Halo, credentials, send, token, token_answer};
use crate::shape::assert_same_shape;

async fn start() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

#[tokio::test]
async fn discovery_needs_no_token() {
    let sandbox = start().await;
    let answer = send(&sandbox, "GET", "/halo/api/authinfo", &[], "")
        .await
        .unwrap();
    let sample = include_str!("../samples/halo/authinfo.response.json");
    assert_same_shape(&answer.json(), &[sample], &[], &[]);
    assert_eq!(
        answer.json()["auth_url"],
        format!("{}/auth", sandbox.halo_url())
    );
}

#[tokio::test]
async fn a_token_opens_the_api_until_it_expires() {
    let sandbox = start().await;
    let answer = token_answer(&sandbox, "", &credentials("all")).await;
    assert_same_shape(
        &answer.json(),
        &[include_str!("../samples/halo/token.response.json")],
        &[],
        &[],
    );
    assert_eq!(
        (
            answer.json()["expires_in"].as_u64(),
            &answer.json()["scope"]
        ),
        (Some(3600), &json!("all"))
    );
    let halo = Halo::new(&sandbox).await;
    assert_eq!(halo.get("Client?count=1").await.status, 200);
    sandbox.advance_clock(Duration::from_secs(3601));
    assert_eq!(halo.get("Client?count=1").await.status, 401);
    assert_eq!(
        Halo::new(&sandbox).await.get("Client?count=1").await.status,
        200
    );
}

#[tokio::test]
async fn the_life_of_a_token_is_a_switch() {
    let switches = Switches {
        expires_in: 30,
        ..Switches::default()
    };
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    sandbox.advance_clock(Duration::from_secs(31));
    assert_eq!(halo.get("Client").await.status, 401);
}

#[tokio::test]
async fn a_token_without_scope_opens_nothing() {
    let sandbox = start().await;
    let answer = token_answer(&sandbox, "", &credentials("")).await;
    assert_same_shape(
        &answer.json(),
        &[include_str!("../samples/halo/token.no-scope.response.json")],
        &[],
        &[],
    );
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let halo = Halo {
        sandbox: &sandbox,
        token,
    };
    for path in ["Client", "SoftwareLicence", "FieldInfo?typeid=2"] {
        assert_eq!(halo.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_narrow_scope_reaches_only_so_far() {
    let sandbox = start().await;
    let answer = token_answer(
        &sandbox,
        "",
        &credentials("read:customers%20read:softwarelicensing"),
    )
    .await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let halo = Halo {
        sandbox: &sandbox,
        token,
    };
    assert_eq!(halo.get("Client").await.status, 200);
    assert_eq!(halo.get("SoftwareLicence").await.status, 200);
    assert_eq!(halo.post("SoftwareLicence", &json!([])).await.status, 403);
    assert_eq!(halo.post("Report", &json!([{"sql": ""}])).await.status, 403);
}

#[tokio::test]
async fn wrong_credentials_are_named() {
    let sandbox = start().await;
    let wrong = credentials("all").replace(HALO_CLIENT_SECRET, "wrong");
    let answer = token_answer(&sandbox, "", &wrong).await;
    assert_eq!(answer.status, 401);
    assert_same_shape(
        &answer.json(),
        &[include_str!(
            "../samples/halo/token.error.invalid_client.401.json"
        )],
        &[],
        &[],
    );
    assert_eq!(answer.json()["error"], "invalid_client");
    let answer = token_answer(&sandbox, "", &credentials("nonsense")).await;
    assert_eq!(answer.status, 400);
    assert_same_shape(
        &answer.json(),
        &[include_str!(
            "../samples/halo/token.error.invalid_scope.400.json"
        )],
        &[],
        &[],
    );
    let answer = token_answer(
        &sandbox,
        "",
        &credentials("all").replace("client_credentials", "password"),
    )
    .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("unsupported_grant_type"))
    );
}

#[tokio::test]
async fn credentials_in_a_header_or_as_json_are_not_read() {
    let sandbox = start().await;
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let basic = ("Authorization", "Basic c2FuZGJveDpzYW5kYm94");
    let body = "grant_type=client_credentials&scope=all";
    let answer = send(&sandbox, "POST", "/halo/auth/token", &[form, basic], body)
        .await
        .unwrap();
    assert_eq!(answer.status, 401);
    let json = ("Content-Type", "application/json");
    let answer = send(&sandbox, "POST", "/halo/auth/token", &[json], "{}")
        .await
        .unwrap();
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_request"))
    );
}

#[tokio::test]
async fn a_wrong_tenant_is_a_server_error_in_html() {
    let sandbox = start().await;
    for (query, form) in [
        ("?tenant=wrong", credentials("all")),
        ("", credentials("all") + "&tenant=wrong"),
    ] {
        let answer = token_answer(&sandbox, query, &form).await;
        assert_eq!(answer.status, 500);
        assert!(answer.body.starts_with("<!DOCTYPE html>"));
    }
    let right = format!("?tenant={TENANT}");
    assert_eq!(
        token_answer(&sandbox, &right, &credentials("all"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_unknown_token_is_refused() {
    let sandbox = start().await;
    let mut halo = Halo::new(&sandbox).await;
    halo.token.push('x');
    let answer = halo.get("Client").await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    assert_eq!(
        send(&sandbox, "GET", "/halo/api/Client", &[], "")
            .await
            .unwrap()
            .status,
        401
    );
}

#[tokio::test]
async fn the_log_never_holds_a_secret() {
    let sandbox = start().await;
    let token = token(&sandbox).await;
    let log = serde_json::to_string(&sandbox.requests()).unwrap();
    assert!(log.contains("client_secret=***"));
    assert!(!log.contains(HALO_CLIENT_SECRET) && !log.contains(&token));
}
