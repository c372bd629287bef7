//! What a plan was decided on, beside usage and rules: what people decided, which runs were known, and what stood beside
//! the subscriptions it makes. A plan that waited in a file is held against it when it is applied.

use super::{Change, ChangeKind, Plan, RequestSizes, digest, document};
use crate::ids::{ClientId, LicenceId, PlanId, RunId};
use crate::memory::Memory;
use crate::rules::MatchBy;
use crate::target::{Standing, TargetSnapshot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a plan was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Digest of what people had decided ([`Memory::decisions_digest`]).
    pub decisions: String,
    /// The newest run the state knew; `None` when there was none.
    pub newest_run: Option<RunId>,
    /// What customers without a decision were matched by.
    pub match_by: MatchBy,
    /// The active subscriptions of the clients that get a new one, as they were.
    pub beside: Vec<Beside>,
}

/// A subscription that was there before one of its client was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The record.
    pub licence_id: LicenceId,
    /// Its client.
    pub client_id: ClientId,
    /// Its count.
    pub count: i64,
}

impl Basis {
    /// The basis of a plan with these changes.
    pub(crate) fn of(
        memory: &Memory,
        match_by: MatchBy,
        changes: &[Change],
        target: &TargetSnapshot,
    ) -> Self {
        Self {
            decisions: memory.decisions_digest(),
            newest_run: memory.newest_run.clone(),
            match_by,
            beside: beside(changes, target),
        }
    }
}

/// What stands beside the subscriptions that are made, by id.
pub(crate) fn beside(changes: &[Change], target: &TargetSnapshot) -> Vec<Beside> {
    let clients: BTreeSet<ClientId> = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Create)
        .map(|change| change.client_id)
        .collect();
    target
        .subscriptions()
        .iter()
        .filter(|record| record.standing == Standing::Active && clients.contains(&record.client))
        .map(|record| Beside {
            licence_id: record.id,
            client_id: record.client,
            count: record.count,
        })
        .collect()
}

/// What the id of a plan covers beyond its body.
#[derive(Serialize)]
struct Bound<'a> {
    body: &'a PlanId,
    basis: Option<&'a Basis>,
    follows: Option<&'a RunId>,
}

impl Plan {
    /// What it was decided on; `None` for a plan of an earlier version and for one that takes a run back.
    pub fn basis(&self) -> Option<&Basis> {
        self.basis.as_ref()
    }

    /// The run whose failed changes it tries again, or that it takes back; `None` for a plan of a month.
    pub fn follows(&self) -> Option<&RunId> {
        self.follows.as_ref()
    }

    /// The same plan, said to be decided on this. What it says is part of its id.
    #[must_use]
    pub fn based_on(self, basis: Basis) -> Self {
        let follows = self.follows.clone();
        self.bound(Some(basis), follows)
    }

    /// The same plan, made out of an earlier run.
    pub(crate) fn following(self, run: &RunId) -> Self {
        let basis = self.basis.clone();
        self.bound(basis, Some(run.clone()))
    }

    fn bound(mut self, basis: Option<Basis>, follows: Option<RunId>) -> Self {
        // The body of a large plan is digested once: nothing bound yet, its id is the body's.
        let of_body = match (&self.basis, &self.follows) {
            (None, None) => self.id,
            _ => document::id_of(&self.body),
        };
        self.id = id_of(of_body, basis.as_ref(), follows.as_ref());
        self.basis = basis;
        self.follows = follows;
        self
    }

    /// The same plan, to be applied some time later. Then the clients it bills are read again, too, so the estimate grows by
    /// that: single clients or the pages of their list, whichever are fewer, and for more than one client a first page that
    /// tells which.
    #[must_use]
    pub fn for_later(mut self, target: &TargetSnapshot, sizes: RequestSizes) -> Self {
        let billed = self.billed().len();
        if billed > 0 && self.basis.is_some() {
            let pages = target.clients().len().div_ceil(sizes.rows.max(1));
            let reads = pages.clamp(1, billed) + usize::from(billed > 1);
            let reads = u64::try_from(reads).unwrap_or(u64::MAX);
            let requests = &mut self.body.requests;
            requests.write_estimate = requests.write_estimate.saturating_add(reads);
        }
        self
    }

    /// The clients that it writes counts to for usage of theirs.
    pub(crate) fn billed(&self) -> BTreeSet<ClientId> {
        self.writes()
            .filter(|change| !change.sources.is_empty())
            .map(|change| change.client_id)
            .collect()
    }
}

/// The id of a plan: its body's, unless it says more.
pub(super) fn id_of(of_body: PlanId, basis: Option<&Basis>, follows: Option<&RunId>) -> PlanId {
    if basis.is_none() && follows.is_none() {
        return of_body;
    }
    PlanId::new(digest::of(&Bound {
        body: &of_body,
        basis,
        follows,
    }))
}

#[cfg(test)]
mod tests {
    use super::Basis;
    use crate::ids::ClientId;
    use crate::memory::Memory;
    use crate::plan::{Change, Plan, RequestSizes};
    use crate::rules::MatchBy;
    use crate::target::{Client, CompleteList, TargetSnapshot};
    use crate::testing::{plan_of, update};

    fn target(clients: i64) -> TargetSnapshot {
        let clients = (1..=clients).map(|id| Client {
            id: ClientId::new(id),
            name: "A".to_owned(),
            active: true,
            vendor_ids: Vec::new(),
        });
        TargetSnapshot::new(
            CompleteList::proven(clients.collect(), 0, None).unwrap(),
            CompleteList::proven(Vec::new(), 0, None).unwrap(),
            Vec::new(),
        )
    }

    fn billed(client: i64) -> Change {
        update(client, client, "A", 1, 2)
    }

    fn plan(changes: Vec<Change>, target: &TargetSnapshot) -> Plan {
        let plan = plan_of("202610".parse().unwrap(), changes);
        let basis = Basis::of(
            &Memory::default(),
            MatchBy::ClientField,
            plan.changes(),
            target,
        );
        plan.based_on(basis)
    }

    #[test]
    fn what_waits_takes_a_read_of_its_clients_and_stays_the_same_plan() {
        let (target, sizes) = (target(250), RequestSizes::default());
        let more = |changes| {
            let plan = plan(changes, &target);
            let later = plan.clone().for_later(&target, sizes);
            assert_eq!(later.id(), plan.id());
            later.requests().write_estimate - plan.requests().write_estimate
        };
        assert_eq!(more(vec![billed(1)]), 1);
        assert_eq!(more(vec![billed(1), billed(2)]), 3);
        assert_eq!(more((1..=40).map(billed).collect()), 4, "by three pages");
        let without_usage = Change {
            sources: Vec::new(),
            ..billed(1)
        };
        assert_eq!(more(vec![without_usage]), 0, "nobody is billed");
    }
}
