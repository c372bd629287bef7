//! What the usage shows beside the counts: whatever speaks against taking something away.

use crate::ids::{ContractId, CustomerId, ServiceName};
use crate::rules::{Method, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// Collected while usage is taken in.
#[derive(Debug, Default)]
pub(super) struct Evidence<'a> {
    /// Customers with usage.
    pub(super) seen: BTreeSet<&'a CustomerId>,
    /// Customers of whose usage at least a part is not billed.
    pub(super) held: BTreeSet<&'a CustomerId>,
    /// Customers whose usage leads to no client that can be billed.
    pub(super) nobodys: BTreeSet<&'a CustomerId>,
    /// Contracts of which something is not as it should be: absence under them proves nothing.
    pub(super) held_contracts: BTreeSet<&'a ContractId>,
    /// Usage that a rule or `products` leaves out, by customer: it is not absent.
    pub(super) ignored: BTreeMap<&'a CustomerId, BTreeSet<&'a ServiceName>>,
    /// The part of it that `products` alone leaves out: no rule says so.
    pub(super) left_out: BTreeMap<&'a CustomerId, BTreeSet<&'a ServiceName>>,
    /// Services with usage of anybody, each with the name that a rule gives its subscription.
    pub(super) used: BTreeSet<(&'a ServiceName, Option<&'a str>)>,
    /// Charges with units that nobody gets a part of, and that are not declared to be own cost.
    pub(super) unplaced: Vec<Unplaced<'a>>,
}

/// A charge of a contract that nobody gets a part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unplaced<'a> {
    pub(super) contract: &'a ContractId,
    pub(super) service: &'a ServiceName,
}

impl Evidence<'_> {
    /// The names that the usage of this month gives or could give, whoever's it is.
    pub(super) fn names(&self, rules: &Rules) -> BTreeSet<String> {
        let used = self.used.iter();
        used.flat_map(|(service, declared)| {
            let declared = declared.map(|name| name.trim().to_owned());
            declared.into_iter().chain([rules.name_of(service).into()])
        })
        .collect()
    }
}

/// What to do about a charge that nobody gets a part of.
pub(super) const DECLARE: &str =
    "declare by `[[allocate]]` how it is divided, or that it is own cost";

impl Unplaced<'_> {
    /// What is wrong with it, in words.
    pub(super) fn told(&self) -> String {
        format!(
            "contract {} is charged for `{}`, and nobody gets a part of it",
            self.contract, self.service
        )
    }

    /// True when a part of the charge would be in the subscription of that name, as it is declared now or was until lately.
    pub(super) fn may_be_in(&self, name: &str, rules: &Rules) -> bool {
        let mut declared = rules.allocations.iter().filter_map(|it| match &it.method {
            Method::Divide { name, .. } if it.service == *self.service => name.as_deref(),
            _ => None,
        });
        declared.any(|declared| declared.trim() == name) || rules.name_of(self.service) == name
    }
}
