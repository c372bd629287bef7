//! The last mile: whether a count becomes an amount. A right count that no invoice line takes is billed to nobody.

mod read;

#[cfg(test)]
mod tests;

use crate::exit::ExitCode;
use crate::outcome::RequestCounts;
use billing_sync::ids::{ClientId, LicenceId};
use halopsa_api::{InvoiceLine, InvoiceLineId, QuantityType, RecurringInvoice, RecurringInvoiceId};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the lint document.
const LINT_SCHEMA: u32 = 1;

/// What is wrong between a subscription and its recurring invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LintKind {
    /// No line refers to it.
    NoLine,
    /// The lines that refer to it have a quantity typed in by hand.
    ManualQuantity,
    /// The lines that count it are inactive, or their invoice is disabled.
    InactiveLine,
    /// More than one line bills it.
    TwoLines,
    /// Its line has no price.
    ZeroPrice,
    /// Its line costs more than it brings.
    NegativeMargin,
    /// Its line is billed pro rata, though the count is what was used.
    ProRata,
    /// A line counts it although it is inactive or deleted.
    InactiveSubscription,
    /// A recurring invoice cannot be read, so nothing is known of its lines.
    Unreadable,
}

impl LintKind {
    /// Every kind, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::NoLine,
        Self::ManualQuantity,
        Self::InactiveLine,
        Self::TwoLines,
        Self::ZeroPrice,
        Self::NegativeMargin,
        Self::ProRata,
        Self::InactiveSubscription,
        Self::Unreadable,
    ];

    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoLine => "no_line",
            Self::ManualQuantity => "manual_quantity",
            Self::InactiveLine => "inactive_line",
            Self::TwoLines => "two_lines",
            Self::ZeroPrice => "zero_price",
            Self::NegativeMargin => "negative_margin",
            Self::ProRata => "pro_rata",
            Self::InactiveSubscription => "inactive_subscription",
            Self::Unreadable => "unreadable",
        }
    }

    /// What to do about it in HaloPSA.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoLine => {
                "add a line to the client's recurring invoice that takes its quantity from the subscription"
            }
            Self::ManualQuantity => "set the line's quantity to come from the subscription",
            Self::InactiveLine => "make the line active, or the invoice it is on",
            Self::TwoLines => "keep one of the lines: each bills the whole count",
            Self::ZeroPrice => "give the line a price",
            Self::NegativeMargin => "look at the line's price and cost",
            Self::ProRata => {
                "switch pro rata off: the count is what was used in the month, it is billed whole"
            }
            Self::InactiveSubscription => {
                "take it off the line, or make the subscription active again"
            }
            Self::Unreadable => "open the recurring invoice in HaloPSA and save it anew",
        }
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: LintKind,
    /// The client; `None` when not even that could be read.
    pub client_id: Option<ClientId>,
    /// The subscription; `None` when it is about a whole invoice.
    pub licence_id: Option<LicenceId>,
    /// The line that is to blame, if one is.
    pub line_id: Option<InvoiceLineId>,
    /// The recurring invoice of that line.
    pub invoice_id: Option<RecurringInvoiceId>,
    /// The client's name.
    pub client_name: String,
    /// The subscription's name.
    pub name: String,
    /// What was found, in words.
    pub detail: String,
}

/// A subscription to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintSubscription {
    /// Its record.
    pub licence_id: LicenceId,
    /// Its client.
    pub client_id: ClientId,
    /// The client's name.
    pub client_name: String,
    /// Its name.
    pub name: String,
    /// Active and not deleted.
    pub live: bool,
    /// What the vendor charged for one of its count, where that is known.
    pub vendor_cost: Option<Decimal>,
}

/// A recurring invoice that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableInvoice {
    /// Whose it is, if that could be read.
    pub client_id: Option<ClientId>,
    /// What is wrong and where.
    pub detail: String,
}

