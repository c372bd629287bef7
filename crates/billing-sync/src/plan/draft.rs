//! The plan while usage is taken in: each line is received, matched to a client and kept for its count, or set aside.

use super::books::{Bookkeeper, Heading, Load};
use super::column::Bucket;
use super::lines::Line;
use super::matching::{Match, Matcher};
use super::parts::{Part, Parts, Received};
use super::recipients::Recipients;
use super::scope::Scope;
use super::{Exception, ExceptionKind, PlanInput};
use crate::ids::{ClientId, ContractId, CustomerId, ServiceName};
use crate::rules::{Action, MatchBy, Terms};
use crate::target::Client;
use crate::usage::Disagreement;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The terms of what no rule speaks of.
pub(super) static AS_IT_IS: LazyLock<Terms> = LazyLock::new(Terms::default);

/// What is collected on the way.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) input: PlanInput<'a>,
    matcher: Matcher<'a>,
    pub(super) scope: Scope,
    pub(super) books: Bookkeeper<'a>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) parts: Parts<'a>,
    /// Customers with usage.
    pub(super) seen: BTreeSet<&'a CustomerId>,
    /// Customers of whose usage at least a part is not billed.
    pub(super) held: BTreeSet<&'a CustomerId>,
    /// Contracts of which something is not as it should be: absence under them proves nothing.
    pub(super) held_contracts: BTreeSet<&'a ContractId>,
    pub(super) recipients: Recipients<'a>,
    /// Clients nothing may be written to, and why.
    pub(super) blocked: BTreeMap<ClientId, (ExceptionKind, String)>,
    /// Usage that a rule or `products` leaves out, by customer: it is not absent.
    pub(super) ignored: BTreeMap<&'a CustomerId, BTreeSet<&'a ServiceName>>,
    /// Customers nothing may be written for, and why.
    blocked_customers: BTreeMap<&'a CustomerId, (ExceptionKind, String)>,
    /// A record of the target could not be read, and nobody knows whose it is.
    pub(super) unplaced_record: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(input: &PlanInput<'a>, lines: &[Line<'a>]) -> Self {
        let matcher = Matcher::new(input.target, input.rules, input.memory);
        let customers = lines.iter().map(|line| line.customer);
        Self {
            input: *input,
            scope: Scope::of(input, &matcher, lines),
            matcher,
            books: Bookkeeper::default(),
            exceptions: Vec::new(),
            parts: Parts::default(),
            seen: customers.filter(|customer| !customer.is_blank()).collect(),
            held: BTreeSet::new(),
            held_contracts: BTreeSet::new(),
            recipients: Recipients::default(),
            blocked: BTreeMap::new(),
            ignored: BTreeMap::new(),
            blocked_customers: BTreeMap::new(),
            unplaced_record: false,
        }
    }

    /// Takes note of everything that could not be read or does not agree, before any line is taken.
    pub(super) fn note_unreadable(&mut self, lines: &[Line<'a>]) {
        for record in self.input.target.unreadable() {
            let detail = format!(
                "a record of the billing system could not be read: {}",
                record.detail
            );
            match record.client {
                Some(client) => {
                    self.blocked
                        .entry(client)
                        .or_insert((ExceptionKind::UnreadableRecord, detail.clone()));
                }
                None => self.unplaced_record = true,
            }
            if self.scope.may_be(record.client) {
                let exception = Exception::new(ExceptionKind::UnreadableRecord, detail);
                self.exceptions.push(exception);
            }
        }
        for record in &self.input.usage.unreadable {
            let detail = format!("a usage record could not be read: {}", record.detail);
            if let Some(customer) = &record.customer {
                self.blocked_customers
                    .entry(customer)
                    .or_insert((ExceptionKind::UnreadableRecord, detail.clone()));
                self.held.insert(customer);
                if !self.scope.holds(customer) {
                    continue;
                }
            }
            self.exceptions.push(Exception {
                customer_id: record.customer.clone(),
                ..Exception::new(ExceptionKind::UnreadableRecord, detail)
            });
        }
        for difference in &self.input.usage.disagreements {
            let Disagreement {
                customer, service, ..
            } = difference;
            if !self.in_scope(service) || self.terms(customer, service).is_none() {
                // None of it is billed, so no count lacks it.
                continue;
            }
            let detail = format!(
                "contract {} states {} units of `{}`, its devices sum to {}",
                difference.contract, difference.stated, difference.service, difference.summed
            );
            self.blocked_customers
                .entry(customer)
                .or_insert((ExceptionKind::TotalsDisagree, detail.clone()));
            self.note_untold(difference, lines, detail);
        }
    }

    /// A total that no line stands for would be told nowhere, and its absence would look proven.
    fn note_untold(&mut self, total: &'a Disagreement, lines: &[Line<'a>], detail: String) {
        let Disagreement {
            customer, service, ..
        } = total;
        let begin = lines.partition_point(|line| line.customer < customer);
        let of_customer = lines.iter().skip(begin);
        let mut of_customer = of_customer.take_while(|line| line.customer == customer);
        let is_told = of_customer.any(|line| line.service == service);
        if is_told {
            return;
        }
        self.held.insert(customer);
        if self.scope.holds(customer) {
            self.exceptions.push(Exception {
                customer_id: Some(customer.clone()),
                service: Some(service.clone()),
                quantity: Some(total.stated),
                ..Exception::new(ExceptionKind::TotalsDisagree, detail)
            });
        }
    }

    /// Blocks the clients of customers whose usage is not whole, also where none of it could be read: their sums would
    /// lack it. Whose a customer is tells its id; where references tell it, who was billed for it before.
    pub(super) fn block_incomplete(&mut self) {
        let PlanInput {
            rules,
            memory,
            usage,
            ..
        } = self.input;
        let mut before: BTreeMap<&CustomerId, BTreeSet<ClientId>> = BTreeMap::new();
        if rules.match_by == MatchBy::CustomerReference && !self.blocked_customers.is_empty() {
            for owned in &memory.owned {
                for customer in &owned.customers {
                    before.entry(customer).or_default().insert(owned.key.client);
                }
            }
        }
        for (customer, why) in &self.blocked_customers {
            if rules.ignore_all_of(customer, usage.period) {
                continue;
            }
            let mut clients = self.matcher.by_id(customer);
            if clients.is_empty() {
                clients.extend(before.get(customer).into_iter().flatten());
            }
            for client in clients {
                self.blocked.entry(client).or_insert_with(|| why.clone());
            }
        }
    }

    /// Books one line, and keeps it for its count when it has one.
    pub(super) fn take(&mut self, line: Line<'a>) {
        let heading = Heading {
            contract: line.contract,
            service: line.service,
            unit: line.unit,
        };
        let load = Load {
            quantity: line.quantity.unwrap_or_default(),
            amount: line.amount.filter(|_| line.quantity.is_some()),
        };
        let account = self.books.receive(heading, load);
        let Some(quantity) = line.quantity else {
            return self.except_untold(&line);
        };
        let received = Received {
            line,
            quantity,
            account,
        };
        let line = &received.line;
        if line.service.is_blank() {
            let detail = "the vendor names no billing service for these units".to_owned();
            let kind = ExceptionKind::UnmappedService;
            return self.set_aside(&received, Bucket::Blocked, kind, detail);
        }
        let terms = self.terms(line.customer, line.service);
        let Some(terms) = terms.filter(|_| self.in_scope(line.service)) else {
            let ignored = self.ignored.entry(line.customer).or_default();
            ignored.insert(line.service);
            return self.books.book(account, Bucket::Ignored, load);
        };
        let (bucket, kind, detail) = match self.matcher.find(line) {
            Match::Client(client) => {
                self.recipients.note(&received, client);
                return self.place(received, client, terms, terms.name.as_deref());
            }
            Match::None(detail) => (Bucket::Unmatched, ExceptionKind::UnmatchedCustomer, detail),
            Match::Inactive(client) => (
                Bucket::Blocked,
                ExceptionKind::InactiveClient,
                format!("client {} (`{}`) is inactive", client.id, client.name),
            ),
            Match::Ambiguous(clients) => (
                Bucket::Blocked,
                ExceptionKind::AmbiguousCustomer,
                self.block_claimants(&clients),
            ),
        };
        self.set_aside(&received, bucket, kind, detail);
    }

    /// Blocks every client that claims a customer: what else it gets would be a sum with a part missing.
    fn block_claimants(&mut self, clients: &[&Client]) -> String {
        let names: Vec<String> = clients
            .iter()
            .map(|client| format!("{} (`{}`)", client.id, client.name))
            .collect();
        let detail = format!("{} clients claim it: {}", clients.len(), names.join(", "));
        for client in clients {
            self.blocked
                .entry(client.id)
                .or_insert((ExceptionKind::AmbiguousCustomer, detail.clone()));
        }
        detail
    }

    pub(super) fn in_scope(&self, service: &ServiceName) -> bool {
        let products = &self.input.rules.products;
        products.is_empty()
            || products
                .iter()
                .any(|product| service.as_str().starts_with(product.as_str()))
    }

    /// The terms of a customer's usage of a service; `None` when a rule ignores it.
    fn terms(&self, customer: &CustomerId, service: &ServiceName) -> Option<&'a Terms> {
        let PlanInput { rules, usage, .. } = self.input;
        let mut rules = rules.rules.iter();
        match rules.find(|rule| rule.matches(customer, service, usage.period)) {
            None => Some(&AS_IT_IS),
            Some(rule) => match &rule.action {
                Action::Bill(terms) => Some(terms),
                Action::Ignore { .. } => None,
            },
        }
    }

    /// Keeps what is billed to a client for its count. `declared`: the subscription's name, where a rule gives it.
    pub(super) fn place(
        &mut self,
        received: Received<'a>,
        client: &'a Client,
        terms: &'a Terms,
        declared: Option<&'a str>,
    ) {
        if self.input.only.is_some_and(|only| only != client.id) {
            let load = received.load();
            return self.books.book(received.account, Bucket::Ignored, load);
        }
        if let Some(why) = self.blocked_customers.get(received.line.customer) {
            // Its sum is not whole: neither is the sum of the client.
            self.blocked.entry(client.id).or_insert_with(|| why.clone());
        }
        let name = match declared {
            Some(name) => Cow::Borrowed(name.trim()),
            None => self.named(received.line.service),
        };
        let part = Part {
            received,
            terms,
            name,
            declared: declared.is_some(),
        };
        self.parts.add(client, part);
    }

    /// The name that the template gives.
    fn named(&self, service: &'a ServiceName) -> Cow<'a, str> {
        match self.input.rules.name.trim() {
            "{service}" => Cow::Borrowed(service.as_str().trim()),
            template => {
                let name = template.replace("{service}", service.as_str());
                Cow::Owned(name.trim().to_owned())
            }
        }
    }

    /// Books units that are not billed, and says why.
    pub(super) fn set_aside(
        &mut self,
        received: &Received<'a>,
        bucket: Bucket,
        kind: ExceptionKind,
        detail: String,
    ) {
        let line = &received.line;
        let in_scope = self.hold(line);
        let bucket = if in_scope { bucket } else { Bucket::Ignored };
        self.books.book(received.account, bucket, received.load());
        if in_scope {
            self.exceptions.push(Exception {
                service: (!line.service.is_blank()).then(|| line.service.clone()),
                quantity: Some(received.quantity),
                ..about(line, kind, detail)
            });
        }
    }

    /// For a line whose units could not be summed: there is nothing to book, and its client's sum would lack it.
    fn except_untold(&mut self, line: &Line<'a>) {
        let detail = "its units are too large to be summed exactly".to_owned();
        let why = || (ExceptionKind::UnreadableRecord, detail.clone());
        match self.matcher.find(line) {
            Match::Client(client) | Match::Inactive(client) => {
                self.blocked.entry(client.id).or_insert_with(why);
            }
            Match::Ambiguous(clients) => {
                for client in clients {
                    self.blocked.entry(client.id).or_insert_with(why);
                }
            }
            Match::None(_) => {}
        }
        if self.hold(line) {
            let exception = about(line, ExceptionKind::UnreadableRecord, detail);
            self.exceptions.push(exception);
        }
    }

    /// Remembers that usage of the customer is not billed. True when the plan is about this customer.
    fn hold(&mut self, line: &Line<'a>) -> bool {
        if !line.customer.is_blank() {
            self.held.insert(line.customer);
        }
        self.scope.holds(line.customer)
    }
}

/// An exception about a line's customer.
fn about(line: &Line<'_>, kind: ExceptionKind, detail: String) -> Exception {
    Exception {
        customer_id: (!line.customer.is_blank()).then(|| line.customer.clone()),
        customer_name: line.customer_name.to_owned(),
        ..Exception::new(kind, detail)
    }
}
