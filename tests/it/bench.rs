//! A sandbox with a service on it, and the judge of what a sync left there.

mod judge;
mod world;

use crate::together::Together;
use api_core::Transport;
use api_core::testing::ManualClock;
use billing_sync::ids::{LicenceId, RunId};
use billing_sync::plan::{Approval, Plan};
use billing_sync::run::{ChangeRecord, Outcome, RunStatus};
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::state::{MemoryStore, StateStore};
use cove_halo::{
    Audience, CoveSettings, CoveSource, PlanRequest, RunOutcome, Secrets, Service, ServiceBuilder,
    ServiceError, Settings, SyncOutcome,
};
use judge::Before;
use sandbox::{BatchFailure, Sandbox, SandboxBuilder, StoredLicence, Switches};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use world::September;

/// The month that is synced.
pub(crate) const PERIOD: u32 = 202_610;

/// 2026-11-08 12:00 UTC: October is invoiced.
pub(crate) fn today() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_794_139_200)
}

/// Settings for a sandbox, as the demo has them.
pub(crate) fn settings(sandbox: &Sandbox, more: &str) -> Settings {
    let text = format!(
        r#"
        [cove]
        base_url = "{billing}"
        account_id = "{account}"
        products = ["Cove Data Protection"]
        [halo]
        base_url = "{halo}"
        tenant = "{tenant}"
        customer_field = "{field}"
        write_batch = 3
        [[rule]]
        service = "Cove Data Protection | Per GB"
        round = "up"
        [guard]
        max_changed_percent = 100
        max_client_change_percent = 1000
        {more}
        "#,
        billing = sandbox.billing_url(),
        account = sandbox::ACCOUNT_ID,
        halo = sandbox.halo_url(),
        tenant = sandbox::TENANT,
        field = sandbox::CUSTOM_FIELD,
    );
    Settings::from_toml(&text, "test settings").unwrap()
}

