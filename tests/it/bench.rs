//! A sandbox with a service on it, and the judge of what a sync left there.

use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use billing_sync::state::MemoryStore;
use billing_sync::state::StateStore;
use cove_halo::{PlanRequest, Secrets, Service, ServiceError, Settings, SyncOutcome};
use sandbox::{CONTRACTS, Milli, Sandbox, SandboxBuilder, Subscription, Switches};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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

/// A sandbox, and what was in it before anything ran.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Arc<dyn StateStore>,
    before: BTreeMap<i64, Subscription>,
}

impl Bench {
    pub(crate) async fn start(builder: SandboxBuilder) -> Self {
        let sandbox = builder.period(PERIOD).start().await.unwrap();
        let before = sandbox
            .subscriptions()
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        Self {
            sandbox,
            store: Arc::new(MemoryStore::new()),
            before,
        }
    }

    /// A world just large enough for every kind of request: two pages of each list, three contracts, four batches.
    pub(crate) async fn tiny(switches: Switches) -> Self {
        const SERVER: &str = "Cove Data Protection | Server";
        const PER_GB: &str = "Cove Data Protection | Per GB";
        let sandbox = Sandbox::builder()
            .blank_world()
            .period(PERIOD)
            .switches(switches)
            .start()
            .await
            .unwrap();
        sandbox.edit(|world| {
            for number in 0..7_i64 {
                let id = format!("90000{number}");
                let client = world.add_client(&format!("Client {number}"), id.as_str());
                let contract = CONTRACTS[usize::try_from(number % 3).unwrap()];
                let customer = (id.as_str(), "Customer");
                assert!(world.add_usage(
                    PERIOD,
                    contract,
                    customer,
                    SERVER,
                    Milli::units(number + 1)
                ));
                if number % 2 == 0 {
                    world.add_usage(
                        PERIOD,
                        contract,
                        customer,
                        PER_GB,
                        Milli::new(1_500 + number),
                    );
                }
                // Of the servers: two stale, three right, two missing.
                match number {
                    0 | 1 => world.add_subscription(client, SERVER, number + 2),
                    2..=4 => world.add_subscription(client, SERVER, number + 1),
                    _ => world.add_subscription(client, "Something else", 9),
                };
            }
        });
        let before = sandbox
            .subscriptions()
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        Self {
            sandbox,
            store: Arc::new(MemoryStore::new()),
            before,
        }
    }

    /// A service on it whose clock does not wait.
    pub(crate) fn service(&self) -> Service {
        Service::builder(settings(&self.sandbox, ""), secrets())
            .store(Arc::clone(&self.store))
            .clock(Arc::new(ManualClock::new(today())))
            .build()
            .unwrap()
    }

    /// Forgets everything, as if the state file were lost.
    pub(crate) fn lose_state(&mut self) {
        self.store = Arc::new(MemoryStore::new());
    }

    pub(crate) async fn sync(&self) -> Result<SyncOutcome, ServiceError> {
        self.service()
            .sync(&PlanRequest::default(), Approval::by("test"))
            .await
    }

    /// What is not as a correct sync leaves it: judged by the sandbox's own truth, not by the program's word.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let now = self.sandbox.subscriptions();
        let expected: BTreeMap<(i64, String), i64> = self
            .sandbox
            .expected(PERIOD)
            .subscriptions
            .into_iter()
            .map(|want| ((want.client_id, want.name), want.count))
            .collect();
        for ((client, name), count) in &expected {
            let found: Vec<&Subscription> = now
                .iter()
                .filter(|record| {
                    record.client_id == *client
                        && record.name == *name
                        && record.kind == 1
                        && record.is_active
                        && !record.deleted
                })
                .collect();
            match found.as_slice() {
                [one] if one.count == *count => {}
                [one] => violations.push(format!(
                    "client {client} `{name}`: {} instead of {count}",
                    one.count
                )),
                [] => violations.push(format!("client {client} `{name}`: missing")),
                many => {
                    violations.push(format!("client {client} `{name}`: {} times", many.len()));
                }
            }
        }
        for record in now {
            let key = (record.client_id, record.name.clone());
            let ours = expected.contains_key(&key)
                && record.kind == 1
                && record.is_active
                && !record.deleted;
            match self.before.get(&record.id) {
                _ if ours => {}
                Some(before) if *before == record => {}
                Some(_) => violations.push(format!("out of scope, yet changed: {record:?}")),
                // The fault that shifts a page adds records of its own.
                None if record.name.contains("Added While Paging") => {}
                None => violations.push(format!("out of scope, yet made: {record:?}")),
            }
        }
        violations
    }
}

/// What a case complains of, once it is through.
pub(crate) type Complaints = Pin<Box<dyn Future<Output = Vec<String>> + Send>>;

/// Runs cases side by side, a few at a time, and collects what they complain of.
pub(crate) async fn all_of<C: Send + 'static>(
    cases: Vec<C>,
    run: fn(C) -> Complaints,
) -> Vec<String> {
    const AT_ONCE: usize = 4;
    let mut working = tokio::task::JoinSet::new();
    let mut problems = Vec::new();
    for case in cases {
        while working.len() >= AT_ONCE {
            problems.extend(working.join_next().await.unwrap().unwrap());
        }
        working.spawn(run(case));
    }
    for more in working.join_all().await {
        problems.extend(more);
    }
    problems
}
