//! Reading usage answers while they arrive: whole, client by client, or into totals.
//!
//! One walk serves all three, so they cannot disagree about what an answer says.

mod answer;
mod cursor;
mod cutter;
mod fast;
mod reader;
mod shape;
mod sink;
mod typed;

pub use answer::{FoldEnd, UsageVisitor, fold_usage_bytes, read_usage_bytes};
pub use reader::{Limits, UsageStream};
pub use typed::{ClientPart, UsageEvent};

pub(crate) use answer::{Visiting, collect_slice, fold_slice};
pub(crate) use fast::Totalling;
pub(crate) use reader::walk_body;
pub(crate) use sink::Sink;
