//! What the billing system in memory holds, and how it changes: by requests, by other people, and by faults.

use crate::ids::{ClientId, LicenceId};
use crate::ports::{PortError, PortErrorKind, SubscriptionRead, Write, WriteOutcome};
use crate::target::{Client, CompleteList, Standing, Subscription, UnreadableRecord};
use std::collections::{BTreeMap, BTreeSet};

/// What goes wrong with one call to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// Refused; the first so many writes are stored all the same, if there is more than one.
    Refused(usize),
    /// Refused for a reason that holds for every write.
    Denied,
    /// The request does not leave.
    NotSent,
    /// The answer is lost; the first so many writes are stored.
    Lost(usize),
    /// The answer is lost, and the writes are stored only after so many more reads.
    Late(usize),
    /// The answer says stored, but nothing is.
    Lied,
    /// The writer returns fewer outcomes than it was given writes; everything is stored.
    Short,
}

/// What goes wrong with one call to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// The read fails.
    Fails,
    /// A record of that client cannot be read, and is left out; every record when it is `None`.
    Unreadable(Option<ClientId>),
}

/// What the system does with a request that holds a write it does not like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Batching {
    /// Refuses it as a whole.
    #[default]
    AllOrNothing,
    /// Stores what comes before the first bad one.
    StopsAtFirst,
    /// Stores everything but the bad ones.
    SkipsBad,
}

/// When somebody else edits something. Calls are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Just before that read.
    BeforeRead(usize),
    /// Just before that write.
    BeforeWrite(usize),
}

/// What somebody else edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Puts a record there, or another in its place.
    Put(Subscription),
    /// Sets a count.
    SetCount(LicenceId, i64),
    /// Takes a record away.
    Remove(LicenceId),
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) records: BTreeMap<LicenceId, Subscription>,
    pub(super) unreadable: Vec<UnreadableRecord>,
    pub(super) next_id: i64,
    pub(super) batching: Batching,
    pub(super) bad_names: BTreeSet<String>,
    pub(super) silent: bool,
    pub(super) mangles: bool,
    pub(super) write_faults: BTreeMap<usize, WriteFault>,
    pub(super) read_faults: BTreeMap<usize, ReadFault>,
    pub(super) edits: Vec<(Moment, Edit)>,
    pub(super) writes: Vec<Vec<Write>>,
    pub(super) reads: usize,
    pub(super) client_reads: usize,
    pub(super) late: Vec<(usize, Write)>,
    pub(super) last_seen: Vec<Subscription>,
    pub(super) in_flight: Vec<BTreeSet<ClientId>>,
    pub(super) overlaps: usize,
    pub(super) most_at_once: usize,
}

