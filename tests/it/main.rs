//! Cross-crate tests: the whole way from settings to a proven final state, and what goes wrong on it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod api;
mod arrows;
mod bench;
mod canary;
mod checklist;
mod clocks;
mod corpus;
mod cove_bench;
mod cove_billable;
mod cove_contract;
mod cove_faults;
mod cove_management;
mod cove_session;
mod cove_suite;
mod cove_switches;
mod cove_watermark;
mod docs;
mod docs_errors;
mod faults;
mod front_page;
mod halo_bench;
mod halo_contract;
mod halo_invoices;
mod halo_limits;
mod halo_refusals;
mod halo_related;
mod halo_writes;
mod load;
mod manifests;
mod pairs;
mod power;
mod public_api;
mod supply;
mod switches;
mod tap;
mod together;
mod truth;
