//! Every customer with its services and the devices behind them, to be opened when somebody asks.

use crate::report::model::{CustomerLine, CustomerPart};
use crate::text::{number, plain};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Devices of one line that the page lists; the other forms have all.
const DEVICES: usize = 200;

pub(super) struct Customer {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) clients: String,
    pub(super) units: String,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) service: String,
    pub(super) units: String,
    pub(super) became: String,
    pub(super) held: bool,
    pub(super) device_count: String,
    pub(super) has_ids: bool,
    pub(super) devices: Vec<(String, String, String)>,
    pub(super) more: usize,
}

/// A customer as the page shows it.
pub(super) fn customer(part: &CustomerPart) -> Customer {
    let units: Vec<String> = by_unit(&part.lines);
    let clients: Vec<String> = part
        .clients
        .iter()
        .map(|client| match client.id {
            Some(id) => format!("{} ({id})", plain(&client.name)),
            None => plain(&client.name).into_owned(),
        })
        .collect();
    Customer {
        name: match plain(&part.name).into_owned() {
            name if name.is_empty() => "(no name)".to_owned(),
            name => name,
        },
        id: part
            .customer_id
            .as_ref()
            .map(|id| plain(id.as_str()).into_owned())
            .unwrap_or_default(),
        clients: clients.join("; "),
        units: units.join(", "),
        lines: part.lines.iter().map(line).collect(),
    }
}

/// The sums by unit of measure: `12 Each, 1,400.4 GB`.
fn by_unit(lines: &[CustomerLine]) -> Vec<String> {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(&line.unit).or_default();
        *sum = sum.checked_add(line.quantity).unwrap_or(Decimal::MAX);
    }
    sums.into_iter()
        .map(|(unit, sum)| {
            format!("{} {}", number(sum), plain(unit))
                .trim_end()
                .to_owned()
        })
        .collect()
}

fn line(line: &CustomerLine) -> Line {
    let became = match (&line.subscription, line.became.as_str()) {
        (Some(name), "billed") if *name != line.service => format!("billed as {}", plain(name)),
        (_, became) => became.replace('_', " "),
    };
    Line {
        service: match line.service.as_str() {
            "" => "(no service named)".to_owned(),
            service => plain(service).into_owned(),
        },
        units: format!("{} {}", number(line.quantity), plain(&line.unit))
            .trim_end()
            .to_owned(),
        held: !matches!(
            line.became.as_str(),
            "billed" | "ignored" | "nothing to bill"
        ),
        became,
        device_count: match line.device_count {
            0 => String::new(),
            1 => "1 device".to_owned(),
            count => format!("{} devices", number(count.into())),
        },
        has_ids: line.devices.iter().any(|device| !device.id.is_empty()),
        devices: line
            .devices
            .iter()
            .take(DEVICES)
            .map(|device| {
                (
                    plain(&device.name).into_owned(),
                    plain(&device.id).into_owned(),
                    number(device.quantity),
                )
            })
            .collect(),
        more: line.devices.len().saturating_sub(DEVICES),
    }
}
