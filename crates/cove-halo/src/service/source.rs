//! Where the usage comes from, whichever source that is, and what `doctor` can look at besides fetching it.

use api_core::Meter;
use billing_sync::ports::UsageSource;
use cove_api::billing::BillingClient;
use cove_api::management::ManagementClient;
use std::sync::Arc;

/// A source of usage.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) usage: Arc<dyn UsageSource>,
    /// Counts its requests.
    pub(super) meter: Meter,
    pub(super) probe: Probe,
}

/// What can be looked at without fetching a month.
#[derive(Debug)]
pub(super) enum Probe {
    /// Invoices and contracts.
    Billing(BillingClient),
    /// The login.
    Live(ManagementClient),
    /// Files: reading them is the check.
    Files,
    /// The file of another vendor.
    Table,
    /// A source that was given from outside.
    Given,
}
