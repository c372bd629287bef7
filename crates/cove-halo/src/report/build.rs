//! From plan, usage, history and runs to the report: pure, so that a report can be made again and compared.

use super::model::{
    ExceptionGroup, ExceptionRow, InvoiceState, LedgerLine, MeasureTotal, Report, RunRow, Totals,
};
use super::sum::{sum, sum_known};
use super::{BackFill, REPORT_SCHEMA, ReportInput, advice, changes, customers, headline, months};
use billing_sync::plan::{Exception, ExceptionKind, LedgerRow, Plan};
use billing_sync::state::{StoredRun, UsageRow};
use billing_sync::usage::{Finality, Usage};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

impl Report {
    /// Makes the report. Pure: the same inputs give the same report.
    pub fn of(input: &ReportInput<'_>) -> Self {
        let ReportInput {
            vendor,
            plan,
            usage,
            rules,
            history: _,
            kept,
            runs,
            newest,
            made_at,
        } = *input;
        let now = UsageRow::all_of(usage);
        let totals = totals(plan, usage);
        let comparison = months::compare(input, &now);
        Self {
            schema: REPORT_SCHEMA,
            period: plan.period(),
            made_at: made_at.to_owned(),
            closed: input.is_closed(),
            masked: false,
            headline: headline::headline(vendor, plan, &totals, comparison.as_ref(), runs),
            invoice: InvoiceState {
                is_final: plan.finality().is_final(),
                why: match plan.finality() {
                    Finality::Final => None,
                    Finality::Provisional(why) => Some(why.clone()),
                },
                gaps: plan.gaps().to_vec(),
            },
            plan_id: plan.id().clone(),
            totals,
            services: months::services(input, &now),
            months: months::months(input, &now),
            comparison,
            changes: changes::changes(input),
            exceptions: exceptions(plan.exceptions()),
            ledger: plan.ledger().rows().iter().map(proved).collect(),
            guards: plan.guards().to_vec(),
            runs: runs.iter().map(run_row).collect(),
            back_fill: BackFill::of(plan, usage, runs, kept, newest),
            customers: customers::customers(plan, usage, rules),
        }
    }

    /// The report document: one object with `schema`, the same names as the fields, quantities as decimal strings.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}

fn totals(plan: &Plan, usage: &Usage) -> Totals {
    let customers: BTreeSet<_> = usage
        .lines
        .iter()
        .filter(|line| !line.quantity.is_zero())
        .map(|line| match &line.customer {
            Some(id) => (Some(id), ""),
            None => (None, line.customer_name.as_str()),
        })
        .collect();
    let amounts = usage.lines.iter().map(|line| line.amount);
    let contract_amounts = usage.contract_amounts.iter().map(|amount| amount.amount);
    Totals {
        measures: measures(plan.ledger().rows()),
        amount: if usage.lines.is_empty() {
            None
        } else {
            sum_known(amounts.chain(contract_amounts))
        },
        customers: customers.len(),
        devices: usage
            .lines
            .iter()
            .fold(0, |sum, line| sum.saturating_add(line.device_count)),
        plan: plan.summary(),
    }
}

fn measures(rows: &[LedgerRow]) -> Vec<MeasureTotal> {
    let mut by_unit: BTreeMap<&str, Vec<&LedgerRow>> = BTreeMap::new();
    for row in rows {
        by_unit.entry(&row.unit).or_default().push(row);
    }
    by_unit
        .into_iter()
        .map(|(unit, rows)| {
            let of = |part: fn(&LedgerRow) -> Decimal| sum(rows.iter().map(|row| part(row)));
            MeasureTotal {
                unit: unit.to_owned(),
                vendor: of(|row| row.vendor),
                billed: of(|row| row.billed),
                ignored: of(|row| row.ignored),
                free: of(|row| row.free),
                rounding: of(|row| row.rounding),
                unmatched: of(|row| row.unmatched),
                blocked: of(|row| row.blocked),
                contract_level: of(|row| row.contract_level),
            }
        })
        .collect()
}

/// The exceptions by kind.
pub(crate) fn exceptions<'a>(list: impl IntoIterator<Item = &'a Exception>) -> Vec<ExceptionGroup> {
    let mut kinds: BTreeMap<ExceptionKind, Vec<&Exception>> = BTreeMap::new();
    for exception in list {
        kinds.entry(exception.kind).or_default().push(exception);
    }
    kinds
        .into_iter()
        .map(|(kind, list)| {
            let quantities: Vec<Decimal> = list.iter().filter_map(|one| one.quantity).collect();
            ExceptionGroup {
                kind: kind.word().to_owned(),
                to_do: advice(kind).to_owned(),
                units: if quantities.is_empty() {
                    None
                } else {
                    sum(quantities)
                },
                rows: list.into_iter().map(exception_row).collect(),
            }
        })
        .collect()
}

fn exception_row(exception: &Exception) -> ExceptionRow {
    ExceptionRow {
        customer_id: exception.customer_id.clone(),
        name: exception.customer_name.clone(),
        service: exception.service.as_ref().map(ToString::to_string),
        quantity: exception.quantity,
        detail: exception.detail.clone(),
    }
}

/// A row of the ledger with its proof.
pub(crate) fn proved(row: &LedgerRow) -> LedgerLine {
    LedgerLine {
        accounted: row.accounted(),
        balances: row.balances(),
        row: row.clone(),
    }
}

fn run_row(run: &StoredRun) -> RunRow {
    let summary = &run.summary;
    RunRow {
        run_id: summary.run_id.clone(),
        status: summary.status.word().to_owned(),
        started_at: summary.started_at.clone(),
        finished_at: summary.finished_at.clone(),
        approved_by: summary.approved_by.clone(),
        changes: summary.changes,
        applied: summary.applied,
        failed: summary.failed,
        unknown: summary.unknown,
        overrides: run.overrides.clone(),
    }
}
