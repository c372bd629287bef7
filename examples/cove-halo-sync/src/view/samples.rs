//! Plans and runs for the snapshots: made by the planner itself, with names that want to do harm.

use billing_sync::ids::{ClientId, ContractId, CustomerId, LicenceId, RunId, ServiceName};
use billing_sync::plan::{Plan, PlanInput, RequestSizes, plan};
use billing_sync::rules::{Action, Round, Rule, Rules, Terms};
use billing_sync::run::{ChangeRecord, Outcome, RunReport, RunStatus};
use billing_sync::target::{Client, CompleteList, Standing, Subscription, TargetSnapshot};
use billing_sync::usage::{Completeness, Finality, Usage, UsageLine};
use billing_sync::{Memory, Period};
use std::collections::BTreeSet;

/// A name that would change the terminal, open a spreadsheet formula and break a page.
pub(crate) const HOSTILE: &str =
    "=HYPERLINK(\"x\") \u{1b}[31m<script>\u{202e} and a tail that goes on and on and on and on";

const CONTRACT: &str = "238877";
const SERVER: &str = "Cove Data Protection | Server";
const PER_GB: &str = "Cove Data Protection | Per GB";

pub(crate) fn period() -> Period {
    Period::new(2026, 10).unwrap()
}

fn line(customer: &str, name: &str, service: &str, unit: &str, quantity: &str) -> UsageLine {
    UsageLine {
        customer: (!customer.is_empty()).then(|| CustomerId::new(customer)),
        customer_name: name.to_owned(),
        customer_reference: None,
        contract: ContractId::new(CONTRACT),
        service: Some(ServiceName::new(service)),
        unit: unit.to_owned(),
        quantity: quantity.parse().unwrap(),
        amount: None,
        device_count: 1,
        devices: Vec::new(),
    }
}

fn client(id: i64, name: &str, vendor_ids: &[&str]) -> Client {
    Client {
        id: ClientId::new(id),
        name: name.to_owned(),
        active: true,
        vendor_ids: vendor_ids.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn subscription(id: i64, client: i64, name: &str, count: i64) -> Subscription {
    Subscription {
        id: LicenceId::new(id),
        client: ClientId::new(client),
        name: name.to_owned(),
        count,
        standing: Standing::Active,
    }
}

/// A plan with a change of every kind that needs no memory, and two kinds of exceptions.
pub(crate) fn sample_plan(finality: Finality) -> Plan {
    let lines = vec![
        line("c1", "Acme Ltd", SERVER, "Each", "12"),
        line("c1", "Acme Ltd", PER_GB, "GB", "1400.407"),
        line("c2", HOSTILE, SERVER, "Each", "3"),
        line("c3", "Nobody's customer", SERVER, "Each", "2"),
        line("c3", "Nobody's customer", PER_GB, "GB", "10.5"),
        line("c4", "Twice claimed", SERVER, "Each", "1"),
        line("c5", "Right already", SERVER, "Each", "7"),
    ];
    let ids: BTreeSet<CustomerId> = lines
        .iter()
        .filter_map(|line| line.customer.clone())
        .collect();
    let contracts: BTreeSet<ContractId> = [ContractId::new(CONTRACT)].into();
    let usage = Usage {
        period: period(),
        lines,
        contract_amounts: Vec::new(),
        unreadable: Vec::new(),
        disagreements: Vec::new(),
        finality,
        completeness: Completeness {
            contracts_expected: contracts.clone(),
            contracts_seen: contracts.clone(),
            contracts_listed: contracts,
            customers_listed: ids,
            ..Completeness::default()
        },
    };
    let clients = vec![
        client(11, "Acme Ltd", &["c1"]),
        client(12, HOSTILE, &["c2"]),
        client(14, "Claims it", &["c4"]),
        client(15, "Claims it too", &["c4"]),
        client(16, "Right already", &["c5"]),
    ];
    let subscriptions = vec![
        subscription(901, 11, SERVER, 9),
        subscription(902, 16, SERVER, 7),
    ];
    let target = TargetSnapshot::new(
        CompleteList::proven(clients, 0, None).unwrap(),
        CompleteList::proven(subscriptions, 0, None).unwrap(),
        Vec::new(),
    );
    let rules = Rules {
        rules: vec![Rule {
            customer: None,
            service: Some(ServiceName::new(PER_GB)),
            until: None,
            action: Action::Bill(Terms {
                round: Some(Round::Up),
                ..Terms::default()
            }),
        }],
        ..Rules::default()
    };
    plan(PlanInput {
        usage: &usage,
        target: &target,
        rules: &rules,
        memory: &Memory::default(),
        only: None,
        read_requests: 9,
        sizes: RequestSizes::default(),
    })
}

/// A run of the sample plan in which the changes ended as given, in order.
pub(crate) fn sample_run(status: RunStatus, outcomes: &[(Outcome, &str)]) -> RunReport {
    let plan = sample_plan(Finality::Final);
    let changes = plan
        .writes()
        .zip(outcomes)
        .enumerate()
        .map(|(position, (change, (outcome, note)))| ChangeRecord {
            position,
            change: change.clone(),
            outcome: *outcome,
            written_id: change.licence_id,
            note: (*note).to_owned(),
        })
        .collect();
    RunReport {
        run_id: RunId::new("20261105-060000-a1b2c3"),
        plan_id: plan.id().clone(),
        period: period(),
        status,
        changes,
        exceptions: plan.exceptions().len(),
        adopted: 1,
    }
}
