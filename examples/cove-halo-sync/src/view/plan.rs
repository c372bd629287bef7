//! The plan on one page: what an administrator needs to say yes or no.

use super::names::{arrow, client, prefix_remark, short, word};
use super::{Look, Page, back_fill, exceptions, ledger, money};
use crate::text::{count, number, plain, usual_prefix};
use billing_sync::plan::{Change, Exception, LedgerRow, Plan};
use billing_sync::usage::Finality;
use cove_halo::{PlanOutcome, PlanView};
use rust_decimal::Decimal;

/// The whole page. `all` lists unchanged subscriptions too.
pub(crate) fn page(plan: &Plan, all: bool, look: Look) -> String {
    let outcome = PlanOutcome {
        plan: plan.clone(),
        back_fill: None,
    };
    page_of(&PlanView::new(&outcome, all, None), look)
}

/// The page of a plan as it is looked at.
pub(crate) fn page_of(view: &PlanView<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    headline(&mut page, view.plan());
    page.line("nothing was written");
    if let Some(limits) = view.limits() {
        page.line(plain(&limits));
    }
    let listed = view.changes();
    if !listed.is_empty() {
        page.gap();
        changes(&mut page, &listed);
    }
    let left_out = view.exceptions();
    if !left_out.is_empty() {
        page.gap();
        exceptions::section(&mut page, &left_out);
    }
    let rows = view.ledger();
    if !rows.is_empty() {
        page.gap();
        ledger::section(&mut page, &rows);
    }
    if let Some(both) = view.back_fill() {
        page.gap();
        back_fill::section(&mut page, both);
    }
    // Of the plan as a whole; a part of it would be held against totals that are of all.
    let whole = rows.len() == view.plan().ledger().rows().len();
    if whole && money::is_known(view.plan()) {
        page.gap();
        money::section(&mut page, view.plan());
    }
    page.gap();
    guards(&mut page, view.plan());
    page.finish()
}

/// What a run needs of its plan: the headline and the exceptions.
pub(crate) fn summary(plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    headline(&mut page, plan);
    if !plan.exceptions().is_empty() {
        page.gap();
        let left_out: Vec<&Exception> = plan.exceptions().iter().collect();
        exceptions::section(&mut page, &left_out);
    }
    page.finish()
}

/// The headline alone.
pub(crate) fn counts(plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    headline(&mut page, plan);
    page.finish()
}

/// What was invoiced, and what there is to do, in a few lines.
fn headline(page: &mut Page, plan: &Plan) {
    let (state, why) = match plan.finality() {
        Finality::Final => ("final", None),
        Finality::Provisional(why) => ("not final yet", Some(why)),
    };
    let whole = match plan.gaps() {
        [] => "complete",
        _ => "not complete",
    };
    page.heading(
        &format!("N-able invoice {} is {state} and {whole}", plan.period()),
        "",
    );
    for reason in why.into_iter().chain(plan.gaps()) {
        page.line(format!("  {}", plain(reason)));
    }
    page.line(units(plan));
    let summary = plan.summary();
    page.line(format!(
        "subscriptions: {} to create, {} to change, {} to zero, {} unchanged; {}",
        summary.create,
        summary.update,
        summary.zero,
        summary.keep,
        count(summary.exceptions, "exception", "exceptions"),
    ));
    let requests = plan.requests();
    page.line(format!(
        "requests to HaloPSA: {} used for reading, about {} for writing",
        requests.read, requests.write_estimate
    ));
}

/// Where the units went, in words; buckets that hold nothing are left out.
fn units(plan: &Plan) -> String {
    let rows = plan.ledger().rows();
    let sum = |part: fn(&LedgerRow) -> Decimal| {
        rows.iter()
            .try_fold(Decimal::ZERO, |sum, row| sum.checked_add(part(row)))
    };
    let shown = |sum: Option<Decimal>| sum.map_or_else(|| "too many to sum".to_owned(), number);
    let mut parts = vec![format!("units: {} invoiced", shown(sum(|row| row.vendor)))];
    for (name, part) in ledger::BUCKETS {
        let amount = sum(part);
        if name == "billed" || amount != Some(Decimal::ZERO) {
            parts.push(format!("{} {name}", shown(amount)));
        }
    }
    parts.join(", ")
}

/// The changes as a table. Reasons repeat, so a row has the number of its reason.
pub(super) fn changes(page: &mut Page, listed: &[&Change]) {
    let prefix = usual_prefix(listed.iter().map(|change| change.name.as_str()));
    page.heading("Changes", &prefix_remark(prefix));
    let mut reasons: Vec<&str> = Vec::new();
    let mut table = page.look().table(&[
        "action",
        "client",
        "subscription",
        ">before → after",
        ">diff",
        ">why",
    ]);
    for change in listed {
        let reason = change.reason.as_str();
        let number = reasons
            .iter()
            .position(|known| *known == reason)
            .unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            });
        table.add_row([
            word(change.kind).to_owned(),
            client(change),
            short(&change.name, prefix),
            arrow(change),
            difference(change),
            (number + 1).to_string(),
        ]);
    }
    page.table(table);
    for (index, reason) in reasons.into_iter().enumerate() {
        page.line(format!("why {}: {}", index + 1, plain(reason)));
    }
}

fn difference(change: &Change) -> String {
    match i128::from(change.after) - i128::from(change.before.unwrap_or(0)) {
        0 => "0".to_owned(),
        difference => format!("{difference:+}"),
    }
}

/// The guards, and whether the plan may be applied.
pub(super) fn guards(page: &mut Page, plan: &Plan) {
    let tripped = plan.guards().iter().filter(|guard| guard.tripped).count();
    let remark = match tripped {
        0 => "all pass".to_owned(),
        tripped => format!("{tripped} tripped: not applied without a reason"),
    };
    page.heading("Guards", &remark);
    let mut table = page.look().table(&["guard", "limit", "value", "state"]);
    for guard in plan.guards() {
        table.add_row([
            guard.guard.word().to_owned(),
            plain(&guard.limit).into_owned(),
            plain(&guard.value).into_owned(),
            if guard.tripped { "TRIPPED" } else { "ok" }.to_owned(),
        ]);
    }
    page.table(table);
}
