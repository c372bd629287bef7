//! Every customer with its usage, what became of it, and the devices behind it.

use super::model::{ClientRef, CustomerLine, CustomerPart};
use billing_sync::ids::{ContractId, CustomerId, ServiceName};
use billing_sync::plan::{Change, ExceptionKind, Plan};
use billing_sync::rules::Rules;
use billing_sync::usage::{Usage, UsageLine};
use std::collections::BTreeMap;

/// The customers by name, then by id.
pub(super) fn customers(plan: &Plan, usage: &Usage, rules: &Rules) -> Vec<CustomerPart> {
    let fates = Fates::of(plan, rules);
    let mut parts: BTreeMap<(String, Option<&CustomerId>), CustomerPart> = BTreeMap::new();
    let mut names: BTreeMap<&CustomerId, &str> = BTreeMap::new();
    for line in &usage.lines {
        if let Some(id) = &line.customer {
            names.entry(id).or_insert(&line.customer_name);
        }
    }
    for line in &usage.lines {
        let id = line.customer.as_ref();
        // A customer whose name differs from line to line is still one customer.
        let name = id
            .and_then(|id| names.get(id))
            .map_or(line.customer_name.as_str(), |name| name)
            .to_owned();
        let part = parts
            .entry((name.to_lowercase(), id))
            .or_insert_with(|| CustomerPart {
                customer_id: id.cloned(),
                name,
                clients: Vec::new(),
                lines: Vec::new(),
            });
        let (shown, change) = fates.line(line);
        if let Some(change) = change {
            let client = ClientRef {
                id: Some(change.client_id),
                name: change.client_name.clone(),
            };
            if !part.clients.contains(&client) {
                part.clients.push(client);
            }
        }
        part.lines.push(shown);
    }
    let mut parts: Vec<CustomerPart> = parts.into_values().collect();
    for part in &mut parts {
        part.lines
            .sort_by(|a, b| (&a.service, &a.contract_id).cmp(&(&b.service, &b.contract_id)));
    }
    parts
}

/// Where each line went, found by what identifies it.
struct Fates<'a> {
    billed: BTreeMap<(&'a CustomerId, &'a ContractId, &'a ServiceName), &'a Change>,
    held: BTreeMap<(Option<&'a CustomerId>, Option<&'a ServiceName>), ExceptionKind>,
    plan: &'a Plan,
    rules: &'a Rules,
}

impl<'a> Fates<'a> {
    fn of(plan: &'a Plan, rules: &'a Rules) -> Self {
        let billed = plan
            .changes()
            .iter()
            .flat_map(|change| change.sources.iter().map(move |source| (source, change)))
            .map(|(source, change)| {
                let key = (&source.customer_id, &source.contract_id, &source.service);
                (key, change)
            })
            .collect();
        let held = plan
            .exceptions()
            .iter()
            .filter(|exception| exception.quantity.is_some())
            .map(|exception| {
                let key = (exception.customer_id.as_ref(), exception.service.as_ref());
                (key, exception.kind)
            })
            .collect();
        Self {
            billed,
            held,
            plan,
            rules,
        }
    }

    /// Whether a line without a change is billed all the same: its units were free, or rounded to none.
    fn is_billed(&self, line: &UsageLine) -> bool {
        let nobody = CustomerId::new("");
        let customer = line.customer.as_ref().unwrap_or(&nobody);
        let service = line.service.as_ref();
        // A plan for one client counts everybody else's units as ignored.
        self.plan.only().is_none()
            && service.is_some_and(|it| self.rules.bills(customer, it, self.plan.period()))
    }

    fn line(&self, line: &'a UsageLine) -> (CustomerLine, Option<&'a Change>) {
        let change = line
            .customer
            .as_ref()
            .zip(line.service.as_ref())
            .and_then(|(customer, service)| self.billed.get(&(customer, &line.contract, service)))
            .copied();
        let held = self
            .held
            .get(&(line.customer.as_ref(), line.service.as_ref()));
        let became = match (change, held) {
            (Some(_), _) => "billed",
            (None, Some(kind)) => kind.word(),
            // Zero units need no subscription.
            (None, None) if line.quantity.is_zero() || self.is_billed(line) => "nothing to bill",
            (None, None) => "ignored",
        };
        let shown = CustomerLine {
            service: line
                .service
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            contract_id: line.contract.clone(),
            unit: line.unit.clone(),
            quantity: line.quantity.normalize(),
            amount: line.amount,
            became: became.to_owned(),
            subscription: change.map(|change| change.name.clone()),
            device_count: line.device_count,
            devices: line.devices.clone(),
        };
        (shown, change)
    }
}
