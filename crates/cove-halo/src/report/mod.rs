//! The report of a month: what was invoiced, what became of it, what changed and what needs a person. Data first, made by a
//! pure function; the page, the workbook and the sheets are drawn from it, so that they cannot disagree.

mod advice;
mod back_fill;
mod build;
mod changes;
mod customers;
mod headline;
mod html;
mod mask;
mod model;
mod months;
mod plots;
mod sum;
mod tables;
mod xlsx;

pub use advice::advice;
pub use back_fill::{BackFill, BilledThen, UsedThen};
pub(crate) use build::{exceptions, proved};
pub use model::{
    ChangeRow, ClientRef, Comparison, CustomerLine, CustomerPart, CustomerSum, ExceptionGroup,
    ExceptionRow, InvoiceState, LedgerLine, MeasureMoved, MeasureTotal, Month, MonthService,
    MonthSource, Movement, Report, RunRow, ServiceTotal, Totals,
};
pub use months::KeptMonth;
pub use tables::{Cell, Column, Table};
pub(crate) use tables::{exceptions_table, guards_table, ledger_table};

use billing_sync::plan::Plan;
use billing_sync::rules::Rules;
use billing_sync::state::StoredRun;
use billing_sync::usage::Usage;

/// Version of the report document.
pub const REPORT_SCHEMA: u32 = 1;

/// Everything a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// Who invoices the usage, in a word.
    pub vendor: &'a str,
    /// The plan for the month, as of now.
    pub plan: &'a Plan,
    /// The usage it was made from.
    pub usage: &'a Usage,
    /// The rules it was made under.
    pub rules: &'a Rules,
    /// What is known of earlier months, oldest first.
    pub history: &'a [KeptMonth],
    /// What was kept of this month when it was billed; empty when nothing was.
    pub kept: &'a [billing_sync::state::UsageRow],
    /// The runs of this month, oldest first.
    pub runs: &'a [StoredRun],
    /// The newest month that was billed, if any.
    pub newest: Option<billing_sync::Period>,
    /// When it is made, RFC 3339 in UTC.
    pub made_at: &'a str,
}

impl ReportInput<'_> {
    /// True when a later month was billed since.
    fn is_closed(&self) -> bool {
        self.newest
            .is_some_and(|newest| self.plan.period() < newest)
    }
}

/// The report cannot be written down in the form asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the {form}: {message}")]
pub struct RenderError {
    form: &'static str,
    message: String,
}

impl RenderError {
    fn new(form: &'static str, error: impl std::fmt::Display) -> Self {
        Self {
            form,
            message: error.to_string(),
        }
    }
}
