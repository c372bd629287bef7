//! The planner: usage, target, rules and memory in; one plan out. No I/O, no clock, no choice left to chance.

use super::changes::{Finished, finish};
use super::draft::Draft;
use super::lines::{self, Line};
use super::{Body, Plan, RequestSizes, digest, estimate, guards};
use crate::ids::ClientId;
use crate::memory::Memory;
use crate::rules::Rules;
use crate::target::TargetSnapshot;
use crate::usage::Usage;
use serde::Serialize;

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// What the vendor invoiced.
    pub usage: &'a Usage,
    /// What the target holds.
    pub target: &'a TargetSnapshot,
    /// What the MSP decided.
    pub rules: &'a Rules,
    /// What earlier runs left.
    pub memory: &'a Memory,
    /// Limits the plan to one client. Units of others are booked as ignored, their records stay as they are, and the
    /// exceptions are that client's alone.
    pub only: Option<ClientId>,
    /// Requests that reading took.
    pub read_requests: u64,
    /// What fits into one request, for the estimate.
    pub sizes: RequestSizes,
}

/// What the inputs digest covers. The order of lines and records does not reach it.
#[derive(Serialize)]
struct Inputs<'a> {
    lines: &'a [Line<'a>],
    finality: &'a crate::usage::Finality,
    completeness: &'a crate::usage::Completeness,
    contract_amounts: Vec<(&'a str, &'a str, &'a str, String, Option<String>)>,
    unreadable: Vec<String>,
    clients: &'a [crate::target::Client],
    subscriptions: &'a [crate::target::Subscription],
    memory: &'a Memory,
    only: Option<ClientId>,
}

/// Makes the plan. Pure, total and deterministic: the same inputs in any order give the same plan with the same id.
///
/// ```
/// use billing_sync::plan::{PlanInput, RequestSizes, plan};
/// # use billing_sync::{Memory, rules::Rules, target::{CompleteList, TargetSnapshot}, usage::*};
/// # let usage = Usage { period: "202610".parse()?, lines: vec![], contract_amounts: vec![], unreadable: vec![],
/// #     disagreements: vec![], finality: Finality::Final, completeness: Completeness::default() };
/// # let target = TargetSnapshot::new(CompleteList::proven(vec![], 0, None)?, CompleteList::proven(vec![], 0, None)?, vec![]);
/// let made = plan(PlanInput {
///     usage: &usage,
///     target: &target,
///     rules: &Rules::default(),
///     memory: &Memory::default(),
///     only: None,
///     read_requests: 4,
///     sizes: RequestSizes::default(),
/// });
/// // An empty source is never "nothing to do": a guard says so.
/// assert!(made.guards().iter().any(|guard| guard.tripped));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan(input: PlanInput<'_>) -> Plan {
    let lines = lines::canonical(input.usage);
    let inputs_digest = digest::of(&inputs(&input, &lines));
    let unplaced = input
        .target
        .unreadable()
        .iter()
        .filter(|record| record.client.is_none())
        .count();

    let mut draft = Draft::new(&input, &lines);
    draft.note_unreadable(&lines);
    for line in lines {
        draft.take(line);
    }
    draft.block_incomplete();
    draft.take_contract_amounts();
    let Finished {
        mut changes,
        mut exceptions,
        books,
    } = finish(draft);
    changes.sort_by(|a, b| (a.client_id, &a.name).cmp(&(b.client_id, &b.name)));
    exceptions.sort_by(|a, b| {
        (a.kind, &a.customer_id, &a.service, &a.detail).cmp(&(
            b.kind,
            &b.customer_id,
            &b.service,
            &b.detail,
        ))
    });

    let guards = guards::measure(&input, &changes, &books.ledger, unplaced);
    let requests = estimate(&changes, input.target, input.sizes, input.read_requests);
    Plan::seal(Body {
        period: input.usage.period,
        finality: input.usage.finality.clone(),
        gaps: input.usage.problems(),
        rules_digest: input.rules.digest(),
        inputs_digest,
        changes,
        exceptions,
        ledger: books.ledger,
        ledger_by_contract: books.by_contract,
        money: books.money,
        guards,
        subject: String::new(),
        only: input.only,
        requests,
    })
}

fn inputs<'a>(input: &PlanInput<'a>, lines: &'a [Line<'a>]) -> Inputs<'a> {
    let usage = input.usage;
    let mut contract_amounts: Vec<_> = usage
        .contract_amounts
        .iter()
        .map(|amount| {
            let quantity = amount.quantity.normalize().to_string();
            (
                amount.contract.as_str(),
                amount.service.as_str(),
                amount.unit.as_str(),
                quantity,
                amount.amount.map(|amount| amount.normalize().to_string()),
            )
        })
        .collect();
    contract_amounts.sort();
    let mut unreadable: Vec<String> = usage
        .unreadable
        .iter()
        .map(|record| {
            format!(
                "{:?} {:?} {}",
                record.contract, record.customer, record.detail
            )
        })
        .chain(
            input
                .target
                .unreadable()
                .iter()
                .map(|record| format!("{:?} {}", record.client, record.detail)),
        )
        .chain(
            usage
                .disagreements
                .iter()
                .map(|d| format!("{:?}", (&d.customer, &d.contract, &d.service))),
        )
        .collect();
    unreadable.sort();
    Inputs {
        lines,
        finality: &usage.finality,
        completeness: &usage.completeness,
        contract_amounts,
        unreadable,
        clients: input.target.clients(),
        subscriptions: input.target.subscriptions(),
        memory: input.memory,
        only: input.only,
    }
}

impl Rules {
    /// Digest of these rules. A plan made under other rules is refused.
    pub fn digest(&self) -> String {
        digest::of(self)
    }
}
