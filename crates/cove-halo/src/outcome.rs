//! What the service hands back: reports with the requests they took, as data and as JSON documents.

use crate::exit::ExitCode;
use billing_sync::ids::RunId;
use billing_sync::plan::Plan;
use billing_sync::run::{Drift, Outcome, RunReport, RunStatus};
use billing_sync::state::StoredRun;
use serde::Serialize;
use serde_json::{Value, json};

/// Version of the run document.
pub const RUN_SCHEMA: u32 = 1;

/// Requests sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// To the vendor.
    pub cove: u64,
    /// To the billing system, token requests included.
    pub halo: u64,
    /// Of all these, repetitions.
    pub retries: u64,
    /// Of all these, refused because the limit was reached.
    pub throttled: u64,
}

impl RequestCounts {
    /// What was sent between an earlier reading and this one.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            cove: self.cove.saturating_sub(earlier.cove),
            halo: self.halo.saturating_sub(earlier.halo),
            retries: self.retries.saturating_sub(earlier.retries),
            throttled: self.throttled.saturating_sub(earlier.throttled),
        }
    }
}

/// A run with the requests it took.
#[derive(Clone, Debug, PartialEq)]
pub struct RunOutcome {
    /// What it did.
    pub report: RunReport,
    /// What that took.
    pub requests: RequestCounts,
}

impl RunOutcome {
    /// The run document: `{"schema", "run_id", "plan_id", "status", "applied", …, "changes"}`.
    pub fn to_json(&self) -> Value {
        let Self { report, requests } = self;
        json!({
            "schema": RUN_SCHEMA,
            "run_id": report.run_id,
            "plan_id": report.plan_id,
            "period": report.period,
            "status": report.status.word(),
            "applied": report.applied(),
            "failed": report.failed(),
            "unknown": report.unknown(),
            "verified": report.verified(),
            "exceptions": report.exceptions,
            "adopted": report.adopted,
            "requests": requests,
            "changes": report.changes,
        })
    }

    /// The run document where there was nothing to write, and so no run: the same keys, and the plan if one was made.
    pub fn nothing_to_json(plan: Option<&Plan>, requests: RequestCounts) -> Value {
        json!({
            "schema": RUN_SCHEMA,
            "run_id": null,
            "plan_id": plan.map(Plan::id),
            "period": plan.map(Plan::period),
            "status": RunStatus::Nothing.word(),
            "applied": 0,
            "failed": 0,
            "unknown": 0,
            "verified": 0,
            "exceptions": plan.map_or(0, |plan| plan.exceptions().len()),
            "adopted": 0,
            "requests": requests,
            "changes": [],
        })
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        run_exit_code(&self.report)
    }
}

/// How a program should end after this run. Where some changes failed and the outcome of others is unknown, it failed;
/// `resume` settles those first and then tries what failed again.
pub(crate) fn run_exit_code(report: &RunReport) -> ExitCode {
    match report.status {
        RunStatus::Unknown | RunStatus::Running => {
            let failed = report.changes.iter().any(|it| has_failed(it.outcome));
            let failure = failed.then_some(ExitCode::Failure);
            ExitCode::worst(failure.into_iter().chain([ExitCode::Unknown]))
        }
        RunStatus::Partial | RunStatus::Stopped => ExitCode::Failure,
        RunStatus::Applied | RunStatus::Nothing if report.exceptions > 0 => ExitCode::Exceptions,
        RunStatus::Applied | RunStatus::Nothing => ExitCode::Done,
    }
}

/// True for what was tried in vain; what was not begun only waits for `resume`.
fn has_failed(outcome: Outcome) -> bool {
    outcome.is_failed() && outcome != Outcome::Planned
}

/// Plan and apply in one.
#[derive(Clone, Debug)]
pub struct SyncOutcome {
    /// The plan.
    pub plan: Plan,
    /// The run that applied it.
    pub run: Option<RunOutcome>,
    /// An earlier run that had not ended and was settled first, by reading.
    pub settled: Option<RunReport>,
}

impl SyncOutcome {
    /// The run document; of the plan's run, with the settled run's id beside it.
    pub fn to_json(&self) -> Value {
        let mut document = if let Some(run) = &self.run {
            run.to_json()
        } else {
            let requests = RequestCounts {
                halo: self.plan.requests().read,
                ..RequestCounts::default()
            };
            RunOutcome::nothing_to_json(Some(&self.plan), requests)
        };
        if let (Some(settled), Value::Object(document)) = (&self.settled, &mut document) {
            document.insert(
                "settled".to_owned(),
                json!({"run_id": settled.run_id, "status": settled.status.word()}),
            );
        }
        document
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        match &self.run {
            Some(run) => run.exit_code(),
            None => crate::exit::plan_exit_code(&self.plan),
        }
    }
}

/// What a fresh read says about what was written.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyOutcome {
    /// The run that was checked, as it is stored; `None`: every subscription that is kept was checked.
    pub run: Option<StoredRun>,
    /// Subscriptions that were checked.
    pub checked: usize,
    /// Of these, as they should be.
    pub agreeing: usize,
    /// The others, field by field.
    pub differences: Vec<Drift>,
    /// Subscriptions of the run that were not checked, because a later run left them with another count.
    pub superseded: usize,
    /// What that took.
    pub requests: RequestCounts,
}

