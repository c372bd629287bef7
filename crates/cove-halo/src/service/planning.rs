//! Making a plan: both sides are read at the same time, then the engine decides.

use super::{PlanRequest, Service};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::settings::{Audience, CoveSource, Settings};
use crate::time;
use billing_sync::plan::{Plan, PlanInput, plan};
use billing_sync::ports::TargetReader;
use billing_sync::state::UsageRow;
use billing_sync::target::TargetSnapshot;
use billing_sync::usage::{Finality, Usage};
use billing_sync::{Memory, Period};
use futures_util::future;
use std::time::Duration;

/// Seconds that a clock may be ahead and still say which day it is.
const MOST_AHEAD: i64 = 3600;

/// A plan to be shown before it is applied, with the month's usage, which its run keeps for later months.
#[derive(Clone, Debug)]
pub struct PlannedMonth {
    pub(super) plan: Plan,
    pub(super) usage: Vec<UsageRow>,
}

impl PlannedMonth {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// A plan, and what it was made from.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) usage: Usage,
    pub(super) target: TargetSnapshot,
    /// When reading began, on the monotonic clock.
    pub(super) began: Duration,
}

impl Service {
    /// Plans a month. Reads only, from both services and from the state.
    ///
    /// # Errors
    /// When anything could not be read to its end.
    pub async fn plan(&self, request: &PlanRequest) -> Result<Plan, ServiceError> {
        Ok(self.plan_month(request).await?.plan)
    }

    /// As [`Service::plan`], for [`Service::apply_month`].
    ///
    /// # Errors
    /// As [`Service::plan`].
    pub async fn plan_month(&self, request: &PlanRequest) -> Result<PlannedMonth, ServiceError> {
        let memory = match self.state_to_compare().await? {
            Some(store) => store.memory().await?,
            None => Memory::default(),
        };
        let (plan, usage) = self.plan_with(request, &memory).await?;
        Ok(PlannedMonth {
            plan,
            usage: UsageRow::all_of(&usage),
        })
    }

    /// A plan that is applied later, if at all, with the usage it was made from.
    pub(crate) async fn plan_with(
        &self,
        request: &PlanRequest,
        memory: &Memory,
    ) -> Result<(Plan, Usage), ServiceError> {
        let planned = self.planned(request, memory).await?;
        let plan = planned.plan;
        let plan = plan.for_later(&planned.target, self.inner.halo.sizes());
        Ok((plan, planned.usage))
    }

    /// The plan, with everything it was made from.
    pub(super) async fn planned(
        &self,
        request: &PlanRequest,
        memory: &Memory,
    ) -> Result<Planned, ServiceError> {
        let began = self.inner.clock.monotonic();
        let period = self.period_of(request)?;
        let before = self.inner.halo.requests_sent();
        let (usage, target) = future::try_join(
            self.inner.source.usage.fetch(period),
            self.inner.halo.snapshot(),
        )
        .await?;
        let usage = self.doubted(usage);
        let plan = plan(PlanInput {
            usage: &usage,
            target: &target,
            rules: &self.inner.rules,
            memory,
            only: request.only,
            read_requests: self.inner.halo.requests_sent().saturating_sub(before),
            sizes: self.inner.halo.sizes(),
        })
        .for_subject(self.subject());
        Ok(Planned {
            plan,
            usage,
            target,
            began,
        })
    }

    /// Usage that is final only because its day has come stays open while this machine's clock is ahead of HaloPSA's: a
    /// wrong clock must not close a month whose usage still changes.
    fn doubted(&self, mut usage: Usage) -> Usage {
        let ahead = self.inner.halo.client().exchange().clock_ahead();
        if let Some(ahead) = ahead.filter(|ahead| *ahead > MOST_AHEAD)
            && is_final_by_calendar(&self.inner.settings)
            && usage.finality.is_final()
        {
            usage.finality = Finality::Provisional(format!(
                "only the calendar says that {} is final, and this machine's clock is {} h ahead of HaloPSA's",
                usage.period,
                ahead / 3600
            ));
        }
        usage
    }

    /// The month that a request is for: the one it names, or else the month before today (UTC).
    ///
    /// # Errors
    /// When it names none and the clock does not tell one.
    pub fn period_of(&self, request: &PlanRequest) -> Result<Period, ServiceError> {
        request
            .period
            .or_else(|| time::last_month(self.inner.clock.wall()))
            .ok_or_else(|| {
                ServiceError::new(ExitCode::Usage, "the clock does not tell the month")
                    .with_hint("set the clock, or name the month: --period YYYYMM")
            })
    }
}

/// Whether nothing but the date says that a month is final.
fn is_final_by_calendar(settings: &Settings) -> bool {
    if settings.usage.is_set() {
        settings.usage.final_from_day.is_some_and(|day| day > 0)
    } else {
        settings.cove.source == CoveSource::BillingApi
            && settings.cove.audience == Audience::Indirect
    }
}
