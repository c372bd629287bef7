//! A small world for the real process, in the month after its first one, and the judge of what a sync leaves there: every
//! record as it should be, once, nothing else touched, and every write that was stored in the journal.

use crate::tool::{PERIOD, SERVER, World};
use billing_sync::run::{ChangeRecord, Outcome, RunStatus};
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::state::{StateStore, StoredRun};
use sandbox::{Client, LoggedRequest, Milli, Sandbox, StoredLicence, Subscription};
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(crate) const SYNC: [&str; 5] = ["sync", "--period", "202610", "--yes", "-q"];
/// How a sync ends that did all it could: one record may not be changed.
pub(crate) const DONE: i32 = 1;
/// The files of the state.
const STATE: [&str; 3] = ["cove-halo.db", "cove-halo.db-wal", "cove-halo.db-shm"];

/// The month before.
const BEFORE: u32 = 202_609;
/// Servers of each customer in the month before and in the month. In turn: three that changed, one of them frozen; one that
/// is right; three that are new; one that left.
const SERVERS: [(i64, i64); 8] = [
    (2, 1),
    (1, 2),
    (3, 4),
    (4, 4),
    (0, 5),
    (0, 6),
    (0, 7),
    (5, 0),
];
const FROZEN: usize = 2;

/// The world and the state once the month before was synced.
struct September {
    world: sandbox::World,
    state: Vec<u8>,
    subscriptions: Vec<Subscription>,
    clients: Vec<Client>,
    /// The record that HaloPSA refuses to change.
    frozen: i64,
}

impl September {
    fn once() -> &'static Self {
        static ONCE: OnceLock<September> = OnceLock::new();
        ONCE.get_or_init(Self::synced)
    }

    fn synced() -> Self {
        let world = World::start(Sandbox::builder().blank_world());
        world.sandbox.edit(|inside| {
            for (number, (before, now)) in SERVERS.into_iter().enumerate() {
                let id = format!("c{number}");
                let client = inside.add_client(&format!("Client {number}"), id.as_str());
                let customer = (id.as_str(), "Customer");
                // One on each of the month's invoices.
                let contract = sandbox::CONTRACTS[number % 2 * 2];
                for (period, units) in [(BEFORE, before), (PERIOD, now)] {
                    let units = Milli::units(units);
                    if units != Milli::units(0) {
                        assert!(inside.add_usage(period, contract, customer, SERVER, units));
                    }
                }
                if number == 0 {
                    let record = inside.add_subscription(client, SERVER, 9);
                    assert!(inside.describe_subscription(record, "as agreed", 12));
                    inside.add_subscription(client, "Something else", 9);
                }
            }
        });
        let args = ["sync", "--period", "202609", "--yes", "-q"];
        world.run(&args).ended(0);
        let client = world.sandbox.clients()[FROZEN].id;
        let mut records = world.sandbox.subscriptions().into_iter();
        let frozen = records.find(|one| one.client_id == client).unwrap().id;
        assert!(
            world
                .sandbox
                .edit(|inside| inside.freeze_subscription(frozen))
        );
        let log = std::fs::metadata(world.path(STATE[1])).map_or(0, |log| log.len());
        assert_eq!(log, 0, "the file alone is the state");
        Self {
            state: std::fs::read(world.path(STATE[0])).unwrap(),
            subscriptions: world.sandbox.subscriptions(),
            clients: world.sandbox.clients(),
            world: world.sandbox.world(),
            frozen,
        }
    }
}

/// Eight customers whose first month was synced, batches of two: several write requests, a few of everything else. One came
/// to nothing, and one record is refused.
pub(crate) fn small() -> World {
    let september = September::once();
    let world = World::start(Sandbox::builder().world(september.world.clone()));
    let settings = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    // All of so few may change, and one may leave.
    let settings = settings.replacen("[halo]", "[halo]\nwrite_batch = 2", 1)
        + "[guard]\nmax_changed_percent = 100\nmax_client_change_percent = 1000\n";
    std::fs::write(world.path("cove-halo.toml"), settings).unwrap();
    std::fs::write(world.path(STATE[0]), &september.state).unwrap();
    world
}

