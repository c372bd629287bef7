#![doc = include_str!("../README.md")]

pub mod billing;
pub mod management;
#[cfg(feature = "testing")]
pub mod testing;

/// What all calls share: errors, retries, budgets, transports. With the types of the fields below, so that a program needs no second
/// dependency for them.
pub use api_core;
pub use api_core::{Error, ErrorKind, SecretString};
/// The type of every quantity and amount.
pub use rust_decimal::Decimal;
/// The types of members without a name here: every `extra`.
pub use serde_json::{Map, Value};
