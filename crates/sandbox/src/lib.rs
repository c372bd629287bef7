#![doc = include_str!("../README.md")]

mod admin;
mod billing;
mod calendar;
mod clock;
mod efile;
mod fault;
mod gate;
mod halo;
mod judge;
mod lint;
mod listener;
mod log;
mod management;
mod period;
mod quantity;
mod reply;
mod seed;
mod server;
mod state;
mod switches;
mod world;

pub use efile::EFile;
pub use fault::{Fault, FaultKind, When};
pub use judge::{Expectation, ExpectedException, ExpectedSubscription};
pub use lint::{LintFinding, LintKind};
pub use log::{LoggedRequest, Service, StoredLicence};
pub use management::{Account, Partner};
pub use quantity::Milli;
pub use seed::{Oddity, OddityKind};
pub use server::{Sandbox, SandboxBuilder};
pub use switches::{
    ActiveSources, Availability, BatchFailure, BillingWrapper, CustomFieldValue,
    CustomFieldsInLists, Depth, EFileNames, EFileProducts, EmptyList, ListShape,
    ManagementSwitches, ModifyPartner, NoResult, OldVisas, Physicality, PostAnswer, PostWithoutId,
    ReportSheet, RetryAfter, SwitchPosition, Switches, TotalsShape, UnpaddedColumns, UnshownList,
    UpdateLines,
};
pub use world::cove::DeviceKind;
pub use world::invoices::{InvoiceLine, LinkedLicence, RecurringInvoice};
pub use world::{Client, Invoice, Subscription, World};

/// The account id (`sfdcid`) that the Billing API knows; as in the documentation.
pub const ACCOUNT_ID: &str = "001H234578asdfIAS";
/// The Billing API's key.
pub const API_KEY: &str = "sandbox-nable-api-key";
/// The id of the distributor that three of the contracts were sold through.
pub const DISTRIBUTOR_ID: &str = "0015000000DiStRiBu";
/// The distributor's key of the Billing API.
pub const DISTRIBUTOR_API_KEY: &str = "sandbox-nable-distributor-key";
/// The client id of the Halo API application.
pub const HALO_CLIENT_ID: &str = "5a0d0000-0000-4000-8000-00000000c0fe";
/// The client secret of the Halo API application.
pub const HALO_CLIENT_SECRET: &str = "sandbox-halo-secret-5a0d-c0fe";
/// The name that Halo's published reports are read with.
pub const REPORT_USER: &str = "sandbox-report";
/// The password that goes with it.
pub const REPORT_PASSWORD: &str = "sandbox-report-password";
/// The only tenant that Halo accepts; it may also be left out.
pub const TENANT: &str = "sandbox";
/// Halo's customer-level custom field that holds the vendor's customer id.
pub const CUSTOM_FIELD: &str = "CFCoveCustomerId";
/// Cove's name of the partner that the management credentials belong to, with the e-mail that the console shows.
pub const MANAGEMENT_PARTNER: &str = "Our MSP (admin@ourmsp.example)";
/// Login name of Cove's API user.
pub const MANAGEMENT_USER: &str = "halo-sync-api";
/// Its token, sent as the password.
pub const MANAGEMENT_PASSWORD: &str = "sandbox-cove-token-33491";
/// The secret of every Cove device. It comes in answers (`Password`, `Token`, column I3) and must not appear anywhere else.
pub const DEVICE_SECRET: &str = "sandbox-device-secret-c0ve";
/// Id of the partner of the credentials.
pub const RESELLER_ID: u64 = world::cove::RESELLER;
/// Two contracts that one invoice names, one that is on an invoice without names, and one of another product.
pub const CONTRACTS: [u64; 4] = [
    seed::CONTRACT_A,
    seed::CONTRACT_B,
    seed::CONTRACT_C,
    seed::CONTRACT_EDR,
];
