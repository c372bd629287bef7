//! Another billing system: implement the two target ports, prove them with the contract suite, and the whole engine works.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::apply::Apply;
use billing_sync::ids::{ClientId, ContractId, CustomerId, LicenceId, RunId, ServiceName};
use billing_sync::plan::{Approval, PlanInput, RequestSizes, plan};
use billing_sync::ports::{
    Clock, PortError, PortErrorKind, SubscriptionRead, TargetReader, TargetWriter, Unwatched,
    Write, WriteOutcome,
};
use billing_sync::rules::Rules;
use billing_sync::run::StopSignal;
use billing_sync::state::{MemoryStore, StateStore};
use billing_sync::target::{
    Client, CompleteList, Identified, Standing, Subscription, TargetSnapshot,
};
use billing_sync::testing::contract;
use billing_sync::usage::{Completeness, Finality, Usage, UsageLine};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Clients and subscriptions in memory, in the place of your billing system's API.
#[derive(Debug, Default)]
struct Books {
    clients: Vec<Client>,
    records: Mutex<Vec<Subscription>>,
}

impl Books {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Subscription>) -> T) -> T {
        work(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A list may be called complete only by whoever reached its end, and says how many there should be.
    fn complete<T: Identified>(items: Vec<T>) -> Result<CompleteList<T>, PortError> {
        let stated = items.len() as u64;
        CompleteList::proven(items, 0, Some(stated))
            .map_err(|error| PortError::new(PortErrorKind::Unreadable, error.to_string()))
    }
}

#[async_trait]
impl TargetReader for Books {
    async fn snapshot(&self) -> Result<TargetSnapshot, PortError> {
        let records = self.with(|records| records.clone());
        Ok(TargetSnapshot::new(
            Self::complete(self.clients.clone())?,
            Self::complete(records)?,
            Vec::new(), // records that cannot be read go here: they block their client instead of looking absent
        ))
    }

    async fn subscriptions_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError> {
        let records = self.with(|records| records.clone());
        let theirs = records
            .into_iter()
            .filter(|record| clients.contains(&record.client))
            .collect();
        Ok(SubscriptionRead {
            records: Self::complete(theirs)?,
            unreadable: Vec::new(),
        })
    }
}

#[async_trait]
impl TargetWriter for Books {
    /// One outcome per write, in order. Over a network: `NotSent` when it certainly did not leave, `Refused` when the system
    /// said no, and `Unknown` for everything else, a timeout first of all. Never send again here: the engine reads and decides.
    async fn write(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        let write = |write: &Write| {
            self.with(|records| match write {
                Write::Create {
                    client,
                    name,
                    count,
                } => {
                    let next = records.iter().map(|record| record.id.get()).max();
                    let record = Subscription {
                        id: LicenceId::new(next.unwrap_or(0) + 1),
                        client: *client,
                        name: name.clone(),
                        count: *count,
                        standing: Standing::Active,
                    };
                    records.push(record.clone());
                    WriteOutcome::Confirmed(Some(record))
                }
                Write::SetCount { id, count, .. } => {
                    match records.iter_mut().find(|record| record.id == *id) {
                        Some(record) => {
                            record.count = *count;
                            WriteOutcome::Confirmed(Some(record.clone()))
                        }
                        None => WriteOutcome::Refused(format!("there is no record {id}")),
                    }
                }
            })
        };
        batch.iter().map(write).collect()
    }

    fn batch_size(&self) -> usize {
        10
    }
}

/// The time of day.
#[derive(Debug)]
struct Wall;

impl Clock for Wall {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH // take the machine's in your program
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let contoso = Client {
        id: ClientId::new(12),
        name: "Contoso".to_owned(),
        active: true,
        vendor_ids: vec!["2712428".to_owned()],
    };
    let books = || Books {
        clients: vec![contoso.clone()],
        ..Books::default()
    };
    // What the engine relies on: it panics with a sentence when the target does not keep to it. It writes, so give it a test
    // system.
    contract::target(&books(), contoso.id).await;
    println!("the target keeps the contract");

    let books = books();
    let store = MemoryStore::new();
    for round in 1..=2 {
        let plan = plan(PlanInput {
            usage: &usage(recipes::MONTH.parse()?),
            target: &books.snapshot().await?,
            rules: &Rules::default(),
            memory: &store.memory().await?,
            only: None,
            read_requests: 0,
            sizes: RequestSizes::default(),
        });
        let summary = plan.summary();
        println!(
            "round {round}: create {}, keep {}",
            summary.create, summary.keep
        );

        let approved = plan.approve(Approval::by("recipe"))?;
        let lock = store.lock().await?;
        let run = Apply {
            reader: &books,
            writer: &books,
            store: &store,
            clock: &Wall,
            watch: &Unwatched,
            stop: &StopSignal::new(),
            concurrency: 1,
        };
        let report = run
            .run(&*lock, RunId::new(format!("round-{round}")), &approved)
            .await?;
        println!(
            "round {round}: {}, {} applied",
            report.status.word(),
            report.applied()
        );
    }
    books.with(|records| {
        for record in records {
            println!(
                "client {}: {} = {}",
                record.client, record.name, record.count
            );
        }
    });
    Ok(())
}

fn usage(period: Period) -> Usage {
    let contract = ContractId::new("238877");
    Usage {
        period,
        lines: vec![UsageLine {
            customer: Some(CustomerId::new("2712428")),
            customer_name: "Contoso Ltd".to_owned(),
            customer_reference: None,
            contract: contract.clone(),
            service: Some(ServiceName::new("Server")),
            unit: "Each".to_owned(),
            quantity: 3.into(),
            amount: None,
            device_count: 3,
            devices: Vec::new(),
        }],
        contract_amounts: Vec::new(),
        unreadable: Vec::new(),
        disagreements: Vec::new(),
        finality: Finality::Final,
        completeness: Completeness {
            contracts_expected: [contract.clone()].into(),
            contracts_seen: [contract].into(),
            customers_listed: [CustomerId::new("2712428")].into(),
            ..Completeness::default()
        },
    }
}
