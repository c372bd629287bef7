//! Generated worlds for the laws of the planner, with everything that can be wrong in them.

use crate::world::{World, d, line};
use billing_sync::ids::{ClientId, ContractId, CustomerId, ServiceName};
use billing_sync::rules::{
    Action, Adopt, Allocation, ClientLimit, Limits, Method, Over, Round, Rule, Terms,
};
use billing_sync::target::Standing;
use billing_sync::usage::{ContractAmount, UnreadableUsage};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// The last looks like the first.
const RECORDS: [&str; 5] = [
    "C | Server",
    "C | VM",
    "C | GB",
    "Other | EDR",
    "c |  server",
];
const SERVICES: [&str; 5] = ["C | Server", "C | VM", "C | GB", "Other | EDR", ""];

fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => (0u32..40).prop_map(|n| n.to_string()),
        2 => (0u32..40_000).prop_map(|n| format!("{}.{:03}", n / 1000, n % 1000)),
        1 => Just("-2".to_owned()),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    (
        prop_oneof![Just(None), Just(Some("Combined".to_owned()))],
        prop_oneof![3 => Just("1"), 1 => Just("0.5"), 1 => Just("3")],
        prop_oneof![Just("0"), Just("2"), Just("0.25")],
        prop_oneof![
            Just(None),
            Just(Some(Round::Up)),
            Just(Some(Round::Down)),
            Just(Some(Round::HalfUp))
        ],
        0u32..4,
    )
        .prop_map(|(name, multiplier, free, round, minimum)| Terms {
            name,
            multiplier: d(multiplier),
            free: d(free),
            round,
            minimum,
        })
}

pub(crate) const POOL: &str = "C | Pool";

fn method() -> impl Strategy<Value = Method> {
    let over = prop_oneof![
        Just(Over::Customers),
        (0usize..3).prop_map(|at| Over::UsageOf(ServiceName::new(SERVICES[at]))),
    ];
    let round = prop_oneof![Just(None), Just(Some(Round::Up)), Just(Some(Round::Down))];
    prop_oneof![
        1 => Just(Method::OwnCost),
        3 => (over, round).prop_map(|(over, round)| Method::Divide { over, name: None, round }),
    ]
}

/// Limits of which some are always broken.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    (
        (0u32..120, 0u32..4, 0u32..4, 0u32..6, 0u32..300),
        prop::option::of(0i64..50_000),
        prop::collection::btree_map(
            0i64..6,
            (prop::option::of(0u32..200), prop::option::of(0u32..40)),
            0..3,
        ),
    )
        .prop_map(|(general, cents, clients)| {
            let (
                max_changed_percent,
                min_changed,
                max_zeroed,
                max_created,
                max_client_change_percent,
            ) = general;
            Limits {
                max_changed_percent,
                min_changed,
                max_zeroed,
                max_created,
                max_client_change_percent,
                max_money_delta: cents.map(|cents| Decimal::new(cents, 2)),
                clients: clients
                    .into_iter()
                    .map(|(client, (max_change_percent, max_count))| ClientLimit {
                        client: ClientId::new(client),
                        max_change_percent,
                        max_count,
                    })
                    .collect(),
            }
        })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let action = prop_oneof![
        4 => terms().prop_map(Action::Bill),
        1 => Just(Action::Ignore { reason: "internal".to_owned() }),
    ];
    let one = (
        prop::option::of(0u32..6),
        prop::option::of(0usize..3),
        action,
    )
        .prop_map(|(customer, service, action)| Rule {
            customer: customer.map(|id| CustomerId::new(id.to_string())),
            service: service.map(|at| ServiceName::new(SERVICES[at])),
            until: None,
            action,
        });
    prop::collection::vec(one, 0..3)
}

prop_compose! {
    pub(crate) fn world()(
        clients in prop::collection::vec((prop::collection::vec(0u32..8, 0..3), prop::bool::weighted(0.9)), 1..6),
        lines in prop::collection::vec((0u32..9, 0usize..5, quantity(), 0u32..2, 0usize..3, prop::option::weighted(0.8, 0i64..9_999)), 0..20),
        records in prop::collection::vec((0i64..6, 0usize..RECORDS.len(), 0i64..30, 0u8..8, prop::bool::ANY, prop::option::of(0u32..8)), 0..12),
        rules in rules(),
        adopt in prop::bool::weighted(0.8),
        scope in prop::bool::ANY,
        broken in prop::option::weighted(0.2, 0u32..6),
        charges in prop::collection::vec((quantity(), 0usize..2, prop::option::weighted(0.9, -500i64..2_000)), 0..4),
        method in prop::option::of(method()),
    ) -> World {
        let mut world = World::new();
        for (at, (ids, active)) in (0i64..).zip(clients) {
            world = world.client(at, "");
            let client = world.clients.last_mut().unwrap();
            client.vendor_ids = ids.iter().map(ToString::to_string).collect();
            client.active = active;
        }
        for (customer, service, quantity, contract, unit, cents) in lines {
            let customer = if customer == 8 { String::new() } else { customer.to_string() };
            let mut line = line(&customer, SERVICES[service], ["Each", "GB", ""][unit], &quantity);
            line.contract = ContractId::new(["238877", "9"][contract as usize]);
            line.amount = cents.map(|cents| Decimal::new(cents, 2));
            world.usage.lines.push(line);
        }
        world.usage.completeness.contracts_seen.insert(ContractId::new("9"));
        let mut owned = BTreeSet::new();
        for (at, (client, name, count, standing, ours, another)) in (500i64..).zip(records) {
            let standing = match standing { 0 => Standing::Inactive, 1 => Standing::Deleted, 2 => Standing::OtherKind, _ => Standing::Active };
            world = world.has(at, client, RECORDS[name], count).standing(standing);
            let key = world.subscriptions.last().unwrap().key();
            if ours && owned.insert(key) {
                world = world.owned_for(&client.to_string());
                let owned = world.memory.owned.last_mut().unwrap();
                owned.customers.extend(another.map(|it| CustomerId::new(it.to_string())));
            }
        }
        world.rules.rules = rules;
        world.rules.adopt = if adopt { Adopt::Exact } else { Adopt::Never };
        world.rules.products = if scope { vec!["C".to_owned()] } else { vec![] };
        for (quantity, contract, cents) in charges {
            world.usage.contract_amounts.push(ContractAmount {
                contract: ContractId::new(["238877", "9"][contract]),
                service: ServiceName::new(POOL),
                unit: "TB".to_owned(),
                quantity: d(&quantity),
                amount: cents.map(|cents| Decimal::new(cents, 2)),
            });
        }
        world.rules.allocations.extend(method.map(|method| Allocation {
            service: ServiceName::new(POOL),
            contract: None,
            until: None,
            method,
        }));
        if let Some(customer) = broken {
            world.usage.unreadable.push(UnreadableUsage {
                contract: None,
                customer: Some(CustomerId::new(customer.to_string())),
                detail: "broken".to_owned(),
            });
        }
        world
    }
}
