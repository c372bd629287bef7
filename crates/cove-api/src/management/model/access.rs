//! Users, their roles, and what they did.

use serde::{Deserialize, Serialize};

use crate::management::fields::Extra;
use crate::management::ids::{PartnerId, UnixTime, UserId};

/// A user. Its password never comes (documented: always null), and is not kept if it does.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct User {
    /// Its id.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub id: Option<UserId>,
    /// The customer it belongs to, whose subtree is all it sees.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub partner_id: Option<PartnerId>,
    /// Its login name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// Its role: 1 SuperUser, 2 Administrator, 3 Manager, 4 Operator, 5 Supporter, 6 Reporter, 7 Notifier, or one
    /// of the customer's own (documented).
    #[serde(deserialize_with = "api_core::wire::opt_i64")]
    pub role_id: Option<i64>,
    /// Its e-mail address.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub email_address: Option<String>,
    /// First name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub first_name: Option<String>,
    /// Full name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub full_name: Option<String>,
    /// Marks such as `NonInteractive` and `AllowApiAuthentication`.
    #[serde(deserialize_with = "super::super::fields::list")]
    pub flags: Vec<String>,
    /// First login.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub first_login_time: Option<UnixTime>,
    /// Last login.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub last_login_time: Option<UnixTime>,
    /// `Undefined`, `Disabled` or `Enabled`; sometimes missing (documented).
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub two_factor_authentication_status: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserRole {
    /// Its number.
    #[serde(deserialize_with = "api_core::wire::opt_i64")]
    pub id: Option<i64>,
    /// Its name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
}

/// Which actions to list. `Undefined` matches anything (assumed).
#[derive(Debug, Clone, PartialEq)]
pub struct AuditQuery {
    /// Whose actions.
    pub partner: PartnerId,
    /// From when.
    pub from: UnixTime,
    /// Until when.
    pub to: UnixTime,
    /// On what: `Account`, `Partner`, `User`.
    pub entity: String,
    /// Which: `Add`, `Modify`, `Remove`.
    pub operation: String,
    /// At most so many.
    pub limit: u32,
    /// Also those of customers below.
    pub below: bool,
    /// Newest first.
    pub newest_first: bool,
}

impl AuditQuery {
    /// Everything in a time, at most 1,000 actions, newest first, customers below included.
    pub fn new(partner: PartnerId, from: UnixTime, to: UnixTime) -> Self {
        let undefined = || "Undefined".to_owned();
        Self {
            partner,
            from,
            to,
            entity: undefined(),
            operation: undefined(),
            limit: 1000,
            below: true,
            newest_first: true,
        }
    }

    /// The parameters as the method takes them.
    pub(crate) fn params(&self) -> impl Serialize + Sync + use<> {
        let Self {
            partner,
            from,
            to,
            entity,
            operation,
            limit,
            below,
            newest_first,
        } = self.clone();
        serde_json::json!({
            "actionInfo": {
                "Entity": entity, "Operation": operation, "Result": "Undefined", "PartnerId": partner, "UserId": 0,
                "EntityPartnerId": 0, "ErrorCode": "Undefined", "Details": "", "Timestamp": 0,
            },
            "from": from, "to": to, "countLimit": limit, "includeAllSubPartners": below, "reverseOrder": newest_first,
        })
    }
}

/// An action with the names that belong to it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuditEntry {
    /// The action.
    #[serde(rename = "AuditActionInfo")]
    pub action: AuditAction,
    /// The customer of the user.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub partner_name: Option<String>,
    /// The user.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub user_name: Option<String>,
    /// The kind of thing in words.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub entity_name: Option<String>,
    /// The operation in words.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub operation_name: Option<String>,
    /// The result in words.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub result_name: Option<String>,
}

/// Who did what to what, when.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuditAction {
    /// When.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub timestamp: Option<UnixTime>,
    /// The customer whose thing it was.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub entity_partner_id: Option<PartnerId>,
    /// The kind of thing.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub entity: Option<String>,
    /// The customer of the user.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub partner_id: Option<PartnerId>,
    /// The user.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub user_id: Option<UserId>,
    /// What was done.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub operation: Option<String>,
    /// `Succeeded` or `Restricted`.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub result: Option<String>,
    /// How it failed.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub error_code: Option<String>,
    /// More.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub details: Option<String>,
}
