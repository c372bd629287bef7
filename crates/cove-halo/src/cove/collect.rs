//! Sums a usage answer while it arrives: per client, service and unit, with the devices as evidence. What a document
//! says about itself may follow its clients, so sums wait for it.

use api_core::wire::{BadRecord, denoise};
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::usage::{ContractAmount, DeviceUsage, Disagreement, UnreadableUsage, UsageLine};
use cove_api::billing::{self, ClientPart, ServiceUsage, TimeFrame, UsageDocument, UsageVisitor};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Storage pools are counted in gigabytes (documented in the service catalogue), whether or not a line says so.
const POOL_UNIT: &str = "GB";
const POOL_SERVICE: &str = "Additional Capacity";

/// One usage document, summed.
#[derive(Debug)]
pub(super) struct Document {
    /// Its contract, as it says itself; `None` when it leaves that blank.
    pub(super) contract: Option<ContractId>,
    /// What stands for the contract where it is blank.
    pub(super) number: Option<String>,
    pub(super) product: Option<String>,
    pub(super) month: Option<TimeFrame>,
    /// False when the document has no list of clients at all, which may be the answer to wrong ids.
    pub(super) clients_listed: bool,
    pub(super) lines: Vec<UsageLine>,
    pub(super) amounts: Vec<ContractAmount>,
    pub(super) unreadable: Vec<UnreadableUsage>,
    pub(super) disagreements: Vec<Disagreement>,
    /// Usage that could not be read and may be anybody's.
    pub(super) nobodys: Vec<String>,
}

impl Document {
    /// Puts another contract into everything the document holds.
    pub(super) fn assign(&mut self, contract: &ContractId) {
        self.contract = Some(contract.clone());
        for line in &mut self.lines {
            line.contract = contract.clone();
        }
        for amount in &mut self.amounts {
            if amount.contract.is_blank() {
                amount.contract = contract.clone();
            }
        }
        for record in &mut self.unreadable {
            record.contract = Some(contract.clone());
        }
        for disagreement in &mut self.disagreements {
            disagreement.contract = contract.clone();
        }
    }
}

/// Takes one answer.
#[derive(Debug, Default)]
pub(super) struct Collector {
    current: ClientSum,
    clients: Vec<ClientSum>,
    strays: Vec<(Option<CustomerId>, String)>,
    documents: Vec<Document>,
    /// Things in the list of documents that could not be read, with the contract where that could be.
    unreadable: Vec<(Option<ContractId>, String)>,
}

impl Collector {
    pub(super) fn finish(self) -> (Vec<Document>, Vec<(Option<ContractId>, String)>) {
        (self.documents, self.unreadable)
    }
}

/// What one client object of a document adds up to.
#[derive(Debug, Default)]
struct ClientSum {
    customer: Option<CustomerId>,
    name: String,
    sums: BTreeMap<LineKey, Sum>,
    stated: Vec<ServiceUsage>,
    bad: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    service: Option<String>,
    unit: String,
    reference: Option<String>,
}

#[derive(Debug)]
struct Sum {
    /// `None` once the sum cannot be written down exactly.
    quantity: Option<Decimal>,
    /// `None` once a line had no amount.
    amount: Option<Decimal>,
    device_count: u64,
    devices: Vec<DeviceUsage>,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            quantity: Some(Decimal::ZERO),
            amount: Some(Decimal::ZERO),
            device_count: 0,
            devices: Vec::new(),
        }
    }
}

