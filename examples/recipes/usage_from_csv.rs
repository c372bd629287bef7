//! Another source of usage, written by you: here a CSV of another vendor. For most files no code is needed: the section
//! `[usage]` of the settings reads any CSV or JSON.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::plan::Approval;
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::state::MemoryStore;
use billing_sync::testing::contract;
use billing_sync::usage::{Completeness, Finality, Usage, UsageLine};
use cove_halo::{PlanRequest, Service};
use std::sync::Arc;

const EXPORT: &str = "\
customer,company,mailboxes
2712428,Contoso Ltd,12
2712429,\"Fabrikam, Inc.\",7
";

/// The vendor's monthly export.
#[derive(Debug)]
struct MailboxExport {
    csv: &'static str,
}

#[async_trait]
impl UsageSource for MailboxExport {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        // One contract, whose export is whole when it could be read to its end.
        let contract = ContractId::new("mailboxes");
        let mut lines = Vec::new();
        for row in csv::Reader::from_reader(self.csv.as_bytes()).into_deserialize() {
            // Half a month must never be returned: a row that cannot be read ends the fetch.
            let (customer, company, mailboxes): (String, String, rust_decimal::Decimal) = row
                .map_err(|error| {
                    PortError::new(PortErrorKind::Unreadable, error.to_string())
                        .with_hint("export the month again")
                })?;
            lines.push(UsageLine {
                customer: Some(CustomerId::new(customer)),
                customer_name: company,
                customer_reference: None,
                contract: contract.clone(),
                service: Some(ServiceName::new("Mailbox protection")),
                unit: "Each".to_owned(),
                quantity: mailboxes,
                amount: None,
                device_count: 0,
                devices: Vec::new(),
            });
        }
        if lines.is_empty() {
            // "Nobody used anything" and "the wrong file" look the same: say so instead of setting everybody to zero.
            return Err(PortError::new(
                PortErrorKind::Unreadable,
                "the export is empty",
            ));
        }
        let customers = lines.iter().filter_map(|line| line.customer.clone());
        Ok(Usage {
            period,
            completeness: Completeness {
                contracts_expected: [contract.clone()].into(),
                contracts_seen: [contract].into(),
                customers_listed: customers.collect(),
                ..Completeness::default()
            },
            lines,
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: Finality::Final,
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let period: Period = recipes::MONTH.parse()?;
    let source = Arc::new(MailboxExport { csv: EXPORT });
    // What the engine relies on, as a test: it panics with a sentence when the source does not keep to it.
    contract::usage_source(&*source, period).await;

    let sandbox = recipes::start().await?;
    sandbox.edit(|world| {
        world.add_client("Contoso", "2712428");
        world.add_client("Fabrikam", "2712429");
    });
    let mut settings = recipes::settings(&sandbox)?;
    settings.cove.products.clear(); // the names of this vendor's services begin otherwise
    let service = Service::builder(settings, recipes::secrets()?)
        .source(source)
        .store(Arc::new(MemoryStore::new()))
        .build()?;

    let request = PlanRequest {
        period: Some(period),
        ..PlanRequest::default()
    };
    let plan = service.plan(&request).await?;
    for change in plan.changes() {
        println!("{} {} = {}", change.client_name, change.name, change.after);
    }
    for exception in plan.exceptions() {
        println!("{}: {}", exception.kind.word(), exception.detail);
    }
    let run = service.apply(plan, Approval::by("recipe")).await?;
    println!(
        "{}, {} applied",
        run.report.status.word(),
        run.report.applied()
    );
    Ok(())
}
