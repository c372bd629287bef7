//! List HaloPSA clients: every one, to the proven end of the list, whatever page size the server allows.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use halopsa_api::ListClients;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let halo = recipes::halo(&sandbox)?;

    let options = ListClients {
        include_inactive: true,
        ..ListClients::default()
    };
    // A list that was cut short is an error, so holding it is the proof that it is whole.
    let list = halo.clients().list(options).collect_all().await?;

    let (mut active, mut inactive, mut unreadable) = (0, 0, 0);
    for client in list.items() {
        // A record that cannot be read stays in its place, and fails nobody else's.
        match client.good() {
            Some(client) if client.inactive => inactive += 1,
            Some(_) => active += 1,
            None => unreadable += 1,
        }
    }
    println!("{active} active, {inactive} inactive, {unreadable} unreadable");
    for client in list
        .items()
        .iter()
        .take(3)
        .filter_map(|client| client.good())
    {
        println!("{} {}", client.id, client.name);
    }
    println!("{} pages", list.pages());
    Ok(())
}
