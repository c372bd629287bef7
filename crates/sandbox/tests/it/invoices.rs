//! Recurring invoices: lists, lines, writes, and the call that is never served.

use sandbox::{ListShape, PostAnswer, RecurringInvoice, Sandbox, Switches, UpdateLines};
use serde_json::{Value, json};

use crate::http::{Halo, ids};
use crate::shape::assert_same_shape;

/// One client (id 12) with two subscriptions (501: 4, 502: 7) and one invoice (-94) with a line for each (3310, 3311).
async fn start(switches: Switches) -> Sandbox {
    let sandbox = Sandbox::builder()
        .blank_world()
        .switches(switches)
        .start()
        .await
        .unwrap();
    sandbox.edit(|world| {
        let client = world.add_client("Acme Ltd", "1048576");
        let servers = world.add_subscription(client, "Cove - Servers", 4);
        let users = world.add_subscription(client, "Cove - Users", 7);
        assert_eq!((client, servers, users), (12, 501, 502));
        assert_eq!(world.add_invoice_line(servers), Some(3310));
        assert_eq!(world.add_invoice_line(users), Some(3311));
        assert_eq!(world.add_invoice_line(999), None);
    });
    sandbox
}

fn invoice(sandbox: &Sandbox) -> RecurringInvoice {
    sandbox.recurring_invoices().remove(0)
}

#[tokio::test]
async fn lists_and_single_invoices_have_the_published_shape() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let list = halo.get("RecurringInvoice").await.json();
    assert_same_shape(
        &list,
        &[include_str!(
            "../samples/halo/recurringinvoice.list.response.json"
        )],
        &[],
        &[],
    );
    let one = halo
        .get("RecurringInvoice/-94?includedetails=true")
        .await
        .json();
    assert_same_shape(
        &one,
        &[include_str!(
            "../samples/halo/recurringinvoice.get.response.json"
        )],
        &[],
        &[],
    );
    let with_lines = halo.get("RecurringInvoice?includelines=true").await.json();
    assert_eq!(with_lines["invoices"][0], one);
    assert_eq!(halo.get("RecurringInvoice/-1").await.status, 404);
}

