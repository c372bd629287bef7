//! The plan while it is made: each line is matched, each unit booked, each key counted.

use super::allocate::Recipients;
use super::amounts::divided;
use super::combine::{Part, in_vendor_units, near_twins, shared_terms};
use super::ledger::{Account, Bookkeeper, Books, Bucket, Load};
use super::lines::Line;
use super::matching::{Match, Matcher};
use super::quantity::{self, CountProblem};
use super::record::{Found, Records};
use super::removal::{self, Absence};
use super::scope::Scope;
use super::{Change, ChangeKind, Derivation, Exception, ExceptionKind, PlanInput};
use crate::ids::{ClientId, ContractId, CustomerId, Key, LicenceId, ServiceName};
use crate::memory::Owned;
use crate::rules::{Action, Terms};
use crate::target::{Client, Subscription};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What is collected on the way.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) input: PlanInput<'a>,
    matcher: Matcher<'a>,
    records: Records<'a>,
    pub(super) scope: Scope,
    pub(super) books: Bookkeeper,
    pub(super) exceptions: Vec<Exception>,
    keys: BTreeMap<Key, Vec<Part>>,
    seen: BTreeSet<CustomerId>,
    held: BTreeSet<CustomerId>,
    /// Contracts of which something is not as it should be: absence under them proves nothing.
    pub(super) held_contracts: BTreeSet<ContractId>,
    /// Customers with usage that is billed to a client, by contract.
    pub(super) recipients: BTreeMap<ContractId, Recipients<'a>>,
    /// Clients nothing may be written to, and why.
    blocked: BTreeMap<ClientId, (ExceptionKind, String)>,
    /// Customers nothing may be written for, and why.
    blocked_customers: BTreeMap<CustomerId, (ExceptionKind, String)>,
    unplaced_record: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(input: &PlanInput<'a>, lines: &[Line]) -> Self {
        let matcher = Matcher::new(input.target, input.rules, input.memory);
        Self {
            input: *input,
            scope: Scope::of(input, &matcher, lines),
            matcher,
            records: Records::new(input.target, input.memory, input.rules.adopt),
            books: Bookkeeper::default(),
            exceptions: Vec::new(),
            keys: BTreeMap::new(),
            seen: BTreeSet::new(),
            held: BTreeSet::new(),
            held_contracts: BTreeSet::new(),
            recipients: BTreeMap::new(),
            blocked: BTreeMap::new(),
            blocked_customers: BTreeMap::new(),
            unplaced_record: false,
        }
    }

    /// Takes note of everything that could not be read or does not agree, before any line is taken.
    pub(super) fn note_unreadable(&mut self) {
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
                self.except(ExceptionKind::UnreadableRecord, None, None, None, detail);
            }
        }
        for record in &self.input.usage.unreadable {
            let detail = format!("a usage record could not be read: {}", record.detail);
            if let Some(customer) = &record.customer {
                self.blocked_customers
                    .entry(customer.clone())
                    .or_insert((ExceptionKind::UnreadableRecord, detail.clone()));
                self.held.insert(customer.clone());
                if !self.scope.holds(customer) {
                    continue;
                }
            }
            self.exceptions.push(Exception {
                kind: ExceptionKind::UnreadableRecord,
                customer_id: record.customer.clone(),
                customer_name: String::new(),
                service: None,
                quantity: None,
                detail,
            });
        }
        for difference in &self.input.usage.disagreements {
            let detail = format!(
                "contract {} states {} units of `{}`, its devices sum to {}",
                difference.contract, difference.stated, difference.service, difference.summed
            );
            self.blocked_customers
                .entry(difference.customer.clone())
                .or_insert((ExceptionKind::TotalsDisagree, detail));
        }
    }

    /// Books one line, and keeps it for its key when it has one.
    pub(super) fn take(&mut self, line: Line) {
        if !line.customer.is_blank() {
            self.seen.insert(line.customer.clone());
        }
        let account = Account::of(&line);
        let Some(quantity) = line.quantity else {
            self.hold(&line);
            let unknown = Load {
                quantity: Decimal::ZERO,
                amount: None,
            };
            self.books.receive(&account, unknown);
            if !self.scope.holds(&line.customer) {
                return;
            }
            let detail = "its units are too large to be summed exactly".to_owned();
            self.except(
                ExceptionKind::UnreadableRecord,
                Some(&line),
                None,
                None,
                detail,
            );
            return;
        };
        let load = Load {
            quantity,
            amount: line.amount,
        };
        self.books.receive(&account, load);
        if line.service.is_blank() {
            let detail = "the vendor names no billing service for these units".to_owned();
            return self.set_aside(
                &line,
                quantity,
                Bucket::Blocked,
                ExceptionKind::UnmappedService,
                detail,
            );
        }
        if !self.in_scope(&line.service) {
            return self.books.book(&account, Bucket::Ignored, load);
        }
        let terms = match self.action(&line) {
            Action::Ignore { .. } => {
                return self.books.book(&account, Bucket::Ignored, load);
            }
            Action::Bill(terms) => terms,
        };
        match self.matcher.find(&line) {
            Match::Client(client) => {
                self.recipients
                    .entry(line.contract.clone())
                    .or_default()
                    .note(&line, quantity, client);
                self.place(line, quantity, client, terms);
            }
            Match::None(detail) => {
                self.set_aside(
                    &line,
                    quantity,
                    Bucket::Unmatched,
                    ExceptionKind::UnmatchedCustomer,
                    detail,
                );
            }
            Match::Inactive(client) => {
                let detail = format!("client {} (`{}`) is inactive", client.id, client.name);
                self.set_aside(
                    &line,
                    quantity,
                    Bucket::Blocked,
                    ExceptionKind::InactiveClient,
                    detail,
                );
            }
            Match::Ambiguous(clients) => {
                let names: Vec<String> = clients
                    .iter()
                    .map(|client| format!("{} (`{}`)", client.id, client.name))
                    .collect();
                let detail = format!("{} clients claim it: {}", clients.len(), names.join(", "));
                for client in clients {
                    // What else this client gets would be a sum with a part missing.
                    self.blocked
                        .entry(client.id)
                        .or_insert((ExceptionKind::AmbiguousCustomer, detail.clone()));
                }
                self.set_aside(
                    &line,
                    quantity,
                    Bucket::Blocked,
                    ExceptionKind::AmbiguousCustomer,
                    detail,
                );
            }
        }
    }

    pub(super) fn in_scope(&self, service: &ServiceName) -> bool {
        let products = &self.input.rules.products;
        products.is_empty()
            || products
                .iter()
                .any(|product| service.as_str().starts_with(product.as_str()))
    }

    fn action(&self, line: &Line) -> Action {
        self.input
            .rules
            .rules
            .iter()
            .find(|rule| rule.matches(&line.customer, &line.service, self.input.usage.period))
            .map_or_else(
                || Action::Bill(Terms::default()),
                |rule| rule.action.clone(),
            )
    }

    /// Keeps what is billed to a client for its key.
    pub(super) fn place(&mut self, line: Line, quantity: Decimal, client: &Client, terms: Terms) {
        if self.input.only.is_some_and(|only| only != client.id) {
            let load = Load {
                quantity,
                amount: line.amount,
            };
            return self.books.book(&Account::of(&line), Bucket::Ignored, load);
        }
        if let Some((kind, detail)) = self.blocked_customers.get(&line.customer).cloned() {
            // Its sum is not whole: neither is the sum of the client.
            self.blocked.entry(client.id).or_insert((kind, detail));
        }
        let name = match &terms.name {
            Some(name) => name.trim().to_owned(),
            None => self
                .input
                .rules
                .name
                .replace("{service}", line.service.as_str())
                .trim()
                .to_owned(),
        };
        let key = Key {
            client: client.id,
            name,
        };
        self.keys.entry(key).or_default().push(Part {
            line,
            quantity,
            terms,
        });
    }

    /// Turns the collected keys into changes, and what is left of them into exceptions.
    pub(super) fn finish(mut self) -> (Vec<Change>, Vec<Exception>, Books) {
        let keys = std::mem::take(&mut self.keys);
        let with_usage: BTreeSet<Key> = keys.keys().cloned().collect();
        let near_twins = near_twins(&keys);
        let mut changes = Vec::new();
        for (key, parts) in keys {
            match self.settle(&key, &parts, &near_twins) {
                Ok((change, derivation)) => {
                    self.book_billed(&parts, &derivation);
                    changes.extend(change);
                }
                Err((kind, detail)) => {
                    for part in &parts {
                        self.set_aside(
                            &part.line,
                            part.quantity,
                            Bucket::Blocked,
                            kind,
                            detail.clone(),
                        );
                    }
                }
            }
        }
        let blocked: BTreeSet<ClientId> = self.blocked.keys().copied().collect();
        let books = self.books.close(self.input.usage);
        let everybody = self.scope.is_everybody();
        for detail in books
            .money
            .disagreements()
            .into_iter()
            .filter(|_| everybody)
        {
            self.exceptions.push(Exception {
                kind: ExceptionKind::TotalsDisagree,
                customer_id: None,
                customer_name: String::new(),
                service: None,
                quantity: None,
                detail,
            });
        }
        self.held_contracts.extend(books.money.doubted());
        let (removals, suspicions) = removal::removals(&Absence {
            usage: self.input.usage,
            target: self.input.target,
            memory: self.input.memory,
            rules: self.input.rules,
            with_usage: &with_usage,
            seen: &self.seen,
            held: &self.held,
            held_contracts: &self.held_contracts,
            blocked: &blocked,
            only: self.input.only,
        });
        changes.extend(removals);
        self.exceptions.extend(suspicions);
        (changes, self.exceptions, books)
    }

    /// The change of one key, or why there is none. No change at all where there is nothing to bill and no record.
    fn settle(
        &self,
        key: &Key,
        parts: &[Part],
        near_twins: &BTreeSet<Key>,
    ) -> Result<(Option<Change>, Derivation), (ExceptionKind, String)> {
        if let Some(why) = self.blocked.get(&key.client) {
            return Err(why.clone());
        }
        let terms = shared_terms(key, parts, near_twins)?;
        let quantities: Vec<_> = parts
            .iter()
            .map(|part| (part.quantity, part.terms.multiplier))
            .collect();
        let derivation = quantity::count(&quantities, terms).map_err(|problem| match problem {
            CountProblem::Fraction(units) => (
                ExceptionKind::FractionWithoutRule,
                format!(
                    "the client's sum is {units}: add a rule that says how to round `{}`",
                    key.name
                ),
            ),
            CountProblem::Negative(units) => (
                ExceptionKind::UnreadableRecord,
                format!("the client's sum is {units}: less than nothing"),
            ),
            CountProblem::TooLarge => (
                ExceptionKind::UnreadableRecord,
                "the client's sum does not fit a subscription's count".to_owned(),
            ),
        })?;
        let client = self.input.target.client(key.client);
        let mut change = Change {
            kind: ChangeKind::Keep,
            client_id: key.client,
            client_name: client.map(|client| client.name.clone()).unwrap_or_default(),
            name: key.name.clone(),
            found_name: None,
            licence_id: None,
            before: None,
            after: derivation.count,
            adopted: false,
            reason: String::new(),
            derivation: Some(derivation.clone()),
            sources: parts.iter().map(Part::source).collect(),
        };
        match self.records.find(key) {
            Found::Unclear(detail) => return Err((ExceptionKind::AmbiguousSubscription, detail)),
            Found::Nothing(_) if derivation.count == 0 => return Ok((None, derivation)),
            Found::Nothing(_) if self.unplaced_record => {
                return Err((
                    ExceptionKind::UnreadableRecord,
                    "a subscription that could not be read may be this one".to_owned(),
                ));
            }
            Found::Nothing(seen) => {
                change.kind = ChangeKind::Create;
                change.reason = match seen {
                    None => "no subscription of that name yet".to_owned(),
                    Some(seen) => format!("no active subscription of that name ({seen})"),
                };
            }
            Found::Adoptable(record) => {
                change.adopted = true;
                change.compare(record.id, record.count, "taken over by its exact name");
            }
            Found::Chosen { record, last } => {
                change.adopted = last.is_none_or(|last| last.licence != record.id);
                change.found_name = (record.name != key.name).then(|| record.name.clone());
                change.compare(record.id, record.count, &remark_on_choice(record, last));
            }
            Found::Owned { record, last } => {
                change.found_name = (record.name != key.name).then(|| record.name.clone());
                change.compare(record.id, record.count, &remark_on_edit(record, last));
            }
        }
        Ok((Some(change), derivation))
    }

    /// Books the units behind a count. What is free or rounded is booked to the largest part, in its own unit.
    fn book_billed(&mut self, parts: &[Part], derivation: &Derivation) {
        let largest = parts
            .iter()
            .enumerate()
            .max_by_key(|(at, part)| {
                (
                    part.quantity.saturating_mul(part.terms.multiplier),
                    std::cmp::Reverse(*at),
                )
            })
            .map(|(at, _)| at);
        let rounding = derivation.units - derivation.free - Decimal::from(derivation.count);
        for (at, part) in parts.iter().enumerate() {
            let (mut free, mut lost) = (Decimal::ZERO, Decimal::ZERO);
            if largest == Some(at) {
                free = in_vendor_units(derivation.free, part.terms.multiplier);
                lost = in_vendor_units(rounding, part.terms.multiplier);
            }
            let units = [part.quantity - free - lost, free, lost];
            let money = divided(part.line.amount, &units);
            let account = Account::of(&part.line);
            let buckets = [Bucket::Billed, Bucket::Free, Bucket::Rounding];
            for ((bucket, quantity), amount) in buckets.into_iter().zip(units).zip(money) {
                self.books.book(&account, bucket, Load { quantity, amount });
            }
        }
    }

    fn set_aside(
        &mut self,
        line: &Line,
        quantity: Decimal,
        bucket: Bucket,
        kind: ExceptionKind,
        detail: String,
    ) {
        self.hold(line);
        let load = Load {
            quantity,
            amount: line.amount,
        };
        let account = Account::of(line);
        if !self.scope.holds(&line.customer) {
            return self.books.book(&account, Bucket::Ignored, load);
        }
        self.books.book(&account, bucket, load);
        let service = (!line.service.is_blank()).then_some(&line.service);
        self.except(kind, Some(line), service, Some(quantity), detail);
    }

    fn hold(&mut self, line: &Line) {
        if !line.customer.is_blank() {
            self.held.insert(line.customer.clone());
        }
    }

    fn except(
        &mut self,
        kind: ExceptionKind,
        line: Option<&Line>,
        service: Option<&ServiceName>,
        quantity: Option<Decimal>,
        detail: String,
    ) {
        self.exceptions.push(Exception {
            kind,
            customer_id: line
                .map(|line| line.customer.clone())
                .filter(|id| !id.is_blank()),
            customer_name: line
                .map(|line| line.customer_name.clone())
                .unwrap_or_default(),
            service: service.cloned(),
            quantity,
            detail,
        });
    }
}

