//! Both billing APIs of the fake.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Answer, FakeCove, Usage, World};

impl World {
    pub(super) fn billing(&mut self, path: &[&str]) -> Answer {
        let month = |text: &str| text.parse::<u32>().unwrap_or(0);
        let body = match path {
            [_, id, ..] if *id != FakeCove::ACCOUNT && *id != FakeCove::DISTRIBUTOR => {
                return (401, Value::Null);
            }
            ["InvoicesReady", _, time] => self.invoices_ready(month(time)),
            ["PSABillableServices", _, time, contract] => self.services(month(time), contract),
            ["PSAUsageDetailsDevices", _, time, contract, invoice] => {
                let bills = self
                    .invoices
                    .iter()
                    .any(|one| one.id == *invoice && one.contracts.iter().any(|id| id == contract));
                self.usage(month(time), contract, bills)
            }
            ["PSAUsageByTimeFrame", _, time] => {
                let contracts: BTreeSet<String> = self
                    .usage
                    .iter()
                    .filter(|one| one.month == month(time))
                    .map(|one| one.contract.clone())
                    .collect();
                let documents: Vec<Value> = contracts
                    .iter()
                    .map(|contract| self.usage(month(time), contract, true))
                    .collect();
                json!({ "UsageDetailDevices": documents })
            }
            ["Invoices", _, time] => {
                let invoices = self.invoices.iter().filter(|one| one.month == month(time));
                let rows = invoices.map(|one| json!({"Invoices": [{"InvoiceId": one.id}]}));
                rows.collect()
            }
            ["InvoiceDetails", _, invoice] => {
                match self.invoices.iter().find(|one| one.id == *invoice) {
                    Some(found) => {
                        let contracts = found.contracts.iter().map(|id| {
                            json!({"ContractId": id, "DistributorInternalSfdcAccountId": "RESELLER-0001"})
                        });
                        json!({ "Contracts": contracts.collect::<Value>() })
                    }
                    None => json!({}),
                }
            }
            ["UsageDetailsDevices", _, time, contract] => self.usage(month(time), contract, true),
            _ => return (404, Value::Null),
        };
        (200, body)
    }

    fn invoices_ready(&self, month: u32) -> Value {
        let own = self.invoices.iter().filter(|one| one.month == month);
        let rows = own.map(|one| {
            let contracts = one.contracts.iter().map(|id| json!({ "ContractID": id }));
            json!({
                "InvoiceID": one.id, "Status": "CLOSED", "ApprovalStatus": "APPROVED",
                "Contracts": contracts.collect::<Value>(),
            })
        });
        json!({ "InvoicesReady": rows.collect::<Value>() })
    }

    fn of_contract(&self, month: u32, contract: &str) -> Vec<&Usage> {
        let own = |one: &&Usage| one.month == month && one.contract == contract;
        self.usage.iter().filter(own).collect()
    }

    /// Account data alone for a contract that has nothing: the documented soft failure.
    fn services(&self, month: u32, contract: &str) -> Value {
        let own = self.of_contract(month, contract);
        let mut body = json!({"AccountName": "Best MSP", "TimeFrame": month});
        if !own.is_empty() {
            let services: BTreeSet<&str> = own.iter().map(|one| one.service.as_str()).collect();
            let clients: BTreeMap<&str, &str> = own
                .iter()
                .map(|one| (one.customer.as_str(), one.name.as_str()))
                .collect();
            let services = services
                .iter()
                .map(|name| json!({ "BillingServiceName": name }));
            let clients = clients
                .iter()
                .map(|(id, name)| json!({"ClientId": id, "Name": name}));
            body["Billable Services"] = services.collect();
            body["Clients"] = clients.collect();
        }
        body
    }

    fn usage(&mut self, month: u32, contract: &str, billed: bool) -> Value {
        let spoiled = std::mem::take(&mut self.unreadable);
        let own = self.of_contract(month, contract);
        let mut body = json!({"AccountName": "Best MSP", "TimeFrame": month});
        if own.is_empty() || !billed {
            return body;
        }
        let mut clients: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (index, one) in own.iter().enumerate() {
            let quantity = if spoiled && index == 0 {
                "many"
            } else {
                &one.quantity
            };
            let device = json!({
                "Detail": format!("device-{index}"),
                "DetailId": format!("{contract}-{index}"),
                "UsageCompanyName": one.name,
                "TotalByService": [{"BillingServiceName": one.service, "Quantity": quantity}],
            });
            clients.entry(&one.customer).or_default().push(device);
        }
        let clients = clients
            .into_iter()
            .map(|(id, devices)| json!({"ClientId": id, "Devices": devices}));
        body["ContractId"] = contract.into();
        body["ProductName"] = "Cove Data Protection | Data Protection Plan | MSP".into();
        body["TotalByContracts"] = json!([]);
        body["Clients"] = clients.collect();
        body
    }
}
