//! Licence history, products, suppliers, sites, links, tickets, saved and published reports, custom fields of other records.

use sandbox::{Sandbox, Switches, UnshownList};
use serde_json::{Value, json};

use crate::http::{Halo, ids, send};
use crate::shape::assert_same_shape;

async fn start(unshown_lists: UnshownList) -> Sandbox {
    Sandbox::builder()
        .switches(Switches {
            unshown_lists,
            ..Switches::default()
        })
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn every_change_of_a_licence_is_in_its_history() {
    let sandbox = Sandbox::builder().blank_world().start().await.unwrap();
    sandbox.edit(|world| {
        let client = world.add_client("Acme", "1");
        world.add_subscription(client, "Cove", 4);
    });
    let halo = Halo::new(&sandbox).await;
    halo.post("SoftwareLicence", &json!([{"id": 501, "count": 5}]))
        .await;
    halo.post("SoftwareLicence", &json!([{"id": 501, "count": 5}]))
        .await;
    sandbox.edit(|world| world.set_count(501, 9));
    halo.post(
        "SoftwareLicence",
        &json!([{"id": 501, "is_active": false, "name": "Cove 2"}]),
    )
    .await;
    halo.try_call("DELETE", "SoftwareLicence/501", "")
        .await
        .unwrap();
    let body = halo.get("LicenceChange?licence_id=501").await.json();
    assert_same_shape(
        &body,
        &[include_str!(
            "../samples/halo/licencechange.list.response.json"
        )],
        &[],
        &[],
    );
    let rows: Vec<_> = body["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            [
                &row["field_id"],
                &row["old_value"],
                &row["new_value"],
                &row["who"],
            ]
            .map(Value::to_string)
            .join(" ")
        })
        .collect();
    assert_eq!(
        rows,
        [
            r#"1 "4" "5" "API Agent""#,
            r#"1 "5" "9" "Christine Smith""#,
            r#"2 "Cove" "Cove 2" "API Agent""#,
            r#"3 "true" "false" "API Agent""#,
            r#"4 "false" "true" "API Agent""#,
        ]
    );
    assert_eq!(
        halo.get("LicenceChange?licence_id=7").await.json()["record_count"],
        0
    );
    let last = halo
        .get("LicenceChange?orderdesc=true&count=1")
        .await
        .json();
    assert_eq!(ids(&last["changes"]), [9005]);
}

