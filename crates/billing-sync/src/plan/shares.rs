//! Dividing a whole over parts so that the parts sum to it exactly: largest remainder, ties to the first.

use rust_decimal::Decimal;

/// Divides `whole` in proportion to `weights`. Every part has at most `decimals` decimals, apart from what `whole` itself
/// has beyond them, which goes to the largest weight. What is left after every part was cut goes, one smallest unit each,
/// to the parts that lost most by the cut; of equal ones, to the first.
///
/// `None` when the weights sum to nothing (and there is something to divide), or a number is too large for exact
/// arithmetic.
pub(super) fn shares(whole: Decimal, weights: &[Decimal], decimals: u32) -> Option<Vec<Decimal>> {
    let total = weights
        .iter()
        .try_fold(Decimal::ZERO, |sum, weight| sum.checked_add(*weight))?;
    if whole.is_zero() {
        return Some(vec![Decimal::ZERO; weights.len()]);
    }
    if total.is_zero() {
        return None;
    }
    let step = Decimal::new(1, decimals.min(Decimal::MAX_SCALE));
    let exact: Vec<Decimal> = weights
        .iter()
        .map(|weight| whole.checked_mul(*weight)?.checked_div(total))
        .collect::<Option<_>>()?;
    let mut parts: Vec<Decimal> = exact
        .iter()
        .map(|part| part.round_dp_with_strategy(decimals, rust_decimal::RoundingStrategy::ToZero))
        .collect();
    let mut left = parts
        .iter()
        .try_fold(whole, |left, part| left.checked_sub(*part))?;
    let lost = |at: usize, part: Decimal| exact.get(at).map_or(part, |exact| *exact - part);
    let mut order: Vec<(Decimal, usize)> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| (lost(at, *part).abs(), at))
        .collect();
    order.sort_by(|(a, at), (b, bt)| b.cmp(a).then(at.cmp(bt)));
    // Each part lost less than one step, so one round over the parts gives away what is left of it.
    for (_, at) in &order {
        if left.abs() < step {
            break;
        }
        let one = if left.is_sign_negative() { -step } else { step };
        *parts.get_mut(*at)? += one;
        left -= one;
    }
    if !left.is_zero() {
        let largest = weights
            .iter()
            .enumerate()
            .max_by(|(at, a), (bt, b)| a.cmp(b).then(bt.cmp(at)))
            .map(|(at, _)| at)?;
        let part = parts.get_mut(largest)?;
        *part = part.checked_add(left)?;
    }
    let back = parts
        .iter()
        .try_fold(Decimal::ZERO, |sum, part| sum.checked_add(*part))?;
    (back == whole).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::shares;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn shared(whole: &str, weights: &[&str], decimals: u32) -> Option<Vec<String>> {
        let weights: Vec<Decimal> = weights.iter().map(|weight| d(weight)).collect();
        let parts = shares(d(whole), &weights, decimals)?;
        Some(parts.iter().map(|it| it.normalize().to_string()).collect())
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders_and_on_a_tie_to_the_first() {
        let is = |parts: &[&str]| Some(parts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(shared("10", &["1", "1", "1"], 0), is(&["4", "3", "3"]));
        assert_eq!(shared("10", &["1", "2", "4"], 0), is(&["1", "3", "6"]));
        assert_eq!(
            shared("100", &["1", "1", "1"], 2),
            is(&["33.34", "33.33", "33.33"])
        );
        assert_eq!(shared("-10", &["1", "1", "1"], 0), is(&["-4", "-3", "-3"]));
        assert_eq!(shared("0.005", &["1", "2"], 2), is(&["0", "0.005"]));
        assert_eq!(shared("10", &["5", "-1"], 0), is(&["12", "-2"]));
        assert_eq!(shared("0", &["0", "0"], 0), is(&["0", "0"]));
        assert_eq!(shared("1", &["0", "0"], 0), None);
        assert_eq!(shared("1", &[], 0), None);
        assert_eq!(
            shared("79228162514264337593543950335", &["2", "1"], 0),
            None,
            "too large to be divided exactly"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Parts sum exactly to the whole, and none is a whole step away from its exact share.
        #[test]
        fn parts_sum_exactly_to_the_whole(
            whole in -9_999_999_999i64..9_999_999_999,
            scale in 0u32..5,
            weights in prop::collection::vec((0i64..100_000, 0u32..4), 1..12),
            decimals in 0u32..5,
        ) {
            let whole = Decimal::new(whole, scale);
            let weights: Vec<Decimal> = weights.into_iter().map(|(n, scale)| Decimal::new(n, scale)).collect();
            let total: Decimal = weights.iter().sum();
            match shares(whole, &weights, decimals) {
                None => prop_assert!(total.is_zero()),
                Some(parts) => {
                    prop_assert_eq!(parts.iter().sum::<Decimal>(), whole);
                    if !total.is_zero() {
                        let step = Decimal::new(1, decimals);
                        for (part, weight) in parts.iter().zip(&weights) {
                            prop_assert!((*part - whole * *weight / total).abs() < step + step);
                        }
                    }
                }
            }
        }
    }
}
