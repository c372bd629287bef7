//! Laws of the planner over generated worlds.

use crate::cases::{PURE, cases};
use crate::world::World;
use crate::worlds::{POOL, limits, world};
use billing_sync::ids::{CustomerId, Key, LicenceId, ServiceName};
use billing_sync::plan::{Approval, ChangeKind, GuardName, Plan, Refusal};
use billing_sync::rules::{Action, Adopt, Method, Rules};
use billing_sync::target::{Standing, Subscription};
use billing_sync::usage::{Finality, UsageLine};
use billing_sync::{Memory, Owned};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

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

/// Counts that do not fall because of what the memory knows of them.
fn held_by_memory(world: &World, plan: &Plan) -> BTreeSet<Key> {
    let owned = world.memory.owned.iter().map(|owned| owned.key.clone());
    let mut held: BTreeSet<Key> = owned.collect();
    for change in plan.changes() {
        held.remove(&change.key());
    }
    held
}

/// Whether a line is billed to whatever client its customer is.
fn is_billed(rules: &Rules, customer: &CustomerId, line: &UsageLine) -> bool {
    let Some(service) = &line.service else {
        return false;
    };
    let first = rules.rules.iter().find(|rule| {
        rule.customer.as_ref().is_none_or(|only| only == customer)
            && rule.service.as_ref().is_none_or(|only| only == service)
    });
    let ignored = first.is_some_and(|rule| matches!(rule.action, Action::Ignore { .. }));
    let mut products = rules.products.iter();
    let in_scope = products.all(|product| service.as_str().starts_with(product));
    in_scope && !ignored
}

/// Counts of which this customer had a part, and that the plan lowers.
fn lowered(world: &World, customer: &CustomerId) -> Vec<String> {
    let owned = world.memory.owned.iter();
    let had: BTreeSet<Key> = owned
        .filter(|owned| owned.customers.contains(customer))
        .map(|owned| owned.key.clone())
        .collect();
    let plan = world.plan();
    let lowered = plan
        .changes()
        .iter()
        .filter(|change| had.contains(&change.key()) && change.difference() < 0);
    lowered.map(|change| format!("{change:?}")).collect()
}

proptest! {
    #![proptest_config(cases(PURE))]

    /// Apply, then plan: nothing to do. And without the memory too, unless adoption is off; only what the memory held is not
    /// held any more.
    #[test]
    fn convergence(world in world()) {
        let plan = world.plan();
        let mut after = applied(&world, &plan);
        prop_assert_eq!(writes(&after.plan()), Vec::<String>::new());
        if after.rules.adopt == Adopt::Exact {
            let held = held_by_memory(&world, &plan);
            after.memory = Memory::default();
            for change in after.plan().writes() {
                prop_assert!(held.contains(&change.key()) && change.difference() < 0, "with the state file lost: {:?}", change);
            }
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
                let alike = |name: &str| name.to_lowercase().replace("  ", " ");
                let look_alike = world.subscriptions.iter().any(|record| record.standing == Standing::Active
                    && record.client == change.client_id
                    && alike(&record.name) == alike(&change.name)
                    && world.memory.owned.iter().all(|owned| owned.licence != record.id));
                prop_assert!(!look_alike, "one beside another that looks like it");
            }
            let client = world.clients.iter().find(|client| client.id == change.client_id);
            if change.kind == ChangeKind::Create {
                prop_assert!(client.is_some_and(|client| client.active));
            }
        }
    }

    /// Usage that was cut off in any way never causes more removals by absence; nor does a count fall because one of its
    /// customers lost its mapping, or is listed and sends nothing.
    #[test]
    fn less_data_never_removes_more(world in world(), cut in any::<prop::sample::Index>(), lost in 0u32..8) {
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
        let lost = lost.to_string();
        let customer = CustomerId::new(&lost);
        let of_lost = |line: &UsageLine| line.customer.as_ref() == Some(&customer);
        let mut unclaimed = world.clone();
        for client in &mut unclaimed.clients { client.vendor_ids.retain(|id| *id != lost); }
        if unclaimed.usage.lines.iter().any(|line| of_lost(line) && is_billed(&world.rules, &customer, line)) {
            prop_assert_eq!(lowered(&unclaimed, &customer), Vec::<String>::new(), "a lost mapping is not a cancellation");
        }
        let mut silent = world.clone();
        silent.usage.lines.retain(|line| !of_lost(line));
        silent.usage.completeness.customers_listed.insert(customer.clone());
        if !world.rules.rules.iter().any(|rule| matches!(rule.action, Action::Ignore { .. })) {
            prop_assert_eq!(lowered(&silent, &customer), Vec::<String>::new(), "who is listed and sends nothing has not left");
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
