//! What a read says about changes that were sent: proved, not there, different, or still not known.

use super::Running;
use super::book::News;
use super::view::{Finding, View, examine};
use crate::ids::LicenceId;
use crate::run::{ChangeRecord, Outcome};
use std::collections::BTreeSet;

/// What a read says anew about these changes. `known` are the records that were there before.
pub(super) fn news_from(
    run: &Running<'_>,
    slots: &[usize],
    view: &View,
    known: &BTreeSet<LicenceId>,
) -> Vec<News> {
    let accounts = run.accounts();
    run.book
        .copies(slots)
        .into_iter()
        .filter_map(|(slot, record)| {
            let written = record.written_id;
            let finding = examine(&record.change, written, view, known, &accounts);
            judge(slot, &record, finding)
        })
        .collect()
}

/// What a read says about a change that was sent; `None` when it says nothing new.
fn judge(slot: usize, record: &ChangeRecord, finding: Finding) -> Option<News> {
    let planned = record.change.licence_id;
    let news = |outcome, written_id, note| {
        Some(News {
            slot,
            outcome,
            written_id,
            note,
        })
    };
    match (record.outcome, finding) {
        (Outcome::Planned | Outcome::Verified, _) => None,
        (Outcome::Applied, Finding::AsPlanned(id)) => {
            news(Outcome::Verified, Some(id), record.note.clone())
        }
        (_, Finding::AsPlanned(id)) => news(Outcome::Verified, Some(id), by_reading(&record.note)),
        (Outcome::Applied, Finding::AsBefore) => news(
            Outcome::Mismatch,
            planned,
            "the system said that it is stored, but it is not".to_owned(),
        ),
        (Outcome::Started | Outcome::Unknown, Finding::AsBefore) => {
            news(Outcome::NotApplied, planned, by_reading(&record.note))
        }
        (Outcome::Applied | Outcome::Started | Outcome::Unknown, Finding::Different(what)) => {
            news(Outcome::Mismatch, record.written_id, what)
        }
        (Outcome::Started, Finding::Unclear(detail))
        | (
            Outcome::Applied | Outcome::Started | Outcome::Unknown | Outcome::NotApplied,
            Finding::Misnamed(detail),
        ) => news(Outcome::Unknown, planned, detail),
        (Outcome::Applied | Outcome::Unknown, Finding::Unclear(_))
        | (Outcome::Rejected | Outcome::NotApplied | Outcome::Mismatch, _) => None,
    }
}

/// The note of a change that was settled by reading, with what was said before.
pub(super) fn by_reading(note: &str) -> String {
    const SETTLED: &str = "settled by reading";
    if note.is_empty() {
        SETTLED.to_owned()
    } else if note.starts_with(SETTLED) {
        note.to_owned()
    } else {
        format!("{SETTLED} after: {note}")
    }
}
