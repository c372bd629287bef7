//! The privacy switch: customers, clients and devices get pseudonyms, everywhere, and free text that may hold a name goes.
//! Every struct is taken apart by name, so that a new field cannot be forgotten.

use super::ReportInput;
use super::back_fill::{BackFill, BilledThen, UsedThen};
use super::model::{
    ChangeRow, ClientRef, Comparison, CustomerLine, CustomerPart, CustomerSum, ExceptionGroup,
    ExceptionRow, InvoiceState, Movement, Report, RunRow,
};
use billing_sync::ids::{ClientId, ContractId, CustomerId};
use billing_sync::plan::{Guard, GuardName};
use billing_sync::usage::DeviceUsage;
use std::collections::{BTreeMap, BTreeSet};

/// Who has which pseudonym. Numbers are given in the order in which the months that are known show a customer, and by id
/// within a month: with the same state file a customer keeps its number from month to month.
#[derive(Debug, Default)]
struct Pseudonyms {
    customers: BTreeMap<(Option<CustomerId>, String), usize>,
    clients: BTreeMap<ClientId, usize>,
    contracts: BTreeMap<ContractId, usize>,
    /// Names of subscriptions that are a vendor's service, and so nobody's name.
    services: BTreeSet<String>,
    subscriptions: BTreeMap<String, usize>,
}

impl Pseudonyms {
    fn of(input: &ReportInput<'_>) -> Self {
        let mut names = Self::default();
        for row in input.history.iter().flat_map(|month| &month.rows) {
            names.customer(row.customer.as_ref(), &row.customer_name);
            names.services.extend(service(row.service.as_ref()));
        }
        for row in input.kept {
            names.customer(row.customer.as_ref(), &row.customer_name);
        }
        let lines: BTreeSet<_> = input
            .usage
            .lines
            .iter()
            .map(|line| (line.customer.as_ref(), line.customer_name.as_str()))
            .collect();
        for (id, name) in lines {
            names.customer(id, name);
        }
        for line in &input.usage.lines {
            names.services.extend(service(line.service.as_ref()));
            names.contract(&line.contract);
        }
        for run in input.runs {
            for change in run.plan.changes() {
                names.client(change.client_id);
            }
        }
        for change in input.plan.changes() {
            names.client(change.client_id);
        }
        names
    }

    fn customer(&mut self, id: Option<&CustomerId>, name: &str) -> String {
        let key = match id {
            Some(id) => (Some(id.clone()), String::new()),
            None => (None, name.to_owned()),
        };
        let next = self.customers.len() + 1;
        let number = *self.customers.entry(key).or_insert(next);
        format!("Customer {number}")
    }

    fn client(&mut self, id: ClientId) -> String {
        let next = self.clients.len() + 1;
        format!("Client {}", *self.clients.entry(id).or_insert(next))
    }

    fn contract(&mut self, id: &ContractId) -> ContractId {
        let next = self.contracts.len() + 1;
        let number = *self.contracts.entry(id.clone()).or_insert(next);
        ContractId::new(format!("Contract {number}"))
    }

    /// A subscription that is not called as a service may be called as a customer.
    fn subscription(&mut self, name: &str) -> String {
        if self.services.contains(name) {
            return name.to_owned();
        }
        let next = self.subscriptions.len() + 1;
        let number = *self.subscriptions.entry(name.to_owned()).or_insert(next);
        format!("Subscription {number}")
    }

    fn client_ref(&mut self, client: &mut ClientRef) {
        let ClientRef { id, name } = client;
        if let Some(known) = id.take() {
            *name = self.client(known);
        } else {
            "Client".clone_into(name);
        }
    }

    fn customer_ref(&mut self, id: &mut Option<CustomerId>, name: &mut String) {
        let known = id.take();
        *name = match known {
            None if name.is_empty() => String::new(),
            known => self.customer(known.as_ref(), name),
        };
    }
}

fn service(service: Option<&billing_sync::ids::ServiceName>) -> Option<String> {
    service.map(ToString::to_string)
}

impl Report {
    /// The report without names: customers, clients, devices and contracts are numbered, free text that may name one is
    /// replaced. `input` is what it was made from: a customer's number comes from all the months that are known.
    #[must_use]
    pub fn masked(mut self, input: &ReportInput<'_>) -> Self {
        let names = &mut Pseudonyms::of(input);
        let Self {
            schema: _,
            period: _,
            made_at: _,
            closed: _,
            masked,
            headline: _,
            invoice,
            plan_id: _,
            totals: _,
            services: _,
            months: _,
            comparison,
            changes,
            exceptions,
            ledger: _,
            guards,
            runs,
            back_fill,
            customers,
        } = &mut self;
        *masked = true;
        mask_invoice(invoice);
        if let Some(comparison) = comparison {
            mask_comparison(comparison, names);
        }
        for change in changes.iter_mut() {
            mask_change(change, names);
        }
        for group in exceptions {
            mask_exceptions(group, names);
        }
        for guard in guards {
            mask_guard(guard);
        }
        for run in runs {
            mask_run(run);
        }
        if let Some(back_fill) = back_fill {
            mask_back_fill(back_fill, names);
        }
        for customer in customers.iter_mut() {
            mask_customer(customer, names);
        }
        // Sorted by name before: the order would give the names away.
        customers.sort_by(|a, b| (a.name.len(), &a.name).cmp(&(b.name.len(), &b.name)));
        self
    }
}

