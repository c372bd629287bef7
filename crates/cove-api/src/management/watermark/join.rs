//! Joins the report with statistics, which know what it leaves out.

use std::collections::BTreeMap;

use super::{HighWatermarkReport, HighWatermarkRow};
use crate::management::billable::{Device, DeviceKind, OsKind, Size};
use crate::management::column::Column;
use crate::management::ids::DeviceId;
use crate::management::statistics::DeviceRow;

impl HighWatermarkReport {
    /// The report's devices with what statistics say about them: physical or virtual, product, kind. Rows about
    /// deleted devices come from [`devices_then`](crate::management::ManagementClient::devices_then). A device that
    /// no row is about keeps those unknown.
    pub fn devices<'a>(&self, rows: impl IntoIterator<Item = &'a DeviceRow>) -> Vec<Device> {
        let known: BTreeMap<DeviceId, &DeviceRow> =
            rows.into_iter().map(|row| (row.device_id, row)).collect();
        self.rows
            .iter()
            .map(|row| joined(row, known.get(&row.device_id).copied()))
            .collect()
    }
}

/// The report's values win: they are the month's.
fn joined(row: &HighWatermarkRow, statistics: Option<&DeviceRow>) -> Device {
    let known = statistics.map(|statistics| Device::from_row(statistics, &Column::M365Users));
    let (kind, physicality, product, known_os) = match known {
        Some(known) => (known.kind, known.physicality, known.product, known.os),
        None => (None, None, None, OsKind::Undefined),
    };
    let os = match row
        .os_type
        .as_deref()
        .map(OsKind::parse)
        .unwrap_or_default()
    {
        OsKind::Undefined => known_os,
        os => os,
    };
    // The report writes 0 users beside computers.
    let kind = kind.or_else(|| (os != OsKind::Undefined).then_some(DeviceKind::Computer));
    Device {
        id: row.device_id,
        partner: row.customer_id,
        kind,
        os,
        physicality,
        product,
        selected: row.selected_gigabytes.map(Size::Gigabytes),
        m365_users: row.m365_users,
        recovery: row.recovery.clone(),
        deleted: row.deleted.is_some(),
    }
}
