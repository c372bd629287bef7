//! What a read-back found.

use super::run::{drift_table, requests_line};
use super::{Look, Page};
use crate::text::{count, plain};
use cove_halo::VerifyOutcome;

/// The page of a read-back.
pub(crate) fn page(outcome: &VerifyOutcome, look: Look) -> String {
    let mut page = Page::new(look);
    let subject = match outcome.run_id() {
        Some(run) => format!("run {}", plain(run.as_str())),
        None => "everything that is kept".to_owned(),
    };
    let read = count(outcome.checked, "subscription", "subscriptions");
    if outcome.checked == 0 {
        page.line(format!("{subject}: there is nothing to check"));
    } else if outcome.differences.is_empty() {
        page.line(look.good(&format!("{subject}: {read} read, every one as recorded")));
    } else {
        page.line(look.bad(&format!(
            "{subject}: {read} read, {} as recorded, {}",
            outcome.agreeing,
            count(outcome.differences.len(), "difference", "differences")
        )));
    }
    if outcome.superseded > 0 {
        page.line(format!(
            "{} not checked: a later run left another count there",
            count(outcome.superseded, "subscription", "subscriptions")
        ));
    }
    page.line(requests_line(&outcome.requests));
    if !outcome.differences.is_empty() {
        page.gap();
        drift_table(&mut page, &outcome.differences);
    }
    page.finish()
}
