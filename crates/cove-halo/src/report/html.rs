//! The page: one file that asks for nothing else, works without scripts, and can be printed.

use super::model::{CustomerLine, CustomerPart, Report};
use super::plots::{self, Plot, signed};
use super::tables::{Cell, Table, source};
use super::{RenderError, headline};
use crate::text::{number, plain};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Devices of one line that the page lists; the other forms have all.
const DEVICES: usize = 200;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: String,
    headline: &'a str,
    made_at: &'a str,
    plan_id: &'a str,
    masked: bool,
    /// Nothing but this very style and this very script may run.
    policy: String,
    style: &'static str,
    script: &'static str,
    badges: Vec<Badge>,
    notes: Vec<String>,
    figures: Vec<Figure>,
    sections: Vec<Section>,
    customers: Vec<Customer>,
}

struct Badge {
    class: &'static str,
    text: String,
}

/// A number to be seen first.
struct Figure {
    name: &'static str,
    value: String,
    remark: String,
}

struct Section {
    id: &'static str,
    title: &'static str,
    notes: Vec<String>,
    plots: Vec<Plot>,
    tables: Vec<Grid>,
}

/// A table as the page shows it.
struct Grid {
    id: String,
    /// Says what the table is; shown above it.
    caption: String,
    /// What to do about it; empty where there is nothing to do.
    advice: String,
    columns: Vec<Head>,
    rows: Vec<Vec<Shown>>,
    /// The last row, which sorting leaves where it is.
    foot: Vec<Shown>,
}

struct Head {
    label: &'static str,
    is_number: bool,
}

struct Shown {
    text: String,
    /// The exact number, to sort by; empty for words.
    exact: String,
    class: &'static str,
}

struct Customer {
    name: String,
    id: String,
    clients: String,
    units: String,
    lines: Vec<Line>,
}

struct Line {
    service: String,
    units: String,
    became: String,
    held: bool,
    device_count: String,
    has_ids: bool,
    devices: Vec<(String, String, String)>,
    more: usize,
}

impl Report {
    /// The page. Needs no network: a content security policy forbids every request.
    ///
    /// # Errors
    /// When the template cannot be filled, which is a defect.
    pub fn to_html(&self) -> Result<String, RenderError> {
        let page = Page {
            title: format!("Cove usage and billing, {}", headline::spoken(self.period)),
            headline: &self.headline,
            made_at: &self.made_at,
            plan_id: self.plan_id.as_str(),
            masked: self.masked,
            policy: policy(),
            style: STYLE,
            script: SCRIPT,
            badges: self.badges(),
            notes: self.invoice_notes(),
            figures: self.figures(),
            sections: self.sections(),
            customers: self.customers.iter().map(customer).collect(),
        };
        page.render()
            .map_err(|error| RenderError::new("page", error))
    }

    fn badges(&self) -> Vec<Badge> {
        let badge = |good: bool, yes: &str, no: &str| Badge {
            class: if good { "good" } else { "bad" },
            text: if good { yes } else { no }.to_owned(),
        };
        let tripped = self.guards.iter().filter(|guard| guard.tripped).count();
        let mut badges = vec![
            badge(self.invoice.is_final, "invoice final", "invoice not final"),
            badge(
                self.invoice.gaps.is_empty(),
                "read completely",
                "not read completely",
            ),
            badge(
                self.ledger.iter().all(|line| line.balances),
                "ledger adds up",
                "ledger does not add up",
            ),
            badge(tripped == 0, "no guard tripped", "a guard tripped"),
        ];
        let exceptions = self.totals.plan.exceptions;
        if exceptions > 0 {
            badges.push(Badge {
                class: "warn",
                text: format!("{exceptions} to look at"),
            });
        }
        badges
    }

    fn invoice_notes(&self) -> Vec<String> {
        let why = self.invoice.why.iter().chain(&self.invoice.gaps);
        why.map(|text| plain(text).into_owned()).collect()
    }

    fn figures(&self) -> Vec<Figure> {
        let totals = &self.totals;
        let shown = |units: Option<Decimal>| units.map_or_else(|| "too many".to_owned(), number);
        let held = [totals.unmatched, totals.blocked, totals.contract_level]
            .into_iter()
            .try_fold(Decimal::ZERO, |sum, part| sum.checked_add(part?));
        let plan = &totals.plan;
        let mut figures = vec![
            Figure {
                name: "Units invoiced",
                value: shown(totals.vendor),
                remark: self.comparison.as_ref().map_or_else(
                    || "month before not known".to_owned(),
                    |both| {
                        let less = both.less.map(|less| -less);
                        format!(
                            "{} / {}",
                            both.more.map_or_else(String::new, signed),
                            less.map_or_else(String::new, signed)
                        )
                    },
                ),
            },
            Figure {
                name: "Units billed",
                value: shown(totals.billed),
                remark: format!(
                    "{} ignored, {} free",
                    shown(totals.ignored),
                    shown(totals.free)
                ),
            },
            Figure {
                name: "Units held back",
                value: shown(held),
                remark: format!("{} exceptions", plan.exceptions),
            },
            Figure {
                name: "Customers",
                value: number(totals.customers.into()),
                remark: self.comparison.as_ref().map_or_else(String::new, |both| {
                    format!(
                        "{} new, {} gone",
                        both.new_customers.len(),
                        both.gone_customers.len()
                    )
                }),
            },
            Figure {
                name: "Devices",
                value: number(totals.devices.into()),
                remark: String::new(),
            },
            Figure {
                name: "Still to write",
                value: number((plan.create + plan.update + plan.zero).into()),
                remark: format!(
                    "{} create, {} change, {} zero; {} right",
                    plan.create, plan.update, plan.zero, plan.keep
                ),
            },
        ];
        if let Some(amount) = totals.amount {
            figures.push(Figure {
                name: "Vendor's charge",
                value: number(amount),
                remark: "in the vendor's currency".to_owned(),
            });
        }
        figures
    }

