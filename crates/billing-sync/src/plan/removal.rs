//! Owned subscriptions without usage: to zero only when absence is proven, otherwise held as they are.

use super::evidence::Evidence;
use super::names::Names;
use super::parts::Parts;
use super::{Change, ChangeKind, Exception, ExceptionKind};
use crate::ids::{ClientId, CustomerId, ServiceName};
use crate::memory::{Memory, Owned};
use crate::rules::{Action, Rule, Rules, Terms};
use crate::target::{Standing, Subscription, TargetSnapshot};
use crate::usage::Usage;
use std::collections::BTreeSet;

/// What the planner knows when it comes to removals.
pub(super) struct Absence<'a> {
    pub(super) usage: &'a Usage,
    pub(super) target: &'a TargetSnapshot,
    pub(super) memory: &'a Memory,
    pub(super) rules: &'a Rules,
    /// What has usage, billed or blocked.
    pub(super) with_usage: &'a Parts<'a>,
    pub(super) evidence: &'a Evidence<'a>,
    /// Clients whose records or usage could not all be read.
    pub(super) blocked: &'a BTreeSet<ClientId>,
    /// Limits the plan to one client.
    pub(super) only: Option<ClientId>,
}

/// Zero and held changes for owned subscriptions without usage.
pub(super) fn removals(absence: &Absence<'_>) -> (Vec<Change>, Vec<Exception>) {
    let unproven = absence.unproven();
    let names = Names::new(absence);
    let mut changes = Vec::new();
    let mut exceptions = Vec::new();
    for owned in &absence.memory.owned {
        if absence.with_usage.hold(&owned.key)
            || absence.goes_on_elsewhere(owned)
            || absence.only.is_some_and(|only| only != owned.key.client)
        {
            continue;
        }
        // Someone took the record away, switched it off, or it is at zero already: nothing is left to remove.
        let Some(record) = absence.target.subscription(owned.licence).filter(|record| {
            record.standing == Standing::Active
                && record.client == owned.key.client
                && record.count != 0
        }) else {
            continue;
        };
        let client_name = absence
            .target
            .client(record.client)
            .map(|client| client.name.clone())
            .unwrap_or_default();
        let (kind, after, reason) = match unproven
            .clone()
            .or_else(|| absence.reason_to_hold(owned, &names))
        {
            None => (
                ChangeKind::Zero,
                0,
                format!(
                    "no usage in {}, last billed in {}",
                    absence.usage.period, owned.period
                ),
            ),
            Some(hold) => {
                if let Hold::Suspicious(why) = &hold {
                    exceptions.push(suspicion(owned, why));
                }
                (
                    ChangeKind::Keep,
                    record.count,
                    format!("no usage, but held: {}", hold.text()),
                )
            }
        };
        changes.push(change(owned, record, client_name, kind, after, reason));
    }
    (changes, exceptions)
}

/// Why an owned subscription without usage keeps its count.
#[derive(Clone)]
enum Hold {
    /// The plan says so elsewhere (a guard, an exception, a rule).
    Known(String),
    /// Nothing else says so: it becomes an exception.
    Suspicious(String),
}

impl Hold {
    fn text(&self) -> &str {
        match self {
            Self::Known(text) | Self::Suspicious(text) => text,
        }
    }
}