impl ClientSum {
    fn take(&mut self, device: &billing::DeviceUsage) {
        if self.name.is_empty()
            && let Some(name) = &device.company_name
        {
            self.name.clone_from(name);
        }
        let reference = device.customer_reference(7).map(str::to_owned);
        let id = device.detail_id.as_ref().map_or("", |id| id.as_str());
        // A device may have several lines of one service; they are one device all the same.
        let mut parts: BTreeMap<LineKey, Sum> = BTreeMap::new();
        for line in device.lines() {
            let key = LineKey {
                service: line.billing_service_name.clone(),
                unit: line.unit.clone().unwrap_or_default(),
                reference: reference.clone(),
            };
            let part = parts.entry(key).or_default();
            part.quantity = add(part.quantity, Some(line.quantity));
            part.amount = add(part.amount, line.amount);
        }
        for (key, part) in parts {
            let sum = self.sums.entry(key).or_default();
            sum.quantity = add(sum.quantity, part.quantity);
            sum.amount = add(sum.amount, part.amount);
            sum.device_count += 1;
            sum.devices.push(DeviceUsage {
                id: id.to_owned(),
                name: device.detail.clone().unwrap_or_default(),
                quantity: part.quantity.unwrap_or_default(),
            });
        }
    }

    fn disagreements(&self, customer: &CustomerId) -> Vec<Disagreement> {
        let mut stated: BTreeMap<&str, Option<Decimal>> = BTreeMap::new();
        for total in &self.stated {
            if let Some(service) = &total.billing_service_name {
                let sum = stated.entry(service).or_insert(Some(Decimal::ZERO));
                *sum = add(*sum, Some(total.quantity));
            }
        }
        stated
            .into_iter()
            .filter_map(|(service, stated)| {
                let stated = denoise(stated?);
                let mut summed = Some(Decimal::ZERO);
                for (key, sum) in &self.sums {
                    if key.service.as_deref() == Some(service) {
                        summed = add(summed, sum.quantity);
                    }
                }
                let summed = denoise(summed?);
                (stated != summed).then(|| Disagreement {
                    customer: customer.clone(),
                    contract: ContractId::new(""),
                    service: ServiceName::new(service),
                    stated,
                    summed,
                })
            })
            .collect()
    }
}

fn add(a: Option<Decimal>, b: Option<Decimal>) -> Option<Decimal> {
    a?.checked_add(b?)
}

impl UsageVisitor for Collector {
    fn client(&mut self, part: ClientPart) {
        let usage = part.usage;
        for device in usage.readable_devices() {
            self.current.take(device);
        }
        self.current.bad.extend(usage.unreadable().map(describe));
        if part.last {
            let mut done = std::mem::take(&mut self.current);
            done.customer = usage.client_id.map(|id| CustomerId::new(id.as_str()));
            done.stated = usage.stated_totals;
            self.clients.push(done);
        }
    }

    fn document(&mut self, head: UsageDocument) {
        self.current = ClientSum::default();
        let contract = head
            .contract_id
            .as_ref()
            .or_else(|| {
                head.totals_by_contract
                    .iter()
                    .find_map(|total| total.contract_id.as_ref())
            })
            .map(|id| ContractId::new(id.as_str()));
        let mut document = Document {
            amounts: amounts(&head),
            contract: None,
            number: head.contract_number,
            product: head.product_name,
            month: head.time_frame,
            clients_listed: head.clients_listed,
            lines: Vec::new(),
            unreadable: head
                .bad
                .iter()
                .map(|bad| unreadable(None, describe(bad)))
                .collect(),
            disagreements: Vec::new(),
            // What is wrong with the clients as a whole may be anybody's usage; other members are not.
            nobodys: head
                .bad
                .iter()
                .filter(|bad| bad.path.starts_with("Clients"))
                .map(describe)
                .collect(),
        };
        for client in std::mem::take(&mut self.clients) {
            document.take(client);
        }
        for (customer, detail) in std::mem::take(&mut self.strays) {
            if customer.is_none() {
                document.nobodys.push(detail.clone());
            }
            document.unreadable.push(unreadable(customer, detail));
        }
        if let Some(contract) = contract {
            document.assign(&contract);
        }
        self.documents.push(document);
    }

    fn unreadable_client(&mut self, _document: usize, record: BadRecord) {
        let customer = id_in(&record, &["ClientId", "ClientID"]).map(CustomerId::new);
        self.strays.push((customer, describe(&record)));
    }

