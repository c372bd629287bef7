//! Attesting: what the billing system holds now against what a run, or all runs, left there. Never writes.

use super::view::{View, name_of_record};
use super::{Apply, ApplyError};
use crate::ids::{ClientId, Key, LicenceId, RunId};
use crate::memory::Owned;
use crate::run::{ChangeRecord, Drift};
use crate::target::Standing;
use std::collections::BTreeSet;

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
}

/// What should be there.
struct Expected {
    key: Key,
    client_name: String,
    /// The record's name; `None` for an owned record, which is known by its id and may be renamed.
    name: Option<String>,
    licence: Option<LicenceId>,
    count: i64,
}

impl Apply<'_> {
    /// Reads the target and compares it with what that run planned, or, without a run, with the count last proved of every
    /// owned subscription. The latter shows what was edited by hand since.
    ///
    /// # Errors
    /// When there is no such run, or the target or the state store cannot be read.
    pub async fn verify(&self, run: Option<&RunId>) -> Result<VerifyReport, ApplyError> {
        let expected = match run {
            Some(run) => self.left_by(run).await?,
            None => self.all_owned().await?,
        };
        let clients: BTreeSet<ClientId> = expected.iter().map(|it| it.key.client).collect();
        let view = self.read(clients).await?;
        let found: Vec<Vec<Drift>> = expected.iter().map(|it| it.compare(&view)).collect();
        Ok(VerifyReport {
            run_id: run.cloned(),
            checked: expected.len(),
            agreeing: found.iter().filter(|drift| drift.is_empty()).count(),
            differences: found.into_iter().flatten().collect(),
        })
    }

    async fn left_by(&self, run: &RunId) -> Result<Vec<Expected>, ApplyError> {
        let stored = self.store.run(run).await?;
        let stored = stored.ok_or_else(|| ApplyError::NoSuchRun(run.clone()))?;
        Ok(stored.changes.iter().map(Expected::by_plan).collect())
    }

    async fn all_owned(&self) -> Result<Vec<Expected>, ApplyError> {
        let memory = self.store.memory().await?;
        Ok(memory.owned.into_iter().map(Expected::by_memory).collect())
    }
}

impl Expected {
    fn by_memory(owned: Owned) -> Self {
        Self {
            key: owned.key,
            client_name: String::new(),
            name: None,
            licence: Some(owned.licence),
            count: owned.count,
        }
    }

    fn by_plan(record: &ChangeRecord) -> Self {
        Self {
            key: record.change.key(),
            client_name: record.change.client_name.clone(),
            name: Some(name_of_record(&record.change).to_owned()),
            licence: record.written_id.or(record.change.licence_id),
            count: record.change.after,
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
