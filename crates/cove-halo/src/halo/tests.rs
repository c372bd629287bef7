#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "JSON written in place reads best without borrows; a script answers or does not"
)]

use super::HaloTarget;
use super::clients::ids_in;
use crate::settings::{CustomerLookup, HaloSettings};
use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{RetryPolicy, Sent, TransportError, TransportErrorKind};
use billing_sync::ids::{ClientId, LicenceId};
use billing_sync::ports::{PortErrorKind, TargetReader, TargetWriter, Write, WriteOutcome};
use billing_sync::target::Standing;
use bytes::Bytes;
use halopsa_api::HaloClient;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

type Request = http::Request<Bytes>;

/// A tenant that answers login and custom field, and the rest by this function of method, path and query.
fn tenant(
    settings: &HaloSettings,
    answer: impl Fn(&str, &str, &str) -> Option<Scripted> + Send + 'static,
) -> (HaloTarget, ScriptedTransport) {
    let transport = ScriptedTransport::by(move |request: &Request| {
        let uri = request.uri();
        let (method, path) = (request.method().as_str(), uri.path());
        if let Some(answer) = answer(method, path, uri.query().unwrap_or_default()) {
            return answer;
        }
        let body = match path {
            "/api/authinfo" => json!({"auth_url": "https://acme.example/auth", "tenant_id": ""}),
            "/auth/token" => {
                json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "scope": "all"})
            }
            "/api/FieldInfo" => json!([{"id": 212, "name": "CFCoveCustomerId", "type": 0}]),
            "/api/Client" => json!({"record_count": 0, "clients": []}),
            "/api/SoftwareLicence" => json!({"record_count": 0, "licences": []}),
            _ => return Scripted::status(404),
        };
        Scripted::json(200, body.to_string())
    });
    let client = HaloClient::builder("https://acme.example", "id", "secret".to_owned().into())
        .transport(Arc::new(transport.clone()))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    (HaloTarget::new(client, settings), transport)
}

fn reply(body: &Value) -> Option<Scripted> {
    Some(Scripted::json(200, body.to_string()))
}

fn calls(transport: &ScriptedTransport, path: &str) -> Vec<Request> {
    transport
        .requests()
        .into_iter()
        .filter(|request| request.uri().path() == path)
        .collect()
}

fn field(value: Value) -> Value {
    json!([{"id": 212, "name": "CFCoveCustomerId", "value": value}])
}

fn reads_clients(
    clients: &Value,
) -> impl Fn(&str, &str, &str) -> Option<Scripted> + Send + 'static {
    let list = json!({"record_count": clients.as_array().unwrap().len(), "clients": clients});
    move |_, path, _| (path == "/api/Client").then(|| Scripted::json(200, list.to_string()))
}

fn reads_licences(
    licences: &Value,
) -> impl Fn(&str, &str, &str) -> Option<Scripted> + Send + 'static {
    let list = json!({"record_count": licences.as_array().unwrap().len(), "licences": licences});
    move |_, path, _| {
        (path == "/api/SoftwareLicence").then(|| Scripted::json(200, list.to_string()))
    }
}

fn clients(ids: &[i64]) -> BTreeSet<ClientId> {
    ids.iter().copied().map(ClientId::new).collect()
}

#[test]
fn a_field_holds_one_id_or_several_between_commas_or_semicolons() {
    for (value, ids) in [
        ("2712428", vec!["2712428"]),
        (" 1 , 2;3 ", vec!["1", "2", "3"]),
        ("1,1", vec!["1"]),
        (";,", vec![]),
        ("an id with spaces", vec!["an id with spaces"]),
    ] {
        assert_eq!(ids_in(value), ids, "{value}");
    }
}

#[tokio::test]
async fn clients_come_with_the_ids_of_their_field_and_with_the_inactive_ones() {
    let (target, transport) = tenant(
        &HaloSettings::default(),
        reads_clients(&json!([
            {"id": 12, "name": "Acme", "customfields": field(json!(" 100 "))},
            {"id": 13, "name": "Beta", "inactive": true, "customfields": field(json!(200))},
            {"id": 14, "name": "Gamma", "customfields": field(Value::Null)},
        ])),
    );
    let snapshot = target.snapshot().await.unwrap();
    let found: Vec<_> = snapshot
        .clients()
        .iter()
        .map(|client| (client.id.get(), client.active, client.vendor_ids.join(" ")))
        .collect();
    assert_eq!(
        found,
        [
            (12, true, "100".to_owned()),
            (13, false, "200".to_owned()),
            (14, true, String::new())
        ]
    );
    let query = calls(&transport, "/api/Client")[0]
        .uri()
        .query()
        .unwrap()
        .to_owned();
    assert!(query.contains("includeinactive=true"), "{query}");
    assert!(query.contains("include_custom_fields=212"), "{query}");
    target.snapshot().await.unwrap();
    assert_eq!(
        calls(&transport, "/api/FieldInfo").len(),
        1,
        "the field is resolved once"
    );
    assert_eq!(target.requests_sent(), transport.requests().len() as u64);
}

