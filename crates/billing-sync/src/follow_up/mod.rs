//! Plans made out of an earlier run: what it did taken back ([`plan_revert`]), or what failed in it tried again
//! ([`plan_retry`]). Each is held against a fresh read, guarded, approved, applied and read back like any other plan.
//! Pure: no I/O, no clock.

mod retry;
mod revert;

pub use retry::plan_retry;
pub use revert::plan_revert;

use crate::ids::{ClientId, LicenceId};
use crate::memory::Memory;
use crate::plan::{
    Body, Change, Exception, ExceptionKind, Guard, Ledger, Money, Plan, RequestSizes, estimate,
    guards_of_changes, money_guard,
};
use crate::rules::Rules;
use crate::run::ChangeRecord;
use crate::state::StoredRun;
use crate::target::{Standing, Subscription, TargetSnapshot};
use rust_decimal::Decimal;

/// Everything a follow-up is planned from.
#[derive(Clone, Copy, Debug)]
pub struct FollowUpInput<'a> {
    /// The run it follows, as the journal has it.
    pub run: &'a StoredRun,
    /// What the target holds now.
    pub target: &'a TargetSnapshot,
    /// What the MSP decided: its limits guard a follow-up, too.
    pub rules: &'a Rules,
    /// What is kept now: the share of changed subscriptions is a share of these.
    pub memory: &'a Memory,
    /// Requests that reading took.
    pub read_requests: u64,
    /// What fits into one request, for the estimate.
    pub sizes: RequestSizes,
}

/// What becomes of the run's changes.
#[derive(Debug, Default)]
struct Draft {
    changes: Vec<Change>,
    exceptions: Vec<Exception>,
}

impl Draft {
    /// Into the order of every plan.
    fn sort(&mut self) {
        self.changes
            .sort_by(|a, b| (a.client_id, &a.name).cmp(&(b.client_id, &b.name)));
        self.exceptions.sort_by(|a, b| {
            (a.kind, &a.customer_id, &a.detail).cmp(&(b.kind, &b.customer_id, &b.detail))
        });
    }

    /// Lists a change whose record stays as it is, for a person to look at. `what` tells what does not happen to it.
    fn leave(&mut self, record: &ChangeRecord, what: &str, why: &Obstacle) {
        let change = &record.change;
        let source = change.sources.first();
        self.exceptions.push(Exception {
            kind: why.kind,
            customer_id: source
                .map(|source| source.customer_id.clone())
                .filter(|id| !id.is_blank()),
            customer_name: String::new(),
            service: source.map(|source| source.service.clone()),
            quantity: None,
            detail: format!(
                "`{}` of client {} ({}) {what}: {}",
                change.name, change.client_id, change.client_name, why.detail
            ),
        });
    }
}

impl FollowUpInput<'_> {
    /// Makes the plan. `guards` come before those on the size of the changes; `price_of` tells what one unit costs. The
    /// ledger is the run's: a follow-up has none of its own.
    fn plan(
        &self,
        mut draft: Draft,
        mut guards: Vec<Guard>,
        price_of: impl Fn(&Change) -> Option<Decimal>,
        inputs_digest: String,
    ) -> Plan {
        draft.sort();
        let Draft {
            changes,
            exceptions,
        } = draft;
        let unplaced = self
            .target
            .unreadable()
            .iter()
            .filter(|record| record.client.is_none())
            .count();
        let managed = self.memory.owned.len().max(changes.len()) as u64;
        let limits = &self.rules.limits;
        guards.extend(guards_of_changes(&changes, managed, unplaced, limits));
        guards.extend(money_guard(&changes, limits, price_of));
        let requests = estimate(&changes, self.target, self.sizes, self.read_requests);
        let of = &self.run.plan;
        let plan = Plan::seal(Body {
            period: of.period(),
            finality: of.finality().clone(),
            gaps: of.gaps().to_vec(),
            rules_digest: self.rules.digest(),
            inputs_digest,
            changes,
            exceptions,
            ledger: Ledger::default(),
            ledger_by_contract: Vec::new(),
            money: Money::default(),
            guards,
            subject: String::new(),
            only: of.only(),
            requests,
        });
        plan.following(&self.run.summary.run_id)
    }
}

/// Why a record stays as it is.
#[derive(Debug)]
struct Obstacle {
    kind: ExceptionKind,
    detail: String,
}

impl Obstacle {
    /// The record is not as it was expected any more.
    fn since(detail: impl Into<String>) -> Self {
        Self {
            kind: ExceptionKind::ChangedSince,
            detail: detail.into(),
        }
    }

    /// Something about it could not be read.
    fn unreadable(detail: impl Into<String>) -> Self {
        Self {
            kind: ExceptionKind::UnreadableRecord,
            detail: detail.into(),
        }
    }

    /// The run that is followed has not settled it.
    fn unsettled() -> Self {
        Self::since("it is not known whether the run wrote it: run `resume` first")
    }
}

/// The subscription of that id, if it is active and still the client's.
fn still_of(
    client: ClientId,
    id: LicenceId,
    target: &TargetSnapshot,
) -> Result<&Subscription, Obstacle> {
    let Some(found) = target.subscription(id) else {
        return Err(Obstacle::since(format!("subscription {id} is gone")));
    };
    if found.standing != Standing::Active {
        let standing = found.standing.word();
        return Err(Obstacle::since(format!("subscription {id} is {standing}")));
    }
    if found.client != client {
        return Err(Obstacle::since(format!(
            "subscription {id} belongs to client {} now",
            found.client
        )));
    }
    Ok(found)
}
