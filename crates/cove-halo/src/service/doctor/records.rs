//! What `doctor` says about records once they were read: pure, so that each finding can be tested alone.

use super::Check;
use billing_sync::rules::Rules;
use billing_sync::target::{Standing, TargetSnapshot};
use halopsa_api::FieldInfo;
use std::collections::{BTreeMap, BTreeSet};

/// Field type of text (reconstructed from the schema).
const TEXT_FIELD: i64 = 0;

pub(super) fn check_field(field: &FieldInfo) -> Check {
    const NAME: &str = "custom field";
    match field.kind {
        Some(kind) if kind != TEXT_FIELD => Check::warning(
            NAME,
            format!("{} (id {}) is not a text field", field.name, field.id),
            "a text field keeps ids as they are; other types may change them",
        ),
        _ => Check::ok(NAME, format!("{} (id {})", field.name, field.id)),
    }
}

pub(super) fn check_claims(target: &TargetSnapshot, rules: &Rules) -> Check {
    const NAME: &str = "clients";
    let mut claims: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    let mut filled = 0;
    for client in target.clients() {
        filled += usize::from(!client.vendor_ids.is_empty());
        for id in &client.vendor_ids {
            claims.entry(id).or_default().insert(client.id.get());
        }
    }
    let detail = format!("{filled} of {} have a customer id", target.clients().len());
    let blank = blank_clients(target, rules);
    let detail = if blank.is_empty() {
        detail
    } else {
        format!(
            "{detail}; blank, though with a subscription that looks synced: clients {}",
            listed(&blank)
        )
    };
    let twice: Vec<String> = claims
        .iter()
        .filter(|(_, clients)| clients.len() > 1)
        .map(|(id, clients)| {
            let clients: Vec<String> = clients.iter().map(ToString::to_string).collect();
            format!("{id} (clients {})", clients.join(" and "))
        })
        .collect();
    if !twice.is_empty() {
        Check::warning(
            NAME,
            format!("{detail}; held more than once: {}", twice.join(", ")),
            "clear the field at all clients but one: such a customer is not billed",
        )
    } else if filled == 0 {
        Check::warning(
            NAME,
            detail,
            "fill the custom field with the ClientId of the Billing API, or match by reference; `map suggest` helps",
        )
    } else if blank.is_empty() {
        Check::ok(NAME, detail)
    } else {
        Check::warning(
            NAME,
            detail,
            "`map list` shows which customers have no client; `map suggest` offers some",
        )
    }
}

/// Active clients that hold no customer id, but have an active subscription named as the rules name them.
fn blank_clients(target: &TargetSnapshot, rules: &Rules) -> BTreeSet<i64> {
    let before = rules.name.split("{service}").next().unwrap_or_default();
    let prefixes: Vec<String> = rules
        .products
        .iter()
        .map(|product| format!("{before}{product} | "))
        .collect();
    target
        .subscriptions()
        .iter()
        .filter(|record| record.standing == Standing::Active && record.count > 0)
        .filter(|record| {
            prefixes
                .iter()
                .any(|prefix| record.name.starts_with(prefix))
        })
        .filter(|record| {
            target
                .client(record.client)
                .is_some_and(|client| client.active && client.vendor_ids.is_empty())
        })
        .map(|record| record.client.get())
        .collect()
}

/// The first few, and how many more there are.
fn listed(ids: &BTreeSet<i64>) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    match ids.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

pub(super) fn check_subscriptions(target: &TargetSnapshot) -> Check {
    const NAME: &str = "subscriptions";
    if target.subscriptions().is_empty() {
        return Check::warning(
            NAME,
            "there is no subscription or licence record at all",
            "if there should be some: is the module Software Licensing on (Configuration > Asset Management), and may the API agent see it?",
        );
    }
    let mut keys: BTreeMap<(i64, &str), usize> = BTreeMap::new();
    for record in target.subscriptions() {
        if record.standing == Standing::Active {
            *keys.entry((record.client.get(), &record.name)).or_default() += 1;
        }
    }
    let active: usize = keys.values().sum();
    let detail = format!(
        "{active} active of {} records",
        target.subscriptions().len()
    );
    let twice: Vec<String> = keys
        .iter()
        .filter(|(_, count)| **count > 1)
        .map(|((client, name), count)| format!("{count} × `{name}` of client {client}"))
        .collect();
    if twice.is_empty() {
        Check::ok(NAME, detail)
    } else {
        Check::warning(
            NAME,
            format!("{detail}; of the same name: {}", twice.join(", ")),
            "keep one of each and make the others inactive, or `map choose` one: until then they are exceptions",
        )
    }
}
