//! What a source of usage has to keep.

use super::must;
use crate::Memory;
use crate::period::Period;
use crate::plan::{Plan, PlanInput, RequestSizes, plan};
use crate::ports::UsageSource;
use crate::rules::Rules;
use crate::target::{CompleteList, TargetSnapshot};
use crate::usage::{Usage, UsageLine};
use rust_decimal::Decimal;

/// Runs the suite on a period that has usage. Only reads.
///
/// # Panics
/// When the source does not do what the port promises.
pub async fn usage_source<S: UsageSource + ?Sized>(source: &S, period: Period) {
    let usage = must(source.fetch(period).await);
    assert_eq!(
        usage.period, period,
        "the usage is of another period than was asked for"
    );
    assert!(
        !usage.lines.is_empty(),
        "the period has no usage: run the suite on one that has"
    );
    for line in &usage.lines {
        a_line_is_whole(line, &usage);
    }
    contracts_are_accounted_for(&usage);
    every_unit_reaches_the_ledger(&usage);

    let again = must(source.fetch(period).await);
    assert_eq!(
        plan_of(&usage).inputs_digest(),
        plan_of(&again).inputs_digest(),
        "the same period read twice gives two different answers"
    );
}

fn a_line_is_whole(line: &UsageLine, usage: &Usage) {
    assert!(
        line.customer.as_ref().is_none_or(|id| !id.is_blank()),
        "a blank customer id is None, not an id: {line:?}"
    );
    assert!(
        line.service.as_ref().is_none_or(|name| !name.is_blank()),
        "a blank service is None, not a name: {line:?}"
    );
    assert!(
        usage.completeness.contracts_seen.contains(&line.contract),
        "contract {} has usage and is not among those seen",
        line.contract
    );
    assert!(
        line.device_count >= line.devices.len() as u64,
        "more devices are listed than counted: {line:?}"
    );
}

fn contracts_are_accounted_for(usage: &Usage) {
    let evidence = &usage.completeness;
    for contract in &evidence.contracts_listed {
        assert!(
            evidence.contracts_expected.contains(contract)
                || evidence.contracts_seen.contains(contract),
            "contract {contract} is listed, but neither expected nor seen"
        );
    }
    for amount in &usage.contract_amounts {
        assert!(
            evidence.contracts_seen.contains(&amount.contract),
            "contract {} has a charge and is not among those seen",
            amount.contract
        );
    }
}

fn every_unit_reaches_the_ledger(usage: &Usage) {
    let plan = plan_of(usage);
    assert!(
        plan.ledger().balances(),
        "the ledger does not add up: a quantity is out of range"
    );
    let lines = usage.lines.iter().map(|line| line.quantity);
    let amounts = usage.contract_amounts.iter().map(|amount| amount.quantity);
    let given: Decimal = lines.chain(amounts).sum();
    let booked: Decimal = plan.ledger().rows().iter().map(|row| row.vendor).sum();
    assert_eq!(booked, given, "units are missing from the ledger");
}

/// The plan for a target without clients: everything is unmatched, and nothing may be missing.
fn plan_of(usage: &Usage) -> Plan {
    let target = TargetSnapshot::new(
        must(CompleteList::proven(Vec::new(), 0, None)),
        must(CompleteList::proven(Vec::new(), 0, None)),
        Vec::new(),
    );
    plan(PlanInput {
        usage,
        target: &target,
        rules: &Rules::default(),
        memory: &Memory::default(),
        only: None,
        read_requests: 0,
        sizes: RequestSizes::default(),
    })
}
