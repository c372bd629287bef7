//! Compiles and runs the code blocks of the book. The tests themselves are in `it`.

/// Pages with code; `it/docs.rs` checks that no other page has any.
#[cfg(doctest)]
#[doc = include_str!("../../docs/cookbook.md")]
mod cookbook {}
