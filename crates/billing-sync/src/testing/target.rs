//! A billing system in memory: a small state machine that keeps clients and subscriptions, and misbehaves on demand.

use super::{Step, Trace, soon};
use crate::ids::{ClientId, Key, LicenceId};
use crate::ports::{
    PortError, PortErrorKind, SubscriptionRead, TargetReader, TargetWriter, Write, WriteOutcome,
};
use crate::target::{
    Client, CompleteList, Standing, Subscription, TargetSnapshot, UnreadableRecord,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// A billing system in memory. Clones are the same system.
#[derive(Clone, Debug)]
pub struct FakeTarget {
    world: Arc<Mutex<World>>,
    batch_size: usize,
    trace: Trace,
}

#[derive(Debug, Default)]
struct World {
    clients: BTreeMap<ClientId, Client>,
    records: BTreeMap<LicenceId, Subscription>,
    unreadable: Vec<UnreadableRecord>,
    next_id: i64,
    batching: Batching,
    bad_names: BTreeSet<String>,
    silent: bool,
    write_faults: BTreeMap<usize, WriteFault>,
    read_faults: BTreeMap<usize, ReadFault>,
    edits: Vec<(Moment, Edit)>,
    writes: Vec<Vec<Write>>,
    reads: usize,
    late: Vec<(usize, Write)>,
    last_seen: Vec<Subscription>,
    in_flight: Vec<BTreeSet<ClientId>>,
    overlaps: usize,
    most_at_once: usize,
}

impl Default for FakeTarget {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeTarget {
    /// An empty system that takes one write per request.
    pub fn new() -> Self {
        let world = World {
            next_id: 1000,
            ..World::default()
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            batch_size: 1,
            trace: Trace::new(),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many writes per request.
    #[must_use]
    pub fn batch_size(mut self, size: usize) -> Self {
        self.batch_size = size;
        self
    }

    /// Notes here what it is asked.
    #[must_use]
    pub fn noting(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// Adds a client whose custom field holds these vendor ids.
    #[must_use]
    pub fn client(self, id: i64, name: &str, vendor_ids: &[&str]) -> Self {
        self.put_client(Client {
            id: ClientId::new(id),
            name: name.to_owned(),
            active: true,
            vendor_ids: vendor_ids.iter().map(ToString::to_string).collect(),
        });
        self
    }

    /// Adds an active subscription.
    #[must_use]
    pub fn subscription(self, id: i64, client: i64, name: &str, count: i64) -> Self {
        self.edit_now(Edit::Put(Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(client),
            name: name.to_owned(),
            count,
            standing: Standing::Active,
        }));
        self
    }

    /// Shows no records in its answers to writes.
    #[must_use]
    pub fn silent(self) -> Self {
        self.world().silent = true;
        self
    }

    /// Does not like writes to subscriptions of that name.
    #[must_use]
    pub fn bad_name(self, name: &str, batching: Batching) -> Self {
        {
            let mut world = self.world();
            world.bad_names.insert(name.to_owned());
            world.batching = batching;
        }
        self
    }

    /// Misbehaves at that write, counted from 0.
    #[must_use]
    pub fn write_fault(self, at: usize, fault: WriteFault) -> Self {
        self.world().write_faults.insert(at, fault);
        self
    }

    /// Misbehaves at that read, counted from 0.
    #[must_use]
    pub fn read_fault(self, at: usize, fault: ReadFault) -> Self {
        self.world().read_faults.insert(at, fault);
        self
    }

    /// Somebody else edits something at that moment.
    #[must_use]
    pub fn edit(self, moment: Moment, edit: Edit) -> Self {
        self.world().edits.push((moment, edit));
        self
    }

    /// Shows a record that cannot be read, from now on.
    pub fn put_unreadable(&self, record: UnreadableRecord) {
        self.world().unreadable.push(record);
    }

    /// Adds or replaces a client.
    pub fn put_client(&self, client: Client) {
        self.world().clients.insert(client.id, client);
    }

    /// Somebody else edits something now.
    pub fn edit_now(&self, edit: Edit) {
        self.world().edit(edit);
    }

    /// Behaves from now on. Writes that are still under way arrive now.
    pub fn heal(&self) {
        let mut world = self.world();
        world.write_faults.clear();
        world.read_faults.clear();
        world.edits.clear();
        for (_, write) in std::mem::take(&mut world.late) {
            world.store(&write);
        }
    }

    /// Everything it holds, by id.
    pub fn records(&self) -> Vec<Subscription> {
        self.world().records.values().cloned().collect()
    }

    /// Everything it held when it was last read without a fault.
    pub fn last_seen(&self) -> Vec<Subscription> {
        self.world().last_seen.clone()
    }

    /// The counts of its active subscriptions by key. A key with more than one count is a duplicate.
    pub fn counts(&self) -> BTreeMap<Key, Vec<i64>> {
        let mut counts: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
        for record in self.world().records.values() {
            if record.standing == Standing::Active {
                counts.entry(record.key()).or_default().push(record.count);
            }
        }
        counts
    }

    /// Keys with more than one active subscription.
    pub fn duplicates(&self) -> Vec<Key> {
        let counts = self.counts();
        let more = counts.into_iter().filter(|(_, counts)| counts.len() > 1);
        more.map(|(key, _)| key).collect()
    }

    /// The requests to write that left for it, in order.
    pub fn writes(&self) -> Vec<Vec<Write>> {
        self.world().writes.clone()
    }

    /// How often it was read.
    pub fn reads(&self) -> usize {
        self.world().reads
    }

    /// How often a request held a client that another request, still under way, held too.
    pub fn overlaps(&self) -> usize {
        self.world().overlaps
    }

    /// The most requests to write that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.world().most_at_once
    }

    async fn read(
        &self,
        clients: Option<&BTreeSet<ClientId>>,
    ) -> Result<SubscriptionRead, PortError> {
        soon().await;
        let answer = self.world().read(clients);
        self.trace.push(Step::Read);
        soon().await;
        answer
    }
}

#[async_trait]
impl TargetReader for FakeTarget {
    async fn snapshot(&self) -> Result<TargetSnapshot, PortError> {
        let read = self.read(None).await?;
        let clients: Vec<Client> = self.world().clients.values().cloned().collect();
        let clients = CompleteList::proven(clients, 0, None).map_err(|_| unavailable())?;
        Ok(TargetSnapshot::new(clients, read.records, read.unreadable))
    }

    async fn subscriptions_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError> {
        self.read(Some(clients)).await
    }

    fn requests_sent(&self) -> u64 {
        let world = self.world();
        (world.reads + world.writes.len()) as u64
    }
}

#[async_trait]
impl TargetWriter for FakeTarget {
    async fn write(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        let call = self.world().arrive(batch);
        self.trace.push(Step::Sent(batch.to_vec()));
        soon().await;
        let outcomes = self.world().write(call, batch);
        soon().await;
        self.world().leave(batch);
        outcomes
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }
}

impl World {
    fn edit(&mut self, edit: Edit) {
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

    fn read(
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
    fn arrive(&mut self, batch: &[Write]) -> usize {
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

    fn leave(&mut self, batch: &[Write]) {
        let clients: BTreeSet<ClientId> = batch.iter().map(client_of).collect();
        if let Some(at) = self.in_flight.iter().position(|other| *other == clients) {
            self.in_flight.remove(at);
        }
    }

    fn write(&mut self, call: usize, batch: &[Write]) -> Vec<WriteOutcome> {
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
            .map(|write| {
                let stored = self.store(write);
                WriteOutcome::Confirmed(stored.filter(|_| !self.silent))
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

    fn store(&mut self, write: &Write) -> Option<Subscription> {
        match write {
            Write::Create {
                client,
                name,
                count,
            } => {
                let record = Subscription {
                    id: LicenceId::new(self.next_id),
                    client: *client,
                    name: name.clone(),
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

fn client_of(write: &Write) -> ClientId {
    match write {
        Write::Create { client, .. } | Write::SetCount { client, .. } => *client,
    }
}

fn unavailable() -> PortError {
    PortError::new(PortErrorKind::Unavailable, "the target does not answer")
}
