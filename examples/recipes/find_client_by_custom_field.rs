//! Find HaloPSA clients by a custom field: a few requests, however many clients there are.

use halopsa_api::{FieldOwner, FindClients, HaloClient};
use sandbox::Sandbox;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::builder().seed(7).start().await?;
    let halo = HaloClient::builder(
        &sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .build()?;

    let field = halo
        .resolve_custom_field(FieldOwner::Client, "CoveCustomerId")
        .await?;
    let index = halo
        .find_clients_by_field(&field, &FindClients::default())
        .await?;

    let known = sandbox
        .clients()
        .into_iter()
        .find_map(|client| Some((client.id, client.cove_id?.trim().to_owned())));
    let Some((id, cove_id)) = known else {
        anyhow::bail!("the sandbox has no mapped client")
    };
    let found = index.get(&cove_id);
    anyhow::ensure!(
        found.iter().any(|client| client.client_id.get() == id),
        "{cove_id}: {found:?}"
    );
    anyhow::ensure!(halo.meter().read().sent < 10);
    Ok(())
}
