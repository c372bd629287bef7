//! Two tenants in one program: two pairs of account and tenant in one file, each with its own secrets, state and plan. Pairs
//! on one tenant share its request budget.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use api_core::SystemClock;
use billing_sync::state::MemoryStore;
use cove_halo::{Clock, PlanRequest, Secrets, Service, SettingsFile, SharedBudgets};
use sandbox::Sandbox;
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let north = Sandbox::builder()
        .seed(7)
        .customers(60)
        .period(202_610)
        .start()
        .await?;
    let south = Sandbox::builder()
        .seed(8)
        .customers(90)
        .period(202_610)
        .start()
        .await?;
    // What stands at the top holds for every pair.
    let file = format!(
        r#"
        [cove]
        account_id = "{account}"
        [halo]
        customer_field = "CoveCustomerId"
        [[rule]]
        service = "Cove Data Protection | Per GB"
        round = "up"

        [[pair]]
        name = "north"
        cove = {{ base_url = "{}" }}
        halo = {{ base_url = "{}" }}

        [[pair]]
        name = "south"
        cove = {{ base_url = "{}" }}
        halo = {{ base_url = "{}", requests_per_window = 200 }}
        "#,
        north.billing_url(),
        north.halo_url(),
        south.billing_url(),
        south.halo_url(),
        account = sandbox::ACCOUNT_ID,
    );
    let SettingsFile::Pairs(pairs) = SettingsFile::from_toml(&file, "recipe")? else {
        anyhow::bail!("the file has no pairs")
    };

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let budgets = SharedBudgets::new(&pairs, &clock);
    for pair in pairs {
        // NORTH_COVE_API_KEY and so on; what a pair has not of its own is COVE_API_KEY.
        let secrets = Secrets::of_pair(&pair.name, &|name| match name {
            "NORTH_COVE_API_KEY" | "COVE_API_KEY" => Some(sandbox::API_KEY.to_owned()),
            "HALO_CLIENT_ID" => Some(sandbox::HALO_CLIENT_ID.to_owned()),
            "HALO_CLIENT_SECRET" => Some(sandbox::HALO_CLIENT_SECRET.to_owned()),
            _ => None,
        })?;
        let service = Service::builder(pair.settings, secrets)
            .budgets(budgets.clone())
            .store(Arc::new(MemoryStore::new()))
            .build()?;
        let request = PlanRequest {
            period: Some(recipes::MONTH.parse()?),
            ..PlanRequest::default()
        };
        let summary = service.plan(&request).await?.summary();
        println!(
            "{}: create {}, update {}, keep {}, exceptions {}",
            pair.name, summary.create, summary.update, summary.keep, summary.exceptions
        );
    }
    Ok(())
}
