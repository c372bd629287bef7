//! What a fresh read shows, and what that says about one change: the same judgement for settling, bisecting,
//! reading back and resuming.

use super::stray::Accounts;
use crate::ids::{ClientId, Key, LicenceId};
use crate::plan::Change;
use crate::ports::SubscriptionRead;
use crate::target::{Standing, Subscription, TargetSnapshot, UnreadableRecord};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The subscriptions of some clients as they were read.
#[derive(Debug, Default)]
pub(super) struct View {
    clients: BTreeSet<ClientId>,
    records: BTreeMap<LicenceId, Subscription>,
    active: HashMap<Key, Vec<LicenceId>>,
    /// The active ones by client.
    of_client: HashMap<ClientId, Vec<LicenceId>>,
    unreadable: Vec<UnreadableRecord>,
}

impl View {
    pub(super) fn new(clients: BTreeSet<ClientId>, read: SubscriptionRead) -> Self {
        Self::of(clients, read.records.items(), read.unreadable)
    }

    /// The same from a snapshot, of which nothing is unreadable.
    pub(super) fn of_snapshot(clients: BTreeSet<ClientId>, snapshot: &TargetSnapshot) -> Self {
        let unreadable = snapshot.unreadable().to_vec();
        Self::of(clients, snapshot.subscriptions(), unreadable)
    }

    fn of(
        clients: BTreeSet<ClientId>,
        records: &[Subscription],
        unreadable: Vec<UnreadableRecord>,
    ) -> Self {
        let records: BTreeMap<_, _> = records
            .iter()
            .map(|record| (record.id, record.clone()))
            .collect();
        let mut active: HashMap<Key, Vec<LicenceId>> = HashMap::new();
        let mut of_client: HashMap<ClientId, Vec<LicenceId>> = HashMap::new();
        for record in records.values() {
            if record.standing == Standing::Active {
                active.entry(record.key()).or_default().push(record.id);
                of_client.entry(record.client).or_default().push(record.id);
            }
        }
        Self {
            clients,
            records,
            active,
            of_client,
            unreadable,
        }
    }

    /// True when that client's subscriptions were asked for.
    pub(super) fn covers(&self, client: ClientId) -> bool {
        self.clients.contains(&client)
    }

    pub(super) fn record(&self, id: LicenceId) -> Option<&Subscription> {
        self.records.get(&id)
    }

    /// The ids of all records, whatever they are.
    pub(super) fn ids(&self) -> BTreeSet<LicenceId> {
        self.records.keys().copied().collect()
    }

    /// The active subscriptions that count for that key.
    pub(super) fn active(&self, key: &Key) -> &[LicenceId] {
        self.active.get(key).map_or(&[], Vec::as_slice)
    }

    /// All records, by id.
    pub(super) fn records(&self) -> impl Iterator<Item = &Subscription> {
        self.records.values()
    }

    /// The active subscriptions of that client.
    pub(super) fn active_of(&self, client: ClientId) -> impl Iterator<Item = &Subscription> {
        let ids = self.of_client.get(&client).into_iter().flatten();
        ids.filter_map(|id| self.records.get(id))
    }

    /// What could not be read of that client, if anything.
    pub(super) fn unreadable(&self, client: ClientId) -> Option<&str> {
        self.unreadable
            .iter()
            .find(|record| record.client.is_none_or(|of| of == client))
            .map(|record| record.detail.as_str())
    }
}

/// What a read says about one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The count is there as planned, on this record.
    AsPlanned(LicenceId),
    /// It is as it was before.
    AsBefore,
    /// It is neither.
    Different(String),
    /// It cannot be told: a record of that client is not readable.
    Unclear(String),
    /// It cannot be told: a record of another name may be the one that was made.
    Misnamed(String),
}

/// The name that the record of a change has: the key's, unless a person renamed it before the plan was made.
pub(super) fn name_of_record(change: &Change) -> &str {
    change.found_name.as_deref().unwrap_or(&change.name)
}

