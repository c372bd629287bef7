//! What tests of a sync need: a target that fails on demand, a store that fails on demand, plans made by hand, and the
//! suite every state store has to pass. For this crate's tests and for those of programs built on it.

pub mod contract;
mod plans;
mod store;
mod target;
mod time;
mod world;

pub use plans::{approved, create, keep, plan_of, update, zero};
pub use store::{FaultyStore, StoreFault};
pub use target::FakeTarget;
pub use time::{TickingClock, run_for, soon};
pub use world::{Batching, Edit, Moment, ReadFault, WriteFault};

use crate::ports::Write;
use crate::run::Outcome;
use std::sync::{Arc, Mutex, PoisonError};

/// One thing that a target or a store saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The store began a run.
    Begun,
    /// The store made these outcomes durable: position and outcome.
    Recorded(Vec<(usize, Outcome)>),
    /// The store took subscriptions as owned.
    Owned(usize),
    /// The store ended a run.
    Ended,
    /// The target was read.
    Read,
    /// The target received these writes.
    Sent(Vec<Write>),
}

/// What happened, in order. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<Vec<Step>>>);

impl Trace {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything so far.
    pub fn steps(&self) -> Vec<Step> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn push(&self, step: Step) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step);
    }
}
