//! The suites for sources and targets: what keeps the ports passes, and each defect is found.

use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::ids::{ClientId, ContractId, CustomerId, ServiceName};
use billing_sync::ports::{
    PortError, SubscriptionRead, TargetReader, TargetWriter, UsageSource, Write, WriteOutcome,
};
use billing_sync::target::TargetSnapshot;
use billing_sync::testing::{FakeTarget, contract};
use billing_sync::usage::{Completeness, Finality, Usage, UsageLine};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

const CLIENT: ClientId = ClientId::new(12);

fn fake() -> FakeTarget {
    FakeTarget::new()
        .client(12, "Contoso", &["2712428"])
        .subscription(7, 12, "Server", 3)
}

/// A target with one defect.
#[derive(Debug)]
struct Broken {
    inner: FakeTarget,
    defect: Defect,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    CutsNames,
    LosesAnOutcome,
    ConfirmsWithoutStoring,
    ForgetsRecords,
    ConfirmsWhatIsNotThere,
}

#[async_trait]
impl TargetReader for Broken {
    async fn snapshot(&self) -> Result<TargetSnapshot, PortError> {
        self.inner.snapshot().await
    }

    async fn subscriptions_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError> {
        if self.defect == Defect::ForgetsRecords {
            return self.inner.subscriptions_of(&BTreeSet::new()).await;
        }
        self.inner.subscriptions_of(clients).await
    }
}

#[async_trait]
impl TargetWriter for Broken {
    async fn write(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        let mut batch = batch.to_vec();
        for write in &mut batch {
            if let (Defect::CutsNames, Write::Create { name, .. }) = (self.defect, write) {
                name.truncate(14);
            }
        }
        if self.defect == Defect::ConfirmsWithoutStoring {
            return vec![WriteOutcome::Confirmed(None); batch.len()];
        }
        let mut outcomes = self.inner.write(&batch).await;
        if self.defect == Defect::LosesAnOutcome {
            outcomes.pop();
        }
        if self.defect == Defect::ConfirmsWhatIsNotThere {
            return vec![WriteOutcome::Confirmed(None); batch.len()];
        }
        outcomes
    }
}

/// Whether the suite ends with a panic.
async fn fails(suite: impl Future<Output = ()> + Send + 'static) -> bool {
    tokio::spawn(suite)
        .await
        .is_err_and(|error| error.is_panic())
}

#[tokio::test]
async fn a_target_that_keeps_the_ports_passes() {
    contract::target(&fake(), CLIENT).await;
    contract::target(&fake().batch_size(25), CLIENT).await;
}

#[tokio::test]
async fn every_defect_of_a_target_is_found() {
    for defect in [
        Defect::CutsNames,
        Defect::LosesAnOutcome,
        Defect::ConfirmsWithoutStoring,
        Defect::ForgetsRecords,
        Defect::ConfirmsWhatIsNotThere,
    ] {
        let target = Broken {
            inner: fake(),
            defect,
        };
        let suite = async move { contract::target(&target, CLIENT).await };
        assert!(fails(suite).await, "{defect:?}");
    }
}

/// Spoils the usage of the n-th call.
type Spoil = fn(&mut Usage, u32);

/// A source that answers as it should, but for what is spoiled.
#[derive(Debug)]
struct Source {
    defect: Spoil,
    calls: AtomicU32,
}

#[async_trait]
impl UsageSource for Source {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        let contract = ContractId::new("k");
        let mut usage = Usage {
            period,
            lines: vec![UsageLine {
                customer: Some(CustomerId::new("2712428")),
                customer_name: "Contoso".to_owned(),
                customer_reference: None,
                contract: contract.clone(),
                service: Some(ServiceName::new("Server")),
                unit: "Each".to_owned(),
                quantity: 3.into(),
                amount: None,
                device_count: 0,
                devices: Vec::new(),
            }],
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: Finality::Final,
            completeness: Completeness {
                contracts_expected: [contract.clone()].into(),
                contracts_seen: [contract].into(),
                ..Completeness::default()
            },
        };
        (self.defect)(&mut usage, self.calls.fetch_add(1, Ordering::Relaxed));
        Ok(usage)
    }
}

fn source(defect: Spoil) -> Source {
    Source {
        defect,
        calls: AtomicU32::new(0),
    }
}

fn october() -> Period {
    "202610".parse().unwrap()
}

#[tokio::test]
async fn a_source_that_keeps_the_port_passes() {
    contract::usage_source(&source(|_, _| ()), october()).await;
}

#[tokio::test]
async fn every_defect_of_a_source_is_found() {
    let defects: [(&str, Spoil); 6] = [
        ("another period", |usage, _| {
            usage.period = usage.period.next().unwrap();
        }),
        ("nothing", |usage, _| usage.lines.clear()),
        ("a blank id", |usage, _| {
            usage.lines[0].customer = Some(CustomerId::new(" "));
        }),
        ("a contract nobody saw", |usage, _| {
            usage.completeness.contracts_seen.clear();
        }),
        ("devices that are not counted", |usage, _| {
            usage.lines[0].devices = vec![billing_sync::usage::DeviceUsage {
                id: "1".to_owned(),
                name: "srv".to_owned(),
                quantity: 3.into(),
            }];
        }),
        ("another answer each time", |usage, call| {
            usage.lines[0].quantity = (call + 1).into();
        }),
    ];
    for (name, defect) in defects {
        let source = source(defect);
        let suite = async move { contract::usage_source(&source, october()).await };
        assert!(fails(suite).await, "{name}");
    }
}
