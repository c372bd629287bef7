//! Whether a name that nobody has usage of any more was given up, or only its usage goes by another name now.

use super::evidence::DECLARE;
use super::parts::Part;
use super::removal::Absence;
use crate::ids::{ClientId, CustomerId, ServiceName};
use crate::memory::Owned;
use crate::rules::Rules;
use std::collections::BTreeSet;

/// The names of subscriptions, as this month's usage gives them and as they are kept.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// What usage of anybody gives or could give.
    given: BTreeSet<String>,
    /// What is kept, whoever's.
    kept: BTreeSet<&'a str>,
    /// What is kept and billed.
    billed: BTreeSet<(ClientId, &'a str)>,
}

impl<'a> Names<'a> {
    pub(super) fn new(absence: &Absence<'a>) -> Self {
        let owned = absence.memory.owned.iter();
        let billed = owned.clone().filter(|owned| owned.count != 0);
        Self {
            given: absence.evidence.names(absence.rules),
            kept: owned.map(|owned| owned.key.name.as_str()).collect(),
            billed: billed
                .map(|owned| (owned.key.client, owned.key.name.as_str()))
                .collect(),
        }
    }

    /// Why a subscription without usage may still be in use under a name that is not known here.
    pub(super) fn reason_to_hold(&self, absence: &Absence<'_>, owned: &Owned) -> Option<String> {
        let is_unused = !self.given.contains(&owned.key.name);
        let was_renamed = |part: &Part<'_>| was_renamed_here(absence.rules, &owned.key.name, part);
        if is_unused
            && !self.goes_on(absence, owned, was_renamed)
            && let Some((customer, service)) = self.left_out(absence, owned)
        {
            return Some(format!(
                "nobody has usage of it in {}, and `products` leaves out `{service}` of customer {customer}: if that is the same under a new name, add it to `products`; if not, ignore it by a rule, and the count goes to 0",
                absence.usage.period
            ));
        }
        // Whoever has no usage would get no part of a charge.
        let mut customers = owned.customers.iter();
        if !customers.any(|customer| absence.evidence.seen.contains(customer)) {
            return None;
        }
        let is_open = is_unused && !self.goes_on(absence, owned, |_| true);
        let mut charges = absence.evidence.unplaced.iter();
        let charge = charges.find(|charge| {
            owned.contracts.contains(charge.contract)
                && (is_open || charge.may_be_in(&owned.key.name, absence.rules))
        })?;
        Some(format!("{}: {DECLARE}", charge.told()))
    }

    /// True when one of its customers has a count that is new, and that its usage may go on `under`.
    fn goes_on(
        &self,
        absence: &Absence<'_>,
        owned: &Owned,
        under: impl Fn(&Part<'_>) -> bool,
    ) -> bool {
        let client = owned.key.client;
        let mut parts = absence.with_usage.of(client).iter();
        parts.any(|part| {
            owned.customers.contains(part.received.line.customer)
                && !self.billed.contains(&(client, part.name.as_ref()))
                && under(part)
        })
    }

    /// A service of one of its customers that `products` leaves out and that was never billed.
    fn left_out<'c>(
        &self,
        absence: &'c Absence<'_>,
        owned: &'c Owned,
    ) -> Option<(&'c CustomerId, &'c ServiceName)> {
        let left_out = &absence.evidence.left_out;
        owned.customers.iter().find_map(|customer| {
            let mut services = left_out.get(customer)?.iter();
            let service = services.find(|service| !self.was_billed(absence, service))?;
            Some((customer, *service))
        })
    }

    fn was_billed(&self, absence: &Absence<'_>, service: &ServiceName) -> bool {
        self.kept.contains(absence.rules.name_of(service).as_ref())
    }
}

/// True when the count of that name may be this usage's, under a template or a rule of before. A name that the template gives
/// to another service of `products` is that service's.
fn was_renamed_here(rules: &Rules, name: &str, part: &Part<'_>) -> bool {
    name.contains(part.received.line.service.as_str()) || !rules.gives(name)
}
