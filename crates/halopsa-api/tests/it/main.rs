//! The client against a server on this machine, and against scripts where time or broken connections matter.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot do its part is a failed test"
)]

mod batches;
mod clients;
mod connection;
mod licences;
mod limits;
mod lists;
mod lookup;
mod other;
mod parked;
mod recurring;
mod samples;
mod secrets;
mod support;