/// What [`lint`] looks at: both lists read to their end.
#[derive(Clone, Debug, Default)]
pub struct LintInput {
    /// The subscriptions that are kept.
    pub subscriptions: Vec<LintSubscription>,
    /// Every recurring invoice, with its lines.
    pub invoices: Vec<RecurringInvoice>,
    /// Recurring invoices that could not be read.
    pub unreadable: Vec<UnreadableInvoice>,
}

/// A line that refers to a subscription.
#[derive(Debug)]
struct Reference<'a> {
    invoice: &'a RecurringInvoice,
    line: &'a InvoiceLine,
    /// The line's quantity comes from it.
    counts: bool,
    /// Line and invoice are in use.
    in_use: bool,
    pro_rata: bool,
}

/// Finds what keeps a count from becoming the amount it should be. Pure; ordered by kind, client and subscription.
pub fn lint(input: &LintInput) -> Vec<Finding> {
    let mut references: BTreeMap<i64, Vec<Reference<'_>>> = BTreeMap::new();
    for invoice in &input.invoices {
        for line in invoice.lines.iter().flatten() {
            refer(invoice, line, &mut references);
        }
    }
    // What an unreadable invoice holds is not known: no line may be missed on its clients.
    let blind_everywhere = input.unreadable.iter().any(|one| one.client_id.is_none());
    let blind: BTreeSet<ClientId> = input
        .unreadable
        .iter()
        .filter_map(|one| one.client_id)
        .collect();
    let mut findings: Vec<Finding> = input
        .unreadable
        .iter()
        .map(|one| Finding {
            kind: LintKind::Unreadable,
            client_id: one.client_id,
            licence_id: None,
            line_id: None,
            invoice_id: None,
            client_name: String::new(),
            name: String::new(),
            detail: one.detail.clone(),
        })
        .collect();
    for subscription in &input.subscriptions {
        let references = references
            .get(&subscription.licence_id.get())
            .map_or(&[][..], Vec::as_slice);
        let is_blind = blind_everywhere || blind.contains(&subscription.client_id);
        look_at(subscription, references, is_blind, &mut findings);
    }
    findings.sort();
    findings
}

fn refer<'a>(
    invoice: &'a RecurringInvoice,
    line: &'a InvoiceLine,
    references: &mut BTreeMap<i64, Vec<Reference<'a>>>,
) {
    let deciding: BTreeSet<i64> = line.linked().map(halopsa_api::LicenceId::get).collect();
    let licences = match line.quantity_type {
        QuantityType::Licences => line.quantity_licences.as_slice(),
        _ => &[],
    };
    let mut seen = BTreeSet::new();
    for link in line.quantity_subscriptions.iter().chain(licences) {
        let Some(id) = link.licence_id.map(halopsa_api::LicenceId::get) else {
            continue;
        };
        if seen.insert(id) {
            references.entry(id).or_default().push(Reference {
                invoice,
                line,
                counts: deciding.contains(&id),
                in_use: !(invoice.disabled || line.isinactive),
                pro_rata: link.pro_rata.is_some_and(|how| how != 0),
            });
        }
    }
}

