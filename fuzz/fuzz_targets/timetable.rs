//! Target `timetable`; what must hold is in `tests/it/corpus/unattended.rs`, which the corpus test runs as well.

#![no_main]

#[path = "../../tests/it/corpus/unattended.rs"]
mod unattended;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| unattended::timetable(bytes));
