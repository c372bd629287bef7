//! What the methods return. Every field is optional and every enum open: the published schema is older than the
//! service, and answers hold more than it says.

mod access;
mod admin;
mod device;
mod partner;

pub use access::{AuditAction, AuditEntry, AuditQuery, User, UserRole};
pub use admin::{ColumnInfo, CustomColumn, Product, Products, ServerInfo};
pub use device::{Account, AccountDetails, AccountKind, RemoteAccessEndpoint};
pub use partner::{
    Company, PartnerFilter, PartnerInfo, PartnerLevel, PartnerRemoval, PartnerState, PartnerTree,
    PartnerVersion, PostAddress, ServiceType, StateChange, TreeQuery,
};
