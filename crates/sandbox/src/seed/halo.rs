//! The Halo that a sync finds: clients that people typed in, and licences that the runbook and others left.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

use super::usage::SERVER;
use super::{Customer, OddityKind};
use crate::judge;
use crate::world::psa::{Form, Psa};
use crate::world::{World, vendor};

const UNRELATED: [&str; 4] = [
    "Microsoft 365 Business Premium",
    "Managed Firewall",
    "Cove Data Protection | Server (legacy)",
    "Endpoint Protection",
];
const RUNBOOK_NOTE: &str = "Cove Usage Billing Sync";
/// At most so many customers have no subscription at all, so that a large world stays below the guard on created records.
const MOST_BARE: usize = 80;
/// Enough that even the default world does not fit on one page of 100 clients.
const MORE_UNRELATED: usize = 16;

/// Adds the clients of the customers, and more than as many that use no backup.
pub(super) fn add_clients(rng: &mut Rng, psa: &mut Psa, customers: &mut [Customer]) {
    let count = customers.len();
    let mut namesakes = 0;
    for (index, customer) in customers.iter_mut().enumerate() {
        let id = Value::from(customer.id.clone());
        let mut claim = |psa: &mut Psa, name: &str, value: Value| {
            let client = psa.add_client(name, value);
            customer.client_ids.push(client);
            client
        };
        match customer.oddity {
            Some(OddityKind::NoClient) => {
                if namesakes == 0 {
                    psa.add_client(&customer.name, Value::Null);
                }
                namesakes += 1;
            }
            Some(OddityKind::BlankId) => {
                psa.add_client(&customer.name, Value::from(""));
            }
            Some(OddityKind::TwoClients) => {
                claim(psa, &customer.name, id.clone());
                claim(psa, &format!("{} (old)", customer.name), id);
            }
            Some(OddityKind::InactiveClient) => {
                let client = claim(psa, &customer.name, id);
                if let Some(record) = psa.clients.get_mut(&client) {
                    record.inactive = true;
                }
            }
            Some(OddityKind::SpacedField) => {
                claim(
                    psa,
                    &customer.name,
                    Value::from(format!("  {} ", customer.id)),
                );
            }
            Some(OddityKind::NumericField) => {
                claim(
                    psa,
                    &customer.name,
                    customer.id.parse::<u64>().map_or(id, Value::from),
                );
            }
            _ => {
                claim(psa, &spelling(rng, &customer.name), id);
            }
        }
        if let [client] = customer.client_ids[..] {
            customer.reference = match rng.u8(0..4) {
                0 => format!("HALO:{client}"),
                1 => client.to_string(),
                _ => String::new(),
            };
        }
        add_unrelated(rng, psa, count + index);
    }
    for extra in 0..MORE_UNRELATED {
        add_unrelated(rng, psa, 2 * count + extra);
    }
}

/// A client that uses no backup.
fn add_unrelated(rng: &mut Rng, psa: &mut Psa, index: usize) {
    let field = if rng.bool() {
        Value::Null
    } else {
        Value::from("")
    };
    let client = psa.add_client(&super::names::company(index), field);
    if let Some(record) = psa.clients.get_mut(&client) {
        record.inactive = rng.u8(0..20) == 0;
        record.ignore = true;
    }
}

/// People do not always write a company's name as the vendor has it.
fn spelling(rng: &mut Rng, name: &str) -> String {
    match (rng.u8(0..6), name.strip_suffix(" Ltd")) {
        (0..=2, Some(stem)) => format!("{stem} Limited"),
        _ => name.to_owned(),
    }
}

