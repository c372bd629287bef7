//! The high-watermark report: for each device of a month its highest values, which the invoice is said to follow.
//!
//! Undocumented (observed in public clients): an XLSX whose columns are read by their names, because their order is
//! not known. It says neither whether a server is physical nor what product a workstation has, so its rows are joined
//! with statistics by device. Deleted devices are in it.

mod fetch;
mod join;
mod table;
#[cfg(feature = "xlsx")]
mod xlsx;

pub use table::Cell;
#[cfg(feature = "xlsx")]
pub use xlsx::read_high_watermark;

use api_core::wire::BadRecord;
use rust_decimal::Decimal;

use super::ids::{DeviceId, PartnerId};

/// A report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HighWatermarkReport {
    /// Its devices.
    pub rows: Vec<HighWatermarkRow>,
    /// Rows that cannot be read.
    pub bad: Vec<BadRecord>,
}

/// A device's highest values in a month.
#[derive(Debug, Clone, PartialEq)]
pub struct HighWatermarkRow {
    /// The device.
    pub device_id: DeviceId,
    /// The customer it belongs to.
    pub customer_id: PartnerId,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The customer's external code.
    pub customer_reference: Option<String>,
    /// The customer's state.
    pub customer_state: Option<String>,
    /// `Server`, `Workstation` or nothing.
    pub os_type: Option<String>,
    /// The vendor's own class.
    pub sku: Option<String>,
    /// The device's name.
    pub device_name: Option<String>,
    /// The computer's name.
    pub computer_name: Option<String>,
    /// When it was created, as written.
    pub created: Option<String>,
    /// When it was deleted, as written; `None` if it was not.
    pub deleted: Option<String>,
    /// Used storage in gigabytes; of which kind is not known.
    pub used_gigabytes: Option<Decimal>,
    /// Selected size in gigabytes; of which kind is not known.
    pub selected_gigabytes: Option<Decimal>,
    /// Microsoft 365 users.
    pub m365_users: Option<Decimal>,
    /// Recovery testing: 0, 1, 2 or `True`.
    pub recovery: Option<String>,
}
