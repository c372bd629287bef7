//! `POST /Client`: custom fields are replaced as a whole, and the judge does not believe them.

use sandbox::{CUSTOM_FIELD, Client, Milli, PostAnswer, Sandbox, Switches};
use serde_json::{Value, json};

use crate::http::{Halo, ids};
use crate::shape::assert_same_shape;

/// One client, id 12, with the id of a vendor customer that uses a server.
async fn start(switches: Switches) -> Sandbox {
    let sandbox = Sandbox::builder()
        .blank_world()
        .switches(switches)
        .start()
        .await
        .unwrap();
    sandbox.edit(|world| {
        world.add_client("Acme Ltd", "1048576");
        let (contract, service) = (sandbox::CONTRACTS[0], "Cove Data Protection | Server");
        world.add_usage(
            202_610,
            contract,
            ("1048576", "Acme"),
            service,
            Milli::units(1),
        );
    });
    sandbox
}

fn client(sandbox: &Sandbox) -> Client {
    sandbox.clients().remove(0)
}

#[tokio::test]
async fn custom_fields_that_are_left_out_are_emptied() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let both = json!([{"id": 212, "value": "77"}, {"name": "CFCoveIgnore", "value": true}]);
    let answer = halo
        .post("Client", &json!([{"id": 12, "customfields": both}]))
        .await;
    assert_eq!(answer.status, 201);
    let mut body = answer.json();
    body["customfields"].as_array_mut().unwrap().pop();
    assert_same_shape(
        &body,
        &[include_str!("../samples/halo/client.get.response.json")],
        &[],
        &[],
    );
    let after = client(&sandbox);
    assert_eq!(
        (
            after.cove_id.as_deref(),
            &after.custom_fields["CFCoveIgnore"]
        ),
        (Some("77"), &json!(true))
    );

    halo.post("Client", &json!([{"id": 12, "name": "Acme"}]))
        .await;
    assert_eq!(
        (client(&sandbox).cove_id, client(&sandbox).name),
        (Some("77".into()), "Acme".into())
    );
    halo.post(
        "Client",
        &json!([{"id": 12, "customfields": [{"id": 213, "value": true}]}]),
    )
    .await;
    let after = client(&sandbox);
    assert_eq!(
        (after.cove_id, &after.custom_fields["CFCoveIgnore"]),
        (None, &json!(true))
    );
    let shown = halo.get("Client/12").await.json();
    assert_eq!(shown["customfields"][0]["value"], Value::Null);
}

#[tokio::test]
async fn the_answer_follows_the_switch() {
    for post_answer in [PostAnswer::Array, PostAnswer::Object, PostAnswer::Empty] {
        let sandbox = start(Switches {
            post_answer,
            ..Switches::default()
        })
        .await;
        let halo = Halo::new(&sandbox).await;
        let answer = halo
            .post(
                "Client",
                &json!([{"name": "New Ltd", "inactive": true}, {"id": 12, "ref": "r"}]),
            )
            .await;
        match post_answer {
            PostAnswer::Array => assert_eq!(ids(&answer.json()), [13, 12]),
            PostAnswer::Object => assert_eq!(answer.json()["id"], 13),
            PostAnswer::Empty => assert_eq!(answer.body, ""),
        }
        assert_eq!(halo.get("Client/12").await.json()["ref"], "r");
        assert!(sandbox.clients()[1].inactive);
        assert_eq!(ids(&halo.get("Client").await.json()["clients"]), [12]);
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_nothing_is_stored() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let before = sandbox.clients();
    for body in [
        json!({"id": 12}),
        json!([{"id": 99, "name": "x"}]),
        json!([{"id": "12"}]),
        json!([{"inactive": false}]),
        json!([{"id": 12, "name": " "}]),
        json!([{"id": 12, "customfields": {}}]),
        json!([{"id": 12, "customfields": [{"id": 5, "value": "x"}]}]),
        json!([{"id": 12, "name": "New"}, {"id": 12, "inactive": "no"}]),
        json!(["x"]),
    ] {
        assert_eq!(halo.post("Client", &body).await.status, 400, "{body}");
    }
    assert_eq!(sandbox.clients(), before);
    assert!(sandbox.requests().iter().all(|one| !one.committed));
}

#[tokio::test]
async fn the_judge_goes_by_edits_and_not_by_what_was_posted() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let right = sandbox.expected(202_610);
    assert_eq!(right.subscriptions.len(), 1);
    halo.post(
        "Client",
        &json!([{"id": 12, "inactive": true, "customfields": []}]),
    )
    .await;
    let claim = json!([{"name": "Impostor", "customfields": [{"id": 212, "value": "1048576"}]}]);
    halo.post("Client", &claim).await;
    assert_eq!(sandbox.expected(202_610), right);
    assert_eq!(client(&sandbox).cove_id, None);
    sandbox.edit(|world| world.set_custom_field(12, "5"));
    assert_eq!(client(&sandbox).cove_id.as_deref(), Some("5"));
    assert_eq!(
        sandbox.expected(202_610).exceptions[0].kind,
        "unmatched_customer"
    );
}

#[tokio::test]
async fn a_changed_field_is_in_the_audit_and_in_reports() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    halo.post(
        "Client",
        &json!([{"id": 12, "customfields": [{"name": CUSTOM_FIELD, "value": "78"}]}]),
    )
    .await;
    let audit = halo.get("Audit").await.json();
    let row = &audit["audit"][0];
    assert_eq!(
        (&row["value"], &row["from"], &row["to"], &row["id1"]),
        (
            &json!(CUSTOM_FIELD),
            &json!("1048576"),
            &json!("78"),
            &json!(12)
        )
    );
    let sql = format!("SELECT Aarea FROM AREA WHERE {CUSTOM_FIELD} = '78'");
    let report = halo
        .post(
            "Report",
            &json!([{"id": 0, "sql": sql, "_loadreportonly": true}]),
        )
        .await;
    assert_eq!(report.json()["report"]["rows"], json!([{"Aarea": 12}]));
}
