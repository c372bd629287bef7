//! Attesting: what the billing system holds now against what a run, or all runs, left there; and what others did to what
//! is kept. Never writes.

use super::view::{View, name_of_record};
use super::{Apply, ApplyError};
use crate::ids::{ClientId, Key, LicenceId, RunId};
use crate::memory::Owned;
use crate::period::Period;
use crate::run::{ChangeRecord, Drift};
use crate::target::{Standing, TargetSnapshot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// The run that was verified; `None` when all owned subscriptions were.
    pub run_id: Option<RunId>,
    /// Subscriptions looked at.
    pub checked: usize,
    /// Of these, as they should be.
    pub agreeing: usize,
    /// What is not as it should be, field by field.
    pub differences: Vec<Drift>,
    /// Subscriptions of the run that were not looked at, because a later run left them with another count.
    pub superseded: usize,
}

/// What others did to what is kept, since it was last proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftReport {
    /// Subscriptions looked at: all that are kept.
    pub checked: usize,
    /// Of these, as they were last proved.
    pub agreeing: usize,
    /// What is not, by (client, name). A subscription that differs in several ways stands here several times.
    pub drifted: Vec<Drifted>,
}

/// One way in which a kept subscription is not as it was last proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drifted {
    /// What happened to it.
    pub what: DriftKind,
    /// The field, as it was proved and as it is.
    #[serde(flatten)]
    pub drift: Drift,
    /// The month whose count was proved.
    pub period: Period,
}

/// What happened to a kept subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// It has another count.
    Edited,
    /// It has another name than it is kept under. It is known by its id and goes on being billed.
    Renamed,
    /// It belongs to another client.
    Moved,
    /// It is not an active subscription any more, but still there.
    Inactive,
    /// It is marked as deleted.
    Deleted,
    /// It is not there any more.
    Vanished,
    /// It cannot be told: a record that may be this one could not be read.
    Unreadable,
}

impl DriftKind {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
            Self::Vanished => "vanished",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What should be there.
struct Expected {
    key: Key,
    client_name: String,
    /// The record's name; `None` for an owned record, which is known by its id and may be renamed.
    name: Option<String>,
    licence: Option<LicenceId>,
    count: i64,
    /// Nothing is billed with it any more, so a person may clear it away.
    may_be_gone: bool,
}

impl Apply<'_> {
    /// Reads the target and compares it with what that run planned, or, without a run, with the count last proved of every
    /// owned subscription. The latter shows what was edited by hand since. What a later run wrote instead is left out of
    /// the former.
    ///
    /// # Errors
    /// When there is no such run, or the target or the state store cannot be read.
    pub async fn verify(&self, run: Option<&RunId>) -> Result<VerifyReport, ApplyError> {
        let (expected, superseded) = match run {
            Some(run) => self.left_by(run).await?,
            None => (self.all_owned().await?, 0),
        };
        let clients: BTreeSet<ClientId> = expected.iter().map(|it| it.key.client).collect();
        let view = self.read(clients).await?;
        let found: Vec<Vec<Drift>> = expected.iter().map(|it| it.compare(&view)).collect();
        Ok(VerifyReport {
            run_id: run.cloned(),
            checked: expected.len(),
            agreeing: found.iter().filter(|drift| drift.is_empty()).count(),
            differences: found.into_iter().flatten().collect(),
            superseded,
        })
    }

    /// Reads the whole target and says what others did to the subscriptions that are kept: counts edited, records renamed,
    /// moved to another client, switched off, deleted or gone.
    ///
    /// # Errors
    /// When the target or the state store cannot be read.
    pub async fn drift(&self) -> Result<DriftReport, ApplyError> {
        let mut owned = self.store.memory().await?.owned;
        if owned.is_empty() {
            return Ok(DriftReport {
                checked: 0,
                agreeing: 0,
                drifted: Vec::new(),
            });
        }
        owned.sort_by(|a, b| a.key.cmp(&b.key));
        let target = self.reader.snapshot().await?;
        let found: Vec<Vec<Drifted>> = owned.iter().map(|it| drift_of(it, &target)).collect();
        Ok(DriftReport {
            checked: owned.len(),
            agreeing: found.iter().filter(|drifted| drifted.is_empty()).count(),
            drifted: found.into_iter().flatten().collect(),
        })
    }

    async fn left_by(&self, run: &RunId) -> Result<(Vec<Expected>, usize), ApplyError> {
        let stored = self.store.run(run).await?;
        let stored = stored.ok_or_else(|| ApplyError::NoSuchRun(run.clone()))?;
        let memory = self.store.memory().await?;
        let owned: HashMap<&Key, &Owned> = memory.owned.iter().map(|it| (&it.key, it)).collect();
        let left: Vec<Expected> = stored
            .changes
            .iter()
            .filter(|record| {
                let now = owned.get(&record.change.key());
                !now.is_some_and(|now| is_superseded(record, stored.plan.period(), now))
            })
            .map(Expected::by_plan)
            .collect();
        let superseded = stored.changes.len().saturating_sub(left.len());
        Ok((left, superseded))
    }

