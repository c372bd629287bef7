//! Customers, which the API calls partners.

use serde::{Deserialize, Serialize};

use crate::management::fields::Extra;
use crate::management::ids::{PartnerId, UnixTime};
use crate::management::open_enum::open_enum;

open_enum! {
    /// Where a customer stands in the tree (documented; `ServiceOrganization` observed in public clients).
    PartnerLevel {
        /// The vendor.
        Root,
        /// Below the vendor.
        SubRoot,
        /// A distributor.
        Distributor,
        /// A distributor's distributor.
        SubDistributor,
        /// An MSP.
        Reseller,
        /// A part of an MSP.
        ServiceOrganization,
        /// Who is billed.
        EndCustomer,
        /// A place of an end customer; billed with it.
        Site,
    }
}

open_enum! {
    /// Where a customer is in its life (documented).
    PartnerState {
        /// Just created.
        Registered,
        /// Billed.
        InProduction,
        /// Turned down.
        Rejected,
        /// On trial.
        InTrial,
        /// Switched off.
        NotActive,
        /// Soon in production.
        WaitingForProduction,
        /// The trial is over.
        Expired,
    }
}

open_enum! {
    /// Who stores the data (documented).
    ServiceType {
        /// The vendor.
        AllInclusive,
        /// The customer.
        SoftwareOnly,
    }
}

/// A customer. Id and parent always come; of the rest, what was asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PartnerInfo {
    /// Its id.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub id: Option<PartnerId>,
    /// The customer above it.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub parent_id: Option<PartnerId>,
    /// Its display name. Two customers may have the same.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// Where it stands in the tree.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub level: Option<PartnerLevel>,
    /// What its own customers may have.
    #[serde(deserialize_with = "super::super::fields::list")]
    pub child_service_types: Vec<ServiceType>,
    /// Who stores its data.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub service_type: Option<ServiceType>,
    /// Where it is in its life.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub state: Option<PartnerState>,
    /// Where its data is stored.
    #[serde(deserialize_with = "api_core::wire::opt_i64")]
    pub location_id: Option<i64>,
    /// Marks of the service.
    #[serde(deserialize_with = "super::super::fields::list")]
    pub flags: Vec<String>,
    /// The console's "customer reference"; see [`ExternalCode`](crate::management::ExternalCode).
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub external_code: Option<String>,
    /// Legal name and address.
    pub company: Option<Company>,
    /// When it was created.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub creation_time: Option<UnixTime>,
    /// When its trial began.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub trial_registration_time: Option<UnixTime>,
    /// When its trial ends; 0 is never.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub trial_expiration_time: Option<UnixTime>,
    /// Sender of its mail.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub mail_from: Option<String>,
    /// Its id as text that is unique everywhere.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub uid: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A customer's legal side.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Company {
    /// Its name in the register.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub legal_company_name: Option<String>,
    /// Its VAT number.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub vat_number: Option<String>,
    /// Its telephone number.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub phone_number: Option<String>,
    /// Its web site.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub website_address: Option<String>,
    /// Where it gets mail.
    pub post_address: Option<PostAddress>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PostAddress {
    /// Street and number.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub address: Option<String>,
    /// City.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub city: Option<String>,
    /// Country.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub country: Option<String>,
    /// District.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub district: Option<String>,
    /// State or province.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub zip_code: Option<String>,
}

/// A customer and those below it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PartnerTree {
    /// The customer.
    pub info: PartnerInfo,
    /// How many children it has, listed here or not.
    #[serde(deserialize_with = "api_core::wire::opt_u64_ish")]
    pub actual_child_count: Option<u64>,
    /// Those that are listed; `None` when none were asked for.
    pub children: Option<Vec<PartnerTree>>,
}

/// Which children to list, and how; everything left out is not sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TreeQuery {
    /// Skip so many and list so many; without it the answer holds no children (documented).
    pub range: Option<(u64, u64)>,
    /// Only these.
    pub filter: PartnerFilter,
}

/// Which customers to list (documented in the schema).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PartnerFilter {
    /// Only in these states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<PartnerState>,
    /// Only of these levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<PartnerLevel>,
    /// Only with a name like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_pattern: Option<String>,
    /// Only with an external code like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_code_pattern: Option<String>,
    /// `ById`, `ByName`, `ByLevelAndName` or `ByCreationTime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<String>,
}

/// A customer as it was at a moment; on the wire a pair.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "(PartnerInfo, VersionStamp)")]
pub struct PartnerVersion {
    /// The customer.
    pub info: PartnerInfo,
    /// Since when it was like this.
    pub timestamp: Option<UnixTime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct VersionStamp {
    #[serde(deserialize_with = "super::super::fields::opt")]
    timestamp: Option<UnixTime>,
}

impl From<(PartnerInfo, VersionStamp)> for PartnerVersion {
    fn from((info, VersionStamp { timestamp }): (PartnerInfo, VersionStamp)) -> Self {
        Self { info, timestamp }
    }
}

/// A customer that was removed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PartnerRemoval {
    /// The customer as it was.
    pub info: PartnerInfo,
    /// When it was removed.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub removal_timestamp: Option<UnixTime>,
}

/// A customer's change of state.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StateChange {
    /// When.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub timestamp: Option<UnixTime>,
    /// Who.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub partner_id: Option<PartnerId>,
    /// From what.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub old_state: Option<PartnerState>,
    /// To what.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub new_state: Option<PartnerState>,
    /// Why.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub reason: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
