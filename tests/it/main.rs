//! Cross-crate tests: the whole way from settings to a proven final state, and what goes wrong on it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod arrows;
mod bench;
mod faults;
mod switches;
