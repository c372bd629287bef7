//! Finding clients by a custom field: by list, by SQL, one by one, and the choice between them.

use api_core::ErrorKind;
use api_core::testing::{Scripted, ScriptedTransport};
use halopsa_api::{FieldInfo, FindClients, HaloClient, Lookup};
use serde_json::{Value, json};

use crate::support::{count, fixture, scripted};

/// What a server gives.
#[derive(Clone, Copy)]
struct Gives {
    in_lists: bool,
    report: Report,
}

#[derive(Clone, Copy)]
enum Report {
    Rows,
    LoadError,
    Forbidden,
    Missing,
    Malformed,
    Busy,
}

const CLIENTS: [(i64, &str, Option<&str>); 4] = [
    (12, "Acme Ltd", Some("1048576")),
    (13, "Bright", None),
    (14, "Twin A", Some(" 7 ")),
    (15, "Twin B", Some("7")),
];

fn client(with_field: bool, (id, name, value): (i64, &str, Option<&str>)) -> Value {
    let mut client = json!({"id": id, "name": name, "inactive": false});
    if with_field {
        client["customfields"] = json!([{"id": 212, "name": "CFCoveCustomerId", "value": value}]);
    }
    client
}

fn tenant(gives: Gives) -> (HaloClient, ScriptedTransport) {
    scripted(move |_, target, _| {
        let path = target.split('?').next().unwrap_or_default();
        match path {
            "/api/Client" => {
                let rows: Vec<Value> = CLIENTS
                    .into_iter()
                    .map(|row| client(gives.in_lists, row))
                    .collect();
                Scripted::json(
                    200,
                    json!({"record_count": rows.len(), "clients": rows}).to_string(),
                )
            }
            "/api/Report" => report(gives.report),
            _ => {
                let row = CLIENTS
                    .into_iter()
                    .find(|(id, ..)| path.ends_with(&id.to_string()))
                    .unwrap();
                Scripted::json(200, client(true, row).to_string())
            }
        }
    })
}

fn report(report: Report) -> Scripted {
    match report {
        Report::Rows => {
            let rows: Vec<Value> = CLIENTS
                .into_iter()
                .filter_map(|(id, name, value)| {
                    Some(json!({"id": id, "name": name, "inactive": null, "value": value?}))
                })
                .collect();
            Scripted::json(
                200,
                json!({"id": 0, "report": {"loaded": true, "load_error": null, "rows": rows}})
                    .to_string(),
            )
        }
        Report::LoadError => Scripted::json(
            200,
            include_str!("../fixtures/report.sql.error.response.json"),
        ),
        Report::Forbidden => Scripted::status(403),
        Report::Missing => Scripted::status(404),
        Report::Malformed => Scripted::status(400),
        Report::Busy => Scripted::status(500),
    }
}

fn field(new_storage_method: bool) -> FieldInfo {
    let mut field = fixture!("fieldinfo.list.typeid2.response.json")[0].clone();
    field["new_storage_method"] = json!(new_storage_method);
    serde_json::from_value(field).unwrap()
}

fn by(lookup: Lookup) -> FindClients {
    FindClients {
        lookup,
        ..FindClients::default()
    }
}

/// Somebody typed the prefix when the field was made, so a second one stands beside the right one.
#[tokio::test]
async fn a_field_of_nearly_the_same_name_is_never_read_instead() {
    for turned in [false, true] {
        for (lookup, in_lists) in [(Lookup::List, true), (Lookup::GetEach, false)] {
            let (halo, _) = scripted(move |_, target, _| {
                let mut entries = vec![
                    json!({"id": 9, "name": "CFCFCoveCustomerId", "value": "7"}),
                    json!({"id": 212, "name": "CFCoveCustomerId", "value": "5"}),
                ];
                if turned {
                    entries.reverse();
                }
                let mut client = json!({"id": 12, "name": "Acme Ltd", "customfields": entries});
                if target.starts_with("/api/Client/") {
                    return Scripted::json(200, client.to_string());
                }
                if !in_lists {
                    client["customfields"] = json!([]);
                }
                let list = json!({"record_count": 1, "clients": [client]});
                Scripted::json(200, list.to_string())
            });
            let index = halo
                .find_clients_by_field(&field(false), &by(lookup))
                .await
                .unwrap();
            let values: Vec<&str> = index.iter().map(|found| found.value.as_str()).collect();
            assert_eq!(values, ["5"], "{lookup:?}, turned: {turned}");
        }
    }
}

#[tokio::test]
async fn every_way_finds_the_same_clients() {
    for (lookup, in_lists) in [
        (Lookup::List, true),
        (Lookup::Sql, false),
        (Lookup::GetEach, false),
    ] {
        let (halo, _) = tenant(Gives {
            in_lists,
            report: Report::Rows,
        });
        let index = halo
            .find_clients_by_field(&field(false), &by(lookup))
            .await
            .unwrap();
        assert_eq!(index.used(), lookup);
        let found = index.get(" 1048576 ");
        assert_eq!(
            (
                found.len(),
                found[0].client_id.get(),
                found[0].client_name.as_str()
            ),
            (1, 12, "Acme Ltd")
        );
        assert!(index.get("nobody").is_empty());
        let ambiguous: Vec<_> = index.ambiguous().collect();
        assert_eq!(ambiguous.len(), 1, "{lookup:?}");
        assert_eq!(ambiguous[0].0, "7");
        assert_eq!(index.iter().count(), 3);
        assert!(index.unreadable().is_empty());
    }
}

