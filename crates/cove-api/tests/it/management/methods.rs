//! Each typed method about customers: the request it sends, and the documented answer it reads.

use cove_api::management::{
    Depth, Guarded, PartnerFilter, PartnerId, PartnerLevel, PartnerState, TreeQuery, UnixTime,
};
use serde_json::{Value, json};

use super::support::{Service, answering, fixture, ok};

pub(super) fn good<T: std::fmt::Debug>(list: Vec<Guarded<T>>) -> Vec<T> {
    list.into_iter()
        .map(|item| item.into_result().unwrap())
        .collect()
}

/// The request must be the sample's, visa apart.
pub(super) fn assert_request(service: &Service, sample: &str) {
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
