//! Write a HaloPSA client's id into Cove's customer reference, beside whatever people keep there.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use cove_api::management::PartnerId;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let cove = recipes::management(&sandbox)?;
    let customer = sandbox
        .partners()
        .into_iter()
        .find(|partner| partner.level == "EndCustomer" && partner.removed.is_none());
    let Some(customer) = customer else {
        anyhow::bail!("the sandbox has no customer")
    };
    let customer = PartnerId::new(i64::try_from(customer.id)?);

    // Sent once, read back, and an error if any other field of the customer changed with it.
    for _ in 0..2 {
        let change = cove.link_to_halo(customer, "1478").await?;
        println!(
            "{:?} -> {:?}, written: {}",
            change.before.as_str(),
            change.after.as_str(),
            change.written
        );
    }
    Ok(())
}
