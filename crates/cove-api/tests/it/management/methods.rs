//! Each typed method: the request it sends, and the documented answer it reads.

use cove_api::management::{
    AccountKind, AuditQuery, Depth, DeviceId, Guarded, PartnerFilter, PartnerId, PartnerLevel,
    PartnerState, TreeQuery, UnixTime,
};
use serde_json::{Value, json};

use super::support::{Service, answering, fixture, ok};

fn good<T: std::fmt::Debug>(list: Vec<Guarded<T>>) -> Vec<T> {
    list.into_iter()
        .map(|item| item.into_result().unwrap())
        .collect()
}

/// The request must be the sample's, visa apart.
fn assert_request(service: &Service, sample: &str) {
    let expected: Value = serde_json::from_str(&fixture(sample)).unwrap();
    let sent = service.sent().pop().unwrap();
    assert_eq!(
        (&sent["method"], &sent["params"]),
        (&expected["method"], &expected["params"]),
        "{sample}"
    );
    assert_eq!(
        (&sent["jsonrpc"], &sent["id"]),
        (&json!("2.0"), &json!("jsonrpc"))
    );
}

#[tokio::test]
async fn partners_are_listed_with_levels_and_codes_the_schema_does_not_know() {
    let (client, service) = answering("enumerate-partners.msp-tree.response.json");
    let partners = good(
        client
            .partners(PartnerId::new(12345), Depth::All)
            .await
            .unwrap(),
    );
    assert_request(&service, "enumerate-partners.request.json");
    assert_eq!(partners.len(), 5);
    assert_eq!(
        partners[2].external_code.as_deref(),
        Some("PSA-FAB-2024 | HALO:2210")
    );
    assert_eq!(partners[2].state, Some(PartnerState::InTrial));
    assert_eq!(partners[1].external_code, None);
    assert_eq!(partners[4].level, Some(PartnerLevel::ServiceOrganization));
    let company = partners[0].company.as_ref().unwrap();
    assert_eq!(
        company.legal_company_name.as_deref(),
        Some("Contoso Dental Ltd")
    );
}

#[tokio::test]
async fn a_documented_answer_with_missing_fields_is_read() {
    let (client, _) = answering("enumerate-partners.response.json");
    let partners = good(
        client
            .partners(PartnerId::new(12345), Depth::Children)
            .await
            .unwrap(),
    );
    assert_eq!(
        (partners[0].id, partners[0].external_code.clone()),
        (Some(PartnerId::new(45678)), None)
    );
    assert_eq!(
        partners[0].extra.names().collect::<Vec<_>>(),
        ["ExternalPartnerProperties"]
    );
}

#[tokio::test]
async fn a_partner_is_read_by_id_name_and_uid() {
    let sample = "get-partner-info-by-id.response.json";
    let (client, service) = answering(sample);
    let info = client.partner(PartnerId::new(12345)).await.unwrap();
    assert_request(&service, "get-partner-info-by-id.request.json");
    assert_eq!(
        (info.name.as_deref(), info.level),
        (Some("Zeus & Sons"), Some(PartnerLevel::Distributor))
    );
    assert_eq!(info.creation_time, Some(UnixTime::new(1_464_945_793)));
    assert_eq!(info.trial_expiration_time.unwrap().if_ever(), None);
    assert!(info.extra.get("Privilege").is_some());

    let (client, service) = answering(sample);
    client.partner_by_name("Zeus & Sons").await.unwrap();
    assert_request(&service, "get-partner-info.request.json");

    let (client, service) = answering(sample);
    client
        .partner_by_uid("abcdef-1234-5678-ghij-lmn901e162e9")
        .await
        .unwrap();
    assert_request(&service, "get-partner-info-by-uid.request.json");
}

#[tokio::test]
async fn children_come_with_a_range_and_their_number_without() {
    let (client, service) = answering("enumerate-child-partners.response.json");
    let filter = PartnerFilter {
        sort_order: Some("ByLevelAndName".into()),
        ..PartnerFilter::default()
    };
    let query = TreeQuery {
        range: Some((0, 10_000)),
        filter,
    };
    let tree = client
        .child_partners(PartnerId::new(12345), &query)
        .await
        .unwrap();
    assert_request(&service, "enumerate-child-partners.request.json");
    let children = tree.children.unwrap();
    assert_eq!((tree.actual_child_count, children.len()), (Some(2), 2));
    assert_eq!(
        (
            children[1].actual_child_count,
            children[1].children.is_none()
        ),
        (Some(1), true)
    );

    let (client, service) = answering("enumerate-child-partners.response.json");
    client
        .child_partners(PartnerId::new(5), &TreeQuery::default())
        .await
        .unwrap();
    assert_eq!(service.sent()[1]["params"], json!({"partnerId": 5}));
}

