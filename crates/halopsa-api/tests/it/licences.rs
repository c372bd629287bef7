//! Licences over HTTP: the bodies that are sent, and what is made of every kind of answer.

use api_core::testing::Scripted;
use api_core::{ErrorKind, Sent};
use futures_util::StreamExt;
use halopsa_api::{ClientId, LicenceId, LicenceWrite, ListLicences, WriteOutcome};
use serde_json::{Map, Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::support::{
    answer, answer_status, count, fixture, halo, pairs, query, requests, scripted, server,
};

const LICENCES: &str = "/api/SoftwareLicence";

fn update() -> LicenceWrite {
    LicenceWrite::set_count(LicenceId::new(501), ClientId::new(12), 5)
}

fn create() -> LicenceWrite {
    LicenceWrite::create(ClientId::new(13), "Cove - Servers", 1)
}

#[tokio::test]
async fn the_list_is_read_under_its_key_with_no_dates_as_none() {
    let server = server().await;
    answer(
        &server,
        "GET",
        LICENCES,
        fixture!("softwarelicence.list.response.json"),
    )
    .await;
    let list = halo(&server)
        .licences()
        .list(ListLicences::default())
        .collect_all()
        .await
        .unwrap();
    assert_eq!(list.stated_total(), Some(3));
    let first = list.items()[0].good().unwrap();
    assert_eq!(
        (
            first.id.get(),
            first.kind,
            first.name.as_str(),
            first.count,
            first.client_id.get()
        ),
        (501, 1, "Cove - Servers", Some(4), 12)
    );
    assert_eq!(
        (first.start_date, first.end_date, first.status.as_deref()),
        (None, None, None)
    );
    assert!(first.is_live() && first.is_subscription());
    let second = list.items()[1].good().unwrap();
    assert_eq!(second.monthly_price.unwrap().to_string(), "2.5");
    assert_eq!(second.status.as_deref(), Some("Active"));
    assert_eq!(list.items()[2].good().unwrap().count, Some(0));
}

#[tokio::test]
async fn deleted_and_inactive_records_are_seen_as_such() {
    let server = server().await;
    let rows = json!({"record_count": 2, "licences": [
        {"id": 1, "type": 1, "deleted": true, "is_active": true},
        {"id": 2, "type": 1, "deleted": false, "is_active": false},
    ]});
    answer(&server, "GET", LICENCES, rows).await;
    let options = ListLicences {
        include_inactive: true,
        ..ListLicences::default()
    };
    let list = halo(&server)
        .licences()
        .list(options)
        .collect_all()
        .await
        .unwrap();
    assert!(
        list.items()
            .iter()
            .all(|row| !row.good().unwrap().is_live())
    );
    assert!(
        query(&requests(&server, LICENCES).await[0])
            .contains(&("includeinactive".into(), "true".into()))
    );
}

#[tokio::test]
async fn one_licence_is_read_with_its_details_and_its_client_where_known() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/SoftwareLicence/501",
        fixture!("softwarelicence.get.response.json"),
    )
    .await;
    let licences = halo(&server).licences();
    assert_eq!(
        licences.get(LicenceId::new(501)).await.unwrap().count,
        Some(4)
    );
    licences
        .get_of_client(LicenceId::new(501), ClientId::new(12))
        .await
        .unwrap();
    let sent = requests(&server, "/api/SoftwareLicence/501").await;
    assert_eq!(query(&sent[0]), pairs(&[("includedetails", "true")]));
    assert_eq!(
        query(&sent[1]),
        pairs(&[("includedetails", "true"), ("client_id", "12")])
    );
}

