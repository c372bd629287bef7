//! Why a count is what it is: from the vendor's units, device by device, through the rules to the number, and what of
//! the same customers was left out. Pure; works on any plan, from a file or out of the journal.

use crate::ids::{ClientId, CustomerId, Key};
use crate::memory::Memory;
use crate::period::Period;
use crate::plan::{Change, Derivation, Exception, Plan, Source};
use crate::rules::Round;
use crate::run::{ChangeRecord, Outcome};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use std::collections::BTreeSet;

/// Version of the document that [`Why`] is the body of.
pub const WHY_SCHEMA: u32 = 1;

/// Whom a question is about. Never a name: two clients may share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The PSA's client.
    Client(ClientId),
    /// The vendor's customer: every client its usage is billed to.
    Customer(CustomerId),
}

/// Everything a plan says about one client or customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The client; `None` when the plan bills the customer to none, or to several.
    pub client_id: Option<ClientId>,
    /// Its name; empty when the plan does not know it.
    pub client_name: String,
    /// The month.
    pub period: Period,
    /// Its counts, each with what led to it, by (client, name).
    pub subscriptions: Vec<Explained>,
    /// What of the same customers was not billed, and why.
    pub exceptions: Vec<Exception>,
}

/// One count with what led to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The change, with the usage and the devices behind it.
    #[serde(flatten)]
    pub change: Change,
    /// From units to count; empty where no usage stands behind the count (see the change's reason).
    pub steps: Vec<Step>,
    /// True when the steps, done over again from the usage, lead to the count. Always true where there are none.
    pub proved: bool,
    /// What became of it; `None` in a plan that was not applied, and for a count that needed no write.
    pub outcome: Option<Outcome>,
}

/// One step from units to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which step.
    pub step: StepKind,
    /// By how much: the multiplier, the free units, the minimum; `None` where the step has no such number.
    pub by: Option<Decimal>,
    /// How a fraction was rounded; `None` for other steps.
    pub round: Option<Round>,
    /// What there is after it.
    pub value: Decimal,
}

/// The steps, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The vendor's units, summed.
    Invoiced,
    /// Units of the subscription per vendor unit.
    Multiplied,
    /// What is free is taken off.
    Free,
    /// A fraction is made whole.
    Rounded,
    /// The least that is billed.
    Minimum,
    /// The count.
    Count,
}

impl StepKind {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invoiced => "invoiced",
            Self::Multiplied => "multiplied",
            Self::Free => "free",
            Self::Rounded => "rounded",
            Self::Minimum => "minimum",
            Self::Count => "count",
        }
    }
}

impl Why {
    /// True when the plan says nothing at all about the subject.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty() && self.exceptions.is_empty()
    }

    /// Adds what became of the changes in a run of the plan.
    #[must_use]
    pub fn with_outcomes(mut self, records: &[ChangeRecord]) -> Self {
        for explained in &mut self.subscriptions {
            let key = explained.change.key();
            explained.outcome = records
                .iter()
                .find(|record| record.change.key() == key)
                .map(|record| record.outcome);
        }
        self
    }
}

/// Explains the counts of a client or customer, `Keep` rows included. `service` limits it to the subscription of exactly
/// that name, to those with usage of exactly that service, or to either's name after its product (`Server` for
/// `Cove Data Protection | Server`).
///
/// `memory` tells whose subscriptions are kept, so that a count without usage, or a customer whose usage was not billed,
/// finds its client; without it, only what the plan itself says is known.
pub fn why(plan: &Plan, memory: &Memory, subject: &Subject, service: Option<&str>) -> Why {
    let scope = Scope::of(plan, memory, subject);
    let subscriptions: Vec<Explained> = plan
        .changes()
        .iter()
        .filter(|change| scope.holds(change))
        .filter(|change| service.is_none_or(|service| is_about(change, service)))
        .map(explain)
        .collect();
    let exceptions = plan
        .exceptions()
        .iter()
        .filter(|exception| {
            exception
                .customer_id
                .as_ref()
                .is_some_and(|id| scope.customers.contains(id))
        })
        .filter(|exception| {
            service.is_none_or(|service| {
                // One without a service is about all of them.
                exception
                    .service
                    .as_ref()
                    .is_none_or(|name| is_named(name.as_str(), service))
            })
        })
        .cloned()
        .collect();
    let mut clients: BTreeSet<ClientId> = subscriptions
        .iter()
        .map(|explained| explained.change.client_id)
        .collect();
    if clients.is_empty() {
        clients.clone_from(&scope.clients);
    }
    let client_id = match subject {
        Subject::Client(id) => Some(*id),
        Subject::Customer(_) if clients.len() == 1 => clients.first().copied(),
        Subject::Customer(_) => None,
    };
    let client_name = plan
        .changes()
        .iter()
        .find(|change| Some(change.client_id) == client_id)
        .map(|change| change.client_name.clone())
        .unwrap_or_default();
    Why {
        client_id,
        client_name,
        period: plan.period(),
        subscriptions,
        exceptions,
    }
}

