//! Laws of the planner over generated worlds.

use crate::cases::{PURE, cases};
use crate::world::{World, d, line};
use billing_sync::ids::{ClientId, ContractId, CustomerId, LicenceId, ServiceName};
use billing_sync::plan::{Approval, ChangeKind, GuardName, Plan, Refusal};
use billing_sync::rules::{
    Action, Adopt, Allocation, ClientLimit, Limits, Method, Over, Round, Rule, Terms,
};
use billing_sync::target::{Standing, Subscription};
use billing_sync::usage::{ContractAmount, Finality, UnreadableUsage};
use billing_sync::{Memory, Owned};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

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

const POOL: &str = "C | Pool";

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
fn limits() -> impl Strategy<Value = Limits> {
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
    fn world()(
        clients in prop::collection::vec((prop::collection::vec(0u32..8, 0..3), prop::bool::weighted(0.9)), 1..6),
        lines in prop::collection::vec((0u32..9, 0usize..5, quantity(), 0u32..2, 0usize..3, prop::option::weighted(0.8, 0i64..9_999)), 0..20),
        records in prop::collection::vec((0i64..6, 0usize..4, 0i64..30, 0u8..8, prop::bool::ANY), 0..12),
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
        for (at, (client, service, count, standing, ours)) in (500i64..).zip(records) {
            let standing = match standing { 0 => Standing::Inactive, 1 => Standing::Deleted, 2 => Standing::OtherKind, _ => Standing::Active };
            world = world.has(at, client, SERVICES[service], count).standing(standing);
            let key = world.subscriptions.last().unwrap().key();
            if ours && owned.insert(key) {
                world = world.owned_for(&client.to_string());
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

/// The world after the plan was carried out to the letter, as the engine would remember it.
fn applied(world: &World, plan: &Plan) -> World {
    let mut after = world.clone();
    let mut next = 1000;
    let mut memory: BTreeMap<_, Owned> = world
        .memory
        .owned
        .iter()
        .map(|owned| (owned.key.clone(), owned.clone()))
        .collect();
    for change in plan.changes() {
        let id = if let Some(id) = change.licence_id {
            let record = after
                .subscriptions
                .iter_mut()
                .find(|record| record.id == id)
                .unwrap();
            record.count = change.after;
            id
        } else {
            next += 1;
            let id = LicenceId::new(next);
            after.subscriptions.push(Subscription {
                id,
                client: change.client_id,
                name: change.name.clone(),
                count: change.after,
                standing: Standing::Active,
            });
            id
        };
        if !change.sources.is_empty() {
            memory.retain(|_, owned| owned.licence != id);
            memory.insert(
                change.key(),
                Owned {
                    key: change.key(),
                    licence: id,
                    count: change.after,
                    period: plan.period(),
                    customers: change
                        .sources
                        .iter()
                        .map(|source| source.customer_id.clone())
                        .collect(),
                    contracts: change
                        .sources
                        .iter()
                        .map(|source| source.contract_id.clone())
                        .collect(),
                },
            );
        } else if let Some(owned) = memory.get_mut(&change.key()) {
            owned.count = change.after;
        }
    }
    after.memory.owned = memory.into_values().collect();
    after
}

fn writes(plan: &Plan) -> Vec<String> {
    plan.writes().map(|change| format!("{change:?}")).collect()
}

proptest! {
    #![proptest_config(cases(PURE))]

    /// Apply, then plan: nothing to do. And without the memory too, unless adoption is off.
    #[test]
    fn convergence(world in world()) {
        let plan = world.plan();
        let mut after = applied(&world, &plan);
        prop_assert_eq!(writes(&after.plan()), Vec::<String>::new());
        if after.rules.adopt == Adopt::Exact {
            after.memory = Memory::default();
            prop_assert_eq!(writes(&after.plan()), Vec::<String>::new(), "with the state file lost");
        }
    }

    /// The order of lines, records, clients and ids does not reach the plan.
    #[test]
    fn permutation_invariance(world in world(), seed in any::<u64>()) {
        let mut shuffled = world.clone();
        let mut random = seed | 1;
        let mut next = |below: usize| { random ^= random << 13; random ^= random >> 7; random ^= random << 17; usize::try_from(random % u64::try_from(below).unwrap()).unwrap() };
        for at in (1..shuffled.usage.lines.len()).rev() { shuffled.usage.lines.swap(at, next(at + 1)); }
        for at in (1..shuffled.usage.contract_amounts.len()).rev() { shuffled.usage.contract_amounts.swap(at, next(at + 1)); }
        for at in (1..shuffled.subscriptions.len()).rev() { shuffled.subscriptions.swap(at, next(at + 1)); }
        for at in (1..shuffled.clients.len()).rev() { shuffled.clients.swap(at, next(at + 1)); }
        prop_assert_eq!(world.plan(), shuffled.plan());
    }

    /// Every unit is in exactly one bucket, and what is billed is what the counts say.
    #[test]
    fn conservation(world in world()) {
        let plan = world.plan();
        let mut came_in: BTreeMap<String, Decimal> = BTreeMap::new();
        for line in &world.usage.lines {
            *came_in.entry(line.service.as_ref().map_or("", ServiceName::as_str).to_owned()).or_default() += line.quantity;
        }
        for (service, units) in came_in {
            let rows: Vec<_> = plan.ledger().rows().iter().filter(|row| row.service.as_str() == service).collect();
            prop_assert_eq!(rows.iter().map(|row| row.vendor).sum::<Decimal>(), units);
        }
        for row in plan.ledger().rows() {
            prop_assert!(row.balances(), "{:?}", row);
        }
        let unconverted = world.rules.rules.iter().all(|rule| match &rule.action {
            Action::Bill(terms) => terms.multiplier == Decimal::ONE,
            Action::Ignore { .. } => true,
        });
        if unconverted {
            let billed: Decimal = plan.ledger().rows().iter().map(|row| row.billed).sum();
            let counted: i64 = plan.changes().iter().filter(|change| !change.sources.is_empty()).map(|change| change.after).sum();
            let unrecorded: Decimal = billed - Decimal::from(counted);
            prop_assert_eq!(unrecorded, Decimal::ZERO);
        }
        let own_cost: Decimal = match world.rules.allocations.first().map(|it| &it.method) {
            Some(Method::OwnCost) => world.usage.contract_amounts.iter().map(|it| it.quantity).sum(),
            _ => Decimal::ZERO,
        };
        let charged: Decimal = world.usage.contract_amounts.iter().map(|it| it.quantity).sum();
        let pool: Decimal = plan.ledger().rows().iter().filter(|row| row.service.as_str() == POOL).map(|row| row.vendor).sum();
        prop_assert_eq!(pool, charged);
        let excepted: Decimal = own_cost + plan.exceptions().iter().filter_map(|e| e.quantity).sum::<Decimal>();
        let aside: Decimal = plan.ledger().rows().iter().map(|row| row.unmatched + row.blocked + row.contract_level).sum();
        prop_assert_eq!(excepted, aside, "what is not billed is listed");
    }

    /// Every cent is in exactly one bucket where every line has a price; where one has none, its sums say so. Contracts sum to
    /// the whole.
    #[test]
    fn conservation_of_money(world in world()) {
        let plan = world.plan();
        let amounts = || world.usage.lines.iter().map(|line| (line.quantity, line.amount))
            .chain(world.usage.contract_amounts.iter().map(|charge| (charge.quantity, charge.amount)));
        let priced = amounts().all(|(quantity, amount)| amount.is_some() || quantity.is_zero());
        if let Some(total) = &plan.money().total {
            prop_assert_eq!(total.complete, priced);
            let invoiced: Decimal = amounts().filter_map(|(_, amount)| amount).sum();
            prop_assert_eq!(total.vendor, priced.then_some(invoiced.normalize()));
            prop_assert!(total.balances());
        } else {
            prop_assert!(!priced || amounts().all(|(_, amount)| amount.is_none_or(|it| it.is_zero())));
        }
        for part in plan.ledger_by_contract() {
            prop_assert!(part.rows.balances(), "{:?}", part);
        }
        let sum = |rows: &[billing_sync::plan::LedgerRow]| rows.iter().map(|row| (row.vendor, row.billed, row.blocked)).fold((Decimal::ZERO, Decimal::ZERO, Decimal::ZERO), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
        let parts = plan.ledger_by_contract().iter().map(|part| sum(part.rows.rows())).fold((Decimal::ZERO, Decimal::ZERO, Decimal::ZERO), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
        prop_assert_eq!(parts, sum(plan.ledger().rows()));
    }

    /// A plan is approved only when no guard is tripped, or each tripped one is overridden with a reason that is recorded.
    #[test]
    fn guards_are_never_passed_silently(world in world(), limits in limits(), provisional in prop::bool::weighted(0.1), spared in any::<prop::sample::Index>()) {
        let mut world = world;
        world.rules.limits = limits;
        if provisional {
            world.usage.finality = Finality::Provisional("open".to_owned());
        }
        let plan = world.plan();
        let tripped: Vec<GuardName> = plan.guards().iter().filter(|guard| guard.tripped).map(|guard| guard.guard).collect();
        let plain = plan.clone().approve(Approval::by("test"));
        prop_assert_eq!(plain.is_ok(), tripped.is_empty());
        let all = tripped.iter().fold(Approval::by("test"), |approval, guard| approval.overriding(*guard, "seen"));
        let approved = plan.clone().approve(all).unwrap();
        prop_assert_eq!(approved.overrides().len(), tripped.len());
        if !tripped.is_empty() {
            let one = spared.index(tripped.len());
            let but_one = tripped.iter().enumerate().filter(|(at, _)| *at != one).fold(Approval::by("test"), |approval, (_, guard)| approval.overriding(*guard, "seen"));
            prop_assert!(plan.clone().approve(but_one).is_err(), "{:?} is passed", tripped[one]);
            let blank = tripped.iter().fold(Approval::by("test"), |approval, guard| approval.overriding(*guard, "  "));
            let refused = matches!(plan.approve(blank), Err(Refusal::NoReason { .. }));
            prop_assert!(refused, "an override without a reason");
        }
    }

    /// One key, one record; one record, one key; nothing made where an active one of that name is.
    #[test]
    fn no_duplicates_and_nothing_out_of_scope(world in world()) {
        let plan = world.plan();
        let mut keys = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for change in plan.changes() {
            prop_assert!(keys.insert(change.key()), "one key twice");
            if let Some(id) = change.licence_id {
                prop_assert!(ids.insert(id), "one record twice");
                let record = world.subscriptions.iter().find(|record| record.id == id).unwrap();
                prop_assert_eq!(record.standing, Standing::Active);
                prop_assert_eq!(record.client, change.client_id);
                prop_assert_eq!(Some(record.count), change.before);
            } else {
                prop_assert_eq!(change.kind, ChangeKind::Create);
                let twin = world.subscriptions.iter().any(|record| record.standing == Standing::Active && record.key() == change.key());
                prop_assert!(!twin, "a second one of that name");
            }
            let client = world.clients.iter().find(|client| client.id == change.client_id);
            if change.kind == ChangeKind::Create {
                prop_assert!(client.is_some_and(|client| client.active));
            }
        }
    }

    /// Usage that was cut off in any way never causes more removals by absence.
    #[test]
    fn less_data_never_removes_more(world in world(), cut in any::<prop::sample::Index>()) {
        let by_absence = |plan: &Plan| plan.changes().iter().filter(|change| change.kind == ChangeKind::Zero && change.sources.is_empty()).count();
        let mut partial = world.clone();
        let keep = cut.index(partial.usage.lines.len() + 1);
        partial.usage.lines.truncate(keep);
        partial.usage.completeness.gaps.push("cut off".to_owned());
        prop_assert_eq!(by_absence(&partial.plan()), 0);
        let mut provisional = world.clone();
        provisional.usage.finality = billing_sync::usage::Finality::Provisional("open".to_owned());
        prop_assert_eq!(by_absence(&provisional.plan()), 0);
        let mut unmapped = world.clone();
        for client in &mut unmapped.clients { client.vendor_ids.clear(); }
        let in_use = |owned: &Owned| world.usage.lines.iter().any(|line| {
            line.customer.as_ref().is_some_and(|customer| owned.customers.contains(customer))
                && line.service.as_ref().is_some_and(|service| world.rules.products.iter().all(|product| service.as_str().starts_with(product.as_str())))
        });
        for change in unmapped.plan().changes().iter().filter(|change| change.kind == ChangeKind::Zero) {
            let owned = world.memory.owned.iter().find(|owned| owned.key == change.key()).unwrap();
            let ignored = world.rules.rules.iter().any(|rule| matches!(rule.action, Action::Ignore { .. }));
            prop_assert!(ignored || !in_use(owned), "a lost mapping is not a cancellation");
        }
    }

    /// The document reads back as the same plan.
    #[test]
    fn documents_round_trip(world in world()) {
        let plan = world.plan();
        let text = serde_json::to_vec(&plan.to_json(false)).unwrap();
        prop_assert_eq!(Plan::from_json(&text).unwrap(), plan);
    }
}
