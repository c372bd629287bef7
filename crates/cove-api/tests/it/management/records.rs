//! Typed methods about devices, users, columns, products and the server; and any other method.

use cove_api::management::{
    AccountKind, AuditQuery, CustomColumnId, DeviceId, PartnerId, UnixTime,
};
use serde_json::json;

use super::methods::{assert_request, good};
use super::support::{Service, answering, fixture, ok};

#[tokio::test]
async fn accounts_are_read_and_their_secrets_never_shown() {
    let (client, service) = answering("enumerate-accounts.response.json");
    let accounts = good(client.accounts(PartnerId::new(123_456)).await.unwrap());
    assert_request(&service, "enumerate-accounts.request.json");
    assert_eq!(accounts[0].kind, Some(AccountKind::BackupManager));
    assert!(accounts[0].password.is_some() && accounts[0].token.is_some());
    let shown = format!("{accounts:?}");
    assert!(
        !shown.contains("REDACT-ME") && !shown.contains("00000000-0000"),
        "{shown}"
    );

    let (client, service) = answering("get-account-info-by-id.response.json");
    let details = client.account(DeviceId::new(654_321)).await.unwrap();
    assert_request(&service, "get-account-info-by-id.request.json");
    assert_eq!(
        details.home_node.as_ref().unwrap()["CommonInfo"]["Host"],
        "nl-ams-0101.cloudbackup.management"
    );
    assert!(!format!("{details:?}").contains("REDACT-ME"));
}

#[tokio::test]
async fn removed_accounts_and_endpoints_are_read() {
    let service = Service::new([
        ok(&json!({"Id": 3, "RemovalTime": 7})),
        ok(&json!([{"Id": 3}])),
        api_core::testing::Scripted::json(
            200,
            fixture("enumerate-account-remote-access-endpoints.response.json"),
        ),
    ]);
    let client = service.client();
    let id = DeviceId::new(3);
    assert_eq!(
        client.account_with_removed(id).await.unwrap().removal_time,
        Some(UnixTime::new(7))
    );
    assert_eq!(
        good(client.removed_accounts(&[id]).await.unwrap())[0].id,
        Some(id)
    );
    let endpoints = good(client.remote_access_endpoints(id).await.unwrap());
    assert_eq!(endpoints[0].machine_name.as_deref(), Some("SRV01"));
    let methods: Vec<String> = service
        .calls()
        .into_iter()
        .map(|(method, _)| method)
        .collect();
    assert_eq!(
        methods[1..],
        [
            "GetAccountInfoByIdWithRemoved",
            "EnumerateRemovedAccountsByIds",
            "EnumerateAccountRemoteAccessEndpoints"
        ]
    );
}

#[tokio::test]
async fn users_and_roles_are_read() {
    let (client, service) = answering("enumerate-users.response.json");
    let users = good(client.users(&[PartnerId::new(123_456)]).await.unwrap());
    assert_request(&service, "enumerate-users.request.json");
    assert_eq!(
        users[0].two_factor_authentication_status.as_deref(),
        Some("Disabled")
    );
    assert_eq!(users[1].two_factor_authentication_status, None);

    let (client, service) = answering("enumerate-user-roles.response.json");
    let roles = good(client.user_roles(PartnerId::new(123_456)).await.unwrap());
    assert_request(&service, "enumerate-user-roles.request.json");
    assert_eq!(
        (roles.len(), roles[4].name.as_deref()),
        (7, Some("Supporter"))
    );
}

#[tokio::test]
async fn audit_actions_are_read() {
    let (client, service) = answering("enumerate-audit-actions.response.json");
    let (from, to) = (UnixTime::new(1_782_864_000), UnixTime::new(1_785_542_399));
    let query = AuditQuery {
        entity: "Account".into(),
        ..AuditQuery::new(PartnerId::new(100_000), from, to)
    };
    let entries = good(client.audit_actions(&query).await.unwrap());
    assert_request(&service, "enumerate-audit-actions.request.json");
    assert_eq!(
        (
            entries[0].action.operation.as_deref(),
            entries[0].user_name.as_deref()
        ),
        (Some("Remove"), Some("admin"))
    );
}

#[tokio::test]
async fn columns_products_and_the_server_are_read() {
    let (client, service) = answering("enumerate-columns.response.json");
    let columns = good(client.columns(PartnerId::new(100_000)).await.unwrap());
    assert_request(&service, "enumerate-columns.request.json");
    assert_eq!(
        (
            columns[2].short_name.as_deref(),
            columns[2].is_custom_column
        ),
        (Some("AA843"), Some(true))
    );

    let (client, service) = answering("enumerate-products.response.json");
    let products = client.products(PartnerId::new(1)).await.unwrap();
    assert_eq!(
        service.sent()[1]["params"],
        json!({"partnerId": 1, "currentPartnerOnly": false})
    );
    assert_eq!(
        products.products[0].good().unwrap().features["BackupFileSystem"],
        json!("1")
    );
    assert!(products.restrictions.is_empty());

    let (client, service) = answering("get-server-info.response.json");
    assert_eq!(
        client.server_info().await.unwrap().version.as_deref(),
        Some("26.1.0.26067")
    );
    assert_request(&service, "get-server-info.request.json");

    let service = Service::new([ok(&json!([{"Id": "843", "Name": "Device Notes"}]))]);
    let custom = good(
        service
            .client()
            .custom_columns(PartnerId::new(1))
            .await
            .unwrap(),
    );
    assert_eq!(custom[0].id.map(CustomColumnId::get), Some(843));
}

#[tokio::test]
async fn both_documented_logins_are_read() {
    for (sample, role) in [
        ("login.response.json", 1),
        ("login.response.api-user.json", 5),
    ] {
        let service = Service::by(move |_| api_core::testing::Scripted::json(200, fixture(sample)));
        let user = service.client().login().await.unwrap();
        assert_eq!(
            (user.partner_id, user.role_id),
            (Some(PartnerId::new(33491)), Some(role))
        );
    }
}

#[tokio::test]
async fn any_other_method_can_be_called() {
    let service = Service::new([ok(&json!("EUR")), ok(&json!(null))]);
    let client = service.client();
    let currency: String = client
        .call("GetPartnerPriceCurrency", &json!({"partnerId": 1}))
        .await
        .unwrap();
    assert_eq!(currency, "EUR");
    client
        .call::<_, ()>("RemoveUser", &json!({"userId": 1}))
        .await
        .unwrap();
    let error = client.call::<_, ()>("RemoveUser", &[1]).await.unwrap_err();
    assert_eq!(error.kind(), api_core::ErrorKind::Config);
    assert_eq!(service.count("RemoveUser"), 1);
}

#[tokio::test]
async fn a_list_that_is_null_is_empty_and_one_that_is_something_else_an_error() {
    let service = Service::new([ok(&json!(null)), ok(&json!({"Id": 1}))]);
    let client = service.client();
    assert!(client.users(&[]).await.unwrap().is_empty());
    assert!(client.users(&[]).await.unwrap_err().is_decode());
}
