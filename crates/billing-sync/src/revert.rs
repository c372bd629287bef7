//! Taking a run back: the inverse of what it did, as a plan of its own, which is guarded, approved, applied and read back
//! like any other. Pure: no I/O, no clock.

use crate::ids::{CustomerId, LicenceId, RunId};
use crate::memory::Memory;
use crate::plan::{
    Body, Change, ChangeKind, Exception, ExceptionKind, Ledger, Money, Plan, RequestSizes,
    digest_of, estimate, guards_of_changes, money_guard, price_of,
};
use crate::rules::Rules;
use crate::run::{ChangeRecord, Outcome};
use crate::state::StoredRun;
use crate::target::{Standing, Subscription, TargetSnapshot};
use serde::Serialize;
use std::collections::BTreeSet;

/// Everything an inverse is planned from.
#[derive(Clone, Copy, Debug)]
pub struct RevertInput<'a> {
    /// The run to take back, as the journal has it.
    pub run: &'a StoredRun,
    /// What the target holds now.
    pub target: &'a TargetSnapshot,
    /// What the MSP decided: its limits guard the inverse, too.
    pub rules: &'a Rules,
    /// What is kept now: the share of changed subscriptions is a share of these.
    pub memory: &'a Memory,
    /// Requests that reading took.
    pub read_requests: u64,
    /// What fits into one request, for the estimate.
    pub sizes: RequestSizes,
}

/// Plans the inverse of a run.
///
/// A count the run changed goes back to what it was before; a subscription the run made goes to 0 and is never deleted.
/// A record that is not as the run left it any more is an exception ([`ExceptionKind::ChangedSince`]) and stays as it is;
/// one that is already as it was before is kept. What the run did not write is not in the plan. Where a later month was
/// billed with the count since, the reason of the change says so.
///
/// Guards on finality, completeness, an empty source and a closed month do not apply: nothing is billed here. The ledger is
/// empty. What is owned stays owned, so that the next plan brings the vendor's number again.
pub fn plan_revert(input: &RevertInput<'_>) -> Plan {
    let mut draft = Draft {
        input,
        changes: Vec::new(),
        exceptions: Vec::new(),
        taken: BTreeSet::new(),
    };
    for record in &input.run.changes {
        draft.take(record);
    }
    let Draft {
        mut changes,
        mut exceptions,
        ..
    } = draft;
    changes.sort_by(|a, b| (a.client_id, &a.name).cmp(&(b.client_id, &b.name)));
    exceptions.sort_by(|a, b| {
        (a.kind, &a.customer_id, &a.detail).cmp(&(b.kind, &b.customer_id, &b.detail))
    });
    let unplaced = input
        .target
        .unreadable()
        .iter()
        .filter(|record| record.client.is_none())
        .count();
    let managed = input.memory.owned.len().max(changes.len()) as u64;
    let mut guards = guards_of_changes(&changes, managed, unplaced, &input.rules.limits);
    guards.extend(money_guard(&changes, &input.rules.limits, |change| {
        let taken_back = input
            .run
            .changes
            .iter()
            .find(|record| record.change.key() == change.key())?;
        price_of(&taken_back.change)
    }));
    let requests = estimate(&changes, input.target, input.sizes, input.read_requests);
    Plan::seal(Body {
        period: input.run.plan.period(),
        finality: input.run.plan.finality().clone(),
        gaps: input.run.plan.gaps().to_vec(),
        rules_digest: input.rules.digest(),
        inputs_digest: digest_of(&Inputs::of(input)),
        changes,
        exceptions,
        ledger: Ledger::default(),
        ledger_by_contract: Vec::new(),
        money: Money::default(),
        guards,
        subject: String::new(),
        only: input.run.plan.only(),
        requests,
    })
}

/// What the inputs digest covers.
#[derive(Serialize)]
struct Inputs<'a> {
    revert_of: &'a RunId,
    changes: &'a [ChangeRecord],
    clients: &'a [crate::target::Client],
    subscriptions: &'a [Subscription],
    unreadable: Vec<String>,
}

impl Inputs<'_> {
    fn of<'a>(input: &RevertInput<'a>) -> Inputs<'a> {
        Inputs {
            revert_of: &input.run.summary.run_id,
            changes: &input.run.changes,
            clients: input.target.clients(),
            subscriptions: input.target.subscriptions(),
            unreadable: input
                .target
                .unreadable()
                .iter()
                .map(|bad| format!("{:?} {}", bad.client, bad.detail))
                .collect(),
        }
    }
}

struct Draft<'a> {
    input: &'a RevertInput<'a>,
    changes: Vec<Change>,
    exceptions: Vec<Exception>,
    taken: BTreeSet<LicenceId>,
}

/// What becomes of one record.
enum Inverse<'a> {
    /// It goes, or has gone, back.
    Back(&'a Subscription),
    /// It stays as it is, and a person looks at it.
    Left(ExceptionKind, String),
}

