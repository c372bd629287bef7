//! What the API answers, as types: the vendor's own words, every quantity exact, nothing unknown thrown away.
//!
//! All fields are public and all types have a `Default`, so that tests can build them; a field that comes later
//! is a minor change.

mod capacity;
mod device_wire;
mod document;
mod invoice;
mod services;
mod status;
mod usage;

pub use capacity::{AdditionalCapacity, CapacityGroup, ContractTotal};
pub use document::UsageDocument;
pub use invoice::{Invoice, InvoiceContract};
pub use services::{BillableService, BillableServices, ListedClient};
pub use status::{ApprovalStatus, ContractStatus, InvoiceStatus};
pub use usage::{ClientUsage, DeviceUsage, ServiceUsage};