    async fn all_owned(&self) -> Result<Vec<Expected>, ApplyError> {
        let memory = self.store.memory().await?;
        Ok(memory.owned.into_iter().map(Expected::by_memory).collect())
    }
}

/// True when a later run proved something else of the subscription. What a run wrote is owned as it wrote it, until
/// another run owns it.
fn is_superseded(record: &ChangeRecord, period: Period, now: &Owned) -> bool {
    let written = record.written_id.or(record.change.licence_id);
    let otherwise = now.count != record.change.after || written.is_some_and(|id| id != now.licence);
    otherwise && (record.outcome.is_done() || now.period > period)
}

impl Expected {
    fn by_memory(owned: Owned) -> Self {
        Self {
            key: owned.key,
            client_name: String::new(),
            name: None,
            licence: Some(owned.licence),
            count: owned.count,
            may_be_gone: owned.count == 0,
        }
    }

    fn by_plan(record: &ChangeRecord) -> Self {
        Self {
            key: record.change.key(),
            client_name: record.change.client_name.clone(),
            name: Some(name_of_record(&record.change).to_owned()),
            licence: record.written_id.or(record.change.licence_id),
            count: record.change.after,
            may_be_gone: false,
        }
    }

    fn compare(&self, view: &View) -> Vec<Drift> {
        let drift = |field: &str, planned: String, found: String| Drift {
            key: self.key.clone(),
            client_name: self.client_name.clone(),
            licence_id: self.licence,
            field: field.to_owned(),
            planned,
            found,
        };
        let missing = |planned: String| {
            let found = match view.unreadable(self.key.client) {
                Some(detail) => format!("unreadable: {detail}"),
                None if self.may_be_gone => return Vec::new(),
                None => "gone".to_owned(),
            };
            vec![drift("record", planned, found)]
        };
        let record = match (self.licence, view.active(&self.key)) {
            (Some(id), _) => match view.record(id) {
                Some(record) => record,
                None => return missing(format!("subscription {id}")),
            },
            (None, [id]) => match view.record(*id) {
                Some(record) => record,
                None => return missing("one".to_owned()),
            },
            (None, []) => return missing("one".to_owned()),
            (None, several) => {
                return vec![drift("record", "one".to_owned(), several.len().to_string())];
            }
        };
        if self.may_be_gone && record.standing != Standing::Active {
            return Vec::new();
        }
        let fields = [
            (
                "state",
                Standing::Active.word().to_owned(),
                record.standing.word().to_owned(),
            ),
            (
                "client",
                self.key.client.to_string(),
                record.client.to_string(),
            ),
            (
                "name",
                self.name.clone().unwrap_or_else(|| record.name.clone()),
                record.name.clone(),
            ),
            ("count", self.count.to_string(), record.count.to_string()),
        ];
        fields
            .into_iter()
            .filter(|(_, planned, found)| planned != found)
            .map(|(field, planned, found)| drift(field, planned, found))
            .collect()
    }
}

/// In which ways one kept subscription is not as it was last proved.
fn drift_of(owned: &Owned, target: &TargetSnapshot) -> Vec<Drifted> {
    let client = target.client(owned.key.client);
    let drifted = |what, field: &str, planned: String, found: String| Drifted {
        what,
        drift: Drift {
            key: owned.key.clone(),
            client_name: client.map(|it| it.name.clone()).unwrap_or_default(),
            licence_id: Some(owned.licence),
            field: field.to_owned(),
            planned,
            found,
        },
        period: owned.period,
    };
    let Some(record) = target.subscription(owned.licence) else {
        let unreadable = target
            .unreadable()
            .iter()
            .find(|bad| bad.client.is_none_or(|of| of == owned.key.client));
        let (what, found) = match unreadable {
            Some(bad) => (
                DriftKind::Unreadable,
                format!("not found, but unreadable: {}", bad.detail),
            ),
            // Nothing is billed with it any more: a person may clear it away.
            None if owned.count == 0 => return Vec::new(),
            None => (DriftKind::Vanished, "gone".to_owned()),
        };
        let planned = format!("subscription {}", owned.licence);
        return vec![drifted(what, "record", planned, found)];
    };
    if owned.count == 0 && record.standing != Standing::Active {
        return Vec::new();
    }
    let mut all = Vec::new();
    let gone_off = match record.standing {
        Standing::Active => None,
        Standing::Deleted => Some(DriftKind::Deleted),
        Standing::Inactive | Standing::OtherKind => Some(DriftKind::Inactive),
    };
    if let Some(what) = gone_off {
        let planned = Standing::Active.word().to_owned();
        let found = record.standing.word().to_owned();
        all.push(drifted(what, "state", planned, found));
    }
    if record.client != owned.key.client {
        let planned = owned.key.client.to_string();
        let found = record.client.to_string();
        all.push(drifted(DriftKind::Moved, "client", planned, found));
    }
    if record.name != owned.key.name {
        let (planned, found) = (owned.key.name.clone(), record.name.clone());
        all.push(drifted(DriftKind::Renamed, "name", planned, found));
    }
    if record.count != owned.count {
        let (planned, found) = (owned.count.to_string(), record.count.to_string());
        all.push(drifted(DriftKind::Edited, "count", planned, found));
    }
    all
}
