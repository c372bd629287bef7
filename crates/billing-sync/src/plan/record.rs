//! Which record a key is: the one a person chose, else the one this engine owns, else exactly one of that exact name. More
//! than one is nobody's.

use super::shape::shape;
use crate::ids::{ClientId, Key, LicenceId};
use crate::memory::{Memory, Owned};
use crate::rules::Adopt;
use crate::target::{Standing, Subscription, TargetSnapshot};
use std::collections::BTreeMap;

/// What became of looking for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// The record that a person chose.
    Chosen {
        record: &'a Subscription,
        /// What is owned for the key so far: that record, or another one.
        last: Option<&'a Owned>,
    },
    /// The record that is owned.
    Owned {
        record: &'a Subscription,
        last: &'a Owned,
    },
    /// A record of that name that is not owned yet.
    Adoptable(&'a Subscription),
    /// There is none; the text says what was seen instead, if anything.
    Nothing(Option<String>),
    /// It cannot be told which; the text says why and what to do.
    Unclear(String),
}

impl<'a> Found<'a> {
    /// The record, if it is one.
    pub(super) fn record(&self) -> Option<&'a Subscription> {
        match self {
            Self::Chosen { record, .. } | Self::Owned { record, .. } | Self::Adoptable(record) => {
                Some(record)
            }
            Self::Nothing(_) | Self::Unclear(_) => None,
        }
    }
}

/// A [`Key`], borrowed.
type KeyRef<'a> = (ClientId, &'a str);

/// Finds records.
#[derive(Debug)]
pub(super) struct Records<'a> {
    target: &'a TargetSnapshot,
    adopt: Adopt,
    /// Every record, sorted by client and name.
    by_key: Vec<&'a Subscription>,
    owned: BTreeMap<KeyRef<'a>, &'a Owned>,
    owners: BTreeMap<LicenceId, &'a Key>,
    chosen: BTreeMap<KeyRef<'a>, LicenceId>,
    choosers: BTreeMap<LicenceId, Vec<&'a Key>>,
}

impl<'a> Records<'a> {
    pub(super) fn new(target: &'a TargetSnapshot, memory: &'a Memory, adopt: Adopt) -> Self {
        let mut by_key: Vec<&Subscription> = target.subscriptions().iter().collect();
        by_key.sort_by(|a, b| key_of(a).cmp(&key_of(b)));
        let mut choosers: BTreeMap<LicenceId, Vec<&Key>> = BTreeMap::new();
        for choice in &memory.choices {
            choosers
                .entry(choice.licence)
                .or_default()
                .push(&choice.key);
        }
        Self {
            target,
            adopt,
            by_key,
            owned: memory
                .owned
                .iter()
                .map(|owned| (borrowed(&owned.key), owned))
                .collect(),
            owners: memory
                .owned
                .iter()
                .map(|owned| (owned.licence, &owned.key))
                .collect(),
            chosen: memory
                .choices
                .iter()
                .map(|choice| (borrowed(&choice.key), choice.licence))
                .collect(),
            choosers,
        }
    }

