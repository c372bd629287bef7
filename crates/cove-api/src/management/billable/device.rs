//! A device as far as billing cares, whatever it was read from.

use api_core::wire::parse_decimal;
use rust_decimal::Decimal;

use crate::management::column::{Column, DataSource, DeviceColumn, Figure};
use crate::management::ids::{DeviceId, PartnerId};
use crate::management::statistics::DeviceRow;

/// A device as far as billing cares.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// The customer it belongs to; may be a site.
    pub partner: PartnerId,
    /// What kind of account it is; `None` where the source does not say.
    pub kind: Option<DeviceKind>,
    /// The kind of its operating system.
    pub os: OsKind,
    /// Whether it is physical or virtual.
    pub physicality: Option<Physicality>,
    /// Its product.
    pub product: Option<String>,
    /// Its selected size.
    pub selected: Option<Size>,
    /// Its billable Microsoft 365 users.
    pub m365_users: Option<Decimal>,
    /// Its recovery testing, as text: 0 none, 1 recovery testing, 2 standby image, `True`.
    pub recovery: Option<String>,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// What kind of account a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A computer.
    Computer,
    /// A tenant in a cloud.
    Tenant,
}

/// The kind of an operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OsKind {
    /// Not known: a tenant, or never installed.
    #[default]
    Undefined,
    /// A workstation.
    Workstation,
    /// A server.
    Server,
}

/// Whether a computer is physical or virtual.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Physicality {
    /// Physical.
    Physical,
    /// Virtual.
    Virtual,
    /// Something else: not guessed.
    Other(String),
}

/// A size as it is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    /// In bytes.
    Bytes(Decimal),
    /// In gigabytes of a kind that is not known.
    Gigabytes(Decimal),
}

impl OsKind {
    /// Reads `1`, `2`, `0` or the words.
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "workstation" => Self::Workstation,
            "2" | "server" => Self::Server,
            _ => Self::Undefined,
        }
    }
}

impl Physicality {
    /// Reads the words; `Undefined` and blank are `None`. Numbers are not guessed.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "physical" => Some(Self::Physical),
            "virtual" => Some(Self::Virtual),
            "" | "undefined" => None,
            _ => Some(Self::Other(text.trim().to_owned())),
        }
    }
}

impl Device {
    /// A device from live statistics, or from those of a moment. Users are read from `users`, normally
    /// [`Column::M365Users`]; they are never summed from several columns, because one user is in many of them.
    pub fn from_row(row: &DeviceRow, users: &Column) -> Self {
        let settings = &row.settings;
        let text = |column: DeviceColumn| settings.text(&column.into());
        let kind = match text(DeviceColumn::AccountType) {
            Some("1") => Some(DeviceKind::Computer),
            Some("2") => Some(DeviceKind::Tenant),
            _ => None,
        };
        let selected = Column::Source(DataSource::Total, Figure::SelectedSize);
        Self {
            id: row.device_id,
            partner: row.partner_id,
            kind,
            os: text(DeviceColumn::OsType)
                .map(OsKind::parse)
                .unwrap_or_default(),
            physicality: text(DeviceColumn::Physicality).and_then(Physicality::parse),
            product: text(DeviceColumn::Product).map(str::to_owned),
            selected: settings.decimal(&selected).map(Size::Bytes),
            m365_users: settings.decimal(users),
            recovery: text(DeviceColumn::RecoveryTesting).map(str::to_owned),
            deleted: false,
        }
    }

    /// The same device, deleted.
    #[must_use]
    pub fn deleted(mut self) -> Self {
        self.deleted = true;
        self
    }

    /// Whether recovery testing is on; an error for what cannot be read.
    pub(super) fn recovers(&self) -> Result<bool, ()> {
        match self
            .recovery
            .as_deref()
            .map(|text| text.trim().to_ascii_lowercase())
            .as_deref()
        {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(number) => parse_decimal(number)
                .map(|number| number >= Decimal::ONE)
                .ok_or(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Device, Physicality};
    use crate::management::Column;
    use crate::management::statistics::DeviceRow;

    #[test]
    fn physicality_is_read_from_words_and_no_number_is_guessed() {
        let other = |text: &str| Some(Physicality::Other(text.to_owned()));
        for (value, expected) in [
            (json!("Physical"), Some(Physicality::Physical)),
            (json!(" virtual "), Some(Physicality::Virtual)),
            (json!("Undefined"), None),
            (json!(""), None),
            (json!("1"), other("1")),
            (json!(1), other("1")),
            (json!(2), other("2")),
            (json!(0), other("0")),
            (json!("Container"), other("Container")),
        ] {
            let row = json!({"AccountId": 1, "PartnerId": 2, "Settings": [{"I81": value}]});
            let row: DeviceRow = serde_json::from_value(row).unwrap();
            let device = Device::from_row(&row, &Column::M365Users);
            assert_eq!(device.physicality, expected, "{value}");
        }
    }
}
