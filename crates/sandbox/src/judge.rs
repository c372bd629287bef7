//! The judge: what a correct sync must leave behind, worked out from the seeded truth and never from what a client wrote.
//!
//! It applies the demo's rules: every service is billed under its own name; `Cove Data Protection | Per GB` rounds the
//! client's sum up; everything else must be whole; services of other products are out of scope.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::period;
use crate::quantity::Milli;
use crate::world::World;
use crate::world::vendor::{Month, PER_GB, POOL_SERVICE, PRODUCT, offering_of};

/// What a correct sync of one month leaves. Every list is sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Expectation {
    /// Subscriptions with their right count, whether they were there before or not. What a sync must not touch is not
    /// listed.
    pub subscriptions: Vec<ExpectedSubscription>,
    /// Subscriptions of the month before that have no usage any more: zero, if that month was synced too.
    pub departed: Vec<ExpectedSubscription>,
    /// What must not be written, and why.
    pub exceptions: Vec<ExpectedException>,
    /// What the vendor counted in scope: service, unit, exact decimal.
    pub vendor_units: Vec<(String, String, String)>,
}

/// One subscription that must be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExpectedSubscription {
    /// Halo client.
    pub client_id: i64,
    /// Name of the subscription.
    pub name: String,
    /// Its count.
    pub count: i64,
}

/// One customer's service (or a contract's pool) that must not be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExpectedException {
    /// `unmatched_customer`, `ambiguous_customer`, `inactive_client`, `ambiguous_subscription`, `fraction_without_rule` or
    /// `contract_level`.
    pub kind: String,
    /// Vendor customer, blank where the vendor gave none.
    pub customer_id: String,
    /// Service.
    pub service: String,
    /// Units, an exact decimal.
    pub quantity: String,
}

/// The count that a client's sum of a service is billed as. `None`: a fraction without a rule.
pub(crate) fn billed(service: &str, sum: Milli) -> Option<i64> {
    if service == PER_GB {
        Some(sum.ceil())
    } else {
        sum.whole()
    }
}

pub(crate) fn judge(world: &World, period: u32) -> Expectation {
    let mut this = settle(world, period);
    let before = settle(world, period::previous(period));
    let known: BTreeSet<(i64, &str)> = this
        .keys
        .iter()
        .map(|(client, name)| (*client, name.as_str()))
        .collect();
    this.expectation.departed = before
        .expectation
        .subscriptions
        .into_iter()
        .filter(|old| !known.contains(&(old.client_id, old.name.as_str())))
        .map(|old| ExpectedSubscription { count: 0, ..old })
        .collect();
    this.expectation
}

struct Settled {
    expectation: Expectation,
    /// Every (client, name) with usage, billed or blocked.
    keys: BTreeSet<(i64, String)>,
}

/// A vendor customer: blank ids are told apart by name.
type CustomerKey<'a> = (&'a str, &'a str);

fn settle(world: &World, period: u32) -> Settled {
    let mut settled = Settled {
        expectation: Expectation::default(),
        keys: BTreeSet::new(),
    };
    let Some(month) = world.vendor.months.get(&period) else {
        return settled;
    };
    let usage = usage_in_scope(world, month);
    let out = &mut settled.expectation;
    out.vendor_units = vendor_units(world, month, &usage);

    let claims = claims(world);
    let mut keys: BTreeMap<(i64, &str), Vec<(&str, Milli)>> = BTreeMap::new();
    for ((customer, service), units) in &usage {
        let claimants = claims.get(customer.0).map_or(&[][..], Vec::as_slice);
        let kind = match claimants {
            [(_, true)] => "inactive_client",
            [(client, false)] => {
                keys.entry((*client, service))
                    .or_default()
                    .push((customer.0, *units));
                continue;
            }
            [] => "unmatched_customer",
            _ => "ambiguous_customer",
        };
        out.exceptions
            .push(exception(kind, customer.0, service, *units));
    }

    let standing = standing_subscriptions(world);
    for ((client_id, service), parts) in keys {
        settled.keys.insert((client_id, service.to_owned()));
        let blocked = if standing
            .get(&(client_id, service))
            .is_some_and(|count| *count > 1)
        {
            "ambiguous_subscription"
        } else if let Some(count) = billed(service, parts.iter().map(|(_, units)| *units).sum()) {
            out.subscriptions.push(ExpectedSubscription {
                client_id,
                name: service.to_owned(),
                count,
            });
            continue;
        } else {
            "fraction_without_rule"
        };
        out.exceptions.extend(
            parts
                .iter()
                .map(|(customer, units)| exception(blocked, customer, service, *units)),
        );
    }
    for (contract, units) in &month.pools {
        if *units > Milli::default() && world.vendor.is_in_scope(*contract) {
            out.exceptions
                .push(exception("contract_level", "", POOL_SERVICE, *units));
        }
    }
    out.exceptions.sort();
    settled
}

fn exception(kind: &str, customer_id: &str, service: &str, units: Milli) -> ExpectedException {
    ExpectedException {
        kind: kind.to_owned(),
        customer_id: customer_id.to_owned(),
        service: service.to_owned(),
        quantity: units.to_string(),
    }
}

/// Units per customer and service.
fn usage_in_scope<'a>(
    world: &World,
    month: &'a Month,
) -> BTreeMap<(CustomerKey<'a>, &'a str), Milli> {
    let mut usage = BTreeMap::new();
    for record in month
        .records
        .iter()
        .filter(|record| world.vendor.is_in_scope(record.contract))
    {
        let id = record.customer_id.trim();
        let name = if id.is_empty() {
            record.customer_name.as_str()
        } else {
            ""
        };
        for line in record.devices.iter().flat_map(|device| &device.lines) {
            if line.service.starts_with(PRODUCT) {
                *usage.entry(((id, name), &*line.service)).or_default() += line.quantity;
            }
        }
    }
    usage
}

fn vendor_units(
    world: &World,
    month: &Month,
    usage: &BTreeMap<(CustomerKey<'_>, &str), Milli>,
) -> Vec<(String, String, String)> {
    let mut totals: BTreeMap<&str, Milli> = BTreeMap::new();
    for ((_, service), units) in usage {
        *totals.entry(service).or_default() += *units;
    }
    for (contract, units) in &month.pools {
        if *units > Milli::default() && world.vendor.is_in_scope(*contract) {
            *totals.entry(POOL_SERVICE).or_default() += *units;
        }
    }
    totals
        .into_iter()
        .map(|(service, units)| {
            (
                service.to_owned(),
                offering_of(service).uom.to_owned(),
                units.to_string(),
            )
        })
        .collect()
}

/// The clients that claim a vendor customer, and whether each is inactive.
fn claims(world: &World) -> HashMap<String, Vec<(i64, bool)>> {
    let mut claims: HashMap<String, Vec<(i64, bool)>> = HashMap::new();
    for client in world.psa.clients.values() {
        let text = client.true_cove_text().unwrap_or_default();
        let text = text.trim();
        if !text.is_empty() {
            claims
                .entry(text.to_owned())
                .or_default()
                .push((client.id, client.inactive));
        }
    }
    claims
}

/// How many live subscriptions of a name each client has, leaving out what came through the API.
fn standing_subscriptions(world: &World) -> HashMap<(i64, &str), usize> {
    let mut standing = HashMap::new();
    for form in world
        .psa
        .licences
        .values()
        .filter_map(|licence| licence.standing.as_ref())
    {
        if form.is_live_subscription() {
            *standing
                .entry((form.client_id, form.name.as_str()))
                .or_default() += 1;
        }
    }
    standing
}
