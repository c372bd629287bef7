#![doc = include_str!("../README.md")]

mod admin;
mod billing;
mod clock;
mod fault;
mod gate;
mod halo;
mod judge;
mod listener;
mod log;
mod period;
mod quantity;
mod reply;
mod seed;
mod server;
mod state;
mod switches;
mod world;

pub use fault::{Fault, FaultKind, When};
pub use judge::{Expectation, ExpectedException, ExpectedSubscription};
pub use log::{LoggedRequest, Service};
pub use quantity::Milli;
pub use seed::{Oddity, OddityKind};
pub use server::{Sandbox, SandboxBuilder};
pub use switches::{
    BatchFailure, BillingWrapper, CustomFieldValue, CustomFieldsInLists, PostAnswer, PostWithoutId,
    RetryAfter, Switches,
};
pub use world::{Client, Invoice, Subscription, World};

/// The account id (`sfdcid`) that the Billing API knows; as in the documentation.
pub const ACCOUNT_ID: &str = "001H234578asdfIAS";
/// The Billing API's key.
pub const API_KEY: &str = "sandbox-nable-api-key";
/// The client id of the Halo API application.
pub const HALO_CLIENT_ID: &str = "5a0d0000-0000-4000-8000-00000000c0fe";
/// The client secret of the Halo API application.
pub const HALO_CLIENT_SECRET: &str = "sandbox-halo-secret-5a0d-c0fe";
/// The only tenant that Halo accepts; it may also be left out.
pub const TENANT: &str = "sandbox";
/// Halo's customer-level custom field that holds the vendor's customer id.
pub const CUSTOM_FIELD: &str = "CFCoveCustomerId";
/// Two contracts that one invoice names, one that is on an invoice without names, and one of another product.
pub const CONTRACTS: [u64; 4] = [
    seed::CONTRACT_A,
    seed::CONTRACT_B,
    seed::CONTRACT_C,
    seed::CONTRACT_EDR,
];
