//! What is told about a run, as data: the same for every way of telling.

use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::{RequestCounts, SyncOutcome};
use crate::text::clean;
use billing_sync::Period;
use billing_sync::ids::RunId;
use billing_sync::plan::{Exception, ExceptionKind, Guard, Plan, Summary};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Exceptions of a kind that are named; the others are counted.
const EXAMPLES: usize = 5;

/// Version of the note's document.
const NOTICE_SCHEMA: u32 = 1;

/// A note about a run, or about why there was none.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// How it ended: a run's status, or why there was no run.
    pub status: String,
    /// The exit code it ends with.
    pub exit: ExitCode,
    /// The month, if it is known.
    pub period: Option<Period>,
    /// The run, if one was made.
    pub run_id: Option<RunId>,
    /// Changes of the plan by kind, if there is a plan.
    pub summary: Option<Summary>,
    /// Changes of the run: applied, failed, unknown.
    pub changes: Option<(usize, usize, usize)>,
    /// What was not billed, by kind.
    pub exceptions: Vec<NoticeGroup>,
    /// The guards that stopped it.
    pub guards: Vec<Guard>,
    /// What went wrong.
    pub error: Option<String>,
    /// What to do, a line each.
    pub to_do: Vec<String>,
    /// Requests it took.
    pub requests: RequestCounts,
}

/// Exceptions of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeGroup {
    /// The kind.
    pub kind: ExceptionKind,
    /// How many.
    pub count: usize,
    /// The first few.
    pub first: Vec<Example>,
}

/// One exception, as far as a note goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The vendor's customer; empty when it is not about one.
    pub customer_id: String,
    /// The customer's name. Only shown where names may be.
    pub customer_name: String,
    /// The service; empty when it is about all.
    pub service: String,
    /// Units that are not billed because of it.
    pub quantity: Option<Decimal>,
}

impl Notice {
    /// The note about how a sync ended. `period` is the month it was for, where the caller knows it.
    pub fn of(result: Result<&SyncOutcome, &ServiceError>, period: Option<Period>) -> Self {
        match result {
            Ok(outcome) => Self::of_outcome(outcome),
            Err(error) => Self::of_error(error, period),
        }
    }

    fn of_outcome(outcome: &SyncOutcome) -> Self {
        let exit = outcome.exit_code();
        let run = outcome.run.as_ref();
        let report = run.map(|run| &run.report);
        let period = outcome.plan.period();
        let mut to_do = Vec::new();
        if !outcome.plan.exceptions().is_empty() {
            to_do.push(format!(
                "look at the exceptions: cove-halo-sync plan --period {period}"
            ));
        }
        match exit {
            ExitCode::Unknown => to_do.push(
                "the outcome of a write is not known; settle it: cove-halo-sync resume".to_owned(),
            ),
            ExitCode::Failure => {
                to_do.push("changes are missing; try them again: cove-halo-sync resume".to_owned());
            }
            _ => {}
        }
        Self {
            status: report
                .map_or("nothing", |report| report.status.word())
                .to_owned(),
            exit,
            period: Some(period),
            run_id: report.map(|report| report.run_id.clone()),
            summary: Some(outcome.plan.summary()),
            changes: report.map(|report| (report.applied(), report.failed(), report.unknown())),
            exceptions: groups(outcome.plan.exceptions()),
            // What was overridden stopped nothing.
            guards: Vec::new(),
            error: None,
            to_do,
            requests: run.map(|run| run.requests).unwrap_or_default(),
        }
    }

    fn of_error(error: &ServiceError, period: Option<Period>) -> Self {
        let exit = error.exit_code();
        let status = match exit {
            ExitCode::Usage => "wrong_settings",
            ExitCode::Guard => "guarded",
            ExitCode::NotFinal => "not_final",
            ExitCode::Drift => "drifted",
            ExitCode::Unknown => "unknown",
            ExitCode::Locked => "locked",
            _ => "failed",
        };
        let plan = error.plan();
        Self {
            status: status.to_owned(),
            exit,
            period: plan.map(Plan::period).or(period),
            run_id: None,
            summary: plan.map(Plan::summary),
            changes: None,
            exceptions: plan.map_or_else(Vec::new, |plan| groups(plan.exceptions())),
            guards: plan.map_or_else(Vec::new, tripped),
            error: Some(error.message().to_owned()),
            to_do: error.hint().map(str::to_owned).into_iter().collect(),
            requests: RequestCounts::default(),
        }
    }

    /// True when somebody has to do something. A month that is not final only needs time.
    pub fn needs_person(&self) -> bool {
        !matches!(self.exit, ExitCode::Done | ExitCode::NotFinal)
    }

