//! What could not be read or does not add up, taken note of before any line is: it stops its customer or its client.

use super::draft::Draft;
use super::lines::Line;
use super::{Exception, ExceptionKind, PlanInput};
use crate::ids::{ClientId, CustomerId};
use crate::rules::MatchBy;
use crate::usage::Disagreement;
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Draft<'a> {
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
                self.evidence.held.insert(customer);
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
            if !self.input.rules.covers(service) || self.terms(customer, service).is_none() {
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
        self.evidence.held.insert(customer);
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
            if clients.is_empty() {
                self.evidence.nobodys.insert(customer);
            }
            for client in clients {
                self.blocked.entry(client).or_insert_with(|| why.clone());
            }
        }
    }
}
