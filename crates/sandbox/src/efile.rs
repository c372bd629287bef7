//! The invoice's data file (EFile), which people download from the vendor's portal: one CSV for each invoice of a month,
//! every field quoted (columns and conventions observed in public scripts).

use serde::Serialize;

use crate::period;
use crate::quantity::{Milli, decimal};
use crate::switches::{EFileNames, EFileProducts, Switches};
use crate::world::vendor::{
    Contract, Device, Invoice, Line, Month, POOL_SERVICE, Record, Vendor, offering_of,
};

const COLUMNS: [&str; 20] = [
    "Account Name",
    "Account Number",
    "Invoice Number",
    "Invoice Date",
    "Contract Number",
    "Tenant",
    "Product",
    "UOM",
    "Quantity",
    "Rate",
    "Cost",
    "List Price",
    "Usage Customer",
    "Customer Site",
    "Device Name",
    "Device Type",
    "Device ID",
    "Rating Method",
    "Period From",
    "Period To",
];

/// An invoice's data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EFile {
    /// Its name, as `InvoicesReady` gives it.
    pub file_name: String,
    /// The invoice it belongs to.
    pub invoice_id: String,
    /// The file.
    pub csv: String,
}

/// Name of an invoice's file, and its number.
pub(crate) fn name_of(invoice: &Invoice) -> (String, String) {
    let number = format!("1235{}", invoice.id);
    (format!("efile_{number}.csv"), number)
}

/// The files of a month, one for each invoice.
pub(crate) fn efiles(vendor: &Vendor, month: u32, switches: &Switches) -> Vec<EFile> {
    let Some(content) = vendor.months.get(&month) else {
        return Vec::new();
    };
    let files = content.invoices.iter().map(|invoice| EFile {
        file_name: name_of(invoice).0,
        invoice_id: invoice.id.clone(),
        csv: Writer::new(month, switches).file(vendor, content, invoice),
    });
    files.collect()
}

struct Writer<'a> {
    month: u32,
    switches: &'a Switches,
    csv: String,
}

/// What differs from row to row.
struct Row<'a> {
    contract: &'a Contract,
    invoice: &'a Invoice,
    product: String,
    quantity: Milli,
    /// In ten-thousandths; 0 where nothing is charged.
    rate: i64,
    customer: String,
    device: Option<(&'a Device, &'static str)>,
    method: &'static str,
}

impl<'a> Writer<'a> {
    fn new(month: u32, switches: &'a Switches) -> Self {
        let mut writer = Self {
            month,
            switches,
            csv: String::new(),
        };
        writer.line(&COLUMNS.map(str::to_owned));
        writer
    }

    fn file(mut self, vendor: &Vendor, month: &Month, invoice: &Invoice) -> String {
        let contracts = invoice
            .contracts
            .iter()
            .filter_map(|id| vendor.contract(*id));
        for contract in contracts {
            let own = |record: &&Record| record.contract == contract.id;
            let mut servers = 0;
            for record in month.records.iter().filter(own) {
                for device in &record.devices {
                    for line in &device.lines {
                        servers += i64::from(line.service.ends_with("| Server"));
                        self.usage(contract, invoice, record, device, line);
                    }
                }
            }
            self.contract_level(contract, invoice, month, servers);
        }
        self.csv
    }

    fn usage(
        &mut self,
        contract: &Contract,
        invoice: &Invoice,
        record: &Record,
        device: &Device,
        line: &Line,
    ) {
        let free = self.switches.efile_products == EFileProducts::WithVariants
            && line.service.ends_with("| Documents");
        let name = &record.customer_name;
        let customer = match (self.switches.efile_names, device.id % 3) {
            (EFileNames::Spelled, 0) => name.to_uppercase(),
            (EFileNames::Spelled, 1) => name.replace(' ', "  "),
            (EFileNames::AsIs | EFileNames::Spelled, _) => name.clone(),
        };
        self.row(&Row {
            contract,
            invoice,
            product: if free {
                format!("{} - Freemium", line.service)
            } else {
                line.service.to_string()
            },
            quantity: line.quantity,
            rate: if free {
                0
            } else {
                offering_of(&line.service).price
            },
            customer,
            device: Some((device, device_type(&line.service))),
            method: "Usage",
        });
    }

    /// What belongs to no customer: the storage pool, and what is committed to.
    fn contract_level(
        &mut self,
        contract: &Contract,
        invoice: &Invoice,
        month: &Month,
        servers: i64,
    ) {
        let blank = |product: &str, quantity, rate, method| Row {
            contract,
            invoice,
            product: product.to_owned(),
            quantity,
            rate,
            customer: String::new(),
            device: None,
            method,
        };
        if let Some(pool) = month.pools.get(&contract.id) {
            let rate = offering_of(POOL_SERVICE).price;
            self.row(&blank(POOL_SERVICE, *pool, rate, "Usage"));
        }
        if self.switches.efile_products == EFileProducts::WithVariants {
            let committed = Milli::units(servers + 5);
            let product = "Cove Data Protection | Server - Commitment";
            self.row(&blank(product, committed, 0, "Subscription"));
            let product = "Cove Data Protection | Workstation - Postpaid Commitment";
            self.row(&blank(product, Milli::units(10), 0, "Subscription"));
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        let Row {
            contract,
            invoice,
            product,
            quantity,
            rate,
            customer,
            device,
            method,
        } = row;
        let base = product.split(" - ").next().unwrap_or_default();
        let offering = offering_of(base);
        let cost = i128::from(quantity.thousandths()) * i128::from(*rate);
        let (name, site, id, kind) = match device {
            Some((device, kind)) => (
                device.name.as_str(),
                device.site,
                device.id.to_string(),
                *kind,
            ),
            None => ("", "", String::new(), ""),
        };
        let (month, next) = (self.month, period::next(self.month));
        let first = |month: u32| format!("{:02}-01-{}", month % 100, month / 100);
        let days = (crate::calendar::month_start(next) - crate::calendar::month_start(month))
            / crate::calendar::DAY;
        self.line(&[
            "Best MSP".to_owned(),
            "12348".to_owned(),
            invoice.id.clone(),
            first(next),
            contract.number.to_owned(),
            format!("{}_678905", contract.product_code),
            product.clone(),
            offering.uom.to_owned(),
            quantity.to_string(),
            decimal((*rate).into(), 4),
            decimal(cost, 7),
            decimal(i128::from(offering.price) * 5 / 4, 4),
            customer.clone(),
            site.to_owned(),
            name.to_owned(),
            kind.to_owned(),
            id,
            (*method).to_owned(),
            first(month),
            format!("{:02}-{days:02}-{}", month % 100, month / 100),
        ]);
    }

    fn line(&mut self, fields: &[String; 20]) {
        let quoted = fields
            .iter()
            .map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
        self.csv.push_str(&quoted.collect::<Vec<_>>().join(","));
        self.csv.push('\n');
    }
}

fn device_type(service: &str) -> &'static str {
    match service.rsplit("| ").next() {
        Some("Server" | "Virtual Machine Server" | "Per GB") => "Server",
        Some("Microsoft 365") => "Tenant",
        _ => "Workstation",
    }
}
