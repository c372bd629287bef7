//! When usage of several lines may be one count: same terms, same unit, and a rule where services are combined.

use super::ExceptionKind;
use super::parts::Part;
use crate::rules::Terms;
use std::collections::BTreeSet;

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
    let differ = |text: fn(&Part<'a>) -> &'a str| others.iter().any(|it| text(it) != text(first));
    let declared = parts.iter().all(|part| part.declared);
    if !declared && differ(service) {
        let services: BTreeSet<&str> = parts.iter().map(service).collect();
        let services: Vec<&str> = services.into_iter().collect();
        return collision(format!(
            "{} would share `{name}`: give each a rule with that name to combine them, or other names",
            services.join(" and ")
        ));
    }
    if !declared && differ(unit) {
        let units: BTreeSet<String> = parts
            .iter()
            .map(|part| unit(part).to_lowercase())
            .filter(|unit| !unit.is_empty())
            .collect();
        if units.len() > 1 {
            let units: Vec<String> = units.into_iter().collect();
            let detail = format!("its units differ: {}", units.join(", "));
            return Err((ExceptionKind::UnexpectedUnit, detail));
        }
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

fn service<'a>(part: &Part<'a>) -> &'a str {
    part.received.line.service.as_str()
}

fn unit<'a>(part: &Part<'a>) -> &'a str {
    part.received.line.unit
}
