//! Recurring invoices against the sandbox: read in every shape, lines edited whatever the server keeps.

use crate::halo_bench::{answering, answers, asked, rows, seeded};
use api_core::ErrorKind;
use halopsa_api::{
    ClientId, InvoiceLineId, LicenceId, LineEdit, ListRecurringInvoices, QuantityType,
    RecurringInvoiceId,
};
use sandbox::{ListShape, Sandbox, Switches, UpdateLines};
use serde_json::{Map, json};

/// The recurring invoice with the most lines.
fn invoice_with_lines(sandbox: &Sandbox) -> sandbox::RecurringInvoice {
    let mut invoices = sandbox.recurring_invoices();
    invoices.sort_by_key(|invoice| std::cmp::Reverse(invoice.lines.len()));
    let invoice = invoices.remove(0);
    assert!(invoice.lines.len() > 1);
    invoice
}

/// All lines but the first. What was once typed in as the quantity of a counted line does not matter.
fn others(invoice: &sandbox::RecurringInvoice) -> Vec<sandbox::InvoiceLine> {
    let mut lines = invoice.lines[1..].to_vec();
    for line in lines.iter_mut().filter(|line| line.quantity_type == 4) {
        line.quantity = 0.into();
    }
    lines
}

#[tokio::test]
async fn recurring_invoices_are_listed_in_every_shape_and_under_every_cap() {
    for unpaged_invoices in [ListShape::Envelope, ListShape::Bare] {
        for page_cap in [None, Some(50), Some(100)] {
            let (sandbox, halo) = seeded(Switches {
                unpaged_invoices,
                page_cap,
                ..Switches::default()
            })
            .await;
            let truth = sandbox.recurring_invoices();
            let list = |include_lines| {
                halo.recurring_invoices().list(ListRecurringInvoices {
                    include_lines,
                    ..ListRecurringInvoices::default()
                })
            };
            let with = rows(list(true)).await;
            let mut got: Vec<(i64, i64, usize)> = with
                .iter()
                .map(|invoice| {
                    let client = invoice.client_id.unwrap().get();
                    let lines = invoice.lines.as_ref().unwrap().len();
                    (invoice.id.get(), client, lines)
                })
                .collect();
            got.sort_unstable();
            let want: Vec<(i64, i64, usize)> = truth
                .iter()
                .map(|invoice| (invoice.id, invoice.client_id, invoice.lines.len()))
                .collect();
            assert_eq!(got, want);
            assert!(want.iter().all(|(id, _, _)| *id < 0));
            let without = rows(list(false)).await;
            assert!(without.iter().all(|invoice| invoice.lines.is_none()));
            let client = ClientId::new(truth[0].client_id);
            let of_client = rows(halo.recurring_invoices().list(ListRecurringInvoices {
                client: Some(client),
                ..ListRecurringInvoices::default()
            }))
            .await;
            assert!(!of_client.is_empty());
            assert!(
                of_client
                    .iter()
                    .all(|invoice| invoice.client_id == Some(client))
            );
        }
    }
}

#[tokio::test]
async fn editing_a_line_keeps_the_others_whatever_the_server_keeps_and_answers() {
    for update_lines in [UpdateLines::KeepsOthers, UpdateLines::DropsOthers] {
        for post_answer in answers() {
            let (sandbox, halo) = seeded(Switches {
                update_lines,
                ..answering(post_answer)
            })
            .await;
            let invoice = invoice_with_lines(&sandbox);
            let id = RecurringInvoiceId::new(invoice.id);
            let before = halo.recurring_invoices().get(id).await.unwrap();
            let lines = before.lines.unwrap();
            let subscription = LicenceId::new(sandbox.subscriptions()[0].id);
            let edit = LineEdit::count_subscriptions(lines[0].id, &[subscription]);
            sandbox.clear_requests();
            let after = halo
                .recurring_invoices()
                .update_lines(id, &[edit])
                .await
                .unwrap()
                .lines
                .unwrap();
            assert_eq!(after[0].quantity_type, QuantityType::Subscriptions);
            assert_eq!(after[0].linked().collect::<Vec<_>>(), [subscription]);
            assert_eq!(after[0].unit_price, lines[0].unit_price);
            assert_eq!(&after[1..], &lines[1..], "{update_lines:?} {post_answer:?}");
            let now = sandbox.recurring_invoices();
            let now = now.iter().find(|one| one.id == invoice.id).unwrap();
            assert_eq!(others(now), others(&invoice));
            assert_eq!(now.lines[0].subscriptions[0].licence_id, subscription.get());
            let single = format!("RecurringInvoice/{}", invoice.id);
            assert_eq!(
                asked(&sandbox),
                [
                    ("GET".to_owned(), single.clone()),
                    ("POST".to_owned(), "RecurringInvoice/updatelines".to_owned()),
                    ("GET".to_owned(), single),
                ]
            );
        }
    }
}

#[tokio::test]
async fn a_line_edit_that_cannot_be_leaves_the_invoice_alone() {
    let (sandbox, halo) = seeded(Switches::default()).await;
    let invoice = invoice_with_lines(&sandbox);
    let edit = LineEdit::set(
        InvoiceLineId::new(999_999),
        Map::from_iter([("unit_price".to_owned(), json!(1))]),
    );
    let error = halo
        .recurring_invoices()
        .update_lines(RecurringInvoiceId::new(invoice.id), &[edit])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let now = sandbox.recurring_invoices();
    assert!(now.contains(&invoice));
    let gone = halo
        .recurring_invoices()
        .get(RecurringInvoiceId::new(-1))
        .await
        .unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}
