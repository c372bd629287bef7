//! Planning alone: how its time grows with the devices behind the usage.

use crate::measure::cpu;
use anyhow::ensure;
use billing_sync::Memory;
use billing_sync::ids::{ClientId, ContractId, CustomerId, LicenceId, ServiceName};
use billing_sync::plan::{PlanInput, RequestSizes, plan};
use billing_sync::rules::Rules;
use billing_sync::target::{Client, CompleteList, Standing, Subscription, TargetSnapshot};
use billing_sync::usage::{Completeness, DeviceUsage, Finality, Usage, UsageLine};
use rust_decimal::Decimal;

const SERVICES: usize = 5;

pub(crate) fn measure() -> anyhow::Result<()> {
    println!("| clients | services | devices | evidence | CPU ms | ns per device |");
    println!("|---|---|---|---|---|---|");
    for (clients, devices, rounds) in [
        (200, 10_000, 50),
        (2_000, 100_000, 5),
        (20_000, 1_000_000, 2),
    ] {
        for evidence in [false, true] {
            measure_one(clients, devices, rounds, evidence)?;
        }
    }
    Ok(())
}

/// `evidence`: the usage lines carry their devices, not only how many there are.
fn measure_one(clients: usize, devices: usize, rounds: u32, evidence: bool) -> anyhow::Result<()> {
    let (usage, target) = world(clients, devices, evidence)?;
    let before = cpu()?;
    for _ in 0..rounds {
        let made = plan(PlanInput {
            usage: &usage,
            target: &target,
            rules: &Rules::default(),
            memory: &Memory::default(),
            only: None,
            read_requests: 0,
            sizes: RequestSizes::default(),
        });
        ensure!(made.changes().len() == clients * SERVICES);
    }
    let each = (cpu()? - before) / f64::from(rounds);
    println!(
        "| {clients} | {SERVICES} | {devices} | {} | {:.0} | {:.0} |",
        if evidence { "kept" } else { "folded" },
        each * 1e3,
        each * 1e9 / f64::from(u32::try_from(devices)?)
    );
    Ok(())
}

fn world(
    clients: usize,
    devices: usize,
    evidence: bool,
) -> anyhow::Result<(Usage, TargetSnapshot)> {
    let contract = ContractId::new("238877");
    let mut lines = Vec::new();
    let mut people = Vec::new();
    let mut records = Vec::new();
    let each = devices / (clients * SERVICES);
    for client in 0..clients {
        let number = i64::try_from(client)?;
        people.push(Client {
            id: ClientId::new(number + 1),
            name: format!("Client {client}"),
            active: true,
            vendor_ids: vec![format!("9{client:07}")],
        });
        for service in 0..SERVICES {
            let name = format!("Cove Data Protection | Service {service}");
            records.push(Subscription {
                id: LicenceId::new(number * 10 + i64::try_from(service)? + 1),
                client: ClientId::new(number + 1),
                name: name.clone(),
                count: i64::try_from(each)?,
                standing: Standing::Active,
            });
            let used = (0..if evidence { each } else { 0 }).map(|device| DeviceUsage {
                id: format!("{client}{service}{device}"),
                name: format!("device-{device}"),
                quantity: Decimal::ONE,
            });
            lines.push(UsageLine {
                customer: Some(CustomerId::new(format!("9{client:07}"))),
                customer_name: format!("Customer {client}"),
                customer_reference: None,
                contract: contract.clone(),
                service: Some(ServiceName::new(name)),
                unit: "Each".to_owned(),
                quantity: Decimal::from(each),
                amount: None,
                device_count: u64::try_from(each)?,
                devices: used.collect(),
            });
        }
    }
    let usage = Usage {
        period: "202610".parse().map_err(anyhow::Error::msg)?,
        lines,
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
    let target = TargetSnapshot::new(
        CompleteList::proven(people, 0, None)?,
        CompleteList::proven(records, 0, None)?,
        Vec::new(),
    );
    Ok((usage, target))
}
