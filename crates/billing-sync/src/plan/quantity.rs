//! From units to a count: convert, sum, take off what is free, round as declared, at least the minimum.

use super::Derivation;
use super::lines::exact_sum;
use crate::rules::{Round, Terms};
use rust_decimal::{Decimal, RoundingStrategy};

/// Why units give no count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CountProblem {
    /// A fraction, and no rule says how to round it. Holds the sum.
    Fraction(Decimal),
    /// Less than nothing.
    Negative(Decimal),
    /// Too large for the target's 32-bit count, or for exact arithmetic.
    TooLarge,
}

/// The number made whole as declared; `None` for a fraction that nothing is declared for.
pub(super) fn rounded(number: Decimal, round: Option<Round>) -> Option<Decimal> {
    if number.fract().is_zero() {
        return Some(number);
    }
    let strategy = match round? {
        Round::Up => RoundingStrategy::ToPositiveInfinity,
        Round::Down => RoundingStrategy::ToNegativeInfinity,
        Round::HalfUp => RoundingStrategy::MidpointAwayFromZero,
    };
    Some(number.round_dp_with_strategy(0, strategy))
}

/// The count of units that share these terms (`multiplier` aside, which each part brings along).
pub(super) fn count(
    parts: impl IntoIterator<Item = (Decimal, Decimal)>,
    terms: &Terms,
) -> Result<Derivation, CountProblem> {
    let mut units = Decimal::ZERO;
    for (quantity, multiplier) in parts {
        let converted = if multiplier == Decimal::ONE {
            quantity
        } else {
            quantity
                .checked_mul(multiplier)
                .ok_or(CountProblem::TooLarge)?
        };
        units = exact_sum(units, converted).ok_or(CountProblem::TooLarge)?;
    }
    let units = units.normalize();
    if units < Decimal::ZERO {
        return Err(CountProblem::Negative(units));
    }
    let free = terms.free.min(units);
    let charged = units.checked_sub(free).ok_or(CountProblem::TooLarge)?;
    let whole = rounded(charged, terms.round).ok_or(CountProblem::Fraction(units))?;
    let round = terms.round.filter(|_| !charged.fract().is_zero());
    let whole = i32::try_from(whole).map_err(|_| CountProblem::TooLarge)?;
    let minimum = if units.is_zero() { 0 } else { terms.minimum };
    let count = i64::from(whole).max(i64::from(minimum));
    if i32::try_from(count).is_err() {
        return Err(CountProblem::TooLarge);
    }
    Ok(Derivation {
        units,
        free,
        round,
        minimum: terms.minimum,
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::{CountProblem, count};
    use crate::rules::{Round, Terms};
    use rust_decimal::Decimal;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn counted(quantity: &str, terms: &Terms) -> Result<i64, CountProblem> {
        count([(d(quantity), terms.multiplier)], terms).map(|derivation| derivation.count)
    }

    #[test]
    fn whole_units_are_their_own_count() {
        let terms = Terms::default();
        assert_eq!(counted("0", &terms), Ok(0));
        assert_eq!(counted("37", &terms), Ok(37));
        assert_eq!(counted("37.000", &terms), Ok(37));
        assert_eq!(counted("2147483647", &terms), Ok(2_147_483_647));
    }

    #[test]
    fn a_fraction_needs_a_rule() {
        let exact = Terms::default();
        assert_eq!(
            counted("312.407", &exact),
            Err(CountProblem::Fraction(d("312.407")))
        );
        let with = |round| Terms {
            round: Some(round),
            ..Terms::default()
        };
        for (quantity, round, expected) in [
            ("312.407", Round::Up, 313),
            ("312.407", Round::Down, 312),
            ("312.407", Round::HalfUp, 312),
            ("312.5", Round::HalfUp, 313),
            ("313.5", Round::HalfUp, 314),
            ("312.000001", Round::Up, 313),
            ("0.2", Round::Down, 0),
        ] {
            assert_eq!(
                counted(quantity, &with(round)),
                Ok(expected),
                "{quantity} {round:?}"
            );
        }
    }

    #[test]
    fn free_comes_before_rounding_and_the_minimum_after() {
        let terms = Terms {
            free: d("10.5"),
            round: Some(Round::Up),
            minimum: 3,
            ..Terms::default()
        };
        assert_eq!(counted("10", &terms), Ok(3), "all free, but there is usage");
        assert_eq!(counted("15", &terms), Ok(5));
        assert_eq!(counted("0", &terms), Ok(0), "no usage, no minimum");
    }

    #[test]
    fn fractions_that_sum_to_a_whole_are_whole() {
        let parts = [
            (d("0.1"), Decimal::ONE),
            (d("0.2"), Decimal::ONE),
            (d("0.7"), Decimal::ONE),
        ];
        assert_eq!(count(parts, &Terms::default()).unwrap().count, 1);
    }

    #[test]
    fn units_are_converted_before_they_are_summed() {
        let parts = [(d("1500"), d("0.001")), (d("2.5"), Decimal::ONE)];
        assert_eq!(count(parts, &Terms::default()).unwrap().count, 4);
    }

    #[test]
    fn numbers_that_cannot_be_billed_are_refused() {
        let terms = Terms {
            round: Some(Round::Up),
            ..Terms::default()
        };
        assert_eq!(counted("-1", &terms), Err(CountProblem::Negative(d("-1"))));
        assert_eq!(counted("2147483648", &terms), Err(CountProblem::TooLarge));
        assert_eq!(counted("2147483647.1", &terms), Err(CountProblem::TooLarge));
        assert_eq!(
            counted("79228162514264337593543950335", &terms),
            Err(CountProblem::TooLarge)
        );
        let large = Terms {
            multiplier: d("1000"),
            ..Terms::default()
        };
        assert_eq!(
            counted("79228162514264337593543950335", &large),
            Err(CountProblem::TooLarge)
        );
    }
}
