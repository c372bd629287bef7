//! What is not as a mapping plan saw it: the ids it would write over, and the names that a person agreed to.

use crate::map::{MapAction, MapChange, MapChoice, MapPlan};
use billing_sync::ids::{Key, LicenceId};
use billing_sync::run::Drift;

/// What is not as the plan saw it. What is already as the plan wants it did not move.
pub(super) fn moved(plan: &MapPlan, fresh: &MapPlan) -> Vec<Drift> {
    let customers = plan.changes.iter().flat_map(|planned| {
        let mut now = fresh.changes.iter();
        now.find(|now| now.customer == planned.customer)
            .map(|now| of_customer(plan, planned, now))
            .unwrap_or_default()
    });
    let records = plan.choices.iter().flat_map(|planned| {
        let mut now = fresh.choices.iter();
        now.find(|now| now.key() == planned.key())
            .map(|now| of_record(planned, now))
            .unwrap_or_default()
    });
    customers.chain(records).collect()
}

fn of_customer(plan: &MapPlan, planned: &MapChange, now: &MapChange) -> Vec<Drift> {
    let at = Drift {
        key: Key {
            client: planned.client,
            name: format!("customer {}", planned.customer),
        },
        client_name: now.client_name.clone(),
        licence_id: None,
        field: String::new(),
        planned: String::new(),
        found: String::new(),
    };
    let compared = [
        ("name of the client", &planned.client_name, &now.client_name),
        (
            "name of the customer",
            &planned.customer_name,
            &now.customer_name,
        ),
        (plan.place.word(), &planned.before, &now.before),
    ];
    if now.action == MapAction::Write {
        differences(&at, compared)
    } else {
        Vec::new()
    }
}

fn of_record(planned: &MapChoice, now: &MapChoice) -> Vec<Drift> {
    let at = Drift {
        key: planned.key(),
        client_name: now.client_name.clone(),
        licence_id: Some(planned.licence),
        field: String::new(),
        planned: String::new(),
        found: String::new(),
    };
    let text = |id: Option<LicenceId>| id.map_or_else(String::new, |id| id.to_string());
    let compared = [
        ("name of the client", &planned.client_name, &now.client_name),
        ("name of the record", &planned.record_name, &now.record_name),
        ("chosen record", &text(planned.before), &text(now.before)),
    ];
    if now.action == MapAction::Write {
        differences(&at, compared)
    } else {
        Vec::new()
    }
}

fn differences<const N: usize>(at: &Drift, compared: [(&str, &String, &String); N]) -> Vec<Drift> {
    compared
        .into_iter()
        .filter(|(_, planned, found)| planned != found)
        .map(|(field, planned, found)| Drift {
            field: field.to_owned(),
            planned: planned.clone(),
            found: found.clone(),
            ..at.clone()
        })
        .collect()
}
