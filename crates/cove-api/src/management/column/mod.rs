//! The columns of device statistics: codes with names and units, one column whatever the notation.
//!
//! A code is `I<n>` (about the device), `D<nn>F<nn>` (a data source and a figure of it), `AA<n>` (made by people) or
//! one of two characters from before (documented). Both notations work, the answer uses the one that was asked in,
//! and a code that is not known or padded wrongly is dropped without an error (observed in public clients). So
//! requests carry padded codes, and answers are read by column, not by text.

mod device;
mod source;

use std::fmt;
use std::str::FromStr;

use api_core::{Error, ErrorKind};

pub use device::DeviceColumn;
pub use source::{DataSource, Figure};

use super::ids::CustomColumnId;

/// What a column's values are. On the wire all are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Text.
    Text,
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds since 1970 in UTC.
    Time,
    /// Seconds.
    Seconds,
    /// A number that stands for a word.
    Code,
    /// A digit for each of the last 28 days, newest right.
    ColorBar,
}

/// A column of device statistics.
///
/// The device's password (`I3`) has no column here: it cannot be asked for.
///
/// ```
/// use cove_api::management::{Column, DataSource, Figure};
///
/// let protected = Column::Source(DataSource::Total, Figure::ProtectedSize);
/// for code in ["D09F07", "D9F7", "T6"] {
///     assert_eq!(code.parse::<Column>()?, protected);
/// }
/// assert_eq!(protected.code(), "D09F07");
/// assert!("I3".parse::<Column>().is_err());
/// # Ok::<(), api_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Column {
    /// About the device.
    Device(DeviceColumn),
    /// A figure of a data source.
    Source(DataSource, Figure),
    /// Billable Microsoft 365 users, code `TM`: the figure that is billed by (observed in public clients). Whether it
    /// is the same as `D09F20` is not known, so the two are kept apart.
    M365Users,
    /// Made by people.
    Custom(CustomColumnId),
    /// Any other code.
    Other(OtherColumn),
}

/// A code that this version has no name for. Made by parsing a [`Column`], which refuses the password's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherColumn(String);

impl OtherColumn {
    /// The code.
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl Column {
    /// The code to ask with: the new notation, padded.
    pub fn code(&self) -> String {
        match self {
            Self::Device(column) => format!("I{}", column.number()),
            Self::Source(source, figure) => {
                format!("D{:02}F{:02}", source.number(), figure.number())
            }
            Self::M365Users => "TM".to_owned(),
            Self::Custom(id) => format!("AA{id}"),
            Self::Other(OtherColumn(code)) => code.clone(),
        }
    }

    /// What it says, in English.
    pub fn name(&self) -> String {
        match self {
            Self::Device(column) => column.name().to_owned(),
            Self::Source(source, figure) => format!("{}: {}", source.name(), figure.name()),
            Self::M365Users => "billable Microsoft 365 users".to_owned(),
            Self::Custom(id) => format!("custom column {id}"),
            Self::Other(OtherColumn(code)) => format!("column {code}"),
        }
    }

    /// What its values are.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Device(column) => column.unit(),
            Self::Source(_, figure) => figure.unit(),
            Self::M365Users => Unit::Count,
            Self::Custom(_) | Self::Other(_) => Unit::Text,
        }
    }

    /// Whether its values are secrets: the passphrase.
    pub(crate) fn is_secret(&self) -> bool {
        *self == Self::Device(DeviceColumn::Passphrase)
    }
}

impl FromStr for Column {
    type Err = Error;

    /// Reads a code in either notation, padded or not.
    ///
    /// # Errors
    /// `Config`, for the device's password and for what cannot be a code.
    fn from_str(code: &str) -> Result<Self, Error> {
        let code = code.trim();
        if code.is_empty() || code.len() > 32 || !code.bytes().all(|b| b.is_ascii_graphic()) {
            let message = "a column code is a few letters and digits, such as I14 or D09F07";
            return Err(Error::new(ErrorKind::Config, message));
        }
        if is_password(code) {
            return Err(Error::new(
                ErrorKind::Config,
                "the device's password is not asked for",
            ));
        }
        Ok(known(code).unwrap_or_else(|| Self::Other(OtherColumn(code.to_owned()))))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.code())
    }
}

impl From<DeviceColumn> for Column {
    fn from(column: DeviceColumn) -> Self {
        Self::Device(column)
    }
}

/// `I3` in all its spellings (documented), and `QW`, the same from before (assumed).
fn is_password(code: &str) -> bool {
    let digits = code.strip_prefix(['I', 'i']).unwrap_or_default();
    digits.parse::<u64>() == Ok(3) || code.eq_ignore_ascii_case("QW")
}

fn known(code: &str) -> Option<Column> {
    if code == "TM" {
        return Some(Column::M365Users);
    }
    if let Some(column) = DeviceColumn::from_legacy(code) {
        return Some(Column::Device(column));
    }
    if let Some(number) = code.strip_prefix('I').and_then(whole) {
        return DeviceColumn::from_number(number).map(Column::Device);
    }
    if let Some(id) = code.strip_prefix("AA").and_then(whole) {
        return Some(Column::Custom(CustomColumnId::new(i64::from(id))));
    }
    if let Some((source, figure)) = code.strip_prefix('D').and_then(|rest| rest.split_once('F')) {
        let source = DataSource::from_number(whole(source)?)?;
        return Some(Column::Source(source, Figure::from_number(whole(figure)?)?));
    }
    let mut characters = code.chars();
    let (prefix, suffix) = (characters.next()?, characters.next()?);
    if characters.next().is_some() {
        return None;
    }
    let source = DataSource::from_legacy(prefix)?;
    Some(Column::Source(source, Figure::from_legacy(suffix)?))
}

/// Digits and nothing else: no sign, no blank.
fn whole(digits: &str) -> Option<u32> {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests;
