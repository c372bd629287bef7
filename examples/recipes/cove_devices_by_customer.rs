//! Count Cove's devices by customer through the JSON-RPC API: what is there now, which is never the invoice.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use cove_api::management::{DeviceColumn, PartnerId, StatisticsQuery};
use std::collections::BTreeMap;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let cove = recipes::management(&sandbox)?;
    // The first call logs in; login() says who one is, and so where the tree begins.
    let Some(root) = cove.login().await?.partner_id else {
        anyhow::bail!("the user belongs to no customer")
    };

    // Every device below, once: page after page, and counted against the service's own total.
    let query = StatisticsQuery::new(root, [DeviceColumn::Name.into()]).page_size(200);
    let statistics = cove.device_statistics(&query).await?;
    let tree = cove.customer_tree(root).await?;

    let mut devices: BTreeMap<PartnerId, usize> = BTreeMap::new();
    for device in &statistics.devices {
        *devices.entry(device.partner_id).or_default() += 1;
    }
    println!(
        "{} devices of {} customers on {} pages, {} unreadable",
        statistics.devices.len(),
        devices.len(),
        statistics.pages,
        statistics.bad.len()
    );
    let mut largest: Vec<(PartnerId, usize)> = devices.into_iter().collect();
    largest.sort_by_key(|&(customer, count)| (std::cmp::Reverse(count), customer));
    for (customer, count) in largest.into_iter().take(3) {
        let name = tree.get(customer).and_then(|info| info.name.as_deref());
        println!(
            "{count:>4} {customer} {}",
            name.unwrap_or("(not in the tree)")
        );
    }
    Ok(())
}