/// Whether a request wants to change the record that is refused, and so stores nothing.
pub(crate) fn is_refused(request: &LoggedRequest) -> bool {
    let id = format!("\"id\":{}", September::once().frozen);
    request.body.contains(&(id.clone() + ",")) || request.body.contains(&(id + "}"))
}

/// The same from the data files of the month's invoices.
pub(crate) fn small_from_files() -> World {
    let world = small();
    let mut paths = Vec::new();
    for file in world.sandbox.efiles(PERIOD) {
        std::fs::write(world.path(&file.file_name), file.csv).unwrap();
        paths.push(format!("\"{}\"", file.file_name));
    }
    assert!(!paths.is_empty());
    let settings = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    let source = format!("[cove]\nsource = \"efile\"\nefile = [{}]", paths.join(", "));
    let settings = settings.replacen("[cove]", &source, 1);
    std::fs::write(world.path("cove-halo.toml"), settings).unwrap();
    world
}

/// As after a disk that was lost.
pub(crate) fn lose_state(world: &World) -> Sent {
    // What a process sent before it died may still be on its way.
    std::thread::sleep(std::time::Duration::from_millis(50));
    for name in STATE {
        let _ = std::fs::remove_file(world.path(name));
    }
    Sent::SinceRequest(world.sandbox.requests().len() as u64)
}

fn is_live(record: &Subscription) -> bool {
    record.kind == 1 && record.is_active && !record.deleted
}

/// Fails unless Halo is as a correct sync leaves it. Without its state nobody knows whose the record of a customer is that
/// left; what was set to 0 before stays so.
#[track_caller]
pub(crate) fn is_right(world: &World, keeps_state: bool, place: &str) {
    let september = September::once();
    let mut wanted = BTreeMap::new();
    for one in world.sandbox.expected(PERIOD).subscriptions {
        wanted.insert((one.client_id, one.name), vec![one.count]);
    }
    let departed = world.sandbox.expected(PERIOD).departed;
    assert_eq!(departed.len(), 1);
    for one in departed {
        let left = SERVERS[SERVERS.len() - 1].0;
        let counts = if keeps_state { vec![0] } else { vec![0, left] };
        wanted.insert((one.client_id, one.name), counts);
    }
    let frozen = september.subscriptions.iter();
    let frozen = frozen.filter(|one| one.id == september.frozen);
    wanted.extend(frozen.map(|one| ((one.client_id, one.name.clone()), vec![one.count])));
    for record in world.sandbox.subscriptions() {
        let mut before = september.subscriptions.iter();
        let before = before.find(|one| one.id == record.id);
        let key = (record.client_id, record.name.clone());
        let ours = wanted.remove(&key).filter(|_| is_live(&record));
        let Some(counts) = ours else {
            assert_eq!(Some(&record), before, "{place}: none of ours, or twice");
            continue;
        };
        assert!(counts.contains(&record.count), "{place}: {record:?}");
        let right = Subscription {
            count: record.count,
            ..before.cloned().unwrap_or_else(|| as_made(&record))
        };
        assert_eq!(record, right, "{place}: only its count is ours");
    }
    assert!(wanted.is_empty(), "{place}: missing {wanted:?}");
    assert_eq!(world.sandbox.clients(), september.clients, "{place}");
}

/// A record as a sync makes it.
fn as_made(record: &Subscription) -> Subscription {
    Subscription {
        kind: 1,
        is_active: true,
        deleted: false,
        notes: String::new(),
        price: "0".to_owned(),
        other: BTreeMap::new(),
        ..record.clone()
    }
}

/// The state file, where it can be opened.
fn store(world: &World) -> Option<SqliteStore> {
    SqliteStore::open_read_only(world.path(STATE[0])).ok()
}

