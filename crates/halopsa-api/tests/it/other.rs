//! Reports, tickets and the small lists over HTTP.

use api_core::ErrorKind;
use api_core::testing::Scripted;
use halopsa_api::{ClientId, NewTicket, ReportId, ReportLogin, TicketId};
use serde_json::{Map, Value, json};

use crate::support::{
    answer, answer_status, builder, count, fixture, halo, pairs, query, requests, scripted, server,
};

const SQL: &str = "SELECT Aarea AS [id], aareadesc AS [name], CFCoveCustomerId AS [cove_id] FROM AREA \
                   WHERE CFCoveCustomerId = '1048576' AND ISNULL(AIsInactive,0)=0";

#[tokio::test]
async fn a_report_is_sent_as_in_the_sample_and_its_rows_come_back() {
    let server = server().await;
    answer(
        &server,
        "POST",
        "/api/Report",
        fixture!("report.sql.response.json"),
    )
    .await;
    let rows = halo(&server).report_sql(SQL).await.unwrap();
    assert_eq!(rows.rows()[0]["cove_id"], "1048576");
    let sent = requests(&server, "/api/Report").await[0]
        .body_json::<Value>()
        .unwrap();
    assert_eq!(sent, fixture!("report.sql.request.json"));
}

#[tokio::test]
async fn a_report_without_rows_is_empty_and_one_that_did_not_load_is_an_error() {
    let server = server().await;
    answer(
        &server,
        "POST",
        "/api/Report",
        fixture!("report.sql.empty.response.json"),
    )
    .await;
    assert!(
        halo(&server)
            .report_sql(SQL)
            .await
            .unwrap()
            .rows()
            .is_empty()
    );

    let (halo, _) = scripted(|_, _, _| {
        Scripted::json(
            200,
            include_str!("../fixtures/report.sql.error.response.json"),
        )
    });
    let error = halo.report_sql(SQL).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert!(
        error
            .message()
            .contains("Invalid column name 'CFCoveCustomerIdx'")
    );
}

#[tokio::test]
async fn a_report_changes_nothing_and_is_repeated_like_a_read() {
    let mut calls = 0;
    let (halo, transport) = scripted(move |_, _, _| {
        calls += 1;
        if calls < 3 {
            Scripted::status(503)
        } else {
            Scripted::json(200, include_str!("../fixtures/report.sql.response.json"))
        }
    });
    halo.report_sql(SQL).await.unwrap();
    assert_eq!(count(&transport, "/api/Report"), 3);
}

#[tokio::test]
async fn anything_but_a_select_is_not_sent() {
    let server = server().await;
    let error = halo(&server)
        .report_sql("DELETE FROM AREA")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_saved_report_is_only_read() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/Report/267",
        fixture!("report.sql.response.json"),
    )
    .await;
    halo(&server)
        .reports()
        .saved(ReportId::new(267))
        .await
        .unwrap();
    let sent = &requests(&server, "/api/Report/267").await[0];
    assert_eq!(
        query(sent),
        pairs(&[("includedetails", "true"), ("loadreport", "true")])
    );
}

#[tokio::test]
async fn a_ticket_is_opened_once_and_gets_a_note() {
    let server = server().await;
    answer_status(
        &server,
        "POST",
        "/api/Tickets",
        201,
        r#"{"id":2001,"summary":"Cove"}"#,
    )
    .await;
    answer_status(&server, "POST", "/api/Actions", 201, "").await;
    let tickets = halo(&server).tickets();
    let ticket = NewTicket {
        summary: "Cove billing: 2 exceptions".to_owned(),
        details: "see below".to_owned(),
        client_id: Some(ClientId::new(12)),
        ticket_type_id: Some(1),
        ..NewTicket::default()
    };
    let id = tickets.create(&ticket).await.unwrap();
    assert_eq!(id, Some(TicketId::new(2001)));
    tickets
        .add_note(TicketId::new(2001), "two customers", Some("Note"))
        .await
        .unwrap();
    assert_eq!(
        requests(&server, "/api/Tickets").await[0]
            .body_json::<Value>()
            .unwrap(),
        json!([{"summary": "Cove billing: 2 exceptions", "details": "see below", "client_id": 12, "tickettype_id": 1}])
    );
    assert_eq!(
        requests(&server, "/api/Actions").await[0]
            .body_json::<Value>()
            .unwrap(),
        json!([{"ticket_id": 2001, "note": "two customers", "outcome": "Note"}])
    );
}

