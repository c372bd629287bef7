//! Paging against servers that cap, cut, shift, repeat and answer nonsense.

use api_core::testing::{Scripted, ScriptedTransport};
use api_core::{ErrorKind, Result};
use futures_util::StreamExt;
use halopsa_api::{Client, ClientId, Guarded, HaloClient, ListClients, ListLicences};
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::{Value, json};

use crate::support::{
    answer, builder, count, fixture, halo, pairs, parameter, query, requests, scripted, server,
};

/// How a server pages.
#[derive(Clone, Copy)]
struct Paging {
    rows: i64,
    cap: usize,
    enveloped: bool,
}

fn page(paging: Paging, target: &str) -> Value {
    let asked: usize = parameter(target, "page_size").unwrap().parse().unwrap();
    let number: usize = parameter(target, "page_no").unwrap().parse().unwrap();
    let size = asked.min(paging.cap);
    let rows: Vec<Value> = (1..=paging.rows)
        .skip((number - 1) * size)
        .take(size)
        .map(|id| json!({"id": id, "name": format!("c{id}")}))
        .collect();
    if paging.enveloped {
        json!({"page_no": number, "page_size": size, "record_count": paging.rows, "columns": [1], "clients": rows})
    } else {
        json!(rows)
    }
}

fn paged(paging: Paging) -> (HaloClient, ScriptedTransport) {
    scripted(move |_, target, _| Scripted::json(200, page(paging, target).to_string()))
}

async fn ids(halo: &HaloClient, page_size: u32) -> Result<Vec<i64>> {
    let list = halo
        .clients()
        .list(ListClients::default())
        .page_size(page_size);
    let rows = list.collect_all().await?.into_items();
    Ok(rows
        .iter()
        .filter_map(Guarded::good)
        .map(|client| client.id.get())
        .collect())
}

#[tokio::test]
async fn a_lean_list_keeps_what_has_a_name_and_drops_the_rest() {
    let client = json!({
        "id": 7, "name": "Seven", "colour": "blue",
        "customfields": [{"id": 1, "name": "CFCoveId", "value": "42", "tab": 3}],
    });
    let (halo, _) = scripted(move |_, _, _| Scripted::json(200, json!([client]).to_string()));
    let list = halo.clients().list(ListClients::default());
    let rows = |page: api_core::Page<Guarded<Client>>| page.items[0].good().unwrap().clone();
    let whole = rows(list.page(1).await.unwrap());
    let lean = rows(list.lean().page(1).await.unwrap());
    assert_eq!(whole.extra.get("colour"), Some(&json!("blue")));
    assert!(whole.customfields[0].extra.contains_key("tab"));
    assert!(lean.extra.is_empty() && lean.customfields[0].extra.is_empty());
    assert_eq!(lean.name, "Seven");
    assert_eq!(lean.custom_field("CoveId").as_deref(), Some("42"));
}

#[tokio::test]
async fn every_page_is_asked_for_with_all_three_parameters_and_a_stable_order() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/Client",
        fixture!("client.list.no-customfields.response.json"),
    )
    .await;
    halo(&server)
        .clients()
        .list(ListClients::default())
        .collect_all()
        .await
        .unwrap();
    assert_eq!(
        query(&requests(&server, "/api/Client").await[0]),
        pairs(&[
            ("pageinate", "true"),
            ("page_size", "100"),
            ("page_no", "1"),
            ("order", "id"),
            ("includeinactive", "false")
        ])
    );
}

#[tokio::test]
async fn no_row_is_lost_when_the_server_caps_the_page() {
    for (cap, asked, pages) in [
        (50, 1000, 5),
        (100, 1000, 3),
        (100, 100, 3),
        (usize::MAX, 1000, 1),
    ] {
        let (halo, transport) = paged(Paging {
            rows: 230,
            cap,
            enveloped: true,
        });
        assert_eq!(
            ids(&halo, asked).await.unwrap(),
            (1..=230).collect::<Vec<_>>(),
            "cap {cap}"
        );
        assert_eq!(count(&transport, "/api/Client"), pages, "cap {cap}");
    }
}

#[tokio::test]
async fn a_bare_array_is_read_until_an_empty_page() {
    let (halo, transport) = paged(Paging {
        rows: 230,
        cap: 100,
        enveloped: false,
    });
    assert_eq!(ids(&halo, 100).await.unwrap().len(), 230);
    assert_eq!(count(&transport, "/api/Client"), 4);
}

