//! The tree of partners.

use std::collections::BTreeSet;

use sandbox::{
    ManagementSwitches, ModifyPartner, NoResult, OddityKind, Partner, RESELLER_ID, Sandbox,
};
use serde_json::{Value, json};

use super::{Cove, assert_shape, start};

const FIELDS: [i64; 10] = [0, 1, 3, 4, 5, 8, 9, 10, 18, 20];

fn ids(rows: &Value) -> BTreeSet<u64> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["Id"].as_u64().unwrap()).collect()
}

fn live(sandbox: &Sandbox) -> Vec<Partner> {
    let mut partners = sandbox.partners();
    partners.retain(|one| one.removed.is_none());
    partners
}

#[tokio::test]
async fn partners_are_listed_below_a_parent() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let ask = |deep: bool| json!({"parentPartnerId": RESELLER_ID, "fetchRecursively": deep, "fields": FIELDS});
    let answer = cove.call("EnumeratePartners", ask(true)).await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/enumerate-partners.msp-tree.response.json"),
        &[],
        &["$.result.result[].Flags[]"],
    );
    let known: BTreeSet<u64> = live(&sandbox).iter().map(|one| one.id).collect();
    let mut listed = ids(&answer["result"]["result"]);
    assert!(listed.insert(RESELLER_ID), "the parent is not listed");
    assert_eq!(listed, known);
    let direct = cove.result("EnumeratePartners", ask(false)).await;
    let direct = direct.as_array().unwrap();
    assert!(direct.len() < known.len() - 1);
    assert!(direct.iter().all(|one| one["ParentId"] == RESELLER_ID));
}

#[tokio::test]
async fn customers_have_the_ids_and_references_of_the_billing_api() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let partners = live(&sandbox);
    let odd = |kind| {
        sandbox
            .oddities()
            .iter()
            .find(move |odd| odd.kind == kind)
            .unwrap()
    };
    let newcomer: u64 = odd(OddityKind::Newcomer).customer_id.parse().unwrap();
    let departed: u64 = odd(OddityKind::Departed).customer_id.parse().unwrap();
    assert!(
        partners
            .iter()
            .any(|one| one.id == newcomer && one.level == "EndCustomer")
    );
    assert!(partners.iter().all(|one| one.id != departed));
    assert!(
        partners
            .iter()
            .any(|one| one.external_code.starts_with("HALO:"))
    );
    for (level, state) in [
        ("Reseller", "InProduction"),
        ("ServiceOrganization", "InProduction"),
        ("Site", "InProduction"),
        ("EndCustomer", "InTrial"),
        ("EndCustomer", "Expired"),
    ] {
        assert!(
            partners
                .iter()
                .any(|one| (one.level.as_str(), one.state.as_str()) == (level, state))
        );
    }
    assert!(
        partners
            .iter()
            .any(|one| one.name.ends_with("- Recycle Bin") && one.external_code.starts_with('['))
    );
}

#[tokio::test]
async fn fields_that_were_not_asked_for_stay_out() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let ask = json!({"parentPartnerId": RESELLER_ID, "fetchRecursively": false, "fields": [0, 18]});
    let rows = cove.result("EnumeratePartners", ask).await;
    let keys: Vec<&str> = rows[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["ExternalCode", "Id", "Name", "ParentId"]);
}

#[tokio::test]
async fn one_partner_is_found_by_id_name_and_uid() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let partner = live(&sandbox)
        .into_iter()
        .find(|one| one.level == "Site")
        .unwrap();
    let answer = cove
        .call("GetPartnerInfoById", json!({"partnerId": RESELLER_ID}))
        .await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/get-partner-info-by-id.response.json"),
        &["$.result.result.Discount"],
        &[],
    );
    let info = &cove
        .result("GetPartnerInfoById", json!({"partnerId": partner.id}))
        .await;
    let by_name = cove
        .result("GetPartnerInfo", json!({"name": partner.name}))
        .await;
    assert_eq!(&by_name, info);
    let by_uid = cove
        .result("GetPartnerInfoByUid", json!({"partnerUid": info["Uid"]}))
        .await;
    assert_eq!(&by_uid, info);
    let lower = json!({"name": partner.name.to_lowercase()});
    assert_eq!(cove.refusal("GetPartnerInfo", lower).await, 5001);
    assert_eq!(
        cove.refusal("GetPartnerInfoById", json!({"partnerId": 1}))
            .await,
        5001
    );
    assert_eq!(
        cove.result("GetPartnerState", json!({"partnerId": partner.id}))
            .await,
        "InProduction"
    );
}

#[tokio::test]
async fn partners_beyond_reach_are_refused() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let foreign =
        sandbox.edit(|world| world.add_partner(2, "Another MSP", "Reseller", "InProduction"));
    let cove = Cove::login(&sandbox).await;
    assert_eq!(
        cove.refusal("GetPartnerInfoById", json!({"partnerId": foreign}))
            .await,
        13_501
    );
}

