//! The same controls over HTTP.

use sandbox::{FaultKind, Sandbox, Switches};
use serde_json::{Value, json};

use crate::http::{Answer, Halo, send};

async fn call(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("Content-Type", "application/json")];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(
        sandbox,
        method,
        &format!("/_sandbox/{path}"),
        &headers,
        &body,
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn state_requests_and_expectation_are_the_same_as_in_rust() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    Halo::new(&sandbox).await.get("Client").await;
    let get = async |path| call(&sandbox, "GET", path, &Value::Null).await.json();
    let state = get("state").await;
    assert_eq!(
        state["clients"],
        serde_json::to_value(sandbox.clients()).unwrap()
    );
    assert_eq!(
        state["subscriptions"],
        serde_json::to_value(sandbox.subscriptions()).unwrap()
    );
    assert_eq!(
        state["switches"],
        serde_json::to_value(Switches::default()).unwrap()
    );
    assert_eq!(
        get("requests").await,
        serde_json::to_value(sandbox.requests()).unwrap()
    );
    assert_eq!(get("requests").await.as_array().unwrap().len(), 2);
    assert_eq!(
        get("expected/202610").await,
        serde_json::to_value(sandbox.expected(202_610)).unwrap()
    );
    assert_eq!(
        get("oddities").await,
        serde_json::to_value(sandbox.oddities()).unwrap()
    );
    assert_eq!(
        call(&sandbox, "GET", "expected/2026", &Value::Null)
            .await
            .status,
        400
    );
    assert_eq!(
        call(&sandbox, "DELETE", "requests", &Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(sandbox.requests(), []);
}

#[tokio::test]
async fn faults_are_set_listed_and_cleared_and_never_hit_the_controls() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    let faults = json!([{"when": "always", "kind": {"status": 503}}]);
    assert_eq!(call(&sandbox, "POST", "faults", &faults).await.status, 204);
    assert_eq!(
        call(&sandbox, "GET", "faults", &Value::Null).await.json(),
        faults
    );
    assert_eq!(halo.get("Client").await.status, 503);
    assert_eq!(
        sandbox.requests().pop().unwrap().fault,
        Some(FaultKind::Status(503))
    );
    assert_eq!(
        call(&sandbox, "DELETE", "faults", &Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(halo.get("Client").await.status, 200);
    let wrong = json!([{"when": "never", "kind": "drip"}]);
    assert_eq!(call(&sandbox, "POST", "faults", &wrong).await.status, 422);
}

#[tokio::test]
async fn switches_clock_and_edits_take_effect() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    assert_eq!(
        call(&sandbox, "POST", "switches", &json!({"page_cap": 3}))
            .await
            .status,
        204
    );
    let shown = call(&sandbox, "GET", "switches", &Value::Null).await.json();
    assert_eq!(
        (&shown["page_cap"], &shown["post_answer"]),
        (&json!(3), &json!("object"))
    );
    let page = halo
        .get("Client?pageinate=true&page_size=50&page_no=1")
        .await
        .json();
    assert_eq!(page["clients"].as_array().unwrap().len(), 3);
    assert_eq!(
        call(&sandbox, "POST", "switches", &json!({"page_kap": 3}))
            .await
            .status,
        422
    );

    let id = sandbox.subscriptions()[0].id;
    let edited = call(
        &sandbox,
        "POST",
        "edit",
        &json!({"set_count": {"id": id, "count": 77}}),
    )
    .await;
    assert_eq!(
        (edited.json(), sandbox.subscriptions()[0].count),
        (json!(true), 77)
    );
    let unknown = call(
        &sandbox,
        "POST",
        "edit",
        &json!({"set_count": {"id": 1, "count": 77}}),
    )
    .await;
    assert_eq!(unknown.json(), json!(false));

    assert_eq!(
        call(&sandbox, "POST", "clock", &json!({"advance_seconds": 3601}))
            .await
            .status,
        204
    );
    assert_eq!(halo.get("Client").await.status, 401);
}

#[tokio::test]
async fn every_edit_over_http_reaches_the_world() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let edit = async |body: Value| call(&sandbox, "POST", "edit", &body).await.json();
    let client = edit(json!({"add_client": {"name": "New", "cove_id": null}})).await;
    assert_eq!(
        edit(json!({"set_custom_field": {"client_id": client, "value": 5}})).await,
        json!(true)
    );
    assert_eq!(
        edit(json!({"set_client_inactive": {"client_id": client, "inactive": true}})).await,
        json!(true)
    );
    let made = sandbox.clients().pop().unwrap();
    assert_eq!(
        (made.name.as_str(), made.cove_id.as_deref(), made.inactive),
        ("New", Some("5"), true)
    );
    let licence =
        edit(json!({"add_subscription": {"client_id": client, "name": "x", "count": 2}})).await;
    assert_eq!(
        edit(json!({"set_active": {"id": licence, "active": false}})).await,
        json!(true)
    );
    assert_eq!(
        edit(json!({"delete_subscription": {"id": licence}})).await,
        json!(true)
    );
    let made = sandbox.subscriptions().pop().unwrap();
    assert_eq!((made.count, made.is_active, made.deleted), (2, false, true));

    assert_eq!(
        edit(json!({"open_invoice": {"period": 202_610}})).await,
        json!(true)
    );
    let status = || sandbox.edit(|world| world.invoices(202_610)[0].approval_status.clone());
    assert_eq!(status(), "PENDING");
    assert_eq!(
        edit(json!({"close_invoice": {"period": 202_610}})).await,
        json!(true)
    );
    assert_eq!(status(), "APPROVED");
    let customer = sandbox.oddities()[0].customer_id.clone();
    let gone =
        edit(json!({"remove_client_usage": {"period": 202_609, "customer_id": customer}})).await;
    assert!(gone.as_u64().is_some());
    edit(json!({"remove_all_usage": {"period": 202_610}})).await;
    assert_eq!(sandbox.expected(202_610).vendor_units, []);
}
