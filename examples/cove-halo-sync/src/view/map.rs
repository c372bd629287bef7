//! Mappings: who is which client, what is suggested, and what would be or was written.

use super::rows::sheet;
use super::{Look, Page};
use crate::failure::Failure;
use crate::text::{count, plain};
use cove_halo::map::sheet::COLUMNS;
use cove_halo::map::{MapAction, MapPlace, MapPlan, Mapping, Suggestions};
use cove_halo::{MapOutcome, MapWritten};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The sheet for the review, as a document: `{"schema", "rows": [{"customer_id", …}]}`.
pub(crate) fn sheet_document(rows: &[[String; 9]]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let cells = COLUMNS.iter().zip(row);
            cells
                .map(|(column, cell)| ((*column).to_owned(), json!(cell)))
                .collect::<Map<_, _>>()
                .into()
        })
        .collect();
    json!({"schema": 1, "rows": rows})
}

/// The page of where every customer stands.
pub(crate) fn list(mapping: &Mapping, look: Look) -> String {
    let mut page = Page::new(look);
    let total = count(mapping.customers.len(), "customer", "customers");
    let open = mapping.open();
    let line = format!(
        "{total} with usage in {}, {open} without a client",
        mapping.period
    );
    page.line(if open == 0 {
        look.good(&line)
    } else {
        look.warning(&line)
    });
    if !mapping.customers.is_empty() {
        page.gap();
        let mut table = look.table(&["state", "customer", "client", "why"]);
        for it in &mapping.customers {
            let clients: Vec<String> = it
                .clients
                .iter()
                .map(|client| named(&client.name, &client.id.to_string()))
                .collect();
            let standing = &it.standing;
            table.add_row([
                it.word().to_owned(),
                named(&standing.name, standing.customer.as_str()),
                clients.join(", "),
                plain(&it.detail()).into_owned(),
            ]);
        }
        page.table(table);
    }
    if !mapping.records.is_empty() {
        page.gap();
        page.heading(
            "Several records of one name",
            "`map choose LICENCE` keeps the count on one of them",
        );
        let mut table = look.table(&["client", "subscription", "licence (count)", "chosen"]);
        for it in &mapping.records {
            let records: Vec<String> = it
                .records
                .iter()
                .map(|record| format!("{} ({})", record.id, record.count))
                .collect();
            table.add_row([
                named(&it.client.name, &it.client.id.to_string()),
                plain(&it.name).into_owned(),
                records.join(", "),
                it.chosen.map_or_else(String::new, |id| id.to_string()),
            ]);
        }
        page.table(table);
    }
    page.gap();
    page.line("nothing was written");
    page.finish()
}

/// The page of suggestions.
pub(crate) fn suggestions(mapping: &Mapping, found: &Suggestions, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(format!(
        "{} without a client; {} suggested by name, none applied",
        count(mapping.open(), "customer", "customers"),
        found.offered.len()
    ));
    if !found.offered.is_empty() {
        page.gap();
        let mut table = look.table(&[">score", "customer", "client", "why"]);
        for it in &found.offered {
            table.add_row([
                it.score.to_string(),
                named(&it.customer_name, it.customer.as_str()),
                named(&it.client_name, &it.client.to_string()),
                plain(&it.reason).into_owned(),
            ]);
        }
        page.table(table);
    }
    if !found.ties.is_empty() {
        page.gap();
        page.heading("Alike in the same degree", "a name cannot tell them apart");
        for tie in &found.ties {
            let customers: Vec<String> = tie
                .customers
                .iter()
                .map(|(id, name)| named(name, id.as_str()))
                .collect();
            let clients: Vec<String> = tie
                .clients
                .iter()
                .map(|(id, name)| named(name, &id.to_string()))
                .collect();
            page.line(format!("{} - {}", customers.join(", "), clients.join(", ")));
        }
    }
    page.finish()
}

/// Where it is kept: choices of a record are in the state file, wherever customers are matched.
fn place(plan: &MapPlan) -> MapPlace {
    if plan.writes().next().is_none() && plan.chosen().next().is_some() {
        MapPlace::State
    } else {
        plan.place
    }
}

/// The page of a mapping plan, before it is written.
pub(crate) fn plan(plan: &MapPlan, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading("Mapping", place(plan).word());
    if plan.write_count() == 0 {
        page.line("nothing to write: everything is there already");
        return page.finish();
    }
    if plan.writes().next().is_some() {
        let mut table = look.table(&["customer", "client", "before", "after"]);
        for change in plan.writes() {
            table.add_row([
                named(&change.customer_name, change.customer.as_str()),
                named(&change.client_name, &change.client.to_string()),
                or_dash(&change.before),
                plain(&change.after).into_owned(),
            ]);
        }
        page.table(table);
    }
    if plan.chosen().next().is_some() {
        page.gap();
        page.heading("Records", "kept in the state file");
        let mut table = look.table(&["client", "count of", "before", "after"]);
        for choice in plan.chosen() {
            table.add_row([
                named(&choice.client_name, &choice.client.to_string()),
                plain(&choice.name).into_owned(),
                or_dash(&choice.before.map_or_else(String::new, |id| id.to_string())),
                format!("{} {}", choice.licence, plain(&choice.record_name)),
            ]);
        }
        page.table(table);
    }
    page.finish()
}

