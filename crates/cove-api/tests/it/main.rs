//! Tests of the clients from outside: wire shapes, requests, failures, hostile answers.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test where they are used"
)]

mod billing;
mod management;
mod parked;
