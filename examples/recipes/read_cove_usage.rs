//! Read what N-able invoiced for a month, and whether it is final.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use cove_api::billing::{Finality, TimeFrame, TotalsOptions};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let cove = recipes::billing(&sandbox)?;
    let month: TimeFrame = recipes::MONTH.parse()?;

    let invoices = cove.invoices_ready(month).await?;
    println!(
        "{} invoices, final: {}",
        invoices.len(),
        Finality::of_invoices(&invoices).is_final()
    );

    // Summed while it arrives. Quantities are exact decimals: no float is in between.
    let (totals, end) = cove
        .total_usage_by_timeframe(month, TotalsOptions::default())
        .await?;
    let mut by_service: BTreeMap<&str, Decimal> = BTreeMap::new();
    for customer in totals
        .documents
        .iter()
        .flat_map(|document| &document.clients)
    {
        for service in &customer.services {
            let name = service.service.as_deref().unwrap_or("(no name)");
            *by_service.entry(name).or_default() += service.quantity;
        }
    }
    for (service, quantity) in by_service {
        println!("{:>9} {service}", quantity.normalize());
    }
    println!(
        "{} devices, {} unreadable records",
        end.devices, end.unreadable
    );
    Ok(())
}
