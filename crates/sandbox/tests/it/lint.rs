//! The judge of the last mile.

use std::collections::BTreeSet;

use sandbox::{LintFinding, LintKind as K, Sandbox};
use serde_json::json;

use crate::http::{Halo, send};

const SERVER: &str = "Cove Data Protection | Server";

#[tokio::test]
async fn every_kind_is_seeded_once_and_found() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let seeded = sandbox.invoice_oddities();
    let kinds: Vec<K> = seeded.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            K::NoLine,
            K::ManualQuantity,
            K::InactiveLine,
            K::TwoLines,
            K::ZeroPrice,
            K::NegativeMargin,
            K::ProRata,
            K::InactiveSubscription,
        ]
    );
    assert_eq!(sandbox.expected_lint(), seeded);
    let clients: BTreeSet<i64> = seeded.iter().map(|one| one.client_id).collect();
    assert_eq!(clients.len(), seeded.len());
    let lines: usize = sandbox
        .recurring_invoices()
        .iter()
        .map(|one| one.lines.len())
        .sum();
    assert!(lines > 50, "{lines}");
}

#[tokio::test]
async fn findings_come_and_go_with_what_is_there() {
    let sandbox = Sandbox::builder().blank_world().start().await.unwrap();
    let (id, line) = sandbox.edit(|world| {
        let client = world.add_client("Acme", "1");
        world.add_subscription(client, "Cove Data Protection | Server (legacy)", 1);
        let id = world.add_subscription(client, SERVER, 1);
        (id, world.add_invoice_line(id).unwrap())
    });
    let kinds = || -> Vec<(K, Option<i64>)> {
        let found = sandbox.expected_lint();
        assert!(found.iter().all(|one| one.licence_id == id));
        found
            .into_iter()
            .map(|LintFinding { kind, line_id, .. }| (kind, line_id))
            .collect()
    };
    assert_eq!(kinds(), []);
    sandbox.edit(|world| world.edit_invoice_line(line, |line| line.price = 0.into()));
    assert_eq!(kinds(), [(K::ZeroPrice, Some(line))]);
    sandbox.edit(|world| world.edit_invoice_line(line, |line| line.price = 9.into()));
    assert_eq!(kinds(), [(K::NegativeMargin, Some(line))]);
    sandbox.edit(|world| world.edit_invoice_line(line, |line| line.inactive = true));
    assert_eq!(kinds(), [(K::InactiveLine, Some(line))]);
    let second = sandbox.edit(|world| world.add_invoice_line(id)).unwrap();
    assert_eq!(kinds(), []);
    sandbox
        .edit(|world| world.edit_invoice_line(second, |line| line.subscriptions[0].pro_rata = 2));
    assert_eq!(kinds(), [(K::ProRata, Some(second))]);
    sandbox.edit(|world| world.set_active(id, false));
    assert_eq!(kinds(), [(K::InactiveSubscription, Some(second))]);
}

#[tokio::test]
async fn a_new_subscription_has_no_line_yet() {
    let sandbox = Sandbox::builder().blank_world().start().await.unwrap();
    let client = sandbox.edit(|world| world.add_client("Acme", "1"));
    let halo = Halo::new(&sandbox).await;
    halo.post(
        "SoftwareLicence",
        &json!([{"client_id": client, "name": SERVER, "count": 1, "type": 1}]),
    )
    .await;
    let found = sandbox.expected_lint();
    assert_eq!(
        found,
        [LintFinding {
            kind: K::NoLine,
            client_id: client,
            licence_id: 501,
            line_id: None
        }]
    );
    let over_http = send(&sandbox, "GET", "/_sandbox/expected_lint", &[], "")
        .await
        .unwrap();
    assert_eq!(
        over_http.json(),
        json!([{"kind": "no_line", "client_id": client, "licence_id": 501, "line_id": null}])
    );
}

#[tokio::test]
async fn the_rest_of_the_truth_is_there_over_http() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    for (path, count) in [
        ("recurring_invoices", sandbox.recurring_invoices().len()),
        ("invoice_oddities", 8),
        ("partners", sandbox.partners().len()),
        ("accounts", sandbox.accounts().len()),
    ] {
        let answer = send(&sandbox, "GET", &format!("/_sandbox/{path}"), &[], "")
            .await
            .unwrap();
        assert_eq!(answer.json().as_array().unwrap().len(), count, "{path}");
    }
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn the_new_parts_of_the_world_can_be_edited_over_http() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let id = sandbox.subscriptions()[0].id;
    let partner = sandbox::RESELLER_ID;
    let last = sandbox
        .recurring_invoices()
        .iter()
        .flat_map(|one| &one.lines)
        .map(|line| line.id)
        .max()
        .unwrap();
    for (edit, done) in [
        (
            json!({"add_invoice_line": {"licence_id": id}}),
            json!(last + 1),
        ),
        (json!({"add_invoice_line": {"licence_id": 1}}), json!(null)),
        (
            json!({"set_partner_state": {"partner": partner, "state": "NotActive"}}),
            json!(true),
        ),
        (
            json!({"set_external_code": {"partner": partner, "code": "HALO:9"}}),
            json!(true),
        ),
    ] {
        let headers = [("Content-Type", "application/json")];
        let answer = send(
            &sandbox,
            "POST",
            "/_sandbox/edit",
            &headers,
            &edit.to_string(),
        )
        .await
        .unwrap();
        assert_eq!(answer.json(), done, "{edit}");
    }
    let own = sandbox
        .partners()
        .into_iter()
        .find(|one| one.id == partner)
        .unwrap();
    assert_eq!(
        (own.state.as_str(), own.external_code.as_str()),
        ("NotActive", "HALO:9")
    );
}
