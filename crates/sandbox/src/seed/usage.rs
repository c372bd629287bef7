//! What every customer used in each month: devices drawn once, then moved on from month to month.

use std::borrow::Cow;

use fastrand::Rng;

use super::{CONTRACT_B, CONTRACT_C, CONTRACT_EDR, Customer, OddityKind, names};
use crate::period;
use crate::quantity::Milli;
use crate::world::vendor::{Device, Line, PER_GB, Record, Vendor};

pub(super) const SERVER: &str = "Cove Data Protection | Server";
const VIRTUAL_SERVER: &str = "Cove Data Protection | Virtual Machine Server";
const WORKSTATION: &str = "Cove Data Protection | Workstation";
const MICROSOFT_365: &str = "Cove Data Protection | Microsoft 365";
const DOCUMENTS: &str = "Cove Data Protection | Documents";
const RETENTION: &str = "Cove Data Protection | Long-Term Retention";
const EDR: &str = "Example EDR | Endpoint Detection and Response - Complete";

const SITES: [&str; 4] = ["", "Head Office", "Branch", "Warehouse"];

/// Fills the three months of the world.
pub(super) fn add_months(rng: &mut Rng, vendor: &mut Vendor, customers: &[Customer], period: u32) {
    let months = [period::previous(period), period, period::next(period)];
    for (index, customer) in customers.iter().enumerate() {
        let mut devices = draw(rng, index, customer);
        for (nth, month) in months.into_iter().enumerate() {
            if nth > 0 {
                move_on(rng, &mut devices, customer.oddity);
            }
            let absent = match customer.oddity {
                Some(OddityKind::Newcomer) => nth == 0,
                Some(OddityKind::Departed) => nth > 0,
                _ => false,
            };
            let Some(month) = vendor.months.get_mut(&month).filter(|_| !absent) else {
                continue;
            };
            let (first, second) = split(customer, &devices);
            month
                .records
                .push(record(customer, customer.contract, first));
            if !second.is_empty() {
                month.records.push(record(customer, CONTRACT_B, second));
            }
            if index % 6 == 0 {
                month.records.push(record(
                    customer,
                    CONTRACT_EDR,
                    vec![endpoint_security(index, customer)],
                ));
            }
        }
    }
    if let Some(month) = vendor.months.get_mut(&period) {
        month.pools.insert(CONTRACT_C, Milli::units(120));
    }
}

fn record(customer: &Customer, contract: u64, devices: Vec<Device>) -> Record {
    Record {
        contract,
        customer_id: customer.id.clone(),
        customer_name: customer.name.clone(),
        reference: customer.reference.clone(),
        devices,
    }
}

/// A customer on two contracts has its first device on the second one.
fn split(customer: &Customer, devices: &[Device]) -> (Vec<Device>, Vec<Device>) {
    match (customer.oddity, devices) {
        (Some(OddityKind::TwoContracts), [first, rest @ ..]) => {
            (rest.to_vec(), vec![first.clone()])
        }
        _ => (devices.to_vec(), Vec::new()),
    }
}

fn line(service: &'static str, quantity: Milli) -> Line {
    Line {
        service: Cow::Borrowed(service),
        quantity,
    }
}

fn endpoint_security(index: usize, customer: &Customer) -> Device {
    Device {
        id: 7_000_000 + index as u64,
        name: customer.name.clone(),
        site: "",
        lines: vec![line(EDR, Milli::units(12))],
    }
}

fn draw(rng: &mut Rng, index: usize, customer: &Customer) -> Vec<Device> {
    let domain = names::domain(&customer.name);
    let mut devices = Vec::new();
    let mut next_id = 5_550_000 + index as u64 * 100;
    let mut add = |rng: &mut Rng, name: String, lines: Vec<Line>| {
        next_id += 1;
        devices.push(Device {
            id: next_id,
            name: format!("{name}.{domain}"),
            site: rng.choice(SITES).unwrap_or_default(),
            lines,
        });
    };

    let per_gb = rng.bool();
    let servers = if customer.oddity == Some(OddityKind::TwoContracts) {
        3
    } else {
        rng.u8(1..=3)
    };
    for n in 1..=servers {
        let mut lines = vec![line(SERVER, Milli::units(1))];
        storage(rng, per_gb, &mut lines);
        add(rng, format!("srv{n:02}"), lines);
    }
    for n in 1..=rng.u8(0..=3) {
        let mut lines = vec![line(VIRTUAL_SERVER, Milli::units(1))];
        storage(rng, per_gb, &mut lines);
        add(rng, format!("vm{n:02}"), lines);
    }
    for n in 1..=rng.u8(3..=12) {
        add(
            rng,
            format!("ws{n:02}"),
            vec![line(WORKSTATION, Milli::units(1))],
        );
    }
    for n in 1..=rng.u8(0..=3) {
        add(
            rng,
            format!("nb{n:02}"),
            vec![line(DOCUMENTS, Milli::units(1))],
        );
    }
    if rng.u8(0..10) < 6 {
        let users = Milli::units(rng.i64(3..=60));
        add(rng, "m365".to_owned(), vec![line(MICROSOFT_365, users)]);
    }
    let retention: &[i64] = match customer.oddity {
        Some(OddityKind::Fraction) => &[400, 725],
        Some(OddityKind::FractionsAddUp) => &[500, 1_500],
        _ => &[],
    };
    for (n, terabytes) in retention.iter().enumerate() {
        add(
            rng,
            format!("vault{}", n + 1),
            vec![line(RETENTION, Milli::new(*terabytes))],
        );
    }
    devices
}

/// Gigabytes of a server: sometimes in two lines of the same service.
fn storage(rng: &mut Rng, per_gb: bool, lines: &mut Vec<Line>) {
    if !per_gb {
        return;
    }
    let mut gigabytes = || Milli::new(rng.i64(20_000..900_000) / 2 * 2 + 1);
    lines.push(line(PER_GB, gigabytes()));
    if rng.u8(0..6) == 0 {
        let mut gigabytes = || Milli::new(rng.i64(20_000..900_000) / 2 * 2 + 1);
        lines.push(line(PER_GB, gigabytes()));
    }
}

/// One month later: some storage grows, a few users and a workstation come or go.
fn move_on(rng: &mut Rng, devices: &mut Vec<Device>, oddity: Option<OddityKind>) {
    for line in devices.iter_mut().flat_map(|device| &mut device.lines) {
        if line.service == PER_GB && rng.u8(0..10) < 4 {
            line.quantity += Milli::new(line.quantity.thousandths() / 1000 * rng.i64(1..30));
        } else if line.service == MICROSOFT_365 && rng.u8(0..10) < 2 {
            line.quantity += Milli::units(rng.i64(1..=2));
        }
    }
    let is_workstation = |device: &Device| {
        device
            .lines
            .first()
            .is_some_and(|line| line.service == WORKSTATION)
    };
    let last = devices.iter().rposition(is_workstation);
    match (rng.u8(0..20), last) {
        (0..=1, Some(at)) => {
            if let Some(mut copy) = devices.get(at).cloned() {
                copy.id += 40;
                copy.name.insert_str(0, "new-");
                devices.insert(at + 1, copy);
            }
        }
        (2, Some(at)) if oddity.is_none() => {
            devices.remove(at);
        }
        _ => {}
    }
}
