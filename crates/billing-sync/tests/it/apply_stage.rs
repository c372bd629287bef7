//! The stage of the apply tests: a small world, what it should become, and a run on it.

use billing_sync::apply::{Apply, ApplyError};
use billing_sync::ids::{ClientId, Key, LicenceId, RunId};
use billing_sync::plan::{Change, Plan};
use billing_sync::ports::{RunWatch, Unwatched};
use billing_sync::run::{Outcome, RunReport, StopSignal};
use billing_sync::state::{MemoryStore, StateStore};
use billing_sync::target::Standing;
use billing_sync::testing::{
    FakeTarget, Step, TickingClock, approved, create, keep, plan_of, update, zero,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Everything one run needs.
pub(crate) struct Stage {
    pub(crate) target: FakeTarget,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) watch: Arc<dyn RunWatch>,
    pub(crate) stop: StopSignal,
    pub(crate) concurrency: usize,
    /// What the target must hold in the end.
    pub(crate) wanted: BTreeMap<Key, Vec<i64>>,
    clock: TickingClock,
    runs: AtomicUsize,
}

impl Stage {
    pub(crate) fn new(target: FakeTarget) -> Self {
        Self::with(target, Arc::new(MemoryStore::new()))
    }

    pub(crate) fn with(target: FakeTarget, store: Arc<dyn StateStore>) -> Self {
        Self {
            target,
            store,
            watch: Arc::new(Unwatched),
            stop: StopSignal::new(),
            concurrency: 1,
            wanted: expected(),
            clock: TickingClock::new(),
            runs: AtomicUsize::new(0),
        }
    }

    pub(crate) fn apply(&self) -> Apply<'_> {
        self.apply_on(&*self.store)
    }

    pub(crate) fn apply_on<'a>(&'a self, store: &'a dyn StateStore) -> Apply<'a> {
        Apply {
            reader: &self.target,
            writer: &self.target,
            store,
            clock: &self.clock,
            watch: &*self.watch,
            stop: &self.stop,
            concurrency: self.concurrency,
        }
    }

    /// A run id that no run has yet.
    pub(crate) fn next_run(&self) -> RunId {
        let number = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        RunId::new(format!("run-{number}"))
    }

    pub(crate) async fn run(&self, plan: Plan) -> Result<RunReport, ApplyError> {
        self.run_on(&*self.store, plan).await
    }

    pub(crate) async fn run_on(
        &self,
        store: &dyn StateStore,
        plan: Plan,
    ) -> Result<RunReport, ApplyError> {
        let lock = self.store.lock().await.unwrap();
        let approved = approved(plan).unwrap();
        let apply = self.apply_on(store);
        apply.run(&*lock, self.next_run(), &approved).await
    }

    /// Goes on with the newest run, under the rules it was planned under.
    pub(crate) async fn resume(&self) -> Result<Option<RunReport>, ApplyError> {
        self.resume_on(&*self.store).await
    }

    pub(crate) async fn resume_on(
        &self,
        store: &dyn StateStore,
    ) -> Result<Option<RunReport>, ApplyError> {
        let lock = self.store.lock().await.unwrap();
        let newest = self.store.unfinished_run().await.unwrap();
        let rules = newest.map(|run| run.plan.rules_digest().to_owned());
        let rules = rules.unwrap_or_default();
        self.apply_on(store).resume(&*lock, &rules).await
    }

    pub(crate) async fn settle(&self) -> Result<Option<RunReport>, ApplyError> {
        let lock = self.store.lock().await.unwrap();
        self.apply().settle(&*lock).await
    }

    /// Plans from what the target holds now, and applies: it must end as it should be, without a duplicate.
    pub(crate) async fn converge(&self) {
        let plan = self.plan_anew();
        self.run(plan).await.unwrap();
        self.expect_the_end().await;
    }

    /// A plan from what the target holds now to what it should hold, as the planner makes it with an empty memory.
    pub(crate) fn plan_anew(&self) -> Plan {
        plan_from(&self.target, &self.wanted)
    }

    /// Everything is as it should be, once, and the journal is whole.
    pub(crate) async fn expect_the_end(&self) {
        assert_eq!(self.target.duplicates(), []);
        assert_eq!(self.target.counts(), self.wanted);
        self.store.check_journal().await.unwrap();
        let owned: BTreeMap<Key, Vec<i64>> = self
            .store
            .memory()
            .await
            .unwrap()
            .owned
            .into_iter()
            .map(|owned| (owned.key, vec![owned.count]))
            .collect();
        assert_eq!(owned, self.wanted);
    }

    /// What the report says is there is there, and what it says is not there was not there when it was last read.
    pub(crate) fn expect_true(&self, report: &RunReport) {
        let (records, seen) = (self.target.records(), self.target.last_seen());
        for record in &report.changes {
            let there = |id: LicenceId| {
                records
                    .iter()
                    .any(|it| it.id == id && it.count == record.change.after)
            };
            match record.outcome {
                Outcome::Verified => {
                    assert!(there(record.written_id.unwrap()), "{record:?}");
                }
                Outcome::Planned | Outcome::Rejected | Outcome::NotApplied => {
                    let found = seen.iter().any(|it| {
                        it.standing == Standing::Active
                            && it.key() == record.change.key()
                            && it.count == record.change.after
                    });
                    assert!(!found, "{record:?}");
                }
                Outcome::Started | Outcome::Applied | Outcome::Unknown | Outcome::Mismatch => {}
            }
        }
    }
}

