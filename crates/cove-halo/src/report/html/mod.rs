//! The page: one file that asks for nothing else, works without scripts, and can be printed.

mod customers;
mod sections;

use super::model::{MeasureTotal, Report};
use super::plots::Plot;
use super::tables::{Cell, Table};
use super::{RenderError, headline};
use crate::text::{number, plain};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

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
    customers: Vec<customers::Customer>,
}

struct Badge {
    class: &'static str,
    text: String,
}

/// A number to be seen first.
struct Figure {
    name: String,
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
            customers: self.customers.iter().map(customers::customer).collect(),
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
        let mut figures: Vec<Figure> = totals
            .measures
            .iter()
            .map(|measure| self.measure(measure))
            .collect();
        figures.extend([
            Figure {
                name: "Customers".to_owned(),
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
                name: "Devices".to_owned(),
                value: number(totals.devices.into()),
                remark: String::new(),
            },
            self.still_to_write(),
        ]);
        if let Some(amount) = totals.amount {
            figures.push(Figure {
                name: "Vendor's charge".to_owned(),
                value: number(amount),
                remark: "in the vendor's currency".to_owned(),
            });
        }
        figures
    }

    fn measure(&self, measure: &MeasureTotal) -> Figure {
        let moved = match &self.comparison {
            None => "month before not known".to_owned(),
            Some(both) => headline::moved(both, measure).unwrap_or_else(|| "as before".to_owned()),
        };
        let mut parts = vec![format!("{} billed", headline::shown(measure.billed))];
        parts.extend(headline::not_billed(measure));
        parts.push(moved);
        Figure {
            name: format!("{} invoiced", headline::word(measure)),
            value: headline::shown(measure.vendor),
            remark: parts.join(", "),
        }
    }

    fn still_to_write(&self) -> Figure {
        let plan = &self.totals.plan;
        let (value, remark) = if self.closed {
            let why = "the month is closed, a later one was billed".to_owned();
            ("0".to_owned(), why)
        } else {
            let kinds = format!(
                "{} create, {} change, {} zero; {} right",
                plan.create, plan.update, plan.zero, plan.keep
            );
            let all = plan.create + plan.update + plan.zero;
            (number(all.into()), kinds)
        };
        Figure {
            name: "Still to write".to_owned(),
            value,
            remark,
        }
    }
}

fn grid(table: &Table, caption: &str) -> Grid {
    grid_with_foot(table, caption, &[])
}

/// A column of which nothing is known in any row is left out, of the last row, too.
fn grid_with_foot(table: &Table, caption: &str, foot: &[Cell]) -> Grid {
    let kept = |row: &[Cell], used: &[bool]| -> Vec<Shown> {
        let cells = row.iter().zip(used).filter(|(_, used)| **used);
        cells.map(|(cell, _)| shown(cell)).collect()
    };
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
        rows: table.rows.iter().map(|row| kept(row, &used)).collect(),
        foot: kept(foot, &used),
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

/// No request of any kind, and only our own style and script.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
