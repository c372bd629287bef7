//! What single units cost: a price follows its units wherever they go.

use super::shares::shares;
use rust_decimal::Decimal;

/// A price divided over units that went into different buckets. To the cent, or as fine as the price itself is.
pub(super) fn divided(amount: Option<Decimal>, units: &[Decimal]) -> Vec<Option<Decimal>> {
    let nothing = || {
        units
            .iter()
            .map(|part| part.is_zero().then_some(Decimal::ZERO))
            .collect()
    };
    let Some(amount) = amount else {
        // Units that are not there cost nothing, whatever the others cost.
        return nothing();
    };
    let only: Vec<usize> = (0..units.len())
        .filter(|at| units.get(*at).is_some_and(|part| !part.is_zero()))
        .collect();
    match only.as_slice() {
        // No units at all: whatever was charged is of the first bucket.
        [] => units
            .iter()
            .enumerate()
            .map(|(at, _)| Some(if at == 0 { amount } else { Decimal::ZERO }))
            .collect(),
        [one] => (0..units.len())
            .map(|at| Some(if at == *one { amount } else { Decimal::ZERO }))
            .collect(),
        _ => match shares(amount, units, amount.scale().max(2)) {
            Some(parts) => parts.into_iter().map(Some).collect(),
            None => nothing(),
        },
    }
}

/// A price; units that are not there need none.
pub(super) fn price_of(quantity: Decimal, amount: Option<Decimal>) -> Option<Decimal> {
    amount.or_else(|| quantity.is_zero().then_some(Decimal::ZERO))
}

#[cfg(test)]
mod tests {
    use super::divided;
    use rust_decimal::Decimal;

    #[test]
    fn a_price_follows_its_units_and_sums_exactly() {
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        let parts = |amount: &str, units: &[&str]| -> Vec<Option<Decimal>> {
            let units: Vec<Decimal> = units.iter().map(|it| d(it)).collect();
            divided(Some(d(amount)), &units)
        };
        assert_eq!(
            parts("10", &["2", "1", "0"]),
            [Some(d("6.67")), Some(d("3.33")), Some(d("0"))]
        );
        assert_eq!(
            parts("10", &["4", "0", "-1"]),
            [Some(d("13.33")), Some(d("0")), Some(d("-3.33"))]
        );
        assert_eq!(parts("7", &["0", "0"]), [Some(d("7")), Some(d("0"))]);
        assert_eq!(
            divided(None, &[d("2"), d("0")]),
            [None, Some(d("0"))],
            "no price is never nothing"
        );
    }
}
