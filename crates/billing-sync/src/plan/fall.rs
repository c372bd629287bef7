//! Why a count may not fall: a part that was billed in it before is missing, and nothing shows that it is gone.

use super::draft::Draft;
use super::parts::Part;
use crate::ids::CustomerId;
use crate::memory::Owned;

/// What to do where it is right that the part is gone.
const BY_HAND: &str = "if it is right, set the count by hand once";

impl Draft<'_> {
    /// Why the count of what was billed as `last` may not fall from `before` to `count`; `None` when it may.
    pub(super) fn reason_not_to_lower(
        &self,
        last: &Owned,
        parts: &[Part<'_>],
        before: i64,
        count: i64,
    ) -> Option<String> {
        if count >= before {
            return None;
        }
        let falls = format!("without it the count would fall from {before} to {count}");
        if let Some(why) = self.contract_not_read(last, parts) {
            return Some(format!("{why}: {falls}"));
        }
        let mut gone = last.customers.iter().filter(|customer| {
            let is_here = |part: &Part<'_>| part.received.line.customer == *customer;
            !parts.iter().any(is_here)
        });
        let (why, way_out) = gone
            .find_map(|customer| self.not_proved_gone(last, customer))
            .or_else(|| self.charge_not_placed(last))?;
        Some(format!("{why}: {falls}; {way_out}"))
    }

    /// A contract that had a part of it is not read this time.
    fn contract_not_read(&self, last: &Owned, parts: &[Part<'_>]) -> Option<String> {
        let usage = self.input.usage;
        let seen = &usage.completeness.contracts_seen;
        let contract = last.contracts.iter().find(|contract| {
            let is_here = |part: &Part<'_>| part.received.line.contract == *contract;
            !seen.contains(*contract) && !parts.iter().any(is_here)
        })?;
        Some(format!(
            "contract {contract} had usage before and has no usage document in {}",
            usage.period
        ))
    }

    /// A customer that had a part of it is not billed to anybody now, or its absence proves nothing. One that is another
    /// client's now, or that uses other services, took its part with it; whom a rule ignores, a person decided on.
    fn not_proved_gone(
        &self,
        last: &Owned,
        customer: &CustomerId,
    ) -> Option<(String, &'static str)> {
        let usage = self.input.usage;
        let complete = &usage.completeness;
        if self.input.rules.ignore_all_of(customer, usage.period) {
            return None;
        }
        if self.evidence.nobodys.contains(customer) {
            return Some((
                format!(
                    "customer {customer} was billed in it before and has no client that can be billed in {}",
                    usage.period
                ),
                "give it its client, or ignore it by a rule",
            ));
        }
        if self.evidence.seen.contains(customer) {
            return None;
        }
        if complete.customers_listed.contains(customer) {
            let why =
                format!("the vendor still lists customer {customer} but sent no usage for it");
            return Some((why, BY_HAND));
        }
        let mut contracts = last.contracts.iter();
        let unlisted = contracts.find(|it| complete.contracts_unlisted.contains(*it))?;
        Some((
            format!(
                "customer {customer} has no usage any more, and the vendor gave no list of customers for contract {unlisted}, so absence proves nothing"
            ),
            BY_HAND,
        ))
    }

    /// A charge of a contract that was divided into it is charged still, and divided no more.
    fn charge_not_placed(&self, last: &Owned) -> Option<(String, &'static str)> {
        let rules = self.input.rules;
        let mut charges = self.evidence.unplaced.iter();
        let charge = charges.find(|charge| {
            last.contracts.contains(charge.contract) && charge.may_be_in(&last.key.name, rules)
        })?;
        Some((charge.told(), super::evidence::DECLARE))
    }
}