#[tokio::test]
async fn an_unreadable_client_holds_up_everything_because_its_ids_are_unknown() {
    let (target, _) = tenant(
        &HaloSettings::default(),
        reads_clients(&json!([
            {"id": 12, "name": "Acme", "customfields": field(json!("100"))},
            {"id": 13, "name": "Beta", "customfields": "?"},
        ])),
    );
    let snapshot = target.snapshot().await.unwrap();
    assert_eq!(snapshot.clients().len(), 1);
    let [unreadable] = snapshot.unreadable() else {
        panic!("{:?}", snapshot.unreadable());
    };
    assert_eq!(unreadable.client, None);
    assert!(
        unreadable.detail.starts_with("client 13 cannot be read"),
        "{}",
        unreadable.detail
    );
}

#[tokio::test]
async fn a_list_without_fields_is_completed_by_report_or_one_by_one() {
    let settings = |lookup| HaloSettings {
        customer_lookup: lookup,
        ..HaloSettings::default()
    };
    let answer = |report: Result<Value, u16>| {
        move |_: &str, path: &str, _: &str| match path {
            "/api/Client" => {
                reply(&json!({"record_count": 1, "clients": [{"id": 12, "name": "Acme"}]}))
            }
            "/api/Client/12" => {
                reply(&json!({"id": 12, "name": "Acme", "customfields": field(json!("100"))}))
            }
            "/api/Report" => Some(match &report {
                Ok(rows) => Scripted::json(
                    200,
                    json!({"report": {"loaded": true, "rows": rows}}).to_string(),
                ),
                Err(status) => Scripted::status(*status),
            }),
            _ => None,
        }
    };
    let rows = json!([{"id": 12, "value": "100"}]);
    for (lookup, report, paths) in [
        (CustomerLookup::Auto, Ok(rows.clone()), (1, 0)),
        (CustomerLookup::Auto, Err(403), (1, 1)),
        (CustomerLookup::Auto, Err(404), (1, 1)),
        (CustomerLookup::Auto, Err(400), (1, 1)),
        (CustomerLookup::Sql, Ok(rows), (1, 0)),
    ] {
        let (target, transport) = tenant(&settings(lookup), answer(report));
        let snapshot = target.snapshot().await.unwrap();
        assert_eq!(snapshot.clients()[0].vendor_ids, ["100"], "{lookup:?}");
        let asked = (
            calls(&transport, "/api/Report").len(),
            calls(&transport, "/api/Client/12").len(),
        );
        assert_eq!(asked, paths, "{lookup:?}");
    }
    for lookup in [CustomerLookup::Sql, CustomerLookup::List] {
        let (target, _) = tenant(&settings(lookup), answer(Err(403)));
        let error = target.snapshot().await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Settings, "{lookup:?}: {error}");
        assert!(error.hint().is_some());
    }
    let in_trouble = tenant(&settings(CustomerLookup::Auto), answer(Err(500)));
    let error = in_trouble.0.snapshot().await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
}

/// A second field whose name only looks the same must never say whose usage it is.
#[tokio::test]
async fn a_client_is_matched_by_the_field_that_was_resolved_and_by_no_other() {
    for turned in [false, true] {
        let mut entries = vec![
            json!({"id": 9, "name": "CFCFCoveCustomerId", "value": "700"}),
            json!({"id": 212, "name": "CFCoveCustomerId", "value": "100"}),
        ];
        if turned {
            entries.reverse();
        }
        let client = json!({"id": 12, "name": "Acme", "customfields": entries});
        let (target, _) = tenant(&HaloSettings::default(), reads_clients(&json!([client])));
        let snapshot = target.snapshot().await.unwrap();
        assert_eq!(snapshot.clients()[0].vendor_ids, ["100"], "{turned}");
    }
}

