//! Embed the sandbox in your own tests: start it, break something, look at what it saw.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use halopsa_api::{ClientId, HaloClient, LicenceWrite, ListLicences};
use sandbox::{Fault, FaultKind, Sandbox, Service, When};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::builder().seed(7).period(202_610).start().await?;
    // Point any client, in any language, at these addresses.
    let halo = HaloClient::builder(
        &sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .build()?;
    halo.connect().await?;

    // The connection is lost after the record was stored: the worst moment.
    sandbox.set_faults(vec![Fault::new(
        When::NthOf {
            service: Service::Halo,
            path_contains: "SoftwareLicence".into(),
            nth: 1,
        },
        FaultKind::ResetAfterCommit,
    )]);
    let client = ClientId::new(sandbox.subscriptions()[0].client_id);
    let outcome = halo
        .licences()
        .write(LicenceWrite::create(client, "Sandboxed", 1))
        .await?;
    println!("the client does not know: {}", outcome.is_unknown());

    // The log tells what really happened: stored, once.
    let stored = sandbox
        .requests()
        .iter()
        .filter(|request| request.committed)
        .count();
    println!("the sandbox does: {stored} request stored something");
    let options = ListLicences {
        client: Some(client),
        ..ListLicences::default()
    };
    let list = halo.licences().list(options).collect_all().await?;
    let named = list
        .items()
        .iter()
        .filter_map(|record| record.good())
        .filter(|record| record.name == "Sandboxed");
    println!("reading shows {} record", named.count());

    // The judge knows what a correct sync of the month leaves, from what was seeded and edited alone.
    let expected = sandbox.expected(202_610);
    println!(
        "a correct sync leaves {} subscriptions",
        expected.subscriptions.len()
    );
    Ok(())
}