/// Looks for the result of a change. `known` are the records that were there before anything was written; a new
/// subscription is not one of them. `written` is the record that the system showed for it.
pub(super) fn examine(
    change: &Change,
    written: Option<LicenceId>,
    view: &View,
    known: &BTreeSet<LicenceId>,
    accounts: &Accounts<'_>,
) -> Finding {
    if let Some(id) = change.licence_id {
        return examine_count(change, id, view);
    }
    let is_its = |id: &LicenceId| {
        let record = view.record(*id);
        record.is_some_and(|it| it.standing == Standing::Active && it.client == change.client_id)
    };
    // By id, whatever it is called: as a person decided since, or as the system showed it.
    if let Some(id) = accounts.chosen(&change.key()).filter(is_its) {
        return examine_made(change, id, view);
    }
    examine_new(change, written.filter(is_its), view, known, accounts)
}

fn examine_made(change: &Change, id: LicenceId, view: &View) -> Finding {
    match view.record(id) {
        Some(record) if record.count == change.after => Finding::AsPlanned(id),
        Some(record) => {
            Finding::Different(format!("subscription {id} has the count {}", record.count))
        }
        None => Finding::AsBefore,
    }
}

fn examine_count(change: &Change, id: LicenceId, view: &View) -> Finding {
    let Some(record) = view.record(id) else {
        return match view.unreadable(change.client_id) {
            Some(detail) => Finding::Unclear(detail.to_owned()),
            None => Finding::Different("the subscription is gone".to_owned()),
        };
    };
    if record.standing != Standing::Active {
        return Finding::Different(format!("the subscription is {}", record.standing.word()));
    }
    if record.client != change.client_id {
        return Finding::Different(format!("it belongs to client {} now", record.client));
    }
    if record.name != name_of_record(change) {
        return Finding::Different(format!("it is called `{}` now", record.name));
    }
    if record.count == change.after {
        Finding::AsPlanned(id)
    } else if Some(record.count) == change.before {
        Finding::AsBefore
    } else {
        Finding::Different(format!("its count is {}", record.count))
    }
}

fn examine_new(
    change: &Change,
    written: Option<LicenceId>,
    view: &View,
    known: &BTreeSet<LicenceId>,
    accounts: &Accounts<'_>,
) -> Finding {
    let (old, mut new): (Vec<LicenceId>, Vec<LicenceId>) = view
        .active(&change.key())
        .iter()
        .partition(|id| known.contains(id));
    new.extend(written.filter(|id| !old.contains(id) && !new.contains(id)));
    match (old.as_slice(), new.as_slice()) {
        ([], []) => match view.unreadable(change.client_id) {
            Some(detail) => Finding::Unclear(detail.to_owned()),
            None => accounts
                .stray(change, view)
                .map_or(Finding::AsBefore, Finding::Misnamed),
        },
        ([], [id]) => examine_made(change, *id, view),
        ([], _) => Finding::Different(format!(
            "there is more than one active subscription of that name: {}",
            listed(&new)
        )),
        _ => Finding::Different(format!(
            "subscription {} was there before and is active now",
            listed(&old)
        )),
    }
}