#[tokio::test]
async fn a_line_follows_the_counts_of_its_subscriptions() {
    let sandbox = start(Switches::default()).await;
    sandbox.edit(|world| {
        assert!(world.edit_invoice_line(3311, |line| {
            line.subscriptions[0].free = 5;
            line.subscriptions[0].minimum = 3;
        }));
        assert!(!world.edit_invoice_line(1, |_| {}));
    });
    let halo = Halo::new(&sandbox).await;
    let quantities = async || {
        let one = halo.get("RecurringInvoice/-94").await.json();
        let lines = one["lines"].as_array().unwrap().clone();
        lines
            .iter()
            .map(|line| line["qty_order"].as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(quantities().await, [4.0, 3.0]);
    halo.post(
        "SoftwareLicence",
        &json!([{"id": 501, "count": 9}, {"id": 502, "count": 20}]),
    )
    .await;
    assert_eq!(quantities().await, [9.0, 15.0]);
}

#[tokio::test]
async fn lists_are_filtered_paged_and_perhaps_bare() {
    let seeded = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&seeded).await;
    let all = seeded.recurring_invoices();
    let client = all[3].client_id;
    let own = halo
        .get(&format!("RecurringInvoice?client_id={client}"))
        .await
        .json();
    assert_eq!(ids(&own["invoices"]), [all[3].id]);
    let page = halo
        .get("RecurringInvoice?pageinate=true&page_size=10&page_no=2&order=id")
        .await
        .json();
    assert_eq!(page["record_count"], all.len());
    assert_eq!(
        ids(&page["invoices"]),
        all[10..20].iter().map(|one| one.id).collect::<Vec<_>>()
    );
    assert!(all.iter().all(|one| one.id < 0));

    let bare = start(Switches {
        unpaged_invoices: ListShape::Bare,
        ..Switches::default()
    })
    .await;
    let halo = Halo::new(&bare).await;
    assert_eq!(ids(&halo.get("RecurringInvoice").await.json()), [-94]);
    let paged = halo
        .get("RecurringInvoice?pageinate=true&page_size=10&page_no=1")
        .await
        .json();
    assert_eq!(ids(&paged["invoices"]), [-94]);
}

#[tokio::test]
async fn updating_a_line_keeps_the_others_or_drops_them() {
    for (update_lines, kept) in [
        (UpdateLines::KeepsOthers, vec![3310, 3311]),
        (UpdateLines::DropsOthers, vec![3310]),
    ] {
        let sandbox = start(Switches {
            update_lines,
            ..Switches::default()
        })
        .await;
        let halo = Halo::new(&sandbox).await;
        let body = json!([{"id": 3310, "ihid": -94, "isinactive": true, "unit_price": 2.5,
            "quantity_subscriptions": [{"licence_id": 502, "kind": 4, "qty_free": 1, "minimum_qty": 0}],
            "recurring_invoice_quantity_type": 4}]);
        let answer = halo.post("RecurringInvoice/updatelines", &body).await;
        assert_eq!(
            (answer.status, answer.json()["id"].clone()),
            (200, json!(-94))
        );
        let after = invoice(&sandbox);
        assert_eq!(
            after.lines.iter().map(|line| line.id).collect::<Vec<_>>(),
            kept
        );
        let line = &after.lines[0];
        assert_eq!(
            (line.inactive, line.price.to_string()),
            (true, "2.5".to_owned())
        );
        assert_eq!(
            (line.subscriptions[0].licence_id, line.subscriptions[0].free),
            (502, 1)
        );
        assert_eq!(line.cost.to_string(), "10");
        assert!(sandbox.requests().last().unwrap().committed);
    }
}

#[tokio::test]
async fn an_invoice_posted_with_lines_has_those_lines_only() {
    let sandbox = start(Switches {
        post_answer: PostAnswer::Array,
        ..Switches::default()
    })
    .await;
    let halo = Halo::new(&sandbox).await;
    let read = halo.get("RecurringInvoice/-94").await.json();
    let answer = halo.post("RecurringInvoice", &json!([read])).await;
    assert_eq!((answer.status, answer.json()), (201, json!([read])));
    let lines =
        json!([{"id": 3311}, {"item_shortdescription": "Setup", "qty_order": 2, "unit_price": 10}]);
    halo.post("RecurringInvoice", &json!([{"id": -94, "lines": lines}]))
        .await;
    let lines = invoice(&sandbox).lines;
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line.id, line.name.as_str()))
        .collect();
    assert_eq!(seen, [(3311, "Cove - Users"), (3312, "Setup")]);
    let created = halo
        .post(
            "RecurringInvoice",
            &json!([{"client_id": 12, "lines": [{"item_shortdescription": "x"}]}]),
        )
        .await;
    assert_eq!(created.json()[0]["id"], -95);
    let added = halo
        .post(
            "RecurringInvoice/Lines",
            &json!([{"ihid": -95, "item_shortdescription": "y"}]),
        )
        .await;
    assert_eq!(added.json()[0]["lines"].as_array().unwrap().len(), 2);
    assert_eq!(
        halo.try_call("DELETE", "RecurringInvoice/-95", "")
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(sandbox.recurring_invoices().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_line_is_refused_and_nothing_is_stored() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let before = sandbox.recurring_invoices();
    for (path, body) in [
        (
            "RecurringInvoice/updatelines",
            json!({"id": 3310, "ihid": -94}),
        ),
        ("RecurringInvoice/updatelines", json!([{"id": 3310}])),
        ("RecurringInvoice/updatelines", json!([{"ihid": -94}])),
        (
            "RecurringInvoice/updatelines",
            json!([{"id": 1, "ihid": -94}]),
        ),
        (
            "RecurringInvoice/updatelines",
            json!([{"id": 3310, "ihid": -1}]),
        ),
        (
            "RecurringInvoice/updatelines",
            json!([{"id": 3310, "ihid": -94, "isinactive": true}, {"id": 3310.5, "ihid": -94}]),
        ),
        (
            "RecurringInvoice/updatelines",
            json!([{"id": 3310, "ihid": -94, "quantity_subscriptions": [{"licence_id": 9}]}]),
        ),
        ("RecurringInvoice/Lines", json!([{"id": 3310, "ihid": -94}])),
        ("RecurringInvoice", json!([{"id": -1}])),
        ("RecurringInvoice", json!([{"lines": []}])),
        ("RecurringInvoice", json!([{"client_id": 99}])),
        (
            "RecurringInvoice",
            json!([{"id": -94, "lines": [{"id": 7}]}]),
        ),
    ] {
        let answer = halo.post(path, &body).await;
        assert_eq!(answer.status, 400, "{path} {body}");
    }
    assert_eq!(sandbox.recurring_invoices(), before);
}

#[tokio::test]
async fn nobody_gets_real_invoices_made() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let answer = halo.post("RecurringInvoice/process", &json!([-94])).await;
    assert_eq!(answer.status, 403);
    let last = sandbox.requests().pop().unwrap();
    assert!(last.path.ends_with("/RecurringInvoice/process") && !last.committed);
}

#[tokio::test]
async fn invoices_need_a_scope_of_their_own() {
    let sandbox = start(Switches::default()).await;
    for (scope, read, write) in [
        ("read:customers", 403, 403),
        ("read:invoices", 200, 403),
        ("edit:invoices", 200, 200),
    ] {
        let answer =
            crate::http::token_answer(&sandbox, "", &crate::http::credentials(scope)).await;
        let halo = Halo {
            sandbox: &sandbox,
            token: answer.json()["access_token"].as_str().unwrap().to_owned(),
        };
        assert_eq!(halo.get("RecurringInvoice").await.status, read, "{scope}");
        let body = json!([{"id": 3310, "ihid": -94}]);
        assert_eq!(
            halo.post("RecurringInvoice/updatelines", &body)
                .await
                .status,
            write,
            "{scope}"
        );
    }
    let _: Value = Halo::new(&sandbox)
        .await
        .get("RecurringInvoice")
        .await
        .json();
}