impl Absence<'_> {
    /// True for a record that a person chose for another name, which has usage.
    fn goes_on_elsewhere(&self, owned: &Owned) -> bool {
        self.memory
            .choices
            .iter()
            .any(|choice| choice.licence == owned.licence && self.with_usage.hold(&choice.key))
    }

    /// Why the usage as a whole proves no absence.
    fn unproven(&self) -> Option<Hold> {
        let why = if !self.usage.finality.is_final() {
            "the period is not final"
        } else if self.usage.lines.is_empty() || !self.usage.problems().is_empty() {
            "the usage is not proven to be complete"
        } else if self.usage.in_scope(self.rules) == 0 {
            "`products` leaves out all usage"
        } else {
            return None;
        };
        Some(Hold::Known(why.to_owned()))
    }

    /// Why the absence of this one's usage proves nothing.
    fn reason_to_hold(&self, owned: &Owned, names: &Names<'_>) -> Option<Hold> {
        let known = |text: &str| Some(Hold::Known(text.to_owned()));
        let complete = &self.usage.completeness;
        if self.blocked.contains(&owned.key.client) {
            return known("not all records of the client could be read");
        }
        if let Some(customer) = owned
            .customers
            .iter()
            .find(|customer| self.evidence.held.contains(customer))
        {
            return Some(Hold::Known(format!(
                "the usage of customer {customer} is not billed in full"
            )));
        }
        if let Some(contract) = owned
            .contracts
            .iter()
            .find(|contract| self.evidence.held_contracts.contains(contract))
        {
            return Some(Hold::Known(format!(
                "not all of contract {contract} is accounted for"
            )));
        }
        let mut customers = owned.customers.iter();
        match customers.find_map(|customer| self.ignoring(owned, customer)) {
            Some(Rule {
                customer: Some(customer),
                ..
            }) => return Some(Hold::Known(format!("a rule ignores customer {customer}"))),
            Some(_) => return known("its usage is ignored"),
            None if self.is_left_out(owned) => return known("its usage is ignored"),
            None => {}
        }
        if let Some(why) = names.reason_to_hold(self, owned) {
            return Some(Hold::Suspicious(why));
        }
        if let Some(contract) = owned
            .contracts
            .iter()
            .find(|contract| !complete.contracts_seen.contains(*contract))
        {
            return Some(Hold::Suspicious(format!(
                "contract {contract} had usage before and has no usage document in {}",
                self.usage.period
            )));
        }
        if let Some(contract) = owned
            .contracts
            .iter()
            .find(|contract| complete.contracts_unlisted.contains(*contract))
        {
            return Some(Hold::Suspicious(format!(
                "the vendor gave no list of customers for contract {contract}, so absence proves nothing"
            )));
        }
        if let Some(customer) = owned.customers.iter().find(|customer| {
            complete.customers_listed.contains(*customer) && !self.evidence.seen.contains(customer)
        }) {
            return Some(Hold::Suspicious(format!(
                "the vendor still lists customer {customer} but sent no usage for it"
            )));
        }
        None
    }

    /// The first rule for what the subscription holds, if it ignores this customer's usage: it is then left alone.
    fn ignoring(&self, owned: &Owned, customer: &CustomerId) -> Option<&Rule> {
        let period = self.usage.period;
        let concerns = |rule: &&Rule| {
            let service = rule.service.as_ref();
            rule.is_for(customer, period)
                && service.is_none_or(|service| self.name(service, rule) == owned.key.name)
        };
        let first = self.rules.rules.iter().find(concerns)?;
        matches!(first.action, Action::Ignore { .. }).then_some(first)
    }

    /// True when usage that is left out now may be what the subscription held before.
    fn is_left_out(&self, owned: &Owned) -> bool {
        let held_for = owned.customers.iter();
        let mut left_out = held_for.flat_map(|customer| {
            let services = self.evidence.ignored.get(customer).into_iter().flatten();
            services.map(move |service| (customer, *service))
        });
        left_out.any(|(customer, service)| {
            let may_name = |rule: &Rule| {
                rule.matches(customer, service, self.usage.period)
                    && self.name(service, rule) == owned.key.name
            };
            self.rules.name_of(service) == owned.key.name || self.rules.rules.iter().any(may_name)
        })
    }

    /// The name that a rule gives to the subscription of a service.
    fn name(&self, service: &ServiceName, rule: &Rule) -> String {
        match &rule.action {
            Action::Bill(Terms {
                name: Some(name), ..
            }) => name.trim().to_owned(),
            _ => self.rules.name_of(service).into(),
        }
    }
}

fn suspicion(owned: &Owned, why: &str) -> Exception {
    let detail = format!(
        "`{}` of client {} is held at its count: {why}",
        owned.key.name, owned.key.client
    );
    Exception {
        customer_id: owned.customers.iter().next().cloned(),
        ..Exception::new(ExceptionKind::TotalsDisagree, detail)
    }
}

fn change(
    owned: &Owned,
    record: &Subscription,
    client_name: String,
    kind: ChangeKind,
    after: i64,
    reason: String,
) -> Change {
    Change {
        kind,
        client_id: record.client,
        client_name,
        name: owned.key.name.clone(),
        found_name: (record.name != owned.key.name).then(|| record.name.clone()),
        licence_id: Some(record.id),
        before: Some(record.count),
        after,
        adopted: false,
        reason,
        derivation: None,
        sources: Vec::new(),
    }
}