#[tokio::test]
async fn a_ticket_that_may_have_been_opened_is_not_opened_again() {
    let (halo, transport) = scripted(|_, _, _| Scripted::status(502));
    let ticket = NewTicket {
        summary: "x".to_owned(),
        ..NewTicket::default()
    };
    let error = halo.tickets().create(&ticket).await.unwrap_err();
    assert!(error.may_have_been_sent() && !error.was_refused());
    assert_eq!(count(&transport, "/api/Tickets"), 1);
    let with = |name: &str| NewTicket {
        fields: Map::from_iter([(name.to_owned(), json!(4711))]),
        ..ticket.clone()
    };
    for unfit in [
        NewTicket::default(),
        with("id"),
        with("ID"),
        with("Client_ID"),
    ] {
        let error = halo.tickets().create(&unfit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{unfit:?}");
    }
    assert_eq!(
        count(&transport, "/api/Tickets"),
        1,
        "nothing more was sent"
    );
}

#[tokio::test]
async fn the_small_lists_are_read_under_their_keys() {
    let server = server().await;
    let rows = |key: &str, row: Value| json!({"record_count": 1, key: [row]});
    answer(
        &server,
        "GET",
        "/api/Item",
        rows(
            "items",
            json!({"id": 77, "name": "Cove", "baseprice": 12.5}),
        ),
    )
    .await;
    answer(
        &server,
        "GET",
        "/api/Supplier",
        rows("suppliers", json!({"id": 9, "name": "N-able"})),
    )
    .await;
    answer(
        &server,
        "GET",
        "/api/Site",
        rows("sites", json!({"id": 3, "name": "Main", "client_id": 12.0})),
    )
    .await;
    answer(
        &server,
        "GET",
        "/api/ExternalLink",
        fixture!("externallink.list.response.json"),
    )
    .await;
    answer(
        &server,
        "GET",
        "/api/Audit",
        rows("audit", json!({"id": 1, "date": "2026-01-03T02:00:11"})),
    )
    .await;
    let halo = halo(&server);
    let items = halo.items().collect_all().await.unwrap().into_items();
    assert_eq!(
        items[0].good().unwrap().baseprice.unwrap().to_string(),
        "12.5"
    );
    let suppliers = halo.suppliers().collect_all().await.unwrap().into_items();
    assert_eq!(suppliers[0].good().unwrap().name, "N-able");
    let sites = halo
        .sites(Some(ClientId::new(12)))
        .collect_all()
        .await
        .unwrap()
        .into_items();
    assert_eq!(sites[0].good().unwrap().client_id, Some(ClientId::new(12)));
    let links = halo
        .external_links()
        .parameter("third_party_id", "1048576")
        .collect_all()
        .await
        .unwrap()
        .into_items();
    assert_eq!(links[0].good().unwrap().halo_id, Some(12));
    let audit = halo.audit().page(1).await.unwrap().items;
    assert_eq!(
        audit[0].good().unwrap().date.unwrap().to_string(),
        "2026-01-03T02:00:11Z"
    );
    assert!(
        query(&requests(&server, "/api/ExternalLink").await[0])
            .contains(&("third_party_id".into(), "1048576".into()))
    );
}

#[tokio::test]
async fn a_published_report_takes_its_own_login_and_no_token() {
    let server = server().await;
    answer(&server, "GET", "/api/ReportData/abc", json!([{"id": 12}])).await;
    let login = ReportLogin {
        user: "u".to_owned(),
        password: "p:w".to_owned().into(),
    };
    assert!(!format!("{login:?}").contains("p:w"));
    let halo = halo(&server);
    let rows = halo.reports().published("abc", &login).await.unwrap();
    assert_eq!(rows, json!([{"id": 12}]));
    let sent = &requests(&server, "/api/ReportData/abc").await[0];
    assert_eq!(sent.headers["authorization"], "Basic dTpwOnc=");
    assert!(requests(&server, "/auth/token").await.is_empty());
    answer_status(&server, "GET", "/api/ReportData/no", 401, "").await;
    let error = halo.reports().published("no", &login).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_an_error_that_names_the_setting() {
    let server = server().await;
    let rows = json!([{"id": 12, "note": "x".repeat(20_000)}]);
    answer(&server, "GET", "/api/ReportData/abc", rows).await;
    let login = ReportLogin {
        user: "u".to_owned(),
        password: "p".to_owned().into(),
    };
    let read = async |bytes| {
        let halo = builder(&server.uri()).max_answer_bytes(bytes).build();
        halo.unwrap().reports().published("abc", &login).await
    };
    assert_eq!(read(30_000).await.unwrap()[0]["id"], 12);
    let error = read(10_000).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.hint().unwrap().contains("`max_answer_bytes`"));
}
