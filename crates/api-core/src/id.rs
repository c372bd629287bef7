//! Makes id types, one per thing, so that the id of one system's customer is never used as another's.

/// Defines newtypes for ids that are text.
///
/// They read from JSON text or whole numbers, trimmed, and never blank; they show as `Name("…")` in
/// `Debug` and as the bare text otherwise. Several may be defined at once, separated by `;`.
///
/// ```
/// api_core::text_id! {
///     /// A customer of the vendor.
///     CustomerId
/// }
///
/// let id: CustomerId = serde_json::from_str("2712428")?;
/// assert_eq!(id, CustomerId::new(" 2712428 "));
/// assert_eq!(format!("{id} {id:?}"), "2712428 CustomerId(\"2712428\")");
/// assert!("  ".parse::<CustomerId>().is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! text_id {
    ($($(#[$meta:meta])* $name:ident);+ $(;)?) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(::std::string::String);

        impl $name {
            /// Takes the text without the blanks around it.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().trim().to_owned())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::write!(f, "{}({:?})", ::std::stringify!($name), self.0)
            }
        }

        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                $crate::__private::checked_text(text, ::std::stringify!($name)).map(Self)
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::__private::text_id(deserializer).map(Self)
            }
        }
    )+};
}

/// Defines newtypes for ids that are whole numbers.
///
/// They read from JSON numbers (also `5.0`) and text, are written as numbers, and show as
/// `Name(5)` in `Debug`. Several may be defined at once, separated by `;`.
///
/// ```
/// api_core::int_id! {
///     /// A client of the PSA.
///     ClientId
/// }
///
/// let id: ClientId = serde_json::from_str("\" 12 \"")?;
/// assert_eq!((id.get(), serde_json::to_string(&id)?.as_str()), (12, "12"));
/// assert_eq!(format!("{id} {id:?}"), "12 ClientId(12)");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! int_id {
    ($($(#[$meta:meta])* $name:ident);+ $(;)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a number.
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::write!(f, "{}({})", ::std::stringify!($name), self.0)
            }
        }

        impl ::std::convert::From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                $crate::__private::checked_int(text, ::std::stringify!($name)).map(Self)
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::__private::int_id(deserializer).map(Self)
            }
        }
    )+};
}

/// What the macros call from other crates.
#[doc(hidden)]
pub mod private {
    use serde::Deserializer;
    use serde::de::Error as _;

    use crate::error::{Error, ErrorKind, Result};
    use crate::wire::{Scalar, opt_i64, scalar};

    pub use serde;

    pub fn checked_text(text: &str, name: &str) -> Result<String> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("a {name} cannot be blank"),
            ));
        }
        Ok(text.to_owned())
    }

    pub fn checked_int(text: &str, name: &str) -> Result<i64> {
        text.trim()
            .parse()
            .map_err(|error: std::num::ParseIntError| {
                Error::new(ErrorKind::Config, format!("a {name} is a whole number"))
                    .with_source(error)
            })
    }

    pub fn text_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let scalar = scalar(deserializer)?;
        let text = match &scalar {
            Scalar::Text(text) => text.trim().to_owned(),
            Scalar::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => String::new(),
        };
        if text.is_empty() {
            let expected = "an id: text that is not blank, or a whole number";
            return Err(D::Error::invalid_value(scalar.unexpected(), &expected));
        }
        Ok(text)
    }

    pub fn int_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        opt_i64(deserializer)?
            .ok_or_else(|| D::Error::custom("expected a whole number, got nothing"))
    }
}
