//! Target `halo_lists`; what must hold is in `tests/it/corpus/halo.rs`, which the corpus test runs as well.

#![no_main]
#![expect(
    dead_code,
    reason = "the shared module holds the bodies of other targets, too"
)]

#[path = "../../tests/it/corpus/halo.rs"]
mod halo;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| halo::halo_lists(bytes));
