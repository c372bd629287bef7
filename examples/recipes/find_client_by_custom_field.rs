//! Find HaloPSA clients by a custom field: a few requests, however many clients there are.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use halopsa_api::{FieldOwner, FindClients};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let halo = recipes::halo(&sandbox)?;

    // With or without the prefix CF, in any case; a name that does not exist is an error that lists those that do.
    let field = halo
        .resolve_custom_field(FieldOwner::Client, "CoveCustomerId")
        .await?;
    let index = halo
        .find_clients_by_field(&field, &FindClients::default())
        .await?;

    println!("{} values of {}", index.iter().count(), field.name);
    for (value, clients) in index.ambiguous() {
        // Two clients claim one vendor customer: a person has to say which is meant.
        let ids: Vec<String> = clients
            .iter()
            .map(|client| client.client_id.to_string())
            .collect();
        println!("{value} is claimed by {}", ids.join(" and "));
    }

    let known = sandbox.clients().into_iter().find_map(|client| {
        let cove_id = client.cove_id?.trim().to_owned();
        (!cove_id.is_empty()).then_some((client.id, cove_id))
    });
    let Some((id, cove_id)) = known else {
        anyhow::bail!("the sandbox has no mapped client")
    };
    let found = index.get(&cove_id);
    anyhow::ensure!(
        found.iter().any(|client| client.client_id.get() == id),
        "{cove_id}: {found:?}"
    );
    println!("{cove_id} is client {id}");
    println!("{} requests", halo.meter().read().sent);
    Ok(())
}
