//! The report as plain tables, the same for the page, the workbook and the sheets.

use super::model::{ExceptionGroup, LedgerLine, MonthSource, Report};
use crate::text;
use billing_sync::plan::Guard;
use rust_decimal::Decimal;
use std::fmt::Display;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words. Never a formula.
    Text(String),
    /// A number. Exact.
    Number(Decimal),
    /// A number shown with its sign.
    Difference(Decimal),
    /// Nothing is known, or nothing applies.
    Empty,
}

impl Cell {
    /// The cell as an exact text: what a sheet holds.
    pub fn exact(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) | Self::Difference(number) => number.normalize().to_string(),
            Self::Empty => String::new(),
        }
    }

    /// The cell as a person reads it: control characters as escapes, thousands grouped.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text::plain(text).into_owned(),
            Self::Difference(number) if number.is_sign_positive() && !number.is_zero() => {
                format!("+{}", text::number(*number))
            }
            Self::Number(number) | Self::Difference(number) => text::number(*number),
            Self::Empty => String::new(),
        }
    }

    fn text(text: impl Display) -> Self {
        Self::Text(text.to_string())
    }

    fn id(id: Option<&impl Display>) -> Self {
        id.map_or(Self::Empty, Self::text)
    }

    fn number(number: impl Into<Decimal>) -> Self {
        Self::Number(number.into())
    }

    fn known(number: Option<Decimal>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    fn difference(number: Option<impl Into<Decimal>>) -> Self {
        number.map_or(Self::Empty, |number| Self::Difference(number.into()))
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in a sheet.
    pub key: &'static str,
    /// Its heading on a page.
    pub label: &'static str,
    /// True for numbers, which stand to the right.
    pub is_number: bool,
}

const fn words(key: &'static str, label: &'static str) -> Column {
    Column {
        key,
        label,
        is_number: false,
    }
}

const fn figures(key: &'static str, label: &'static str) -> Column {
    Column {
        key,
        label,
        is_number: true,
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name: of the sheet, of the file, in a page's address.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, one cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table as comma-separated values, safe to open in a spreadsheet.
    ///
    /// # Errors
    /// When a row has another number of cells than there are columns.
    pub fn to_csv(&self) -> Result<String, super::RenderError> {
        let header: Vec<&str> = self.columns.iter().map(|column| column.key).collect();
        let rows = self.rows.iter().map(|row| {
            row.iter()
                // A number needs no defence, and a minus must stay one.
                .map(|cell| match cell {
                    Cell::Text(text) => text::cell(text).into_owned(),
                    number => number.exact(),
                })
                .collect::<Vec<String>>()
        });
        text::raw_sheet(&header, rows).map_err(|error| super::RenderError::new("sheet", error))
    }
}

impl Report {
    /// Everything the report says, as tables. Their names and columns are stable.
    pub fn tables(&self) -> Vec<Table> {
        vec![
            self.services_table(),
            self.months_table(),
            self.new_and_gone_table(),
            self.movements_table(),
            self.changes_table(),
            self.exceptions_table(),
            self.ledger_table(),
            self.guards_table(),
            self.runs_table(),
            self.billed_then_table(),
            self.used_then_table(),
            self.customers_table(),
            self.devices_table(),
        ]
    }

    pub(super) fn services_table(&self) -> Table {
        Table {
            name: "services",
            title: "Usage by service",
            columns: vec![
                words("service", "Service"),
                words("unit", "Unit"),
                figures("before", "Month before"),
                figures("quantity", "This month"),
                figures("difference", "Difference"),
                figures("customers", "Customers"),
                figures("amount", "Vendor's charge"),
            ],
            rows: self
                .services
                .iter()
                .map(|one| {
                    vec![
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::known(one.before),
                        Cell::number(one.quantity),
                        Cell::difference(one.difference),
                        Cell::number(one.customers),
                        Cell::known(one.amount),
                    ]
                })
                .collect(),
        }
    }

    fn months_table(&self) -> Table {
        Table {
            name: "months",
            title: "Usage by month",
            columns: vec![
                words("period", "Month"),
                words("source", "Known from"),
                words("service", "Service"),
                words("unit", "Unit"),
                figures("quantity", "Units"),
            ],
            rows: self
                .months
                .iter()
                .flat_map(|month| month.services.iter().map(move |one| (month, one)))
                .map(|(month, one)| {
                    vec![
                        Cell::text(month.period),
                        Cell::text(source(month.source)),
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::number(one.quantity),
                    ]
                })
                .collect(),
        }
    }

    pub(super) fn new_and_gone_table(&self) -> Table {
        let comparison = self.comparison.iter();
        Table {
            name: "new_and_gone",
            title: "New and gone customers",
            columns: vec![
                words("state", "State"),
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                figures("units", "Units"),
            ],
            rows: comparison
                .flat_map(|both| {
                    let new = both.new_customers.iter().map(|one| ("new", one));
                    new.chain(both.gone_customers.iter().map(|one| ("gone", one)))
                })
                .map(|(state, one)| {
                    vec![
                        Cell::text(state),
                        Cell::id(one.customer_id.as_ref()),
                        Cell::text(&one.name),
                        Cell::known(one.units),
                    ]
                })
                .collect(),
        }
    }

    pub(super) fn movements_table(&self) -> Table {
        Table {
            name: "movements",
            title: "What moved since the month before",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("service", "Service"),
                words("unit", "Unit"),
                figures("before", "Before"),
                figures("after", "After"),
                figures("difference", "Difference"),
            ],
            rows: self
                .comparison
                .iter()
                .flat_map(|both| &both.movements)
                .map(|one| {
                    vec![
                        Cell::id(one.customer_id.as_ref()),
                        Cell::text(&one.name),
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::number(one.before),
                        Cell::number(one.after),
                        Cell::difference(Some(one.difference)),
                    ]
                })
                .collect(),
        }
    }

    pub(super) fn changes_table(&self) -> Table {
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

    pub(super) fn exceptions_table(&self) -> Table {
        exceptions_table(&self.exceptions)
    }

    pub(super) fn ledger_table(&self) -> Table {
        ledger_table(&self.ledger)
    }

    pub(super) fn guards_table(&self) -> Table {
        guards_table(&self.guards)
    }

    pub(super) fn runs_table(&self) -> Table {
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

    pub(super) fn billed_then_table(&self) -> Table {
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

    pub(super) fn used_then_table(&self) -> Table {
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

    fn customers_table(&self) -> Table {
        Table {
            name: "customers",
            title: "Customers",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("client", "Client"),
                words("service", "Service"),
                words("contract_id", "Contract"),
                words("unit", "Unit"),
                figures("quantity", "Units"),
                figures("amount", "Vendor's charge"),
                figures("devices", "Devices"),
                words("became", "Became"),
                words("subscription", "Subscription"),
            ],
            rows: self
                .customers
                .iter()
                .flat_map(|customer| customer.lines.iter().map(move |line| (customer, line)))
                .map(|(customer, line)| {
                    let clients: Vec<&str> = customer
                        .clients
                        .iter()
                        .map(|client| client.name.as_str())
                        .collect();
                    vec![
                        Cell::id(customer.customer_id.as_ref()),
                        Cell::text(&customer.name),
                        Cell::text(clients.join("; ")),
                        Cell::text(&line.service),
                        Cell::text(&line.contract_id),
                        Cell::text(&line.unit),
                        Cell::number(line.quantity),
                        Cell::known(line.amount),
                        Cell::number(line.device_count),
                        Cell::text(&line.became),
                        Cell::id(line.subscription.as_ref()),
                    ]
                })
                .collect(),
        }
    }

    fn devices_table(&self) -> Table {
        Table {
            name: "devices",
            title: "Devices",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("service", "Service"),
                words("device_id", "Device id"),
                words("device", "Device"),
                figures("quantity", "Units"),
            ],
            rows: self
                .customers
                .iter()
                .flat_map(|customer| {
                    let lines = customer.lines.iter();
                    lines.flat_map(move |line| {
                        line.devices.iter().map(move |device| {
                            vec![
                                Cell::id(customer.customer_id.as_ref()),
                                Cell::text(&customer.name),
                                Cell::text(&line.service),
                                Cell::text(&device.id),
                                Cell::text(&device.name),
                                Cell::number(device.quantity),
                            ]
                        })
                    })
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

/// Where a month is known from, in words.
pub(super) fn source(source: MonthSource) -> &'static str {
    match source {
        MonthSource::Vendor => "the vendor, now",
        MonthSource::Kept => "kept when it was synced",
        MonthSource::Run => "the plan of its run",
    }
}
