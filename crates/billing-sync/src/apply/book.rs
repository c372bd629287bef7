//! The changes of a run in progress, always as the store knows them: first durable, then here.

use crate::ids::{ClientId, LicenceId, RunId};
use crate::ports::Clock;
use crate::run::{ChangeRecord, Outcome};
use crate::state::{JournalEntry, StateStore, StoreError};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of one change.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// Its place in the book.
    pub(super) slot: usize,
    pub(super) outcome: Outcome,
    pub(super) written_id: Option<LicenceId>,
    pub(super) note: String,
}

#[derive(Debug)]
pub(super) struct Book<'a> {
    pub(super) run_id: RunId,
    store: &'a dyn StateStore,
    clock: &'a dyn Clock,
    records: Mutex<Vec<ChangeRecord>>,
}

impl<'a> Book<'a> {
    pub(super) fn new(
        run_id: RunId,
        store: &'a dyn StateStore,
        clock: &'a dyn Clock,
        records: Vec<ChangeRecord>,
    ) -> Self {
        Self {
            run_id,
            store,
            clock,
            records: Mutex::new(records),
        }
    }

    fn records(&self) -> MutexGuard<'_, Vec<ChangeRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn at(&self) -> String {
        at(self.clock)
    }

    /// The places of the changes of which that is true.
    pub(super) fn slots(&self, test: impl Fn(&ChangeRecord) -> bool) -> Vec<usize> {
        self.records()
            .iter()
            .enumerate()
            .filter(|(_, record)| test(record))
            .map(|(slot, _)| slot)
            .collect()
    }

    /// Copies of these changes, each with its place.
    pub(super) fn copies(&self, slots: &[usize]) -> Vec<(usize, ChangeRecord)> {
        let records = self.records();
        slots
            .iter()
            .filter_map(|slot| Some((*slot, records.get(*slot)?.clone())))
            .collect()
    }

    pub(super) fn all(&self) -> Vec<ChangeRecord> {
        self.records().clone()
    }

    pub(super) fn clients(&self, slots: &[usize]) -> BTreeSet<ClientId> {
        self.copies(slots)
            .iter()
            .map(|(_, record)| record.change.client_id)
            .collect()
    }

    /// Records news: durable before it returns, and only then known here.
    pub(super) async fn record(&self, news: Vec<News>) -> Result<(), StoreError> {
        if news.is_empty() {
            return Ok(());
        }
        let at = self.at();
        let (slots, entries): (Vec<usize>, Vec<JournalEntry>) = {
            let records = self.records();
            news.into_iter()
                .filter_map(|news| {
                    let mut record = records.get(news.slot)?.clone();
                    record.outcome = news.outcome;
                    record.written_id = news.written_id;
                    record.note = news.note;
                    let at = at.clone();
                    Some((news.slot, JournalEntry { record, at }))
                })
                .unzip()
        };
        self.store.record(&self.run_id, &entries).await?;
        let mut records = self.records();
        for (slot, entry) in slots.into_iter().zip(entries) {
            if let Some(record) = records.get_mut(slot) {
                *record = entry.record;
            }
        }
        Ok(())
    }
}

/// The time of day as the journal holds it: RFC 3339 in UTC, to the millisecond.
fn at(clock: &dyn Clock) -> String {
    // A clock beyond the year 9999 is not worth failing a run that may have written already.
    let now = jiff::Timestamp::try_from(clock.now()).unwrap_or(jiff::Timestamp::MAX);
    format!("{now:.3}")
}
