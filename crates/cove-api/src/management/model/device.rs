//! Devices as records of their own, which the API calls accounts. What they hold and cost is in the statistics.

use api_core::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::management::fields::Extra;
use crate::management::ids::{DeviceId, PartnerId, ProductId, UnixTime};
use crate::management::open_enum::open_enum;

open_enum! {
    /// What kind of thing is backed up (documented in the schema).
    AccountKind {
        /// A computer.
        BackupManager,
        /// A Microsoft 365 tenant.
        Office365,
        /// A Google Workspace tenant.
        GSuite,
    }
}

/// A device. It holds two secrets, which no output shows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Account {
    /// Its id.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub id: Option<DeviceId>,
    /// Its name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// The name people gave it.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name_alias: Option<String>,
    /// The device's password: a secret.
    #[serde(deserialize_with = "super::super::fields::opt_secret")]
    pub password: Option<SecretString>,
    /// The device's token: a secret.
    #[serde(deserialize_with = "super::super::fields::opt_secret")]
    pub token: Option<SecretString>,
    /// What kind of thing it is.
    #[serde(rename = "Type", deserialize_with = "super::super::fields::opt")]
    pub kind: Option<AccountKind>,
    /// The customer it belongs to.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub partner_id: Option<PartnerId>,
    /// Its product.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub product_id: Option<ProductId>,
    /// When it was created.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub creation_time: Option<UnixTime>,
    /// When it expires; 0 is never.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub expiration_time: Option<UnixTime>,
    /// When it was removed.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub removal_time: Option<UnixTime>,
    /// Marks of the service.
    #[serde(deserialize_with = "super::super::fields::list")]
    pub flags: Vec<String>,
    /// `Disabled`, `RecoveryTesting` or `StandbyImage`.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub continuity_enabled: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A device and where its data is.
#[derive(Debug, Clone, Default)]
pub struct AccountDetails {
    /// The device.
    pub account: Account,
    /// Its storage node, as sent.
    pub home_node: Option<Value>,
}

/// A way to a device's own console.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RemoteAccessEndpoint {
    /// The installation.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub installation_id: Option<String>,
    /// What it was installed for.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub installation_mode: Option<String>,
    /// The computer's name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub machine_name: Option<String>,
    /// Its address; its host is the device's storage node.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub web_rcg_url: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
