//! What a person wants of the mapping, and why it may not be possible.

use billing_sync::ids::{ClientId, CustomerId};
use std::fmt;

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The line of the sheet it came from.
    pub line: Option<u64>,
    /// The vendor's customer.
    pub customer: CustomerId,
    /// The client it is.
    pub client: ClientId,
}

/// Why a wish cannot be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapProblem {
    /// The line of the sheet it came from.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for MapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}
