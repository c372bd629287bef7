//! The judge of the last mile: which subscriptions do not become the amount that their count says, and why.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::world::World;
use crate::world::invoices::{BY_SUBSCRIPTIONS, InvoiceLine};
use crate::world::psa::Licence;
use crate::world::vendor::{CATALOGUE, PRODUCT};

/// What is wrong between a subscription and its recurring invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintKind {
    /// No line refers to it.
    NoLine,
    /// The only line that refers to it has a quantity typed in by hand.
    ManualQuantity,
    /// The only line that counts it is inactive.
    InactiveLine,
    /// More than one line bills it.
    TwoLines,
    /// Its line has no price.
    ZeroPrice,
    /// Its line costs more than it brings.
    NegativeMargin,
    /// Its line is billed pro rata.
    ProRata,
    /// An active line counts it although it is inactive or deleted.
    InactiveSubscription,
}

/// One finding of the last mile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LintFinding {
    /// What is wrong.
    pub kind: LintKind,
    /// The client.
    pub client_id: i64,
    /// The subscription.
    pub licence_id: i64,
    /// The line, if one is to blame.
    pub line_id: Option<i64>,
}

/// Goes by the records as they are: a subscription of kind 1 is looked at if its name is exactly a service of the product.
pub(crate) fn lint(world: &World) -> Vec<LintFinding> {
    let mut lines: BTreeMap<i64, Vec<(&InvoiceLine, bool)>> = BTreeMap::new();
    for invoice in world.psa.invoices.all.values() {
        for line in &invoice.lines {
            for linked in &line.subscriptions {
                let bills = !(invoice.disabled || line.inactive);
                lines
                    .entry(linked.licence_id)
                    .or_default()
                    .push((line, bills));
            }
        }
    }
    let mut findings = Vec::new();
    for licence in world.psa.licences.values() {
        let form = &licence.form;
        let is_managed = form.kind == 1
            && CATALOGUE
                .iter()
                .any(|one| one.name.starts_with(PRODUCT) && one.name == form.name);
        if is_managed {
            let lines = lines.get(&licence.id).map_or(&[][..], Vec::as_slice);
            look_at(licence, lines, &mut findings);
        }
    }
    findings.sort();
    findings
}

fn look_at(licence: &Licence, lines: &[(&InvoiceLine, bool)], findings: &mut Vec<LintFinding>) {
    let mut find = |kind, line: Option<&InvoiceLine>| {
        findings.push(LintFinding {
            kind,
            client_id: licence.form.client_id,
            licence_id: licence.id,
            line_id: line.map(|line| line.id),
        });
    };
    let counts = |line: &InvoiceLine| line.quantity_type == BY_SUBSCRIPTIONS;
    let billing: Vec<&InvoiceLine> = lines
        .iter()
        .filter(|(line, bills)| *bills && counts(line))
        .map(|(line, _)| *line)
        .collect();
    if !licence.form.is_live_subscription() {
        for line in billing {
            find(LintKind::InactiveSubscription, Some(line));
        }
        return;
    }
    if lines.is_empty() {
        find(LintKind::NoLine, None);
    }
    if billing.is_empty() {
        for (line, _) in lines {
            let kind = if counts(line) {
                LintKind::InactiveLine
            } else {
                LintKind::ManualQuantity
            };
            find(kind, Some(line));
        }
    }
    if billing.len() > 1 {
        find(LintKind::TwoLines, None);
    }
    for line in billing {
        let amount = |number: &serde_json::Number| number.as_f64().unwrap_or(0.0);
        let (price, cost) = (amount(&line.price), amount(&line.cost));
        if price == 0.0 {
            find(LintKind::ZeroPrice, Some(line));
        } else if price < cost {
            find(LintKind::NegativeMargin, Some(line));
        }
        let own = |one: &&crate::world::invoices::LinkedLicence| one.licence_id == licence.id;
        if line
            .subscriptions
            .iter()
            .find(own)
            .is_some_and(|one| one.pro_rata != 0)
        {
            find(LintKind::ProRata, Some(line));
        }
    }
}