#[tokio::test]
async fn children_come_one_level_at_a_time() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let bare = cove
        .result("EnumerateChildPartners", json!({"partnerId": RESELLER_ID}))
        .await;
    assert_eq!(bare["Children"], Value::Null);
    let count = bare["ActualChildCount"].as_u64().unwrap();
    let ask = |offset: u64, size: u64, filter: Value| {
        json!({
            "partnerId": RESELLER_ID,
            "fields": [0, 1, 5, 10, 18],
            "range": {"Offset": offset, "Size": size},
            "partnerFilter": filter,
        })
    };
    let answer = cove
        .call(
            "EnumerateChildPartners",
            ask(0, 10_000, json!({"SortOrder": "ByName"})),
        )
        .await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/enumerate-child-partners.response.json"),
        &[
            "$.result.result.Info.Company.LegalCompanyName",
            "$.result.result.Children[].Info.Company.LegalCompanyName",
        ],
        &[],
    );
    let children = answer["result"]["result"]["Children"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(children.len() as u64, count);
    let names: Vec<_> = children
        .iter()
        .map(|one| one["Info"]["Name"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted());
    let some = cove
        .result(
            "EnumerateChildPartners",
            ask(2, 3, json!({"SortOrder": "ByName"})),
        )
        .await;
    assert_eq!(some["Children"].as_array().unwrap()[..], children[2..5]);
    let trials = cove
        .result(
            "EnumerateChildPartners",
            ask(0, 99, json!({"States": ["InTrial"]})),
        )
        .await;
    assert_eq!(trials["Children"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn ancestors_begin_with_the_partner_itself() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let site = live(&sandbox)
        .into_iter()
        .find(|one| one.level == "Site")
        .unwrap();
    let answer = cove
        .call("EnumerateAncestorPartners", json!({"partnerId": site.id}))
        .await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/enumerate-ancestor-partners.response.json"),
        &[],
        &[],
    );
    let path = answer["result"]["result"].as_array().unwrap();
    assert_eq!(
        (&path[0]["Id"], &path[1]["Id"]),
        (&json!(site.id), &json!(site.parent_id))
    );
    assert_eq!(path.last().unwrap()["Id"], RESELLER_ID);
}

#[tokio::test]
async fn removed_partners_live_on_in_history() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let gone: Vec<Partner> = sandbox
        .partners()
        .into_iter()
        .filter(|one| one.removed.is_some())
        .collect();
    let ask = json!({"parentPartnerId": RESELLER_ID, "startTime": 0, "endTime": 4_000_000_000_i64});
    let answer = cove.call("EnumerateRemovedPartners", ask).await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/enumerate-removed-partners.response.json"),
        &["$.result.result[].Info.Company.LegalCompanyName"],
        &[],
    );
    let rows = answer["result"]["result"].as_array().unwrap();
    assert_eq!(rows.len(), gone.len());
    let (id, removed) = (gone[0].id, gone[0].removed.unwrap());
    let early = json!({"parentPartnerId": RESELLER_ID, "startTime": 0, "endTime": removed - 1});
    assert_eq!(
        cove.result("EnumerateRemovedPartners", early).await,
        json!([])
    );

    let history = cove
        .call(
            "GetPartnerInfoHistory",
            json!({"partnerId": id, "fields": [0, 1]}),
        )
        .await;
    assert_shape(
        &history,
        include_str!("../../samples/cove/get-partner-info-history.response.json"),
        &[],
        &[],
    );
    assert_eq!(history["result"]["result"][1][0]["Name"], "<anonymized>");
    let then = json!({"partnerId": id, "time": removed - 1});
    assert_eq!(
        cove.result("GetPartnerInfoAtTime", then).await["Name"],
        gone[0].name
    );
    let now = json!({"partnerId": id, "time": removed});
    assert_eq!(cove.refusal("GetPartnerInfoAtTime", now).await, 5001);
    assert_eq!(
        cove.refusal("GetPartnerInfoById", json!({"partnerId": id}))
            .await,
        5001
    );
    let all =
        json!({"parentPartnerId": RESELLER_ID, "fetchRecursively": true, "time": removed - 1});
    assert!(ids(&cove.result("EnumeratePartnersAtTime", all).await).contains(&id));
    let states = json!({"startTime": 0, "endTime": 4_000_000_000_i64});
    let states = cove.result("EnumeratePartnerStatesByPeriod", states).await;
    assert_eq!(states[0]["NewState"], "InProduction");
}

#[tokio::test]
async fn the_external_code_is_written_and_nothing_else_unless_the_switch_says_so() {
    for (modify_partner, state, no_result, result) in [
        (
            ModifyPartner::KeepsTheRest,
            "InTrial",
            NoResult::Missing,
            json!({}),
        ),
        (
            ModifyPartner::ClearsTheRest,
            "Registered",
            NoResult::Null,
            json!({"result": null}),
        ),
    ] {
        let sandbox = start(ManagementSwitches {
            modify_partner,
            no_result,
            external_code_limit: Some(20),
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let id = sandbox
            .partners()
            .iter()
            .find(|one| one.state == "InTrial")
            .unwrap()
            .id;
        let ask = |code: &str| json!({"partnerInfo": {"Id": id, "ExternalCode": code}, "forceRemoveCustomColumnValuesInOldScope": false});
        let answer = cove.call("ModifyPartner", ask("PSA-1 | HALO:12")).await;
        assert_eq!(answer["result"], result);
        let partner = |sandbox: &Sandbox| {
            sandbox
                .partners()
                .into_iter()
                .find(|one| one.id == id)
                .unwrap()
        };
        let after = partner(&sandbox);
        assert_eq!(
            (after.external_code.as_str(), after.state.as_str()),
            ("PSA-1 | HALO:12", state)
        );
        assert_eq!(
            cove.refusal("ModifyPartner", ask("much longer than twenty"))
                .await,
            1001
        );
        assert_eq!(partner(&sandbox), after);
    }
}

#[tokio::test]
async fn a_supporter_may_not_write() {
    let sandbox = start(ManagementSwitches {
        role: 5,
        ..ManagementSwitches::default()
    })
    .await;
    let cove = Cove::login(&sandbox).await;
    let before = sandbox.partners();
    let ask = json!({"partnerInfo": {"Id": RESELLER_ID, "ExternalCode": "x"}});
    assert_eq!(cove.refusal("ModifyPartner", ask).await, 13_501);
    assert_eq!(sandbox.partners(), before);
}