#[tokio::test]
async fn lists_whose_key_nobody_has_shown_follow_the_switch() {
    for (unshown, change, link) in [
        (UnshownList::ShortKey, Some("changes"), Some("links")),
        (
            UnshownList::LongKey,
            Some("licencechanges"),
            Some("externallinks"),
        ),
        (UnshownList::Bare, None, None),
    ] {
        let sandbox = start(unshown).await;
        sandbox.edit(|world| world.set_count(501, 77));
        let halo = Halo::new(&sandbox).await;
        let rows = async |path: &str, key: Option<&str>| {
            let body = halo.get(path).await.json();
            key.map_or(body.clone(), |key| body[key].clone())
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(rows("LicenceChange", change).await, 1, "{unshown:?}");
        assert_eq!(rows("ExternalLink", link).await, 10, "{unshown:?}");
        assert_eq!(rows("Item", Some("items")).await, 9, "{unshown:?}");
    }
}

#[tokio::test]
async fn products_suppliers_and_sites_are_listed() {
    let sandbox = start(UnshownList::default()).await;
    let halo = Halo::new(&sandbox).await;
    let items = halo.get("Item?search=server&order=id").await.json();
    assert_eq!(ids(&items["items"]), [78, 79]);
    assert_eq!(
        (
            &items["items"][0]["costprice"],
            &items["items"][0]["recurringprice"]
        ),
        (&json!(20.5), &json!(28.7))
    );
    assert_eq!(halo.get("Item/78").await.json(), items["items"][0]);
    assert_eq!(halo.get("Item/1").await.status, 404);
    assert_eq!(
        ids(&halo.get("Supplier?order=id").await.json()["suppliers"]),
        [1, 2]
    );
    let client = &sandbox.clients()[0];
    let sites = halo
        .get(&format!("Site?client_id={}", client.id))
        .await
        .json();
    assert_eq!(
        (&sites["record_count"], &sites["sites"][0]["client_name"]),
        (&json!(1), &json!(client.name))
    );
    let site = sites["sites"][0]["id"].as_i64().unwrap();
    assert_eq!(
        halo.get(&format!("Site/{site}")).await.json(),
        sites["sites"][0]
    );
}

#[tokio::test]
async fn external_links_are_found_made_and_removed() {
    let sandbox = start(UnshownList::default()).await;
    let halo = Halo::new(&sandbox).await;
    let all = halo.get("ExternalLink").await.json();
    assert_same_shape(
        &all,
        &[include_str!(
            "../samples/halo/externallink.list.response.json"
        )],
        &[],
        &[],
    );
    let customer = all["links"][0]["third_party_id"].as_str().unwrap();
    let found = halo
        .get(&format!(
            "ExternalLink?third_party_id={customer}&module_id=999"
        ))
        .await
        .json();
    assert_eq!(
        found["links"].as_array().unwrap()[..],
        [all["links"][0].clone()]
    );
    let link = json!([{"table_id": 1, "module_id": 999, "halo_id": 12, "third_party_id": "x"}]);
    let made = halo.post("ExternalLink", &link).await;
    assert_eq!((made.status, &made.json()["id"]), (201, &json!(81)));
    assert_eq!(
        halo.try_call("DELETE", "ExternalLink/81", "")
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(halo.get("ExternalLink/81").await.status, 404);
    assert_eq!(
        halo.post("ExternalLink", &json!([{"halo_id": 12}]))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_ticket_is_opened_and_gets_a_note() {
    let sandbox = start(UnshownList::default()).await;
    let halo = Halo::new(&sandbox).await;
    let client = sandbox.clients()[0].id;
    let made = halo
        .post(
            "Tickets",
            &json!([{"summary": "Cove: 3 exceptions", "details": "…", "client_id": client}]),
        )
        .await;
    assert_eq!((made.status, &made.json()["id"]), (201, &json!(1)));
    let note = halo
        .post(
            "Actions",
            &json!([{"ticket_id": 1, "note": "look", "outcome": "Note"}]),
        )
        .await;
    assert_eq!(note.status, 201);
    assert!(sandbox.requests().last().unwrap().committed);
    let found = halo.get("Tickets?search=exceptions").await.json();
    assert_eq!(ids(&found["tickets"]), [1]);
    assert_eq!(
        halo.get("Actions?ticket_id=1").await.json()["actions"][0]["note"],
        "look"
    );
    for (path, body) in [
        ("Tickets", json!([{"details": "no subject"}])),
        ("Tickets", json!([{"id": 5, "summary": "x"}])),
        ("Tickets", json!([{"summary": "x", "client_id": 1}])),
        ("Tickets", json!({"summary": "x"})),
        ("Actions", json!([{"ticket_id": 2, "note": "x"}])),
        ("Actions", json!([{"ticket_id": 1}])),
    ] {
        assert_eq!(halo.post(path, &body).await.status, 400, "{path} {body}");
    }
    assert_eq!(halo.get("Tickets").await.json()["record_count"], 1);
    assert_eq!(halo.post("Audit", &json!([{}])).await.status, 405);
}

#[tokio::test]
async fn saved_and_published_reports_are_read() {
    let sandbox = start(UnshownList::default()).await;
    let halo = Halo::new(&sandbox).await;
    let matched = sandbox
        .clients()
        .iter()
        .filter(|one| one.cove_id.as_ref().is_some_and(|id| !id.is_empty()))
        .count();
    let saved = halo
        .get("Report/267?includedetails=true&loadreport=true")
        .await
        .json();
    assert_eq!(saved["report"]["rows"].as_array().unwrap().len(), matched);
    assert_eq!(halo.get("Report/267").await.json().get("report"), None);
    assert_eq!(halo.get("Report/1").await.status, 404);
    assert_eq!(ids(&halo.get("Report").await.json()["reports"]), [267]);

    let sql = "SELECT LID, LCount FROM Licence WHERE LID = 501";
    let made = halo
        .post("Report", &json!([{"id": 0, "name": "Mine", "sql": sql}]))
        .await
        .json();
    assert_eq!(made["id"], 268);
    let count = sandbox.subscriptions()[0].count;
    assert_eq!(
        made["report"]["rows"],
        json!([{"LID": 501, "LCount": count}])
    );
    let loaded = halo.get("Report/268?loadreport=true").await.json();
    assert_eq!(loaded["report"], made["report"]);

    let published = saved["published_id"].as_str().unwrap();
    let path = format!("/halo/api/ReportData/{published}");
    let login = "Basic c2FuZGJveC1yZXBvcnQ6c2FuZGJveC1yZXBvcnQtcGFzc3dvcmQ=";
    let rows = send(&sandbox, "GET", &path, &[("Authorization", login)], "")
        .await
        .unwrap();
    assert_eq!(rows.json(), saved["report"]["rows"]);
    let refused = send(
        &sandbox,
        "GET",
        &path,
        &[("Authorization", "Basic eDp5")],
        "",
    )
    .await
    .unwrap();
    assert_eq!(refused.status, 401);
    let unknown = send(
        &sandbox,
        "GET",
        "/halo/api/ReportData/x",
        &[("Authorization", login)],
        "",
    )
    .await
    .unwrap();
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn other_records_have_custom_fields_too() {
    let sandbox = start(UnshownList::default()).await;
    let halo = Halo::new(&sandbox).await;
    for (kind, id) in [(1, 201), (3, 221), (5, 231)] {
        let fields = halo.get(&format!("FieldInfo?typeid={kind}")).await.json();
        assert_eq!(
            (ids(&fields), &fields[0]["usage"]),
            (vec![id], &json!(kind))
        );
        assert_eq!(halo.get(&format!("FieldInfo/{id}")).await.json(), fields[0]);
    }
    assert_eq!(halo.get("FieldInfo?typeid=99").await.json(), json!([]));
    assert_eq!(halo.get("FieldInfo/1").await.status, 404);
}
