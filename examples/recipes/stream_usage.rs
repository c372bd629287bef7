//! Read a usage document that is too large for memory: client by client, while it arrives.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use cove_api::billing::{TimeFrame, UsageEvent};
use rust_decimal::Decimal;
use sandbox::Sandbox;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::builder()
        .seed(7)
        .period(202_610)
        .customers(2_000)
        .start()
        .await?;
    let cove = recipes::billing(&sandbox)?;
    let month: TimeFrame = recipes::MONTH.parse()?;

    let mut stream = cove.stream_usage_by_timeframe(month).await?;
    let mut units = Decimal::ZERO;
    let mut most_at_once = 0;
    // An answer that breaks off ends in an error, so the sum below is that of a whole document.
    while let Some(event) = stream.next().await? {
        match event {
            UsageEvent::Client(part) => {
                // A large client comes in parts; whose it is is certain with the last.
                most_at_once = most_at_once.max(part.usage.devices.len());
                units += part
                    .usage
                    .readable_devices()
                    .flat_map(cove_api::billing::DeviceUsage::lines)
                    .map(|line| line.quantity)
                    .sum::<Decimal>();
            }
            UsageEvent::Document(document) => {
                let contract = document.contract_id.map(|id| id.to_string());
                println!("end of contract {}", contract.unwrap_or_default());
            }
            other => println!("unreadable: {other:?}"),
        }
    }
    let Some(end) = stream.end() else {
        anyhow::bail!("the answer has no end")
    };
    println!("{} devices of {} clients", end.devices, end.clients);
    println!("{} units", units.normalize());
    anyhow::ensure!(
        most_at_once < 1_000,
        "{most_at_once} devices in memory at once"
    );
    Ok(())
}
