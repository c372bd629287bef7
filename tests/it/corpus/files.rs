//! What must hold for any bytes in a file that a person may have edited: shared by the corpus test and the fuzz targets.

use billing_sync::ids::CustomerId;
use billing_sync::plan::Plan;
use billing_sync::ports::{PortError, UsageSource};
use billing_sync::usage::Usage;
use cove_halo::map::sheet;
use cove_halo::{FileUsage, Settings, UsageSettings};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::path::Path;

/// A plan file is refused, or is exactly the plan that was written.
pub(crate) fn plan_file(bytes: &[u8]) {
    match Plan::from_json(bytes) {
        Ok(plan) => {
            let again = plan.to_json(true).to_string();
            assert_eq!(Plan::from_json(again.as_bytes()).as_ref(), Ok(&plan));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Settings are read, or refused with the file's name.
pub(crate) fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = Settings::from_toml(&text, "canary.toml") {
        let error = error.to_string();
        assert!(error.contains("canary.toml"), "{error}");
    }
}

/// What stands in the customer's column of the row that states the total.
const TOTAL: &str = "Total";

/// A usage file is refused, or every unit in it is in one line, also as the sum of its devices, and its total agrees.
pub(crate) fn usage_file(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["csv", "json"] {
        let path = folder.path().join(format!("202610.{ending}"));
        std::fs::write(path, bytes).unwrap();
    }
    for (ending, delimiter, decimal, rows) in [
        ("csv", ",", ".", ""),
        ("csv", ";", ",", ""),
        ("json", ",", ".", ""),
        ("json", ",", ",", "data.items"),
    ] {
        let mut settings = UsageSettings {
            path: format!("{}/{{period}}.{ending}", folder.path().display()),
            vendor: "vendor".to_owned(),
            final_from_day: Some(0),
            lists_everybody: true,
            delimiter: delimiter.to_owned(),
            decimal: decimal.to_owned(),
            rows: rows.to_owned(),
            service: "product".to_owned(),
            // So that each line holds what it was summed from.
            device: "customer".to_owned(),
            ..UsageSettings::default()
        };
        let plain = fetched(&settings, folder.path());
        TOTAL.clone_into(&mut settings.total_row);
        let checked = fetched(&settings, folder.path());
        if let Ok(usage) = &plain {
            is_sound(usage);
        }
        if let Ok(usage) = &checked {
            is_sound(usage);
        }
        if let (Ok(plain), Ok(checked)) = (plain, checked)
            && checked.unreadable.is_empty()
            && plain.unreadable.is_empty()
        {
            let stated = sum(&plain, |customer| customer == Some(TOTAL));
            assert_eq!(stated, sum(&checked, |_| true), "a total that disagrees");
        }
    }
}

fn fetched(settings: &UsageSettings, folder: &Path) -> Result<Usage, PortError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let source = FileUsage::new(settings);
    let usage = runtime.block_on(source.fetch("202610".parse().unwrap()));
    if let Err(error) = &usage {
        let message = error.to_string();
        assert!(message.contains(folder.to_str().unwrap()), "{message}");
    }
    usage
}

fn is_sound(usage: &Usage) {
    assert!(!usage.lines.is_empty() || !usage.unreadable.is_empty());
    let mut listed: BTreeSet<CustomerId> = BTreeSet::new();
    for line in &usage.lines {
        assert!(usage.completeness.contracts_seen.contains(&line.contract));
        assert_eq!(line.device_count, line.devices.len() as u64);
        listed.extend(line.customer.clone());
        if line.customer.is_some() {
            let devices = line.devices.iter().map(|device| device.quantity);
            assert_eq!(devices.sum::<Decimal>(), line.quantity);
        }
    }
    assert_eq!(usage.completeness.customers_listed, listed);
}

/// The sum of the quantities of some customers; `None` where no number holds it.
fn sum(usage: &Usage, of: impl Fn(Option<&str>) -> bool) -> Option<Decimal> {
    let lines = usage.lines.iter();
    let mut of_them = lines.filter(|line| of(line.customer.as_ref().map(CustomerId::as_str)));
    of_them.try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.quantity))
}

/// A sheet is understood, every row that is decided once and with its line, or every problem of it is told.
pub(crate) fn map_sheet(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match sheet::read(&text) {
        Ok(review) => {
            assert!(review.wishes.len() + review.choices.len() <= review.rows);
            let last = text.lines().count() as u64;
            let mut customers = BTreeSet::new();
            for wish in &review.wishes {
                assert!(wish.line.is_some_and(|line| (1..=last).contains(&line)));
                assert!(wish.client.get() > 0);
                assert!(!wish.customer.as_str().is_empty());
                assert!(customers.insert(&wish.customer), "{} twice", wish.customer);
            }
            let mut keys = BTreeSet::new();
            for (line, choice) in &review.choices {
                assert!((1..=last).contains(line));
                assert!(choice.licence.get() > 0 && choice.key.client.get() > 0);
                assert!(keys.insert(&choice.key), "{} twice", choice.key);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|it| !it.to_string().is_empty()));
        }
    }
}
