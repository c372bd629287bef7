//! Whom a plan for one client is about, so that it speaks of nobody else's exceptions.

use super::PlanInput;
use super::lines::Line;
use super::matching::{Match, Matcher};
use crate::ids::{ClientId, CustomerId};
use std::collections::BTreeSet;

/// The customers a plan is about; everybody when it is not limited to a client.
#[derive(Debug)]
pub(super) struct Scope(Option<Limit>);

#[derive(Debug)]
struct Limit {
    client: ClientId,
    customers: BTreeSet<CustomerId>,
}

impl Scope {
    /// The customers of the client that the plan is limited to: those it claims, those that lead to it, also where that
    /// is not clear, and those whose usage was billed to it before.
    pub(super) fn of(input: &PlanInput<'_>, matcher: &Matcher<'_>, lines: &[Line<'_>]) -> Self {
        let Some(client) = input.only else {
            return Self(None);
        };
        let leads_to_it = |line: &&Line<'_>| match matcher.find(line) {
            Match::Client(found) | Match::Inactive(found) => found.id == client,
            Match::Ambiguous(found) => found.iter().any(|found| found.id == client),
            Match::None(_) => false,
        };
        let claimed = input.target.client(client).into_iter();
        let before = input.memory.owned.iter();
        let decided = input.memory.decisions.iter();
        let customers = claimed
            .flat_map(|found| &found.vendor_ids)
            .map(CustomerId::new)
            .chain(
                before
                    .filter(|owned| owned.key.client == client)
                    .flat_map(|owned| owned.customers.iter().cloned()),
            )
            .chain(
                decided
                    .filter(|decision| decision.client == client)
                    .map(|decision| decision.customer.clone()),
            )
            .chain(
                lines
                    .iter()
                    .filter(leads_to_it)
                    .map(|line| line.customer.clone()),
            )
            .filter(|customer| !customer.is_blank())
            .collect();
        Self(Some(Limit { client, customers }))
    }

    /// True when the plan is about everybody.
    pub(super) fn is_everybody(&self) -> bool {
        self.0.is_none()
    }

    /// True when it is about this customer.
    pub(super) fn holds(&self, customer: &CustomerId) -> bool {
        self.0
            .as_ref()
            .is_none_or(|limit| limit.customers.contains(customer))
    }

    /// True when it is about this client; what belongs to no known client may be anybody's.
    pub(super) fn may_be(&self, client: Option<ClientId>) -> bool {
        match (&self.0, client) {
            (Some(limit), Some(client)) => limit.client == client,
            _ => true,
        }
    }
}
