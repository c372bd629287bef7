//! Ids as types of their own, so that a vendor's customer can never be passed where a PSA client is meant.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text, without surrounding white space.
            pub fn new(value: impl AsRef<str>) -> Self {
                Self(value.as_ref().trim().to_owned())
            }

            /// The text as it is compared and shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// True when nothing but white space was given.
            pub fn is_blank(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self::new(value)
            }
        }
    };
}

macro_rules! number_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps the number.
            pub const fn new(value: i64) -> Self {
                Self(value)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

text_newtype! {
    /// The vendor's id of an end customer. Opaque.
    CustomerId
}
text_newtype! {
    /// The vendor's id of a contract. Opaque.
    ContractId
}
text_newtype! {
    /// A billing service as the vendor names it, for example `Cove Data Protection | Server`.
    ServiceName
}
text_newtype! {
    /// Identifies a plan by its content: two equal plans have the same id, an edited plan has another.
    PlanId
}
text_newtype! {
    /// Identifies one run of apply. Unique.
    RunId
}
number_newtype! {
    /// The PSA's id of a client (the PSA side's word for a customer).
    ClientId
}
number_newtype! {
    /// The PSA's id of a subscription record.
    LicenceId
}

/// What a count is kept for: one subscription name under one client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The client.
    pub client: ClientId,
    /// The subscription's exact name.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}, {}", self.client, self.name)
    }
}