impl VerifyOutcome {
    /// The run document, with what was checked and what differs: `status` is what is there now, `run_status` how the run that
    /// was checked ended.
    pub fn to_json(&self) -> Value {
        let Self {
            run,
            checked,
            agreeing,
            differences,
            superseded,
            requests,
        } = self;
        let summary = run.as_ref().map(|run| &run.summary);
        let attested = if differences.is_empty() {
            RunStatus::Applied
        } else {
            RunStatus::Partial
        };
        let mut document = json!({
            "schema": RUN_SCHEMA,
            "run_id": summary.map(|run| &run.run_id),
            "plan_id": summary.map(|run| &run.plan_id),
            "status": attested.word(),
            "applied": summary.map_or(*agreeing as u64, |run| run.applied),
            "failed": summary.map_or(checked.saturating_sub(*agreeing) as u64, |run| run.failed),
            "unknown": summary.map_or(0, |run| run.unknown),
            "verified": agreeing,
            "exceptions": run.as_ref().map_or(0, |run| run.plan.exceptions().len()),
            "requests": requests,
            "changes": run.as_ref().map(|run| run.changes.as_slice()).unwrap_or_default(),
            "checked": checked,
            "differences": differences,
            "superseded": superseded,
        });
        if let (Some(run), Value::Object(document)) = (summary, &mut document) {
            document.insert("run_status".to_owned(), json!(run.status.word()));
        }
        document
    }

    /// How a program should end: drift where something differs.
    pub fn exit_code(&self) -> ExitCode {
        if self.differences.is_empty() {
            ExitCode::Done
        } else {
            ExitCode::Drift
        }
    }

    /// The run that was checked; `None` when everything kept was.
    pub fn run_id(&self) -> Option<&RunId> {
        self.run.as_ref().map(|run| &run.summary.run_id)
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestCounts, RunOutcome};
    use crate::exit::ExitCode;
    use billing_sync::run::{ChangeRecord, Outcome, RunReport, RunStatus};
    use serde_json::Value;

    fn outcome(status: RunStatus, exceptions: usize) -> RunOutcome {
        RunOutcome {
            report: RunReport {
                run_id: "r".into(),
                plan_id: "p".into(),
                period: "202610".parse().unwrap(),
                status,
                changes: Vec::new(),
                exceptions,
                adopted: 0,
            },
            requests: RequestCounts::default(),
        }
    }

    fn record(outcome: Outcome) -> ChangeRecord {
        ChangeRecord {
            position: 0,
            change: serde_json::from_value(serde_json::json!({
                "kind": "create", "client_id": 1, "client_name": "A", "name": "Server", "licence_id": null,
                "before": null, "after": 3, "adopted": false, "reason": "", "sources": [],
            }))
            .unwrap(),
            outcome,
            written_id: None,
            note: String::new(),
        }
    }

    #[test]
    fn the_exit_code_says_how_the_run_ended() {
        for (status, exceptions, code) in [
            (RunStatus::Applied, 0, ExitCode::Done),
            (RunStatus::Nothing, 0, ExitCode::Done),
            (RunStatus::Applied, 2, ExitCode::Exceptions),
            (RunStatus::Nothing, 2, ExitCode::Exceptions),
            (RunStatus::Partial, 2, ExitCode::Failure),
            (RunStatus::Stopped, 0, ExitCode::Failure),
            (RunStatus::Unknown, 2, ExitCode::Unknown),
        ] {
            assert_eq!(outcome(status, exceptions).exit_code(), code, "{status:?}");
        }
    }

    #[test]
    fn a_failed_change_beside_an_unknown_one_is_a_failure() {
        let mut both = outcome(RunStatus::Unknown, 0);
        both.report.changes = [Outcome::Verified, Outcome::Unknown, Outcome::Rejected]
            .map(record)
            .to_vec();
        assert_eq!(both.exit_code(), ExitCode::Failure);
        both.report.changes.pop();
        both.report.changes.push(record(Outcome::Planned));
        assert_eq!(both.exit_code(), ExitCode::Unknown, "one was not begun");
    }

    #[test]
    fn the_run_document_has_the_fixed_keys() {
        let document = outcome(RunStatus::Nothing, 1).to_json();
        for key in [
            "schema",
            "run_id",
            "plan_id",
            "status",
            "applied",
            "failed",
            "unknown",
            "verified",
            "exceptions",
            "requests",
            "changes",
        ] {
            assert!(document.get(key).is_some(), "{key}");
        }
        let keys = |document: &Value| -> Vec<String> {
            document.as_object().unwrap().keys().cloned().collect()
        };
        let nothing = RunOutcome::nothing_to_json(None, RequestCounts::default());
        assert_eq!(keys(&nothing), keys(&document), "also without a run");
        assert_eq!(
            document["requests"],
            serde_json::json!({"cove": 0, "halo": 0, "retries": 0, "throttled": 0})
        );
    }

    #[test]
    fn requests_are_counted_from_a_reading_on() {
        let reading = |cove, halo| RequestCounts {
            cove,
            halo,
            ..RequestCounts::default()
        };
        assert_eq!(reading(7, 9).since(reading(7, 4)), reading(0, 5));
        assert_eq!(reading(1, 1).since(reading(2, 2)), reading(0, 0));
    }
}
