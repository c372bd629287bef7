//! Subscriptions that may be one the run made, under another name than it asked for: a system may store a name otherwise
//! than it was sent, or take a new subscription for one whose name it holds to be the same. Such a record must never look as
//! if nothing had been made, or every further run would make one more.

use super::view::{View, name_of_record};
use crate::ids::{ClientId, Key, LicenceId};
use crate::memory::Memory;
use crate::plan::{Basis, Change, ChangeKind, Plan};
use crate::run::ChangeRecord;
use crate::target::Subscription;
use std::collections::{HashMap, HashSet};

/// The records there were before a run, with their counts where these are known.
#[derive(Debug, Default)]
pub(super) struct Before(HashMap<LicenceId, Option<i64>>);

impl Before {
    /// As they were read before anything was sent.
    pub(super) fn of_view(view: &View) -> Self {
        let records = view.records();
        Self(records.map(|it| (it.id, Some(it.count))).collect())
    }

    /// As the plan saw them: what is left to go by once the process that read them is gone.
    pub(super) fn of_basis(basis: &Basis, plan: &Plan, memory: &Memory) -> Self {
        let owned = memory.owned.iter().map(|owned| owned.licence);
        let planned = plan.changes().iter().filter_map(|it| it.licence_id);
        let mut before: HashMap<_, _> = owned.chain(planned).map(|id| (id, None)).collect();
        let beside = basis.beside.iter();
        before.extend(beside.map(|it| (it.licence_id, Some(it.count))));
        Self(before)
    }
}

/// What tells a record that a create may have made from all others.
#[derive(Debug)]
pub(super) struct Accounts<'a> {
    /// `None` where nothing is known of what was there: nothing can be told then.
    before: Option<&'a Before>,
    /// Records that a change of the run, or what is kept or chosen for something else, accounts for.
    records: HashSet<LicenceId>,
    /// What the run makes, by its exact name.
    made: HashSet<Key>,
    chosen: HashMap<Key, LicenceId>,
}

impl<'a> Accounts<'a> {
    pub(super) fn new(
        before: Option<&'a Before>,
        plan: &Plan,
        records: &[ChangeRecord],
        memory: &Memory,
    ) -> Self {
        let planned = plan.changes().iter().filter_map(|it| it.licence_id);
        let written = records.iter().filter_map(|it| it.written_id);
        let creates = plan.changes().iter();
        Self {
            before,
            records: planned.chain(written).chain(memory.records()).collect(),
            made: creates
                .filter(|change| change.kind == ChangeKind::Create)
                .map(Change::key)
                .collect(),
            chosen: memory
                .choices
                .iter()
                .map(|choice| (choice.key.clone(), choice.licence))
                .collect(),
        }
    }

    /// The record that a person chose for what a change makes.
    pub(super) fn chosen(&self, key: &Key) -> Option<LicenceId> {
        self.chosen.get(key).copied()
    }

    /// Says which record may be what a create made, and what to do about it; `None` when there is none.
    pub(super) fn stray(&self, create: &Change, view: &View) -> Option<String> {
        let before = self.before?;
        let client = create.client_id;
        let strays: Vec<String> = view
            .active_of(client)
            .filter(|record| record.count == create.after && !self.accounts_for(record))
            .filter_map(|record| shown(record, before))
            .collect();
        if strays.is_empty() {
            return None;
        }
        Some(told(create, client, &strays))
    }

    fn accounts_for(&self, record: &Subscription) -> bool {
        self.records.contains(&record.id) || self.made.contains(&record.key())
    }
}

/// How a record came to its count since; `None` when it had it before.
fn shown(record: &Subscription, before: &Before) -> Option<String> {
    let (id, name) = (record.id, &record.name);
    match before.0.get(&id) {
        None => Some(format!("subscription {id} `{name}` is new")),
        Some(Some(count)) if *count != record.count => {
            Some(format!("subscription {id} `{name}` had {count} before"))
        }
        Some(_) => None,
    }
}

fn told(create: &Change, client: ClientId, strays: &[String]) -> String {
    let (name, count) = (name_of_record(create), create.after);
    format!(
        "there is none of this name, but client {client} has another one with the count {count} that nothing accounts \
         for ({}): if it was made by this run, take it over with `map adopt` under the name `{name}`; if not, give \
         it another count or switch it off while `resume` settles this",
        strays.join(", ")
    )
}
