//! A day of hourly syncs of a large tenant behind a throttled server, on clocks that do not wait: the window is never
//! exceeded, nothing is lost, and the memory in use does not grow.
//!
//! `LOAD_CLIENTS=10000 LOAD_SUBSCRIPTIONS=50000 LOAD_SYNCS=24` is the whole size.

use crate::bench::{PERIOD, secrets, settings, today};
use crate::pairs::number_from;
use crate::together::Together;
use api_core::Clock;
use api_core::testing::ManualClock;
use billing_sync::plan::Approval;
use cove_halo::{PlanRequest, Service};
use sandbox::{CONTRACTS, Milli, Sandbox, Switches};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Resident memory of this process in kB, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn service_name(number: u64) -> String {
    format!("Cove Data Protection | Service {number}")
}

/// So many clients with so many services each, of which they use one, two, three …
fn fill(server: &Sandbox, clients: u64, each: u64) {
    server.edit(|world| {
        for number in 0..clients {
            let id = format!("c{number}");
            world.add_client(&format!("Client {number}"), id.as_str());
            let contract = CONTRACTS[usize::try_from(number % 3).unwrap()];
            for service in 0..each {
                let customer = (id.as_str(), "Customer");
                let units = Milli::units(i64::try_from(service + 1).unwrap());
                let name = service_name(service);
                assert!(world.add_usage(PERIOD, contract, customer, &name, units));
            }
        }
    });
}

/// Every subscription once, with its count, and no other.
fn is_as_expected(server: &Sandbox, number: u64) {
    let mut found: BTreeMap<(i64, String), Vec<i64>> = BTreeMap::new();
    for record in server.subscriptions() {
        let key = (record.client_id, record.name);
        found.entry(key).or_default().push(record.count);
    }
    assert_eq!(found.len() as u64, number);
    let expected = server.expected(PERIOD).subscriptions;
    assert_eq!(expected.len() as u64, number);
    for want in expected {
        let counts = &found[&(want.client_id, want.name.clone())];
        assert_eq!(counts, &[want.count], "{want:?}");
    }
}

/// Hours until everything has been met once: the first sync creates, the second finds, tokens expire in between.
const WARM: usize = 3;

/// Fails when the memory at the end is more than after the warm hours, a fifth and what an allocator may keep back aside.
fn is_flat(memory: &[u64]) {
    const KEPT_BACK_KB: u64 = 4096;
    if let [.., last] = memory
        && let Some(warm) = memory.get(WARM - 1)
    {
        assert!(
            *last <= warm + warm / 5 + KEPT_BACK_KB,
            "memory grows, resident kB hour by hour: {memory:?}"
        );
    }
}

#[test]
#[should_panic(expected = "memory grows")]
fn memory_that_grows_with_every_hour_is_noticed() {
    let leaking: Vec<u64> = (0..24).map(|hour| 50_000 + hour * 1_000).collect();
    is_flat(&leaking);
}

#[test]
fn a_day_of_hourly_syncs_exceeds_no_window_loses_no_change_and_keeps_its_memory() {
    const ALONE: &str = "LOAD_ALONE";
    const NAME: &str =
        "load::a_day_of_hourly_syncs_exceeds_no_window_loses_no_change_and_keeps_its_memory";
    if std::env::var_os(ALONE).is_some() {
        // One thread: nothing happens between the two clocks' being moved.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        eprintln!("{}", runtime.block_on(day()));
        return;
    }
    // In a process of its own: the memory of other tests is no concern of this one.
    let alone = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .envs([(ALONE, "1"), ("MALLOC_ARENA_MAX", "1")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stderr);
    eprintln!("{said}");
    assert!(alone.status.success(), "{said}");
    let listed = String::from_utf8_lossy(&alone.stdout);
    assert!(listed.contains("1 passed"), "{listed}");
}

/// What it took, in words.
async fn day() -> String {
    let clients = number_from("LOAD_CLIENTS", 100);
    let subscriptions = number_from("LOAD_SUBSCRIPTIONS", 500);
    let syncs = number_from("LOAD_SYNCS", 24);
    let each = subscriptions / clients;
    // A fifteenth of the usual limit: a large sync has to wait for the window.
    let server = Sandbox::builder()
        .blank_world()
        .period(PERIOD)
        .switches(Switches {
            rate_limit: Some((20, 300)),
            page_cap: Some(50),
            expires_in: 900,
            ..Switches::default()
        })
        .start()
        .await
        .unwrap();
    let server = Arc::new(server);
    fill(&server, clients, each);
    let hands = ManualClock::new(today());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let more = format!(
        "max_created = 1000000\n[state]\npath = \"{}\"",
        state.display()
    );
    let mut settings = settings(&server, &more);
    settings.halo.requests_per_window = 20;
    settings.halo.window_seconds = 300;
    settings.halo.write_batch = 25;
    let service = Service::builder(settings, secrets())
        .clock(Together::new(&hands, &server))
        .build()
        .unwrap();
    let request = PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    };
    let began = hands.monotonic();
    let mut changes = 0;
    let mut requests = 0;
    let mut memory = Vec::new();
    for hour in 0..syncs {
        // Somebody buys one more each hour, everywhere in turn.
        let at = usize::try_from(hour % clients).unwrap();
        let id = format!("c{at}");
        let contract = CONTRACTS[at % 3];
        server.edit(|world| {
            let customer = (id.as_str(), "Customer");
            world.add_usage(
                PERIOD,
                contract,
                customer,
                &service_name(0),
                Milli::units(1),
            )
        });
        server.clear_requests();
        let outcome = service.sync(&request, Approval::by("test")).await.unwrap();
        let run = outcome.run.unwrap();
        assert_eq!(
            run.report.applied(),
            run.report.changes.len(),
            "hour {hour}"
        );
        changes += run.report.changes.len();
        let log = server.requests();
        requests += log.len();
        let refused = log.iter().filter(|request| request.status == 429).count();
        assert_eq!(refused, 0, "hour {hour}: the window was exceeded");
        assert_eq!(run.requests.throttled, 0, "hour {hour}");
        memory.extend(resident());
        let next = HOUR * u32::try_from(hour + 1).unwrap();
        let rest = next.saturating_sub(hands.monotonic().saturating_sub(began));
        server.advance_clock(rest);
        hands.advance(rest);
    }
    let waited = hands.slept();
    assert!(
        waited >= Duration::from_secs(300),
        "never throttled: {waited:?}"
    );
    assert_eq!(
        changes as u64,
        clients * each + syncs - 1,
        "each change once"
    );
    is_as_expected(&server, clients * each);
    is_flat(&memory);
    format!(
        "{clients} clients, {} subscriptions, {syncs} syncs, {requests} requests, {} s waited on the clock, resident kB {:?} after hour {WARM}, {:?} at the end",
        clients * each,
        waited.as_secs(),
        memory.get(WARM - 1),
        memory.last(),
    )
}
