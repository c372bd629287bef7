//! Builds the world from a seed: three months of usage and a Halo that a runbook and people have left their marks on.

mod cove;
mod halo;
mod invoices;
mod names;
mod shelves;
mod usage;

use fastrand::Rng;
use serde::Serialize;

use crate::lint::LintFinding;
use crate::period;
use crate::world::World;
use crate::world::vendor::{Contract, Invoice, Month, Vendor};

/// The smallest world that has room for every oddity.
const FEWEST_CUSTOMERS: usize = 40;
/// More would not fit into memory on a small machine.
const MOST_CUSTOMERS: usize = 100_000;

pub(crate) const CONTRACT_A: u64 = 238_877;
pub(crate) const CONTRACT_B: u64 = 238_878;
pub(crate) const CONTRACT_C: u64 = 238_879;
pub(crate) const CONTRACT_EDR: u64 = 238_990;

/// A customer that is not like the others, so that tests can find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// What is odd.
    pub kind: OddityKind,
    /// The vendor customer, blank for [`OddityKind::BlankId`].
    pub customer_id: String,
    /// The vendor's name for it.
    pub customer_name: String,
    /// The Halo clients that claim it.
    pub client_ids: Vec<i64>,
}

/// What is odd about a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OddityKind {
    /// No Halo client holds its id. One of them shares its name with a client.
    NoClient,
    /// Two clients hold its id.
    TwoClients,
    /// Its client is inactive.
    InactiveClient,
    /// Its client has two active subscriptions of one name.
    DuplicateSubscription,
    /// The vendor gives no id. A client has its name.
    BlankId,
    /// Long-term retention in fractions of a terabyte, for which there is no rule.
    Fraction,
    /// Fractions of a terabyte that add up to a whole one.
    FractionsAddUp,
    /// Two customers have this name; ids and clients differ.
    SameName,
    /// Its client's field has spaces around the id.
    SpacedField,
    /// Its client's field is a JSON number.
    NumericField,
    /// Its client has a software licence (type 0) of a service's name and no subscription of it.
    SameNameSoftwareLicence,
    /// Its client has an inactive subscription of a service's name and no active one.
    SameNameInactive,
    /// Its client has a deleted subscription of a service's name and no other.
    SameNameDeleted,
    /// Its name is an attack on a spreadsheet, a page or a terminal, or just hard to print.
    HostileName,
    /// One service comes on two contracts.
    TwoContracts,
    /// New in the seeded month.
    Newcomer,
    /// Gone in the seeded month.
    Departed,
}

/// A vendor customer while the world is built.
#[derive(Debug)]
struct Customer {
    id: String,
    name: String,
    oddity: Option<OddityKind>,
    contract: u64,
    reference: String,
    client_ids: Vec<i64>,
}

/// A world without customers, clients and licences: only the contracts, and the invoices of both final months.
pub(crate) fn blank(period: u32) -> World {
    let contract = |id, number, plan, product, product_code| Contract {
        id,
        number,
        plan,
        product,
        product_code,
    };
    let cove = "Cove Data Protection | Data Protection Plan | MSP";
    let plan = "Cove Data Protection | DPP | MSP | Monthly | Selected Size";
    let mut vendor = Vendor {
        contracts: vec![
            contract(CONTRACT_A, "MSP-888878-04", plan, cove, "0100"),
            contract(CONTRACT_B, "MSP-888878-05", plan, cove, "0100"),
            contract(CONTRACT_C, "MSP-888878-06", plan, cove, "0100"),
            contract(
                CONTRACT_EDR,
                "MSP-888990-01",
                "Example EDR | MSP | Monthly",
                "Example EDR product",
                "0999",
            ),
        ],
        ..Vendor::default()
    };
    for final_month in [period::previous(period), period] {
        let number = 340_000 + (final_month / 100) * 120 + (final_month % 100) * 10;
        let invoice = |offset: u32, contracts: &[u64], names_contracts| Invoice {
            id: (number + offset).to_string(),
            status: "CLOSED".to_owned(),
            approval: "APPROVED".to_owned(),
            contracts: contracts.to_vec(),
            names_contracts,
        };
        let invoices = vec![
            invoice(8, &[CONTRACT_A, CONTRACT_B], true),
            invoice(9, &[CONTRACT_C], false),
        ];
        vendor.months.insert(
            final_month,
            Month {
                invoices,
                ..Month::default()
            },
        );
    }
    vendor.months.insert(period::next(period), Month::default());
    World {
        vendor,
        ..World::default()
    }
}

