//! Plan without applying: what would change and why. Nothing is written, and nothing can be.

use cove_halo::{PlanRequest, Secrets, Service, Settings};
use sandbox::Sandbox;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::builder().seed(7).period(202_610).start().await?;
    let settings = Settings::from_toml(
        &format!(
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
            [state]
            path = "no-state-file.db"
            "#,
            sandbox.billing_url(),
            sandbox::ACCOUNT_ID,
            sandbox.halo_url(),
        ),
        "recipe",
    )?;
    let secrets = Secrets::from_env(&|name| match name {
        "COVE_API_KEY" => Some(sandbox::API_KEY.to_owned()),
        "HALO_CLIENT_ID" => Some(sandbox::HALO_CLIENT_ID.to_owned()),
        "HALO_CLIENT_SECRET" => Some(sandbox::HALO_CLIENT_SECRET.to_owned()),
        _ => None,
    })?;

    let service = Service::builder(settings, secrets).build()?;
    let request = PlanRequest {
        period: Some("202610".parse()?),
        ..PlanRequest::default()
    };
    let plan = service.plan(&request).await?;

    let summary = plan.summary();
    anyhow::ensure!(summary.create > 0 && summary.update > 0 && summary.keep > 0);
    anyhow::ensure!(
        plan.ledger().balances(),
        "every unit is in exactly one bucket"
    );
    anyhow::ensure!(sandbox.requests().iter().all(|request| !request.committed));
    Ok(())
}
