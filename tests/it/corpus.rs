//! The bodies of the fuzz targets over the fixtures and a few thousand mutations of them, the same ones every time.

mod files;
mod halo;
mod unattended;
mod wire;
mod workbook;

use crate::bench::{Bench, Keeping};
use crate::cove_bench;
use cove_api::billing::TimeFrame;
use cove_api::management::read_high_watermark;
use cove_halo::PlanRequest;
use fastrand::Rng;
use sandbox::{ManagementSwitches, Switches};
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

/// Writes the seeds of a target where the fuzzer looks for them, when `FUZZ_SEEDS` names a folder.
fn keep(target: &str, seeds: &[Vec<u8>]) {
    let Ok(folder) = std::env::var("FUZZ_SEEDS") else {
        return;
    };
    // Tests run in their package's folder, commands in the workspace's.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
    }
}

/// Runs the body of a target over the seeds and so many mutations of them; a failure names the number that makes it again.
fn run(target: &str, body: fn(&[u8]), seeds: &[Vec<u8>], mutations: u64) {
    keep(target, seeds);
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
            "mutation {number} of {target} fails: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn cove_usage_documents_read_alike_in_every_way_or_in_none() {
    let mut seeds = fixtures("crates/cove-api/tests/fixtures/billing", ".json");
    seeds.extend(fixtures("crates/sandbox/tests/samples/billing", ".json"));
    run("usage_document", wire::usage_document, &seeds, 2_000);
}

#[test]
fn cove_rpc_answers_are_lists_or_errors_that_name_the_call() {
    let mut seeds = fixtures(
        "crates/cove-api/tests/fixtures/management",
        ".response.json",
    );
    seeds.extend(fixtures("crates/sandbox/tests/samples/cove", ".json"));
    run("rpc_envelope", wire::rpc_envelope, &seeds, 1_000);
}

#[test]
fn cove_efiles_are_added_whole_or_not_at_all() {
    let seeds = fixtures("crates/cove-api/tests/fixtures/billing", ".csv");
    run("efile_csv", wire::efile_csv, &seeds, 3_000);
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
    run("retry_after", wire::retry_after, &seeds, 3_000);
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
    run("dates", wire::dates, &seeds, 3_000);
}

#[test]
fn halo_lists_are_whole_or_errors_that_name_the_call() {
    let mut seeds = fixtures("crates/halopsa-api/tests/fixtures", ".json");
    seeds.extend(fixtures("crates/sandbox/tests/samples/halo", ".json"));
    run("halo_lists", halo::halo_lists, &seeds, 1_000);
}

#[test]
fn halo_error_bodies_become_one_short_line() {
    let folder = "crates/halopsa-api/tests/fixtures";
    let mut seeds = fixtures(folder, ".400.json");
    seeds.extend(fixtures(folder, ".txt"));
    seeds.push(b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>".to_vec());
    run("halo_errors", halo::halo_errors, &seeds, 3_000);
}

#[tokio::test]
async fn plan_files_are_refused_or_exactly_the_plan_that_was_written() {
    let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    let plan = bench.service().plan(&PlanRequest::default()).await.unwrap();
    let seeds = [true, false].map(|all| plan.to_json(all).to_string().into_bytes());
    run("plan_file", files::plan_file, &seeds, 1_000);
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
    let seeds = [SETTINGS.as_bytes().to_vec()];
    run("settings", files::settings, &seeds, 2_000);
}

#[test]
fn schedules_hit_in_order_and_lose_none_or_are_refused() {
    let seeds = [
        "0 6 6 * *\nEurope/London",
        "30 1 * * *\nEurope/London",
        "30 2 29 2 *\nAmerica/New_York",
        "*/7 */5 1,15 1-6 MON-FRI\nAsia/Kathmandu",
        "0 0 L * *\nPacific/Apia",
        "15 3 * * 5L\nAustralia/Lord_Howe",
        "0 9 1W * *\nUTC",
        "0 9 * * 1#2\nAfrica/Casablanca",
        "@monthly\nEurope/Dublin",
        "0 0 30 2 *\nUTC",
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    run("timetable", unattended::timetable, &seeds, 1_000);
}

#[test]
fn usage_files_are_added_up_exactly_or_refused() {
    let seeds = [
        "product,customer,quantity\nMailbox,c1,12\nMailbox,c2,0.1\nMailbox,c2,0.2\nMailbox,Total,12.3\n",
        "customer;quantity;product\nc1;\"1,5\";\"a;b\"\nc2;-2;x\nTotal;-0,5;\n",
        "\u{feff}quantity,other,product,customer\r\n1e3,x,A,c1\r\n,x,A,c2\r\nnone,x,A,c3\r\n",
        r#"[{"customer":"c1","product":"A","quantity":0.1},{"customer":2,"product":"A","quantity":"3"},{"customer":"Total","product":null,"quantity":3.1}]"#,
        r#"{"data":{"items":[{"customer":"c1","product":"A","quantity":1e-3},{"customer":[],"product":"A","quantity":1},7]}}"#,
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    run("usage_file", files::usage_file, &seeds, 2_000);
}

#[test]
fn map_sheets_are_understood_row_by_row_or_every_problem_is_told() {
    let seeds = [
        "customer_id,customer_name,client_id,client_name,score,reason,decision,subscription,licence_id\n\
         c1,A,10,A Ltd,95,same name,yes,,\nc2,'=B,11,,,,no,,\n,,12,,,,y,Server,901\n",
        "decision;client_id;customer_id\r\nyes;10;c1\r\n;;\r\nYES;11;\"c\"\"2\"\r\n",
        "customer_id\tclient_id\tdecision\n2.71E+06\t5\tyes\nc4\tx\tyes\nc4\t6\tmaybe\n",
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    run("map_sheet", files::map_sheet, &seeds, 3_000);
}

#[tokio::test]
async fn high_watermark_workbooks_are_read_alike_or_refused() {
    let (_sandbox, cove) = cove_bench::seeded(ManagementSwitches::default()).await;
    let october = TimeFrame::new(2026, 10).unwrap();
    let report = cove.high_watermark_report(cove_bench::reseller(), october);
    let seeds = [report.await.unwrap().to_vec(), workbook::SHEET.to_vec()];
    let wrapped = read_high_watermark(&workbook::workbook(workbook::SHEET)).unwrap();
    assert_eq!((wrapped.rows.len(), wrapped.bad.len()), (1, 1));
    run("high_watermark", workbook::high_watermark, &seeds, 400);
}

#[test]
fn every_fuzz_target_is_built_documented_and_run_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (manifest, page) = (read("fuzz/Cargo.toml"), read("docs/testing.md"));
    let here = read("tests/it/corpus.rs");
    let mut targets = 0;
    for entry in std::fs::read_dir(root.join("fuzz/fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
        assert!(here.contains(&format!("run(\"{name}\", ")), "{name}");
        targets += 1;
    }
    assert_eq!(manifest.matches("[[bin]]").count(), targets);
    // Compiled by a step of CI, whose list of steps is the last one.
    let script = read(".ci/run");
    let steps = script.rsplit_once("steps=(").unwrap().1;
    assert!(script.contains("--manifest-path fuzz/Cargo.toml") && steps.contains(" fuzz "));
}
