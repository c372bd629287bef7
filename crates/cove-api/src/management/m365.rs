//! The protected users of a Microsoft 365 tenant, one by one: the detail behind the number of billable users.
//!
//! Undocumented (observed in public clients): the call may answer that it is not there.

use api_core::wire::{Guarded, guarded_list};
use api_core::{Call, Error, ErrorKind, Result};
use serde::Deserialize;

use super::client::ManagementClient;
use super::fields::Extra;
use super::ids::DeviceId;

/// A user of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProtectedUser {
    /// The user's id.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub user_id: Option<String>,
    /// The user's name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub display_name: Option<String>,
    /// The user's address.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub email_address: Option<String>,
    /// Whether the mailbox is a shared one.
    #[serde(deserialize_with = "api_core::wire::opt_bool_ish")]
    pub shared: Option<bool>,
    /// Whether the user is gone from the tenant.
    #[serde(deserialize_with = "api_core::wire::opt_bool_ish")]
    pub deleted: Option<bool>,
    /// What is backed up, in no particular order.
    #[serde(deserialize_with = "super::fields::list")]
    pub data_sources: Vec<UserDataSource>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One thing that is backed up of a user.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserDataSource {
    /// Which: `Exchange`, `OneDrive`, `SharePoint`, `Teams` (assumed).
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub id: Option<String>,
    /// Whether it is licensed.
    #[serde(deserialize_with = "api_core::wire::opt_bool_ish")]
    pub licensed: Option<bool>,
    /// Its state; contains `unprotected` when it is not protected (observed in public clients).
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub status: Option<String>,
}

impl ProtectedUser {
    /// Whether this user is billed: a protected mailbox that is not shared, or protected OneDrive, SharePoint or Teams
    /// (documented). Data sources are told apart by their id, never by their place.
    pub fn is_billable(&self) -> bool {
        let protected = |id: &str| {
            self.data_sources
                .iter()
                .any(|source| source.is(id) && source.is_protected())
        };
        let mailbox = ["Exchange", "Mailbox"].into_iter().any(protected);
        (mailbox && self.shared != Some(true))
            || ["OneDrive", "SharePoint", "Teams"]
                .into_iter()
                .any(protected)
    }
}

impl UserDataSource {
    fn is(&self, id: &str) -> bool {
        self.id
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(id))
    }

    fn is_protected(&self) -> bool {
        let status = self
            .status
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        status.contains("protected") && !status.contains("unprotected")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(deserialize_with = "guarded_list")]
    device_statistics: Vec<Guarded<ProtectedUser>>,
}

impl ManagementClient {
    /// The users of a tenant, those that are deleted but still kept included.
    ///
    /// # Errors
    /// As any call; `NotFound` when the tenant or the whole service is not there.
    pub async fn protected_users(&self, tenant: DeviceId) -> Result<Vec<Guarded<ProtectedUser>>> {
        const OPERATION: &str = "c2c.statistics";
        if tenant.get() <= 0 {
            return Err(
                Error::new(ErrorKind::Config, "a device id is a positive number")
                    .with_operation(OPERATION),
            );
        }
        let id = tenant.to_string();
        let call = Call::get(OPERATION, &["c2c", "statistics", "devices", "id", &id])
            .query([("expand", "deleted,licensed")]);
        let answer: Answer = self.ask_side(call).await?.json()?;
        Ok(answer.device_statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::ProtectedUser;
    use serde_json::json;

    fn billable(value: serde_json::Value) -> bool {
        serde_json::from_value::<ProtectedUser>(value)
            .unwrap()
            .is_billable()
    }

    #[test]
    fn cv09_data_sources_are_read_by_id_whatever_their_order() {
        let mailbox = json!({"id": "Exchange", "status": "protected"});
        let drive = json!({"id": "OneDrive", "status": "unprotected"});
        for sources in [json!([mailbox, drive]), json!([drive, mailbox])] {
            assert!(billable(json!({"shared": false, "dataSources": sources})));
            assert!(!billable(json!({"shared": true, "dataSources": sources})));
        }
        assert!(billable(
            json!({"shared": true, "dataSources": [{"id": "oneDrive", "status": "Protected"}]})
        ));
        assert!(!billable(
            json!({"dataSources": [{"id": "New", "status": "protected"}]})
        ));
        assert!(!billable(json!({"dataSources": null})));
        assert!(!billable(json!({"dataSources": [{"id": "Exchange"}]})));
    }
}