    /// What was last billed as that name under the client.
    pub(super) fn last(&self, client: ClientId, name: &str) -> Option<&'a Owned> {
        self.owned.get(&(client, name)).copied()
    }

    /// The record that holds the count of that name under the client.
    pub(super) fn find(&self, client: ClientId, name: &str) -> Found<'a> {
        let key = (client, name);
        if let Some(licence) = self.chosen.get(&key) {
            return self.chosen(key, *licence);
        }
        let mut gone = None;
        if let Some(last) = self.owned.get(&key).copied() {
            if let Some(detail) = self.chosen_elsewhere(last.licence) {
                return Found::Unclear(detail);
            }
            match self.target.subscription(last.licence) {
                Some(record) if record.standing == Standing::Active && record.client == client => {
                    return Found::Owned { record, last };
                }
                Some(record) if record.client == client => {
                    gone = Some(format!(
                        "subscription {} kept so far is {}",
                        last.licence,
                        record.standing.word()
                    ));
                }
                Some(record) => {
                    gone = Some(format!(
                        "subscription {} kept so far is now under client {}",
                        last.licence, record.client
                    ));
                }
                None => gone = Some(format!("subscription {} kept so far is gone", last.licence)),
            }
        }
        let first = self.by_key.partition_point(|record| key_of(record) < key);
        let from = self.by_key.get(first..).unwrap_or_default();
        let same_name = || {
            from.iter()
                .copied()
                .take_while(|record| key_of(record) == key)
        };
        let active: Vec<&Subscription> = same_name()
            .filter(|record| record.standing == Standing::Active)
            .collect();
        match active.as_slice() {
            [] => match self.look_alikes(key) {
                Some(detail) => Found::Unclear(detail),
                None => Found::Nothing(gone.or_else(|| untouched(same_name()))),
            },
            [one] if self.choosers.contains_key(&one.id) => {
                Found::Unclear(self.chosen_elsewhere(one.id).unwrap_or_default())
            }
            [one] => match self.owners.get(&one.id) {
                Some(other) if borrowed(other) != key => Found::Unclear(format!(
                    "the active subscription of that name ({}) is the one kept for `{}`: rename one of them",
                    one.id, other.name
                )),
                _ if self.adopt == Adopt::Never => Found::Unclear(format!(
                    "subscription {} of that name exists and adopt = \"never\": choose it or remove it",
                    one.id
                )),
                _ => Found::Adoptable(one),
            },
            many => Found::Unclear(format!(
                "{} active subscriptions have that name ({}): choose one, or keep one and make the others inactive",
                many.len(),
                many.iter()
                    .map(|record| record.id.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    }

    /// Says which active subscriptions of the client have nearly that name and are nobody's: one that is made beside them
    /// would be billed a second time.
    fn look_alikes(&self, (client, name): KeyRef<'_>) -> Option<String> {
        let first = self.by_key.partition_point(|record| record.client < client);
        let of_client = self.by_key.get(first..).unwrap_or_default().iter();
        let wanted = shape(name);
        let alike: Vec<String> = of_client
            .take_while(|record| record.client == client)
            .filter(|record| record.standing == Standing::Active && shape(&record.name) == wanted)
            .filter(|record| {
                !self.owners.contains_key(&record.id) && !self.choosers.contains_key(&record.id)
            })
            .map(|record| format!("{} `{}`", record.id, record.name))
            .collect();
        (!alike.is_empty()).then(|| {
            format!(
                "there is no subscription of exactly that name, but one that looks like it ({}): take it over by its id, or rename it",
                alike.join(", ")
            )
        })
    }

    /// The record a person chose, if it is still one that may be written.
    fn chosen(&self, key: KeyRef<'_>, licence: LicenceId) -> Found<'a> {
        let refused = |why: String| {
            Found::Unclear(format!(
                "subscription {licence}, chosen for it by a person, {why}: choose another or take the choice back"
            ))
        };
        let choosers = self.choosers.get(&licence).map(Vec::as_slice);
        let choosers = choosers.unwrap_or_default();
        if let Some(other) = choosers.iter().find(|it| borrowed(it) != key) {
            return refused(format!("is chosen for {other} as well"));
        }
        match self.target.subscription(licence) {
            None => refused("is not there".to_owned()),
            Some(record) if record.client != key.0 => {
                refused(format!("belongs to client {}", record.client))
            }
            Some(record) if record.standing != Standing::Active => {
                refused(format!("is {}", record.standing.word()))
            }
            Some(record) => Found::Chosen {
                record,
                last: self.owned.get(&key).copied(),
            },
        }
    }

    /// Says that a person chose this record for another key, if so.
    fn chosen_elsewhere(&self, licence: LicenceId) -> Option<String> {
        let key = self.choosers.get(&licence)?.first()?;
        Some(format!(
            "subscription {licence} is chosen by a person for {key}: choose one for this name, too"
        ))
    }
}

fn borrowed(key: &Key) -> KeyRef<'_> {
    (key.client, &key.name)
}

fn key_of(record: &Subscription) -> KeyRef<'_> {
    (record.client, &record.name)
}

/// What there is of that name that is never touched.
fn untouched<'a>(records: impl Iterator<Item = &'a Subscription>) -> Option<String> {
    let seen: Vec<String> = records
        .map(|record| format!("{} is {}", record.id, record.standing.word()))
        .collect();
    (!seen.is_empty()).then(|| format!("of that name, {}", seen.join(", ")))
}
