#![doc = include_str!("../README.md")]

pub mod apply;
mod decision;
pub mod follow_up;
pub mod ids;
mod memory;
mod period;
pub mod plan;
pub mod ports;
pub mod rules;
pub mod run;
pub mod state;
pub mod target;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod usage;
mod whom;
pub mod why;

/// The macro the ports are written with; an implementation carries it too.
pub use async_trait::async_trait;
pub use decision::{Decision, DecisionRecord, MappingDecision, Question, SubscriptionChoice};
pub use memory::{Memory, Owned};
pub use period::{InvalidPeriod, Period};
/// The number of all quantities and amounts.
pub use rust_decimal::Decimal;
