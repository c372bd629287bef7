//! The sandbox from outside, over raw HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod admin;
mod auth;
mod billing;
mod distributor;
mod efile;
mod faults;
mod faults_log;
mod http;
mod invoices;
mod judge;
mod lint;
mod lists;
mod management;
mod rate;
mod related;
mod report;
mod server;
mod shape;
mod world;
mod write_clients;
mod writes;
