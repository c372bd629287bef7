//! `map`: reads where the mapping stands, and writes what a person decided, each write checked against a fresh read and
//! read back.

use super::{PlanRequest, Service};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::halo::ids_in;
use crate::map::{MapAction, MapChange, MapPlace, MapPlan, Mapping};
use crate::outcome::RequestCounts;
use crate::settings::MatchKey;
use crate::{port_error, time};
use api_core::{Error, ErrorKind};
use billing_sync::Question;
use billing_sync::ids::Key;
use billing_sync::plan::customers;
use billing_sync::ports::TargetReader;
use billing_sync::run::Drift;
use billing_sync::{Memory, Period};
use cove_api::management::{ExternalCode, ManagementClient, PartnerId};
use futures_util::future;
use halopsa_api::{ClientId, FieldInfo, FieldOwner};
use serde::Serialize;
use serde_json::{Value, json};

/// What became of one mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MapWritten {
    /// Written, and read back.
    Written,
    /// It was there already.
    Nothing,
    /// It is not there; the note says why.
    Failed,
    /// Nobody knows: look at the record.
    Unknown,
    /// It was not begun, because the run was asked to stop.
    NotBegun,
}

impl MapWritten {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Nothing => "nothing",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotBegun => "not_begun",
        }
    }
}

/// One mapping with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapResult {
    /// The mapping.
    #[serde(flatten)]
    pub change: MapChange,
    /// What became of it.
    pub outcome: MapWritten,
    /// The particulars, where there are some.
    pub note: String,
}

/// A mapping plan that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapOutcome {
    /// The plan.
    pub plan: MapPlan,
    /// What became of each customer, in the order of the plan.
    pub results: Vec<MapResult>,
    /// What it took.
    pub requests: RequestCounts,
}

impl MapOutcome {
    /// How many ended like this; choices of records among the written ones.
    pub fn count(&self, outcome: MapWritten) -> usize {
        let customers = self
            .results
            .iter()
            .filter(|result| result.outcome == outcome)
            .count();
        let choices = match outcome {
            MapWritten::Written => self.plan.chosen().count(),
            MapWritten::Nothing => self.plan.choices.len() - self.plan.chosen().count(),
            _ => 0,
        };
        customers + choices
    }

    /// The document: `{"schema", "place", "written", "nothing", "failed", "unknown", "customers", "subscriptions",
    /// "requests"}`.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": 1,
            "place": self.plan.place,
            "written": self.count(MapWritten::Written),
            "nothing": self.count(MapWritten::Nothing),
            "failed": self.count(MapWritten::Failed) + self.count(MapWritten::NotBegun),
            "unknown": self.count(MapWritten::Unknown),
            "customers": self.results,
            "subscriptions": self.plan.choices,
            "requests": self.requests,
        })
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        let code = |result: &MapResult| match result.outcome {
            MapWritten::Written | MapWritten::Nothing => ExitCode::Done,
            MapWritten::Failed | MapWritten::NotBegun => ExitCode::Failure,
            MapWritten::Unknown => ExitCode::Unknown,
        };
        ExitCode::worst(self.results.iter().map(code))
    }
}

/// Where the writes of a plan go.
enum Pen<'a> {
    Field(FieldInfo),
    Reference(&'a ManagementClient),
    /// They are in the state already.
    Kept,
}

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
        Ok(Mapping::new(period, standings, target, memory, decisions))
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
    /// When something moved since the plan ([`ServiceError::drift`]) or speaks against it now, the place is not the one
    /// that customers are matched by, or nothing can be read. Nothing was written then.
    pub async fn apply_mapping(
        &self,
        plan: &MapPlan,
        by: &str,
        period: Option<Period>,
    ) -> Result<MapOutcome, ServiceError> {
        let before = self.requests();
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
        let now = self.mapping(period).await?;
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
        let moved = moved(plan, &fresh);
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
                match &pen {
                    Pen::Kept => (MapWritten::Written, String::new()),
                    Pen::Field(field) => self.write_field(change, field).await,
                    Pen::Reference(cove) => write_reference(cove, change).await,
                }
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

    /// The names that counts of this client are planned under in a month: what a record can be taken over as.
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
        names.dedup();
        Ok(names)
    }

    fn now(&self) -> String {
        time::utc_time(self.inner.clock.wall())
    }

    async fn pen(&self, plan: &MapPlan) -> Result<Pen<'_>, ServiceError> {
        match plan.place {
            MapPlace::State => Ok(Pen::Kept),
            MapPlace::Field => {
                let name = &self.inner.settings.halo.customer_field;
                let client = self.inner.halo.client();
                let field = client
                    .resolve_custom_field(FieldOwner::Client, name)
                    .await
                    .map_err(port_error)?;
                Ok(Pen::Field(field))
            }
            MapPlace::Reference => match &self.inner.references {
                Some(client) => Ok(Pen::Reference(client)),
                None => Err(ServiceError::new(
                    ExitCode::Usage,
                    "the customer reference cannot be written: Cove's API user is not known",
                )
                .with_hint(
                    "set partner and username in [cove], and COVE_PASSWORD; or keep decisions: --to state",
                )),
            },
        }
    }

    async fn write_field(&self, change: &MapChange, field: &FieldInfo) -> (MapWritten, String) {
        let clients = self.inner.halo.client().clients();
        let id = ClientId::new(change.client.get());
        let held = |client: &halopsa_api::Client| {
            ids_in(&client.custom_field(&field.name).unwrap_or_default()).join(", ")
        };
        // Once more, right before the write: between the list and this request someone may have filled it.
        match clients.get(id).await {
            Ok(client) if held(&client) == change.after => {
                return (MapWritten::Nothing, String::new());
            }
            Ok(client) if held(&client) != change.before => {
                let note = format!("the field holds {} by now", held(&client));
                return (MapWritten::Failed, note);
            }
            Ok(_) => {}
            Err(error) => return (MapWritten::Failed, error.to_string()),
        }
        let written = clients
            .set_custom_field(id, field, &json!(change.after))
            .await;
        let Err(error) = written else {
            return (MapWritten::Written, String::new());
        };
        if !is_uncertain(&error) {
            return (MapWritten::Failed, error.to_string());
        }
        match clients.get(id).await {
            Ok(client) => settled(&held(&client), change, &error),
            Err(_) => (MapWritten::Unknown, error.to_string()),
        }
    }
}

