//! Recurring invoices over HTTP.

use std::sync::{Arc, Mutex};

use api_core::testing::Scripted;
use api_core::{ErrorKind, Sent};
use halopsa_api::{
    ClientId, HaloClient, InvoiceLineId, LicenceId, LineEdit, ListRecurringInvoices, QuantityType,
    RecurringInvoiceId,
};
use serde_json::{Value, json};

use crate::support::{answer, count, fixture, halo, query, requests, scripted, server};

const INVOICE: RecurringInvoiceId = RecurringInvoiceId::new(-94);

#[tokio::test]
async fn the_list_is_read_as_envelope_and_as_bare_array() {
    let sample = fixture!("recurringinvoice.list.response.json");
    for bare in [false, true] {
        let sample = sample.clone();
        let (halo, _) = scripted(move |_, target, _| {
            let first = target.contains("page_no=1");
            Scripted::json(
                200,
                match (bare, first) {
                    (false, _) => sample.to_string(),
                    (true, true) => sample["invoices"].to_string(),
                    (true, false) => "[]".to_owned(),
                },
            )
        });
        let list = halo
            .recurring_invoices()
            .list(ListRecurringInvoices::default())
            .collect_all()
            .await
            .unwrap();
        let invoice = list.items()[0].good().unwrap();
        assert_eq!(
            (invoice.id, invoice.client_id),
            (INVOICE, Some(ClientId::new(12)))
        );
        assert_eq!(invoice.lines, None);
    }
}

#[tokio::test]
async fn an_invoice_is_read_with_its_lines_and_linked_subscriptions() {
    let server = server().await;
    answer(
        &server,
        "GET",
        "/api/RecurringInvoice/-94",
        fixture!("recurringinvoice.get.response.json"),
    )
    .await;
    let invoice = halo(&server)
        .recurring_invoices()
        .get(INVOICE)
        .await
        .unwrap();
    assert!(invoice.contains_calculated_quantity);
    assert_eq!(
        invoice.nextcreationdate.unwrap().to_string(),
        "2026-02-01T00:00:00Z"
    );
    let line = &invoice.lines.unwrap()[0];
    assert_eq!(
        (line.id.get(), line.item_id.unwrap().get(), line.isinactive),
        (3310, 77, false)
    );
    assert_eq!(line.quantity_type, QuantityType::Subscriptions);
    assert_eq!(line.linked().collect::<Vec<_>>(), [LicenceId::new(501)]);
    assert_eq!(line.unit_price.unwrap().to_string(), "12.5");
    let sent = &requests(&server, "/api/RecurringInvoice/-94").await[0];
    assert!(query(sent).contains(&("includedetails".into(), "true".into())));
}

type Stored = Arc<Mutex<Value>>;
type Log = Arc<Mutex<Vec<String>>>;

/// A server with one invoice of two lines; `replaces` drops the lines an update leaves out, as one might fear.
fn invoice(replaces: bool) -> (HaloClient, Stored, Log) {
    let mut stored = fixture!("recurringinvoice.get.response.json");
    let manual = json!({"id": 3311, "ihid": -94, "item_shortdescription": "Support", "qty_order": 1, "unit_price": 90,
        "isinactive": false, "recurring_invoice_quantity_type": 0, "quantity_subscriptions": [], "extra_thing": {"a": 1}});
    stored["lines"].as_array_mut().unwrap().push(manual);
    let stored = Arc::new(Mutex::new(stored));
    let log = Arc::new(Mutex::new(Vec::new()));
    let (inside, inside_log) = (Arc::clone(&stored), Arc::clone(&log));
    let (halo, _) = scripted(move |method, target, body| {
        inside_log
            .lock()
            .unwrap()
            .push(format!("{method} {target}"));
        let mut invoice = inside.lock().unwrap();
        if method == "POST" {
            let sent: Vec<Value> = serde_json::from_slice(body).unwrap();
            if replaces {
                invoice["lines"] = json!(sent);
            } else {
                for line in invoice["lines"].as_array_mut().unwrap() {
                    if let Some(new) = sent.iter().find(|new| new["id"] == line["id"]) {
                        *line = new.clone();
                    }
                }
            }
            return Scripted::json(200, "");
        }
        Scripted::json(200, invoice.to_string())
    });
    (halo, stored, log)
}

