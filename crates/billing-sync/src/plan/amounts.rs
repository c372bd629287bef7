//! What the units of the ledger cost at the vendor: money beside units, and never silently a part of it.

use super::column::{Bucket, Column, Sum, together};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the vendor charged, bucket by bucket, in the currency of the invoice. `None`: a line in that bucket has units and
/// no known price, so its sum is not known either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// True when every line has a price; only then do the buckets sum to `vendor`.
    pub complete: bool,
    /// What came in.
    pub vendor: Option<Decimal>,
    /// Behind a count.
    pub billed: Option<Decimal>,
    /// Left out by a rule.
    pub ignored: Option<Decimal>,
    /// Free by rule.
    pub free: Option<Decimal>,
    /// Lost (positive) or gained (negative) by rounding and minimum.
    pub rounding: Option<Decimal>,
    /// Of customers without a client.
    pub unmatched: Option<Decimal>,
    /// Held back by another exception.
    pub blocked: Option<Decimal>,
    /// Charged to a contract as a whole.
    pub contract_level: Option<Decimal>,
}

impl Amounts {
    /// True when the buckets sum to what came in, or something has no price.
    pub fn balances(&self) -> bool {
        let Self {
            complete,
            vendor,
            billed,
            ignored,
            free,
            rounding,
            unmatched,
            blocked,
            contract_level,
        } = self;
        let sum = together([
            *billed,
            *ignored,
            *free,
            *rounding,
            *unmatched,
            *blocked,
            *contract_level,
        ]);
        !complete || (vendor.is_some() && sum == *vendor)
    }
}

/// The money of some units while a plan is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Purse {
    /// True once anything had a price.
    priced: bool,
    sums: Column,
}

impl Purse {
    pub(super) fn receive(&mut self, quantity: Decimal, amount: Option<Decimal>) {
        // Nothing at no price says nothing about prices.
        self.priced |= amount.is_some_and(|amount| !amount.is_zero() || !quantity.is_zero());
        self.sums.receive(amount);
    }

    pub(super) fn book(&mut self, bucket: Bucket, amount: Option<Decimal>) {
        self.sums.book(bucket, amount);
    }

    /// Adds the money of other units.
    pub(super) fn merge(&mut self, other: &Self) {
        self.priced |= other.priced;
        self.sums.merge(&other.sums);
    }

    /// The finished sums; `None` when nothing has a price.
    pub(super) fn close(&self) -> Option<Amounts> {
        let of = |bucket| shown(self.sums.bucket(bucket));
        self.priced.then(|| Amounts {
            complete: self.sums.is_whole(),
            vendor: self.total(),
            billed: of(Bucket::Billed),
            ignored: of(Bucket::Ignored),
            free: of(Bucket::Free),
            rounding: of(Bucket::Rounding),
            unmatched: of(Bucket::Unmatched),
            blocked: of(Bucket::Blocked),
            contract_level: of(Bucket::ContractLevel),
        })
    }

    /// What came in, when all of it has a price.
    pub(super) fn total(&self) -> Option<Decimal> {
        shown(self.sums.vendor())
    }
}

fn shown(sum: Sum) -> Option<Decimal> {
    sum.whole().map(|sum| sum.normalize())
}
