//! The N-able Billing API: what N-able invoiced, by contract, client, device and service.
//!
//! Nothing here knows HaloPSA or what is done with the figures.

mod builder;
mod client;
mod dates;
mod distributor;
mod efile;
mod evidence;
mod fields;
mod fold;
mod ids;
mod key;
mod line;
mod model;
mod number;
mod record;
mod timeframe;
mod totals;

pub use api_core::wire::{BadRecord, Guarded};

pub use builder::ClientBuilder;
pub use client::{BillingClient, BillingClientBuilder, DEFAULT_BASE_URL};
pub use dates::DateText;
pub use distributor::{
    DISTRIBUTOR_BASE_URL, DistributorClient, DistributorClientBuilder, DistributorContract,
    DistributorInvoice, DistributorInvoiceDetails,
};
pub use efile::{
    DeviceLine, EFileCustomer, EFileLine, EFileReader, EFileUsage, EFileVariant, RepeatedDevice,
};
pub use evidence::{Completeness, Finality, Provisional};
pub use fields::Extra;
pub use fold::{
    ClientPart, FoldEnd, Limits, UsageEvent, UsageStream, UsageVisitor, fold_usage_bytes,
    read_usage_bytes,
};
pub use ids::{AccountId, ClientId, ContractId, DetailId, DistributorId, EFileId, InvoiceId};
pub use model::{
    AdditionalCapacity, ApprovalStatus, BillableService, BillableServices, CapacityGroup,
    ClientUsage, ContractStatus, ContractTotal, DeviceUsage, Invoice, InvoiceContract,
    InvoiceStatus, ListedClient, ServiceUsage, UsageDocument,
};
pub use timeframe::{InvalidTimeFrame, TimeFrame};
pub use totals::{
    Basis, ClientTotals, DeviceEvidence, DocumentTotals, NAMES_KEPT, PriceSeen, ServiceTotal,
    TotalsDifference, TotalsOptions, UsageTotals, total_usage_bytes,
};
