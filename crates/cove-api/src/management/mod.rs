//! Cove's JSON-RPC management API: customers, devices, live counts, users.
//!
//! Its counts are live and never final: what was invoiced is in [`billing`](crate::billing). Nothing here knows
//! HaloPSA, apart from the place where its ids are kept ([`ExternalCode`]).

mod admin;
pub mod billable;
mod builder;
mod client;
mod column;
mod devices;
mod envelope;
mod external_code;
mod fault;
mod fields;
mod ids;
mod m365;
mod model;
mod open_enum;
mod partners;
mod session;
mod side;
mod statistics;
mod watermark;

pub use api_core::wire::{BadRecord, Guarded};

pub use builder::{DEFAULT_BASE_URL, ManagementClientBuilder};
pub use client::ManagementClient;
pub use column::{Column, DataSource, DeviceColumn, Figure, OtherColumn, Unit};
pub use external_code::ExternalCode;
pub use fields::Extra;
pub use ids::{CustomColumnId, DeviceId, PartnerId, ProductId, UnixTime, UserId};
pub use m365::{ProtectedUser, UserDataSource};
pub use model::{
    Account, AccountDetails, AccountKind, AuditAction, AuditEntry, AuditQuery, ColumnInfo, Company,
    CustomColumn, PartnerFilter, PartnerInfo, PartnerLevel, PartnerRemoval, PartnerState,
    PartnerTree, PartnerVersion, PostAddress, Product, Products, RemoteAccessEndpoint, ServerInfo,
    ServiceType, StateChange, TreeQuery, User, UserRole,
};
pub use partners::{CodeChange, Depth};
pub use statistics::{
    CountCheck, CountEvidence, DeviceRow, DeviceStatistics, DeviceThen, Settings, StatisticsQuery,
};
#[cfg(feature = "xlsx")]
pub use watermark::read_high_watermark;
pub use watermark::{Cell, HighWatermarkReport, HighWatermarkRow};
