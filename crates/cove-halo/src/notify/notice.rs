//! What is told about a run, as data: the same for every way of telling.

use super::about::About;
use super::group::{NoticeGroup, groups};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::{RequestCounts, SyncOutcome};
use crate::text::clean;
use billing_sync::Period;
use billing_sync::ids::RunId;
use billing_sync::plan::{Guard, Plan, Summary};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Version of the note's document.
const NOTICE_SCHEMA: u32 = 1;

/// A note about a run, or about why there was none.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Whose usage it was for, and where.
    pub about: About,
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
    /// The month is not final though it should long be.
    pub late: bool,
}

impl Notice {
    /// The note about how a sync ended. `period` is the month it was for, where the caller knows it. It does not say whose
    /// usage it was; what a [`Service`](crate::Service) tells does.
    pub fn of(result: Result<&SyncOutcome, &ServiceError>, period: Option<Period>) -> Self {
        Self::of_about(About::default(), result, period)
    }

    pub(crate) fn of_about(
        about: About,
        result: Result<&SyncOutcome, &ServiceError>,
        period: Option<Period>,
    ) -> Self {
        match result {
            Ok(outcome) => Self::of_outcome(about, outcome),
            Err(error) => Self::of_error(about, error, period),
        }
    }

    fn of_outcome(about: About, outcome: &SyncOutcome) -> Self {
        let exit = outcome.exit_code();
        let run = outcome.run.as_ref();
        let report = run.map(|run| &run.report);
        let period = outcome.plan.period();
        let mut to_do = Vec::new();
        if !outcome.plan.exceptions().is_empty() {
            let look = about.command(&format!("plan --period {period}"));
            to_do.push(format!("look at the exceptions: {look}"));
        }
        if exit == ExitCode::Unknown || report.is_some_and(|report| report.unknown() > 0) {
            let settle = about.command("resume");
            to_do.push(format!(
                "the outcome of a write is not known; settle it: {settle}"
            ));
        } else if exit == ExitCode::Failure {
            let again = about.command("resume");
            to_do.push(format!("changes are missing; try them again: {again}"));
        }
        Self {
            about,
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
            late: false,
        }
    }

    /// The note that a month was not billed and is not tried any more, because `next` is due.
    pub fn given_up(period: Period, next: Period) -> Self {
        Self::given_up_about(About::default(), period, next)
    }

    pub(crate) fn given_up_about(about: About, period: Period, next: Period) -> Self {
        let look = about.command(&format!("plan --period {period}"));
        Self {
            about,
            status: "given_up".to_owned(),
            exit: ExitCode::Failure,
            period: Some(period),
            run_id: None,
            summary: None,
            changes: None,
            exceptions: Vec::new(),
            guards: Vec::new(),
            error: Some(format!(
                "the month was not billed and is not tried any more: {next} is due"
            )),
            to_do: vec![format!(
                "see what was not billed, and bill it by hand: {look}"
            )],
            requests: RequestCounts::default(),
            late: false,
        }
    }

    fn of_error(about: About, error: &ServiceError, period: Option<Period>) -> Self {
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
        let to_do = error.hint().map(|hint| about.hint(hint));
        Self {
            about,
            status: status.to_owned(),
            exit,
            period: plan.map(Plan::period).or(period),
            run_id: None,
            summary: plan.map(Plan::summary),
            changes: None,
            exceptions: plan.map_or_else(Vec::new, |plan| groups(plan.exceptions())),
            guards: plan.map_or_else(Vec::new, tripped),
            error: Some(error.message().to_owned()),
            to_do: to_do.into_iter().collect(),
            requests: RequestCounts::default(),
            late: false,
        }
    }

    /// True when somebody has to do something. A month that is not final only needs time, until it is late.
    pub fn needs_person(&self) -> bool {
        match self.exit {
            ExitCode::Done => false,
            ExitCode::NotFinal => self.late,
            _ => true,
        }
    }

    /// All in one line: `pair north, 202610: 12 changes made, 3 exceptions`.
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
        let pair = self.about.pair.as_ref().map(|pair| format!("pair {pair}"));
        let period = self.period.as_ref().map(ToString::to_string);
        let of: Vec<String> = pair.into_iter().chain(period).collect();
        match of.as_slice() {
            [] => format!("{what}{exceptions}"),
            of => format!("{}: {what}{exceptions}", of.join(", ")),
        }
    }

    /// The note as plain text. Customers are named only with `names`.
    pub fn text(&self, names: bool) -> String {
        let mut text = format!("{}\n", self.headline());
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        if !self.about.subject.is_empty() {
            line(format!("for {}", clean(&self.about.subject)));
        }
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

    /// The note as a document, with `pair` and `subject` where they are known. Customers are named only with `names`.
    pub fn to_json(&self, names: bool) -> Value {
        let Self {
            about,
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
            late: _,
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
        let mut document = json!({
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
        });
        if let Value::Object(document) = &mut document {
            if let Some(pair) = &about.pair {
                document.insert("pair".to_owned(), json!(pair.as_str()));
            }
            if !about.subject.is_empty() {
                document.insert("subject".to_owned(), json!(about.subject));
            }
        }
        document
    }
}

fn tripped(plan: &Plan) -> Vec<Guard> {
    let guards = plan.guards().iter().filter(|guard| guard.tripped);
    guards.cloned().collect()
}
