//! The plan while usage is taken in: each line is received, matched to a client and kept for its count, or set aside.

use super::books::{Bookkeeper, Heading, Load};
use super::column::Bucket;
use super::evidence::Evidence;
use super::lines::Line;
use super::matching::{Match, Matcher};
use super::parts::{Part, Parts, Received};
use super::recipients::Recipients;
use super::scope::Scope;
use super::{Exception, ExceptionKind, PlanInput};
use crate::ids::{ClientId, CustomerId, ServiceName};
use crate::rules::{Action, Terms};
use crate::target::Client;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The terms of what no rule speaks of.
pub(super) static AS_IT_IS: LazyLock<Terms> = LazyLock::new(Terms::default);

/// What is collected on the way.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) input: PlanInput<'a>,
    pub(super) matcher: Matcher<'a>,
    pub(super) scope: Scope,
    pub(super) books: Bookkeeper<'a>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) parts: Parts<'a>,
    pub(super) evidence: Evidence<'a>,
    pub(super) recipients: Recipients<'a>,
    /// Clients nothing may be written to, and why.
    pub(super) blocked: BTreeMap<ClientId, (ExceptionKind, String)>,
    /// Customers nothing may be written for, and why.
    pub(super) blocked_customers: BTreeMap<&'a CustomerId, (ExceptionKind, String)>,
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
            evidence: Evidence {
                seen: customers.filter(|customer| !customer.is_blank()).collect(),
                ..Evidence::default()
            },
            recipients: Recipients::default(),
            blocked: BTreeMap::new(),
            blocked_customers: BTreeMap::new(),
            unplaced_record: false,
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
        let Some(terms) = self.terms_in_scope(line.customer, line.service) else {
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
        if !received.line.customer.is_blank() {
            self.evidence.nobodys.insert(received.line.customer);
        }
        self.set_aside(&received, bucket, kind, detail);
    }

    /// The terms of usage that is billed; of what is left out, it is noted by whom.
    fn terms_in_scope(
        &mut self,
        customer: &'a CustomerId,
        service: &'a ServiceName,
    ) -> Option<&'a Terms> {
        let terms = self.terms(customer, service);
        let evidence = &mut self.evidence;
        if self.input.rules.covers(service) {
            let declared = terms.and_then(|terms| terms.name.as_deref());
            evidence.used.insert((service, declared));
            if terms.is_some() {
                return terms;
            }
        } else if terms.is_some() {
            let left_out = evidence.left_out.entry(customer).or_default();
            left_out.insert(service);
        }
        evidence
            .ignored
            .entry(customer)
            .or_default()
            .insert(service);
        None
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

    /// The terms of a customer's usage of a service; `None` when a rule ignores it.
    pub(super) fn terms(&self, customer: &CustomerId, service: &ServiceName) -> Option<&'a Terms> {
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
            None => self.input.rules.name_of(received.line.service),
        };
        let part = Part {
            received,
            terms,
            name,
            declared: declared.is_some(),
        };
        self.parts.add(client, part);
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
            Match::None(_) => {
                self.evidence.nobodys.insert(line.customer);
            }
        }
        if self.hold(line) {
            let exception = about(line, ExceptionKind::UnreadableRecord, detail);
            self.exceptions.push(exception);
        }
    }

    /// Remembers that usage of the customer is not billed. True when the plan is about this customer.
    fn hold(&mut self, line: &Line<'a>) -> bool {
        if !line.customer.is_blank() {
            self.evidence.held.insert(line.customer);
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
