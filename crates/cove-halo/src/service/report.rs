//! `report`: the month as data, from both services and from what the state keeps. Reads only.

use super::{PlanRequest, Service};
use crate::error::ServiceError;
use crate::report::{BackFill, KeptMonth, Report, ReportInput};
use crate::time;
use billing_sync::plan::Plan;
use billing_sync::state::{RunSummary, StateStore, StoredRun, UsageRow};
use billing_sync::usage::Usage;
use billing_sync::{Memory, Period};

/// Runs that are looked through. More than any state file will hold.
const RUNS: usize = 100_000;
/// Months before the one asked for that are looked for.
const MONTHS: usize = 36;

/// What the state knows about a month and those before it.
#[derive(Debug, Default)]
struct Past {
    memory: Memory,
    history: Vec<KeptMonth>,
    runs: Vec<StoredRun>,
    kept: Vec<UsageRow>,
    newest: Option<Period>,
}

/// A plan, and what was billed for its month before.
#[derive(Clone, Debug)]
pub struct PlanOutcome {
    /// The plan.
    pub plan: Plan,
    /// What was billed for the month then and would be now; `None` when it was never billed and no later month was.
    pub back_fill: Option<BackFill>,
}

impl Service {
    /// Makes the report of a month. `mask` replaces the names of customers, clients and devices. Writes nowhere.
    ///
    /// # Errors
    /// When anything could not be read to its end.
    pub async fn report(&self, request: &PlanRequest, mask: bool) -> Result<Report, ServiceError> {
        let period = self.period_of(request)?;
        let past = self.past(period, true).await?;
        let (plan, usage) = Box::pin(self.plan_with(request, &past.memory)).await?;
        let made_at = time::utc_time(self.inner.clock.wall());
        let input = ReportInput {
            vendor: self.settings().vendor(),
            plan: &plan,
            usage: &usage,
            rules: &self.inner.rules,
            history: &past.history,
            kept: &past.kept,
            runs: &past.runs,
            newest: past.newest,
            made_at: &made_at,
        };
        let report = Report::of(&input);
        Ok(if mask { report.masked(&input) } else { report })
    }

    /// Plans a month, and compares it with what was billed for it before. Reads only.
    ///
    /// # Errors
    /// When anything could not be read to its end.
    pub async fn plan_looking_back(
        &self,
        request: &PlanRequest,
    ) -> Result<PlanOutcome, ServiceError> {
        let past = self.past(self.period_of(request)?, false).await?;
        let (plan, usage) = Box::pin(self.plan_with(request, &past.memory)).await?;
        let back_fill = back_fill(&plan, &usage, &past, request);
        Ok(PlanOutcome { plan, back_fill })
    }

    async fn past(&self, period: Period, with_history: bool) -> Result<Past, ServiceError> {
        let Some(store) = self.state_to_compare().await? else {
            return Ok(Past::default());
        };
        // Newest first.
        let list = store.runs(RUNS).await?;
        let mut runs = Vec::new();
        for run in list.iter().rev().filter(|run| run.period == period) {
            runs.extend(store.run(&run.run_id).await?);
        }
        let memory = store.memory().await?;
        Ok(Past {
            history: if with_history {
                history(&*store, period, &list).await?
            } else {
                Vec::new()
            },
            runs,
            kept: store.usage(period).await?,
            newest: memory.owned.iter().map(|owned| owned.period).max(),
            memory,
        })
    }
}

/// A plan for one client is compared with that client's counts only.
fn back_fill(plan: &Plan, usage: &Usage, past: &Past, request: &PlanRequest) -> Option<BackFill> {
    let mut back_fill = BackFill::of(plan, usage, &past.runs, &past.kept, past.newest)?;
    if let Some(only) = request.only {
        back_fill.keep_only(only, plan);
    }
    Some(back_fill)
}

/// The months before this one of which anything is known, oldest first.
async fn history(
    store: &dyn StateStore,
    period: Period,
    runs: &[RunSummary],
) -> Result<Vec<KeptMonth>, ServiceError> {
    let mut months = Vec::new();
    let mut month = period.previous();
    for _ in 0..MONTHS {
        let Some(earlier) = month else { break };
        let rows = store.usage(earlier).await?;
        if !rows.is_empty() {
            months.push(KeptMonth::kept(earlier, rows));
        } else if let Some(plan) = plan_of(store, earlier, runs).await? {
            months.push(KeptMonth::of_plan(&plan));
        }
        month = earlier.previous();
    }
    months.reverse();
    Ok(months)
}

/// The plan of the newest run of a month that billed it; a run that took another one back has no ledger.
async fn plan_of(
    store: &dyn StateStore,
    period: Period,
    runs: &[RunSummary],
) -> Result<Option<Plan>, ServiceError> {
    for run in runs.iter().filter(|run| run.period == period) {
        if let Some(stored) = store.run(&run.run_id).await?
            && !stored.plan.ledger().rows().is_empty()
        {
            return Ok(Some(stored.plan));
        }
    }
    Ok(None)
}
