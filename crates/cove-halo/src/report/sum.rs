//! Sums that say so when they do not fit.

use rust_decimal::Decimal;

/// The sum; `None` when it is too large.
pub(super) fn sum(values: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    values
        .into_iter()
        .try_fold(Decimal::ZERO, Decimal::checked_add)
        .map(|sum| sum.normalize())
}

/// The sum; `None` when one is not known or the sum is too large.
pub(super) fn sum_known(values: impl IntoIterator<Item = Option<Decimal>>) -> Option<Decimal> {
    let known: Option<Vec<Decimal>> = values.into_iter().collect();
    sum(known?)
}

/// `a - b`, or the nearest there is when that does not fit; for reading only.
pub(super) fn minus(a: Decimal, b: Decimal) -> Decimal {
    a.checked_sub(b)
        .map_or(Decimal::MAX, |difference| difference.normalize())
}
