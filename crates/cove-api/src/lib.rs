#![doc = include_str!("../README.md")]

pub mod billing;
pub mod management;
#[cfg(feature = "testing")]
pub mod testing;
