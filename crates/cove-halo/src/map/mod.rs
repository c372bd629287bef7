//! Mapping: which client each of the vendor's customers is, found out and decided by a person before anything is billed.
//!
//! Everything here is pure. [`Mapping`] says where each customer stands; [`suggest`] offers clients by name; a
//! [`sheet`] goes to a person and comes back; a [`MapPlan`] says what would be written, before and after.

mod name;
mod plan;
mod planning;
mod reference;
pub mod sheet;
mod standing;
mod suggest;
#[cfg(test)]
mod testing;
mod wish;

pub(crate) use plan::OF_BEFORE;
pub use plan::{MapAction, MapChange, MapChoice, MapPlace, MapPlan};
pub(crate) use reference::{Named, named_in};
pub use standing::{AmbiguousRecords, ClientName, MappedCustomer, Mapping, RecordName};
pub use suggest::{Suggestion, Suggestions, Tie, suggest};
pub use wish::{MapProblem, Wish};