    fn sections(&self) -> Vec<Section> {
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
                notes: if self.changes.is_empty() {
                    vec!["Every count is right: nothing was or would be written.".to_owned()]
                } else {
                    vec!["Written by a run, or planned and not written yet; the column State says which.".to_owned()]
                },
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
        let mut grid = grid(&table, "Where every unit went");
        if self.ledger.len() > 1 {
            grid.foot =
                table
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| {
                        let sum = table.rows.iter().try_fold(Decimal::ZERO, |sum, row| {
                            match row.get(at) {
                                Some(Cell::Number(number)) => sum.checked_add(*number),
                                _ => None,
                            }
                        });
                        match (at, column.is_number, sum) {
                            (0, ..) => shown(&Cell::Text("Total".to_owned())),
                            (_, true, Some(sum)) => shown(&Cell::Number(sum)),
                            _ => shown(&Cell::Empty),
                        }
                    })
                    .collect();
        }
        grid
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

/// A column of which nothing is known in any row is left out.
fn grid(table: &Table, caption: &str) -> Grid {
    let used: Vec<bool> = (0..table.columns.len())
        .map(|at| {
            table
                .rows
                .iter()
                .any(|row| row.get(at) != Some(&Cell::Empty))
        })
        .collect();
    let columns = table.columns.iter().zip(&used).filter(|(_, used)| **used);
    Grid {
        id: table.name.to_owned(),
        caption: caption.to_owned(),
        advice: String::new(),
        columns: columns
            .map(|(column, _)| Head {
                label: column.label,
                is_number: column.is_number,
            })
            .collect(),
        rows: table
            .rows
            .iter()
            .map(|row| {
                let cells = row.iter().zip(&used).filter(|(_, used)| **used);
                cells.map(|(cell, _)| shown(cell)).collect()
            })
            .collect(),
        foot: Vec::new(),
    }
}

fn shown(cell: &Cell) -> Shown {
    let (class, exact) = match cell {
        Cell::Text(text) if text == "TRIPPED" || text == "NO" => ("alert", String::new()),
        Cell::Text(_) | Cell::Empty => ("", String::new()),
        Cell::Number(_) => ("n", cell.exact()),
        Cell::Difference(number) if number.is_zero() => ("n", cell.exact()),
        Cell::Difference(number) if number.is_sign_negative() => ("n less", cell.exact()),
        Cell::Difference(_) => ("n more", cell.exact()),
    };
    Shown {
        text: cell.shown(),
        exact,
        class,
    }
}

fn customer(part: &CustomerPart) -> Customer {
    let units: Vec<String> = by_unit(&part.lines);
    let clients: Vec<String> = part
        .clients
        .iter()
        .map(|client| match client.id {
            Some(id) => format!("{} ({id})", plain(&client.name)),
            None => plain(&client.name).into_owned(),
        })
        .collect();
    Customer {
        name: match plain(&part.name).into_owned() {
            name if name.is_empty() => "(no name)".to_owned(),
            name => name,
        },
        id: part
            .customer_id
            .as_ref()
            .map(|id| plain(id.as_str()).into_owned())
            .unwrap_or_default(),
        clients: clients.join("; "),
        units: units.join(", "),
        lines: part.lines.iter().map(line).collect(),
    }
}

/// The sums by unit of measure: `12 Each, 1,400.4 GB`.
fn by_unit(lines: &[CustomerLine]) -> Vec<String> {
    let mut sums: std::collections::BTreeMap<&str, Decimal> = std::collections::BTreeMap::new();
    for line in lines {
        let sum = sums.entry(&line.unit).or_default();
        *sum = sum.checked_add(line.quantity).unwrap_or(Decimal::MAX);
    }
    sums.into_iter()
        .map(|(unit, sum)| {
            format!("{} {}", number(sum), plain(unit))
                .trim_end()
                .to_owned()
        })
        .collect()
}

fn line(line: &CustomerLine) -> Line {
    let became = match (&line.subscription, line.became.as_str()) {
        (Some(name), "billed") if *name != line.service => format!("billed as {}", plain(name)),
        (_, became) => became.replace('_', " "),
    };
    Line {
        service: match line.service.as_str() {
            "" => "(no service named)".to_owned(),
            service => plain(service).into_owned(),
        },
        units: format!("{} {}", number(line.quantity), plain(&line.unit))
            .trim_end()
            .to_owned(),
        held: !matches!(
            line.became.as_str(),
            "billed" | "ignored" | "nothing to bill"
        ),
        became,
        device_count: match line.device_count {
            0 => String::new(),
            1 => "1 device".to_owned(),
            count => format!("{} devices", number(count.into())),
        },
        has_ids: line.devices.iter().any(|device| !device.id.is_empty()),
        devices: line
            .devices
            .iter()
            .take(DEVICES)
            .map(|device| {
                (
                    plain(&device.name).into_owned(),
                    plain(&device.id).into_owned(),
                    number(device.quantity),
                )
            })
            .collect(),
        more: line.devices.len().saturating_sub(DEVICES),
    }
}

/// No request of any kind, and only our own style and script.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
