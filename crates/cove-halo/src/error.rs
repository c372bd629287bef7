//! One error for whoever calls the service: a line, a hint, an exit code, and what was refused.

use crate::exit::ExitCode;
use crate::settings::SettingsError;
use api_core::ErrorKind;
use billing_sync::apply::ApplyError;
use billing_sync::plan::{Plan, Refusal};
use billing_sync::ports::{PortError, PortErrorKind};
use billing_sync::run::Drift;
use billing_sync::state::{StoreError, StoreErrorKind};
use std::error::Error as StdError;
use std::fmt;

/// How Cove's management API says that it refuses a login.
const COVE_LOGIN_REFUSED: &str = "2100";

/// The service could not do what was asked. Nothing was written, unless the message says otherwise.
#[derive(Debug)]
pub struct ServiceError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    message: String,
    hint: Option<String>,
    exit: ExitCode,
    drift: Vec<Drift>,
    plan: Option<Plan>,
    wrapped: Option<Box<dyn StdError + Send + Sync>>,
}

impl ServiceError {
    pub(crate) fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            message: message.into(),
            hint: None,
            exit,
            drift: Vec::new(),
            plan: None,
            wrapped: None,
        }))
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn with_optional_hint(mut self, hint: Option<&str>) -> Self {
        self.0.hint = hint.map(str::to_owned);
        self
    }

    #[must_use]
    pub(crate) fn with_drift(mut self, drift: Vec<Drift>) -> Self {
        self.0.drift = drift;
        self
    }

    #[must_use]
    pub(crate) fn with_plan(mut self, plan: Plan) -> Self {
        self.0.plan = Some(plan);
        self
    }

    #[must_use]
    pub(crate) fn wrapping(mut self, error: impl StdError + Send + Sync + 'static) -> Self {
        self.0.wrapped = Some(Box::new(error));
        self
    }

    /// What went wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// How a program should end.
    pub fn exit_code(&self) -> ExitCode {
        self.0.exit
    }

    /// True when a service refused the address or the login. Either may be mended on its side or in a file, so trying again
    /// can help, with clients that are made anew.
    pub(crate) fn is_refused_access(&self) -> bool {
        self.of_client()
            .is_some_and(|error| matches!(error.kind(), ErrorKind::Config | ErrorKind::Auth))
    }

    /// True when trying again unattended would do harm: failed logins lock Cove's API user.
    pub(crate) fn is_locking_login(&self) -> bool {
        self.of_client()
            .is_some_and(|error| error.code() == Some(COVE_LOGIN_REFUSED))
    }

    /// The error of a client that is behind this one.
    fn of_client(&self) -> Option<&api_core::Error> {
        let wrapped = self.0.wrapped.as_deref()?;
        wrapped.source()?.downcast_ref::<api_core::Error>()
    }

    /// The records that moved since the plan was made; empty unless that is the reason.
    pub fn drift(&self) -> &[Drift] {
        &self.0.drift
    }

    /// The plan that was refused, to be shown.
    pub fn plan(&self) -> Option<&Plan> {
        self.0.plan.as_ref()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for ServiceError {
    // The message is the wrapped error's own line, so its cause comes next, not the same line again.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.wrapped.as_deref().and_then(StdError::source)
    }
}

impl From<SettingsError> for ServiceError {
    fn from(error: SettingsError) -> Self {
        Self::new(ExitCode::Usage, error.message())
            .with_optional_hint(error.hint())
            .wrapping(error)
    }
}

impl From<api_core::Error> for ServiceError {
    fn from(error: api_core::Error) -> Self {
        crate::port_error(error).into()
    }
}

impl From<PortError> for ServiceError {
    fn from(error: PortError) -> Self {
        let exit = match error.kind() {
            PortErrorKind::Settings => ExitCode::Usage,
            _ => ExitCode::Failure,
        };
        Self::new(exit, error.to_string())
            .with_optional_hint(error.hint())
            .wrapping(error)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        let exit = match error.kind() {
            StoreErrorKind::Locked => ExitCode::Locked,
            StoreErrorKind::Misuse => ExitCode::Usage,
            _ => ExitCode::Failure,
        };
        Self::new(exit, error.to_string())
            .with_optional_hint(error.hint())
            .wrapping(error)
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let (exit, hint) = match &refusal {
            Refusal::NotFinal { .. } => (
                ExitCode::NotFinal,
                "wait until the invoice is closed and approved, or override the guard `finality` with a reason"
                    .to_owned(),
            ),
            Refusal::Guards { guards } => (
                ExitCode::Guard,
                match guards.first() {
                    Some(guard) => format!(
                        "look at the plan; to go on anyway give a reason: --override {}=REASON",
                        guard.guard
                    ),
                    None => "look at the plan".to_owned(),
                },
            ),
            Refusal::NoReason { guard } => (
                ExitCode::Usage,
                format!("write it as --override {guard}=REASON; the reason enters the journal"),
            ),
            // `Unbalanced`, and whatever may be added: a plan that is not approved is not applied.
            _ => (
                ExitCode::Failure,
                "this is a defect of the program: keep the plan and report it".to_owned(),
            ),
        };
        Self::new(exit, refusal.to_string())
            .with_hint(hint)
            .wrapping(refusal)
    }
}

impl From<ApplyError> for ServiceError {
    fn from(error: ApplyError) -> Self {
        let hint = error.hint().map(str::to_owned);
        let (exit, drift) = match error {
            ApplyError::Port(error) => return error.into(),
            ApplyError::Store(error) => return error.into(),
            ApplyError::Refused(refusal) => return refusal.into(),
            ApplyError::Drift(ref drift) => (ExitCode::Drift, drift.clone()),
            ApplyError::Unfinished(_) => (ExitCode::Unknown, Vec::new()),
            ApplyError::Malformed(_) | ApplyError::NoSuchRun(_) => (ExitCode::Usage, Vec::new()),
            // Another plan is wanted, whatever moved.
            ApplyError::Outdated(_) | ApplyError::LeftUnsent { .. } => {
                (ExitCode::Drift, Vec::new())
            }
            _ => (ExitCode::Failure, Vec::new()),
        };
        Self::new(exit, error.to_string())
            .with_optional_hint(hint.as_deref())
            .with_drift(drift)
            .wrapping(error)
    }
}
