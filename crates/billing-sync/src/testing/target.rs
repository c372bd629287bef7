//! A billing system in memory: a small state machine that keeps clients and subscriptions, and misbehaves on demand.

use super::world::{Batching, Edit, Moment, ReadFault, World, WriteFault, unavailable};
use super::{Step, Trace, soon};
use crate::ids::{ClientId, Key, LicenceId};
use crate::ports::{
    ClientRead, PortError, SubscriptionRead, TargetReader, TargetWriter, Write, WriteOutcome,
};
use crate::target::{
    Client, CompleteList, Standing, Subscription, TargetSnapshot, UnreadableRecord,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A billing system in memory. Clones are the same system.
#[derive(Clone, Debug)]
pub struct FakeTarget {
    world: Arc<Mutex<World>>,
    batch_size: usize,
    trace: Trace,
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

    /// Stores every letter beyond ASCII as `?`.
    #[must_use]
    pub fn mangling_names(self) -> Self {
        self.world().mangles = true;
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

    /// Time passes: writes that are still under way arrive.
    pub fn land(&self) {
        let mut world = self.world();
        for (_, write) in std::mem::take(&mut world.late) {
            world.store(&write);
        }
    }

    /// Behaves from now on. Writes that are still under way arrive.
    pub fn heal(&self) {
        {
            let mut world = self.world();
            world.write_faults.clear();
            world.read_faults.clear();
            world.edits.clear();
        }
        self.land();
    }

    /// Likes every name from now on.
    pub fn forgive(&self) {
        self.world().bad_names.clear();
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

    /// How often single clients were read, which counts as no read of its records.
    pub fn client_reads(&self) -> usize {
        self.world().client_reads
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

    async fn clients(&self, clients: &BTreeSet<ClientId>) -> Result<ClientRead, PortError> {
        soon().await;
        let wanted: Vec<Client> = {
            let mut world = self.world();
            world.client_reads += 1;
            let all = world.clients.values();
            all.filter(|client| clients.contains(&client.id))
                .cloned()
                .collect()
        };
        self.trace.push(Step::Read);
        soon().await;
        Ok(ClientRead {
            records: CompleteList::proven(wanted, 0, None).map_err(|_| unavailable())?,
            unreadable: Vec::new(),
        })
    }

    fn requests_sent(&self) -> u64 {
        let world = self.world();
        (world.reads + world.client_reads + world.writes.len()) as u64
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
