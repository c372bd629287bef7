//! One month beside another: what came, what went, who is new and who is gone.

use super::ReportInput;
use super::model::{
    Comparison, CustomerSum, MeasureMoved, Month, MonthService, MonthSource, Movement, ServiceTotal,
};
use super::sum::{minus, sum, sum_known};
use billing_sync::Period;
use billing_sync::ids::{CustomerId, ServiceName};
use billing_sync::plan::Plan;
use billing_sync::state::UsageRow;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of an earlier month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMonth {
    /// The month.
    pub period: Period,
    /// Where that is known from.
    pub source: MonthSource,
    /// What was used, by customer, service and unit.
    pub rows: Vec<UsageRow>,
}

impl KeptMonth {
    /// A month whose usage was kept.
    pub fn kept(period: Period, rows: Vec<UsageRow>) -> Self {
        Self {
            period,
            source: MonthSource::Kept,
            rows,
        }
    }

    /// A month of which only a plan is left.
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            period: plan.period(),
            source: MonthSource::Run,
            rows: rows_of_plan(plan),
        }
    }
}

/// The usage that a plan tells of: behind its counts, and held back with a quantity. What a rule ignores is not in it.
fn rows_of_plan(plan: &Plan) -> Vec<UsageRow> {
    let units: BTreeMap<&ServiceName, Vec<&str>> =
        plan.ledger()
            .rows()
            .iter()
            .fold(BTreeMap::new(), |mut units, row| {
                units
                    .entry(&row.service)
                    .or_insert_with(Vec::new)
                    .push(&row.unit);
                units
            });
    // A plan keeps the unit of measure per service; one that has two cannot be told apart.
    let unit_of = |service: &ServiceName| match units.get(service).map(Vec::as_slice) {
        Some([unit]) => (*unit).to_owned(),
        _ => String::new(),
    };
    let mut rows: BTreeMap<(Option<CustomerId>, Option<ServiceName>), UsageRow> = BTreeMap::new();
    let mut add = |customer: Option<&CustomerId>,
                   name: &str,
                   service: Option<&ServiceName>,
                   quantity: Decimal| {
        let customer = customer.filter(|id| !id.is_blank()).cloned();
        let row = rows
            .entry((customer.clone(), service.cloned()))
            .or_insert_with(|| UsageRow {
                customer,
                customer_name: name.to_owned(),
                service: service.cloned(),
                unit: service.map(unit_of).unwrap_or_default(),
                quantity: Decimal::ZERO,
                amount: None,
            });
        row.quantity = row.quantity.checked_add(quantity).unwrap_or(Decimal::MAX);
    };
    for change in plan.changes() {
        for source in &change.sources {
            add(
                Some(&source.customer_id),
                &change.client_name,
                Some(&source.service),
                source.quantity,
            );
        }
    }
    for exception in plan.exceptions() {
        let contract = exception.kind == billing_sync::plan::ExceptionKind::ContractLevel;
        if let Some(quantity) = exception.quantity.filter(|_| !contract) {
            add(
                exception.customer_id.as_ref(),
                &exception.customer_name,
                exception.service.as_ref(),
                quantity,
            );
        }
    }
    rows.into_values().collect()
}

/// The months that are known, this one last.
pub(super) fn months(input: &ReportInput<'_>, now: &[UsageRow]) -> Vec<Month> {
    input
        .history
        .iter()
        .map(|month| Month {
            period: month.period,
            source: month.source,
            services: by_service(&month.rows),
        })
        .chain([Month {
            period: input.usage.period,
            source: MonthSource::Vendor,
            services: by_service(now),
        }])
        .collect()
}

fn by_service(rows: &[UsageRow]) -> Vec<MonthService> {
    grouped(rows, service_of)
        .into_iter()
        .map(|((service, unit), rows)| MonthService {
            service,
            unit,
            quantity: total(&rows),
        })
        .collect()
}

fn total(rows: &[&UsageRow]) -> Decimal {
    sum(rows.iter().map(|row| row.quantity)).unwrap_or(Decimal::MAX)
}

fn grouped<K: Ord>(rows: &[UsageRow], key: impl Fn(&UsageRow) -> K) -> BTreeMap<K, Vec<&UsageRow>> {
    let mut groups: BTreeMap<K, Vec<&UsageRow>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

fn service_of(row: &UsageRow) -> (String, String) {
    let service = row.service.as_ref().map(ToString::to_string);
    (service.unwrap_or_default(), row.unit.clone())
}

/// A customer by its id; one without an id by its name.
fn customer_of(row: &UsageRow) -> (Option<CustomerId>, String) {
    match &row.customer {
        Some(id) => (Some(id.clone()), String::new()),
        None => (None, row.customer_name.clone()),
    }
}

/// The month before, if anything is known of it.
fn previous<'a>(input: &ReportInput<'a>) -> Option<&'a KeptMonth> {
    let previous = input.usage.period.previous()?;
    input.history.iter().find(|month| month.period == previous)
}