#[tokio::test]
async fn ancestors_begin_with_the_partner_itself() {
    let (client, service) = answering("enumerate-ancestor-partners.response.json");
    let chain = good(client.ancestors(PartnerId::new(100_101)).await.unwrap());
    assert_request(&service, "enumerate-ancestor-partners.request.json");
    let levels: Vec<_> = chain.into_iter().filter_map(|info| info.level).collect();
    assert_eq!(
        levels,
        [
            PartnerLevel::Site,
            PartnerLevel::EndCustomer,
            PartnerLevel::Reseller
        ]
    );
}

#[tokio::test]
async fn history_is_read_from_pairs() {
    let service = Service::new([api_core::testing::Scripted::json(
        200,
        fixture("get-partner-info-history.response.json"),
    )]);
    let client = service
        .builder()
        .partner_fields([0, 1, 4, 7])
        .build()
        .unwrap();
    let versions = good(
        client
            .partner_history(PartnerId::new(100_999))
            .await
            .unwrap(),
    );
    assert_request(&service, "get-partner-info-history.request.json");
    assert_eq!(versions[1].info.name.as_deref(), Some("<anonymized>"));
    assert_eq!(versions[1].timestamp, Some(UnixTime::new(1_712_000_000)));
}

#[tokio::test]
async fn removed_partners_come_with_their_time() {
    let (client, service) = answering("enumerate-removed-partners.response.json");
    let (from, to) = (UnixTime::new(1_782_864_000), UnixTime::new(1_785_542_399));
    let removed = good(
        client
            .removed_partners(PartnerId::new(100_000), from, to)
            .await
            .unwrap(),
    );
    assert_request(&service, "enumerate-removed-partners.request.json");
    assert_eq!(
        removed[0].removal_timestamp,
        Some(UnixTime::new(1_784_000_000))
    );
    assert_eq!(removed[0].info.external_code.as_deref(), Some("HALO:99"));
}

#[tokio::test]
async fn partners_of_a_moment_and_states_are_read() {
    let service = Service::new([
        ok(&json!([{"Id": 1}])),
        ok(&json!({"Id": 1, "State": "Paused"})),
        ok(&json!("InTrial")),
        ok(
            &json!([{"Timestamp": "5", "PartnerId": 1, "OldState": "InTrial", "NewState": "InProduction", "Reason": null}]),
        ),
    ]);
    let client = service.client();
    let (one, time) = (PartnerId::new(1), UnixTime::new(9));
    assert_eq!(
        good(
            client
                .partners_at(one, Depth::Children, time)
                .await
                .unwrap()
        )
        .len(),
        1
    );
    let then = client.partner_at(one, time).await.unwrap();
    assert_eq!(then.state, Some(PartnerState::Other("Paused".into())));
    assert_eq!(
        client.partner_state(one).await.unwrap(),
        PartnerState::InTrial
    );
    let changes = good(client.partner_state_changes(time, time).await.unwrap());
    assert_eq!(
        (changes[0].timestamp, changes[0].new_state.clone()),
        (Some(UnixTime::new(5)), Some(PartnerState::InProduction))
    );
    let sent: Vec<Value> = service
        .sent()
        .into_iter()
        .skip(1)
        .map(|sent| json!([sent["method"], sent["params"]]))
        .collect();
    assert_eq!(
        sent,
        [
            json!(["EnumeratePartnersAtTime", {"parentPartnerId": 1, "fetchRecursively": false, "time": 9}]),
            json!(["GetPartnerInfoAtTime", {"partnerId": 1, "time": 9}]),
            json!(["GetPartnerState", {"partnerId": 1}]),
            json!(["EnumeratePartnerStatesByPeriod", {"startTime": 9, "endTime": 9}]),
        ]
    );
}

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
    assert_eq!(
        custom[0].id.map(cove_api::management::CustomColumnId::get),
        Some(843)
    );
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
