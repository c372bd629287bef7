//! What to ask the statistics for.

use serde_json::{Value, json};

use crate::management::column::{Column, DataSource, DeviceColumn, Figure};
use crate::management::ids::PartnerId;

/// What to make of the service's own count of the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CountCheck {
    /// A count that differs is an error, one that cannot be read is told.
    #[default]
    Require,
    /// A count that differs is told.
    Report,
    /// No count is asked for.
    Off,
}

/// A question to the device statistics.
///
/// ```
/// use cove_api::management::{PartnerId, StatisticsQuery};
///
/// let query = StatisticsQuery::billing(PartnerId::new(100_000)).filter("AT == 1").page_size(1000);
/// # let _ = query;
/// ```
#[derive(Debug, Clone)]
#[must_use = "a question is nothing until it is asked"]
pub struct StatisticsQuery {
    partner: PartnerId,
    columns: Vec<Column>,
    filter: String,
    excluded: Vec<PartnerId>,
    order_by: String,
    page_size: u32,
    pub(super) max_pages: u64,
    pub(super) restarts: u32,
    pub(super) count: CountCheck,
}

impl StatisticsQuery {
    /// All devices of a customer and of those below it, with these columns.
    pub fn new(partner: PartnerId, columns: impl IntoIterator<Item = Column>) -> Self {
        let mut query = Self {
            partner,
            columns: Vec::new(),
            filter: String::new(),
            excluded: Vec::new(),
            order_by: "AU ASC".to_owned(),
            page_size: 500,
            max_pages: 10_000,
            restarts: 2,
            count: CountCheck::default(),
        };
        // The kind of account is what the service's counts are by.
        query.push(DeviceColumn::AccountType.into());
        for column in columns {
            query.push(column);
        }
        query
    }

    /// As [`new`](Self::new), with the columns that billing needs.
    pub fn billing(partner: PartnerId) -> Self {
        let device = [
            DeviceColumn::Id,
            DeviceColumn::Name,
            DeviceColumn::Alias,
            DeviceColumn::Customer,
            DeviceColumn::ComputerName,
            DeviceColumn::Created,
            DeviceColumn::LastContact,
            DeviceColumn::ProductId,
            DeviceColumn::Product,
            DeviceColumn::UsedStorage,
            DeviceColumn::OsType,
            DeviceColumn::Sku,
            DeviceColumn::SkuBefore,
            DeviceColumn::CustomerReference,
            DeviceColumn::ActiveSources,
            DeviceColumn::RecoveryTesting,
            DeviceColumn::Physicality,
        ];
        let figures = [
            Figure::LastStatus,
            Figure::SelectedSize,
            Figure::ProtectedSize,
            Figure::LastSuccess,
        ];
        let total = figures.map(|figure| Column::Source(DataSource::Total, figure));
        let columns = device.into_iter().map(Column::from).chain(total);
        Self::new(partner, columns.chain([Column::M365Users]))
    }

    fn push(&mut self, column: Column) {
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
    }

    /// Adds a column.
    pub fn column(mut self, column: impl Into<Column>) -> Self {
        self.push(column.into());
        self
    }

    /// Only devices that match, in the service's own language: `AT == 1 AND PN != 'Documents'`. Default: all.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Not the devices of these customers.
    pub fn exclude(mut self, partners: impl IntoIterator<Item = PartnerId>) -> Self {
        self.excluded.extend(partners);
        self
    }

    /// The order, `"<column> ASC"` or `"<column> DESC"`. Default: by device id, so that a device that is added while
    /// pages are read does not move the others.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = order_by.into();
        self
    }

    /// How many devices a page should have. Default 500; at least 1. The service may send fewer.
    pub fn page_size(mut self, devices: u32) -> Self {
        self.page_size = devices.max(1);
        self
    }

    /// More pages than this are an error, never a shorter list. Default 10,000.
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.max_pages = pages;
        self
    }

    /// How often to begin again when the list moved while it was read. Default 2.
    pub fn restarts(mut self, restarts: u32) -> Self {
        self.restarts = restarts;
        self
    }

    /// What to make of the service's own count. Default: [`CountCheck::Require`].
    pub fn count_check(mut self, check: CountCheck) -> Self {
        self.count = check;
        self
    }

    /// The columns that are asked for.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The size of a page.
    pub(super) fn size(&self) -> u64 {
        u64::from(self.page_size)
    }

    /// The wire form. `SelectionMode` and `Labels` are left out: the schema and the documentation disagree about them.
    pub(super) fn wire(&self, offset: u64) -> Value {
        let columns: Vec<String> = self.columns.iter().map(Column::code).collect();
        let mut query = json!({
            "PartnerId": self.partner,
            "Filter": self.filter,
            "ExcludedPartners": self.excluded,
            "StartRecordNumber": offset,
            "RecordsCount": self.page_size,
            "OrderBy": self.order_by,
            "Columns": columns,
        });
        if self.count != CountCheck::Off {
            query["Totals"] = json!(super::count::EXPRESSIONS);
        }
        query
    }
}