/// What was used of each service, beside the month before.
pub(super) fn services(input: &ReportInput<'_>, now: &[UsageRow]) -> Vec<ServiceTotal> {
    let before = previous(input).map(|month| grouped(&month.rows, service_of));
    let now = grouped(now, service_of);
    let mut keys: BTreeSet<&(String, String)> = now.keys().collect();
    keys.extend(before.iter().flat_map(BTreeMap::keys));
    keys.into_iter()
        .map(|key| {
            let rows = now.get(key).map(Vec::as_slice).unwrap_or_default();
            let before = before
                .as_ref()
                .map(|before| before.get(key).map_or(Decimal::ZERO, |rows| total(rows)));
            let quantity = total(rows);
            let customers: BTreeSet<_> = rows.iter().map(|row| customer_of(row)).collect();
            ServiceTotal {
                service: key.0.clone(),
                unit: key.1.clone(),
                before,
                quantity,
                difference: before.map(|before| minus(quantity, before)),
                amount: sum_known(rows.iter().map(|row| row.amount)),
                customers: customers.len(),
            }
        })
        .collect()
}

/// This month beside the one before. Like is compared with like: where only a plan is left of the month before, this
/// month is seen through its plan, too.
pub(super) fn compare(input: &ReportInput<'_>, now: &[UsageRow]) -> Option<Comparison> {
    let before = previous(input)?;
    let through_plan;
    let now = if before.source == MonthSource::Run {
        through_plan = rows_of_plan(input.plan);
        &through_plan
    } else {
        now
    };
    let movements = movements(&before.rows, now);
    Some(Comparison {
        previous: before.period,
        source: before.source,
        moved: moved(&movements),
        new_customers: only_in(now, &before.rows),
        gone_customers: only_in(&before.rows, now),
        movements,
    })
}

/// What came and went, by unit of measure.
fn moved(movements: &[Movement]) -> Vec<MeasureMoved> {
    let mut by_unit: BTreeMap<&str, Vec<Decimal>> = BTreeMap::new();
    for movement in movements {
        let differences = by_unit.entry(&movement.unit).or_default();
        differences.push(movement.difference);
    }
    by_unit
        .into_iter()
        .map(|(unit, differences)| {
            let (came, went): (Vec<Decimal>, Vec<Decimal>) = differences
                .iter()
                .partition(|units| units.is_sign_positive());
            MeasureMoved {
                unit: unit.to_owned(),
                more: sum(came),
                less: sum(went.into_iter().map(|units| -units)),
            }
        })
        .collect()
}

/// What differs, by customer, service and unit.
fn movements(before: &[UsageRow], now: &[UsageRow]) -> Vec<Movement> {
    let key = |row: &UsageRow| (customer_of(row), service_of(row));
    let (before, now) = (grouped(before, key), grouped(now, key));
    let mut keys: BTreeSet<_> = now.keys().collect();
    keys.extend(before.keys());
    keys.into_iter()
        .filter_map(|key| {
            let earlier = before.get(key).map(Vec::as_slice).unwrap_or_default();
            let current = now.get(key).map(Vec::as_slice).unwrap_or_default();
            let (had, has) = (total(earlier), total(current));
            let row = current.first().or(earlier.first())?;
            (had != has).then(|| Movement {
                customer_id: row.customer.clone(),
                name: row.customer_name.clone(),
                service: key.1.0.clone(),
                unit: key.1.1.clone(),
                before: had,
                after: has,
                difference: minus(has, had),
            })
        })
        .collect()
}

/// Customers with units in the first and without any in the second.
fn only_in(these: &[UsageRow], not_those: &[UsageRow]) -> Vec<CustomerSum> {
    let others = grouped(not_those, customer_of);
    grouped(these, customer_of)
        .into_iter()
        .filter(|(_, rows)| rows.iter().any(|row| !row.quantity.is_zero()))
        .filter(|(customer, _)| {
            others
                .get(customer)
                .is_none_or(|rows| rows.iter().all(|row| row.quantity.is_zero()))
        })
        .map(|((customer_id, _), rows)| CustomerSum {
            customer_id,
            name: rows
                .first()
                .map(|row| row.customer_name.clone())
                .unwrap_or_default(),
            units: sum(rows.iter().map(|row| row.quantity)),
        })
        .collect()
}
