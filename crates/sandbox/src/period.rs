//! Months as the Billing API writes them: `202610`.

/// Whether this is a year and a month.
pub(crate) fn is_valid(period: u32) -> bool {
    (200_001..=999_912).contains(&period) && (1..=12).contains(&(period % 100))
}

/// The month after.
pub(crate) fn next(period: u32) -> u32 {
    if period % 100 == 12 {
        period + 89
    } else {
        period + 1
    }
}

/// The month before.
pub(crate) fn previous(period: u32) -> u32 {
    if period % 100 == 1 {
        period - 89
    } else {
        period - 1
    }
}

/// `December  01, 2024`: how the sample writes the first day of the month, two spaces included.
pub(crate) fn long_date(period: u32) -> String {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let name = NAMES
        .iter()
        .cycle()
        .nth((period % 100 + 11) as usize)
        .unwrap_or(&"");
    format!("{name}  01, {}", period / 100)
}

#[cfg(test)]
mod tests {
    use super::{is_valid, long_date, next, previous};

    #[test]
    fn months_roll_over_the_year() {
        assert_eq!(next(202_612), 202_701);
        assert_eq!(previous(202_701), 202_612);
        assert_eq!(previous(next(202_610)), 202_610);
    }

    #[test]
    fn only_real_months_are_valid() {
        assert!(is_valid(202_610));
        assert!(!is_valid(202_613));
        assert!(!is_valid(202_600));
        assert!(!is_valid(2026));
    }

    #[test]
    fn the_long_date_has_two_spaces() {
        assert_eq!(long_date(202_412), "December  01, 2024");
        assert_eq!(long_date(202_701), "January  01, 2027");
    }
}