/// Whether the write may have arrived.
fn is_uncertain(error: &Error) -> bool {
    error.may_have_been_sent() && error.kind() != ErrorKind::Conflict
}

fn settled(found: &str, change: &MapChange, error: &Error) -> (MapWritten, String) {
    if found == change.after {
        let note = format!("{error}; read back: it is there");
        (MapWritten::Written, note)
    } else if found == change.before {
        (
            MapWritten::Failed,
            format!("{error}; read back: it is not there"),
        )
    } else {
        (
            MapWritten::Unknown,
            format!("{error}; read back: `{found}`"),
        )
    }
}

async fn write_reference(cove: &ManagementClient, change: &MapChange) -> (MapWritten, String) {
    let Ok(id) = change.customer.as_str().parse::<i64>() else {
        let note = "its id is not a number, as the ids of Cove's customers are".to_owned();
        return (MapWritten::Failed, note);
    };
    let partner = PartnerId::new(id);
    let wanted = change.client.to_string();
    let reference = async || {
        let info = cove.partner(partner).await?;
        Ok::<_, Error>(ExternalCode::new(info.external_code.unwrap_or_default()))
    };
    match reference().await {
        Ok(now) if now.halo_ids().iter().any(|id| *id != wanted) => {
            let note = format!("the reference is `{now}` by now; it is not overwritten");
            return (MapWritten::Failed, note);
        }
        Ok(_) => {}
        Err(error) => return (MapWritten::Failed, error.to_string()),
    }
    match cove.link_to_halo(partner, &wanted).await {
        Ok(linked) if linked.written => (MapWritten::Written, format!("`{}`", linked.after)),
        Ok(_) => (MapWritten::Nothing, String::new()),
        Err(error) if is_uncertain(&error) => match reference().await {
            Ok(now) if now.halo_ids() == [wanted.as_str()] => {
                let note = format!("{error}; read back: it is there");
                (MapWritten::Written, note)
            }
            Ok(_) => (
                MapWritten::Failed,
                format!("{error}; read back: it is not there"),
            ),
            Err(_) => (MapWritten::Unknown, error.to_string()),
        },
        Err(error) => (MapWritten::Failed, error.to_string()),
    }
}

/// What is not as the plan saw it. What is already as the plan wants it did not move.
fn moved(plan: &MapPlan, fresh: &MapPlan) -> Vec<Drift> {
    let pairs = plan.changes.iter().zip(&fresh.changes);
    let customers = pairs
        .filter(|(planned, now)| now.action == MapAction::Write && planned.before != now.before)
        .map(|(planned, now)| Drift {
            key: Key {
                client: planned.client,
                name: format!("customer {}", planned.customer),
            },
            client_name: now.client_name.clone(),
            licence_id: None,
            field: plan.place.word().to_owned(),
            planned: planned.before.clone(),
            found: now.before.clone(),
        });
    let text =
        |id: Option<billing_sync::ids::LicenceId>| id.map_or_else(String::new, |id| id.to_string());
    let pairs = plan.choices.iter().zip(&fresh.choices);
    let records = pairs
        .filter(|(planned, now)| now.action == MapAction::Write && planned.before != now.before)
        .map(|(planned, now)| Drift {
            key: planned.key(),
            client_name: now.client_name.clone(),
            licence_id: Some(planned.licence),
            field: "chosen record".to_owned(),
            planned: text(planned.before),
            found: text(now.before),
        });
    customers.chain(records).collect()
}
