//! The recurring invoices that a sync finds: most lines count their subscription, one of each kind is wrong.

use std::collections::BTreeSet;

use serde_json::Number;

use super::{Customer, OddityKind};
use crate::lint::{LintFinding, LintKind};
use crate::world::invoices::InvoiceLine;
use crate::world::psa::{Licence, Psa};
use crate::world::vendor::{CATALOGUE, Offering, PRODUCT};

/// What is wrong with a line of a plain customer.
const WRONG: [LintKind; 7] = [
    LintKind::NoLine,
    LintKind::ManualQuantity,
    LintKind::InactiveLine,
    LintKind::TwoLines,
    LintKind::ZeroPrice,
    LintKind::NegativeMargin,
    LintKind::ProRata,
];

/// Adds a line for every subscription of the product, and returns what is wrong with some.
pub(super) fn add_lines(psa: &mut Psa, customers: &[Customer]) -> Vec<LintFinding> {
    let of = |odd: Option<OddityKind>| -> BTreeSet<i64> {
        let customers = customers.iter().filter(|customer| customer.oddity == odd);
        customers.flat_map(|one| one.client_ids.clone()).collect()
    };
    let plain = of(None);
    let with_inactive = of(Some(OddityKind::SameNameInactive));
    let subscriptions: Vec<_> = psa
        .licences
        .values()
        .filter_map(|licence| {
            let form = &licence.form;
            Some((
                licence.id,
                form.client_id,
                form.is_active,
                service(licence)?,
            ))
        })
        .collect();

    let mut wrong = WRONG.into_iter();
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for (licence_id, client_id, is_active, service) in subscriptions {
        let mut finding = LintFinding {
            kind: LintKind::InactiveSubscription,
            client_id,
            licence_id,
            line_id: None,
        };
        if !is_active {
            if with_inactive.contains(&client_id) {
                finding.line_id = Some(add_line(psa, client_id, licence_id, service));
                findings.push(finding);
            }
            continue;
        }
        // One wrong line per client, so that each can be looked at alone.
        let chosen = if plain.contains(&client_id) && used.insert(client_id) {
            wrong.next()
        } else {
            None
        };
        let Some(kind) = chosen else {
            add_line(psa, client_id, licence_id, service);
            continue;
        };
        finding.kind = kind;
        finding.line_id = spoil(psa, client_id, licence_id, service, kind);
        findings.push(finding);
    }
    findings.sort();
    findings
}

/// The service a subscription bills, if it is one of the product and may be billed at all.
fn service(licence: &Licence) -> Option<&'static Offering> {
    let form = &licence.form;
    let mut services = CATALOGUE.iter();
    let service = services.find(|one| one.name == form.name && one.name.starts_with(PRODUCT))?;
    (form.kind == 1 && !form.deleted).then_some(service)
}

/// Returns the line that is to blame.
fn spoil(
    psa: &mut Psa,
    client_id: i64,
    licence_id: i64,
    service: &Offering,
    kind: LintKind,
) -> Option<i64> {
    if kind == LintKind::NoLine {
        return None;
    }
    let mut line = line(psa, licence_id, service);
    match kind {
        LintKind::TwoLines => {
            psa.invoices.push(client_id, line);
            add_line(psa, client_id, licence_id, service);
            return None;
        }
        LintKind::ManualQuantity => {
            line.quantity_type = 0;
            line.quantity = 3.into();
        }
        LintKind::InactiveLine => line.inactive = true,
        LintKind::ZeroPrice => line.price = 0.into(),
        LintKind::NegativeMargin => std::mem::swap(&mut line.price, &mut line.cost),
        LintKind::ProRata => {
            for linked in &mut line.subscriptions {
                linked.pro_rata = 1;
            }
        }
        LintKind::NoLine | LintKind::InactiveSubscription => {}
    }
    let id = line.id;
    psa.invoices.push(client_id, line);
    Some(id)
}

fn add_line(psa: &mut Psa, client_id: i64, licence_id: i64, service: &Offering) -> i64 {
    let line = line(psa, licence_id, service);
    let id = line.id;
    psa.invoices.push(client_id, line);
    id
}

/// A line with a margin of 40 %.
fn line(psa: &mut Psa, licence_id: i64, service: &Offering) -> InvoiceLine {
    let at = CATALOGUE.iter().position(|one| one.name == service.name);
    let at = at.and_then(|at| i64::try_from(at).ok()).unwrap_or(0);
    InvoiceLine {
        item_id: super::shelves::FIRST_ITEM + at,
        cost: amount(service.price),
        price: amount(service.price * 14 / 10),
        ..psa.invoices.counting(service.name, licence_id)
    }
}

/// From ten-thousandths.
pub(super) fn amount(ten_thousandths: i64) -> Number {
    let whole = i32::try_from(ten_thousandths).unwrap_or(0);
    Number::from_f64(f64::from(whole) / 10_000.0).unwrap_or_else(|| 0.into())
}
