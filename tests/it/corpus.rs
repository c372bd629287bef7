//! The bodies of the fuzz targets over the fixtures and a few thousand mutations of them, the same ones every time.

mod files;
mod halo;
mod wire;

use crate::bench::Bench;
use cove_halo::PlanRequest;
use fastrand::Rng;
use sandbox::Switches;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The bytes of the fixtures in a folder of the workspace whose names end so.
fn fixtures(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Words that readers stumble over.
const WORDS: [&str; 16] = [
    "null",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "-1",
    "1e999",
    "0.1e-30",
    "\\ud800",
    "NaN",
    "\n",
    "99999999999999999999999999999999",
    "\u{feff}",
];

fn mutated(seed: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.usize(1..=4) {
        let at = rng.usize(..=bytes.len());
        let to = (at + rng.usize(..40)).min(bytes.len());
        match rng.u32(..6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => {
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
            3 => {
                let word = WORDS[rng.usize(..WORDS.len())];
                bytes.splice(at..at, word.bytes());
            }
            4 => {
                let word = WORDS[rng.usize(..WORDS.len())];
                bytes.splice(at..to, word.bytes());
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << rng.u32(..8),
            _ => bytes.push(rng.u8(..)),
        }
    }
    bytes
}

/// Runs a body over the seeds and so many mutations of them; a failure names the number that makes it again.
fn run(body: fn(&[u8]), seeds: &[Vec<u8>], mutations: u64) {
    for seed in seeds {
        body(seed);
    }
    for number in 0..mutations {
        let mut rng = Rng::with_seed(number);
        let seed = &seeds[rng.usize(..seeds.len())];
        let bytes = mutated(seed, &mut rng);
        let survived = catch_unwind(AssertUnwindSafe(|| body(&bytes)));
        assert!(
            survived.is_ok(),
            "mutation {number} fails: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn cove_usage_documents_read_alike_in_every_way_or_in_none() {
    let mut seeds = fixtures("crates/cove-api/tests/fixtures/billing", ".json");
    seeds.extend(fixtures("crates/sandbox/tests/samples/billing", ".json"));
    run(wire::usage_document, &seeds, 2_000);
}

#[test]
fn cove_rpc_answers_are_lists_or_errors_that_name_the_call() {
    let mut seeds = fixtures(
        "crates/cove-api/tests/fixtures/management",
        ".response.json",
    );
    seeds.extend(fixtures("crates/sandbox/tests/samples/cove", ".json"));
    run(wire::rpc_envelope, &seeds, 1_000);
}

#[test]
fn cove_efiles_are_added_whole_or_not_at_all() {
    let seeds = fixtures("crates/cove-api/tests/fixtures/billing", ".csv");
    run(wire::efile_csv, &seeds, 3_000);
}

#[test]
fn cove_waits_are_read_or_refused() {
    let seeds = [
        "120",
        "0",
        "-3",
        "1.5",
        "1e308",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "inf",
        "",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    run(wire::retry_after, &seeds, 3_000);
}

#[test]
fn cove_and_halo_dates_are_read_or_kept_as_text() {
    let seeds = [
        "2024-11-01",
        "2021-01-04 20:02:13.470",
        "2024-02-09T15:04:06",
        "December  01, 2024",
        "11-30-2024",
        "2026-01-03T02:00:11.27Z",
        "2026-01-03T02:00:11+02:00",
        "202610",
        "0001-01-01T00:00:00",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    run(wire::dates, &seeds, 3_000);
}

#[test]
fn halo_lists_are_whole_or_errors_that_name_the_call() {
    let mut seeds = fixtures("crates/halopsa-api/tests/fixtures", ".json");
    seeds.extend(fixtures("crates/sandbox/tests/samples/halo", ".json"));
    run(halo::halo_lists, &seeds, 1_000);
}

#[test]
fn halo_error_bodies_become_one_short_line() {
    let folder = "crates/halopsa-api/tests/fixtures";
    let mut seeds = fixtures(folder, ".400.json");
    seeds.extend(fixtures(folder, ".txt"));
    seeds.push(b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>".to_vec());
    run(halo::halo_errors, &seeds, 3_000);
}

#[tokio::test]
async fn plan_files_are_refused_or_exactly_the_plan_that_was_written() {
    let bench = Bench::tiny(Switches::default()).await;
    let plan = bench.service().plan(&PlanRequest::default()).await.unwrap();
    let seeds = [true, false].map(|all| plan.to_json(all).to_string().into_bytes());
    run(files::plan_file, &seeds, 1_000);
}

#[test]
fn settings_files_are_read_or_refused() {
    const SETTINGS: &str = r#"
[cove]
account_id = "001H234578asdfIAS"
contract_ids = ["238877"]
products = ["Cove Data Protection"]
[halo]
base_url = "https://acme.halopsa.com"
customer_field = "CFCoveCustomerId"
write_batch = 25
[[rule]]
service = "Cove Data Protection | Per GB"
round = "up"
free = 0
[[rule]]
customer = "2712428"
action = "ignore"
reason = "internal"
until = "202612"
[guard]
max_changed_percent = 50
[state]
path = "cove-halo.db"
[schedule]
cron = "0 6 6 * *"
timezone = "Europe/London"
"#;
    cove_halo::Settings::from_toml(SETTINGS, "seed").unwrap();
    run(files::settings, &[SETTINGS.as_bytes().to_vec()], 2_000);
}
