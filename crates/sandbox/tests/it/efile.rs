//! The invoices' data files: format, the same figures as the usage answers, variants, and how to get at them.

use std::collections::BTreeMap;

use sandbox::{CONTRACTS, EFileNames, EFileProducts, Milli, Sandbox, Switches};
use serde_json::Value;

use crate::http::{Answer, billing, send};

const PERIOD: u32 = 202_610;
const SAMPLE: &str = include_str!("../samples/billing/efile.reconstructed.csv");

async fn start(switches: Switches) -> Sandbox {
    Sandbox::builder().switches(switches).start().await.unwrap()
}

/// Every field is quoted, so a row is cut at `","`; quotes inside are doubled.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let cut = |line: &str| -> Vec<String> {
        let line = line.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        line.split("\",\"")
            .map(|field| field.replace("\"\"", "\""))
            .collect()
    };
    let rows: Vec<_> = csv.lines().map(cut).collect();
    assert!(rows.iter().all(|row| row.len() == 20));
    rows
}

/// Thousandths by product, of rows that pass.
fn sums(csv: &str, passes: impl Fn(&[String]) -> bool) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in rows(csv).iter().skip(1).filter(|row| passes(row)) {
        *sums.entry(row[6].clone()).or_default() += thousandths(&row[8]);
    }
    sums
}

fn thousandths(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    whole.parse::<i64>().unwrap() * 1000 + format!("{part:0<3}").parse::<i64>().unwrap()
}

#[tokio::test]
async fn a_month_has_a_file_for_each_invoice_in_the_format_of_the_portal() {
    let sandbox = start(Switches::default()).await;
    let files = sandbox.efiles(PERIOD);
    let ready = billing(&sandbox, "InvoicesReady", "202610").await.json();
    let named: Vec<(&str, &str)> = ready["InvoicesReady"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["FileName"].as_str().unwrap(),
                one["InvoiceID"].as_str().unwrap(),
            )
        })
        .collect();
    let given: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file.file_name.as_str(), file.invoice_id.as_str()))
        .collect();
    assert_eq!((given.len(), given), (2, named));
    for file in &files {
        let rows = rows(&file.csv);
        assert_eq!(
            file.csv.lines().next(),
            SAMPLE.lines().next(),
            "the header of the sample"
        );
        for row in &rows[1..] {
            assert_eq!(
                (row[2].as_str(), row[3].as_str()),
                (file.invoice_id.as_str(), "11-01-2026")
            );
            assert_eq!(
                (row[18].as_str(), row[19].as_str()),
                ("10-01-2026", "10-31-2026")
            );
        }
        let server = rows
            .iter()
            .find(|row| row[6] == "Cove Data Protection | Server")
            .unwrap();
        assert_eq!(server[7..12], ["Each", "1", "20.5", "20.5", "25.625"]);
        assert!(!server[12].is_empty() && server[16].parse::<u64>().is_ok());
    }
    assert!(sandbox.efiles(202_611).is_empty(), "no invoice, no file");
    assert!(sandbox.efiles(203_001).is_empty());
}

#[tokio::test]
async fn the_files_add_up_to_what_the_usage_answers_say() {
    let sandbox = start(Switches::default()).await;
    let files = sandbox.efiles(PERIOD);
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for (contract, file) in CONTRACTS[..3].iter().zip([0, 0, 1]) {
        let rest = format!("202610/{contract}/{}", files[file].invoice_id);
        let body = billing(&sandbox, "PSAUsageDetailsDevices", &rest)
            .await
            .json();
        let clients = body["Clients"].as_array().unwrap().iter();
        let devices = clients.flat_map(|one| one["Devices"].as_array().unwrap());
        for line in devices.flat_map(|one| one["TotalByService"].as_array().unwrap()) {
            let service = line["BillingServiceName"].as_str().unwrap().to_owned();
            *expected.entry(service).or_default() +=
                thousandths(line["Quantity"].as_str().unwrap());
        }
    }
    let mut found: BTreeMap<String, i64> = BTreeMap::new();
    for file in &files {
        for (product, quantity) in sums(&file.csv, |row| !row[16].is_empty()) {
            *found.entry(product).or_default() += quantity;
        }
    }
    assert_eq!(found, expected);
    let pool = sums(&files[1].csv, |row| {
        row[12].is_empty() && row[16].is_empty()
    });
    let expected = (
        "Cove Data Protection | Additional Capacity".to_owned(),
        120_000,
    );
    assert_eq!(
        pool,
        BTreeMap::from([expected]),
        "the pool belongs to no customer"
    );
}

#[tokio::test]
async fn variants_and_spellings_come_by_switch_and_change_no_quantity_of_a_device() {
    let plain = start(Switches::default()).await;
    let varied = start(Switches {
        efile_products: EFileProducts::WithVariants,
        efile_names: EFileNames::Spelled,
        ..Switches::default()
    })
    .await;
    let of = |sandbox: &Sandbox| -> Vec<Vec<String>> {
        let files = sandbox.efiles(PERIOD);
        files
            .iter()
            .flat_map(|file| rows(&file.csv).split_off(1))
            .collect()
    };
    let (before, after) = (of(&plain), of(&varied));
    let used = |rows: &[Vec<String>]| -> Vec<(String, String)> {
        let used = rows.iter().filter(|row| !row[16].is_empty());
        used.map(|row| (row[16].clone(), row[8].clone())).collect()
    };
    assert_eq!(used(&after), used(&before));
    let free: Vec<_> = after
        .iter()
        .filter(|row| row[6].ends_with("- Freemium"))
        .collect();
    assert!(!free.is_empty() && free.iter().all(|row| row[9] == "0" && row[10] == "0"));
    let committed: Vec<_> = after
        .iter()
        .filter(|row| row[6].ends_with("Commitment"))
        .collect();
    assert_eq!(committed.len(), 6, "two for each contract");
    assert!(
        committed
            .iter()
            .all(|row| row[12].is_empty() && row[17] == "Subscription")
    );
    let spellings = |rows: &[Vec<String>]| rows.iter().filter(|row| row[12].contains("  ")).count();
    assert!(spellings(&after) > spellings(&before));
}

#[tokio::test]
async fn hostile_names_stay_inside_their_field() {
    let sandbox = Sandbox::builder().blank_world().start().await.unwrap();
    let name = "Quote \" Comma, Ltd";
    sandbox.edit(|world| {
        let service = "Cove Data Protection | Server";
        world.add_usage(PERIOD, CONTRACTS[0], ("7", name), service, Milli::units(2));
    });
    let file = &sandbox.efiles(PERIOD)[0];
    assert!(
        file.csv.contains("\"Quote \"\" Comma, Ltd\""),
        "{}",
        file.csv
    );
}

#[tokio::test]
async fn files_are_to_be_had_over_http_by_name() {
    let sandbox = start(Switches::default()).await;
    let get = async |path: &str| -> Answer {
        send(
            &sandbox,
            "GET",
            &format!("/_sandbox/efiles/{path}"),
            &[],
            "",
        )
        .await
        .unwrap()
    };
    let files = sandbox.efiles(PERIOD);
    let listed: Value = get("202610").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[1]["csv"], files[1].csv.as_str());
    let one = get(&format!("202610/{}", files[0].file_name)).await;
    assert_eq!(one.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(one.body, files[0].csv);
    assert_eq!(get("202610/other.csv").await.status, 404);
    for path in ["202613", "202613/x.csv"] {
        assert_eq!(get(path).await.status, 400, "{path}");
    }
}