fn listed(ids: &[LicenceId]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Finding, View};
    use crate::apply::stray::{Accounts, Before};
    use crate::ids::{ClientId, LicenceId};
    use crate::memory::Memory;
    use crate::plan::{Change, ChangeKind};
    use crate::ports::SubscriptionRead;
    use crate::target::{CompleteList, Standing, Subscription, UnreadableRecord};
    use crate::testing::plan_of;
    use std::collections::BTreeSet;

    fn change(licence: Option<i64>) -> Change {
        Change {
            kind: if licence.is_some() {
                ChangeKind::Update
            } else {
                ChangeKind::Create
            },
            client_id: ClientId::new(1),
            client_name: "One".to_owned(),
            name: "Backup".to_owned(),
            found_name: None,
            licence_id: licence.map(LicenceId::new),
            before: licence.map(|_| 3),
            after: 5,
            adopted: false,
            reason: String::new(),
            derivation: None,
            sources: Vec::new(),
        }
    }

    fn record(id: i64, count: i64) -> Subscription {
        Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(1),
            name: "Backup".to_owned(),
            count,
            standing: Standing::Active,
        }
    }

    fn view(records: Vec<Subscription>, unreadable: bool) -> View {
        let unreadable = if unreadable {
            vec![UnreadableRecord {
                client: Some(ClientId::new(1)),
                detail: "no count".to_owned(),
            }]
        } else {
            Vec::new()
        };
        View::new(
            BTreeSet::from([ClientId::new(1)]),
            SubscriptionRead {
                records: CompleteList::proven(records, 0, None).unwrap(),
                unreadable,
            },
        )
    }

    /// Without anything known beside the read itself.
    fn examine(change: &Change, view: &View, known: &BTreeSet<LicenceId>) -> Finding {
        looked_at(change, None, view, known, None)
    }

    fn looked_at(
        change: &Change,
        written: Option<i64>,
        view: &View,
        known: &BTreeSet<LicenceId>,
        before: Option<&Before>,
    ) -> Finding {
        let plan = plan_of("202610".parse().unwrap(), vec![change.clone()]);
        let accounts = Accounts::new(before, &plan, &[], &Memory::default());
        super::examine(change, written.map(LicenceId::new), view, known, &accounts)
    }

    fn different(text: &str) -> Finding {
        Finding::Different(text.to_owned())
    }

    #[test]
    fn a_count_is_found_as_planned_as_before_or_different() {
        let none = BTreeSet::new();
        let look = |records| examine(&change(Some(7)), &view(records, false), &none);
        assert_eq!(
            look(vec![record(7, 5)]),
            Finding::AsPlanned(LicenceId::new(7))
        );
        assert_eq!(look(vec![record(7, 3)]), Finding::AsBefore);
        assert_eq!(look(vec![record(7, 4)]), different("its count is 4"));
        assert_eq!(look(vec![]), different("the subscription is gone"));
        let mut moved = record(7, 5);
        moved.client = ClientId::new(2);
        assert_eq!(look(vec![moved]), different("it belongs to client 2 now"));
        let mut renamed = record(7, 5);
        renamed.name = "Other".to_owned();
        assert_eq!(look(vec![renamed]), different("it is called `Other` now"));
        let mut expected = change(Some(7));
        expected.found_name = Some("Other".to_owned());
        let mut renamed = record(7, 5);
        renamed.name = "Other".to_owned();
        assert_eq!(
            examine(&expected, &view(vec![renamed], false), &none),
            Finding::AsPlanned(LicenceId::new(7)),
            "it was renamed before the plan was made"
        );
        let mut closed = record(7, 5);
        closed.standing = Standing::Inactive;
        assert_eq!(
            look(vec![closed]),
            different("the subscription is inactive")
        );
    }

    #[test]
    fn a_new_subscription_is_one_that_was_not_there_before() {
        let known = BTreeSet::from([LicenceId::new(4)]);
        let look = |records| examine(&change(None), &view(records, false), &known);
        assert_eq!(look(vec![]), Finding::AsBefore);
        assert_eq!(
            look(vec![record(9, 5)]),
            Finding::AsPlanned(LicenceId::new(9))
        );
        assert_eq!(
            look(vec![record(9, 6)]),
            different("subscription 9 has the count 6")
        );
        assert_eq!(
            look(vec![record(9, 5), record(8, 5)]),
            different("there is more than one active subscription of that name: 8, 9")
        );
        assert_eq!(
            look(vec![record(4, 5)]),
            different("subscription 4 was there before and is active now")
        );
    }

    #[test]
    fn an_unreadable_record_hides_only_what_was_not_found() {
        let none = BTreeSet::new();
        let unclear = Finding::Unclear("no count".to_owned());
        assert_eq!(
            examine(&change(None), &view(vec![], true), &none),
            unclear.clone()
        );
        assert_eq!(
            examine(&change(Some(7)), &view(vec![], true), &none),
            unclear
        );
        assert_eq!(
            examine(&change(Some(7)), &view(vec![record(7, 3)], true), &none),
            Finding::AsBefore
        );
    }
}
