//! Methods about devices as records: what they are, not what they hold.

use std::collections::BTreeMap;

use api_core::Result;
use api_core::wire::Guarded;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::ManagementClient;
use super::ids::{CustomColumnId, DeviceId, PartnerId};
use super::model::{Account, AccountDetails, RemoteAccessEndpoint};

impl ManagementClient {
    /// The devices of a customer, not of those below it. Closed to some users (observed in public clients);
    /// [`device_statistics`](Self::device_statistics) lists devices too.
    ///
    /// # Errors
    /// As any call.
    pub async fn accounts(&self, partner: PartnerId) -> Result<Vec<Guarded<Account>>> {
        self.list("EnumerateAccounts", &json!({"partnerId": partner}))
            .await
    }

    /// A device by its id.
    ///
    /// # Errors
    /// As any call.
    pub async fn account(&self, device: DeviceId) -> Result<AccountDetails> {
        const METHOD: &str = "GetAccountInfoById";
        let (account, home_node) = self
            .call_with_out(METHOD, &json!({"accountId": device}), "homeNodeInfo")
            .await?;
        Ok(AccountDetails { account, home_node })
    }

    /// A device by its id, also when it was removed.
    ///
    /// # Errors
    /// As any call.
    pub async fn account_with_removed(&self, device: DeviceId) -> Result<Account> {
        self.call(
            "GetAccountInfoByIdWithRemoved",
            &json!({"accountId": device}),
        )
        .await
    }

    /// Devices that were removed, by their ids.
    ///
    /// # Errors
    /// As any call.
    pub async fn removed_accounts(&self, devices: &[DeviceId]) -> Result<Vec<Guarded<Account>>> {
        self.list(
            "EnumerateRemovedAccountsByIds",
            &json!({"accountIds": devices}),
        )
        .await
    }

    /// The ways to a device's own console.
    ///
    /// # Errors
    /// As any call.
    pub async fn remote_access_endpoints(
        &self,
        device: DeviceId,
    ) -> Result<Vec<Guarded<RemoteAccessEndpoint>>> {
        self.list(
            "EnumerateAccountRemoteAccessEndpoints",
            &json!({"accountId": device}),
        )
        .await
    }

    /// A device's values in custom columns.
    ///
    /// # Errors
    /// As any call; `Decode` for a column that is no number.
    pub async fn custom_column_values(
        &self,
        device: DeviceId,
    ) -> Result<BTreeMap<CustomColumnId, String>> {
        let pairs: Option<Vec<(CustomColumnId, Text)>> = self
            .call(
                "GetAccountCustomColumnValues",
                &json!({"accountId": device}),
            )
            .await?;
        Ok(pairs
            .unwrap_or_default()
            .into_iter()
            .map(|(column, Text(text))| (column, text))
            .collect())
    }

    /// Writes values into a device's custom columns. Sent once.
    ///
    /// # Errors
    /// As any call; when the answer is lost, the outcome is unknown: read the values.
    pub async fn set_custom_column_values(
        &self,
        device: DeviceId,
        values: &BTreeMap<CustomColumnId, String>,
    ) -> Result<()> {
        // A map is a list of pairs here (observed in public clients).
        let values: Vec<(CustomColumnId, &str)> = values
            .iter()
            .map(|(column, text)| (*column, text.as_str()))
            .collect();
        let params = json!({"accountId": device, "values": values});
        self.ask("UpdateAccountCustomColumnValues", &params)
            .await
            .map(drop)
    }
}

/// Text that may be null, kept as it is.
#[derive(Deserialize)]
#[serde(from = "Value")]
struct Text(String);

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        Self(match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        })
    }
}
