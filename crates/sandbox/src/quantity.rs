//! Quantities as whole thousandths, so that the judge's sums are exact without a decimal library.

use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;

use serde::{Serialize, Serializer};

/// A quantity in thousandths of a unit: `Milli::new(312_407)` is 312.407.
///
/// ```
/// use sandbox::Milli;
///
/// assert_eq!(Milli::new(312_407).to_string(), "312.407");
/// assert_eq!(Milli::units(37).to_string(), "37");
/// assert_eq!(Milli::new(500).ceil(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Milli(i64);

impl Milli {
    /// From thousandths.
    pub const fn new(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// From whole units.
    pub const fn units(units: i64) -> Self {
        Self(units.saturating_mul(1000))
    }

    /// The thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// The number of units if it is whole.
    pub const fn whole(self) -> Option<i64> {
        if self.0 % 1000 == 0 {
            Some(self.0 / 1000)
        } else {
            None
        }
    }

    /// The number of units, a started one counted as one.
    pub const fn ceil(self) -> i64 {
        self.0.div_euclid(1000) + (self.0.rem_euclid(1000) != 0) as i64
    }
}

impl AddAssign for Milli {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl Sum for Milli {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        let mut total = Self::default();
        for one in iter {
            total += one;
        }
        total
    }
}

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0.into(), 3))
    }
}

impl Serialize for Milli {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes `value / 10^scale` without trailing zeros.
pub(crate) fn decimal(value: i128, scale: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (units, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        format!("{sign}{units}")
    } else {
        format!("{sign}{units}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Milli, decimal};

    #[test]
    fn decimals_lose_trailing_zeros_and_keep_the_sign() {
        assert_eq!(decimal(0, 3), "0");
        assert_eq!(decimal(62_481_400, 7), "6.24814");
        assert_eq!(decimal(-1_500, 3), "-1.5");
        assert_eq!(decimal(7, 3), "0.007");
    }

    #[test]
    fn only_whole_quantities_have_a_whole_count() {
        assert_eq!(Milli::units(4).whole(), Some(4));
        assert_eq!(Milli::new(4_001).whole(), None);
        assert_eq!(Milli::new(4_001).ceil(), 5);
        assert_eq!(Milli::new(-1_500).ceil(), -1);
        assert_eq!(
            [Milli::new(500), Milli::new(1_500)]
                .into_iter()
                .sum::<Milli>(),
            Milli::units(2)
        );
    }
}