/// The full world.
pub(crate) fn world(
    seed: u64,
    customers: usize,
    period: u32,
) -> (World, Vec<Oddity>, Vec<LintFinding>) {
    let mut rng = Rng::with_seed(seed);
    let mut world = blank(period);
    let mut customers = cast(&mut rng, customers.clamp(FEWEST_CUSTOMERS, MOST_CUSTOMERS));
    halo::add_clients(&mut rng, &mut world.psa, &mut customers);
    usage::add_months(&mut rng, &mut world.vendor, &customers, period);
    halo::add_licences(&mut rng, &mut world, &customers, period);
    cove::add_strays(&mut world);
    shelves::add(&mut world.psa);
    let invoice_oddities = invoices::add_lines(&mut world.psa, &customers);
    let oddities = customers
        .into_iter()
        .filter_map(|customer| {
            customer.oddity.map(|kind| Oddity {
                kind,
                customer_id: customer.id,
                customer_name: customer.name,
                client_ids: customer.client_ids,
            })
        })
        .collect();
    (world, oddities, invoice_oddities)
}

/// Deals the oddities out over the customers.
fn cast(rng: &mut Rng, count: usize) -> Vec<Customer> {
    use OddityKind as K;
    let mut oddities = vec![
        K::NoClient,
        K::NoClient,
        K::TwoClients,
        K::InactiveClient,
        K::DuplicateSubscription,
        K::BlankId,
        K::Fraction,
        K::Fraction,
        K::Fraction,
        K::FractionsAddUp,
        K::SameName,
        K::SameName,
        K::SpacedField,
        K::NumericField,
        K::SameNameSoftwareLicence,
        K::SameNameInactive,
        K::SameNameDeleted,
        K::TwoContracts,
        K::TwoContracts,
        K::Departed,
        K::Departed,
    ];
    oddities.extend(names::HOSTILE.map(|_| K::HostileName));
    // About one in twenty joins each month; a large world stays below the guard on created records.
    oddities.extend(std::iter::repeat_n(K::Newcomer, count.div_ceil(20).min(20)));

    let mut places: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut places);
    let mut dealt = vec![None; count];
    for (place, oddity) in places.into_iter().zip(oddities) {
        if let Some(seat) = dealt.get_mut(place) {
            *seat = Some(oddity);
        }
    }

    let mut hostile = names::HOSTILE.iter();
    let mut id = 2_712_000 + rng.u32(0..400);
    dealt
        .into_iter()
        .enumerate()
        .map(|(index, oddity)| {
            id += rng.u32(1..60);
            let name = match oddity {
                Some(K::HostileName) => hostile.next().map(|name| (*name).to_owned()),
                Some(K::SameName) => Some("Twin Peaks Dental".to_owned()),
                _ => None,
            };
            Customer {
                id: if oddity == Some(K::BlankId) {
                    String::new()
                } else {
                    id.to_string()
                },
                name: name.unwrap_or_else(|| names::company(index)),
                oddity,
                contract: match (oddity, index % 10) {
                    (Some(K::TwoContracts), _) | (_, 0..=4) => CONTRACT_A,
                    (_, 5..=7) => CONTRACT_B,
                    _ => CONTRACT_C,
                },
                reference: String::new(),
                client_ids: Vec::new(),
            }
        })
        .collect()
}
