//! The checks, one line each, with what to do about those that are not well.

use super::{Look, Page};
use crate::text::{count, plain};
use cove_halo::{Check, CheckState};

/// The page of checks.
pub(crate) fn page(checks: &[Check], look: Look) -> String {
    let mut page = Page::new(look);
    for check in checks {
        let state = match check.state {
            CheckState::Ok => look.good("ok     "),
            CheckState::Warning => look.warning("warning"),
            CheckState::Problem => look.bad("PROBLEM"),
        };
        page.line(format!("{state}  {}: {}", check.name, plain(&check.detail)));
        if let Some(hint) = &check.hint {
            page.line(format!("         hint: {}", plain(hint)));
        }
    }
    let number = |state| checks.iter().filter(|check| check.state == state).count();
    page.gap();
    page.line(format!(
        "{}, {}, {}; nothing was written",
        count(checks.len(), "check", "checks"),
        count(number(CheckState::Warning), "warning", "warnings"),
        count(number(CheckState::Problem), "problem", "problems"),
    ));
    page.finish()
}

/// The word for a state, as in JSON and CSV.
pub(crate) fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Problem => "problem",
    }
}
