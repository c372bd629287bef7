//! What the journal says of runs, and whether they are stored as it says.

use super::journal::{Ended, RUN_BEGUN, RUN_ENDED, Stored, contradicted};
use super::{StoreError, StoredRun};
use crate::ids::{LicenceId, PlanId, RunId};
use crate::period::Period;
use crate::run::{ChangeRecord, Outcome, RunStatus};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

/// All runs, as the journal tells them.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// In the order in which they began.
    began: Vec<String>,
    by_id: HashMap<String, Run>,
}

#[derive(Debug)]
struct Run {
    began: Began,
    began_at: String,
    status: RunStatus,
    ended_at: Option<String>,
    /// The last row of each change, by its position.
    changes: HashMap<usize, Told>,
}

#[derive(Debug, Deserialize)]
struct Began {
    plan_id: PlanId,
    period: Period,
    approved_by: String,
    overrides: BTreeMap<String, String>,
    changes: usize,
}

#[derive(Debug, Deserialize)]
struct Told {
    position: usize,
    #[serde(skip)]
    outcome: String,
    written_id: Option<LicenceId>,
    note: String,
}

impl Runs {
    /// Takes a row that is about a run.
    pub(super) fn row(&mut self, row: &Stored) -> serde_json::Result<()> {
        if row.event == RUN_BEGUN {
            let run = Run {
                began: serde_json::from_str(&row.body)?,
                began_at: row.at.clone(),
                status: RunStatus::Running,
                ended_at: None,
                changes: HashMap::new(),
            };
            self.began.push(row.run.clone());
            self.by_id.insert(row.run.clone(), run);
            return Ok(());
        }
        // Of a run that never began nothing can be stored either.
        let Some(run) = self.by_id.get_mut(&row.run) else {
            return Ok(());
        };
        if row.event == RUN_ENDED {
            let Ended { status } = serde_json::from_str(&row.body)?;
            run.status = status;
            run.ended_at = Some(row.at.clone());
        } else {
            let mut told: Told = serde_json::from_str(&row.body)?;
            told.outcome.clone_from(&row.event);
            run.changes.insert(told.position, told);
        }
        Ok(())
    }

    /// Every run that began must be stored, and no other, in the order in which they began.
    pub(super) fn listed(&self, stored: &[RunId]) -> Result<(), StoreError> {
        let is_stored = |run: &&String| stored.iter().any(|id| id.as_str() == run.as_str());
        if let Some(gone) = self.began.iter().find(|run| !is_stored(run)) {
            return Err(contradicted(format!(
                "run {gone} is not stored, but the journal says that it began"
            )));
        }
        if let Some(odd) = stored
            .iter()
            .find(|id| !self.by_id.contains_key(id.as_str()))
        {
            return Err(contradicted(format!(
                "run {odd} is stored, but the journal says nothing of it"
            )));
        }
        if stored.iter().map(RunId::as_str).ne(&self.began) {
            return Err(contradicted(
                "the runs are not stored in the order in which the journal says that they began"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// What is stored of a run must be what the journal says last.
    pub(super) fn stored(&self, stored: &StoredRun) -> Result<(), StoreError> {
        let summary = &stored.summary;
        let run = &summary.run_id;
        let Some(told) = self.by_id.get(run.as_str()) else {
            return Err(contradicted(format!(
                "run {run} is stored, but the journal says nothing of it"
            )));
        };
        let of_run = |what: &str| format!("{what} of run {run}");
        let began = &told.began;
        same(
            &format!("run {run}"),
            summary.status.word(),
            told.status.word(),
        )?;
        same(&of_run("the plan"), &summary.plan_id, &began.plan_id)?;
        same(&of_run("the period"), summary.period, began.period)?;
        same(&of_run("the start"), &summary.started_at, &told.began_at)?;
        same(
            &of_run("the end"),
            or_none(summary.finished_at.as_ref()),
            or_none(told.ended_at.as_ref()),
        )?;
        same(
            &of_run("who approved the plan"),
            &summary.approved_by,
            &began.approved_by,
        )?;
        same(
            &of_run("what was overridden"),
            listed(&stored.overrides),
            listed(&began.overrides),
        )?;
        same(
            &of_run("the number of changes"),
            stored.changes.len(),
            began.changes,
        )?;
        let planned = ChangeRecord::all_of(&stored.plan);
        for (change, planned) in stored.changes.iter().zip(planned) {
            if change.position != planned.position {
                return Err(contradicted(format!(
                    "change {} of run {run} is not stored",
                    planned.position
                )));
            }
            told.change(run, change)?;
        }
        Ok(())
    }
}

impl Run {
    fn change(&self, run: &RunId, stored: &ChangeRecord) -> Result<(), StoreError> {
        let it = format!("change {} of run {run}", stored.position);
        let told = self.changes.get(&stored.position);
        let outcome = told.map_or(Outcome::Planned.word(), |told| &told.outcome);
        same(&it, stored.outcome.word(), outcome)?;
        same(
            &format!("the record of {it}"),
            or_none(stored.written_id.as_ref()),
            or_none(told.and_then(|told| told.written_id.as_ref())),
        )?;
        let note = told.map_or("", |told| &told.note);
        same(
            &format!("the note of {it}"),
            quoted(&stored.note),
            quoted(note),
        )
    }
}

/// Compares as it is shown: everything here is an id, a word, a number or a text.
fn same(what: &str, stored: impl Display, told: impl Display) -> Result<(), StoreError> {
    let (stored, told) = (stored.to_string(), told.to_string());
    if stored == told {
        return Ok(());
    }
    Err(contradicted(format!(
        "{what} is stored as {stored}, but the journal says {told}"
    )))
}

fn or_none(value: Option<&impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

fn listed(overrides: &BTreeMap<String, String>) -> String {
    let each = overrides.iter();
    let each = each.map(|(guard, reason)| format!("{guard} (`{reason}`)"));
    let all = each.collect::<Vec<_>>().join(", ");
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all
    }
}
