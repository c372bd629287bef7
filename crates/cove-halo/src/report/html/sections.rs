//! The sections of the page, from top to bottom, without the customers.

use super::{Grid, Section, grid, grid_with_foot};
use crate::report::model::Report;
use crate::report::sum::sum_known;
use crate::report::tables::{Cell, source};
use crate::report::{headline, plots};
use crate::text::number;

impl Report {
    pub(super) fn sections(&self) -> Vec<Section> {
        let mut sections = vec![
            Section {
                id: "usage",
                title: "Usage by service",
                notes: self.months_note(),
                plots: plots::usage(self),
                tables: vec![grid(
                    &self.services_table(),
                    "What the customers used of each service",
                )],
            },
            self.comparison_section(),
            Section {
                id: "changes",
                title: "Changes",
                notes: vec![self.changes_note().to_owned()],
                plots: plots::waterfall(self),
                tables: vec![grid(
                    &self.changes_table(),
                    "Subscriptions, before and after",
                )],
            },
            self.exceptions_section(),
            Section {
                id: "ledger",
                title: "Ledger",
                notes: vec![if self.ledger.iter().all(|line| line.balances) {
                    "Every unit is in exactly one column: in each row, Sum is what was invoiced."
                        .to_owned()
                } else {
                    "It does not add up: this plan is never applied.".to_owned()
                }],
                plots: Vec::new(),
                tables: vec![self.ledger_grid()],
            },
            Section {
                id: "guards",
                title: "Guards",
                notes: Vec::new(),
                plots: Vec::new(),
                tables: vec![grid(
                    &self.guards_table(),
                    "What the plan was measured against",
                )],
            },
            Section {
                id: "runs",
                title: "Runs of this month",
                notes: if self.runs.is_empty() {
                    vec!["None: nothing was written for this month.".to_owned()]
                } else {
                    Vec::new()
                },
                plots: Vec::new(),
                tables: vec![grid(&self.runs_table(), "What was done, oldest first")],
            },
        ];
        if self.back_fill.is_some() {
            sections.push(self.back_fill_section());
        }
        for section in &mut sections {
            section.tables.retain(|table| !table.rows.is_empty());
        }
        sections
    }

    fn changes_note(&self) -> &'static str {
        match (self.closed, self.changes.is_empty()) {
            (true, false) => {
                "Written by the runs of this month. It is closed, a later month was billed since: nothing more is planned."
            }
            (true, true) => "Nothing was written for this month, and a later one was billed since.",
            (false, false) => {
                "Written by a run, or planned and not written yet; the column State says which."
            }
            (false, true) => "Every count is right: nothing was or would be written.",
        }
    }

    fn months_note(&self) -> Vec<String> {
        let mut notes = vec![
            "Each plot has its own scale; units of different measures are never added.".to_owned(),
        ];
        if let [_] = self.months.as_slice() {
            notes.push(
                "No earlier month is known yet: it is kept from the first sync on.".to_owned(),
            );
        }
        notes
    }

    fn comparison_section(&self) -> Section {
        let notes = match &self.comparison {
            None => vec!["Nothing is known of the month before.".to_owned()],
            Some(both) => vec![format!(
                "Against {}, known from: {}.",
                headline::dashed(both.previous),
                source(both.source)
            )],
        };
        Section {
            id: "movements",
            title: "Month over month",
            notes,
            plots: plots::movers(self),
            tables: vec![
                grid(&self.new_and_gone_table(), "New and gone customers"),
                grid(
                    &self.movements_table(),
                    "What moved, by customer and service",
                ),
            ],
        }
    }

    fn exceptions_section(&self) -> Section {
        let whole = self.exceptions_table();
        let tables = self
            .exceptions
            .iter()
            .map(|group| {
                let mut table = whole.clone();
                table
                    .rows
                    .retain(|row| row.first() == Some(&Cell::Text(group.kind.clone())));
                // The kind and what to do stand above the table.
                table.columns.remove(0);
                table.columns.pop();
                for row in &mut table.rows {
                    row.remove(0);
                    row.pop();
                }
                let units = group
                    .units
                    .map_or_else(String::new, |units| format!(", {} units", number(units)));
                let mut grid = grid(
                    &table,
                    &format!(
                        "{}: {}{units}",
                        group.kind.replace('_', " "),
                        group.rows.len()
                    ),
                );
                grid.id = format!("exceptions-{}", group.kind);
                grid.advice.clone_from(&group.to_do);
                grid
            })
            .collect();
        Section {
            id: "exceptions",
            title: "Exceptions",
            notes: vec![if self.exceptions.is_empty() {
                "None: everything invoiced found its place.".to_owned()
            } else {
                "Not billed and left as they are; everybody else goes on.".to_owned()
            }],
            plots: Vec::new(),
            tables,
        }
    }

    fn ledger_grid(&self) -> Grid {
        let table = self.ledger_table();
        let total = |at: usize, is_number: bool| {
            let numbers = table.rows.iter().map(|row| match row.get(at) {
                Some(Cell::Number(number)) => Some(*number),
                _ => None,
            });
            match sum_known(numbers) {
                Some(sum) if is_number => Cell::Number(sum),
                _ => Cell::Empty,
            }
        };
        let columns = table.columns.iter().enumerate().skip(1);
        let foot: Vec<Cell> = if self.ledger.len() > 1 {
            std::iter::once(Cell::Text("Total".to_owned()))
                .chain(columns.map(|(at, column)| total(at, column.is_number)))
                .collect()
        } else {
            Vec::new()
        };
        grid_with_foot(&table, "Where every unit went", &foot)
    }

    fn back_fill_section(&self) -> Section {
        let mut notes = Vec::new();
        if let Some(both) = &self.back_fill {
            notes.extend(both.in_words());
        }
        Section {
            id: "back-fill",
            title: "Billed then and now",
            notes,
            plots: Vec::new(),
            tables: vec![
                grid(
                    &self.billed_then_table(),
                    "Counts that would not be billed as they were",
                ),
                grid(
                    &self.used_then_table(),
                    "Usage that the vendor shows otherwise than then",
                ),
            ],
        }
    }
}