/// The sandbox's credentials.
pub(crate) fn secrets() -> Secrets {
    Secrets::from_env(&|name| {
        let value = match name {
            "COVE_API_KEY" => sandbox::API_KEY,
            "HALO_CLIENT_ID" => sandbox::HALO_CLIENT_ID,
            "HALO_CLIENT_SECRET" => sandbox::HALO_CLIENT_SECRET,
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}

/// A sandbox, what was in it before the month was synced, and a state beside it.
pub(crate) struct Bench {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) store: Arc<dyn StateStore>,
    keeping: Keeping,
    /// Kept until the end.
    folder: Option<TempDir>,
    clock: ManualClock,
    before: Before,
    /// What the sandbox refuses to change.
    frozen: Option<i64>,
    /// The month before was synced, and that is remembered.
    knows_september: bool,
    /// Somebody else edited counts: some are not as a sync left them.
    pub(crate) is_edited: bool,
    /// The server may say of a write that it is stored, and it is not.
    pub(crate) says_too_much: bool,
    /// Where the month's usage is read from.
    source: Source,
    calls: Mutex<Vec<Call>>,
}

/// Where the month's usage is read from. Cove's management API is no case: what it says is never final.
#[derive(Debug, Default)]
pub(crate) enum Source {
    /// Invoice by invoice.
    #[default]
    Invoices,
    /// The month as one document, bought from a distributor.
    Distributor,
    /// The data files of the invoices; the ids of customers come from the API.
    Files {
        paths: Vec<PathBuf>,
        _folder: TempDir,
    },
}

impl Source {
    /// By name, as the number of a case or a seed picks it.
    pub(crate) const NAMES: [&str; 3] = ["invoices", "distributor", "files"];

    fn named(name: &str, sandbox: &Sandbox) -> Self {
        match name {
            "distributor" => Self::Distributor,
            "files" => {
                let folder = tempfile::tempdir().unwrap();
                let paths = sandbox.efiles(PERIOD).into_iter().map(|file| {
                    let path = folder.path().join(&file.file_name);
                    std::fs::write(&path, file.csv).unwrap();
                    path
                });
                Self::Files {
                    paths: paths.collect(),
                    _folder: folder,
                }
            }
            _ => Self::Invoices,
        }
    }

    fn set(&self, settings: &mut CoveSettings) {
        match self {
            Self::Invoices => {}
            Self::Distributor => settings.audience = Audience::Indirect,
            Self::Files { paths, .. } => {
                settings.source = CoveSource::Efile;
                settings.efile.clone_from(paths);
            }
        }
    }
}

/// Where the state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    Memory,
    File,
}

impl Keeping {
    /// A third of all cases keep a file.
    pub(crate) fn of_case(number: u64) -> Self {
        if number.is_multiple_of(3) {
            Self::File
        } else {
            Self::Memory
        }
    }

    /// An empty state, and the folder that it is in.
    fn store(self) -> (Arc<dyn StateStore>, Option<TempDir>) {
        match self {
            Self::Memory => (Arc::new(MemoryStore::new()), None),
            Self::File => {
                let folder = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(folder.path().join("state.db")).unwrap();
                (Arc::new(store), Some(folder))
            }
        }
    }
}

/// From which request of the log on a call was under way, and the newest run after it.
struct Call {
    from: usize,
    run: Option<RunId>,
}

/// Subscriptions that one request stored, and the run that it belongs to.
pub(crate) struct Write {
    pub(crate) run: Option<RunId>,
    pub(crate) stored: StoredLicence,
}

impl Bench {
    /// This world as it is, and an empty state.
    pub(crate) async fn start(builder: SandboxBuilder) -> Self {
        let sandbox = builder.period(PERIOD).start().await.unwrap();
        let sandbox = Arc::new(sandbox);
        Self {
            before: Before::of(&sandbox),
            sandbox,
            store: Keeping::Memory.store().0,
            keeping: Keeping::Memory,
            folder: None,
            clock: ManualClock::new(today()),
            frozen: None,
            knows_september: false,
            is_edited: false,
            says_too_much: false,
            source: Source::default(),
            calls: Mutex::default(),
        }
    }

    /// A world just large enough for every kind of request and of change: two pages of each list, three contracts, four
    /// batches. September was synced; in October counts are new, changed, right and gone, and one record may not be changed.
    pub(crate) async fn tiny(switches: Switches, keeping: Keeping) -> Self {
        let september = September::once().await;
        let builder = Sandbox::builder().world(september.world.clone());
        let says_too_much = switches.batch_failure == BatchFailure::SkipsBadOnes;
        let mut bench = Self::start(builder.switches(dated(switches))).await;
        bench.says_too_much = says_too_much;
        bench.keeping = keeping;
        (bench.store, bench.folder) = keeping.store();
        september.remembered_by(&*bench.store).await;
        bench.frozen = Some(september.frozen);
        bench.knows_september = true;
        bench
    }

    /// Takes the usage from another source from now on.
    pub(crate) fn read_from(&mut self, source: &str) {
        self.source = Source::named(source, &self.sandbox);
    }

    /// Writes what is known of September into another state.
    pub(crate) async fn remembered_by(&self, store: &dyn StateStore) {
        September::once().await.remembered_by(store).await;
    }

    /// The same world before anything was ever synced, and nothing in it is refused.
    pub(crate) async fn first_month(switches: Switches) -> Self {
        let world = world::before_any_sync().await;
        let builder = Sandbox::builder().world(world);
        Self::start(builder.switches(dated(switches))).await
    }

    fn settings(&self) -> Settings {
        let mut settings = settings(&self.sandbox, "");
        self.source.set(&mut settings.cove);
        settings
    }

    /// A service on it, whose waits let the same time pass at the server and nowhere else.
    fn builder(&self, settings: Settings) -> ServiceBuilder {
        Service::builder(settings, secrets())
            .store(Arc::clone(&self.store))
            .clock(Together::new(&self.clock, &self.sandbox))
    }

    pub(crate) fn service(&self) -> Service {
        self.builder(self.settings()).build().unwrap()
    }

    /// A service that sends Halo one request after the other.
    pub(crate) fn orderly_service(&self) -> Service {
        let mut settings = self.settings();
        settings.halo.concurrency = 1;
        self.builder(settings).build().unwrap()
    }

    /// A service that waits only so long for an answer, by a clock on the wall.
    pub(crate) fn impatient_service(&self, patience: Duration) -> Service {
        self.service_over(crate::tap::impatient(patience))
    }

    pub(crate) fn service_over(&self, line: Arc<dyn Transport>) -> Service {
        let builder = self.builder(self.settings());
        builder.transport(line).build().unwrap()
    }

    /// Forgets everything, as if the state file were lost.
    pub(crate) fn lose_state(&mut self) {
        (self.store, self.folder) = self.keeping.store();
        self.knows_september = false;
        self.calls.get_mut().unwrap().clear();
    }

    pub(crate) async fn sync(&self) -> Result<SyncOutcome, ServiceError> {
        self.sync_with(&self.service()).await
    }

    pub(crate) async fn sync_with(&self, service: &Service) -> Result<SyncOutcome, ServiceError> {
        let request = PlanRequest::default();
        self.noted(service.sync(&request, Approval::by("test")))
            .await
    }

    pub(crate) async fn resume(&self) -> Result<Option<RunOutcome>, ServiceError> {
        let service = self.service();
        self.noted(service.resume()).await
    }

    /// Remembers which requests belong to which run.
    pub(crate) async fn noted<T>(&self, call: impl Future<Output = T>) -> T {
        let from = self.sandbox.requests().len();
        let done = Box::pin(call).await;
        let newest = self.store.runs(1).await.unwrap();
        let run = newest.first().map(|run| run.run_id.clone());
        self.calls.lock().unwrap().push(Call { from, run });
        done
    }

    /// What requests stored since this state is kept.
    pub(crate) fn writes(&self) -> Vec<Write> {
        let log = self.sandbox.requests();
        let calls = self.calls.lock().unwrap();
        let mut writes = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let to = calls.get(at + 1).map_or(log.len(), |next| next.from);
            for stored in log[call.from..to].iter().flat_map(|one| &one.stored) {
                writes.push(Write {
                    run: call.run.clone(),
                    stored: stored.clone(),
                });
            }
        }
        writes
    }

    /// Complains unless everything is there as planned, but for the one record that may not be changed.
    pub(crate) fn is_through(&self, outcome: &SyncOutcome) -> Result<(), String> {
        let Some(run) = &outcome.run else {
            return Ok(());
        };
        let frozen = |change: &ChangeRecord| {
            change.change.licence_id.map(LicenceId::get) == self.frozen
                && change.outcome.is_failed()
        };
        let changes = &run.report.changes;
        let open = changes
            .iter()
            .find(|change| !frozen(change) && change.outcome != Outcome::Verified);
        let wanted = match changes.iter().any(frozen) {
            true => RunStatus::Partial,
            false if changes.is_empty() => RunStatus::Nothing,
            false => RunStatus::Applied,
        };
        match open {
            Some(open) => Err(format!("{:?} is {}", open.change, open.outcome.word())),
            None if run.report.status != wanted => Err(format!("ended {:?}", run.report.status)),
            None => Ok(()),
        }
    }

    /// Complains of any write in a plan but the one that is refused each time.
    pub(crate) fn writes_nothing(&self, plan: &Plan) -> Result<(), String> {
        let more = plan
            .writes()
            .filter(|change| change.licence_id.map(LicenceId::get) != self.frozen)
            .count();
        match more {
            0 => Ok(()),
            more => Err(format!("then {more} writes")),
        }
    }
}

/// The services' day is the one of the clients' clocks, whenever the tests are run.
fn dated(switches: Switches) -> Switches {
    let date = switches.date.unwrap_or_else(|| {
        let since = today().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs()
    });
    Switches {
        date: Some(date),
        ..switches
    }
}

/// What comes out of a case.
pub(crate) type Findings<T> = Pin<Box<dyn Future<Output = Vec<T>> + Send>>;

/// Runs cases side by side, a few at a time, and collects what comes out of them.
pub(crate) async fn all_of<C: Send + 'static, T: Send + 'static>(
    cases: Vec<C>,
    run: fn(C) -> Findings<T>,
) -> Vec<T> {
    const AT_ONCE: usize = 4;
    let mut working = tokio::task::JoinSet::new();
    let mut found = Vec::new();
    for case in cases {
        while working.len() >= AT_ONCE {
            found.extend(working.join_next().await.unwrap().unwrap());
        }
        working.spawn(run(case));
    }
    for more in working.join_all().await {
        found.extend(more);
    }
    found
}
