//! When usage of several lines may be one count: same terms, same unit, and a rule where services are combined.

use super::lines::Line;
use super::{ExceptionKind, Source};
use crate::ids::{ClientId, Key, ServiceName};
use crate::rules::Terms;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What a line adds to a key.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) line: Line,
    pub(super) quantity: Decimal,
    pub(super) terms: Terms,
}

impl Part {
    pub(super) fn source(&self) -> Source {
        Source {
            customer_id: self.line.customer.clone(),
            contract_id: self.line.contract.clone(),
            service: self.line.service.clone(),
            quantity: self.quantity,
            amount: self.line.amount,
            part_of: self.line.part_of.clone(),
            device_count: self.line.device_count,
            devices: self.line.devices.clone(),
        }
    }
}

/// The terms all parts of a key agree on, or why they cannot be one count.
pub(super) fn shared_terms<'p>(
    key: &Key,
    parts: &'p [Part],
    near_twins: &BTreeSet<Key>,
) -> Result<&'p Terms, (ExceptionKind, String)> {
    let Some(first) = parts.first() else {
        return Err((
            ExceptionKind::NameCollision,
            "there is no usage behind it".to_owned(),
        ));
    };
    if near_twins.contains(key) {
        let detail = format!(
            "`{}` differs from another subscription's name only in case or spacing",
            key.name
        );
        return Err((ExceptionKind::NameCollision, detail));
    }
    let declared = parts.iter().all(|part| part.terms.name.is_some());
    let services: BTreeSet<&ServiceName> = parts.iter().map(|part| &part.line.service).collect();
    if services.len() > 1 && !declared {
        let names: Vec<&str> = services.iter().map(|service| service.as_str()).collect();
        let detail = format!(
            "{} would share `{}`: give each a rule with that name to combine them, or other names",
            names.join(" and "),
            key.name
        );
        return Err((ExceptionKind::NameCollision, detail));
    }
    let units: BTreeSet<String> = parts
        .iter()
        .map(|part| part.line.unit.to_lowercase())
        .filter(|unit| !unit.is_empty())
        .collect();
    if units.len() > 1 && !declared {
        let units: Vec<String> = units.into_iter().collect();
        return Err((
            ExceptionKind::UnexpectedUnit,
            format!("its units differ: {}", units.join(", ")),
        ));
    }
    let agree = parts.iter().all(|part| {
        let Terms {
            name: _,
            multiplier: _,
            free,
            round,
            minimum,
        } = &part.terms;
        (free, round, minimum) == (&first.terms.free, &first.terms.round, &first.terms.minimum)
    });
    if !agree {
        let detail = format!(
            "the rules that share `{}` disagree about free units, rounding or minimum",
            key.name
        );
        return Err((ExceptionKind::NameCollision, detail));
    }
    Ok(&first.terms)
}

/// Keys of one client whose names differ only in case or white space: the PSA may take them for one.
pub(super) fn near_twins(keys: &BTreeMap<Key, Vec<Part>>) -> BTreeSet<Key> {
    let mut by_shape: BTreeMap<(ClientId, String), Vec<&Key>> = BTreeMap::new();
    for key in keys.keys() {
        let shape = key
            .name
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        by_shape.entry((key.client, shape)).or_default().push(key);
    }
    by_shape
        .into_values()
        .filter(|twins| twins.len() > 1)
        .flatten()
        .cloned()
        .collect()
}

/// Converts back, to twelve decimals, so that the ledger stays exact.
pub(super) fn in_vendor_units(converted: Decimal, multiplier: Decimal) -> Decimal {
    if multiplier == Decimal::ONE {
        return converted;
    }
    converted
        .checked_div(multiplier)
        .unwrap_or(Decimal::ZERO)
        .round_dp(12)
}
