//! How many cases a law is tried on, and from which seed.

use proptest::test_runner::{Config, RngSeed};
use std::hash::{BuildHasher, Hasher, RandomState};

/// So many cases, or as many as `BILLING_SYNC_CASES` says; `BILLING_SYNC_SEED` repeats a run. A test that fails shows the
/// seed it began with.
#[expect(
    clippy::print_stderr,
    reason = "shown with a test that failed, and only then"
)]
pub(crate) fn cases(usual: u32) -> Config {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap())
    };
    let seed =
        number("BILLING_SYNC_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    eprintln!("to repeat these cases: BILLING_SYNC_SEED={seed}");
    Config {
        cases: number("BILLING_SYNC_CASES").map_or(usual, |cases| u32::try_from(cases).unwrap()),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    }
}

/// For laws of pure functions.
pub(crate) const PURE: u32 = 10_000;

/// For laws over whole runs. There are three of them.
pub(crate) const RUNS: u32 = 3_400;
