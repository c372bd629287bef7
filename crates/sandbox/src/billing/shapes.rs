//! The Billing API's JSON, written by hand from the documented samples with their mixed types and odd keys.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::ACCOUNT_ID;
use crate::efile;
use crate::period;
use crate::quantity::{Milli, decimal};
use crate::world::vendor::{
    Contract, Device, Invoice, Line, Month, POOL_SERVICE, Record, Vendor, offering_of,
};

const ACCOUNT_NAME: &str = "Best MSP";

/// With prices and strings (`PSAUsageDetailsDevices`), or without and with numbers (`PSAUsageByTimeFrame`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Details,
    ByTimeFrame,
}

pub(super) fn invoices_ready(vendor: &Vendor, month: u32) -> Value {
    let invoices = vendor
        .months
        .get(&month)
        .map(|month| month.invoices.as_slice())
        .unwrap_or_default();
    let rows: Vec<Value> = invoices
        .iter()
        .map(|invoice| {
            let (file_name, file) = efile::name_of(invoice);
            let mut row = json!({
                "ActivityStartDate": format!("{}-{:02}-01", month / 100, month % 100),
                "InvoiceID": invoice.id,
                "AccountID": "238888",
                "BillingProfileID": "1234",
                "ApprovalStatus": invoice.approval,
                "FileName": file_name,
                "EFileID": file,
                "InvoiceDate": period::long_date(period::next(month)),
                "Name": ACCOUNT_NAME,
                "Status": invoice.status,
            });
            if invoice.names_contracts {
                let contracts = invoice
                    .contracts
                    .iter()
                    .filter_map(|id| vendor.contract(*id));
                row["Contracts"] = contracts
                    .map(|contract| {
                        json!({
                            "ContractID": contract.id.to_string(),
                            "ContractNumber": contract.number,
                            "AccountName": ACCOUNT_NAME,
                            "Name": contract.plan,
                        })
                    })
                    .collect();
            }
            row
        })
        .collect();
    json!({ "InvoicesReady": rows })
}

/// The part that is there even when the contract is wrong (documented soft failure).
pub(super) fn billable_services_head(contract: Option<&Contract>, month: u32) -> Value {
    json!({
        "AccountName": ACCOUNT_NAME,
        "BpAccountId": 123_467,
        "Cid": "789012",
        "ContractNumber": contract.map_or("", |contract| contract.number),
        "ContractStatus": "ACTIVE",
        "Created": "2024-02-09T15:04:06",
        "SfdcAccountId": ACCOUNT_ID,
        "TimeFrame": month,
        "Updated": "2024-11-28T01:25:30",
    })
}

pub(super) fn billable_services(
    vendor: &Vendor,
    contract: u64,
    month: &Month,
    period: u32,
) -> Value {
    let records = || {
        month
            .records
            .iter()
            .filter(|record| record.contract == contract)
    };
    let lines = records()
        .flat_map(|record| &record.devices)
        .flat_map(|device| &device.lines);
    let mut names: BTreeSet<&str> = lines.map(|line| &*line.service).collect();
    if vendor.is_in_scope(contract) {
        names.insert(POOL_SERVICE);
    }
    let services = names.into_iter().map(|name| {
        let offering = offering_of(name);
        json!({
            "BillingServiceName": name,
            "ProductFeatureName": offering.feature,
            "Sku": offering.sku,
            "Uom": offering.uom,
        })
    });
    let clients = records().map(|record| {
        let id = client_id(&record.customer_id, Style::Details);
        json!({"ClientId": id, "Name": record.customer_name})
    });
    let mut body = billable_services_head(vendor.contract(contract), period);
    body["Billable Services"] = services.collect();
    body["Clients"] = clients.collect();
    body
}