/// Three clients; some subscriptions are there, one of them is somebody else's.
pub(crate) fn target() -> FakeTarget {
    FakeTarget::new()
        .client(1, "One", &["v1"])
        .client(2, "Two", &["v2"])
        .client(3, "Three", &["v3"])
        .client(4, "Four", &["v4"])
        .subscription(20, 2, "A", 3)
        .subscription(21, 2, "B", 8)
        .subscription(30, 3, "A", 4)
}

/// What the world of [`target`] should become: two new ones, one changed, one zeroed, one kept, one more new.
pub(crate) fn changes() -> Vec<Change> {
    vec![
        create(1, "A", 5),
        create(1, "B", 6),
        update(20, 2, "A", 3, 7),
        zero(21, 2, "B", 8),
        keep(30, 3, "A", 4, true),
        create(4, "A", 9),
    ]
}

pub(crate) fn plan() -> Plan {
    plan_with(changes())
}

pub(crate) fn plan_with(changes: Vec<Change>) -> Plan {
    plan_of("202610".parse().unwrap(), changes)
}

pub(crate) fn key(client: i64, name: &str) -> Key {
    Key {
        client: ClientId::new(client),
        name: name.to_owned(),
    }
}

pub(crate) fn expected() -> BTreeMap<Key, Vec<i64>> {
    BTreeMap::from([
        (key(1, "A"), vec![5]),
        (key(1, "B"), vec![6]),
        (key(2, "A"), vec![7]),
        (key(2, "B"), vec![0]),
        (key(3, "A"), vec![4]),
        (key(4, "A"), vec![9]),
    ])
}

fn plan_from(target: &FakeTarget, wanted: &BTreeMap<Key, Vec<i64>>) -> Plan {
    let records = target.records();
    let changes = wanted
        .iter()
        .map(|(key, counts)| {
            let mut of_key = records
                .iter()
                .filter(|it| it.standing == Standing::Active && it.key() == *key);
            let found = of_key.next();
            assert!(of_key.next().is_none(), "{key} is there twice");
            let (client, name, after) = (key.client.get(), &*key.name, counts[0]);
            match found.map(|it| (it.id.get(), it.count)) {
                None => create(client, name, after),
                Some((id, count)) if count == after => keep(id, client, name, count, true),
                Some((id, count)) if after == 0 => zero(id, client, name, count),
                Some((id, count)) => update(id, client, name, count, after),
            }
        })
        .collect();
    plan_with(changes)
}

/// Every write left only after its intent was durable: as many `Started` as writes sent, at every moment.
pub(crate) fn expect_intent_first(steps: &[Step]) {
    let (mut started, mut sent) = (0, 0);
    for step in steps {
        match step {
            Step::Recorded(outcomes) => {
                started += outcomes
                    .iter()
                    .filter(|(_, outcome)| *outcome == Outcome::Started)
                    .count();
            }
            Step::Sent(writes) => {
                sent += writes.len();
                assert!(
                    sent <= started,
                    "a request left before its intent: {steps:#?}"
                );
            }
            _ => {}
        }
    }
    let begun = steps.iter().position(|step| *step == Step::Begun);
    let first = steps.iter().position(|step| matches!(step, Step::Sent(_)));
    assert!(first.is_none() || begun < first);
}

pub(crate) fn outcomes(report: &RunReport) -> Vec<(String, Outcome)> {
    report
        .changes
        .iter()
        .map(|record| {
            let change = &record.change;
            (
                format!("{}/{}", change.client_id, change.name),
                record.outcome,
            )
        })
        .collect()
}