/// Adds what the runbook created, a quarter of it stale, and what a sync must never touch.
pub(super) fn add_licences(rng: &mut Rng, world: &mut World, customers: &[Customer], period: u32) {
    let rights = right_counts(world, period);
    let mut existing = 0_usize;
    let mut plain = 0_usize;
    for customer in customers {
        let Some(client) = customer.client_ids.first() else {
            continue;
        };
        if rng.u8(0..3) == 0 {
            let name = rng.choice(UNRELATED).unwrap_or_default();
            world
                .psa
                .plant(Form::subscription(*client, name), rng.i64(1..40), "");
        }
        let bare = match customer.oddity {
            Some(OddityKind::Newcomer) => true,
            Some(_) => false,
            None => {
                plain += 1;
                plain.is_multiple_of(4) && plain / 4 <= MOST_BARE
            }
        };
        let none = BTreeMap::new();
        for (service, count) in rights.get(client).filter(|_| !bare).unwrap_or(&none) {
            let form = Form::subscription(*client, service);
            let odd = customer.oddity.filter(|_| service == SERVER);
            let form = match odd {
                Some(OddityKind::SameNameSoftwareLicence) => Form { kind: 0, ..form },
                Some(OddityKind::SameNameInactive) => Form {
                    is_active: false,
                    ..form
                },
                Some(OddityKind::SameNameDeleted) => Form {
                    deleted: true,
                    ..form
                },
                _ => form,
            };
            if odd == Some(OddityKind::DuplicateSubscription) {
                world.psa.plant(form.clone(), *count, RUNBOOK_NOTE);
            }
            let may_age = may_be_outdated(customer.oddity);
            existing += usize::from(may_age);
            let stale = may_age && existing.is_multiple_of(4);
            let count = if stale { outdated(*count) } else { *count };
            world.psa.plant(form, count, RUNBOOK_NOTE);
        }
    }
    for client in world
        .psa
        .clients
        .values()
        .filter(|client| client.ignore)
        .map(|c| c.id)
        .collect::<Vec<_>>()
    {
        if rng.bool() {
            let name = rng.choice(UNRELATED).unwrap_or_default();
            let kind = i64::from(rng.u8(0..5) > 0);
            let form = Form {
                kind,
                ..Form::subscription(client, name)
            };
            world.psa.plant(form, rng.i64(1..40), "");
        }
    }
}

/// Where the oddity is about something else, a stale count would blur it.
fn may_be_outdated(oddity: Option<OddityKind>) -> bool {
    !matches!(
        oddity,
        Some(
            OddityKind::TwoClients
                | OddityKind::InactiveClient
                | OddityKind::DuplicateSubscription
                | OddityKind::SameNameSoftwareLicence
                | OddityKind::SameNameInactive
                | OddityKind::SameNameDeleted
                | OddityKind::Departed
        )
    )
}

/// A count of some months ago: near enough that no guard on a client's total trips.
fn outdated(count: i64) -> i64 {
    if count <= 2 {
        count + 1
    } else {
        count - (count / 10).max(1)
    }
}

/// The counts of the seeded month by client and service; of the month before where the customer has left. The inactive
/// client and the first of two claimants have theirs too.
fn right_counts(world: &World, period: u32) -> BTreeMap<i64, BTreeMap<String, i64>> {
    let mut rights: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    let expected = judge::judge(world, period);
    let before = judge::judge(world, crate::period::previous(period));
    let departed = expected.departed.iter().filter_map(|gone| {
        before
            .subscriptions
            .iter()
            .find(|old| (old.client_id, &old.name) == (gone.client_id, &gone.name))
    });
    for right in expected.subscriptions.iter().chain(departed) {
        rights
            .entry(right.client_id)
            .or_default()
            .insert(right.name.clone(), right.count);
    }
    for blocked in expected
        .exceptions
        .iter()
        .filter(|e| e.kind.ends_with("_client") || e.kind == "ambiguous_customer")
    {
        let claimant = world.psa.clients.values().find(|client| {
            client.cove_text().is_some_and(|text| {
                text.trim() == blocked.customer_id && !blocked.customer_id.is_empty()
            })
        });
        if let (Some(client), true) = (claimant, blocked.service.starts_with(vendor::PRODUCT)) {
            rights
                .entry(client.id)
                .or_default()
                .insert(blocked.service.clone(), 1);
        }
    }
    rights
}
