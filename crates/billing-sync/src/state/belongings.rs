//! Owned subscriptions in memory: one record per key and one key per record, whatever is put in.

use crate::ids::{Key, LicenceId};
use crate::memory::Owned;
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, Default)]
pub(super) struct Belongings {
    by_key: BTreeMap<Key, Owned>,
    by_licence: HashMap<LicenceId, Key>,
}

impl Belongings {
    /// Puts one in; what was known of its key or its record is replaced.
    pub(super) fn put(&mut self, owned: Owned) {
        if let Some(key) = self.by_licence.insert(owned.licence, owned.key.clone())
            && key != owned.key
        {
            self.by_key.remove(&key);
        }
        let licence = owned.licence;
        if let Some(old) = self.by_key.insert(owned.key.clone(), owned)
            && old.licence != licence
        {
            self.by_licence.remove(&old.licence);
        }
    }

    pub(super) fn of(&self, key: &Key) -> Option<&Owned> {
        self.by_key.get(key)
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// All of them, by key.
    pub(super) fn list(&self) -> Vec<Owned> {
        self.by_key.values().cloned().collect()
    }
}