#[tokio::test]
async fn a_licence_that_vanished_is_not_found() {
    let server = server().await;
    answer_status(&server, "GET", "/api/SoftwareLicence/501", 404, "").await;
    let error = halo(&server)
        .licences()
        .get(LicenceId::new(501))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn another_record_than_the_one_asked_for_is_refused() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/SoftwareLicence/7",
        fixture!("softwarelicence.get.response.json"),
    )
    .await;
    let error = halo(&server)
        .licences()
        .get(LicenceId::new(7))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_mixed_batch_is_one_request_with_the_sample_body() {
    let server = server().await;
    answer(
        &server,
        "POST",
        LICENCES,
        fixture!("softwarelicence.post.response.array.json"),
    )
    .await;
    let halo = halo(&server);
    halo.connect().await.unwrap();
    let before = halo.meter().read().sent;
    let outcomes = halo
        .licences()
        .write_many(&[update(), create()])
        .await
        .unwrap();
    assert_eq!(halo.meter().read().sent, before + 1);
    let ids: Vec<i64> = outcomes.iter().map(confirmed_id).collect();
    assert_eq!(ids, [501, 504]);
    let sent = &requests(&server, LICENCES).await[0];
    assert_eq!(
        sent.headers["content-type"],
        "application/json; charset=utf-8"
    );
    assert_eq!(
        sent.body_json::<Value>().unwrap(),
        fixture!("softwarelicence.batch-mixed.request.json")
    );
}

