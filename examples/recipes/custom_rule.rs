//! Custom rules: what the MSP decided is data, so it can come from a price list or a database as well as from a file.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use billing_sync::ids::ServiceName;
use cove_halo::{ActionSetting, PlanRequest, RoundSetting, RuleSettings, Service};

/// A row of the MSP's own price list.
struct Price {
    service: &'static str,
    /// The name it is sold under; rows with one name become one subscription.
    sold_as: &'static str,
    /// How many of ours one of the vendor's is, for example 0.001 for GB sold as TB.
    of_ours: &'static str,
    included: u32,
}

const PRICES: [Price; 2] = [
    Price {
        service: "Cove Data Protection | Per GB",
        sold_as: "Cloud storage (TB)",
        of_ours: "0.001",
        included: 0,
    },
    Price {
        service: "Cove Data Protection | Workstation",
        sold_as: "Backup of workstations",
        of_ours: "1",
        included: 2,
    },
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let mut settings = recipes::settings(&sandbox)?;
    settings.rules = PRICES.iter().map(rule).collect::<anyhow::Result<_>>()?;
    // The first rule that matches decides alone, so the exception from the list goes first.
    settings.rules.insert(
        0,
        RuleSettings {
            customer: Some("2712428".to_owned()),
            action: ActionSetting::Ignore,
            reason: Some("our own machines".to_owned()),
            ..RuleSettings::default()
        },
    );
    // Refused like rules from a file: no reason, a multiplier of 0, a name with a placeholder that does not exist.
    let rules = settings.rules()?;
    println!("{} rules", rules.rules.len());

    let service = Service::builder(settings, recipes::secrets()?).build()?;
    let request = PlanRequest {
        period: Some(recipes::MONTH.parse()?),
        ..PlanRequest::default()
    };
    let plan = service.plan(&request).await?;
    for price in &PRICES {
        let sold = plan
            .changes()
            .iter()
            .filter(|change| change.name == price.sold_as);
        println!("{}: {} subscriptions", price.sold_as, sold.count());
    }
    // Nothing is lost on the way: what is free, rounded off or ignored is in the ledger, in the vendor's units.
    let name = ServiceName::new(PRICES[1].service);
    for row in plan
        .ledger()
        .rows()
        .iter()
        .filter(|row| row.service == name)
    {
        println!(
            "{}: vendor {}, billed {}, free {}",
            row.service,
            row.vendor.normalize(),
            row.billed.normalize(),
            row.free.normalize()
        );
    }
    println!("balances: {}", plan.ledger().balances());
    Ok(())
}

fn rule(price: &Price) -> anyhow::Result<RuleSettings> {
    Ok(RuleSettings {
        service: Some(price.service.to_owned()),
        name: Some(price.sold_as.to_owned()),
        multiplier: Some(price.of_ours.parse()?),
        free: Some(price.included.into()),
        round: Some(RoundSetting::Up),
        ..RuleSettings::default()
    })
}
