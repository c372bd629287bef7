//! Changes and records as CSV, safe to open in a spreadsheet.

use billing_sync::plan::Change;
use billing_sync::run::{ChangeRecord, Drift};
use billing_sync::state::RunSummary;
pub(crate) use cove_halo::text::sheet;

/// The changes of a plan.
pub(crate) fn plan<'a>(changes: impl Iterator<Item = &'a Change>) -> csv::Result<String> {
    let mut header = CHANGE.to_vec();
    header.push("reason");
    sheet(
        &header,
        changes.map(|change| {
            let mut row = change_cells(change);
            row.push(change.reason.clone());
            row
        }),
    )
}

/// The changes of a run, with what became of them.
pub(crate) fn run(changes: &[ChangeRecord]) -> csv::Result<String> {
    let mut header = CHANGE.to_vec();
    header.extend(["reason", "outcome", "written_id", "note"]);
    sheet(
        &header,
        changes.iter().map(|record| {
            let mut row = change_cells(&record.change);
            row.extend([
                record.change.reason.clone(),
                record.outcome.word().to_owned(),
                record
                    .written_id
                    .map_or_else(String::new, |id| id.to_string()),
                record.note.clone(),
            ]);
            row
        }),
    )
}

/// What moved, field by field.
pub(crate) fn drift(drift: &[Drift]) -> csv::Result<String> {
    sheet(
        &[
            "client_id",
            "client_name",
            "name",
            "licence_id",
            "field",
            "expected",
            "found",
        ],
        drift.iter().map(|drift| {
            vec![
                drift.key.client.to_string(),
                drift.client_name.clone(),
                drift.key.name.clone(),
                drift
                    .licence_id
                    .map_or_else(String::new, |id| id.to_string()),
                drift.field.clone(),
                drift.planned.clone(),
                drift.found.clone(),
            ]
        }),
    )
}

/// Runs, one a row.
pub(crate) fn runs(runs: &[RunSummary]) -> csv::Result<String> {
    sheet(
        &[
            "run_id",
            "plan_id",
            "period",
            "status",
            "started_at",
            "finished_at",
            "approved_by",
            "changes",
            "applied",
            "failed",
            "unknown",
        ],
        runs.iter().map(|run| {
            vec![
                run.run_id.to_string(),
                run.plan_id.to_string(),
                run.period.to_string(),
                run.status.word().to_owned(),
                run.started_at.clone(),
                run.finished_at.clone().unwrap_or_default(),
                run.approved_by.clone(),
                run.changes.to_string(),
                run.applied.to_string(),
                run.failed.to_string(),
                run.unknown.to_string(),
            ]
        }),
    )
}

const CHANGE: [&str; 7] = [
    "kind",
    "client_id",
    "client_name",
    "name",
    "licence_id",
    "before",
    "after",
];

fn change_cells(change: &Change) -> Vec<String> {
    vec![
        change.kind.word().to_owned(),
        change.client_id.to_string(),
        change.client_name.clone(),
        change.name.clone(),
        change
            .licence_id
            .map_or_else(String::new, |id| id.to_string()),
        change
            .before
            .map_or_else(String::new, |before| before.to_string()),
        change.after.to_string(),
    ]
}