/// The account's part of a usage answer, which is there even when contract or invoice are wrong.
pub(super) fn usage_head(contract: Option<&Contract>, month: u32) -> Value {
    let product_code = contract.map_or("0100", |contract| contract.product_code);
    json!({
        "AccountName": ACCOUNT_NAME,
        "BpAccountId": 12_348,
        "Cid": "234578",
        "ContractId": contract.map(|contract| contract.id),
        "ContractNumber": contract.map(|contract| contract.number),
        "ContractStatus": "ACTIVE",
        "Created": "2021-01-04 20:02:13.470",
        "PgaCode": product_code,
        "Pid": format!("{}M-0000-0000-UK", if product_code == "0100" { "0118" } else { product_code }),
        "ProductName": contract.map(|contract| contract.product),
        "RateClassId": "234567",
        "SfdcAccountId": ACCOUNT_ID,
        "TenantId": format!("{product_code}_678905"),
        "TimeFrame": month,
        "Updated": "2023-12-31 22:09:37.204",
    })
}

pub(super) fn usage_details(
    contract: &Contract,
    month: &Month,
    invoice: &Invoice,
    period: u32,
) -> Value {
    usage(contract, month, Some(invoice), period, Style::Details)
}

pub(super) fn usage_by_time_frame(vendor: &Vendor, period: u32) -> Value {
    let Some(month) = vendor.months.get(&period) else {
        return json!({"UsageDetailDevices": []});
    };
    let rows: Vec<Value> = vendor
        .contracts
        .iter()
        .map(|contract| {
            let invoice = month
                .invoices
                .iter()
                .find(|invoice| invoice.contracts.contains(&contract.id));
            let mut row = usage(contract, month, invoice, period, Style::ByTimeFrame);
            if contract.product_code != "0100" {
                row["ContractId"] = contract.id.to_string().into();
                row["TotalByContracts"] = json!([]);
            }
            row
        })
        .collect();
    json!({ "UsageDetailDevices": rows })
}

fn usage(
    contract: &Contract,
    month: &Month,
    invoice: Option<&Invoice>,
    period: u32,
    style: Style,
) -> Value {
    let records: Vec<&Record> = month
        .records
        .iter()
        .filter(|record| record.contract == contract.id)
        .collect();
    let pool = month.pools.get(&contract.id).copied().unwrap_or_default();
    let mut body = usage_head(Some(contract), period);
    body["TotalByContracts"] = json!([{
        "AccountName": ACCOUNT_NAME,
        "BpAccountId": "345678",
        "Cid": "234578",
        "ContractId": contract.id.to_string(),
        "ContractNumber": contract.number,
        "InvoiceId": invoice.map_or("", |invoice| invoice.id.as_str()),
        "SfdcAccountId": ACCOUNT_ID,
        "AdditionalCapacity": [capacity(&records, pool, period, style)],
    }]);
    body["Clients"] = records.iter().map(|record| client(record, style)).collect();
    body
}

/// The contract's storage pool. Its binary-float noise is as in the documented sample.
fn capacity(records: &[&Record], pool: Milli, period: u32, style: Style) -> Value {
    let count = |service: &str| {
        let lines = records
            .iter()
            .flat_map(|record| &record.devices)
            .flat_map(|device| &device.lines);
        let total: Milli = lines
            .filter(|line| line.service.ends_with(service))
            .map(|line| line.quantity)
            .sum();
        total.thousandths() / 1000
    };
    let (servers, virtual_servers, workstations) = (
        count("| Server"),
        count("Virtual Machine Server"),
        count("Workstation"),
    );
    let total = servers * 2000 + virtual_servers * 2000 + workstations * 500;
    let extra = if pool == Milli::default() {
        -1830
    } else {
        pool.thousandths() / 1000
    };
    let used = total + extra;
    let mut body = json!({
        "AdditionalCapacity": format!("{extra}.479000000003"),
        "SelectedGbUsageQuantity": format!("{used}.520999999997"),
        "Servers": {
            "CommittedCount": servers, "DeviceCount": servers, "FUP": 2000, "Pool": servers * 2000, "UsageCount": servers,
        },
        "TimeFrame": period,
        "TotalPool": total,
        "UsedGB": format!("{used}.520999999997"),
        "UsedGbUsageQuantity": format!("{}.173999999999", used + 1753),
        "VirtualServers": {
            "CommittedCount": virtual_servers, "DeviceCount": virtual_servers, "UsageCount": virtual_servers,
        },
        "Workstations": {
            "CommittedCount": workstations, "DeviceCount": workstations, "FUP": 500, "Pool": workstations * 500,
            "UsageCount": workstations,
        },
    });
    let offering = offering_of(POOL_SERVICE);
    if style == Style::Details {
        body["Amount"] = amount(pool, offering.price).into();
        body["Price"] = decimal(offering.price.into(), 4).into();
    }
    // The documented by-timeframe sample has no billed quantity; it is shown there only where one is owed.
    if style == Style::Details || pool != Milli::default() {
        body["ProductFeatureName"] = offering.feature.into();
        body["Quantity"] = pool.to_string().into();
        body["Sku"] = offering.sku.into();
    }
    body
}

