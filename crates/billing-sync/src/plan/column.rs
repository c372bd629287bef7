//! One sum for each bucket a unit can end up in: for units and, beside them, for money.

use rust_decimal::Decimal;

/// A place a unit can end up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Stands behind a count.
    Billed,
    /// A rule or the product list says so.
    Ignored,
    /// Free by rule.
    Free,
    /// Lost or gained by rounding and by a minimum; negative when more is billed than used.
    Rounding,
    /// Its customer has no client.
    Unmatched,
    /// Held back by another exception.
    Blocked,
    /// Charged to a contract as a whole.
    ContractLevel,
}

/// A sum of numbers of which some may not be known, or too large to be added.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    /// Of what is known.
    pub(super) known: Decimal,
    unknown: bool,
}

impl Sum {
    fn add(&mut self, number: Option<Decimal>) {
        match number.and_then(|number| self.known.checked_add(number)) {
            Some(sum) => self.known = sum,
            None => self.unknown = true,
        }
    }

    fn merge(&mut self, other: Self) {
        self.add(Some(other.known));
        self.unknown |= other.unknown;
    }

    /// The sum, when all of it is known.
    pub(super) fn whole(self) -> Option<Decimal> {
        (!self.unknown).then_some(self.known)
    }
}

/// What came in and where it went. The two are summed separately, so that what the planner loses shows as a difference.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    vendor: Sum,
    buckets: [Sum; 7],
}

impl Column {
    pub(super) fn receive(&mut self, number: Option<Decimal>) {
        self.vendor.add(number);
    }

    pub(super) fn book(&mut self, bucket: Bucket, number: Option<Decimal>) {
        if let Some(sum) = self.buckets.get_mut(bucket as usize) {
            sum.add(number);
        }
    }

    /// Adds the sums of another column.
    pub(super) fn merge(&mut self, other: &Self) {
        self.vendor.merge(other.vendor);
        for (sum, other) in self.buckets.iter_mut().zip(other.buckets) {
            sum.merge(other);
        }
    }

    /// What came in.
    pub(super) fn vendor(&self) -> Sum {
        self.vendor
    }

    /// What went there.
    pub(super) fn bucket(&self, bucket: Bucket) -> Sum {
        self.buckets
            .get(bucket as usize)
            .copied()
            .unwrap_or_default()
    }

    /// True when nothing is unknown.
    pub(super) fn is_whole(&self) -> bool {
        !self.vendor.unknown && self.buckets.iter().all(|sum| !sum.unknown)
    }
}

/// What buckets hold together; `None` when one is not known or the sum is too large.
pub(super) fn together<const N: usize>(buckets: [Option<Decimal>; N]) -> Option<Decimal> {
    buckets
        .into_iter()
        .try_fold(Decimal::ZERO, |sum, bucket| sum.checked_add(bucket?))
}
