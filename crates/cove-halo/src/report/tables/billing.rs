//! Tables about what became of it: changes, exceptions, ledger, guards, runs, and the look back.

use super::{Cell, Table, figures, words};
use crate::report::model::{ExceptionGroup, LedgerLine, Report};
use billing_sync::plan::Guard;

impl Report {
    pub(in crate::report) fn changes_table(&self) -> Table {
        Table {
            name: "changes",
            title: "Changes",
            columns: vec![
                words("kind", "Action"),
                words("client_id", "Client id"),
                words("client", "Client"),
                words("subscription", "Subscription"),
                figures("before", "Before"),
                figures("after", "After"),
                figures("difference", "Difference"),
                words("reason", "Why"),
                words("state", "State"),
                words("run_id", "Run"),
            ],
            rows: self
                .changes
                .iter()
                .map(|one| {
                    vec![
                        Cell::text(&one.kind),
                        Cell::id(one.client.id.as_ref()),
                        Cell::text(&one.client.name),
                        Cell::text(&one.subscription),
                        one.before.map_or(Cell::Empty, Cell::number),
                        Cell::number(one.after),
                        Cell::difference(Some(one.difference)),
                        Cell::text(&one.reason),
                        Cell::text(&one.state),
                        Cell::id(one.run_id.as_ref()),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn exceptions_table(&self) -> Table {
        exceptions_table(&self.exceptions)
    }

    pub(in crate::report) fn ledger_table(&self) -> Table {
        ledger_table(&self.ledger)
    }

    pub(in crate::report) fn guards_table(&self) -> Table {
        guards_table(&self.guards)
    }

    pub(in crate::report) fn runs_table(&self) -> Table {
        Table {
            name: "runs",
            title: "Runs",
            columns: vec![
                words("run_id", "Run"),
                words("status", "Ended"),
                words("started_at", "Began at"),
                words("finished_at", "Ended at"),
                words("approved_by", "Approved by"),
                figures("changes", "Changes"),
                figures("applied", "Applied"),
                figures("failed", "Failed"),
                figures("unknown", "Unknown"),
                words("overrides", "Overridden guards"),
            ],
            rows: self
                .runs
                .iter()
                .map(|run| {
                    let overrides: Vec<String> = run
                        .overrides
                        .iter()
                        .map(|(guard, reason)| format!("{guard}: {reason}"))
                        .collect();
                    vec![
                        Cell::text(&run.run_id),
                        Cell::text(&run.status),
                        Cell::text(&run.started_at),
                        Cell::id(run.finished_at.as_ref()),
                        Cell::text(&run.approved_by),
                        Cell::number(run.changes),
                        Cell::number(run.applied),
                        Cell::number(run.failed),
                        Cell::number(run.unknown),
                        Cell::text(overrides.join("; ")),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn billed_then_table(&self) -> Table {
        Table {
            name: "billed_then",
            title: "Billed then and now",
            columns: vec![
                words("client_id", "Client id"),
                words("client", "Client"),
                words("subscription", "Subscription"),
                figures("then", "Billed then"),
                figures("now", "Would be now"),
                figures("difference", "Difference"),
            ],
            rows: self
                .back_fill
                .iter()
                .flat_map(|both| &both.subscriptions)
                .map(|one| {
                    vec![
                        Cell::id(one.client_id.as_ref()),
                        Cell::text(&one.client_name),
                        Cell::text(&one.name),
                        one.then.map_or(Cell::Empty, Cell::number),
                        one.now.map_or(Cell::Empty, Cell::number),
                        Cell::difference(one.difference),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn used_then_table(&self) -> Table {
        Table {
            name: "used_then",
            title: "Used then and now",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("service", "Service"),
                words("unit", "Unit"),
                figures("then", "Shown then"),
                figures("now", "Shown now"),
                figures("difference", "Difference"),
            ],
            rows: self
                .back_fill
                .iter()
                .flat_map(|both| &both.usage)
                .map(|one| {
                    vec![
                        Cell::id(one.customer_id.as_ref()),
                        Cell::text(&one.customer_name),
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::number(one.then),
                        Cell::number(one.now),
                        Cell::difference(Some(one.difference)),
                    ]
                })
                .collect(),
        }
    }
}

/// Exceptions with what to do.
pub(crate) fn exceptions_table(groups: &[ExceptionGroup]) -> Table {
    Table {
        name: "exceptions",
        title: "Exceptions",
        columns: vec![
            words("kind", "Kind"),
            words("customer_id", "Customer id"),
            words("customer", "Customer"),
            words("service", "Service"),
            figures("quantity", "Units"),
            words("detail", "What is wrong"),
            words("to_do", "What to do"),
        ],
        rows: groups
            .iter()
            .flat_map(|group| group.rows.iter().map(move |one| (group, one)))
            .map(|(group, one)| {
                vec![
                    Cell::text(&group.kind),
                    Cell::id(one.customer_id.as_ref()),
                    Cell::text(&one.name),
                    Cell::id(one.service.as_ref()),
                    Cell::known(one.quantity),
                    Cell::text(&one.detail),
                    Cell::text(&group.to_do),
                ]
            })
            .collect(),
    }
}

/// The ledger, each row with its proof.
pub(crate) fn ledger_table(lines: &[LedgerLine]) -> Table {
    Table {
        name: "ledger",
        title: "Ledger",
        columns: vec![
            words("service", "Service"),
            words("unit", "Unit"),
            figures("vendor", "Invoiced"),
            figures("billed", "Billed"),
            figures("ignored", "Ignored"),
            figures("free", "Free"),
            figures("rounding", "Rounding"),
            figures("unmatched", "Unmatched"),
            figures("blocked", "Held back"),
            figures("contract_level", "Contract"),
            figures("accounted", "Sum"),
            words("balances", "Adds up"),
        ],
        rows: lines
            .iter()
            .map(|line| {
                let row = &line.row;
                vec![
                    Cell::text(&row.service),
                    Cell::text(&row.unit),
                    Cell::number(row.vendor),
                    Cell::number(row.billed),
                    Cell::number(row.ignored),
                    Cell::number(row.free),
                    Cell::number(row.rounding),
                    Cell::number(row.unmatched),
                    Cell::number(row.blocked),
                    Cell::number(row.contract_level),
                    Cell::known(line.accounted),
                    Cell::text(if line.balances { "yes" } else { "NO" }),
                ]
            })
            .collect(),
    }
}

/// The guards.
pub(crate) fn guards_table(guards: &[Guard]) -> Table {
    Table {
        name: "guards",
        title: "Guards",
        columns: vec![
            words("guard", "Guard"),
            words("limit", "Limit"),
            words("value", "Value"),
            words("state", "State"),
        ],
        rows: guards
            .iter()
            .map(|guard| {
                vec![
                    Cell::text(guard.guard),
                    Cell::text(&guard.limit),
                    Cell::text(&guard.value),
                    Cell::text(if guard.tripped { "TRIPPED" } else { "ok" }),
                ]
            })
            .collect(),
    }
}
