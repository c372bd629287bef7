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
use rust_decimal::Decimal;
use std::sync::Arc;

const EXPORT: &str = "\
customer,company,mailboxes
2712428,Contoso Ltd,12
2712429,\"Fabrikam, Inc.\",7
,Total,19
";

/// The vendor's monthly export. Its last row states the total.
#[derive(Debug)]
struct MailboxExport {
    csv: &'static str,
    /// Whether the vendor has closed the month: without somebody who says so, a month is not final.
    closed: bool,
}

fn unreadable(why: impl Into<String>) -> PortError {
    PortError::new(PortErrorKind::Unreadable, why).with_hint("export the month again")
}

#[async_trait]
impl UsageSource for MailboxExport {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        let contract = ContractId::new("mailboxes");
        let mut lines = Vec::new();
        let mut total = None;
        for row in csv::Reader::from_reader(self.csv.as_bytes()).into_deserialize() {
            // Half a month must never be returned: a row that cannot be read ends the fetch.
            let (customer, company, mailboxes): (String, String, Decimal) =
                row.map_err(|error| unreadable(error.to_string()))?;
            if customer.is_empty() && company == "Total" {
                total = Some(mailboxes);
                continue;
            }
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
        // The total is the proof that the export is whole. One that was cut at the end of a row has none.
        let sum: Decimal = lines.iter().map(|line| line.quantity).sum();
        if lines.is_empty() || total != Some(sum) {
            return Err(unreadable(
                "the export is empty, or its rows are not those of its total",
            ));
        }
        Ok(Usage {
            period,
            completeness: Completeness {
                contracts_expected: [contract.clone()].into(),
                contracts_seen: [contract.clone()].into(),
                // It lists who used something, not who is a customer: whoever is missing is not taken for gone.
                contracts_unlisted: [contract].into(),
                ..Completeness::default()
            },
            lines,
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: if self.closed {
                Finality::Final
            } else {
                Finality::Provisional("the vendor has not closed the month".to_owned())
            },
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let period: Period = recipes::MONTH.parse()?;
    let export = |csv| MailboxExport { csv, closed: true };
    let source = Arc::new(export(EXPORT));
    // What the engine relies on, as a test: it panics with a sentence when the source does not keep to it.
    contract::usage_source(&*source, period).await;
    // What no suite can know: an export that was cut short, and one that is empty, are errors and no shorter month.
    let headings = EXPORT.lines().next().unwrap_or_default();
    for cut in [EXPORT.trim_end_matches(",Total,19\n"), headings] {
        let error = export(cut).fetch(period).await;
        anyhow::ensure!(error.is_err(), "a cut export was taken for a whole one");
    }

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
