//! Reading usage answers while they arrive: whole, client by client, or into totals.
//!
//! One walk serves all three, so they cannot disagree about what an answer says.

mod answer;
mod cursor;
mod cutter;
mod reader;
mod typed;

pub use answer::{FoldEnd, UsageVisitor};
pub(crate) use answer::{collect_slice, visit};
pub use reader::{Limits, UsageStream};
pub use typed::{ClientPart, UsageEvent};
