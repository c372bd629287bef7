//! `drift`: what people did in HaloPSA to the subscriptions that are kept. Reads only.

use super::{EngineClock, Service};
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::outcome::RequestCounts;
use billing_sync::apply::Drifted;
use serde_json::{Value, json};

/// Version of the drift document.
const DRIFT_SCHEMA: u32 = 1;

/// What others did since.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftOutcome {
    /// Subscriptions that are kept.
    pub checked: usize,
    /// Of these, as they were last proved.
    pub agreeing: usize,
    /// What is not, by (client, name).
    pub drifted: Vec<Drifted>,
    /// What reading took.
    pub requests: RequestCounts,
}

impl DriftOutcome {
    /// The document: `{"schema", "checked", "agreeing", "drifted", "differences", "requests"}`. `drifted` counts
    /// subscriptions, `differences` lists every field.
    pub fn to_json(&self) -> Value {
        let Self {
            checked,
            agreeing,
            drifted,
            requests,
        } = self;
        json!({
            "schema": DRIFT_SCHEMA,
            "checked": checked,
            "agreeing": agreeing,
            "drifted": checked.saturating_sub(*agreeing),
            "differences": drifted,
            "requests": requests,
        })
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        if self.drifted.is_empty() {
            ExitCode::Done
        } else {
            ExitCode::Drift
        }
    }
}

impl Service {
    /// Compares every subscription that is kept with the count last proved, and says what others did to it. Never writes.
    ///
    /// # Errors
    /// When nothing was ever written, or the state or the target cannot be read to its end.
    pub async fn drift(&self) -> Result<DriftOutcome, ServiceError> {
        let before = self.requests();
        let Some(store) = self.state_to_compare().await? else {
            return Err(self
                .no_state_file("nothing is kept that could drift")
                .with_hint("`sync` or `apply` makes it; name another one with --state FILE"));
        };
        let clock = EngineClock(&*self.inner.clock);
        let report = Box::pin(self.applier(&*store, &clock).drift()).await?;
        Ok(DriftOutcome {
            checked: report.checked,
            agreeing: report.agreeing,
            drifted: report.drifted,
            requests: self.requests().since(before),
        })
    }
}
