use super::{LintInput, LintKind as K, LintSubscription, UnreadableInvoice, lint};
use billing_sync::ids::{ClientId, LicenceId};
use serde_json::{Value, json};

fn subscription(id: i64, live: bool) -> LintSubscription {
    LintSubscription {
        licence_id: LicenceId::new(id),
        client_id: ClientId::new(7),
        client_name: "Acme".to_owned(),
        name: "Server".to_owned(),
        live,
        vendor_cost: None,
    }
}

/// A line of type 4 that counts subscription 501; `more` replaces fields.
fn line(id: i64, more: &Value) -> Value {
    let mut line = json!({
        "id": id, "recurring_invoice_quantity_type": 4, "unit_price": 14, "unit_cost": 10.5, "qty_order": 3,
        "quantity_subscriptions": [{"licence_id": 501, "pro_rata": 0}],
    });
    for (key, value) in more.as_object().unwrap() {
        line[key] = value.clone();
    }
    line
}

fn input(subscription: LintSubscription, lines: &[Value]) -> LintInput {
    let invoice = json!({"id": -94, "client_id": 7, "lines": lines});
    LintInput {
        subscriptions: vec![subscription],
        invoices: vec![serde_json::from_value(invoice).unwrap()],
        unreadable: Vec::new(),
    }
}

fn found(input: &LintInput) -> Vec<(K, Option<i64>)> {
    lint(input)
        .into_iter()
        .map(|finding| {
            (
                finding.kind,
                finding.line_id.map(halopsa_api::InvoiceLineId::get),
            )
        })
        .collect()
}

fn of_lines(lines: &[Value]) -> Vec<(K, Option<i64>)> {
    found(&input(subscription(501, true), lines))
}

#[test]
fn a_line_that_counts_it_at_a_price_is_well() {
    assert_eq!(of_lines(&[line(1, &json!({}))]), []);
    let licence = json!({
        "recurring_invoice_quantity_type": 1, "quantity_subscriptions": [],
        "quantity_licences": [{"licence_id": 501}],
    });
    assert_eq!(of_lines(&[line(1, &licence)]), [], "counted as a licence");
}

#[test]
fn each_way_a_line_can_be_wrong_is_a_kind_of_its_own() {
    for (more, kind) in [
        (
            json!({"recurring_invoice_quantity_type": 0}),
            K::ManualQuantity,
        ),
        (json!({"isinactive": true}), K::InactiveLine),
        (json!({"unit_price": 0}), K::ZeroPrice),
        (json!({"unit_price": 10}), K::NegativeMargin),
        (
            json!({"quantity_subscriptions": [{"licence_id": 501, "pro_rata": 2}]}),
            K::ProRata,
        ),
    ] {
        assert_eq!(of_lines(&[line(1, &more)]), [(kind, Some(1))], "{more}");
    }
    assert_eq!(of_lines(&[]), [(K::NoLine, None)]);
    let twice = [line(1, &json!({})), line(2, &json!({}))];
    assert_eq!(of_lines(&twice), [(K::TwoLines, None)]);
}

#[test]
fn a_second_line_that_does_not_bill_is_no_second_line() {
    let spare = json!({"isinactive": true, "unit_price": 0});
    assert_eq!(of_lines(&[line(1, &json!({})), line(2, &spare)]), []);
}

#[test]
fn a_disabled_invoice_bills_nothing() {
    let mut input = input(subscription(501, true), &[line(1, &json!({}))]);
    input.invoices[0].disabled = true;
    assert_eq!(found(&input), [(K::InactiveLine, Some(1))]);
    assert_eq!(
        lint(&input)[0].detail,
        "line 1 of invoice -94 is on a disabled invoice"
    );
}

#[test]
fn a_subscription_that_is_not_active_must_not_be_counted() {
    let gone = subscription(501, false);
    let counted = input(gone.clone(), &[line(1, &json!({"unit_price": 0}))]);
    assert_eq!(found(&counted), [(K::InactiveSubscription, Some(1))]);
    let resting = input(gone, &[line(1, &json!({"isinactive": true}))]);
    assert_eq!(found(&resting), []);
}

#[test]
fn what_the_vendor_charged_counts_where_the_line_has_no_cost() {
    let mut one = subscription(501, true);
    one.vendor_cost = Some("14.5".parse().unwrap());
    let lines = [line(1, &json!({"unit_cost": null}))];
    let findings = lint(&input(one.clone(), &lines));
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].detail,
        "line 1 of invoice -94 brings 14 and the vendor charged 14.5 for one"
    );
    one.vendor_cost = Some("14".parse().unwrap());
    assert_eq!(found(&input(one, &lines)), [], "no loss");
}

#[test]
fn a_price_that_is_not_shown_is_not_taken_for_zero() {
    assert_eq!(of_lines(&[line(1, &json!({"unit_price": null}))]), []);
}

#[test]
fn an_unreadable_invoice_is_told_and_no_line_is_missed_because_of_it() {
    let mut input = input(subscription(501, true), &[]);
    for (client, blind) in [(Some(7), true), (None, true), (Some(8), false)] {
        input.unreadable = vec![UnreadableInvoice {
            client_id: client.map(ClientId::new),
            detail: "recurring invoice -95 cannot be read: x".to_owned(),
        }];
        let mut kinds = vec![(K::Unreadable, None)];
        if !blind {
            kinds.insert(0, (K::NoLine, None));
        }
        assert_eq!(found(&input), kinds, "{client:?}");
    }
}

#[test]
fn every_kind_is_listed_with_a_word_and_advice() {
    let mut kinds = K::ALL.to_vec();
    kinds.sort();
    assert_eq!(kinds, K::ALL);
    for kind in K::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        assert!(!kind.advice().is_empty());
    }
}