impl World {
    pub(super) fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Put(record) => {
                self.records.insert(record.id, record);
            }
            Edit::SetCount(id, count) => {
                if let Some(record) = self.records.get_mut(&id) {
                    record.count = count;
                }
            }
            Edit::Remove(id) => {
                self.records.remove(&id);
            }
        }
    }

    fn edit_at(&mut self, moment: Moment) {
        let (due, later) = std::mem::take(&mut self.edits)
            .into_iter()
            .partition(|(at, _)| *at == moment);
        self.edits = later;
        let due: Vec<(Moment, Edit)> = due;
        for (_, edit) in due {
            self.edit(edit);
        }
    }

    pub(super) fn read(
        &mut self,
        clients: Option<&BTreeSet<ClientId>>,
    ) -> Result<SubscriptionRead, PortError> {
        let call = self.reads;
        self.reads += 1;
        self.edit_at(Moment::BeforeRead(call));
        let mut unreadable = self.unreadable.clone();
        let mut hidden: Option<Option<ClientId>> = None;
        match self.read_faults.get(&call) {
            None => {}
            Some(ReadFault::Fails) => return Err(unavailable()),
            Some(ReadFault::Unreadable(client)) => {
                hidden = Some(*client);
                unreadable.push(UnreadableRecord {
                    client: *client,
                    detail: "it has no count".to_owned(),
                });
            }
        }
        if hidden.is_none() {
            self.last_seen = self.records.values().cloned().collect();
        }
        let records: Vec<Subscription> = self
            .records
            .values()
            .filter(|record| clients.is_none_or(|only| only.contains(&record.client)))
            .filter(|record| {
                hidden.is_none_or(|of| of.is_some_and(|client| client != record.client))
            })
            .cloned()
            .collect();
        let records = CompleteList::proven(records, 0, None).map_err(|_| unavailable())?;
        for (reads, _) in &mut self.late {
            *reads = reads.saturating_sub(1);
        }
        let (due, later) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(reads, _)| *reads == 0);
        self.late = later;
        let due: Vec<(usize, Write)> = due;
        for (_, write) in due {
            self.store(&write);
        }
        Ok(SubscriptionRead {
            records,
            unreadable,
        })
    }

    /// A request leaves for the system; returns its number.
    pub(super) fn arrive(&mut self, batch: &[Write]) -> usize {
        let clients: BTreeSet<ClientId> = batch.iter().map(client_of).collect();
        self.overlaps += self
            .in_flight
            .iter()
            .filter(|other| !other.is_disjoint(&clients))
            .count();
        self.in_flight.push(clients);
        self.most_at_once = self.most_at_once.max(self.in_flight.len());
        self.writes.push(batch.to_vec());
        self.writes.len() - 1
    }

    pub(super) fn leave(&mut self, batch: &[Write]) {
        let clients: BTreeSet<ClientId> = batch.iter().map(client_of).collect();
        if let Some(at) = self.in_flight.iter().position(|other| *other == clients) {
            self.in_flight.remove(at);
        }
    }

    pub(super) fn write(&mut self, call: usize, batch: &[Write]) -> Vec<WriteOutcome> {
        self.edit_at(Moment::BeforeWrite(call));
        let all = |outcome: WriteOutcome| vec![outcome; batch.len()];
        match self.write_faults.get(&call).cloned() {
            None => self.write_well(batch),
            Some(WriteFault::Refused(stored)) => {
                if batch.len() > 1 {
                    self.store_all(batch.iter().take(stored));
                }
                all(WriteOutcome::Refused("refused".to_owned()))
            }
            Some(WriteFault::Denied) => all(WriteOutcome::Denied("not allowed".to_owned())),
            Some(WriteFault::NotSent) => all(WriteOutcome::NotSent("not sent".to_owned())),
            Some(WriteFault::Lost(stored)) => {
                self.store_all(batch.iter().take(stored));
                all(WriteOutcome::Unknown("no answer".to_owned()))
            }
            Some(WriteFault::Late(reads)) => {
                self.late
                    .extend(batch.iter().map(|write| (reads, write.clone())));
                all(WriteOutcome::Unknown("no answer".to_owned()))
            }
            Some(WriteFault::Lied) => all(WriteOutcome::Confirmed(None)),
            Some(WriteFault::Short) => {
                let mut outcomes = self.write_well(batch);
                outcomes.pop();
                outcomes
            }
        }
    }

    fn write_well(&mut self, batch: &[Write]) -> Vec<WriteOutcome> {
        let bad = |world: &Self, write: &Write| world.bad_names.contains(world.name_of(write));
        let first_bad = batch.iter().position(|write| bad(self, write));
        if let Some(first_bad) = first_bad {
            let good: Vec<&Write> = match self.batching {
                Batching::AllOrNothing => Vec::new(),
                Batching::StopsAtFirst => batch.iter().take(first_bad).collect(),
                Batching::SkipsBad => batch.iter().filter(|write| !bad(self, write)).collect(),
            };
            self.store_all(good.into_iter());
            return vec![WriteOutcome::Refused("bad name".to_owned()); batch.len()];
        }
        batch
            .iter()
            .map(|write| match self.store(write) {
                Some(stored) => WriteOutcome::Confirmed((!self.silent).then_some(stored)),
                None => WriteOutcome::Refused("there is no such record".to_owned()),
            })
            .collect()
    }

    fn name_of<'a>(&'a self, write: &'a Write) -> &'a str {
        match write {
            Write::Create { name, .. } => name,
            Write::SetCount { id, .. } => self
                .records
                .get(id)
                .map_or("", |record| record.name.as_str()),
        }
    }

    fn store_all<'w>(&mut self, writes: impl Iterator<Item = &'w Write>) {
        for write in writes {
            self.store(write);
        }
    }

    pub(super) fn store(&mut self, write: &Write) -> Option<Subscription> {
        match write {
            Write::Create {
                client,
                name,
                count,
            } => {
                let record = Subscription {
                    id: LicenceId::new(self.next_id),
                    client: *client,
                    name: if self.mangles {
                        mangled(name)
                    } else {
                        name.clone()
                    },
                    count: *count,
                    standing: Standing::Active,
                };
                self.next_id += 1;
                self.records.insert(record.id, record.clone());
                Some(record)
            }
            Write::SetCount { id, count, .. } => {
                let record = self.records.get_mut(id)?;
                record.count = *count;
                Some(record.clone())
            }
        }
    }
}

/// As an old code page keeps it.
fn mangled(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii() { letter } else { '?' })
        .collect()
}

fn client_of(write: &Write) -> ClientId {
    match write {
        Write::Create { client, .. } | Write::SetCount { client, .. } => *client,
    }
}

pub(super) fn unavailable() -> PortError {
    PortError::new(PortErrorKind::Unavailable, "the target does not answer")
}