#[tokio::test]
async fn editing_one_line_keeps_the_others_whatever_the_server_does_with_missing_ones() {
    for replaces in [true, false] {
        let (halo, stored, log) = invoice(replaces);
        let before = stored.lock().unwrap()["lines"].clone();
        let edit = LineEdit::count_subscriptions(InvoiceLineId::new(3311), &[LicenceId::new(502)]);
        let after = halo
            .recurring_invoices()
            .update_lines(INVOICE, &[edit])
            .await
            .unwrap();
        let lines = after.lines.unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].linked().collect::<Vec<_>>(), [LicenceId::new(502)]);
        assert_eq!(lines[1].extra.get("extra_thing"), Some(&json!({"a": 1})));
        assert_eq!(stored.lock().unwrap()["lines"][0], before[0]);
        assert_eq!(
            *log.lock().unwrap(),
            [
                "GET /api/RecurringInvoice/-94?includedetails=true",
                "POST /api/RecurringInvoice/updatelines",
                "GET /api/RecurringInvoice/-94?includedetails=true",
            ]
        );
    }
}

#[tokio::test]
async fn the_edited_line_holds_what_the_sample_request_holds() {
    let sample = fixture!("recurringinvoice.updatelines.request.json");
    let (halo, stored, _) = invoice(true);
    let edit = LineEdit::count_subscriptions(InvoiceLineId::new(3310), &[LicenceId::new(501)]);
    halo.recurring_invoices()
        .update_lines(INVOICE, &[edit])
        .await
        .unwrap();
    let line = stored.lock().unwrap()["lines"][0].clone();
    for (field, value) in sample[0].as_object().unwrap() {
        assert_eq!(&line[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_line_that_does_not_exist_writes_nothing() {
    let (halo, _, log) = invoice(true);
    let edit = LineEdit::count_subscriptions(InvoiceLineId::new(1), &[]);
    let error = halo
        .recurring_invoices()
        .update_lines(INVOICE, &[edit])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_goes_wrong_before_the_write_was_not_sent_and_after_it_was() {
    for (fails, sent, posts) in [(1, false, 0), (2, true, 1)] {
        let mut reads = 0;
        let (halo, transport) = scripted(move |method, _, _| {
            if method == "POST" {
                return Scripted::json(200, "");
            }
            reads += 1;
            match (reads >= fails, fails) {
                (true, 1) => Scripted::status(503),
                (true, _) => Scripted::broken(Sent::No),
                (false, _) => Scripted::json(
                    200,
                    include_str!("../fixtures/recurringinvoice.get.response.json"),
                ),
            }
        });
        let edit = LineEdit::count_subscriptions(InvoiceLineId::new(3310), &[LicenceId::new(777)]);
        let error = halo
            .recurring_invoices()
            .update_lines(INVOICE, &[edit])
            .await
            .unwrap_err();
        assert_eq!(error.may_have_been_sent(), sent, "{error:?}");
        assert_eq!(
            count(&transport, "/api/RecurringInvoice/updatelines"),
            posts
        );
    }
}

#[tokio::test]
async fn a_write_the_server_does_not_keep_is_noticed() {
    let (halo, _) = scripted(|method, _, _| {
        Scripted::json(
            200,
            if method == "POST" {
                ""
            } else {
                include_str!("../fixtures/recurringinvoice.get.response.json")
            },
        )
    });
    let edit = LineEdit::count_subscriptions(InvoiceLineId::new(3310), &[LicenceId::new(777)]);
    let error = halo
        .recurring_invoices()
        .update_lines(INVOICE, &[edit])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error
            .message()
            .contains("line 3310 counts other subscriptions"),
        "{error}"
    );
}