#[tokio::test]
async fn the_custom_field_is_not_needed_when_customers_are_matched_by_reference() {
    let (target, transport) = tenant(
        &HaloSettings::default(),
        reads_clients(&json!([{"id": 12, "name": "Acme"}])),
    );
    let snapshot = target.without_customer_field().snapshot().await.unwrap();
    assert_eq!(snapshot.clients().len(), 1);
    assert!(calls(&transport, "/api/FieldInfo").is_empty());
    assert!(calls(&transport, "/api/Report").is_empty());
}

#[tokio::test]
async fn only_active_records_of_type_1_may_be_touched() {
    let (target, _) = tenant(
        &HaloSettings::default(),
        reads_licences(&json!([
            {"id": 1, "type": 1, "name": "a", "count": 3, "client_id": 12, "is_active": null, "status": "PendingCancel"},
            {"id": 2, "type": 1, "name": "a", "count": 3, "client_id": 12, "is_active": false},
            {"id": 3, "type": 1, "name": "a", "count": 3, "client_id": 12, "deleted": true},
            {"id": 4, "type": 0, "name": "a", "count": 3, "client_id": 12},
            {"id": 5, "type": 1, "name": "a", "count": null, "client_id": 12, "is_active": false},
        ])),
    );
    let snapshot = target.snapshot().await.unwrap();
    let standings: Vec<_> = snapshot
        .subscriptions()
        .iter()
        .map(|record| (record.id.get(), record.count, record.standing))
        .collect();
    assert_eq!(
        standings,
        [
            (1, 3, Standing::Active),
            (2, 3, Standing::Inactive),
            (3, 3, Standing::Deleted),
            (4, 3, Standing::OtherKind),
            (5, 0, Standing::Inactive),
        ]
    );
}

#[tokio::test]
async fn an_unreadable_licence_holds_up_its_client() {
    let (target, _) = tenant(
        &HaloSettings::default(),
        reads_licences(&json!([
            {"id": 1, "name": "no type", "count": 3, "client_id": 12},
            {"id": 2, "type": 1, "name": "no count", "client_id": 13},
            {"id": 3, "type": 1, "name": "odd", "count": "many"},
        ])),
    );
    let snapshot = target.snapshot().await.unwrap();
    assert!(snapshot.subscriptions().is_empty());
    let held: Vec<_> = snapshot
        .unreadable()
        .iter()
        .map(|record| record.client.map(ClientId::get))
        .collect();
    assert_eq!(held, [Some(12), Some(13), None]);
}

/// Three pages of one record each.
fn three_pages(_: &str, path: &str, query: &str) -> Option<Scripted> {
    if path != "/api/SoftwareLicence" {
        return None;
    }
    let record = |id: i64| json!({"id": id, "type": 1, "name": "a", "count": id, "client_id": id});
    let parameter = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .and_then(|value| value.parse::<i64>().ok())
    };
    match (parameter("client_id"), parameter("page_no")) {
        (Some(client), _) => reply(&json!({"record_count": 1, "licences": [record(client)]})),
        (None, Some(page)) => reply(&json!({"record_count": 3, "licences": [record(page)]})),
        (None, None) => None,
    }
}

#[tokio::test]
async fn few_clients_are_read_one_by_one_and_many_as_the_whole_list() {
    let (target, transport) = tenant(&HaloSettings::default(), three_pages);
    // Not knowing how long the list is, it does not ask for very many clients one by one.
    let read = target
        .subscriptions_of(&clients(&[1, 2, 3, 4, 5]))
        .await
        .unwrap();
    assert_eq!(read.records.items().len(), 3);
    assert_eq!(calls(&transport, "/api/SoftwareLicence").len(), 3);

    let (target, transport) = tenant(&HaloSettings::default(), three_pages);
    target.snapshot().await.unwrap();
    let begun = calls(&transport, "/api/SoftwareLicence").len();
    assert_eq!(begun, 3);
    let read = target.subscriptions_of(&clients(&[1, 2])).await.unwrap();
    assert_eq!(read.records.items().len(), 2);
    assert_eq!(calls(&transport, "/api/SoftwareLicence").len(), begun + 2);
    let read = target.subscriptions_of(&clients(&[1, 2, 3])).await.unwrap();
    assert_eq!(read.records.items().len(), 3);
    assert_eq!(calls(&transport, "/api/SoftwareLicence").len(), begun + 5);
    let read = target.subscriptions_of(&clients(&[])).await.unwrap();
    assert!(read.records.items().is_empty());
    assert_eq!(calls(&transport, "/api/SoftwareLicence").len(), begun + 5);
}