/// That somebody changed the count since; empty when nobody did.
fn remark_on_edit(record: &Subscription, last: &Owned) -> String {
    if record.count == last.count {
        return String::new();
    }
    format!("was set to {} by hand after {}", record.count, last.count)
}

/// That a person chose the record, and what that means for the one that was kept before.
fn remark_on_choice(record: &Subscription, last: Option<&Owned>) -> String {
    const CHOSEN: &str = "chosen by a person";
    match last {
        None => CHOSEN.to_owned(),
        Some(last) if last.licence != record.id => {
            format!("{CHOSEN} instead of {}, which stays as it is", last.licence)
        }
        Some(last) => match remark_on_edit(record, last).as_str() {
            "" => CHOSEN.to_owned(),
            edited => format!("{CHOSEN}; {edited}"),
        },
    }
}

impl Change {
    /// Fills in what an existing record says.
    fn compare(&mut self, id: LicenceId, count: i64, remark: &str) {
        self.licence_id = Some(id);
        self.before = Some(count);
        let (kind, what) = match (count == self.after, self.after) {
            (true, _) => (ChangeKind::Keep, "count is right"),
            (false, 0) => (ChangeKind::Zero, "usage is zero"),
            (false, _) => (ChangeKind::Update, "usage changed"),
        };
        self.kind = kind;
        self.reason = if remark.is_empty() {
            what.to_owned()
        } else {
            format!("{what}; {remark}")
        };
    }
}
