//! Target `high_watermark`; what must hold is in `tests/it/corpus/workbook.rs`, which the corpus test runs as well.

#![no_main]
#![expect(
    dead_code,
    reason = "the shared module holds the seed of the corpus test, too"
)]

#[path = "../../tests/it/corpus/workbook.rs"]
mod workbook;

libfuzzer_sys::fuzz_target!(
    // The reader of workbooks panics within and is caught there; the fuzzer would end with any panic it hears of. One
    // that leaves the target ends it all the same.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| workbook::high_watermark(bytes)
);
