//! Target `map_sheet`; what must hold is in `tests/it/corpus/files.rs`, which the corpus test runs as well.

#![no_main]
#![expect(
    dead_code,
    reason = "the shared module holds the bodies of other targets, too"
)]

#[path = "../../tests/it/corpus/files.rs"]
mod files;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| files::map_sheet(bytes));