/// Whether there is a state file that can be read.
pub(crate) fn has_state(world: &World) -> bool {
    store(world).is_some()
}

/// How the newest run of the month ended.
pub(crate) fn status(world: &World) -> Option<RunStatus> {
    runs(world).first().map(|run| run.summary.status)
}

/// The runs of the month in the state file, the newest first. None where there is no file.
fn runs(world: &World) -> Vec<StoredRun> {
    let Some(store) = store(world) else {
        return Vec::new();
    };
    world.wait_for(async {
        let mut runs = Vec::new();
        for one in store.runs(100).await.unwrap() {
            if one.period.number() == PERIOD {
                runs.push(store.run(&one.run_id).await.unwrap().unwrap());
            }
        }
        runs
    })
}

/// Fails unless each of these requests, sent since this state is kept, stored what a run announced: before it left, and no
/// run says that it did not arrive. A record that is made twice fails too.
#[track_caller]
pub(crate) fn is_recorded(world: &World, writes: &[LoggedRequest], place: &str) {
    let runs = runs(world);
    let mut times = BTreeMap::<_, usize>::new();
    for stored in writes.iter().flat_map(|request| &request.stored) {
        let mut changes = runs.iter().flat_map(|run| &run.changes);
        let known = changes.any(|change| is_of(stored, change) && may_have_arrived(change.outcome));
        assert!(known, "{place}: stored, and in no journal: {stored:?}");
        *times.entry((stored.id, stored.count)).or_default() += 1;
    }
    times.retain(|_, times| *times > 1);
    assert!(times.is_empty(), "{place}: sent twice: {times:?}");
}

/// Fails unless nothing is open, and each change that is called done was stored by one of these requests.
#[track_caller]
pub(crate) fn is_settled(world: &World, writes: &[LoggedRequest], place: &str) {
    let stored: Vec<&StoredLicence> = writes.iter().flat_map(|one| &one.stored).collect();
    for change in runs(world).iter().flat_map(|run| &run.changes) {
        assert!(!change.outcome.is_open(), "{place}: {change:?}");
        let is_stored = stored.iter().any(|stored| is_of(stored, change));
        let is_done = matches!(change.outcome, Outcome::Applied | Outcome::Verified);
        assert!(is_stored || !is_done, "{place}: nobody stored {change:?}");
    }
}

fn may_have_arrived(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Started
        | Outcome::Unknown
        | Outcome::Applied
        | Outcome::Verified
        | Outcome::Mismatch => true,
        Outcome::Planned | Outcome::NotApplied | Outcome::Rejected => false,
    }
}

/// Whether a request stored exactly this change.
fn is_of(stored: &StoredLicence, change: &ChangeRecord) -> bool {
    let wanted = &change.change;
    let is_its_record = match wanted.licence_id {
        Some(id) => id.get() == stored.id && !stored.is_new,
        None => stored.is_new,
    };
    is_its_record
        && wanted.client_id.get() == stored.client_id
        && wanted.name == stored.name
        && wanted.after == stored.count
}

/// What must hold after anything: one more sync does all it can, every count is right once, the journal is whole, has every
/// write and nothing open. These requests were sent since this state is kept, before that sync.
#[track_caller]
pub(crate) fn is_made_right(world: &World, sent: Sent, place: &str) {
    let again = world.run(&SYNC);
    assert_eq!(again.code, DONE, "{place}: {again:#?}");
    assert_eq!(status(world), Some(RunStatus::Partial), "{place}");
    is_right(world, sent == Sent::SinceSeptember, place);
    let check = world.run(&["history", "--check"]);
    assert_eq!(check.code, 0, "{place}: {check:#?}");
    let mut writes = world.writes();
    if let Sent::SinceRequest(last) = sent {
        writes.retain(|request| request.index > last);
    }
    is_recorded(world, &writes, place);
    is_settled(world, &writes, place);
}

/// Which of the writes the state can know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    SinceSeptember,
    /// The state was lost after this request.
    SinceRequest(u64),
}
