//! `why`: the explanation of a count, out of a plan file or out of the journal. Offline: no credentials, no requests.

use super::Service;
use crate::error::ServiceError;
use crate::exit::ExitCode;
use billing_sync::Memory;
use billing_sync::ids::{ClientId, CustomerId, PlanId, RunId};
use billing_sync::plan::Plan;
use billing_sync::state::{RunSummary, StateStore, StoredRun};
use billing_sync::why::{Subject, WHY_SCHEMA, Why, why};
use serde_json::{Value, json};

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyRequest {
    /// A client's number or a customer's exact id; `client:ID` and `customer:ID` say which. Never a name.
    pub who: String,
    /// Limits the answer to one service or subscription.
    pub service: Option<String>,
    /// Where the answer is looked for.
    pub from: WhyFrom,
}

/// Where an explanation is looked for.
#[derive(Clone, Debug, PartialEq)]
pub enum WhyFrom {
    /// In a plan that was not (or not yet) applied.
    Plan(Box<Plan>),
    /// In a run.
    Run(RunId),
    /// In the newest run.
    NewestRun,
}

/// The explanation, and where it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyOutcome {
    /// The explanation.
    pub why: Why,
    /// The plan it stands in.
    pub plan_id: PlanId,
    /// The run of that plan; `None` when the plan came from a file.
    pub run: Option<RunSummary>,
}

impl WhyOutcome {
    /// The document: `{"schema", "client_id", "client_name", "period", "source", "subscriptions", "exceptions"}`.
    pub fn to_json(&self) -> Value {
        let Self { why, plan_id, run } = self;
        json!({
            "schema": WHY_SCHEMA,
            "client_id": why.client_id,
            "client_name": why.client_name,
            "period": why.period,
            "source": {
                "kind": if run.is_some() { "run" } else { "plan" },
                "plan_id": plan_id,
                "run_id": run.as_ref().map(|run| &run.run_id),
                "status": run.as_ref().map(|run| run.status.word()),
                "started_at": run.as_ref().map(|run| &run.started_at),
            },
            "subscriptions": why.subscriptions,
            "exceptions": why.exceptions,
        })
    }
}

impl Service {
    /// Explains the counts of a client or customer, down to the devices. Reads the state only.
    ///
    /// # Errors
    /// When there is no such run, the plan says nothing about whom was asked for, a number is a client as well as a customer
    /// of another client, or the state cannot be read.
    pub async fn why(&self, request: &WhyRequest) -> Result<WhyOutcome, ServiceError> {
        let store = self.inner.stores.for_reading()?;
        let memory = match &store {
            Some(store) => store.memory().await?,
            None => Memory::default(),
        };
        let run = match &request.from {
            WhyFrom::Plan(plan) => return answer(request, plan, None, &memory),
            WhyFrom::Run(run) => Some(run),
            WhyFrom::NewestRun => None,
        };
        let Some(store) = store else {
            return Err(self.no_state_file("there is no run to explain").with_hint(
                "name a plan file instead: --plan FILE; or another state file: --state FILE",
            ));
        };
        let stored = stored_run(&*store, run).await?;
        answer(request, &stored.plan, Some(&stored), &memory)
    }
}

async fn stored_run(
    store: &dyn StateStore,
    run: Option<&RunId>,
) -> Result<StoredRun, ServiceError> {
    let newest;
    let run = if let Some(run) = run {
        run
    } else {
        let Some(first) = store.runs(1).await?.into_iter().next() else {
            return Err(
                ServiceError::new(ExitCode::Usage, "there is no run to explain yet")
                    .with_hint("name a plan file instead: --plan FILE"),
            );
        };
        newest = first.run_id;
        &newest
    };
    super::store::existing(store, run).await
}

fn answer(
    request: &WhyRequest,
    plan: &Plan,
    run: Option<&StoredRun>,
    memory: &Memory,
) -> Result<WhyOutcome, ServiceError> {
    let mut found = find(request, plan, memory)?;
    if let Some(run) = run {
        found = found.with_outcomes(&run.changes);
    }
    Ok(WhyOutcome {
        why: found,
        plan_id: plan.id().clone(),
        run: run.map(|run| run.summary.clone()),
    })
}

/// Looks for whom was meant. A bare number may be a client or a customer; where it is both, nobody guesses.
fn find(request: &WhyRequest, plan: &Plan, memory: &Memory) -> Result<Why, ServiceError> {
    let who = request.who.trim();
    let service = request.service.as_deref();
    let ask = |subject: &Subject| why(plan, memory, subject, service);
    let usage = |message: String| ServiceError::new(ExitCode::Usage, message);
    let mut found: Vec<Why> = Vec::new();
    for subject in subjects(who)? {
        let why = ask(&subject);
        // A customer of the client of the same number is part of that client's answer.
        let told = found
            .iter()
            .any(|known| known.client_id.is_some() && known.client_id == why.client_id);
        if !why.is_empty() && !told {
            found.push(why);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(usage(format!(
            "{who} is a client and also a customer of another client"
        ))
        .with_hint(format!("say which: client:{who} or customer:{who}"))),
        (None, _) => {
            let about = match service {
                Some(service) => format!("`{service}` of `{who}`"),
                None => format!("`{who}`"),
            };
            Err(usage(format!(
                "the plan for {} says nothing about {about}",
                plan.period()
            ))
            .with_hint(
                "give a client's number or a customer's exact id, not a name, and a service as `plan --all` shows it; \
                 --run RUN looks into an earlier run",
            ))
        }
    }
}

fn subjects(who: &str) -> Result<Vec<Subject>, ServiceError> {
    let number = |text: &str| text.trim().parse().ok().map(ClientId::new);
    if let Some(id) = who.strip_prefix("client:") {
        return number(id)
            .map(|id| vec![Subject::Client(id)])
            .ok_or_else(|| {
                ServiceError::new(ExitCode::Usage, format!("`{id}` is no client's number"))
                    .with_hint("a client's id is a whole number, as HaloPSA shows it")
            });
    }
    if let Some(id) = who.strip_prefix("customer:") {
        return Ok(vec![Subject::Customer(CustomerId::new(id))]);
    }
    Ok(number(who)
        .map(Subject::Client)
        .into_iter()
        .chain([Subject::Customer(CustomerId::new(who))])
        .collect())
}
