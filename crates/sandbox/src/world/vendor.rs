//! The vendor's side of the world: contracts, invoices and what every customer used in a month.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::quantity::Milli;

/// Every service that is synced begins with this.
pub(crate) const PRODUCT: &str = "Cove Data Protection";
/// Name of the contract-level storage pool among the billable services (documented).
pub(crate) const POOL_SERVICE: &str = "Cove Data Protection | Additional Capacity";
/// The one service that is measured in fractions and has a rounding rule in the demo.
pub(crate) const PER_GB: &str = "Cove Data Protection | Per GB";

/// Devices that tests add get ids from here on.
pub(crate) const FIRST_ADDED: u64 = 9_000_000;

/// The catalogue entry of a service.
#[derive(Debug)]
pub(crate) struct Offering {
    pub(crate) name: &'static str,
    pub(crate) feature: &'static str,
    pub(crate) sku: &'static str,
    pub(crate) uom: &'static str,
    /// In ten-thousandths of the currency.
    pub(crate) price: i64,
}

/// What the vendor sells. Only the first name is documented; the others are reconstructed from public clients.
pub(crate) const CATALOGUE: [Offering; 9] = [
    offering(
        POOL_SERVICE,
        "0100_ADDITIONAL_CAPACITY",
        "MSPUK-BU-AC",
        "GB",
        200,
    ),
    offering(
        "Cove Data Protection | Server",
        "0100_EXAMPLE_SERVER",
        "EXAMPLE-SRV",
        "Each",
        205_000,
    ),
    offering(
        "Cove Data Protection | Virtual Machine Server",
        "0100_EXAMPLE_VM_SERVER",
        "EXAMPLE-VSRV",
        "Each",
        150_000,
    ),
    offering(
        "Cove Data Protection | Workstation",
        "0100_EXAMPLE_WORKSTATION",
        "EXAMPLE-WKS",
        "Each",
        40_000,
    ),
    offering(
        "Cove Data Protection | Microsoft 365",
        "0100_EXAMPLE_M365",
        "EXAMPLE-M365",
        "User",
        12_500,
    ),
    offering(
        "Cove Data Protection | Documents",
        "0100_EXAMPLE_DOCUMENTS",
        "EXAMPLE-DOC",
        "Each",
        15_000,
    ),
    offering(PER_GB, "0100_EXAMPLE_PER_GB", "EXAMPLE-GB", "GB", 200),
    offering(
        "Cove Data Protection | Long-Term Retention",
        "0100_EXAMPLE_LTR",
        "EXAMPLE-LTR",
        "TB",
        120_000,
    ),
    offering(
        "Example EDR | Endpoint Detection and Response - Complete",
        "0999_EXAMPLE_EDR",
        "EXAMPLE-EDR",
        "Each",
        31_000,
    ),
];

const fn offering(
    name: &'static str,
    feature: &'static str,
    sku: &'static str,
    uom: &'static str,
    price: i64,
) -> Offering {
    Offering {
        name,
        feature,
        sku,
        uom,
        price,
    }
}

/// The entry of a service; one that tests made up is sold by the piece.
pub(crate) fn offering_of(service: &str) -> &'static Offering {
    static MADE_UP: Offering = offering("", "0100_EXAMPLE_OTHER", "EXAMPLE-OTHER", "Each", 10_000);
    CATALOGUE
        .iter()
        .find(|offering| offering.name == service)
        .unwrap_or(&MADE_UP)
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Vendor {
    pub(crate) contracts: Vec<Contract>,
    pub(crate) months: BTreeMap<u32, Month>,
}

#[derive(Debug, Clone)]
pub(crate) struct Contract {
    pub(crate) id: u64,
    pub(crate) number: &'static str,
    /// Name of the contract on an invoice.
    pub(crate) plan: &'static str,
    /// Product name in usage answers.
    pub(crate) product: &'static str,
    pub(crate) product_code: &'static str,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Month {
    pub(crate) invoices: Vec<Invoice>,
    /// One per customer and contract.
    pub(crate) records: Vec<Record>,
    /// Billed gigabytes of a contract's storage pool, where it is not zero.
    pub(crate) pools: BTreeMap<u64, Milli>,
}

#[derive(Debug, Clone)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) approval: String,
    pub(crate) contracts: Vec<u64>,
    /// Whether `InvoicesReady` names the contracts.
    pub(crate) names_contracts: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) contract: u64,
    /// `ClientId` on the wire; blank for one seeded customer.
    pub(crate) customer_id: String,
    pub(crate) customer_name: String,
    pub(crate) reference: String,
    pub(crate) devices: Vec<Device>,
}

#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) site: &'static str,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) service: Cow<'static, str>,
    pub(crate) quantity: Milli,
}

impl Vendor {
    pub(crate) fn contract(&self, id: u64) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.id == id)
    }

    /// Whether usage of this contract is of the product that is synced.
    pub(crate) fn is_in_scope(&self, contract: u64) -> bool {
        self.contract(contract)
            .is_some_and(|contract| contract.product.starts_with(PRODUCT))
    }
}
