//! Names, kinds and counts of changes, as every table shows them.

use crate::text::{fit, plain};
use billing_sync::plan::{Change, ChangeKind};

/// Longest name a table shows. JSON and CSV have it whole.
pub(super) const NAME_WIDTH: usize = 60;

/// Says once what most names of a table begin with.
pub(super) fn prefix_remark(prefix: &str) -> String {
    match prefix {
        "" => String::new(),
        prefix => format!("names without `{}`", plain(prefix.trim_end())),
    }
}

/// A name without what most of its table begin with.
pub(super) fn short(name: &str, prefix: &str) -> String {
    fit(name.strip_prefix(prefix).unwrap_or(name), NAME_WIDTH)
}

/// The client of a change with its id.
pub(super) fn client(change: &Change) -> String {
    format!(
        "{} ({})",
        fit(&change.client_name, NAME_WIDTH),
        change.client_id
    )
}

/// The kind of change as a verb of the page.
pub(super) fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "create",
        ChangeKind::Update => "change",
        ChangeKind::Zero => "zero",
        ChangeKind::Keep => "keep",
    }
}

/// `4 → 7`; `- → 7` where there is no record yet.
pub(super) fn arrow(change: &Change) -> String {
    let before = change
        .before
        .map_or_else(|| "-".to_owned(), |before| before.to_string());
    format!("{before} → {}", change.after)
}
