//! The service from settings to a proven final state, over real HTTP against the stand-ins of both services.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod accounts;
mod exceptions;
mod explain;
mod faults;
mod guards;
mod harness;
mod lint;
mod live_counts;
mod lookup;
mod mapping;
mod notify;
mod report;
mod retry;
mod revert;
mod runs;
mod schedule;
mod schedule_access;
mod schedule_trouble;
mod sources;
mod state;
mod telling;
mod usage_file;
mod watching;
