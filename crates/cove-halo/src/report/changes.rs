//! What was written for the month and what would be written now, in one list.

use super::ReportInput;
use super::model::{ChangeRow, ClientRef};
use billing_sync::plan::{Change, Plan};
use std::collections::BTreeMap;

/// The changes of the month's runs, oldest first, then what the plan would still write. For a closed month it would write
/// nothing: it is compared with the records of a later month.
pub(super) fn changes(input: &ReportInput<'_>) -> Vec<ChangeRow> {
    let units = units_of(input.plan);
    let mut rows = Vec::new();
    for run in input.runs {
        for record in &run.changes {
            let mut row = row(&record.change, &units);
            record.outcome.word().clone_into(&mut row.state);
            row.run_id = Some(run.summary.run_id.clone());
            rows.push(row);
        }
    }
    if !input.is_closed() {
        rows.extend(input.plan.writes().map(|change| row(change, &units)));
    }
    rows
}

/// Units of measure by service name.
fn units_of(plan: &Plan) -> BTreeMap<&str, &str> {
    plan.ledger()
        .rows()
        .iter()
        .map(|row| (row.service.as_str(), row.unit.as_str()))
        .collect()
}

fn row(change: &Change, units: &BTreeMap<&str, &str>) -> ChangeRow {
    let service = change
        .sources
        .first()
        .map_or(change.name.as_str(), |source| source.service.as_str());
    ChangeRow {
        client: ClientRef {
            id: Some(change.client_id),
            name: change.client_name.clone(),
        },
        subscription: change.name.clone(),
        unit: units
            .get(service)
            .map_or_else(String::new, |unit| (*unit).to_owned()),
        kind: change.kind.word().to_owned(),
        before: change.before,
        after: change.after,
        difference: change.difference(),
        reason: change.reason.clone(),
        state: "planned".to_owned(),
        run_id: None,
    }
}
