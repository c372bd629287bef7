//! A name without what a person overlooks: two records whose names have one shape look like one, and may be one to the PSA.

use crate::ids::LicenceId;
use crate::target::Subscription;
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;

/// The name of a subscription that is to be made.
pub(crate) struct NewName<'a> {
    name: &'a str,
    shape: String,
}

impl<'a> NewName<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        Self {
            name,
            shape: shape(name),
        }
    }

    /// True for a record beside which it must not be made: one of that name, or one that looks like it, unless that is kept
    /// or chosen for something else.
    pub(crate) fn is_had_by(
        &self,
        record: &Subscription,
        accounted_for: &HashSet<LicenceId>,
    ) -> bool {
        let looks_like_it = || shape(&record.name) == self.shape;
        record.name == self.name || (!accounted_for.contains(&record.id) && looks_like_it())
    }
}

/// The name in one case, with single spaces, its letters composed in one way.
pub(super) fn shape(name: &str) -> String {
    let name: String = name.nfkc().collect();
    let lower: String = name.to_lowercase().nfkc().collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{NewName, shape};
    use crate::ids::{ClientId, LicenceId};
    use crate::target::{Standing, Subscription};
    use std::collections::HashSet;

    #[test]
    fn a_name_is_had_by_its_likes_but_not_by_those_kept_for_something_else() {
        let record = |name: &str| Subscription {
            id: LicenceId::new(7),
            client: ClientId::new(1),
            name: name.to_owned(),
            count: 1,
            standing: Standing::Active,
        };
        let (nobodys, kept) = (HashSet::new(), HashSet::from([LicenceId::new(7)]));
        for (name, free, accounted_for) in [
            ("Server", true, true),
            (" SERVER", true, false),
            ("Servers", false, false),
        ] {
            let wanted = NewName::new("Server");
            assert_eq!(wanted.is_had_by(&record(name), &nobodys), free, "{name}");
            let had = wanted.is_had_by(&record(name), &kept);
            assert_eq!(had, accounted_for, "{name}");
        }
    }

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
