//! When usage of several lines may be one count: same terms, one unit per service, and a rule where services are combined.

use super::ExceptionKind;
use super::parts::Part;
use crate::rules::Terms;
use std::collections::{BTreeMap, BTreeSet};

/// The terms all parts of a subscription agree on, or why they cannot be one count. `twin`: another name of the client
/// differs only in case or spacing.
pub(super) fn shared_terms<'a>(
    name: &str,
    parts: &[Part<'a>],
    twin: bool,
) -> Result<&'a Terms, (ExceptionKind, String)> {
    let collision = |detail| Err((ExceptionKind::NameCollision, detail));
    let Some((first, others)) = parts.split_first() else {
        return collision("there is no usage behind it".to_owned());
    };
    if twin {
        return collision(format!(
            "`{name}` differs from another subscription's name only in case or spacing"
        ));
    }
    let differ = others.iter().any(|it| service(it) != service(first));
    let declared = parts.iter().all(|part| part.declared);
    if !declared && differ {
        let services: BTreeSet<&str> = parts.iter().map(service).collect();
        let services: Vec<&str> = services.into_iter().collect();
        return collision(format!(
            "{} would share `{name}`: give each a rule with that name to combine them, or other names",
            services.join(" and ")
        ));
    }
    if let Some(units) = mixed_units(parts) {
        let detail = format!(
            "its units differ: {}; ask the vendor for one, or ignore the service by a rule and bill it by hand",
            units.join(", ")
        );
        return Err((ExceptionKind::UnexpectedUnit, detail));
    }
    let agree = others.iter().all(|part| {
        let Terms {
            name: _,
            multiplier: _,
            free,
            round,
            minimum,
        } = part.terms;
        (free, round, minimum) == (&first.terms.free, &first.terms.round, &first.terms.minimum)
    });
    if !agree {
        return collision(format!(
            "the rules that share `{name}` disagree about free units, rounding or minimum"
        ));
    }
    Ok(first.terms)
}

/// The units of a service that comes in several. A rule converts a service, not a unit: it can bring different services to
/// one measure, but not one service that is measured in two.
fn mixed_units(parts: &[Part<'_>]) -> Option<Vec<String>> {
    let (first, others) = parts.split_first()?;
    if others
        .iter()
        .all(|part| part.received.line.unit == first.received.line.unit)
    {
        return None;
    }
    let mut of_services: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for part in parts {
        let units = of_services.entry(service(part)).or_default();
        units.extend(Some(part.received.line.unit.to_lowercase()).filter(|unit| !unit.is_empty()));
    }
    let mut units = of_services.into_values();
    let mixed = units.find(|units| units.len() > 1)?;
    Some(mixed.into_iter().collect())
}

fn service<'a>(part: &Part<'a>) -> &'a str {
    part.received.line.service.as_str()
}
