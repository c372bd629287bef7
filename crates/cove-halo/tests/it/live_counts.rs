//! A month booked from live counts, for a reason, judged by the sandbox's own tree of customers and devices.

use crate::harness::{Bench, approval, october};
use crate::sources::live_service;
use sandbox::{Account, DeviceKind, Partner};
use std::collections::{BTreeMap, BTreeSet};

const WORKSTATION: &str = "Cove Data Protection | Workstation";

/// What the tree has of one end customer in production.
#[derive(Debug, Default)]
struct Counted {
    workstations: i64,
    /// It has a device that belongs to no class, so nothing of it is written.
    unclear: bool,
}

/// The customer that pays for a device; `None` when nobody does.
fn payer(partners: &BTreeMap<u64, Partner>, device: &Account) -> Option<u64> {
    let mut chain = Vec::new();
    let mut next = partners.get(&device.partner_id);
    while let Some(partner) = next {
        chain.push(partner);
        next = partners.get(&partner.parent_id);
    }
    if chain.iter().any(|one| one.name.ends_with("- Recycle Bin")) {
        return None;
    }
    let end = chain.iter().position(|one| one.level == "EndCustomer")?;
    let in_production = chain[..=end].iter().all(|one| one.state == "InProduction");
    in_production.then_some(chain[end].id)
}

fn tree(bench: &Bench) -> BTreeMap<u64, Counted> {
    let partners = bench.sandbox.partners().into_iter();
    let partners: BTreeMap<u64, Partner> = partners.map(|one| (one.id, one)).collect();
    let mut tree: BTreeMap<u64, Counted> = BTreeMap::new();
    for device in bench.sandbox.accounts() {
        if device.removed.is_some() {
            continue;
        }
        let Some(payer) = payer(&partners, &device) else {
            continue;
        };
        let counted = tree.entry(payer).or_default();
        match device.kind {
            DeviceKind::Workstation => counted.workstations += 1,
            DeviceKind::UndefinedServer
            | DeviceKind::UnknownServer
            | DeviceKind::NeverInstalled => counted.unclear = true,
            _ => {}
        }
    }
    tree
}

/// Name and count of a client's live subscriptions.
fn subscriptions(bench: &Bench, client: i64) -> Vec<(String, i64)> {
    let all = bench.sandbox.subscriptions().into_iter();
    let own =
        all.filter(|one| one.client_id == client && one.kind == 1 && one.is_active && !one.deleted);
    let mut own: Vec<_> = own.map(|one| (one.name, one.count)).collect();
    own.sort();
    own
}

/// Active clients by the one vendor id that each of them, and nobody else, has.
fn clients(bench: &Bench) -> BTreeMap<u64, i64> {
    let mut claims: BTreeMap<u64, BTreeSet<i64>> = BTreeMap::new();
    for client in bench.sandbox.clients() {
        let id = client.cove_id.and_then(|text| text.trim().parse().ok());
        if let (Some(id), false) = (id, client.inactive) {
            claims.entry(id).or_default().insert(client.id);
        }
    }
    let alone = claims.into_iter().filter(|(_, clients)| clients.len() == 1);
    alone
        .filter_map(|(id, clients)| Some((id, clients.into_iter().next()?)))
        .collect()
}

#[tokio::test]
async fn what_is_let_through_for_a_reason_is_what_the_tree_has() {
    const REASON: &str = "the invoice is late";
    let bench = Bench::new().await;
    let service = live_service(&bench, "");
    let (tree, clients) = (tree(&bench), clients(&bench));
    let before: BTreeMap<i64, _> = clients
        .values()
        .map(|client| (*client, subscriptions(&bench, *client)))
        .collect();

    let plan = service.plan(&october()).await.unwrap();
    let tripped = plan.guards().iter().filter(|guard| guard.tripped);
    let approval = tripped.fold(approval(), |approval, guard| {
        approval.overriding(guard.guard, REASON)
    });
    let outcome = service.apply(plan, approval).await.unwrap();
    let run = &outcome.report.run_id;
    let run = service.history_of(run).await.unwrap().unwrap();
    assert_eq!(run.overrides["finality"], REASON);

    let (mut counted, mut held) = (0, 0);
    for (id, client) in &clients {
        let Some(truth) = tree.get(id) else { continue };
        let now = subscriptions(&bench, *client);
        if truth.unclear {
            assert_eq!(now, before[client], "nothing of client {client} is written");
            held += 1;
        } else if truth.workstations > 0 {
            let named = now.iter().filter(|one| one.0 == WORKSTATION);
            let counts: Vec<i64> = named.map(|one| one.1).collect();
            assert_eq!(counts, [truth.workstations], "client {client}");
            counted += 1;
        }
    }
    assert!(counted > 20 && held > 0, "{counted} {held}");

    let again = service.plan(&october()).await.unwrap();
    assert_eq!(again.writes().count(), 0, "the counts are booked");
}