fn client(record: &Record, style: Style) -> Value {
    json!({
        "ClientId": client_id(&record.customer_id, style),
        "Devices": record.devices.iter().map(|one| device(record, one, style)).collect::<Vec<_>>(),
    })
}

/// Ids come as text or as a number, in both answers; blank ones stay text.
fn client_id(id: &str, style: Style) -> Value {
    let text_digit = if style == Style::Details {
        ['0', '2', '4', '6', '8', '9']
    } else {
        ['3'; 6]
    };
    match id.parse::<u64>() {
        Ok(number) if !id.ends_with(text_digit) => number.into(),
        _ => id.into(),
    }
}

fn device(record: &Record, device: &Device, style: Style) -> Value {
    let id = if device.id.is_multiple_of(10) {
        device.id.into()
    } else {
        Value::from(device.id.to_string())
    };
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("Detail", device.name.as_str().into());
    put("DetailId", id);
    put("Customer Site Name", device.site.into());
    put("UsageCompanyName", record.customer_name.as_str().into());
    put("UsageSiteName", device.site.into());
    put("UsageLevel_3", "Example Distributor".into());
    put("Customer_Reference_L3", "".into());
    put("UsageLevel_4", "".into());
    put("Customer_Reference_L4", "".into());
    put("UsageLevel_5", ACCOUNT_NAME.into());
    put("Customer_Reference_L5", "".into());
    put("UsageLevel_6", "".into());
    put("Customer_Reference_L6", "".into());
    put("Customer_Reference_L7", record.reference.as_str().into());
    put("Customer_Reference_L8", "".into());
    put(
        "TotalByService",
        device
            .lines
            .iter()
            .map(|one| line(one, device.id, style))
            .collect(),
    );
    body.into()
}

fn line(line: &Line, device: u64, style: Style) -> Value {
    let offering = offering_of(&line.service);
    let as_number = (style == Style::ByTimeFrame && device.is_multiple_of(5))
        .then(|| line.quantity.whole())
        .flatten();
    let mut body = json!({
        "BillingServiceName": line.service,
        "ProductFeatureName": offering.feature,
        "Sku": offering.sku,
        "Uom": offering.uom,
        "Quantity": as_number.map_or_else(|| Value::from(line.quantity.to_string()), Value::from),
    });
    if style == Style::Details {
        body["Price"] = decimal(offering.price.into(), 4).into();
        body["Amount"] = amount(line.quantity, offering.price).into();
    }
    body
}

/// An id as a number where it is one (as the distributor's answers have it); blank ones stay text.
pub(super) fn number_or_text_id(id: &str) -> Value {
    client_id(id, Style::ByTimeFrame)
}

/// What a quantity of a service costs, and the price of one, as text.
pub(super) fn amount_and_price(quantity: Milli, service: &str) -> (String, String) {
    let price = offering_of(service).price;
    (amount(quantity, price), decimal(price.into(), 4))
}

/// Quantity times price, exact.
fn amount(quantity: Milli, price: i64) -> String {
    decimal(i128::from(quantity.thousandths()) * i128::from(price), 7)
}