    /// All in one line: `202610: 12 changes made, 3 exceptions`.
    pub fn headline(&self) -> String {
        let what = match (&self.error, self.changes) {
            (Some(error), _) => clean(error),
            (None, Some((applied, failed, unknown))) => {
                let mut what = match applied {
                    0 => "no changes".to_owned(),
                    1 => "1 change made".to_owned(),
                    applied => format!("{applied} changes made"),
                };
                for (number, word) in [(failed, "failed"), (unknown, "of unknown outcome")] {
                    if number > 0 {
                        let _ = write!(what, ", {number} {word}");
                    }
                }
                what
            }
            (None, None) => "no changes".to_owned(),
        };
        let exceptions = match self.exceptions.iter().map(|group| group.count).sum() {
            0 => String::new(),
            1_usize => ", 1 exception".to_owned(),
            number => format!(", {number} exceptions"),
        };
        match self.period {
            Some(period) => format!("{period}: {what}{exceptions}"),
            None => format!("{what}{exceptions}"),
        }
    }

    /// The note as plain text. Customers are named only with `names`.
    pub fn text(&self, names: bool) -> String {
        let mut text = format!("{}\n", self.headline());
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        if let Some(run) = &self.run_id {
            line(format!("run {run}, {}", self.status));
        }
        if let Some(summary) = self.summary {
            let Summary {
                create,
                update,
                zero,
                keep,
                exceptions: _,
            } = summary;
            line(format!(
                "planned: {create} create, {update} update, {zero} zero, {keep} keep"
            ));
        }
        for guard in &self.guards {
            line(format!(
                "guard {}: {}, limit {}",
                guard.guard,
                clean(&guard.value),
                clean(&guard.limit)
            ));
        }
        for group in &self.exceptions {
            line(format!("{}: {}", group.kind.word(), group.count));
            for example in &group.first {
                line(format!("  - {}", example.text(names)));
            }
            if group.count > group.first.len() {
                line(format!("  - and {} more", group.count - group.first.len()));
            }
        }
        for to_do in &self.to_do {
            line(format!("to do: {}", clean(to_do)));
        }
        text
    }

    /// The note as a document. Customers are named only with `names`.
    pub fn to_json(&self, names: bool) -> Value {
        let Self {
            status,
            exit,
            period,
            run_id,
            summary,
            changes,
            exceptions,
            guards,
            error,
            to_do,
            requests,
        } = self;
        let changes = changes.map(|(applied, failed, unknown)| {
            json!({"applied": applied, "failed": failed, "unknown": unknown})
        });
        let exceptions: Vec<Value> = exceptions
            .iter()
            .map(|group| {
                let first: Vec<Value> = group.first.iter().map(|one| one.to_json(names)).collect();
                json!({"kind": group.kind, "count": group.count, "first": first})
            })
            .collect();
        json!({
            "schema": NOTICE_SCHEMA,
            "program": "cove-halo-sync",
            "headline": self.headline(),
            "needs_person": self.needs_person(),
            "status": status,
            "exit_code": exit.code(),
            "period": period,
            "run_id": run_id,
            "summary": summary,
            "changes": changes,
            "exceptions": exceptions,
            "guards": guards,
            "error": error,
            "to_do": to_do,
            "requests": requests,
        })
    }
}

impl Example {
    fn text(&self, names: bool) -> String {
        let Self {
            customer_id,
            customer_name,
            service,
            quantity,
        } = self;
        let customer = match (customer_id.as_str(), names) {
            ("", true) if !customer_name.is_empty() => clean(customer_name),
            ("", _) => "no customer id".to_owned(),
            (id, true) => format!("{} ({})", clean(customer_name), clean(id)),
            (id, false) => format!("customer {}", clean(id)),
        };
        let service = match service.as_str() {
            "" => String::new(),
            service => format!(", {}", clean(service)),
        };
        let units = quantity.map_or_else(String::new, |units| {
            format!(", {} units", units.normalize())
        });
        format!("{customer}{service}{units}")
    }

    fn to_json(&self, names: bool) -> Value {
        let Self {
            customer_id,
            customer_name,
            service,
            quantity,
        } = self;
        let mut document = json!({
            "customer_id": customer_id,
            "service": service,
            "quantity": quantity.map(|units| units.normalize().to_string()),
        });
        if names && let Value::Object(document) = &mut document {
            document.insert("customer_name".to_owned(), json!(customer_name));
        }
        document
    }
}

fn tripped(plan: &Plan) -> Vec<Guard> {
    let guards = plan.guards().iter().filter(|guard| guard.tripped);
    guards.cloned().collect()
}

fn groups(exceptions: &[Exception]) -> Vec<NoticeGroup> {
    let mut kinds: BTreeMap<ExceptionKind, NoticeGroup> = BTreeMap::new();
    for exception in exceptions {
        let group = kinds.entry(exception.kind).or_insert_with(|| NoticeGroup {
            kind: exception.kind,
            count: 0,
            first: Vec::new(),
        });
        group.count += 1;
        if group.first.len() < EXAMPLES {
            let text = |id: Option<&dyn ToString>| id.map_or_else(String::new, ToString::to_string);
            group.first.push(Example {
                customer_id: text(exception.customer_id.as_ref().map(|id| id as &dyn ToString)),
                customer_name: exception.customer_name.clone(),
                service: text(exception.service.as_ref().map(|id| id as &dyn ToString)),
                quantity: exception.quantity,
            });
        }
    }
    kinds.into_values().collect()
}