#[tokio::test]
async fn an_empty_list_is_complete_and_empty() {
    for enveloped in [true, false] {
        let (halo, transport) = paged(Paging {
            rows: 0,
            cap: 100,
            enveloped,
        });
        assert_eq!(ids(&halo, 100).await.unwrap(), Vec::<i64>::new());
        assert_eq!(count(&transport, "/api/Client"), 1);
    }
}

#[tokio::test]
async fn a_server_that_ignores_paging_and_gives_everything_is_read_once() {
    let all = json!({"record_count": 3, "clients": [{"id": 1}, {"id": 2}, {"id": 3}]}).to_string();
    let (halo, transport) = scripted(move |_, _, _| Scripted::json(200, all.clone()));
    assert_eq!(ids(&halo, 2).await.unwrap(), [1, 2, 3]);
    assert_eq!(count(&transport, "/api/Client"), 1);
}

#[tokio::test]
async fn a_server_that_ignores_paging_and_gives_less_is_an_error() {
    let first = json!({"record_count": 3, "clients": [{"id": 1}, {"id": 2}]}).to_string();
    let (halo, _) = scripted(move |_, _, _| Scripted::json(200, first.clone()));
    assert_eq!(
        ids(&halo, 2).await.unwrap_err().kind(),
        ErrorKind::Incomplete
    );
}

#[tokio::test]
async fn a_page_that_comes_back_empty_too_early_is_an_error() {
    let (halo, _) = scripted(|_, target, _| {
        let rows: Vec<i64> = if parameter(target, "page_no").as_deref() == Some("1") {
            vec![1, 2]
        } else {
            vec![]
        };
        let rows: Vec<Value> = rows.into_iter().map(|id| json!({"id": id})).collect();
        Scripted::json(200, json!({"record_count": 5, "clients": rows}).to_string())
    });
    assert_eq!(
        ids(&halo, 2).await.unwrap_err().kind(),
        ErrorKind::Incomplete
    );
}

#[tokio::test]
async fn a_client_that_appears_while_paging_does_not_push_another_out() {
    // Between pages 1 and 2 a client is put in front: row 2 comes again, and row 4 is only on page 3.
    let mut calls = 0;
    let (halo, _) = scripted(move |_, target, _| {
        calls += 1;
        let all: Vec<i64> = if calls == 1 {
            vec![1, 2, 3, 4]
        } else {
            vec![0, 1, 2, 3, 4]
        };
        let number: usize = parameter(target, "page_no").unwrap().parse().unwrap();
        let rows: Vec<Value> = all
            .iter()
            .skip((number - 1) * 2)
            .take(2)
            .map(|id| json!({"id": id + 10}))
            .collect();
        Scripted::json(
            200,
            json!({"record_count": all.len(), "clients": rows}).to_string(),
        )
    });
    let mut found = ids(&halo, 2).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, [10, 11, 12, 13, 14]);
}

