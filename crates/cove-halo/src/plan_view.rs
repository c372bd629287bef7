//! A plan as it is looked at: all of it, or what concerns one service. Looking at a part never makes another plan.

use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::report::{self, Table};
use crate::service::PlanOutcome;
use billing_sync::ids::{ClientId, ServiceName};
use billing_sync::plan::{Change, ChangeKind, Exception, LedgerRow, Plan};
use billing_sync::why::{is_about, is_named};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is shown of a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    outcome: &'a PlanOutcome,
    service: Option<&'a str>,
    only: Option<ClientId>,
    all: bool,
}

impl<'a> PlanView<'a> {
    /// The whole plan. `all` lists unchanged subscriptions too; `only` is the client it was limited to.
    pub fn new(outcome: &'a PlanOutcome, all: bool, only: Option<ClientId>) -> Self {
        Self {
            outcome,
            service: None,
            only,
            all,
        }
    }

    /// Shows what concerns one service, by its name or its name after the product (`Server` for
    /// `Cove Data Protection | Server`). The plan, its guards and its id stay those of the whole.
    ///
    /// # Errors
    /// When nothing in the plan is called so.
    pub fn of_service(mut self, service: &'a str) -> Result<Self, ServiceError> {
        let plan = &self.outcome.plan;
        let in_ledger = |row: &LedgerRow| is_named(row.service.as_str(), service);
        let known = plan.ledger().rows().iter().any(in_ledger)
            || plan
                .changes()
                .iter()
                .any(|change| is_about(change, service));
        if !known {
            let rows = plan.ledger().rows().iter();
            let names: BTreeSet<String> = rows
                .filter(|row| !row.service.is_blank())
                .map(|row| format!("`{}`", row.service))
                .collect();
            let names: Vec<String> = names.into_iter().collect();
            return Err(ServiceError::new(
                ExitCode::Usage,
                format!("nothing in {} is called `{service}`", plan.period()),
            )
            .with_hint(match names.as_slice() {
                [] => "the month has no usage at all".to_owned(),
                names => format!("the services of the month are {}", names.join(", ")),
            }));
        }
        self.service = Some(service);
        Ok(self)
    }

    /// The plan.
    pub fn plan(&self) -> &'a Plan {
        &self.outcome.plan
    }

    /// What was billed then; `None` when there is nothing to look back at, or only one service is shown.
    pub fn back_fill(&self) -> Option<&'a crate::report::BackFill> {
        match self.service {
            None => self.outcome.back_fill.as_ref(),
            Some(_) => None,
        }
    }

    /// The changes that are listed.
    pub fn changes(&self) -> Vec<&'a Change> {
        let changes = self.plan().changes().iter();
        changes
            .filter(|change| self.all || change.kind != ChangeKind::Keep)
            .filter(|change| self.service.is_none_or(|service| is_about(change, service)))
            .collect()
    }

    /// The exceptions that are listed. One about all services of a customer concerns each.
    pub fn exceptions(&self) -> Vec<&'a Exception> {
        let shown = |service: Option<&ServiceName>| match (self.service, service) {
            (Some(asked), Some(service)) => is_named(service.as_str(), asked),
            _ => true,
        };
        let exceptions = self.plan().exceptions().iter();
        exceptions
            .filter(|exception| shown(exception.service.as_ref()))
            .collect()
    }

    /// The rows of the ledger that are listed.
    pub fn ledger(&self) -> Vec<&'a LedgerRow> {
        let rows = self.plan().ledger().rows().iter();
        rows.filter(|row| {
            self.service
                .is_none_or(|service| is_named(row.service.as_str(), service))
        })
        .collect()
    }

    /// What is not shown, in a sentence; `None` when all is.
    pub fn limits(&self) -> Option<String> {
        let client = self.only.map(|client| {
            format!("limited to client {client}: what others used is booked as ignored")
        });
        let service = self
            .service
            .map(|service| format!("only what concerns `{service}` is listed; the plan has more"));
        match (client, service) {
            (Some(client), Some(service)) => Some(format!("{client}; {service}")),
            (client, service) => client.or(service),
        }
    }

    /// The exceptions as a table.
    pub fn exceptions_table(&self) -> Table {
        report::exceptions_table(&report::exceptions(self.exceptions()))
    }

    /// The ledger as a table.
    pub fn ledger_table(&self) -> Table {
        let lines: Vec<_> = self.ledger().into_iter().map(report::proved).collect();
        report::ledger_table(&lines)
    }

    /// The guards as a table.
    pub fn guards_table(&self) -> Table {
        report::guards_table(self.plan().guards())
    }

    /// The plan document, with `back_fill` beside it where there is something to look back at. Limited to a service it
    /// says so under `view`, has no `kept`, and is no plan that could be applied.
    pub fn to_json(&self) -> Value {
        let mut document = self.plan().to_json(self.all);
        let Value::Object(fields) = &mut document else {
            return document;
        };
        if let Some(back_fill) = self.back_fill() {
            fields.insert("back_fill".to_owned(), json!(back_fill));
        }
        if let Some(service) = self.service {
            fields.insert("view".to_owned(), json!({"service": service}));
            fields.insert("changes".to_owned(), json!(self.changes()));
            fields.insert("exceptions".to_owned(), json!(self.exceptions()));
            fields.insert("ledger".to_owned(), json!(self.ledger()));
            fields.remove("kept");
        }
        document
    }
}
