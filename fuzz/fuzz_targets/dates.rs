//! Target `dates`; what must hold is in `tests/it/corpus/wire.rs`, which the corpus test runs as well.

#![no_main]
#![expect(
    dead_code,
    reason = "the shared module holds the bodies of other targets, too"
)]

#[path = "../../tests/it/corpus/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wire::dates(bytes));
