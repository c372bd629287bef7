//! Plan without applying: what would change and why. Nothing is written, and nothing can be.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use cove_halo::{PlanRequest, Service};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let service = Service::builder(recipes::settings(&sandbox)?, recipes::secrets()?).build()?;
    let request = PlanRequest {
        period: Some(recipes::MONTH.parse()?),
        ..PlanRequest::default()
    };
    let plan = service.plan(&request).await?;

    let summary = plan.summary();
    println!(
        "create {}, update {}, zero {}, keep {}, exceptions {}",
        summary.create, summary.update, summary.zero, summary.keep, summary.exceptions
    );
    for change in plan.writes().take(3) {
        println!(
            "{} {} {}: {:?} -> {}",
            change.kind.word(),
            change.client_id,
            change.name,
            change.before,
            change.after
        );
    }
    for guard in plan.guards().iter().filter(|guard| guard.tripped) {
        println!(
            "guard {}: limit {}, plan has {}",
            guard.guard, guard.limit, guard.value
        );
    }
    println!("every unit is in one bucket: {}", plan.ledger().balances());
    let written = sandbox
        .requests()
        .iter()
        .filter(|request| request.committed)
        .count();
    println!("{written} records written");
    Ok(())
}
