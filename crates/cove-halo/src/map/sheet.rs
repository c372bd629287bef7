//! The reviewed sheet: suggestions and decisions as CSV for a spreadsheet, and back as wishes, or with every problem.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Review, read};
pub use write::rows;

/// The columns. The last two are filled for choices of a record only.
pub const COLUMNS: [&str; 9] = [
    "customer_id",
    "customer_name",
    "client_id",
    "client_name",
    "score",
    "reason",
    "decision",
    "subscription",
    "licence_id",
];

/// Longest sheet that is read, in bytes.
pub const MAX_SHEET: u64 = 64 << 20;