/// The clients, customers and subscriptions a question is about.
struct Scope {
    clients: BTreeSet<ClientId>,
    customers: BTreeSet<CustomerId>,
    /// `None`: all subscriptions of the clients.
    keys: Option<BTreeSet<Key>>,
}

impl Scope {
    fn of(plan: &Plan, memory: &Memory, subject: &Subject) -> Self {
        match subject {
            Subject::Client(client) => {
                let billed = plan
                    .changes()
                    .iter()
                    .filter(|change| change.client_id == *client)
                    .flat_map(|change| &change.sources)
                    .map(|source| source.customer_id.clone());
                let kept = memory
                    .owned
                    .iter()
                    .filter(|owned| owned.key.client == *client)
                    .flat_map(|owned| owned.customers.iter().cloned());
                let decided = memory
                    .decisions
                    .iter()
                    .filter(|decision| decision.client == *client)
                    .map(|decision| decision.customer.clone());
                Self {
                    clients: BTreeSet::from([*client]),
                    customers: billed.chain(kept).chain(decided).collect(),
                    keys: None,
                }
            }
            Subject::Customer(customer) => {
                let billed = plan
                    .changes()
                    .iter()
                    .filter(|change| {
                        change
                            .sources
                            .iter()
                            .any(|source| source.customer_id == *customer)
                    })
                    .map(Change::key);
                let kept = memory
                    .owned
                    .iter()
                    .filter(|owned| owned.customers.contains(customer))
                    .map(|owned| owned.key.clone());
                let keys: BTreeSet<Key> = billed.chain(kept).collect();
                Self {
                    clients: keys.iter().map(|key| key.client).collect(),
                    customers: BTreeSet::from([customer.clone()]),
                    keys: Some(keys),
                }
            }
        }
    }

    fn holds(&self, change: &Change) -> bool {
        match &self.keys {
            None => self.clients.contains(&change.client_id),
            Some(keys) => keys.contains(&change.key()),
        }
    }
}

/// True when a change is about what was asked for: its subscription or a service behind it is called so, in whole or
/// after the product (`Server` for `Cove Data Protection | Server`).
pub fn is_about(change: &Change, service: &str) -> bool {
    is_named(&change.name, service)
        || change
            .sources
            .iter()
            .any(|source| is_named(source.service.as_str(), service))
}

/// True when a name is what was asked for, in whole or after the product.
pub fn is_named(name: &str, asked: &str) -> bool {
    let asked = asked.trim();
    name == asked
        || name
            .split_once(" | ")
            .is_some_and(|(_, after)| after == asked)
}

fn explain(change: &Change) -> Explained {
    let (steps, proved) = match &change.derivation {
        None => (Vec::new(), true),
        Some(derivation) => steps(derivation, &change.sources, change.after),
    };
    Explained {
        change: change.clone(),
        steps,
        proved,
        outcome: None,
    }
}

/// The steps, done over again, and whether they lead where the plan says.
fn steps(derivation: &Derivation, sources: &[Source], after: i64) -> (Vec<Step>, bool) {
    let Derivation {
        units,
        free,
        round,
        minimum,
        count,
    } = derivation;
    let step = |step, by, round, value: Decimal| Step {
        step,
        by,
        round,
        value: value.normalize(),
    };
    let mut steps = Vec::new();
    let invoiced = sources.iter().try_fold(Decimal::ZERO, |sum, source| {
        sum.checked_add(source.quantity)
    });
    let mut proved = invoiced.is_some();
    if let Some(invoiced) = invoiced {
        steps.push(step(StepKind::Invoiced, None, None, invoiced));
        if invoiced != *units {
            // The plan keeps no multiplier; where all parts share one, it is what leads from one sum to the other.
            let shared = units
                .checked_div(invoiced)
                .filter(|by| by.checked_mul(invoiced) == Some(*units))
                .map(|by| by.normalize());
            steps.push(step(StepKind::Multiplied, shared, None, *units));
        }
    }
    let charged = units.checked_sub(*free);
    let Some(charged) = charged else {
        return (steps, false);
    };
    if !free.is_zero() {
        steps.push(step(StepKind::Free, Some(*free), None, charged));
    }
    let strategy = match round {
        None => None,
        Some(Round::Up) => Some(RoundingStrategy::ToPositiveInfinity),
        Some(Round::Down) => Some(RoundingStrategy::ToNegativeInfinity),
        Some(Round::HalfUp) => Some(RoundingStrategy::MidpointAwayFromZero),
    };
    let mut whole = charged;
    if let Some(strategy) = strategy {
        whole = charged.round_dp_with_strategy(0, strategy);
        steps.push(step(StepKind::Rounded, None, *round, whole));
    }
    let least = Decimal::from(*minimum);
    if !units.is_zero() && whole < least {
        whole = least;
        steps.push(step(StepKind::Minimum, Some(least), None, whole));
    }
    steps.push(step(StepKind::Count, None, None, Decimal::from(*count)));
    proved = proved && whole == Decimal::from(*count) && *count == after;
    (steps, proved)
}