#[tokio::test]
async fn answers_that_are_no_list_are_errors_and_never_an_end() {
    for body in [
        "null",
        "{}",
        r#"{"error":"x"}"#,
        "",
        "<html>login</html>",
        r#"{"record_count":2,"softwarelicences":[]}"#,
        "7",
        r#"{"clients":[{"id":1}"#,
    ] {
        let (halo, _) = scripted(move |_, target, _| {
            if parameter(target, "page_no").as_deref() == Some("1") {
                Scripted::json(200, r#"{"record_count":2,"clients":[{"id":1}]}"#)
            } else {
                Scripted::json(200, body)
            }
        });
        let error = ids(&halo, 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

#[tokio::test]
async fn an_error_status_is_never_parsed_as_a_list() {
    for status in [400, 404, 422, 500, 501] {
        let (halo, _) =
            scripted(move |_, _, _| Scripted::json(status, r#"{"record_count":0,"clients":[]}"#));
        let error = ids(&halo, 1).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[tokio::test]
async fn an_unreadable_record_stays_in_its_place_and_the_others_are_read() {
    let (halo, _) = scripted(|_, _, _| {
        Scripted::json(
            200,
            r#"{"record_count":3,"clients":[{"id":1},{"id":2,"inactive":"perhaps"},{"id":3}]}"#,
        )
    });
    let list = halo
        .clients()
        .list(ListClients::default())
        .collect_all()
        .await
        .unwrap();
    assert_eq!(list.items().len(), 3);
    let bad = list.items()[1].bad().unwrap();
    assert_eq!((bad.index, bad.path.as_str()), (1, "inactive"));
    assert_eq!(list.items()[2].good().unwrap().id, ClientId::new(3));
}

#[tokio::test]
async fn every_given_filter_is_in_the_query() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/SoftwareLicence",
        fixture!("softwarelicence.list.unpaged.response.json"),
    )
    .await;
    let options = ListLicences {
        client: Some(ClientId::new(12)),
        site: Some(3),
        licence_type: Some(1),
        include_inactive: true,
        search: Some("Cove & more".to_owned()),
        tenant_id: Some("t".to_owned()),
        toplevel_id: Some(9),
        include_usage: true,
    };
    let list = halo(&server)
        .licences()
        .list(options)
        .page_size(7)
        .parameter("orderdesc", "true");
    list.collect_all().await.unwrap();
    assert_eq!(
        query(&requests(&server, "/api/SoftwareLicence").await[0]),
        pairs(&[
            ("pageinate", "true"),
            ("page_size", "7"),
            ("page_no", "1"),
            ("order", "id"),
            ("orderdesc", "true"),
            ("client_id", "12"),
            ("site_id", "3"),
            ("licence_type", "1"),
            ("includeinactive", "true"),
            ("search", "Cove & more"),
            ("tenant_id", "t"),
            ("toplevelid", "9"),
            ("include_licence_usage", "true"),
        ])
    );
}

#[tokio::test]
async fn pages_come_as_a_stream_that_ends_where_the_list_ends() {
    let (halo, transport) = paged(Paging {
        rows: 5,
        cap: 2,
        enveloped: true,
    });
    let pages = halo.clients().list(ListClients::default()).pages();
    let sizes: Vec<usize> = pages.map(|page| page.unwrap().items.len()).collect().await;
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(count(&transport, "/api/Client"), 3);
    let (halo, _) = paged(Paging {
        rows: 4,
        cap: 2,
        enveloped: false,
    });
    assert_eq!(halo.clients().search("c").pages().count().await, 2);
}

#[tokio::test]
async fn a_stream_of_pages_ends_with_an_error_when_a_page_repeats_or_is_missing() {
    for second in [
        r#"{"record_count":4,"clients":[{"id":1},{"id":2}]}"#,
        r#"{"record_count":4,"clients":[]}"#,
    ] {
        let (halo, _) = scripted(move |_, target, _| {
            let first = r#"{"record_count":4,"clients":[{"id":1},{"id":2}]}"#;
            let page = parameter(target, "page_no");
            Scripted::json(
                200,
                if page.as_deref() == Some("1") {
                    first
                } else {
                    second
                },
            )
        });
        let pages: Vec<_> = halo
            .clients()
            .list(ListClients::default())
            .pages()
            .collect()
            .await;
        assert_eq!(pages.len(), 2);
        assert_eq!(pages[1].as_ref().unwrap_err().kind(), ErrorKind::Incomplete);
    }
}

#[tokio::test]
async fn reads_are_repeated_after_a_lost_connection_and_a_busy_server() {
    let mut calls = 0;
    let (halo, _) = scripted(move |_, target, _| {
        calls += 1;
        match calls {
            1 => Scripted::broken(api_core::Sent::Maybe),
            2 => Scripted::status(503),
            3 => Scripted::Stream(vec![Ok("{\"record_".into()), Err(broken())]),
            _ => Scripted::json(
                200,
                page(
                    Paging {
                        rows: 1,
                        cap: 9,
                        enveloped: true,
                    },
                    target,
                )
                .to_string(),
            ),
        }
    });
    assert_eq!(ids(&halo, 1).await.unwrap(), [1]);
    assert_eq!(halo.meter().read().retries, 3);
}

fn broken() -> api_core::TransportError {
    api_core::TransportError::new(
        api_core::TransportErrorKind::Broken,
        api_core::Sent::Yes,
        "reset",
    )
}

#[test]
fn list_and_client_are_send_and_sync() {
    fn check<T: Send + Sync>(_: &T) {}
    let halo = builder("http://127.0.0.1:9").build().unwrap();
    check(&halo);
    check(&halo.clients().list(ListClients::default()));
    check(&std::marker::PhantomData::<Client>);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_answer_makes_it_panic(body in any::<Vec<u8>>(), status in 100u16..600) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let transport = ScriptedTransport::by(move |_| Scripted::json(status, body.clone()));
            let halo = builder("https://acme.example").transport(std::sync::Arc::new(transport)).build().unwrap();
            let _ = halo.connect().await;
            let _ = halo.clients().list(ListClients::default()).collect_all().await;
        });
    }
}
