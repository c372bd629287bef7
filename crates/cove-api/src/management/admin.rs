//! Methods about users, what they did, columns, products and the server.

use api_core::Result;
use api_core::wire::Guarded;
use serde_json::json;

use super::client::ManagementClient;
use super::fields;
use super::ids::PartnerId;
use super::model::{
    AuditEntry, AuditQuery, ColumnInfo, CustomColumn, Products, ServerInfo, User, UserRole,
};

impl ManagementClient {
    /// The users of these customers.
    ///
    /// # Errors
    /// As any call.
    pub async fn users(&self, partners: &[PartnerId]) -> Result<Vec<Guarded<User>>> {
        self.list("EnumerateUsers", &json!({"partnerIds": partners}))
            .await
    }

    /// The roles that users of a customer can have.
    ///
    /// # Errors
    /// As any call.
    pub async fn user_roles(&self, partner: PartnerId) -> Result<Vec<Guarded<UserRole>>> {
        self.list("EnumerateUserRoles", &json!({"partnerId": partner}))
            .await
    }

    /// What users did. An answer with [`AuditQuery::limit`] entries may be cut: ask for a shorter time.
    ///
    /// # Errors
    /// As any call.
    pub async fn audit_actions(&self, query: &AuditQuery) -> Result<Vec<Guarded<AuditEntry>>> {
        self.list("EnumerateAuditActions", &query.params()).await
    }

    /// The columns that statistics can be asked for.
    ///
    /// # Errors
    /// As any call.
    pub async fn columns(&self, partner: PartnerId) -> Result<Vec<Guarded<ColumnInfo>>> {
        self.list("EnumerateColumns", &json!({"partnerId": partner}))
            .await
    }

    /// The columns that people made.
    ///
    /// # Errors
    /// As any call.
    pub async fn custom_columns(&self, partner: PartnerId) -> Result<Vec<Guarded<CustomColumn>>> {
        self.list("EnumerateCustomColumns", &json!({"partnerId": partner}))
            .await
    }

    /// The products of a customer, with those it has from above.
    ///
    /// # Errors
    /// As any call.
    pub async fn products(&self, partner: PartnerId) -> Result<Products> {
        const METHOD: &str = "EnumerateProducts";
        let outcome = self
            .ask(
                METHOD,
                &json!({"partnerId": partner, "currentPartnerOnly": false}),
            )
            .await?;
        let restrictions: Option<fields::Pairs> = outcome.out(METHOD, "restrictions")?;
        Ok(Products {
            products: outcome.list(METHOD)?,
            restrictions: restrictions.unwrap_or_default().0,
        })
    }

    /// The server's version: the cheapest proof that the credentials work.
    ///
    /// # Errors
    /// As any call.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        self.call("GetServerInfo", &()).await
    }
}
