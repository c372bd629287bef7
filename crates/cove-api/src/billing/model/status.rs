//! Status words, open: only one value of each was ever seen, so every other one is kept as it came.

use std::fmt;

use serde::de::{Deserialize, Deserializer};

macro_rules! status {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $(#[$vdoc:meta])* $text:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[$vdoc])*
            $variant,
            /// Any other word, as sent.
            Other(String),
        }

        impl $name {
            /// The status of a word; capitals and surrounding space do not count.
            pub fn new(word: &str) -> Self {
                if word.trim().eq_ignore_ascii_case($text) {
                    Self::$variant
                } else {
                    Self::Other(word.to_owned())
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::$variant => f.write_str($text),
                    Self::Other(word) => f.write_str(word),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = api_core::wire::opt_text(deserializer)?;
                Ok(Self::new(word.as_deref().unwrap_or_default()))
            }
        }
    };
}

status!(
    /// `Status` of an invoice.
    InvoiceStatus, Closed,
    /// The invoice is closed (documented).
    "CLOSED"
);
status!(
    /// `ApprovalStatus` of an invoice.
    ApprovalStatus, Approved,
    /// The invoice is approved (documented).
    "APPROVED"
);
status!(
    /// `ContractStatus` of a contract.
    ContractStatus, Active,
    /// The contract is active (documented).
    "ACTIVE"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_in_any_case_and_others_as_sent() {
        assert_eq!(InvoiceStatus::new(" closed "), InvoiceStatus::Closed);
        assert_eq!(
            InvoiceStatus::new("Draft"),
            InvoiceStatus::Other("Draft".into())
        );
        assert_eq!(ContractStatus::new("Active").to_string(), "ACTIVE");
        assert_eq!(
            serde_json::from_str::<ApprovalStatus>("\"Pending\"")
                .unwrap()
                .to_string(),
            "Pending"
        );
    }
}