/// Two clients with the field, one without it, and three pages of a list.
fn pages_of_clients(_: &str, path: &str, query: &str) -> Option<Scripted> {
    let record = |id: i64| {
        let held = field(json!(format!("c{id}")));
        json!({"id": id, "name": "a", "inactive": id == 2, "customfields": held})
    };
    let page = query.split('&').find_map(|it| it.strip_prefix("page_no="));
    match (path, page.and_then(|page| page.parse().ok())) {
        ("/api/Client/3", _) => reply(&json!({"id": 3, "name": "a"})),
        ("/api/Client/1", _) => reply(&record(1)),
        ("/api/Client/2", _) => reply(&record(2)),
        ("/api/Client", Some(page)) => {
            reply(&json!({"record_count": 3, "clients": [record(page)]}))
        }
        _ => None,
    }
}

/// (id, active, ids of customers) of these clients read anew, with the paths that were asked for.
async fn read_anew(
    target: &HaloTarget,
    transport: &ScriptedTransport,
    wanted: &[i64],
) -> (Vec<(i64, bool, String)>, Vec<String>) {
    let sent = transport.requests().len();
    let read = target.clients(&clients(wanted)).await.unwrap();
    assert_eq!(read.unreadable, []);
    let shown = read.records.items().iter();
    let shown = shown.map(|it| (it.id.get(), it.active, it.vendor_ids.join(" ")));
    let paths = transport.requests().into_iter().skip(sent);
    let paths = paths.map(|request| request.uri().path().to_owned());
    let paths = paths.filter(|path| path.starts_with("/api/Client"));
    (shown.collect(), paths.collect())
}

fn held(id: i64) -> (i64, bool, String) {
    (id, id != 2, format!("c{id}"))
}

#[tokio::test]
async fn few_clients_are_read_anew_one_by_one_and_many_as_the_whole_list() {
    let (target, transport) = tenant(&HaloSettings::default(), pages_of_clients);
    let list = || vec!["/api/Client".to_owned(); 3];
    let (read, paths) = read_anew(&target, &transport, &[2]).await;
    assert_eq!((read, paths), (vec![held(2)], vec!["/api/Client/2".into()]));
    target.snapshot().await.unwrap();
    let (read, paths) = read_anew(&target, &transport, &[1, 99]).await;
    assert_eq!(read, [held(1)], "what is gone is left out");
    assert_eq!(paths, ["/api/Client/1", "/api/Client/99"]);
    let (read, paths) = read_anew(&target, &transport, &[1, 2, 99]).await;
    assert_eq!((read, paths), (vec![held(1), held(2), held(3)], list()));
}

#[tokio::test]
async fn a_client_that_does_not_show_the_field_is_read_from_the_list() {
    let (target, transport) = tenant(&HaloSettings::default(), pages_of_clients);
    let (read, paths) = read_anew(&target, &transport, &[3]).await;
    assert_eq!(read[2], held(3));
    assert_eq!(paths[0], "/api/Client/3");
    assert_eq!(paths[1..], ["/api/Client", "/api/Client", "/api/Client"]);
}

/// Lanes write and read back side by side: what one writes must not spoil what another reads.
#[tokio::test]
async fn a_list_that_is_moved_by_a_write_of_its_own_is_read_client_by_client() {
    for writes in [true, false] {
        let total = std::sync::atomic::AtomicUsize::new(100);
        let (target, transport) = tenant(&HaloSettings::default(), move |method, path, query| {
            if method == "POST" || path != "/api/SoftwareLicence" || query.contains("client_id=") {
                return three_pages(method, path, query);
            }
            let total = total.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let row = json!({"id": total, "type": 1, "name": "a", "count": 1, "client_id": 1});
            reply(&json!({"record_count": total, "licences": [row]}))
        });
        let wanted = clients(&[1, 2, 3, 4, 5]);
        let batch = [set(501, 1)];
        let write = async {
            if writes {
                target.write(&batch).await;
            }
        };
        let (read, ()) = futures_util::join!(target.subscriptions_of(&wanted), write);
        if writes {
            assert_eq!(read.unwrap().records.items().len(), 5);
        } else {
            let error = read.unwrap_err();
            assert_eq!(error.kind(), PortErrorKind::Unreadable, "{error}");
        }
        let alone = calls(&transport, "/api/SoftwareLicence");
        let alone = alone
            .iter()
            .filter(|it| it.uri().to_string().contains("client_id="));
        assert_eq!(alone.count(), if writes { 5 } else { 0 });
    }
}