fn look_at(
    subscription: &LintSubscription,
    references: &[Reference<'_>],
    is_blind: bool,
    findings: &mut Vec<Finding>,
) {
    let mut find = |kind, at: Option<&Reference<'_>>, detail: String| {
        findings.push(Finding {
            kind,
            client_id: Some(subscription.client_id),
            licence_id: Some(subscription.licence_id),
            line_id: at.map(|at| at.line.id),
            invoice_id: at.map(|at| at.invoice.id),
            client_name: subscription.client_name.clone(),
            name: subscription.name.clone(),
            detail,
        });
    };
    let billing: Vec<&Reference<'_>> = references
        .iter()
        .filter(|one| one.counts && one.in_use)
        .collect();
    if !subscription.live {
        for one in billing {
            let detail = format!("{} counts a subscription that is not active", place(one));
            find(LintKind::InactiveSubscription, Some(one), detail);
        }
        return;
    }
    if references.is_empty() && !is_blind {
        let detail = "no recurring-invoice line refers to it".to_owned();
        find(LintKind::NoLine, None, detail);
    }
    if billing.is_empty() {
        for one in references {
            if one.counts {
                let what = if one.line.isinactive {
                    "is inactive"
                } else {
                    "is on a disabled invoice"
                };
                let detail = format!("{} {what}", place(one));
                find(LintKind::InactiveLine, Some(one), detail);
            } else {
                let quantity = one.line.qty_order.unwrap_or_default().normalize();
                let detail = format!("{} has the quantity {quantity} typed in", place(one));
                find(LintKind::ManualQuantity, Some(one), detail);
            }
        }
    }
    if let [first, second, ..] = billing[..] {
        let detail = format!(
            "{} lines bill it, the first are {} and {}",
            billing.len(),
            place(first),
            place(second)
        );
        find(LintKind::TwoLines, None, detail);
    }
    for one in billing {
        if let Some(price) = one.line.unit_price {
            if price.is_zero() {
                let detail = format!("{} has the price 0", place(one));
                find(LintKind::ZeroPrice, Some(one), detail);
            } else if let Some(cost) = cost_above(price, one.line, subscription) {
                let detail = format!("{} brings {} and {cost}", place(one), price.normalize());
                find(LintKind::NegativeMargin, Some(one), detail);
            }
        }
        if one.pro_rata {
            let detail = format!("{} bills it pro rata", place(one));
            find(LintKind::ProRata, Some(one), detail);
        }
    }
}

/// The cost that is above the price, in words: the line's own, else what the vendor charged.
fn cost_above(
    price: Decimal,
    line: &InvoiceLine,
    subscription: &LintSubscription,
) -> Option<String> {
    let own = line.unit_cost.filter(|cost| price < *cost);
    let vendor = subscription.vendor_cost.filter(|cost| price < *cost);
    match (own, vendor) {
        (Some(cost), _) => Some(format!("costs {}", cost.normalize())),
        (None, Some(cost)) => Some(format!(
            "the vendor charged {} for one",
            cost.round_dp(4).normalize()
        )),
        (None, None) => None,
    }
}

fn place(one: &Reference<'_>) -> String {
    format!("line {} of invoice {}", one.line.id, one.invoice.id)
}

/// What the last mile looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct LintOutcome {
    /// Subscriptions that were looked at.
    pub checked: usize,
    /// Recurring invoices that were read.
    pub invoices: usize,
    /// What there is to look at.
    pub findings: Vec<Finding>,
    /// What reading took.
    pub requests: RequestCounts,
}

impl LintOutcome {
    /// Findings by kind; only the kinds that were found.
    pub fn by_kind(&self) -> BTreeMap<LintKind, usize> {
        let mut kinds = BTreeMap::new();
        for finding in &self.findings {
            *kinds.entry(finding.kind).or_default() += 1;
        }
        kinds
    }

    /// The document: `{"schema", "checked", "invoices", "summary", "findings", "requests"}`. `summary` counts every kind.
    pub fn to_json(&self) -> Value {
        let Self {
            checked,
            invoices,
            findings,
            requests,
        } = self;
        let found = self.by_kind();
        let summary: BTreeMap<&str, usize> = LintKind::ALL
            .into_iter()
            .map(|kind| (kind.word(), found.get(&kind).copied().unwrap_or(0)))
            .collect();
        json!({
            "schema": LINT_SCHEMA,
            "checked": checked,
            "invoices": invoices,
            "summary": summary,
            "findings": findings,
            "requests": requests,
        })
    }

    /// How a program should end: with something to look at where there are findings.
    pub fn exit_code(&self) -> ExitCode {
        if self.findings.is_empty() {
            ExitCode::Done
        } else {
            ExitCode::Exceptions
        }
    }
}