fn mask_invoice(invoice: &mut InvoiceState) {
    let InvoiceState {
        is_final: _,
        why,
        gaps,
    } = invoice;
    if let Some(why) = why {
        "the reason is masked".clone_into(why);
    }
    if !gaps.is_empty() {
        *gaps = vec![format!("{} reasons, masked", gaps.len())];
    }
}

fn mask_comparison(comparison: &mut Comparison, names: &mut Pseudonyms) {
    let Comparison {
        previous: _,
        source: _,
        moved: _,
        new_customers,
        gone_customers,
        movements,
    } = comparison;
    for customer in new_customers.iter_mut().chain(gone_customers) {
        let CustomerSum {
            customer_id,
            name,
            units: _,
        } = customer;
        names.customer_ref(customer_id, name);
    }
    for movement in movements {
        let Movement {
            customer_id,
            name,
            service: _,
            unit: _,
            before: _,
            after: _,
            difference: _,
        } = movement;
        names.customer_ref(customer_id, name);
    }
}

fn mask_change(change: &mut ChangeRow, names: &mut Pseudonyms) {
    let ChangeRow {
        client,
        subscription,
        unit: _,
        kind,
        before: _,
        after: _,
        difference: _,
        reason,
        state: _,
        run_id: _,
    } = change;
    names.client_ref(client);
    *subscription = names.subscription(subscription);
    match kind.as_str() {
        "create" => "no active subscription of that name",
        "update" => "usage changed",
        "zero" => "no usage",
        _ => "kept",
    }
    .clone_into(reason);
}

fn mask_exceptions(group: &mut ExceptionGroup, names: &mut Pseudonyms) {
    let ExceptionGroup {
        kind,
        to_do: _,
        units: _,
        rows,
    } = group;
    for row in rows {
        let ExceptionRow {
            customer_id,
            name,
            service: _,
            quantity: _,
            detail,
        } = row;
        names.customer_ref(customer_id, name);
        *detail = format!("{}; the detail is masked", kind.replace('_', " "));
    }
}

/// What a guard measured may name a client: after the number, or instead of one.
fn mask_guard(guard: &mut Guard) {
    let Guard {
        guard: name,
        limit: _,
        value,
        tripped,
    } = guard;
    match name {
        GuardName::Completeness if *tripped => "not complete".clone_into(value),
        GuardName::ClientLimit if *tripped => "beyond".clone_into(value),
        GuardName::Completeness | GuardName::ClientLimit => {}
        _ => {
            if let Some((measure, _)) = value.split_once(" (") {
                *value = measure.to_owned();
            }
        }
    }
}

fn mask_run(run: &mut RunRow) {
    let RunRow {
        run_id: _,
        status: _,
        started_at: _,
        finished_at: _,
        approved_by,
        changes: _,
        applied: _,
        failed: _,
        unknown: _,
        overrides,
    } = run;
    "masked".clone_into(approved_by);
    for reason in overrides.values_mut() {
        "masked".clone_into(reason);
    }
}

fn mask_back_fill(back_fill: &mut BackFill, names: &mut Pseudonyms) {
    let BackFill {
        period: _,
        runs: _,
        agreeing: _,
        subscriptions,
        usage_kept: _,
        usage,
    } = back_fill;
    for one in subscriptions {
        let BilledThen {
            client_id,
            client_name,
            name,
            then: _,
            now: _,
            difference: _,
        } = one;
        *client_name = client_id
            .take()
            .map_or_else(|| "Client".to_owned(), |id| names.client(id));
        *name = names.subscription(name);
    }
    for one in usage {
        let UsedThen {
            customer_id,
            customer_name,
            service: _,
            unit: _,
            then: _,
            now: _,
            difference: _,
        } = one;
        names.customer_ref(customer_id, customer_name);
    }
}

fn mask_customer(customer: &mut CustomerPart, names: &mut Pseudonyms) {
    let CustomerPart {
        customer_id,
        name,
        clients,
        lines,
    } = customer;
    names.customer_ref(customer_id, name);
    for client in clients {
        names.client_ref(client);
    }
    for line in lines {
        let CustomerLine {
            service: _,
            contract_id,
            unit: _,
            quantity: _,
            amount: _,
            became: _,
            subscription,
            device_count: _,
            devices,
        } = line;
        *contract_id = names.contract(contract_id);
        if let Some(name) = subscription {
            *name = names.subscription(name);
        }
        for (index, device) in devices.iter_mut().enumerate() {
            let DeviceUsage {
                id,
                name,
                quantity: _,
            } = device;
            id.clear();
            *name = format!("Device {}", index + 1);
        }
    }
}
