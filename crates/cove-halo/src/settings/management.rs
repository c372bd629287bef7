//! `[cove.management]`: where live counts come from, and what they are billed by, where contracts differ or nobody knows.

use super::SettingsError;
use cove_api::management::billable::{
    FairUse, FairUsePool, Gigabyte, Misplaced, Policy, Servers, Trials, UndefinedPhysicality,
};
use cove_api::management::{Column, DEFAULT_BASE_URL};
use serde::{Deserialize, Serialize};

/// `[cove.management]`: for `source = "management"` only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManagementSettings {
    /// Address of Cove's JSON-RPC API, path included.
    pub base_url: String,
    /// Whether the contract tells physical from virtual servers.
    pub servers: ServersSetting,
    /// What to make of a server that is neither physical nor virtual.
    pub undefined_physicality: PhysicalitySetting,
    /// Gigabytes that are free for each physical server.
    pub fair_use_physical_server: u32,
    /// Gigabytes that are free for each virtual server.
    pub fair_use_virtual_server: u32,
    /// Gigabytes that are free for each workstation.
    pub fair_use_workstation: u32,
    /// Whether one device's unused gigabytes help another.
    pub fair_use_pool: PoolSetting,
    /// What a gigabyte is.
    pub gigabyte: GigabyteSetting,
    /// Additional gigabytes below this are not billed: per device, or per customer when pooled.
    pub minimum_additional: u32,
    /// What to do with customers on trial.
    pub trials: InclusionSetting,
    /// What to do with usage that no end customer stands above.
    pub misplaced: MisplacedSetting,
    /// What to do with customers that are the vendor's recycle bin.
    pub recycle_bin: InclusionSetting,
    /// What to do with customers that the vendor provisioned.
    pub provisioned: InclusionSetting,
    /// The product whose workstations are billed as documents.
    pub documents_product: String,
    /// Code of the column that holds the billable Microsoft 365 users.
    pub users_column: String,
}

impl Default for ManagementSettings {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            servers: ServersSetting::Split,
            undefined_physicality: PhysicalitySetting::Unclassified,
            fair_use_physical_server: 0,
            fair_use_virtual_server: 0,
            fair_use_workstation: 0,
            fair_use_pool: PoolSetting::PerDevice,
            gigabyte: GigabyteSetting::Binary,
            minimum_additional: 0,
            trials: InclusionSetting::Exclude,
            misplaced: MisplacedSetting::Report,
            recycle_bin: InclusionSetting::Exclude,
            provisioned: InclusionSetting::Exclude,
            documents_product: "Documents".to_owned(),
            users_column: "TM".to_owned(),
        }
    }
}

/// Whether the contract tells physical from virtual servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServersSetting {
    /// Two services.
    Split,
    /// One service.
    Combined,
}

/// What to make of a server that is neither physical nor virtual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhysicalitySetting {
    /// Its customer is an exception.
    Unclassified,
    /// Count it as physical.
    Physical,
    /// Count it as virtual.
    Virtual,
}

/// Whether one device's unused gigabytes help another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolSetting {
    /// No.
    PerDevice,
    /// Yes, within a customer.
    PerCustomer,
}

/// What a gigabyte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GigabyteSetting {
    /// 1,073,741,824 bytes.
    Binary,
    /// 1,000,000,000 bytes.
    Decimal,
}

/// Whether something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InclusionSetting {
    /// It is.
    Include,
    /// It is left out.
    Exclude,
}

/// What to do with usage that no end customer stands above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MisplacedSetting {
    /// It is an exception.
    Report,
    /// Count it for the partner it hangs at.
    BillHolder,
}

impl ManagementSettings {
    /// The policy of the client's classification.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            servers: match self.servers {
                ServersSetting::Split => Servers::Split,
                ServersSetting::Combined => Servers::Combined,
            },
            undefined_physicality: match self.undefined_physicality {
                PhysicalitySetting::Unclassified => UndefinedPhysicality::Unclassified,
                PhysicalitySetting::Physical => UndefinedPhysicality::Physical,
                PhysicalitySetting::Virtual => UndefinedPhysicality::Virtual,
            },
            fair_use: FairUse::gigabytes(
                self.fair_use_physical_server,
                self.fair_use_virtual_server,
                self.fair_use_workstation,
            ),
            pool: match self.fair_use_pool {
                PoolSetting::PerDevice => FairUsePool::PerDevice,
                PoolSetting::PerCustomer => FairUsePool::PerCustomer,
            },
            gigabyte: match self.gigabyte {
                GigabyteSetting::Binary => Gigabyte::Binary,
                GigabyteSetting::Decimal => Gigabyte::Decimal,
            },
            minimum_additional: self.minimum_additional.into(),
            trials: match self.trials {
                InclusionSetting::Include => Trials::Include,
                InclusionSetting::Exclude => Trials::Exclude,
            },
            misplaced: match self.misplaced {
                MisplacedSetting::Report => Misplaced::Report,
                MisplacedSetting::BillHolder => Misplaced::BillHolder,
            },
            skip_recycle_bin: self.recycle_bin == InclusionSetting::Exclude,
            skip_provisioned: self.provisioned == InclusionSetting::Exclude,
            documents_product: self.documents_product.clone(),
            // Live statistics list no deleted devices, so there is nothing to decide about them.
            ..Policy::default()
        }
    }

    /// The column of the Microsoft 365 users.
    pub(crate) fn users_column(&self) -> Result<Column, SettingsError> {
        self.users_column.parse().map_err(|error: api_core::Error| {
            SettingsError::new(format!("cove.management.users_column: {}", error.message()))
                .with_hint("the usual one is TM")
        })
    }
}