/// The page of what was written.
pub(crate) fn outcome(outcome: &MapOutcome, look: Look) -> String {
    let mut page = Page::new(look);
    let number = |written| outcome.count(written);
    let failed = number(MapWritten::Failed) + number(MapWritten::NotBegun);
    let unknown = number(MapWritten::Unknown);
    let line = format!(
        "{} written, {} there already, {failed} failed, {unknown} unknown ({})",
        number(MapWritten::Written),
        number(MapWritten::Nothing),
        place(&outcome.plan).word()
    );
    page.line(if failed + unknown == 0 {
        look.good(&line)
    } else {
        look.bad(&line)
    });
    page.line(super::run::requests_line(&outcome.requests));
    let odd: Vec<_> = outcome
        .results
        .iter()
        .filter(|result| !matches!(result.outcome, MapWritten::Written | MapWritten::Nothing))
        .collect();
    if !odd.is_empty() {
        page.gap();
        let mut table = look.table(&["outcome", "customer", "client", "why"]);
        for result in odd {
            let change = &result.change;
            table.add_row([
                result.outcome.word().to_owned(),
                named(&change.customer_name, change.customer.as_str()),
                named(&change.client_name, &change.client.to_string()),
                plain(&result.note).into_owned(),
            ]);
        }
        page.table(table);
    }
    page.finish()
}

/// The document of a mapping plan: what its file holds.
pub(crate) fn plan_document(plan: &MapPlan) -> Result<Value, Failure> {
    serde_json::to_value(plan)
        .map_err(|error| Failure::new(format!("cannot write the mapping plan: {error}")))
}

/// Customers, one a row.
pub(crate) fn customers(mapping: &Mapping) -> csv::Result<String> {
    sheet(
        &[
            "state",
            "customer_id",
            "customer_name",
            "client_id",
            "client_name",
            "detail",
        ],
        mapping.customers.iter().map(|it| {
            let of = |text: fn(&cove_halo::map::ClientName) -> String| -> String {
                let all: Vec<String> = it.clients.iter().map(text).collect();
                all.join("; ")
            };
            vec![
                it.word().to_owned(),
                it.standing.customer.to_string(),
                it.standing.name.clone(),
                of(|client| client.id.to_string()),
                of(|client| client.name.clone()),
                it.detail(),
            ]
        }),
    )
}

/// Suggestions, one a row.
pub(crate) fn suggested(found: &Suggestions) -> csv::Result<String> {
    sheet(
        &[
            "customer_id",
            "customer_name",
            "client_id",
            "client_name",
            "score",
            "reason",
        ],
        found.offered.iter().map(|it| {
            vec![
                it.customer.to_string(),
                it.customer_name.clone(),
                it.client.to_string(),
                it.client_name.clone(),
                it.score.to_string(),
                it.reason.clone(),
            ]
        }),
    )
}

const CHANGE: [&str; 8] = [
    "customer_id",
    "customer_name",
    "client_id",
    "client_name",
    "subscription",
    "before",
    "after",
    "outcome",
];

/// A mapping plan, one a row.
pub(crate) fn changes(plan: &MapPlan) -> csv::Result<String> {
    sheet(&CHANGE, rows(plan, None).into_iter())
}

/// What was written, one a row.
pub(crate) fn results(outcome: &MapOutcome) -> csv::Result<String> {
    let outcomes = outcome
        .results
        .iter()
        .map(|result| (result.change.customer.as_str(), result.outcome.word()))
        .collect();
    sheet(&CHANGE, rows(&outcome.plan, Some(&outcomes)).into_iter())
}

/// Without outcomes, what each needs stands in their place.
fn rows(plan: &MapPlan, outcomes: Option<&BTreeMap<&str, &str>>) -> Vec<Vec<String>> {
    let outcome = |action: MapAction, customer: Option<&str>| {
        let known = customer.and_then(|customer| outcomes?.get(customer));
        let word = match (known, action) {
            (Some(outcome), _) => outcome,
            (None, MapAction::Nothing) => MapWritten::Nothing.word(),
            (None, MapAction::Write) if outcomes.is_none() => "to write",
            // Choices are kept together, or the whole was refused.
            (None, MapAction::Write) => MapWritten::Written.word(),
        };
        word.to_owned()
    };
    let customers = plan.changes.iter().map(|change| {
        vec![
            change.customer.to_string(),
            change.customer_name.clone(),
            change.client.to_string(),
            change.client_name.clone(),
            String::new(),
            change.before.clone(),
            change.after.clone(),
            outcome(change.action, Some(change.customer.as_str())),
        ]
    });
    let choices = plan.choices.iter().map(|choice| {
        vec![
            String::new(),
            String::new(),
            choice.client.to_string(),
            choice.client_name.clone(),
            choice.name.clone(),
            choice.before.map_or_else(String::new, |id| id.to_string()),
            choice.licence.to_string(),
            outcome(choice.action, None),
        ]
    });
    customers.chain(choices).collect()
}

fn named(name: &str, id: &str) -> String {
    match (plain(name), id) {
        (name, "") => name.into_owned(),
        (name, id) => format!("{name} ({})", plain(id)),
    }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        plain(text).into_owned()
    }
}
