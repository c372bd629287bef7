//! A customer's external code ("customer reference" in the console): free text in which PSA ids stand beside what
//! people wrote there. Writing an id must leave the rest as it is.

use std::fmt;

/// What stands in front of a HaloPSA client's id.
const PREFIX: &str = "HALO:";

/// An external code, read as parts between `|` (observed in public clients: `PSA-ACME-2024 | CWM:1478`).
///
/// ```
/// use cove_api::management::ExternalCode;
///
/// let code = ExternalCode::new("PSA-ACME-2024 | HALO:7");
/// assert_eq!(code.halo_ids(), ["7"]);
/// assert_eq!(code.with_halo_id("1478").as_str(), "PSA-ACME-2024 | HALO:1478");
/// assert_eq!(ExternalCode::new("").with_halo_id("1478").as_str(), "HALO:1478");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExternalCode(String);

impl ExternalCode {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The HaloPSA ids in it, in order. More than one is an ambiguity for the caller to report.
    pub fn halo_ids(&self) -> Vec<&str> {
        self.0.split('|').filter_map(halo_id).collect()
    }

    /// The same text with this HaloPSA id in it and no other: in the place of the first, or at the end. Everything
    /// else stays as it is, also its blanks.
    #[must_use]
    pub fn with_halo_id(&self, id: &str) -> Self {
        let new = format!("{PREFIX}{}", id.trim());
        if self.0.trim().is_empty() {
            return Self(new);
        }
        let mut placed = false;
        let mut parts: Vec<String> = Vec::new();
        for part in self.0.split('|') {
            if halo_id(part).is_none() {
                parts.push(part.to_owned());
            } else if !placed {
                placed = true;
                let trimmed = part.trim();
                parts.push(part.replacen(trimmed, &new, 1));
            }
        }
        if placed {
            // A part that went away from the end leaves the blank that stood before its bar.
            return Self(parts.join("|").trim_end().to_owned());
        }
        Self(format!("{} | {new}", self.0.trim_end()))
    }

    /// Whether the vendor provisioned this customer: `[…]… - ` and a GUID (observed in public clients).
    pub fn is_provisioned(&self) -> bool {
        let Some((head, guid)) = self.0.trim().rsplit_once(" - ") else {
            return false;
        };
        let inside = head.strip_prefix('[').and_then(|head| head.split_once(']'));
        inside.is_some_and(|(inside, _)| inside.chars().count() == 10) && is_guid(guid)
    }
}

/// Whether this is the name of the vendor's recycle bin for a customer: `001`, 15 characters, `- Recycle Bin`
/// (observed in public clients).
pub(crate) fn is_recycle_bin(name: &str) -> bool {
    name.strip_suffix("- Recycle Bin")
        .and_then(|rest| rest.strip_prefix("001"))
        .is_some_and(|rest| rest.chars().count() == 15)
}

fn halo_id(part: &str) -> Option<&str> {
    let part = part.trim();
    let (prefix, id) = (part.get(..PREFIX.len())?, part.get(PREFIX.len()..)?);
    let id = id.trim();
    (prefix.eq_ignore_ascii_case(PREFIX) && !id.is_empty()).then_some(id)
}

fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text
        .trim()
        .split('-')
        .map(|part| part.chars().count())
        .collect();
    lengths == [8, 4, 4, 4, 12]
}

impl fmt::Display for ExternalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for ExternalCode {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{ExternalCode, is_recycle_bin};
    use proptest::prelude::*;

    #[test]
    fn an_id_is_added_or_replaced_and_the_rest_stays() {
        for (before, after) in [
            ("", "HALO:5"),
            ("  ", "HALO:5"),
            ("ACME", "ACME | HALO:5"),
            ("ACME ", "ACME | HALO:5"),
            ("HALO:4", "HALO:5"),
            ("halo:4", "HALO:5"),
            ("HALO: 4 |ACME", "HALO:5 |ACME"),
            ("A | HALO:4 | CWM:1478", "A | HALO:5 | CWM:1478"),
            ("HALO:4 | A | HALO:9", "HALO:5 | A"),
            (
                "[AbCdEfGhIj]x - 01234567-89ab-cdef-0123-456789abcdef",
                "[AbCdEfGhIj]x - 01234567-89ab-cdef-0123-456789abcdef | HALO:5",
            ),
            ("HALO:", "HALO: | HALO:5"),
            ("nothalo:4", "nothalo:4 | HALO:5"),
        ] {
            assert_eq!(
                ExternalCode::new(before).with_halo_id("5").as_str(),
                after,
                "{before:?}"
            );
        }
    }

    #[test]
    fn ids_are_found_and_several_are_all_told() {
        assert_eq!(ExternalCode::new("PSA | HALO:2210").halo_ids(), ["2210"]);
        assert_eq!(ExternalCode::new("HALO:1|halo: 2").halo_ids(), ["1", "2"]);
        assert!(ExternalCode::new("HALOGEN 5").halo_ids().is_empty());
    }

    #[test]
    fn the_vendors_own_records_are_recognised() {
        assert!(
            ExternalCode::new("[AbCdEfGhIj]x - 01234567-89ab-cdef-0123-456789abcdef")
                .is_provisioned()
        );
        assert!(!ExternalCode::new("[AbCdEfGhIj]x - 01234567").is_provisioned());
        assert!(!ExternalCode::new("HALO:1").is_provisioned());
        assert!(is_recycle_bin("001AbCdEfGhIjKlMno- Recycle Bin"));
        assert!(!is_recycle_bin("Acme - Recycle Bin"));
    }

    proptest! {
        #[test]
        fn an_id_once_written_is_the_only_one_and_writing_it_again_changes_nothing(
            text in "([A-Za-z:0-9 é]{0,8}\\|?| HALO:[0-9]{1,3} \\|?){0,4}", id in 1u32..9999
        ) {
            let id = id.to_string();
            let once = ExternalCode::new(text).with_halo_id(&id);
            prop_assert_eq!(once.halo_ids(), vec![id.as_str()]);
            prop_assert_eq!(&once.with_halo_id(&id), &once);
        }
    }
}