#[tokio::test]
async fn a_list_that_ends_too_early_is_an_error() {
    let (target, _) = tenant(&HaloSettings::default(), |_, path, query| {
        let first = query.contains("page_no=1");
        let rows = if first {
            json!([{"id": 1, "type": 1, "name": "a", "count": 1, "client_id": 1}])
        } else {
            json!([])
        };
        (path == "/api/SoftwareLicence").then(|| {
            Scripted::json(
                200,
                json!({"record_count": 2, "licences": rows}).to_string(),
            )
        })
    });
    let error = target.snapshot().await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unreadable, "{error}");
}

fn create(client: i64, count: i64) -> Write {
    Write::Create {
        client: ClientId::new(client),
        name: "Cove".to_owned(),
        count,
    }
}

fn set(id: i64, count: i64) -> Write {
    Write::SetCount {
        id: LicenceId::new(id),
        client: ClientId::new(12),
        count,
    }
}

async fn write(batch: &[Write], answer: Scripted) -> (Vec<WriteOutcome>, Vec<Request>) {
    let answer = std::sync::Mutex::new(Some(answer));
    let (target, transport) = tenant(&HaloSettings::default(), move |method, path, _| {
        (method == "POST" && path == "/api/SoftwareLicence").then(|| {
            answer
                .lock()
                .unwrap()
                .take()
                .unwrap_or_else(|| Scripted::status(500))
        })
    });
    let outcomes = target.write(batch).await;
    let posts = calls(&transport, "/api/SoftwareLicence")
        .into_iter()
        .filter(|request| request.method() == "POST")
        .collect();
    (outcomes, posts)
}

#[tokio::test]
async fn a_batch_is_one_request_and_the_answer_shows_the_records() {
    let stored = json!([
        {"id": 501, "type": 1, "name": "Cove", "count": 0, "client_id": 12},
        {"id": 900, "type": 1, "name": "Cove", "count": 4, "client_id": 13},
    ]);
    let (outcomes, posts) = write(
        &[set(501, 0), create(13, 4)],
        Scripted::json(200, stored.to_string()),
    )
    .await;
    let ids: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            WriteOutcome::Confirmed(Some(record)) => record.id.get(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [501, 900]);
    assert_eq!(posts.len(), 1);
    let body: Value = serde_json::from_slice(posts[0].body()).unwrap();
    assert_eq!(
        body,
        json!([
            {"id": 501, "client_id": 12, "count": 0},
            {"client_id": 13, "name": "Cove", "count": 4, "type": 1},
        ])
    );
}

#[tokio::test]
async fn a_failed_write_says_whether_it_may_be_stored() {
    let lost = |kind, sent| Scripted::Fail(TransportError::new(kind, sent, "gone"));
    for (answer, word) in [
        (Scripted::json(400, "{\"message\": \"no\"}"), "refused"),
        (Scripted::status(403), "denied"),
        (lost(TransportErrorKind::Connect, Sent::No), "not sent"),
        (Scripted::status(429), "not sent"),
        (lost(TransportErrorKind::Broken, Sent::Maybe), "unknown"),
        (lost(TransportErrorKind::Timeout, Sent::Yes), "unknown"),
        (Scripted::status(500), "unknown"),
        (Scripted::json(200, "<html>"), "unknown"),
        (Scripted::status(200), "confirmed"),
    ] {
        let shown = format!("{answer:?}");
        let (outcomes, posts) = write(&[create(12, 1)], answer).await;
        let found = match &outcomes[..] {
            [WriteOutcome::Confirmed(None)] => "confirmed",
            [WriteOutcome::Refused(_)] => "refused",
            [WriteOutcome::Denied(_)] => "denied",
            [WriteOutcome::NotSent(_)] => "not sent",
            [WriteOutcome::Unknown(_)] => "unknown",
            other => panic!("{shown}: {other:?}"),
        };
        assert_eq!(found, word, "{shown}");
        assert_eq!(posts.len(), 1, "{shown}: a write is sent once");
    }
}

#[tokio::test]
async fn what_the_server_could_not_hold_is_refused_without_a_request() {
    let too_large = i64::from(i32::MAX) + 1;
    let (outcomes, posts) =
        write(&[set(501, 1), create(13, too_large)], Scripted::status(200)).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, WriteOutcome::Refused(_))),
        "{outcomes:?}"
    );
    assert!(posts.is_empty());
}
