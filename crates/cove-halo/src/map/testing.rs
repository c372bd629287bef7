//! A small mapping for the tests of this module.

use super::Mapping;
use billing_sync::ids::{ClientId, ContractId, LicenceId, ServiceName};
use billing_sync::rules::{MatchBy, Rules};
use billing_sync::target::{Client, CompleteList, Standing, Subscription, TargetSnapshot};
use billing_sync::usage::{Completeness, Finality, Usage, UsageLine};
use billing_sync::{Decision, DecisionRecord, MappingDecision};
use billing_sync::{Memory, plan};
use rust_decimal::Decimal;

/// Clients: 10 free, 11 holds `known`, 12 inactive, 13 free but decided for `decided`, 14 free with two records of a name.
/// Customers: `new`, `newer`, `known`, `decided`, and one without an id.
pub(super) fn mapping() -> Mapping {
    make(
        &[
            ("new", "New Ltd", ""),
            ("newer", "Newer & Sons", ""),
            ("known", "Known Co", ""),
            ("decided", "Decided Inc", ""),
            ("", "Nameless", ""),
        ],
        &Rules::default(),
    )
}

/// Customers with references: `none`, `text` (`PSA-7`), `bare` (`10`), `labelled` (`HALO:10`).
pub(super) fn mapping_by_reference() -> Mapping {
    make(
        &[
            ("none", "None", ""),
            ("text", "Text", "PSA-7"),
            ("bare", "Bare", "10"),
            ("labelled", "Labelled", "HALO:10"),
        ],
        &Rules {
            match_by: MatchBy::CustomerReference,
            ..Rules::default()
        },
    )
}

fn make(customers: &[(&str, &str, &str)], rules: &Rules) -> Mapping {
    let lines = customers
        .iter()
        .map(|(id, name, reference)| UsageLine {
            customer: (!id.is_empty()).then(|| (*id).into()),
            customer_name: (*name).to_owned(),
            customer_reference: Some((*reference).to_owned()),
            contract: ContractId::new("1"),
            service: Some(ServiceName::new("Server")),
            unit: String::new(),
            quantity: Decimal::ONE,
            amount: None,
            device_count: 1,
            devices: Vec::new(),
        })
        .collect();
    let usage = Usage {
        period: "202610".parse().unwrap(),
        lines,
        contract_amounts: Vec::new(),
        unreadable: Vec::new(),
        disagreements: Vec::new(),
        finality: Finality::Final,
        completeness: Completeness::default(),
    };
    let client = |id, name: &str, held: &str, active| Client {
        id: ClientId::new(id),
        name: name.to_owned(),
        active,
        vendor_ids: [held]
            .into_iter()
            .filter(|held| !held.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let clients = vec![
        client(10, "NEW Limited", "", true),
        client(11, "Known Co", "known", true),
        client(12, "Asleep Ltd", "", false),
        client(13, "Decided", "", true),
        client(14, "=Newer and Sons", "", true),
    ];
    let record = |id, client| Subscription {
        id: LicenceId::new(id),
        client: ClientId::new(client),
        name: "Server".to_owned(),
        count: id - 900,
        standing: Standing::Active,
    };
    let records = vec![
        record(901, 11),
        record(902, 11),
        record(903, 14),
        record(904, 14),
    ];
    let target = TargetSnapshot::new(
        CompleteList::proven(clients, 0, None).unwrap(),
        CompleteList::proven(records, 0, None).unwrap(),
        Vec::new(),
    );
    let decision = MappingDecision {
        customer: "decided".into(),
        client: ClientId::new(13),
    };
    let memory = Memory {
        decisions: vec![decision.clone()],
        ..Memory::default()
    };
    let standings = plan::customers(&usage, &target, rules, &memory);
    let decisions = vec![DecisionRecord {
        decision: Decision::Customer(decision),
        by: "ann".to_owned(),
        at: "2026-11-01T00:00:00Z".to_owned(),
    }];
    Mapping::new(
        "account A and tenant T".to_owned(),
        usage.period,
        standings,
        target,
        memory,
        decisions,
    )
}
