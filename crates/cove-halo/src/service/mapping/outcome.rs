//! What became of a mapping plan that was applied.

use crate::exit::ExitCode;
use crate::map::{MapChange, MapPlan};
use crate::outcome::RequestCounts;
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
