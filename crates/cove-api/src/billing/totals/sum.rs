//! The running sums of one client: exact, and small however many devices it has.

use api_core::wire::{BadRecord, denoise};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    Basis, ClientTotals, DeviceEvidence, NAMES_KEPT, PriceSeen, ServiceTotal, TotalsDifference,
    TotalsOptions,
};
use crate::billing::model::{ClientUsage, ServiceUsage};

/// Unreadable records kept per client; they are counted in full elsewhere.
const UNREADABLE_KEPT: usize = 100;

/// Different services kept per client. Catalogues have some dozens; names made up by the million would take hours to tell apart.
pub(crate) const SERVICES_KEPT: usize = 1_000;

/// What the sums need of a device.
pub(crate) struct DeviceFacts<'a> {
    pub(crate) company_name: Option<&'a str>,
    pub(crate) customer_reference: Option<&'a str>,
    pub(crate) services_listed: bool,
}

/// What the sums need of a usage line.
pub(crate) struct LineFacts<'a> {
    pub(crate) service: Option<&'a str>,
    pub(crate) unit: Option<&'a str>,
    pub(crate) quantity: Decimal,
    pub(crate) price: Option<Decimal>,
    pub(crate) amount: Option<Decimal>,
}

impl<'a> LineFacts<'a> {
    pub(crate) fn of(line: &'a ServiceUsage) -> Self {
        Self {
            service: line.billing_service_name.as_deref(),
            unit: line.unit.as_deref(),
            quantity: line.quantity,
            price: line.price,
            amount: line.amount,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct ClientSums {
    options: TotalsOptions,
    so_far: ClientTotals,
}

impl ClientSums {
    pub(crate) fn new(options: TotalsOptions) -> Self {
        Self {
            options,
            so_far: ClientTotals::default(),
        }
    }

    pub(crate) fn options(&self) -> TotalsOptions {
        self.options
    }

    pub(crate) fn device(&mut self, facts: &DeviceFacts<'_>) {
        let totals = &mut self.so_far;
        totals.devices += 1;
        totals.devices_without_services += u64::from(!facts.services_listed);
        if let Some(name) = facts.company_name {
            remember(&mut totals.company_names, name);
        }
        match facts.customer_reference {
            Some(reference) => remember(&mut totals.customer_references, reference),
            None => totals.devices_without_reference += 1,
        }
    }

    pub(crate) fn line(&mut self, line: &LineFacts<'_>) {
        if let Err(reason) = add(&mut self.so_far.services, line) {
            self.unreadable(BadRecord {
                index: 0,
                path: line.service.unwrap_or_default().to_owned(),
                error: reason.why(),
                raw: Value::String(line.quantity.to_string()),
            });
        }
    }

    pub(crate) fn unreadable(&mut self, record: BadRecord) {
        if self.so_far.unreadable.len() < UNREADABLE_KEPT {
            self.so_far.unreadable.push(record);
        }
    }

    pub(crate) fn evidence(&mut self, evidence: DeviceEvidence) {
        self.so_far.evidence.push(evidence);
    }

    /// The totals of the client whose other members are in `head`; the sums start anew.
    pub(crate) fn finish(&mut self, head: ClientUsage) -> ClientTotals {
        let mut totals = std::mem::take(&mut self.so_far);
        let ClientUsage {
            client_id,
            devices: _,
            stated_totals,
            usage_listed: _,
            bad,
            extra,
        } = head;
        totals.client_id = client_id;
        totals.extra = extra;
        totals.unreadable.extend(bad);
        let mut stated = Vec::new();
        for line in &stated_totals {
            if add(&mut stated, &LineFacts::of(line)).is_err() {
                totals.differences.push(TotalsDifference {
                    service: line.billing_service_name.clone(),
                    stated: None,
                    summed: None,
                });
            }
        }
        if totals.devices == 0 && totals.unreadable.is_empty() && !stated.is_empty() {
            totals.services = stated;
            totals.basis = Basis::Stated;
        } else if !stated.is_empty() {
            totals
                .differences
                .extend(differences(&stated, &totals.services));
        }
        totals
    }
}

fn remember(names: &mut Vec<String>, name: &str) {
    // Almost every device has the name of the one before it.
    if names.last().is_some_and(|last| last == name) {
        return;
    }
    if names.len() < NAMES_KEPT && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// Why a line is in no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// The sum would have more digits than can be held.
    Inexact,
    /// There are more services than any catalogue has.
    TooMany,
}

impl NotAdded {
    pub(crate) fn why(self) -> String {
        match self {
            Self::Inexact => "the sum has more digits than can be held exactly".to_owned(),
            Self::TooMany => format!("there are more than {SERVICES_KEPT} different services"),
        }
    }
}

/// Adds a line to the row of its service and unit. Nothing is changed when a sum would not be exact.
pub(crate) fn add(services: &mut Vec<ServiceTotal>, line: &LineFacts<'_>) -> Result<(), NotAdded> {
    let known = services
        .iter_mut()
        .find(|row| row.service.as_deref() == line.service && row.unit.as_deref() == line.unit);
    let Some(row) = known else {
        if services.len() >= SERVICES_KEPT {
            return Err(NotAdded::TooMany);
        }
        services.push(ServiceTotal {
            service: line.service.map(str::to_owned),
            unit: line.unit.map(str::to_owned),
            quantity: line.quantity,
            amount: line.amount,
            price: line.price.map_or(PriceSeen::None, PriceSeen::One),
            lines: 1,
        });
        return Ok(());
    };
    let quantity = exact_sum(row.quantity, line.quantity)?;
    let amount = match (row.amount, line.amount) {
        (Some(so_far), Some(amount)) => Some(exact_sum(so_far, amount)?),
        _ => None,
    };
    row.quantity = quantity;
    row.amount = amount;
    row.price = match (row.price, line.price) {
        (PriceSeen::None, None) => PriceSeen::None,
        (PriceSeen::One(price), Some(again)) if price == again => PriceSeen::One(price),
        _ => PriceSeen::Mixed,
    };
    row.lines += 1;
    Ok(())
}

/// A decimal of 28 digits rounds when a sum needs more; that must not happen unseen. Only float noise gives way.
fn exact_sum(a: Decimal, b: Decimal) -> Result<Decimal, NotAdded> {
    exactly(a, b)
        .or_else(|| exactly(denoise(a), denoise(b)))
        .ok_or(NotAdded::Inexact)
}

fn exactly(a: Decimal, b: Decimal) -> Option<Decimal> {
    let sum = a.checked_add(b)?;
    (sum.scale() >= a.scale().max(b.scale()) || sum - a == b).then_some(sum)
}

/// Compares by service alone, because stated totals are not known to carry units, and without the noise of floats.
fn differences(stated: &[ServiceTotal], summed: &[ServiceTotal]) -> Vec<TotalsDifference> {
    let sum_of = |rows: &[ServiceTotal], service: Option<&str>| {
        let mut rows = rows.iter().filter(|row| row.service.as_deref() == service);
        let first = rows.next()?.quantity;
        Some(rows.try_fold(first, |sum, row| sum.checked_add(row.quantity)))
    };
    let mut services: Vec<Option<&str>> = Vec::new();
    for row in stated.iter().chain(summed) {
        if !services.contains(&row.service.as_deref()) {
            services.push(row.service.as_deref());
        }
    }
    services
        .into_iter()
        .filter_map(|service| {
            let stated = sum_of(stated, service);
            let summed = sum_of(summed, service);
            let plain = |sum: Option<Option<Decimal>>| sum.map(|sum| sum.map(denoise));
            (plain(stated) != plain(summed) || matches!(stated, Some(None))).then(|| {
                TotalsDifference {
                    service: service.map(str::to_owned),
                    stated: stated.flatten(),
                    summed: summed.flatten(),
                }
            })
        })
        .collect()
}
