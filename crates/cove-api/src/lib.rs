#![doc = include_str!("../README.md")]

pub mod billing;
pub mod management;
#[cfg(feature = "testing")]
pub mod testing;

/// What all calls share: errors, retries, budgets, transports. Here, so that a program needs no second dependency for it.
pub use api_core;
pub use api_core::{Error, ErrorKind, SecretString};
