//! Tolerant decoders for JSON as services really send it: numbers as text, text as numbers, blanks
//! for nothing, single objects for lists. They never guess a value: what cannot be read is an error.
//!
//! Use them as `#[serde(default, deserialize_with = "api_core::wire::opt_decimal")]`. They work with whatever features of
//! serde_json or rust_decimal another crate switches on; only the digits of a JSON number beyond the 17th depend on them.
//!
//! ```
//! use api_core::wire;
//! use rust_decimal::Decimal;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Row {
//!     #[serde(deserialize_with = "wire::decimal")]
//!     quantity: Decimal,
//!     #[serde(default, deserialize_with = "wire::opt_text")]
//!     name: Option<String>,
//! }
//!
//! let row: Row = serde_json::from_str(r#"{"quantity":"12.50","name":"  "}"#)?;
//! assert_eq!(row.quantity.to_string(), "12.50");
//! assert_eq!(row.name, None);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod guarded;
mod number;
mod scalar;
mod shape;

pub use guarded::{BadRecord, Guarded, guarded_list, guarded_one_or_many};
pub use number::{
    bool_ish, decimal, denoise, opt_bool_ish, opt_decimal, opt_i64, opt_u64_ish, parse_decimal,
    u64_ish,
};
pub use scalar::{opt_id, opt_text, text};
pub use shape::{null_default, one_or_many};

pub(crate) use scalar::{Scalar, scalar};
