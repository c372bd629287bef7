//! The world of the matrices, and what a sync of the month before left of it.

use super::{PERIOD, dated, secrets, settings, today};
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use billing_sync::state::{JournalEntry, MemoryStore, NewRun, StateStore};
use cove_halo::{PlanRequest, Service};
use sandbox::{CONTRACTS, Milli, Sandbox, Switches, World};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The month before.
const BEFORE: u32 = 202_609;
const SERVER: &str = "Cove Data Protection | Server";
const PER_GB: &str = "Cove Data Protection | Per GB";

/// Units of a customer in the month before and in the month: of servers, then thousandths of gigabytes. 0: none.
struct Customer {
    servers: (i64, i64),
    gigabytes: (i64, i64),
}

const fn customer(servers: (i64, i64), gigabytes: (i64, i64)) -> Customer {
    Customer { servers, gigabytes }
}

/// In turn: changed, right, new; one whose record may not be changed, between two others of a batch; the last one left.
const CUSTOMERS: [Customer; 9] = [
    customer((2, 1), (2_500, 1_500)),
    customer((3, 2), (0, 0)),
    customer((3, 3), (0, 1_502)),
    customer((4, 4), (0, 0)),
    customer((5, 5), (1_504, 1_504)),
    customer((0, 6), (0, 1_506)),
    customer((0, 7), (0, 0)),
    customer((4, 6), (0, 0)),
    customer((5, 0), (0, 0)),
];
/// The one whose record may not be changed.
const FROZEN: usize = 7;

/// People have made records of some customers, with notes and prices, and one of something else for those without any.
fn fill(world: &mut World) {
    for (at, one) in CUSTOMERS.iter().enumerate() {
        let id = format!("90000{at}");
        let client = world.add_client(&format!("Client {at}"), id.as_str());
        let contract = CONTRACTS[at % 3];
        let customer = (id.as_str(), "Customer");
        for (service, units) in [
            (SERVER, one.servers),
            (PER_GB, (one.gigabytes.0, one.gigabytes.1)),
        ] {
            for (period, units) in [(BEFORE, units.0), (PERIOD, units.1)] {
                let quantity = if service == SERVER {
                    Milli::units(units)
                } else {
                    Milli::new(units)
                };
                if units > 0 {
                    assert!(world.add_usage(period, contract, customer, service, quantity));
                }
            }
        }
        match at {
            0 | 7 | 8 => {
                let record = world.add_subscription(client, SERVER, one.servers.0);
                assert!(world.describe_subscription(record, "as agreed", 12));
                assert!(world.add_invoice_line(record).is_some());
            }
            3 => {
                let record = world.add_subscription(client, SERVER, 9);
                assert!(world.delete_subscription(record));
            }
            5 | 6 => {
                world.add_subscription(client, "Something else", 9);
            }
            _ => {}
        }
    }
}

async fn filled() -> Sandbox {
    let sandbox = Sandbox::builder()
        .blank_world()
        .period(PERIOD)
        .switches(dated(Switches::default()))
        .start()
        .await
        .unwrap();
    sandbox.edit(fill);
    sandbox
}

/// The world before anything was ever synced.
pub(super) async fn before_any_sync() -> World {
    filled().await.world()
}

/// The world once the month before was synced, and the state of that sync.
pub(super) struct September {
    pub(super) world: World,
    store: MemoryStore,
    /// The record that may not be changed.
    pub(super) frozen: i64,
}

impl September {
    /// Synced once for all cases.
    pub(super) async fn once() -> &'static Self {
        static ONCE: OnceCell<September> = OnceCell::const_new();
        ONCE.get_or_init(Self::synced).await
    }

    async fn synced() -> Self {
        let sandbox = filled().await;
        let store = MemoryStore::new();
        let service = Service::builder(settings(&sandbox, ""), secrets())
            .store(Arc::new(store.clone()))
            .clock(Arc::new(ManualClock::new(today())))
            .build()
            .unwrap();
        let request = PlanRequest {
            period: Some(BEFORE.try_into().unwrap()),
            only: None,
        };
        let done = service.sync(&request, Approval::by("test")).await.unwrap();
        let report = done.run.unwrap().report;
        assert!(report.changes.iter().all(|change| change.outcome.is_done()));
        let client = sandbox.clients()[FROZEN].id;
        let mut records = sandbox.subscriptions().into_iter();
        let frozen = records.find(|one| one.client_id == client).unwrap().id;
        assert!(sandbox.edit(|world| world.freeze_subscription(frozen)));
        Self {
            world: sandbox.world(),
            store,
            frozen,
        }
    }

    /// Writes the state of that sync into another store.
    pub(super) async fn remembered_by(&self, store: &dyn StateStore) {
        let own = &self.store;
        let subject = own.subject().await.unwrap().unwrap();
        store.bind(&subject).await.unwrap();
        let period = BEFORE.try_into().unwrap();
        let usage = own.usage(period).await.unwrap();
        store.save_usage(period, &usage).await.unwrap();
        let run_id = &own.runs(1).await.unwrap()[0].run_id;
        let run = own.run(run_id).await.unwrap().unwrap();
        let at = &run.summary.started_at;
        let begun = NewRun {
            run_id,
            plan: &run.plan,
            approved_by: &run.summary.approved_by,
            overrides: &run.overrides,
            at: at.clone(),
        };
        store.begin_run(&begun).await.unwrap();
        let entries = run.changes.into_iter().map(|record| JournalEntry {
            record,
            at: at.clone(),
        });
        let entries: Vec<JournalEntry> = entries.collect();
        store.record(run_id, &entries).await.unwrap();
        let owned = own.memory().await.unwrap().owned;
        store.own(run_id, &owned, at).await.unwrap();
        store
            .finish_run(run_id, run.summary.status, at)
            .await
            .unwrap();
    }
}
