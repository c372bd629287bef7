//! Device statistics: what every device is and holds now, or did at a moment. Read to a proven end, because a list
//! that is silently short would bill too little.

mod count;
mod fetch;
mod query;
mod row;

pub use count::CountEvidence;
pub use query::{CountCheck, StatisticsQuery};
pub use row::{DeviceRow, Settings};

use api_core::wire::BadRecord;

use super::column::Column;
use super::ids::DeviceId;

/// The devices of a customer and of all below it.
#[derive(Debug, Clone, Default)]
pub struct DeviceStatistics {
    /// Every device once, in the order of the answer.
    pub devices: Vec<DeviceRow>,
    /// Rows that cannot be read. Each is a device that nothing else tells of.
    pub bad: Vec<BadRecord>,
    /// Columns that were asked for and that no device has a value in: the service drops unknown and forbidden columns
    /// without a word, and leaves out empty ones.
    pub missing_columns: Vec<Column>,
    /// Rows that came more than once, because the list moved while it was read.
    pub duplicates: u64,
    /// Pages that it took.
    pub pages: u64,
    /// Whether the service counts as many devices as came.
    pub counts: CountEvidence,
}

/// A device as it was at a moment, or why that is not known. Never the figures of another device or moment.
#[derive(Debug, Clone)]
pub struct DeviceThen {
    /// Which device.
    pub device: DeviceId,
    /// The device as it was; `None` if the service has nothing about it at that moment.
    pub row: api_core::Result<Option<DeviceRow>>,
}