impl<'a> Draft<'a> {
    fn take(&mut self, record: &ChangeRecord) {
        let inverse = match record.outcome {
            // Nothing of it is there: nothing to take back.
            Outcome::Planned | Outcome::Rejected | Outcome::NotApplied => return,
            Outcome::Started | Outcome::Unknown => Inverse::Left(
                ExceptionKind::ChangedSince,
                "it is not known whether the run wrote it: run `resume` first".to_owned(),
            ),
            Outcome::Mismatch => Inverse::Left(
                ExceptionKind::ChangedSince,
                "the run never found it as it wrote it".to_owned(),
            ),
            Outcome::Applied | Outcome::Verified => self.inverse(record),
        };
        match inverse {
            Inverse::Back(found) => {
                self.taken.insert(found.id);
                self.changes.push(self.change(&record.change, found));
            }
            Inverse::Left(kind, why) => self.exceptions.push(left(record, kind, &why)),
        }
    }

    fn inverse(&self, record: &ChangeRecord) -> Inverse<'a> {
        let change = &record.change;
        let target = self.input.target;
        let since = |why: String| Inverse::Left(ExceptionKind::ChangedSince, why);
        if let Some(bad) = target
            .unreadable()
            .iter()
            .find(|bad| bad.client == Some(change.client_id))
        {
            return Inverse::Left(
                ExceptionKind::UnreadableRecord,
                format!("a record of its client could not be read: {}", bad.detail),
            );
        }
        let Some(id) = record.written_id.or(change.licence_id) else {
            return since("it is not known which record the run made".to_owned());
        };
        let Some(found) = target.subscription(id) else {
            return since(format!("subscription {id} is gone"));
        };
        if found.standing != Standing::Active {
            return since(format!("subscription {id} is {}", found.standing.word()));
        }
        if found.client != change.client_id {
            return since(format!(
                "subscription {id} belongs to client {} now",
                found.client
            ));
        }
        if self.taken.contains(&id) {
            return since(format!("subscription {id} stands in the run twice"));
        }
        let key = change.key();
        if !self
            .input
            .memory
            .owned
            .iter()
            .any(|owned| owned.licence == id && owned.key == key)
        {
            return since(format!("subscription {id} is not kept any more"));
        }
        let goal = goal(change);
        if goal < 0 {
            return Inverse::Left(
                ExceptionKind::UnreadableRecord,
                format!("it had the count {goal} before, less than nothing"),
            );
        }
        if found.count != change.after && found.count != goal {
            return since(format!(
                "the run left {}, it has {} now",
                change.after, found.count
            ));
        }
        Inverse::Back(found)
    }

    fn change(&self, of: &Change, found: &Subscription) -> Change {
        let after = goal(of);
        let run = &self.input.run.summary.run_id;
        let made = of.kind == ChangeKind::Create;
        let (kind, reason) = match (found.count == after, after) {
            (true, _) => (
                ChangeKind::Keep,
                format!("as it was before run {run} already"),
            ),
            (false, 0) if made => (
                ChangeKind::Zero,
                format!("revert of {run}, which made it; set to 0, never deleted"),
            ),
            (false, 0) => (ChangeKind::Zero, format!("revert of {run}")),
            (false, _) => (ChangeKind::Update, format!("revert of {run}")),
        };
        let later = self
            .input
            .memory
            .owned
            .iter()
            .find(|owned| owned.licence == found.id)
            .map(|owned| owned.period)
            .filter(|period| *period > self.input.run.plan.period());
        let reason = match later {
            Some(later) => format!("{reason}; careful: {later} was billed with it since"),
            None => reason,
        };
        let client = self.input.target.client(of.client_id);
        Change {
            kind,
            client_id: of.client_id,
            client_name: client.map_or_else(|| of.client_name.clone(), |it| it.name.clone()),
            name: of.name.clone(),
            found_name: (found.name != of.name).then(|| found.name.clone()),
            licence_id: Some(found.id),
            before: Some(found.count),
            after,
            adopted: false,
            reason,
            derivation: None,
            // No usage stands behind the inverse; whose the subscription is stays remembered.
            sources: Vec::new(),
        }
    }
}

/// The count before the run; 0 for what the run made.
fn goal(change: &Change) -> i64 {
    change.before.unwrap_or(0)
}

fn left(record: &ChangeRecord, kind: ExceptionKind, why: &str) -> Exception {
    let change = &record.change;
    let source = change.sources.first();
    Exception {
        kind,
        customer_id: source
            .map(|source| source.customer_id.clone())
            .filter(|id: &CustomerId| !id.is_blank()),
        customer_name: String::new(),
        service: source.map(|source| source.service.clone()),
        quantity: None,
        detail: format!(
            "`{}` of client {} ({}) is left as it is: {why}",
            change.name, change.client_id, change.client_name
        ),
    }
}