#[tokio::test]
async fn the_cheapest_way_that_works_is_chosen() {
    let cases = [
        (true, Report::Rows, false, Lookup::List, 1, 0, 0),
        (false, Report::Rows, false, Lookup::Sql, 1, 1, 0),
        (false, Report::LoadError, false, Lookup::GetEach, 1, 1, 4),
        (false, Report::Forbidden, false, Lookup::GetEach, 1, 1, 4),
        (false, Report::Missing, false, Lookup::GetEach, 1, 1, 4),
        (false, Report::Malformed, false, Lookup::GetEach, 1, 1, 4),
        (false, Report::Rows, true, Lookup::GetEach, 1, 0, 4),
    ];
    for (in_lists, report, new_storage, used, lists, reports, gets) in cases {
        let (halo, transport) = tenant(Gives { in_lists, report });
        let index = halo
            .find_clients_by_field(&field(new_storage), &by(Lookup::Auto))
            .await
            .unwrap();
        assert_eq!(index.used(), used);
        assert_eq!(index.iter().count(), 3);
        assert_eq!(count(&transport, "/api/Client"), lists);
        assert_eq!(count(&transport, "/api/Report"), reports);
        let all = transport.requests();
        let got = all
            .iter()
            .filter(|sent| sent.uri().path().starts_with("/api/Client/"))
            .count();
        assert_eq!(got, gets);
    }
}

#[tokio::test]
async fn a_field_whose_name_is_no_name_of_a_column_is_looked_up_one_by_one() {
    let (halo, transport) = tenant(Gives {
        in_lists: false,
        report: Report::Rows,
    });
    let mut odd = field(false);
    odd.name = "CF Cove-Customer Id".to_owned();
    let options = by(Lookup::Auto);
    let index = halo.find_clients_by_field(&odd, &options).await.unwrap();
    assert_eq!(index.used(), Lookup::GetEach);
    assert_eq!(count(&transport, "/api/Report"), 0);
}

#[tokio::test]
async fn one_client_that_is_unreadable_or_gone_does_not_fail_the_search() {
    for (status, body) in [(200, "{}"), (404, "")] {
        let (halo, _) = scripted(move |_, target, _| {
            let path = target.split('?').next().unwrap_or_default();
            if path == "/api/Client/13" {
                return Scripted::json(status, body);
            }
            let found = CLIENTS
                .into_iter()
                .find(|(id, ..)| path.ends_with(&id.to_string()));
            let answer = match found {
                Some(row) => client(true, row),
                None => {
                    json!({"record_count": 4, "clients": CLIENTS.map(|row| client(false, row))})
                }
            };
            Scripted::json(200, answer.to_string())
        });
        let index = halo
            .find_clients_by_field(&field(false), &by(Lookup::GetEach))
            .await
            .unwrap();
        assert_eq!(index.iter().count(), 3, "{status}");
        let [unreadable] = index.unreadable() else {
            panic!("{:?}", index.unreadable());
        };
        assert!(unreadable.starts_with("client 13: "), "{unreadable}");
    }
    let (halo, _) = scripted(|_, target, _| {
        if target.starts_with("/api/Client/") {
            return Scripted::status(500);
        }
        let rows = CLIENTS.map(|row| client(false, row));
        Scripted::json(200, json!({"record_count": 4, "clients": rows}).to_string())
    });
    let by_gets = by(Lookup::GetEach);
    let error = halo.find_clients_by_field(&field(false), &by_gets).await;
    assert_eq!(error.unwrap_err().status().unwrap(), 500);
}

#[tokio::test]
async fn a_list_without_the_field_is_not_a_list_of_clients_without_value() {
    let (halo, transport) = tenant(Gives {
        in_lists: false,
        report: Report::Rows,
    });
    let error = halo
        .find_clients_by_field(&field(false), &by(Lookup::List))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(error.hint().unwrap().contains("auto"));
    assert_eq!(count(&transport, "/api/Report"), 0);
}

#[tokio::test]
async fn a_server_in_trouble_is_not_a_reason_to_go_another_way() {
    let (halo, _) = tenant(Gives {
        in_lists: false,
        report: Report::Busy,
    });
    let error = halo
        .find_clients_by_field(&field(false), &by(Lookup::Auto))
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 500);
}

#[tokio::test]
async fn going_one_by_one_can_be_bounded() {
    let (halo, transport) = tenant(Gives {
        in_lists: false,
        report: Report::LoadError,
    });
    let options = FindClients {
        most_gets: Some(3),
        ..FindClients::default()
    };
    let error = halo
        .find_clients_by_field(&field(false), &options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(
        !transport
            .requests()
            .iter()
            .any(|sent| sent.uri().path().starts_with("/api/Client/"))
    );
}

#[tokio::test]
async fn sql_is_not_sent_for_a_field_that_is_no_column() {
    let (halo, transport) = tenant(Gives {
        in_lists: false,
        report: Report::Rows,
    });
    let error = halo
        .find_clients_by_field(&field(true), &by(Lookup::Sql))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let mut odd = field(false);
    odd.name = "CFa]; DROP TABLE AREA".to_owned();
    let error = halo
        .find_clients_by_field(&odd, &by(Lookup::Sql))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(transport.requests().len(), 0);
}