fn confirmed_id(outcome: &WriteOutcome) -> i64 {
    match outcome {
        WriteOutcome::Confirmed(Some(record)) => record.id.get(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_update_sends_the_count_and_nothing_else() {
    let server = server().await;
    answer(
        &server,
        "POST",
        LICENCES,
        fixture!("softwarelicence.post.response.object.json"),
    )
    .await;
    let outcome = halo(&server).licences().write(update()).await.unwrap();
    assert_eq!(confirmed_id(&outcome), 501);
    let sent = &requests(&server, LICENCES).await[0];
    assert_eq!(
        sent.body_json::<Value>().unwrap(),
        fixture!("softwarelicence.update.request.json")
    );
}

#[tokio::test]
async fn a_create_sends_further_fields_as_in_the_sample() {
    let server = server().await;
    answer(&server, "POST", LICENCES, json!([])).await;
    let sample = fixture!("softwarelicence.create.request.json");
    let mut fields = sample[0].as_object().unwrap().clone();
    for own in ["type", "client_id", "name", "count"] {
        fields.remove(own);
    }
    let write = LicenceWrite::Create {
        client_id: ClientId::new(12),
        name: "Cove - Servers".to_owned(),
        count: 4,
        kind: 1,
        fields,
    };
    halo(&server).licences().write(write).await.unwrap();
    assert_eq!(
        requests(&server, LICENCES).await[0]
            .body_json::<Value>()
            .unwrap(),
        sample
    );
}

#[tokio::test]
async fn deactivating_changes_the_activity_alone() {
    let server = server().await;
    answer_status(&server, "POST", LICENCES, 201, "").await;
    let outcome = halo(&server)
        .licences()
        .deactivate(LicenceId::new(501), ClientId::new(12))
        .await
        .unwrap();
    assert_eq!(outcome, WriteOutcome::Confirmed(None));
    let sent = requests(&server, LICENCES).await[0]
        .body_json::<Value>()
        .unwrap();
    assert_eq!(
        sent,
        json!([{"id": 501, "client_id": 12, "is_active": false}])
    );
}

#[tokio::test]
async fn every_shape_of_a_successful_answer_confirms() {
    let object = fixture!("softwarelicence.post.response.object.json");
    for status in [200, 201] {
        for body in [
            object.to_string(),
            json!([object]).to_string(),
            String::new(),
        ] {
            let server = server().await;
            answer_status(&server, "POST", LICENCES, status, &body).await;
            let outcome = halo(&server).licences().write(update()).await.unwrap();
            assert!(outcome.is_confirmed(), "{status} {body}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn an_html_page_after_a_write_leaves_it_unknown() {
    let server = server().await;
    answer_status(&server, "POST", LICENCES, 200, "<html>login</html>").await;
    let outcomes = halo(&server)
        .licences()
        .write_many(&[update(), create()])
        .await
        .unwrap();
    assert!(outcomes.iter().all(WriteOutcome::is_unknown));
}

#[tokio::test]
async fn a_refused_write_tells_the_servers_reason() {
    let bodies = [
        (
            include_str!("../fixtures/error.classname.400.json"),
            "Please enter a name.",
        ),
        (
            include_str!("../fixtures/error.message.400.json"),
            "Invalid advanced search parameter: nosuchfield",
        ),
        (
            include_str!("../fixtures/error.resultcode.400.json"),
            "Bad request",
        ),
        (
            include_str!("../fixtures/error.string.400.json"),
            "Client not found",
        ),
        ("plain words", "plain words"),
        ("<html><title>Bad Request</title></html>", "Bad Request"),
        ("", "400"),
    ];
    for (body, reason) in bodies {
        let server = server().await;
        answer_status(&server, "POST", LICENCES, 400, body).await;
        let outcome = halo(&server).licences().write(create()).await.unwrap();
        let WriteOutcome::Rejected { why, status } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(status, 400);
        assert!(why.contains(reason), "{why}");
    }
}

#[tokio::test]
async fn a_refused_batch_is_unknown_for_each_but_not_when_refused_before_the_first_item() {
    for (status, unknown) in [
        (400, true),
        (404, true),
        (422, true),
        (401, false),
        (403, false),
        (413, false),
        (415, false),
    ] {
        let server = server().await;
        answer_status(&server, "POST", LICENCES, status, "").await;
        let outcomes = halo(&server)
            .licences()
            .write_many(&[update(), create()])
            .await
            .unwrap();
        for outcome in outcomes {
            assert_eq!(outcome.is_unknown(), unknown, "{status}: {outcome:?}");
            assert_eq!(
                matches!(outcome, WriteOutcome::Rejected { .. }),
                !unknown,
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn a_write_that_may_have_arrived_is_sent_once_and_unknown() {
    let cases: [fn() -> Scripted; 8] = [
        || Scripted::status(500),
        || Scripted::status(502),
        || Scripted::status(503),
        || Scripted::status(504),
        || Scripted::status(408),
        || Scripted::broken(Sent::Maybe),
        || Scripted::broken(Sent::Yes),
        || {
            Scripted::Stream(vec![
                Ok("[{\"id\"".into()),
                Err(api_core::TransportError::new(
                    api_core::TransportErrorKind::Broken,
                    Sent::Yes,
                    "reset",
                )),
            ])
        },
    ];
    for (index, case) in cases.into_iter().enumerate() {
        let (halo, transport) = scripted(move |_, _, _| case());
        let outcomes = halo.licences().write_many(&[create()]).await.unwrap();
        assert!(outcomes[0].is_unknown(), "case {index}: {outcomes:?}");
        assert_eq!(count(&transport, LICENCES), 1, "case {index}");
    }
}

#[tokio::test]
async fn a_write_that_never_left_is_tried_again_and_then_not_sent() {
    let (halo, transport) = scripted(|_, _, _| Scripted::broken(Sent::No));
    let outcome = halo.licences().write(create()).await.unwrap();
    assert!(
        matches!(outcome, WriteOutcome::NotSent { .. }),
        "{outcome:?}"
    );
    assert!(count(&transport, LICENCES) > 1);
}

#[tokio::test]
async fn a_throttled_write_waits_and_is_sent_again() {
    let server = server().await;
    Mock::given(method("POST"))
        .and(path(LICENCES))
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "17"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    answer(
        &server,
        "POST",
        LICENCES,
        fixture!("softwarelicence.post.response.object.json"),
    )
    .await;
    let outcome = halo(&server).licences().write(update()).await.unwrap();
    assert_eq!(confirmed_id(&outcome), 501);
    assert_eq!(requests(&server, LICENCES).await.len(), 2);
}

#[tokio::test]
async fn a_write_that_stays_throttled_was_not_done() {
    let (halo, _) = scripted(|_, _, _| Scripted::json(429, "Rate Limit Reached"));
    let outcomes = halo
        .licences()
        .write_many(&[update(), create()])
        .await
        .unwrap();
    for outcome in outcomes {
        assert!(
            matches!(outcome, WriteOutcome::NotSent { .. }),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_write_without_a_token_was_not_sent() {
    let server = wiremock::MockServer::start().await;
    crate::support::serve_authinfo(&server).await;
    answer_status(
        &server,
        "POST",
        "/auth/token",
        401,
        r#"{"error":"invalid_client"}"#,
    )
    .await;
    let outcome = halo(&server).licences().write(create()).await.unwrap();
    let WriteOutcome::NotSent { why } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(why.contains("invalid_client"), "{why}");
    assert!(requests(&server, LICENCES).await.is_empty());
}

#[tokio::test]
async fn items_that_cannot_be_written_stop_everything_before_it_is_sent() {
    let server = server().await;
    let too_many = LicenceWrite::set_count(LicenceId::new(1), ClientId::new(1), 1 << 31);
    let error = halo(&server)
        .licences()
        .write_many(&[update(), too_many])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_to_write_is_no_request() {
    let server = server().await;
    assert_eq!(halo(&server).licences().write_many(&[]).await.unwrap(), []);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn deleting_is_one_explicit_request() {
    let server = server().await;
    answer_status(&server, "DELETE", "/api/SoftwareLicence/501", 200, "").await;
    halo(&server)
        .licences()
        .delete(LicenceId::new(501))
        .await
        .unwrap();
    assert_eq!(requests(&server, "/api/SoftwareLicence/501").await.len(), 1);
    let (halo, transport) = scripted(|_, _, _| Scripted::status(503));
    assert!(
        halo.licences()
            .delete(LicenceId::new(501))
            .await
            .unwrap_err()
            .may_have_been_sent()
    );
    assert_eq!(count(&transport, "/api/SoftwareLicence/501"), 1);
}

#[tokio::test]
async fn the_history_is_read_under_any_of_its_keys() {
    let sample = fixture!("licencechange.list.response.json");
    let rows = sample["changes"].clone();
    for body in [sample, json!({"record_count": 1, "licencechanges": rows})] {
        let server = server().await;
        answer(&server, "GET", "/api/LicenceChange", body).await;
        let list = halo(&server)
            .licences()
            .changes(LicenceId::new(501))
            .collect_all()
            .await
            .unwrap();
        let change = list.items()[0].good().unwrap();
        assert_eq!(
            (change.old_value.as_deref(), change.new_value.as_deref()),
            (Some("4"), Some("5"))
        );
        assert_eq!(
            change.change_date.unwrap().to_string(),
            "2026-01-03T02:00:11.27Z"
        );
        let sent = &requests(&server, "/api/LicenceChange").await[0];
        assert!(query(sent).contains(&("licence_id".into(), "501".into())));
    }
}

/// No paging is documented for it, so a server may send everything, whatever page is asked for.
#[tokio::test]
async fn a_history_that_is_not_paged_is_read_once_and_whole() {
    for (rows, whole) in [(3, true), (60, true), (50, false), (100, false)] {
        let history: Vec<Value> = (1..=rows)
            .map(|id| json!({"id": id, "licence_id": 501}))
            .collect();
        let server = server().await;
        answer(&server, "GET", "/api/LicenceChange", json!(history)).await;
        let list = halo(&server).licences().changes(LicenceId::new(501));
        let read = list.collect_all().await;
        let pages: Vec<_> = list.pages().collect().await;
        if whole {
            assert_eq!(read.unwrap().items().len(), history.len());
            assert_eq!(pages.len(), 1);
        } else {
            assert_eq!(read.unwrap_err().kind(), ErrorKind::Incomplete, "{rows}");
            assert!(pages[1].is_err(), "{rows}");
        }
    }
    // A list that decides what is billed is never taken for whole like that.
    let (halo, _) = scripted(|_, _, _| Scripted::json(200, r#"[{"id": 1, "type": 1}]"#));
    let licences = halo.licences().list(ListLicences::default());
    let error = licences.collect_all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn an_update_of_other_fields_leaves_out_what_is_not_named() {
    let server = server().await;
    answer_status(&server, "POST", LICENCES, 200, "").await;
    let fields = Map::from_iter([
        ("notes".to_owned(), json!("n")),
        ("count".to_owned(), json!(0)),
    ]);
    let write = LicenceWrite::Update {
        id: LicenceId::new(501),
        client_id: ClientId::new(12),
        fields,
    };
    halo(&server).licences().write(write).await.unwrap();
    let sent = requests(&server, LICENCES).await[0]
        .body_json::<Value>()
        .unwrap();
    assert_eq!(
        sent,
        json!([{"id": 501, "client_id": 12, "notes": "n", "count": 0}])
    );
}
