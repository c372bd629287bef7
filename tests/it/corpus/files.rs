//! What must hold for any bytes in a file that a person may have edited: shared by the corpus test and the fuzz targets.

use billing_sync::plan::Plan;
use cove_halo::Settings;

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
        assert!(!error.to_string().is_empty());
    }
}
