//! A name without what a person overlooks: two records whose names have one shape look like one, and may be one to the PSA.

use unicode_normalization::UnicodeNormalization;

/// The name in one case, with single spaces, its letters composed in one way.
pub(super) fn shape(name: &str) -> String {
    let name: String = name.nfkc().collect();
    let lower: String = name.to_lowercase().nfkc().collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn what_a_person_overlooks_is_not_part_of_the_shape() {
        for same in [
            "Sicherung für  Server",
            " sicherung FÜR Server ",
            "Sicherung fu\u{308}r Server",
            "Sicherung für\u{a0}Server",
        ] {
            assert_eq!(shape(same), "sicherung für server", "{same:?}");
        }
        assert_ne!(shape("Server 1"), shape("Server1"));
        assert_ne!(shape("für"), shape("fur"));
    }
}
