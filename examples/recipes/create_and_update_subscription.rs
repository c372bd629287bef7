//! Create and update a subscription safely: look first, write once, and believe only what is read back.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use anyhow::{Result, bail, ensure};
use halopsa_api::{
    ClientId, HaloClient, LicenceWrite, ListLicences, SUBSCRIPTION, SoftwareLicence, WriteOutcome,
};

const NAME: &str = "Cove - Servers";

#[tokio::main]
async fn main() -> Result<()> {
    let sandbox = recipes::start().await?;
    let halo = recipes::halo(&sandbox)?;
    let client = ClientId::new(sandbox.edit(|world| world.add_client("Contoso Ltd", "2712428")));

    // The same call three times: HaloPSA itself would make three records of one name.
    for count in [4, 4, 5] {
        println!("{count}: {}", set_count(&halo, client, count).await?);
    }

    let records = of_that_name(&halo, client).await?;
    ensure!(records.len() == 1, "{} records", records.len());
    println!("{} record, count {:?}", records.len(), records[0].count);
    Ok(())
}

/// Makes the client's subscription have that count.
async fn set_count(halo: &HaloClient, client: ClientId, count: i64) -> Result<&'static str> {
    let (write, done) = match of_that_name(halo, client).await?.as_slice() {
        [] => (LicenceWrite::create(client, NAME, count), "created"),
        [one] if one.count == Some(count) => return Ok("already so"),
        [one] => (LicenceWrite::set_count(one.id, client, count), "updated"),
        many => bail!(
            "{} subscriptions have that name: a person has to choose",
            many.len()
        ),
    };
    match halo.licences().write(write).await? {
        WriteOutcome::Rejected { why, status } => bail!("refused ({status}): {why}"),
        WriteOutcome::NotSent { why } => bail!("not sent, so it may be tried again: {why}"),
        // A timeout after sending, say. Sending a create again could make a second record; reading cannot.
        WriteOutcome::Unknown { why } => {
            println!("what became of it is not known ({why}): reading");
        }
        // Confirmed: the answer says so, and the next read proves it.
        _ => {}
    }
    match of_that_name(halo, client).await?.as_slice() {
        [one] if one.count == Some(count) => Ok(done),
        found => bail!("it reads back otherwise: {} records", found.len()),
    }
}

/// The live subscriptions of the client with exactly that name.
async fn of_that_name(halo: &HaloClient, client: ClientId) -> Result<Vec<SoftwareLicence>> {
    let options = ListLicences {
        client: Some(client),
        licence_type: Some(SUBSCRIPTION),
        ..ListLicences::default()
    };
    let mut found = Vec::new();
    for record in halo
        .licences()
        .list(options)
        .collect_all()
        .await?
        .into_items()
    {
        // A record that cannot be read might be the one: do not write past it.
        let Ok(record) = record.into_result() else {
            bail!("a subscription of client {client} cannot be read")
        };
        if record.name == NAME && record.client_id == client && record.is_live() {
            found.push(record);
        }
    }
    Ok(found)
}
