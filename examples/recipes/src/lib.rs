//! What would be different in your program: addresses and credentials. Here they are the sandbox's, and this is the only
//! place where a recipe and a program for production differ.

use anyhow::Result;
use cove_api::billing::{AccountId, BillingClient};
use cove_api::management::ManagementClient;
use cove_halo::{Secrets, Settings};
use halopsa_api::HaloClient;
use sandbox::Sandbox;

/// The month the recipes are about.
pub const MONTH: &str = "202610";

/// Stand-ins of both services on this machine: the same world each time.
///
/// # Errors
/// When no port can be had.
pub async fn start() -> Result<Sandbox> {
    Ok(Sandbox::builder().seed(7).period(202_610).start().await?)
}

/// A HaloPSA client. In production: your tenant's address, and the API application's id and secret.
///
/// # Errors
/// When the settings cannot be used.
pub fn halo(sandbox: &Sandbox) -> Result<HaloClient> {
    Ok(HaloClient::builder(
        &sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .build()?)
}

/// A client of the N-able Billing API. In production: `cove_api::billing::DEFAULT_BASE_URL`, your account id (`sfdcid`) and key.
///
/// # Errors
/// When the settings cannot be used.
pub fn billing(sandbox: &Sandbox) -> Result<BillingClient> {
    Ok(BillingClient::builder(
        &sandbox.billing_url(),
        AccountId::new(sandbox::ACCOUNT_ID),
        sandbox::API_KEY.into(),
    )
    .build()?)
}

/// A client of Cove's JSON-RPC API. In production: no `base_url`, your customer's name, the API user and its token.
///
/// # Errors
/// When the settings cannot be used.
pub fn management(sandbox: &Sandbox) -> Result<ManagementClient> {
    Ok(ManagementClient::builder(
        sandbox::MANAGEMENT_PARTNER,
        sandbox::MANAGEMENT_USER,
        sandbox::MANAGEMENT_PASSWORD.into(),
    )
    .base_url(&sandbox.management_url())
    .build()?)
}

/// The settings of a sync. In production: a file, read by `Settings::load`.
///
/// # Errors
/// When a setting cannot be used.
pub fn settings(sandbox: &Sandbox) -> Result<Settings> {
    let text = format!(
        r#"
        [cove]
        base_url = "{}"
        account_id = "{}"
        [halo]
        base_url = "{}"
        customer_field = "CoveCustomerId"
        [[rule]]
        service = "Cove Data Protection | Per GB"
        round = "up"
        "#,
        sandbox.billing_url(),
        sandbox::ACCOUNT_ID,
        sandbox.halo_url(),
    );
    Ok(Settings::from_toml(&text, "recipe")?)
}

/// The secrets of a sync. In production: `std::env::var(name).ok()` in place of the closure.
///
/// # Errors
/// When one is missing.
pub fn secrets() -> Result<Secrets> {
    Ok(Secrets::from_env(&|name| match name {
        "COVE_API_KEY" => Some(sandbox::API_KEY.to_owned()),
        "HALO_CLIENT_ID" => Some(sandbox::HALO_CLIENT_ID.to_owned()),
        "HALO_CLIENT_SECRET" => Some(sandbox::HALO_CLIENT_SECRET.to_owned()),
        _ => None,
    })?)
}
