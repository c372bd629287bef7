//! The sheet for a person: who has no client, with what is suggested, and what was decided already.

use crate::map::standing::Mapping;
use billing_sync::Decision;
use billing_sync::ids::CustomerId;
use std::collections::BTreeMap;

/// The rows of the sheet: customers without a client first, each with its suggestion if there is one, then what was
/// decided already (as `yes`, so that the sheet carries decisions to another state file).
pub fn rows(mapping: &Mapping) -> Vec<[String; 9]> {
    let suggestions = mapping.suggestions();
    let offered: BTreeMap<&CustomerId, _> = suggestions
        .offered
        .iter()
        .map(|suggestion| (&suggestion.customer, suggestion))
        .collect();
    let mut rows = Vec::new();
    for it in mapping.customers.iter().filter(|it| !it.is_matched()) {
        let standing = &it.standing;
        let mut row: [String; 9] = Default::default();
        row[0] = standing.customer.to_string();
        row[1].clone_from(&standing.name);
        if let Some(suggestion) = offered.get(&standing.customer) {
            row[2] = suggestion.client.to_string();
            row[3].clone_from(&suggestion.client_name);
            row[4] = suggestion.score.to_string();
            row[5].clone_from(&suggestion.reason);
        } else {
            let ids: Vec<String> = it.clients.iter().map(|it| it.id.to_string()).collect();
            row[5] = match ids.as_slice() {
                [] => it.detail(),
                ids => format!("{}: {}", it.detail(), ids.join(", ")),
            };
        }
        rows.push(row);
    }
    let names: BTreeMap<&CustomerId, &str> = mapping
        .customers
        .iter()
        .map(|it| (&it.standing.customer, it.standing.name.as_str()))
        .collect();
    for record in &mapping.decisions {
        let mut row: [String; 9] = Default::default();
        row[5] = match record.by.as_str() {
            "" => format!("decided at {}", record.at),
            by => format!("decided by {by} at {}", record.at),
        };
        "yes".clone_into(&mut row[6]);
        let client = match &record.decision {
            Decision::Customer(decision) => {
                row[0] = decision.customer.to_string();
                let name = names.get(&decision.customer).copied();
                name.unwrap_or_default().clone_into(&mut row[1]);
                decision.client
            }
            Decision::Subscription(choice) => {
                row[7].clone_from(&choice.key.name);
                row[8] = choice.licence.to_string();
                choice.key.client
            }
        };
        row[2] = client.to_string();
        row[3] = mapping.client(client).name;
        rows.push(row);
    }
    rows
}
