//! `map`: reads where the mapping stands, and writes what a person decided, each write checked against a fresh read and
//! read back.

mod moved;
mod outcome;
mod pen;

pub use outcome::{MapOutcome, MapResult, MapWritten};

use super::{PlanRequest, Service};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::map::{MapAction, MapPlace, MapPlan, Mapping, OF_BEFORE};
use crate::settings::MatchKey;
use crate::time;
use billing_sync::Question;
use billing_sync::plan::{ExceptionKind, customers};
use billing_sync::ports::TargetReader;
use billing_sync::{Memory, Period};
use futures_util::future;

impl Service {
    /// Reads where the mapping stands for the customers of a month. Writes nowhere.
    ///
    /// # Errors
    /// When anything could not be read to its end.
    pub async fn mapping(&self, period: Option<Period>) -> Result<Mapping, ServiceError> {
        let request = PlanRequest {
            period,
            ..PlanRequest::default()
        };
        let period = self.period_of(&request)?;
        let (memory, decisions) = match self.state_to_compare().await? {
            Some(store) => (store.memory().await?, store.decisions().await?),
            None => (Memory::default(), Vec::new()),
        };
        let (usage, target) = future::try_join(
            self.inner.source.usage.fetch(period),
            self.inner.halo.snapshot(),
        )
        .await?;
        let standings = customers(&usage, &target, &self.inner.rules, &memory);
        Ok(Mapping::new(
            self.subject(),
            period,
            standings,
            target,
            memory,
            decisions,
        ))
    }

    /// Where a mapping is kept unless a person says otherwise: where customers are matched by.
    pub fn map_place(&self) -> MapPlace {
        match self.inner.settings.matching.key {
            MatchKey::ClientId => MapPlace::Field,
            MatchKey::Reference => MapPlace::Reference,
        }
    }

    /// Writes a mapping plan, after everything in it was read again. Decisions go into the state together; every other
    /// write is read back, and one that fails stops no other. What is there already is not written.
    ///
    /// # Errors
    /// When the plan was made for another account or tenant, something moved since ([`ServiceError::drift`]) or speaks
    /// against it now, the place is not the one that customers are matched by, or nothing can be read. Nothing was written
    /// then.
    pub async fn apply_mapping(
        &self,
        plan: &MapPlan,
        by: &str,
    ) -> Result<MapOutcome, ServiceError> {
        let before = self.requests();
        self.must_be_ours(plan)?;
        if plan.place != MapPlace::State && plan.place != self.map_place() {
            return Err(ServiceError::new(
                ExitCode::Usage,
                format!(
                    "customers are matched by the {}, so writing the {} would change nothing",
                    self.map_place().word(),
                    plan.place.word()
                ),
            )
            .with_hint("make the mapping plan again; [match] key says what is compared"));
        }
        let pen = self.pen(plan).await?;
        let now = self.mapping(plan.period()).await?;
        let fresh = now
            .plan(&plan.wishes(), &plan.wanted_choices(), plan.place)
            .map_err(|problems| {
                let first = problems
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                ServiceError::new(
                    ExitCode::Drift,
                    format!("the mapping plan does not fit any more: {first}"),
                )
                .with_hint("nothing was written; make the mapping plan again")
            })?;
        let moved = moved::moved(plan, &fresh);
        if !moved.is_empty() {
            return Err(ServiceError::new(
                ExitCode::Drift,
                "what is mapped moved since the mapping plan was made",
            )
            .with_hint("nothing was written; make the mapping plan again")
            .with_drift(moved));
        }
        let decisions = fresh.decisions();
        if !decisions.is_empty() {
            let store = self.inner.stores.for_writing()?;
            let _lock = store.lock().await?;
            self.claim(&*store).await?;
            store.decide(&decisions, by, &self.now()).await?;
        }
        let mut results = Vec::new();
        for change in &fresh.changes {
            let (outcome, note) = if change.action == MapAction::Nothing {
                (MapWritten::Nothing, String::new())
            } else if self.inner.stop.is_stopped() {
                (MapWritten::NotBegun, "asked to stop".to_owned())
            } else {
                pen.write(change).await
            };
            results.push(MapResult {
                change: change.clone(),
                outcome,
                note,
            });
        }
        Ok(MapOutcome {
            plan: fresh,
            results,
            requests: self.requests().since(before),
        })
    }

    /// Takes decisions back; returns how many there were. Works without the network.
    ///
    /// # Errors
    /// When the state cannot be written, or another run holds the lock.
    pub async fn forget(&self, questions: &[Question], by: &str) -> Result<usize, ServiceError> {
        if self.inner.stores.for_reading()?.is_none() {
            return Ok(0);
        }
        let store = self.inner.stores.for_writing()?;
        let _lock = store.lock().await?;
        self.claim(&*store).await?;
        Ok(store.undecide(questions, by, &self.now()).await?)
    }

    /// What people decided, out of the state file. Works without the network.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn decisions(&self) -> Result<Vec<billing_sync::DecisionRecord>, ServiceError> {
        match self.inner.stores.for_reading()? {
            Some(store) => Ok(store.decisions().await?),
            None => Ok(Vec::new()),
        }
    }

    /// The names that counts of this client are planned under in a month, or would be if it were clear on which record: what a
    /// record can be taken over as.
    ///
    /// # Errors
    /// When anything could not be read to its end.
    pub async fn planned_names(
        &self,
        client: billing_sync::ids::ClientId,
        period: Option<Period>,
    ) -> Result<Vec<String>, ServiceError> {
        let month = PlanRequest {
            period,
            ..PlanRequest::default()
        };
        let request = PlanRequest {
            only: Some(client),
            ..month
        };
        let plan = self.plan(&request).await?;
        let mut names: Vec<String> = plan
            .changes()
            .iter()
            .filter(|change| change.client_id == client)
            .map(|change| change.name.clone())
            .collect();
        names.extend(plan.exceptions().iter().filter_map(|exception| {
            let is_open = exception.kind == ExceptionKind::AmbiguousSubscription;
            let (customer, service) =
                (exception.customer_id.as_ref()?, exception.service.as_ref()?);
            let rules = &self.inner.rules;
            let name = rules.subscription_name(customer, service, plan.period());
            is_open.then(|| name.into_owned())
        }));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The same ids are other clients on another tenant.
    fn must_be_ours(&self, plan: &MapPlan) -> Result<(), ServiceError> {
        let own = self.subject();
        let (what, hint) = match plan.subject() {
            "" => (
                OF_BEFORE.to_owned(),
                "nothing was written; `map import` makes a mapping plan of a reviewed sheet",
            ),
            other if other != own => (
                format!("the mapping plan was made for {other}, not for {own}"),
                "nothing was written; apply it with the settings it was made with, or import the sheet with these",
            ),
            _ => return Ok(()),
        };
        Err(ServiceError::new(ExitCode::Usage, what).with_hint(hint))
    }

    fn now(&self) -> String {
        time::utc_time(self.inner.clock.wall())
    }
}
