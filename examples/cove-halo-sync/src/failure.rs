//! What ended a verb early: one line, what to do about it, and the exit code that scripts see.

use billing_sync::plan::Plan;
use billing_sync::run::Drift;
use cove_halo::report::RenderError;
use cove_halo::{ExitCode, ServiceError, SettingsError};

/// Why a verb ended without its result.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: ExitCode,
    drift: Vec<Drift>,
    plan: Option<Box<Plan>>,
}

impl Failure {
    /// A failure that no other code describes.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code: ExitCode::Failure,
            drift: Vec::new(),
            plan: None,
        }
    }

    /// Wrong usage or wrong settings.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message).with_code(ExitCode::Usage)
    }

    /// Sets the exit code.
    pub(crate) fn with_code(mut self, code: ExitCode) -> Self {
        self.code = code;
        self
    }

    /// Adds what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong, in one line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        self.code
    }

    /// Records that moved since the plan was made.
    pub(crate) fn drift(&self) -> &[Drift] {
        &self.drift
    }

    /// The plan that was refused, so that it can be shown.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.as_deref()
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let failure = Self::usage(error.to_string());
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        // A line without a hint would leave its reader alone.
        let hint = error.hint().unwrap_or(match error.exit_code() {
            ExitCode::Usage => "`cove-halo-sync doctor` checks the settings, `--help` the usage",
            ExitCode::Drift => "make a new plan: it starts from what is there now",
            ExitCode::Unknown => "run `cove-halo-sync resume`",
            ExitCode::Locked => "wait for the other run to end",
            _ => "`cove-halo-sync doctor` checks what is reachable; -v shows every step",
        });
        Self {
            message: error.to_string(),
            hint: Some(hint.to_owned()),
            code: error.exit_code(),
            drift: error.drift().to_vec(),
            plan: error.plan().cloned().map(Box::new),
        }
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::new(error.to_string())
            .with_hint("take another form of the report, or JSON, which has all of it")
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        Self::new(format!("cannot write the rows as csv: {error}"))
    }
}