    fn unreadable_document(&mut self, record: BadRecord) {
        let contract = id_in(&record, &["ContractId", "ContractID"]).map(ContractId::new);
        // Clients that came before the document turned out unreadable belong to nobody.
        self.clients.clear();
        self.strays.clear();
        self.current = ClientSum::default();
        self.unreadable.push((contract, describe(&record)));
    }

    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

impl Document {
    fn take(&mut self, client: ClientSum) {
        if let Some(customer) = &client.customer {
            self.disagreements.extend(client.disagreements(customer));
        }
        let ClientSum {
            customer,
            name,
            sums,
            stated: _,
            bad,
        } = client;
        for detail in bad {
            self.unreadable.push(unreadable(customer.clone(), detail));
        }
        for (key, sum) in sums {
            let Some(quantity) = sum.quantity else {
                let service = key.service.unwrap_or_default();
                self.unreadable.push(unreadable(
                    customer.clone(),
                    format!("the units of `{service}` add up to more than can be written down"),
                ));
                continue;
            };
            self.lines.push(UsageLine {
                customer: customer.clone(),
                customer_name: name.clone(),
                customer_reference: key.reference,
                contract: ContractId::new(""),
                service: key.service.map(ServiceName::new),
                unit: key.unit,
                quantity: denoise(quantity),
                amount: sum.amount.map(denoise),
                device_count: sum.device_count,
                devices: sum.devices,
            });
        }
    }
}

fn unreadable(customer: Option<CustomerId>, detail: String) -> UnreadableUsage {
    UnreadableUsage {
        contract: None,
        customer,
        detail,
    }
}

/// What the contract itself was charged. A pool with headroom has a quantity of zero or less and no amount: no charge. By
/// time frame a pool states no quantity (documented sample); what it is over its allowance by is what is charged (assumed).
fn amounts(head: &UsageDocument) -> Vec<ContractAmount> {
    let product = head
        .product_name
        .as_deref()
        .and_then(|name| name.split('|').next())
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let pools = head.totals_by_contract.iter().flat_map(|total| {
        let contract = total
            .contract_id
            .as_ref()
            .map_or_else(|| ContractId::new(""), |id| ContractId::new(id.as_str()));
        total.additional_capacity.iter().filter_map(move |pool| {
            let quantity = denoise(pool.quantity.or(pool.capacity)?);
            let charged = pool.amount.is_some_and(|amount| !amount.is_zero());
            if quantity <= Decimal::ZERO && !charged {
                return None;
            }
            let service = pool
                .billing_service_name
                .clone()
                .or_else(|| product.map(|product| format!("{product} | {POOL_SERVICE}")))
                .or_else(|| pool.product_feature_name.clone())
                .unwrap_or_else(|| POOL_SERVICE.to_owned());
            Some(ContractAmount {
                contract: contract.clone(),
                service: ServiceName::new(service),
                unit: pool.unit.clone().unwrap_or_else(|| POOL_UNIT.to_owned()),
                quantity,
                amount: pool.amount.map(denoise),
            })
        })
    });
    let committed = head.committed_charges.iter().filter(|charge| {
        !charge.quantity.is_zero() || charge.amount.is_some_and(|amount| !amount.is_zero())
    });
    pools
        .chain(committed.map(|charge| ContractAmount {
            contract: ContractId::new(""),
            service: ServiceName::new(charge.billing_service_name.as_deref().unwrap_or_default()),
            unit: charge.unit.clone().unwrap_or_default(),
            quantity: denoise(charge.quantity),
            amount: charge.amount.map(denoise),
        }))
        .collect()
}

fn describe(bad: &BadRecord) -> String {
    if bad.path.is_empty() {
        bad.error.clone()
    } else {
        format!("{}: {}", bad.path, bad.error)
    }
}

/// An id in a record that could not be read as a whole.
fn id_in(record: &BadRecord, names: &[&str]) -> Option<String> {
    let object = record.raw.as_object()?;
    names
        .iter()
        .find_map(|name| match object.get(*name)? {
            serde_json::Value::String(text) => Some(text.trim().to_owned()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .filter(|id| !id.is_empty())
}
