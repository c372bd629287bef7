//! Devices one by one, custom columns, users, roles, audit, columns, products.

use sandbox::{Availability, DEVICE_SECRET, Depth, ManagementSwitches, RESELLER_ID, Sandbox};
use serde_json::{Value, json};

use super::{Cove, assert_shape, start};

#[tokio::test]
async fn accounts_are_listed_with_their_secrets() {
    for (accounts_depth, recursive) in [(Depth::Own, false), (Depth::Recursive, true)] {
        let sandbox = start(ManagementSwitches {
            accounts_depth,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let answer = cove
            .call("EnumerateAccounts", json!({"partnerId": RESELLER_ID}))
            .await;
        assert_shape(
            &answer,
            include_str!("../../samples/cove/enumerate-accounts.response.json"),
            &[],
            &[],
        );
        let rows = answer["result"]["result"].as_array().unwrap().clone();
        assert_eq!(rows[0]["Password"], DEVICE_SECRET);
        let live = sandbox
            .accounts()
            .into_iter()
            .filter(|one| one.removed.is_none());
        let expected = live
            .filter(|one| recursive || one.partner_id == RESELLER_ID)
            .count();
        assert_eq!(rows.len(), expected);
    }
}

#[tokio::test]
async fn accounts_may_be_forbidden_or_unknown() {
    for (accounts, code, data) in [
        (Availability::Forbidden, -32_603, json!(13_501)),
        (Availability::UnknownMethod, -32_601, Value::Null),
    ] {
        let sandbox = start(ManagementSwitches {
            accounts,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let error = cove
            .call("EnumerateAccounts", json!({"partnerId": RESELLER_ID}))
            .await["error"]
            .clone();
        assert_eq!((&error["code"], &error["data"]), (&json!(code), &data));
    }
}

#[tokio::test]
async fn a_removed_account_is_found_only_by_the_methods_for_it() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let accounts = sandbox.accounts();
    let gone = accounts.iter().find(|one| one.removed.is_some()).unwrap();
    let live = accounts.iter().find(|one| one.removed.is_none()).unwrap();
    assert_eq!(
        cove.refusal("GetAccountInfoById", json!({"accountId": gone.id}))
            .await,
        5002
    );
    let with_removed = cove
        .result(
            "GetAccountInfoByIdWithRemoved",
            json!({"accountId": gone.id}),
        )
        .await;
    assert_eq!(with_removed["RemovalTime"], gone.removed.unwrap());
    let removed = json!({"accountIds": [gone.id, live.id, 1]});
    assert_eq!(
        cove.result("EnumerateRemovedAccountsByIds", removed).await,
        json!([with_removed])
    );
    let answer = cove
        .call("GetAccountInfoById", json!({"accountId": live.id}))
        .await;
    assert!(answer["result"]["homeNodeInfo"]["CommonInfo"]["Host"].is_string());
    assert_eq!(answer["result"]["result"]["Name"], live.name);
}

#[tokio::test]
async fn custom_columns_are_written_and_read() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let account = sandbox
        .accounts()
        .into_iter()
        .find(|one| one.removed.is_none())
        .unwrap();
    let write = json!({"accountId": account.id, "values": [[3424, "billed 2026-10"]]});
    assert_eq!(
        cove.call("UpdateAccountCustomColumnValues", write).await["result"],
        json!({})
    );
    let read = cove
        .result(
            "GetAccountCustomColumnValues",
            json!({"accountId": account.id}),
        )
        .await;
    assert_eq!(read, json!([[3424, "billed 2026-10"]]));
    let query = json!({"query": {"PartnerId": RESELLER_ID, "Filter": format!("AU == {}", account.id), "RecordsCount": 5, "Columns": ["AA3424"]}});
    let rows = cove.result("EnumerateAccountStatistics", query).await;
    assert_eq!(rows[0]["Settings"], json!([{"AA3424": "billed 2026-10"}]));
    let bad = json!({"accountId": account.id, "values": [["x", 1]]});
    assert_eq!(
        cove.refusal("UpdateAccountCustomColumnValues", bad).await,
        1001
    );
}

#[tokio::test]
async fn the_catalogue_has_the_published_shapes() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let partner = json!({"partnerId": RESELLER_ID});
    let account = sandbox.accounts()[0].id;
    for (method, params, sample, extra) in [
        (
            "EnumerateUserRoles",
            json!({}),
            include_str!("../../samples/cove/enumerate-user-roles.response.json"),
            &[][..],
        ),
        (
            "EnumerateColumns",
            partner.clone(),
            include_str!("../../samples/cove/enumerate-columns.response.json"),
            &[],
        ),
        (
            "EnumerateProducts",
            partner.clone(),
            include_str!("../../samples/cove/enumerate-products.response.json"),
            &[],
        ),
        (
            "EnumerateAccountRemoteAccessEndpoints",
            json!({"accountId": account}),
            include_str!(
                "../../samples/cove/enumerate-account-remote-access-endpoints.response.json"
            ),
            &[],
        ),
    ] {
        assert_shape(&cove.call(method, params).await, sample, extra, &[]);
    }
    let users = cove
        .result("EnumerateUsers", json!({"partnerIds": [RESELLER_ID]}))
        .await;
    assert!(users[0].get("TwoFactorAuthenticationStatus").is_some());
    assert!(users[1].get("TwoFactorAuthenticationStatus").is_none());
    let columns = cove.result("EnumerateCustomColumns", partner).await;
    assert_eq!(columns[0]["Id"], 843);
}

#[tokio::test]
async fn the_audit_tells_who_removed_and_changed_what() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    cove.call(
        "ModifyPartner",
        json!({"partnerInfo": {"Id": RESELLER_ID, "ExternalCode": "x"}}),
    )
    .await;
    let ask = |entity: &str, limit: u32| {
        json!({
            "actionInfo": {"Entity": entity, "Operation": "Undefined", "Result": "Undefined", "PartnerId": RESELLER_ID},
            "from": 0,
            "to": 9_000_000_000_i64,
            "countLimit": limit,
            "includeAllSubPartners": true,
            "reverseOrder": true,
        })
    };
    let answer = cove
        .call("EnumerateAuditActions", ask("Account", 1000))
        .await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/enumerate-audit-actions.response.json"),
        &[],
        &[],
    );
    let gone = sandbox
        .accounts()
        .iter()
        .filter(|one| one.removed.is_some())
        .count();
    assert!(gone > 0);
    assert_eq!(answer["result"]["result"].as_array().unwrap().len(), gone);
    let changed = cove
        .result("EnumerateAuditActions", ask("Partner", 1))
        .await;
    assert_eq!(changed[0]["AuditActionInfo"]["Details"], "ExternalCode=x");
    assert_eq!(changed[0]["AuditActionInfo"]["Operation"], "Modify");
}
